//! The page of a document as a browser meets it: what is reckoned while it is written, what it says when it is held, what
//! goes on paper.

use model::{Input, Value};
use serde_json::Value as Json;
use tests::served::{Answer, House};
use tests::{World, databases};

const BOSS: &str = "何振邦";
const WANG: &str = "王海燕";
const ZHAO: &str = "赵敏";
const CLERK: &str = "周会计";

/// 金泰格 may owe 1,000.00 for 30 days; there are two ball valves and a radiator.
struct Shop {
    house: House,
    customer: i64,
}

impl Shop {
    fn new() -> Shop {
        let people = &[(BOSS, "owner"), (WANG, "salesperson"), (ZHAO, "salesperson"), (CLERK, "finance")];
        let house = House::new(people);
        let customer = house.id("北京金泰格");
        house.change(move |desk| {
            let goods = [("铜球阀", "DN20", "25"), ("铜球阀", "DN25", "34"), ("散热器", "600", "46")];
            for (name, spec, price) in goods {
                let input = [("name", name), ("spec", spec), ("price", price), ("unit", "个")];
                desk.create("product", &input.into())?;
            }
            let credit =
                Input::from([("credit_limit", "1000"), ("credit_days", "30"), ("reason", "合作良好")]);
            desk.run("customer", customer, "set_credit", &credit)
        });
        Shop { house, customer }
    }

    fn product(&self, number: &str) -> i64 {
        let query = model::Query { q: number.into(), ..Default::default() };
        self.house.system(|desk| desk.ids("product", &query, 0, 2))[0]
    }

    /// A form with lines of goods and quantity, as the browser sends it.
    fn form(&self, lines: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut form = vec![("customer".to_owned(), format!("#{}", self.customer))];
        for (n, (number, quantity)) in lines.iter().enumerate() {
            form.push((format!("sale_line.{n}.product"), format!("#{}", self.product(number))));
            form.push((format!("sale_line.{n}.quantity"), (*quantity).to_owned()));
        }
        form
    }

    fn post(&self, who: &str, path: &str, form: &[(String, String)]) -> Answer {
        let form: Vec<(&str, &str)> = form.iter().map(|it| (&*it.0, &*it.1)).collect();
        self.house.post(who, path, &form)
    }

    fn reckon(&self, who: &str, form: &[(String, String)]) -> Json {
        let answer = self.post(who, "/sale/reckon", form);
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.bytes).unwrap()
    }

    /// Saves a new sale and runs a verb on it; where that leads.
    fn run(&self, who: &str, verb: &str, lines: &[(&str, &str)]) -> String {
        let mut form = self.form(lines);
        form.push(("_then".into(), format!("verb:{verb}")));
        let answer = self.post(who, "/sale", &form);
        assert!(answer.status < 400, "{}", answer.text());
        answer.header("hx-redirect").to_owned()
    }

    fn value(&self, sale: &str, field: &'static str) -> Value {
        let id: i64 = sale.rsplit('/').next().unwrap().parse().unwrap();
        self.house.system(move |desk| Ok(desk.get("sale", id)?.value(field).cloned().unwrap_or(Value::Null)))
    }

    fn count(&self, entity: &'static str) -> i64 {
        self.house.system(|desk| desk.count(entity, &model::Query::default()))
    }
}

#[test]
fn what_a_document_comes_to_is_reckoned_by_the_server_and_nothing_of_it_is_kept() {
    let shop = Shop::new();

    let answer = shop.reckon(WANG, &shop.form(&[("SP-00001", "3"), ("SP-00002", "2")]));

    assert_eq!(answer["lines"][0]["shown"]["amount"], "75.00");
    assert_eq!(answer["lines"][0]["filled"]["price"][1], "25.00");
    assert_eq!(answer["lines"][0]["about"], "SP-00001　DN20");
    assert_eq!(answer["lines"][1]["shown"]["amount"], "68.00");
    let foot = answer["foot"].as_str().unwrap();
    assert!(foot.contains("143.00") && foot.contains("壹佰肆拾叁元整"), "{foot}");
    let panel = answer["panel"].as_str().unwrap();
    for figure in ["1,000.00", "143.00", "857.00", "可放账", "已用 0.0%", "本单 14.3%"] {
        assert!(panel.contains(figure), "{figure}: {panel}");
    }
    assert_eq!((shop.count("sale"), shop.count("sale_line")), (0, 0));
}

#[test]
fn the_stock_of_a_line_leads_to_its_movements_for_who_may_read_them() {
    let shop = Shop::new();
    let form = shop.form(&[("SP-00002", "3")]);
    let to = format!("/stock_entry?view=all&product={}&sort=-date", shop.product("SP-00002"));

    let reckoned = shop.reckon(WANG, &form);
    let saved = shop.run(WANG, "check", &[("SP-00002", "3")]);
    let draft = shop.post(WANG, "/sale", &form).header("hx-redirect").to_owned();
    let page = shop.house.get(WANG, &draft).text();
    shop.house.change(|desk| {
        let tx = desk.trusted();
        let mut role: model::system::Role = tx.first(&[("code", "salesperson".into())])?.expect("her role");
        let mut rights: Json = serde_json::from_str(&role.rights).unwrap();
        rights["grants"].as_object_mut().unwrap().remove("stock_entry").expect("she may");
        role.rights = rights.to_string();
        tx.save(&mut role).map(drop)
    });
    let blind = shop.reckon(WANG, &form);

    assert_eq!(reckoned["lines"][0]["behind"]["stock"], to);
    assert!(!saved.is_empty() && page.contains(&to.replace('&', "&amp;")), "{page}");
    assert_eq!(shop.house.get(WANG, &to).status, 404);
    assert!(blind["lines"][0]["behind"].as_object().unwrap().is_empty(), "{blind}");
    assert!(blind["lines"][0]["shown"]["stock"].is_string());
}

#[test]
fn what_is_wrong_is_said_at_its_cell_and_what_is_only_missing_is_not() {
    let shop = Shop::new();
    let mut form = shop.form(&[("SP-00001", "-3"), ("SP-00002", "zwei"), ("SP-00003", "1")]);
    form.push(("sale_line.2.discount".into(), "1.5".into()));
    form.push(("sale_line.3.remark".into(), "没有商品".into()));

    let answer = shop.reckon(WANG, &form);

    let faults = answer["faults"].as_object().unwrap();
    let places: Vec<_> = faults.keys().collect();
    assert_eq!(
        places,
        ["sale_line.0.quantity", "sale_line.1.quantity", "sale_line.2.discount"],
        "{faults:?}"
    );
    assert!(answer["says"].as_str().unwrap().contains("数量"), "{}", answer["says"]);
    assert_eq!(answer["lines"].as_array().unwrap().len(), 4);
    // Saved, the negative quantity is refused where it stands.
    let saved = shop.post(WANG, "/sale", &shop.form(&[("SP-00001", "-3")]));
    assert_eq!(saved.status, 422);
    assert!(saved.text().contains("应大于零"), "{}", saved.text());
}

#[test]
fn the_price_history_is_that_of_this_customer_and_of_the_line_at_work() {
    let shop = Shop::new();
    let mut form = shop.form(&[("SP-00001", "2")]);
    form.push(("sale_line.0.price".into(), "23.5".into()));
    form.push(("_then".into(), "verb:post".into()));
    shop.post(WANG, "/sale", &form);
    let mut form = shop.form(&[("SP-00001", "1"), ("SP-00003", "1")]);

    form.push(("_at".into(), "0".into()));
    let bought = shop.reckon(WANG, &form)["more"].to_string();
    form.pop();
    form.push(("_at".into(), "1".into()));
    let never = shop.reckon(WANG, &form)["more"].to_string();

    assert!(
        bought.contains("23.50")
            && bought.contains("XS-")
            && bought.contains("<dt>按规则</dt><dd class=\\\"\\\">25.00"),
        "{bought}"
    );
    assert!(never.contains("还没买过") && never.contains("<dt>标价</dt><dd class=\\\"\\\">46.00"), "{never}");
}

#[test]
fn who_may_not_see_the_credit_of_customers_sees_none_of_it_beside_a_sale() {
    let shop = Shop::new();
    shop.house.change(|desk| {
        let roles = desk.catalog().roles.values();
        let mut role = roles.map(|it| it.0.clone()).find(|it| it.code == "salesperson").unwrap();
        role.rights = role.rights.replace("\"credit\":\"read\"", "\"credit\":\"hide\"");
        desk.trusted().save(&mut role).map(drop)
    });

    let answer = shop.reckon(WANG, &shop.form(&[("SP-00001", "300")])).to_string();
    let held = shop.run(WANG, "check", &[("SP-00001", "300")]);
    let page = shop.house.get(WANG, &held).text();

    assert!(answer.contains("7,500.00"), "{answer}");
    for text in [answer, page] {
        for secret in ["客户信用", "1,000.00", "6,500.00"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn a_customer_out_of_reach_is_told_nothing_of() {
    let shop = Shop::new();

    let answer = shop.reckon(ZHAO, &shop.form(&[("SP-00001", "3")]));
    assert_eq!(answer["faults"]["customer"], "没有找到这条记录");
    assert!(!answer["panel"].to_string().contains("1,000.00"), "{}", answer["panel"]);

    let sale = shop.run(WANG, "check", &[("SP-00001", "3")]);
    let again = [("again", format!("#{}", shop.customer))].map(|it| (it.0.to_owned(), it.1));
    let lines = shop.post(ZHAO, "/sale/lines", &again).text();
    assert!(lines.contains("\"rows\":[]"), "{lines}");
    let id = sale.rsplit('/').next().unwrap();
    assert_eq!(shop.house.get(ZHAO, &format!("/sale/new?copy={id}")).status, 404);
    assert_eq!(shop.house.get(ZHAO, &format!("{sale}/print")).status, 404);
    assert_eq!(shop.post(ZHAO, "/sale/reckon", &[("_id".into(), id.to_owned())]).status, 404);
}

#[test]
fn a_document_is_saved_and_checked_with_one_button() {
    let shop = Shop::new();

    let sale = shop.run(WANG, "check", &[("SP-00001", "3")]);

    assert_eq!(shop.value(&sale, "status"), Value::Text("checked".into()));
    assert_eq!(shop.value(&sale, "amount"), Value::Int(7_500));
    let card = shop.house.get(WANG, &sale).text();
    for text in ["铜球阀", "柒拾伍元整", "过账", "撤回审核", "复制单据"] {
        assert!(card.contains(text), "{text}");
    }
}

#[test]
fn a_held_document_says_why_over_it_with_the_ways_on_that_the_reader_has() {
    let shop = Shop::new();

    let sale = shop.run(WANG, "check", &[("SP-00001", "300")]);

    assert_eq!(shop.value(&sale, "status"), Value::Text("held".into()));
    let mine = shop.house.get(WANG, &sale).text();
    for text in ["单据已暂扣：超过放账额度", "7,500.00", "6,500.00", "aria-describedby=\"doc-notice\""]
    {
        assert!(mine.contains(text), "{text}: {mine}");
    }
    assert!(!mine.contains("/release_credit") && !mine.contains("/receipt/new"), "{mine}");
    let boss = shop.house.get(BOSS, &sale).text();
    for way in ["/release_credit", "/receipt/new?customer=", "/grant_temporary"] {
        assert!(boss.contains(way), "{way}");
    }
    // Pressed on the card, in a dialog, it leads to the same page.
    let again = shop.house.post(WANG, &format!("{sale}/post"), &[]);
    assert_eq!((again.status, again.header("hx-redirect")), (200, &*sale));
    let released = shop.house.post(BOSS, &format!("{sale}/release_credit"), &[("reason", "老客户")]);
    assert_eq!(released.header("hx-redirect"), sale);
    assert_eq!(shop.value(&sale, "status"), Value::Text("checked".into()));
}

#[test]
fn a_verb_that_is_refused_leaves_the_document_saved_and_says_so() {
    let shop = Shop::new();
    let mut form = shop.form(&[]);
    form.push(("_then".into(), "verb:check".into()));

    let answer = shop.post(WANG, "/sale", &form);

    assert_eq!(answer.status, 409);
    let text = answer.text();
    assert!(text.contains("已保存，但没有审核：单据没有明细"), "{text}");
    assert!(text.contains("action=\"/sale/"), "{text}");
    assert_eq!(shop.count("sale"), 1);
}

#[test]
fn what_was_done_with_a_document_is_taken_back_by_its_verbs_and_not_undone() {
    let shop = Shop::new();
    let sale = shop.run(WANG, "check", &[("SP-00001", "3")]);
    let id: i64 = sale.rsplit('/').next().unwrap().parse().unwrap();
    let event = shop.house.system(move |desk| Ok(desk.history("sale", id)?[0].id));

    let undone = shop.house.post(BOSS, &format!("/undo/{event}"), &[]);

    assert_eq!(undone.status, 409);
    assert_eq!(shop.value(&sale, "status"), Value::Text("checked".into()));
}

#[test]
fn lines_come_from_a_spreadsheet_from_text_and_from_the_last_document() {
    let shop = Shop::new();
    let lines = |text: &str| -> Json {
        let answer = shop.house.post(WANG, "/sale/lines", &[("text", text)]);
        serde_json::from_slice(&answer.bytes).unwrap()
    };
    let goods = |row: &Json| {
        [&row["product"][1], &row["quantity"][0], &row["price"][0]]
            .map(|it| it.as_str().unwrap_or("").to_owned())
    };

    // Text: words and an amount; a name that fits two is left for a person to choose.
    let text = lines("DN20球阀 30个\n散热器　5\n铜球阀 2\n没有的 1");
    let rows = text["rows"].as_array().unwrap();
    assert_eq!(goods(&rows[0]), ["铜球阀", "30", ""]);
    assert_eq!(goods(&rows[1]), ["散热器", "5", ""]);
    assert_eq!(rows[2]["product"], serde_json::json!(["", "铜球阀"]));
    assert_eq!(text["says"], "没有认出，或不止一种：铜球阀、没有的");
    // Cells with heads, in their order; and without.
    let headed = lines("数量\t商品编码\t单价\n7\tSP-00002\t33.5\n");
    assert_eq!(goods(&headed["rows"][0]), ["铜球阀", "7", "33.5"]);
    let plain = lines("SP-00003\t4\t45\nSP-00001\t1,200\t24");
    assert_eq!(goods(&plain["rows"][0]), ["散热器", "4", "45"]);
    assert_eq!(goods(&plain["rows"][1]), ["铜球阀", "1,200", "24"]);

    shop.run(WANG, "check", &[("SP-00003", "6")]);
    let answer = shop.house.post(WANG, "/sale/lines", &[("again", &format!("#{}", shop.customer))]);
    let last: Json = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!(goods(&last["rows"][0]), ["散热器", "6", "46.00"]);
}

#[test]
fn a_copy_has_the_lines_and_neither_number_nor_state() {
    let shop = Shop::new();
    let sale = shop.run(WANG, "post", &[("SP-00001", "3"), ("SP-00003", "1")]);
    let id = sale.rsplit('/').next().unwrap();

    let page = shop.house.get(WANG, &format!("/sale/new?copy={id}")).text();

    for text in ["北京金泰格", "铜球阀", "散热器", "121.00", "action=\"/sale\"", "13%"] {
        assert!(page.contains(text), "{text}");
    }
    let number = shop.value(&sale, "number").text().to_owned();
    assert!(!number.is_empty() && !page.contains(&format!("ky-nowrap\">{number}")));
}

#[test]
fn choosing_an_order_brings_its_open_lines_and_its_customer() {
    let shop = Shop::new();
    let customer = shop.customer;
    shop.house.change(move |desk| {
        let mut input = Input::from([("customer", format!("#{customer}"))]);
        let line = Input::from([("product", "SP-00003"), ("quantity", "6"), ("discount", "10%")]);
        input.rows.insert("lines".into(), vec![line]);
        let order = desk.create("sale_order", &input)?;
        desk.run("sale_order", order, "check", &Input::default())
    });

    let brought = shop.post(
        WANG,
        "/sale/lines",
        &[("_bring", "1"), ("order", "#1")].map(|it| (it.0.into(), it.1.into())),
    );
    let page = shop.house.get(WANG, "/sale/new?order=1").text();
    let foreign = shop.post(
        ZHAO,
        "/sale/lines",
        &[("_bring", "1"), ("order", "#1")].map(|it| (it.0.into(), it.1.into())),
    );

    let brought: Json = serde_json::from_slice(&brought.bytes).unwrap();
    let row = &brought["rows"][0];
    assert_eq!(
        [&row["product"][1], &row["quantity"][0], &row["price"][0], &row["discount"][0]],
        ["散热器", "6", "46.00", "10%"]
    );
    assert_eq!(brought["head"]["customer"][0], format!("#{customer}"));
    for text in ["北京金泰格", "value=\"散热器\"", "value=\"46.00\"", "value=\"10%\"", "248.40"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(foreign.text().contains("\"rows\":[]"), "{}", foreign.text());
}

#[test]
fn a_final_document_shows_what_came_of_it() {
    let shop = Shop::new();
    let sale = shop.run(BOSS, "post", &[("SP-00001", "3")]);

    let card = shop.house.get(BOSS, &sale).text();

    for text in ["应收明细", "库存流水", "销售账", "柒拾伍元整", "标价：没有适用的价格表"]
    {
        assert!(card.contains(text), "{text}");
    }
    assert_eq!(shop.house.get(BOSS, &format!("{sale}/edit")).status, 409);
    assert_eq!(shop.post(BOSS, &sale, &shop.form(&[("SP-00001", "9")])).status, 409);
}

#[test]
fn a_document_is_printed_on_a4_and_on_three_part_paper_with_a_fixed_number_of_lines() {
    let shop = Shop::new();
    let lines: Vec<_> = (0..10).map(|_| ("SP-00001", "1")).collect();
    let sale = shop.run(WANG, "check", &lines);

    let paper = |code: &str| shop.house.get(WANG, &format!("{sale}/print?paper={code}")).text();
    let (a4, whole, two_thirds) = (paper("a4"), paper("140"), paper("93"));

    let sheets = |page: &str| page.matches("<article").count();
    assert_eq!([sheets(&a4), sheets(&whole), sheets(&two_thirds)], [1, 2, 3]);
    for page in [&a4, &whole, &two_thirds] {
        // The total and the amount in capitals stand on the last sheet alone.
        assert_eq!(page.matches("贰佰伍拾元整").count(), 1);
        assert!(page.contains("收货签字") && page.contains("北京金泰格"));
    }
    // Three sheets of four lines each, filled or not.
    assert_eq!(two_thirds.matches("<tr>").count(), 3 + 12 + 1);
}

#[test]
fn what_saving_finds_wrong_in_a_line_is_said_and_marked_and_nothing_typed_is_lost() {
    let shop = Shop::new();
    let mut form = shop.form(&[("SP-00001", "3"), ("SP-00002", "")]);
    form.push(("sale_line.1.remark".into(), "急用".into()));

    let answer = shop.post(WANG, "/sale", &form);

    assert_eq!(answer.status, 422);
    let text = answer.text();
    for part in ["销售明细 2 数量：应大于零", "data-fault", "急用", "SP-00001"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(shop.count("sale"), 0);
}

#[test]
fn who_saves_a_document_that_another_changed_is_shown_the_difference() {
    let shop = Shop::new();
    let saved = shop.post(WANG, "/sale", &shop.form(&[("SP-00001", "3")]));
    let sale = saved.header("hx-redirect").to_owned();
    let mut mine = shop.form(&[("SP-00001", "5")]);
    mine.push(("_version".into(), "1".into()));
    mine.push(("remark".into(), "我的".into()));
    let theirs = [("_version".to_owned(), "1".to_owned()), ("remark".to_owned(), "对方的".to_owned())];
    shop.post(BOSS, &sale, &theirs);

    let answer = shop.post(WANG, &sale, &mine);

    assert_eq!(answer.status, 412);
    let text = answer.text();
    for part in ["何振邦", "对方的", "用我的", "data-document"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(shop.value(&sale, "amount"), Value::Int(7_500));
}

#[test]
fn trying_a_document_out_comes_to_what_saving_it_does() {
    databases(|db| {
        let world = World::new(db);
        let customer = world.customer(WANG, "北京金泰格散热器有限公司");
        let valve = Input::from([("name", "铜球阀"), ("price", "19.99"), ("tax_rate", "0.13")]);
        world.act(BOSS, move |desk| desk.create("product", &valve)).unwrap();
        let mut input = Input::from([("customer", format!("#{customer}"))]);
        let line = |quantity: &str| {
            Input::from([("product", "铜球阀"), ("quantity", quantity), ("discount", "0.07")])
        };
        input.rows.insert("sale_line".into(), vec![line("3"), line("0.5"), line("1200")]);

        let given = input.clone();
        let trial = world.look(WANG, move |desk| desk.try_out("sale", 0, &given, Some(0))).unwrap();
        let sale = world.act(WANG, move |desk| desk.create("sale", &input)).unwrap();
        let (saved, lines) = world
            .look(WANG, move |desk| {
                let (def, line) = (desk.entity("sale")?, desk.entity("sale_line")?);
                Ok((desk.get("sale", sale)?, desk.rows_of(def, sale, line)?))
            })
            .unwrap();

        assert!(trial.faults.is_empty() && trial.refused.is_none());
        for field in ["amount", "tax", "address", "department", "salesperson"] {
            assert_eq!(trial.head.value(field), saved.value(field), "{field}");
        }
        for (tried, saved) in trial.lines.iter().zip(&lines) {
            for field in ["amount", "tax", "price", "tax_rate", "unit"] {
                assert_eq!(tried.value(field), saved.value(field), "{field}");
            }
        }
        assert_eq!(trial.panel.sections.len(), 3);
        // Tried again as it stands, it is the same; and a line left out is gone.
        let mut kept = Input::default();
        kept.rows.insert("sale_line".into(), vec![Input::from([("id", lines[0].id.to_string())])]);
        let trial = world.look(WANG, move |desk| desk.try_out("sale", sale, &kept, None)).unwrap();
        assert_eq!(trial.head.value("amount"), lines[0].value("amount"));
    });
}
