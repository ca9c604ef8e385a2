//! Which price a line takes, why, and what happens when it is too low; each rule on both databases.

use model::{Input, Text, Trial, Value, message};
use tests::{World, code, databases};

/// A house with 王海燕's customer 金泰格, a class B dealer with credit enough, a ball valve at 25.00 and a radiator at 100.00.
struct Shop<'w> {
    world: World<'w>,
    customer: i64,
}

impl<'w> Shop<'w> {
    fn new(db: &'w store::Db) -> Shop<'w> {
        let world = World::new(db);
        let dealer = [("list", "customer_type"), ("code", "dealer"), ("name", "经销商")];
        world.act("何振邦", move |desk| desk.create("code_entry", &Input::from(dealer))).unwrap();
        let customer = world.customer("王海燕", "北京金泰格散热器有限公司");
        let of_class = Input::from([("class", "B"), ("type", "dealer")]);
        world.act("何振邦", move |desk| desk.update("customer", customer, None, &of_class)).unwrap();
        for (name, price) in [("铜球阀", "25"), ("散热器", "100")] {
            let input = Input::from([("name", name), ("price", price), ("tax_rate", "0.13")]);
            world.act("何振邦", move |desk| desk.create("product", &input)).unwrap();
        }
        let asked = Input::from([("credit_limit", "1000000"), ("credit_days", "30"), ("reason", "合作良好")]);
        world.act("周会计", move |desk| desk.run("customer", customer, "set_credit", &asked)).unwrap();
        Shop { world, customer }
    }

    fn run(&self, who: &str, entity: &'static str, id: i64, verb: &'static str) -> model::Result<()> {
        let asked = if verb == "release_credit" || verb == "reverse" { reason() } else { Input::default() };
        self.world.act(who, move |desk| desk.run(entity, id, verb, &asked))
    }

    /// A price list: what its head says, and its lines of product, quantity, price, discount.
    fn list(&self, head: &[(&str, &str)], lines: &[[&str; 4]]) -> model::Result<i64> {
        let mut input: Input = head.iter().copied().collect();
        let line = |[product, quantity, price, discount]: &[&str; 4]| {
            Input::from([
                ("product", *product),
                ("quantity", quantity),
                ("price", price),
                ("discount", discount),
            ])
        };
        input.rows.insert("lines".into(), lines.iter().map(line).collect());
        self.world.act("何振邦", move |desk| desk.create("price_list", &input))
    }

    /// A document of lines of product, quantity, price and discount; an empty price is the rule's.
    fn input(&self, date: &str, lines: &[[&str; 4]]) -> Input {
        let mut input = Input::from([("customer", format!("#{}", self.customer))]);
        if !date.is_empty() {
            input.set("date", date);
        }
        let line = |[product, quantity, price, discount]: &[&str; 4]| {
            Input::from([
                ("product", *product),
                ("quantity", quantity),
                ("price", price),
                ("discount", discount),
            ])
        };
        input.rows.insert("lines".into(), lines.iter().map(line).collect());
        input
    }

    fn draft(&self, entity: &'static str, lines: &[[&str; 4]]) -> i64 {
        let input = self.input("", lines);
        self.world.act("王海燕", move |desk| desk.create(entity, &input)).unwrap()
    }

    fn value(&self, entity: &'static str, id: i64, field: &str) -> Value {
        let card = self.world.look("何振邦", move |desk| desk.get(entity, id)).unwrap();
        card.value(field).cloned().unwrap_or(Value::Null)
    }

    /// The prices of a document's lines, in ten-thousandths, and the reasons that stand with them.
    fn prices(&self, entity: &'static str, id: i64) -> Vec<(i64, String)> {
        let lines = self.world.look("何振邦", move |desk| {
            let def = desk.entity(entity)?;
            desk.rows_of(def, id, def.lines.unwrap()())
        });
        let why = |it: &model::Card| message::said(it.value("why").unwrap().text()).zh;
        lines.unwrap().iter().map(|it| (it.value("price").unwrap().int(), why(it))).collect()
    }

    fn price_on(&self, date: &str, quantity: &str) -> i64 {
        let input = self.input(date, &[["铜球阀", quantity, "", ""]]);
        let id = self.world.act("王海燕", move |desk| desk.create("sale", &input)).unwrap();
        self.prices("sale", id)[0].0
    }

    fn tried(&self, who: &str, lines: &[[&str; 4]]) -> Trial {
        let mut input = self.input("", lines);
        let rows = input.rows.remove("lines").unwrap();
        input.rows.insert("sale_line".into(), rows);
        self.world.look(who, move |desk| desk.try_out("sale", 0, &input, Some(0))).unwrap()
    }

    fn floor(&self, product: i64, price: &str) {
        let input = Input::from([("floor_price", price)]);
        self.world.act("何振邦", move |desk| desk.update("product", product, None, &input)).unwrap();
    }

    fn status(&self, entity: &'static str, id: i64) -> String {
        self.value(entity, id, "status").text().to_owned()
    }

    fn audit(&self) {
        for audit in domain::REGISTRY.audits.iter().copied().flatten() {
            let wrong = self.world.look("何振邦", |desk| desk.trusted().rows(&model::Sql::new(audit.sql)));
            assert!(wrong.unwrap().is_empty(), "{}", audit.says);
        }
    }
}

fn reason() -> Input {
    Input::from([("reason", "清库存")])
}

#[test]
fn the_most_specific_list_gives_the_price() {
    databases(|db| {
        let shop = Shop::new(db);
        let price = || shop.price_on("2026-06-01", "1");
        let list = |name: &str, whom: (&str, &str), price: &str| {
            shop.list(&[("name", name), whom], &[["铜球阀", "", price, ""]]).unwrap();
        };
        assert_eq!(price(), 250_000);

        list("全部", ("remark", ""), "24");
        assert_eq!(price(), 240_000);
        list("类型", ("type", "dealer"), "23");
        assert_eq!(price(), 230_000);
        list("等级", ("class", "B"), "22");
        assert_eq!(price(), 220_000);
        let both = [("name", "等级和类型"), ("class", "B"), ("type", "dealer")];
        shop.list(&both, &[["铜球阀", "", "21", ""]]).unwrap();
        assert_eq!(price(), 210_000);
        let customer = format!("#{}", shop.customer);
        list("专用", ("customer", &customer), "26");
        assert_eq!(price(), 260_000);
        // Of other customers' lists nothing.
        list("别的等级", ("class", "A"), "1");
        assert_eq!(price(), 260_000);
    });
}

#[test]
fn a_list_holds_from_its_first_day_to_its_last() {
    databases(|db| {
        let shop = Shop::new(db);
        let days = [("name", "春季"), ("first", "2026-03-01"), ("last", "2026-03-31")];
        shop.list(&days, &[["铜球阀", "", "20", ""]]).unwrap();

        let on = |date: &str| shop.price_on(date, "1");

        assert_eq!([on("2026-02-28"), on("2026-03-01")], [250_000, 200_000]);
        assert_eq!([on("2026-03-31"), on("2026-04-01")], [200_000, 250_000]);
        // Among equals the one that begins last, then the newest.
        shop.list(&[("name", "三月中"), ("first", "2026-03-15")], &[["铜球阀", "", "19", ""]]).unwrap();
        assert_eq!([on("2026-03-14"), on("2026-03-15")], [200_000, 190_000]);
        let newest = shop.list(&[("name", "再来"), ("first", "2026-03-15")], &[["铜球阀", "", "18", ""]]);
        assert_eq!(on("2026-03-20"), 180_000);
        let closed = Input::from([("closed", "true")]);
        shop.world
            .act("何振邦", move |desk| desk.update("price_list", newest.clone().unwrap(), None, &closed))
            .unwrap();
        assert_eq!(on("2026-03-20"), 190_000);
    });
}

#[test]
fn a_higher_quantity_reaches_its_own_price() {
    databases(|db| {
        let shop = Shop::new(db);
        let lines = [["铜球阀", "", "", "2%"], ["铜球阀", "100", "", "10%"], ["铜球阀", "10", "24", ""]];
        shop.list(&[("name", "阶梯")], &lines).unwrap();

        let of = |quantity: &str| shop.price_on("2026-06-01", quantity);

        assert_eq!([of("9.9"), of("10"), of("99"), of("100")], [245_000, 240_000, 240_000, 225_000]);
    });
}

#[test]
fn a_wrong_list_is_refused_with_its_field() {
    databases(|db| {
        let shop = Shop::new(db);
        let customer = format!("#{}", shop.customer);
        let line = |price, discount| [["铜球阀", "", price, discount]];
        let refused = |head: &[(&str, &str)], lines: &[[&str; 4]]| code(shop.list(head, lines));
        let named = [("name", "甲")];

        assert_eq!(refused(&named, &line("", "")), "ambiguous");
        assert_eq!(refused(&named, &line("20", "5%")), "ambiguous");
        assert_eq!(refused(&named, &line("-1", "")), "negative");
        assert_eq!(refused(&named, &line("", "101%")), "out_of_range");
        assert_eq!(refused(&named, &[["铜球阀", "-5", "20", ""]]), "negative");
        let both = [("name", "甲"), ("customer", &*customer), ("class", "A")];
        assert_eq!(refused(&both, &line("20", "")), "ambiguous");
        let days = [("name", "甲"), ("first", "2026-03-02"), ("last", "2026-03-01")];
        assert_eq!(refused(&days, &line("20", "")), "out_of_range");
    });
}

#[test]
fn a_line_says_why_it_has_its_price_and_one_written_by_hand_says_nothing() {
    databases(|db| {
        let shop = Shop::new(db);
        let head = [("name", "经销商价"), ("type", "dealer"), ("first", "2026-01-01")];
        shop.list(&head, &[["铜球阀", "10", "", "4%"]]).unwrap();
        let lines = [["铜球阀", "10", "", ""], ["散热器", "1", "", ""], ["铜球阀", "10", "24", ""]];

        let [sale, order] =
            ["sale", "sale_order"].map(|entity| shop.prices(entity, shop.draft(entity, &lines)));

        let why = "价格表“经销商价”：经销商，2026-01-01 起，满 10，标价减 4%";
        let expected = [(240_000, why), (1_000_000, "标价：没有适用的价格表"), (240_000, "")];
        assert_eq!(sale, expected.map(|it| (it.0, it.1.to_owned())));
        assert_eq!(order, sale);
        let back = shop.draft("sale_return", &lines);
        assert_eq!(shop.prices("sale_return", back), sale);
    });
}

#[test]
fn what_is_sold_of_an_order_or_comes_back_keeps_the_price_and_its_reason_be_it_a_part() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.list(&[("name", "经销商价"), ("type", "dealer")], &[["铜球阀", "10", "", "4%"]]).unwrap();
        let order = shop.draft("sale_order", &[["铜球阀", "10", "", ""]]);
        shop.run("何振邦", "sale_order", order, "check").unwrap();
        let why = shop.prices("sale_order", order);
        let of = |entity: &str, link: &str, id: i64, price: &str| {
            let mut input = shop.input("", &[["铜球阀", "3", price, ""]]);
            input.set(link, format!("#{id}"));
            let entity: &'static str = if entity == "sale" { "sale" } else { "sale_return" };
            shop.world.act("何振邦", move |desk| desk.create(entity, &input)).unwrap()
        };

        // As the page sends what the order has brought.
        let sale = of("sale", "order", order, "24");

        assert_eq!(shop.prices("sale", sale), why);
        let other = of("sale", "order", order, "23");
        assert_eq!(shop.prices("sale", other), [(230_000, String::new())]);
        let more = shop.world.look("何振邦", move |desk| {
            let def = desk.entity("sale")?;
            Ok(desk.rows_of(def, sale, def.lines.unwrap()())?[0].id)
        });
        let mut less = Input::default();
        let row = Input::from([("id", more.unwrap().to_string()), ("quantity", "2".into())]);
        less.rows.insert("lines".into(), vec![row]);
        shop.world.act("何振邦", move |desk| desk.update("sale", sale, None, &less)).unwrap();
        assert_eq!(shop.prices("sale", sale), why);
        shop.run("何振邦", "sale", sale, "post").unwrap();
        let back = of("sale_return", "sale", sale, "24");
        assert_eq!(shop.prices("sale_return", back), why);
    });
}

#[test]
fn what_is_tried_out_has_the_same_price_and_says_why() {
    databases(|db| {
        let shop = Shop::new(db);
        let customer = format!("#{}", shop.customer);
        shop.list(&[("name", "专用"), ("customer", &customer)], &[["铜球阀", "5", "20", ""]]).unwrap();

        let trial = shop.tried("王海燕", &[["铜球阀", "5", "", ""], ["铜球阀", "4", "", ""]]);

        let price = |n: usize| trial.lines[n].value("price").unwrap().int();
        assert_eq!([price(0), price(1)], [200_000, 250_000]);
        let why = |n: usize| message::said(trial.lines[n].value("why").unwrap().text()).zh;
        assert_eq!(
            [why(0), why(1)],
            ["价格表“专用”：本客户，满 5".to_owned(), "标价：没有适用的价格表".to_owned()]
        );
        let hints: Vec<_> = trial.panel.hints.iter().map(|it| (it.0, it.1, it.2.zh.clone())).collect();
        assert_eq!(hints, [(0, "price", why(0)), (1, "price", why(1))]);
    });
}

#[test]
fn a_price_is_kept_when_the_list_changes_until_it_is_asked_for_again() {
    databases(|db| {
        let shop = Shop::new(db);
        let sale = shop.draft("sale", &[["铜球阀", "1", "", ""]]);
        shop.list(&[("name", "降价")], &[["铜球阀", "", "20", ""]]).unwrap();
        let line = shop.world.look("王海燕", move |desk| {
            let def = desk.entity("sale")?;
            Ok(desk.rows_of(def, sale, def.lines.unwrap()())?[0].id)
        });
        let with = |price: Option<&str>| {
            let mut row =
                Input::from([("id", line.clone().unwrap().to_string()), ("remark", "急".to_owned())]);
            if let Some(price) = price {
                row.set("price", price);
            }
            let mut input = Input::default();
            input.rows.insert("lines".into(), vec![row]);
            shop.world.act("王海燕", move |desk| desk.update("sale", sale, None, &input)).unwrap();
            shop.prices("sale", sale)[0].clone()
        };

        assert_eq!(with(None), (250_000, "标价：没有适用的价格表".to_owned()));
        assert_eq!(with(Some("")), (200_000, "价格表“降价”：全部客户".to_owned()));
        assert_eq!(with(Some("19")), (190_000, String::new()));
    });
}

#[test]
fn another_quantity_asks_the_rule_again_for_the_price_that_it_gave() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.list(&[("name", "阶梯")], &[["铜球阀", "100", "20", ""]]).unwrap();
        // As the page sends it: with the price that stands there.
        let change = |entity: &'static str, id: i64, quantity: &str, price: &str| {
            let row = Input::from([("id", "1"), ("quantity", quantity), ("price", price)]);
            let mut input = Input::default();
            input.rows.insert("lines".into(), vec![row]);
            shop.world.act("王海燕", move |desk| desk.update(entity, id, None, &input)).unwrap();
            shop.prices(entity, id)[0].clone()
        };
        let (tier, list) = ("价格表“阶梯”：全部客户，满 100", "标价：没有适用的价格表");

        for entity in ["sale", "sale_order", "sale_return"] {
            let id = shop.draft(entity, &[["铜球阀", "100", "", ""]]);
            assert_eq!(shop.prices(entity, id)[0], (200_000, tier.to_owned()), "{entity}");
            assert_eq!(change(entity, id, "1", "20"), (250_000, list.to_owned()), "{entity}");
            assert_eq!(change(entity, id, "200", "25"), (200_000, tier.to_owned()), "{entity}");
            // Written by hand it stays, whatever the quantity.
            assert_eq!(change(entity, id, "200", "19"), (190_000, String::new()), "{entity}");
            assert_eq!(change(entity, id, "1", "19"), (190_000, String::new()), "{entity}");
        }
    });
}

#[test]
fn what_comes_back_of_a_sale_keeps_its_price_whatever_the_quantity() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.list(&[("name", "阶梯")], &[["铜球阀", "100", "20", ""]]).unwrap();
        let sale = shop.draft("sale", &[["铜球阀", "100", "", ""]]);
        shop.run("王海燕", "sale", sale, "post").unwrap();
        let mut back = shop.input("", &[["铜球阀", "100", "", ""]]);
        back.set("sale", format!("#{sale}"));
        let back = shop.world.act("王海燕", move |desk| desk.create("sale_return", &back)).unwrap();

        let mut part = Input::default();
        part.rows.insert("lines".into(), vec![Input::from([("id", "1"), ("quantity", "3")])]);
        shop.world.act("王海燕", move |desk| desk.update("sale_return", back, None, &part)).unwrap();

        assert_eq!(shop.prices("sale_return", back)[0].0, 200_000);
    });
}

#[test]
fn a_list_for_a_customer_is_seen_by_whoever_sees_the_customer() {
    databases(|db| {
        let shop = Shop::new(db);
        let customer = format!("#{}", shop.customer);
        shop.list(&[("name", "专用"), ("customer", &customer)], &[["铜球阀", "", "20", ""]]).unwrap();
        shop.list(&[("name", "全部")], &[["铜球阀", "", "24", ""]]).unwrap();
        let count = |who: &str, entity: &str| {
            shop.world.look(who, |desk| desk.count(entity, &model::Query::default()))
        };

        assert_eq!([count("王海燕", "price_list"), count("李建军", "price_list")], [Ok(2), Ok(1)]);
        assert_eq!([count("王海燕", "price_list_line"), count("李建军", "price_list_line")], [Ok(2), Ok(1)]);
        let foreign = shop.world.look("李建军", |desk| desk.get("price_list", 1).map(drop));
        let edit = Input::from([("remark", "改")]);
        let edited = shop.world.act("王海燕", move |desk| desk.update("price_list", 1, None, &edit));
        assert_eq!((code(foreign), code(edited)), ("not_found", "forbidden"));
    });
}

#[test]
fn the_last_prices_of_the_customer_stand_beside_the_line_and_what_we_paid_only_for_whoever_may_know() {
    databases(|db| {
        let shop = Shop::new(db);
        let mut input = Input::from([("kind", "purchase")]);
        let line = Input::from([("product", "铜球阀"), ("quantity", "100"), ("cost", "11.37")]);
        input.rows.insert("lines".into(), vec![line]);
        let bought = shop.world.act("周会计", move |desk| desk.create("stock_in", &input)).unwrap();
        shop.run("周会计", "stock_in", bought, "post").unwrap();
        for n in 0..6 {
            let sale = shop.draft("sale", &[["铜球阀", "1", &format!("{}", 20 + n), ""]]);
            shop.run("王海燕", "sale", sale, "post").unwrap();
        }
        let rows = |who: &str| {
            let trial = shop.tried(who, &[["铜球阀", "1", "", ""]]);
            let parts = trial.panel.sections.into_iter().flat_map(|it| it.parts);
            let rows = |part| match part {
                model::Part::Rows { rows, .. } => Some(rows),
                _ => None,
            };
            parts.filter_map(rows).collect::<Vec<_>>()
        };

        let (boss, sales) = (rows("何振邦"), rows("王海燕"));

        let prices: Vec<i64> = sales[0].iter().map(|row| row.0[3].int()).collect();
        assert_eq!(prices, [250_000, 240_000, 230_000, 220_000, 210_000]);
        assert!(sales[0][0].0[1].text().starts_with("XS-") && sales[0][0].1.as_deref() == Some("/sale/6"));
        assert_eq!(sales.len(), 1);
        assert_eq!((boss.len(), boss[1][0].0[3].int()), (2, 113_700));
    });
}

#[test]
fn a_line_below_the_floor_is_held_until_somebody_with_the_right_lets_it_pass() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.floor(1, "22");
        let sale = shop.draft("sale", &[["铜球阀", "2", "21.99", ""], ["散热器", "1", "1", ""]]);
        let at_floor = shop.draft("sale", &[["铜球阀", "2", "25", "12%"]]);

        let refused = shop.run("王海燕", "sale", sale, "post").unwrap_err();
        let by_sales = shop.run("王海燕", "sale", sale, "release_credit");
        shop.run("王海燕", "sale", at_floor, "post").unwrap();

        assert_eq!(refused.code(), "below_floor");
        let model::Error::Refused(refusal) = refused else { panic!("refused") };
        assert!(refusal.says.zh.contains("低于最低限价：铜球阀。可调整单价"), "{}", refusal.says.zh);
        assert!(!format!("{refusal:?}").contains("22"), "{refusal:?}");
        assert_eq!((code(by_sales), shop.status("sale", sale)), ("forbidden", "held".to_owned()));
        shop.run("张国栋", "sale", sale, "release_credit").unwrap();
        shop.run("王海燕", "sale", sale, "post").unwrap();
        assert_eq!(shop.status("sale", sale), "posted");
        shop.audit();
    });
}

#[test]
fn a_release_holds_for_these_lines_and_no_others() {
    databases(|db| {
        let shop = Shop::new(db);
        (1..=2).for_each(|product| shop.floor(product, "22"));
        let sale = shop.draft("sale", &[["铜球阀", "2", "20", ""]]);
        assert_eq!(code(shop.run("王海燕", "sale", sale, "check")), "below_floor");
        shop.run("张国栋", "sale", sale, "release_credit").unwrap();
        let again = |lines: &[[&str; 4]]| {
            if shop.status("sale", sale) == "checked" {
                shop.run("王海燕", "sale", sale, "withdraw").unwrap();
            }
            let input = shop.input("", lines);
            shop.world.act("王海燕", move |desk| desk.update("sale", sale, None, &input)).unwrap();
            shop.run("王海燕", "sale", sale, "check")
        };

        // Neither fewer nor more pass, nor does another price, nor other goods; above the floor nothing needs to.
        assert_eq!(code(again(&[["铜球阀", "1", "20", ""]])), "below_floor");
        assert_eq!(code(again(&[["铜球阀", "1", "21", ""]])), "below_floor");
        again(&[["铜球阀", "1", "22", ""]]).unwrap();
        assert_eq!(code(again(&[["铜球阀", "3", "20", ""]])), "below_floor");
        assert_eq!(code(again(&[["铜球阀", "1", "19.99", ""]])), "below_floor");
        assert_eq!(code(again(&[["铜球阀", "1", "20", "1%"]])), "below_floor");
        assert_eq!(code(again(&[["散热器", "1", "20", ""]])), "below_floor");
        again(&[["铜球阀", "2", "20", ""]]).unwrap();
        shop.audit();
    });
}

#[test]
fn no_door_lets_a_price_below_the_floor_slip_past() {
    databases(|db| {
        let shop = Shop::new(db);
        let cheap = [["铜球阀", "2", "10", ""]];
        // Written before there was a floor.
        let early = shop.draft("sale", &cheap);
        let order = shop.draft("sale_order", &cheap);
        shop.run("王海燕", "sale_order", order, "check").unwrap();
        shop.floor(1, "22");

        assert_eq!(code(shop.run("王海燕", "sale", early, "post")), "below_floor");
        // Paid in cash it is as cheap.
        let cash = [("list", "money_account"), ("code", "cash"), ("name", "现金")];
        shop.world.act("何振邦", move |desk| desk.create("code_entry", &Input::from(cash))).unwrap();
        let paid = Input::from([("account", "cash")]);
        let paid = shop.world.act("周会计", move |desk| desk.run("sale", early, "post_paid", &paid));
        assert_eq!(code(paid), "below_floor");
        // A copy is a document of its own.
        shop.run("张国栋", "sale", early, "release_credit").unwrap();
        let copy = shop.world.look("王海燕", move |desk| desk.copy("sale", early)).unwrap();
        let copy = shop.world.act("王海燕", move |desk| desk.create("sale", &copy)).unwrap();
        assert_eq!(code(shop.run("王海燕", "sale", copy, "post")), "below_floor");
        // In a batch, too.
        let batch = shop
            .world
            .act("王海燕", move |desk| desk.run_each("sale", &[copy, early], "post", &Input::default()));
        let codes: Vec<_> = batch.unwrap().into_iter().map(|it| it.1.err().map(|it| it.code())).collect();
        assert_eq!(codes, [Some("below_floor"), None]);
        // The order was checked before the floor: neither its own delivery nor a sale of it goes out.
        let mut part = shop.input("", &cheap);
        part.set("order", format!("#{order}"));
        let part = shop.world.act("王海燕", move |desk| desk.create("sale", &part)).unwrap();
        assert_eq!(code(shop.run("王海燕", "sale", part, "post")), "below_floor");
        assert_eq!(code(shop.run("王海燕", "sale_order", order, "deliver")), "below_floor");
        assert_eq!(shop.status("sale_order", order), "held");
        shop.audit();
        // Released, the order is delivered at its prices.
        shop.run("张国栋", "sale_order", order, "release_credit").unwrap();
        shop.run("王海燕", "sale", part, "post").unwrap();
        assert_eq!(shop.status("sale_order", order), "done");
        shop.audit();
    });
}

#[test]
fn what_happens_below_the_floor_is_the_companys_rule() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.floor(1, "22");
        let rule = |answer: &'static str| {
            let rules = move |desk: &mut model::Desk| {
                for id in 1..=3 {
                    desk.update("credit_rule", id, None, &Input::from([("below_floor", answer)]))?;
                }
                Ok(())
            };
            shop.world.act("周会计", rules).unwrap();
        };
        db.write(&shop.world.system, |desk| {
            let tx = desk.trusted();
            if tx.find::<domain::CreditRule>(&[])?.is_empty() { domain::sales::seed(tx) } else { Ok(()) }
        })
        .unwrap();

        rule("refuse");
        let sale = shop.draft("sale", &[["铜球阀", "2", "10", ""]]);
        assert_eq!(code(shop.run("王海燕", "sale", sale, "post")), "below_floor");
        assert_eq!(code(shop.run("何振邦", "sale", sale, "release_credit")), "below_floor");
        rule("allow");
        shop.run("王海燕", "sale", sale, "post").unwrap();
    });
}

#[test]
fn who_may_not_know_the_floor_is_warned_and_not_told_it() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.floor(1, "22.22");
        let told = |who: &str| {
            let trial = shop.tried(who, &[["铜球阀", "2", "10", ""]]);
            assert_eq!(trial.panel.warnings.iter().filter(|it| it.1 == "price").count(), 1, "{who}");
            format!("{:?}", trial.panel).contains("222200")
        };

        assert_eq!([told("何振邦"), told("张国栋"), told("王海燕")], [true, true, false]);
        for query in ["floor_price>0", "sort=floor_price", "columns=floor_price"] {
            let query = model::Query::parse(query).unwrap();
            let found = shop.world.look("王海燕", |desk| desk.list("product", &query).map(drop));
            assert_eq!(code(found), "unknown_field");
            assert!(shop.world.look("张国栋", |desk| desk.list("product", &query).map(drop)).is_ok());
        }
        let write = Input::from([("floor_price", "1")]);
        let written = shop.world.act("张国栋", move |desk| desk.update("product", 1, None, &write));
        assert_eq!(code(written), "forbidden");
    });
}

#[test]
fn drop_downs_offer_no_product_that_is_no_longer_sold_and_lists_still_find_it() {
    databases(|db| {
        let shop = Shop::new(db);
        let old = Input::from([("active", "false")]);
        shop.world.act("何振邦", move |desk| desk.update("product", 1, None, &old)).unwrap();
        let offered = |entity: &'static str, field: &'static str| {
            let found = shop.world.look("王海燕", |desk| {
                let def = desk.entity(entity)?;
                desk.options(def, def.field(field).unwrap().1, "", &Input::default(), 20)
            });
            found.unwrap().into_iter().map(|it| it.title).collect::<Vec<_>>()
        };

        assert_eq!(offered("sale_line", "product"), ["散热器"]);
        assert_eq!(offered("sale_order_line", "product"), ["散热器"]);
        let all = model::Query::parse("q=铜球阀").unwrap();
        assert_eq!(shop.world.look("王海燕", |desk| desk.count("product", &all)), Ok(1));
        // What is there stays as it is.
        let sale = shop.draft("sale", &[["铜球阀", "1", "", ""]]);
        assert_eq!(shop.prices("sale", sale)[0].0, 250_000);
        assert_eq!(offered("sale", "customer").len(), 1);
        let why = Input::from([("reason", "duplicate")]);
        let customer = shop.customer;
        shop.world.act("张国栋", move |desk| desk.run("customer", customer, "close", &why)).unwrap();
        assert_eq!(offered("sale", "customer"), Vec::<String>::new());
    });
}

#[test]
fn what_others_have_ordered_is_not_there_for_a_sale() {
    databases(|db| {
        let shop = Shop::new(db);
        let mut input = Input::from([("kind", "opening")]);
        input.rows.insert(
            "lines".into(),
            vec![Input::from([("product", "铜球阀"), ("quantity", "10"), ("cost", "10")])],
        );
        let came = shop.world.act("周会计", move |desk| desk.create("stock_in", &input)).unwrap();
        shop.run("周会计", "stock_in", came, "post").unwrap();
        let order = shop.draft("sale_order", &[["铜球阀", "7", "", ""]]);
        shop.run("王海燕", "sale_order", order, "check").unwrap();
        assert_eq!(shop.value("product", 1, "available"), Value::Int(30_000));
        let warned = |order: Option<i64>, quantities: &[&str]| {
            let mut input = shop.input("", &[]);
            if let Some(order) = order {
                input.set("order", format!("#{order}"));
            }
            let row = |it: &&str| Input::from([("product", "铜球阀"), ("quantity", *it)]);
            input.rows.insert("sale_line".into(), quantities.iter().map(row).collect());
            input.rows.remove("lines");
            let trial = shop.world.look("王海燕", move |desk| desk.try_out("sale", 0, &input, None)).unwrap();
            let said = trial.panel.warnings.into_iter().filter(|it| it.1 == "quantity");
            said.map(|it| (it.0, it.2)).collect::<Vec<_>>()
        };

        let says =
            Text::new("库存 10，订单已预留 7，可用 3，缺 1", "10 in stock, 7 reserved, 3 available, 1 short");
        assert_eq!(warned(None, &["3"]), []);
        assert_eq!(warned(None, &["4"]), [(0, says.clone())]);
        assert_eq!(warned(None, &["2", "2"]), [(1, says)]);
        // The order's own goods are there for its delivery.
        assert_eq!(warned(Some(order), &["7"]), []);
    });
}
