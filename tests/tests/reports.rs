//! What reports say, in the words of a sales manager; each on both databases.

use model::{Figures, Input, Query, Result, Value};
use tests::served::{Served, hold, sign_in};
use tests::{World, code, databases};

/// 王海燕 and 李建军 sell two products to a customer each, over three months; one sale is reversed, one comes back in part.
struct Trade<'w> {
    world: World<'w>,
    customers: [i64; 2],
}

fn reason() -> Input {
    Input::from([("reason", "客户要求")])
}

impl<'w> Trade<'w> {
    fn new(db: &'w store::Db) -> Trade<'w> {
        let world = World::new(db);
        let customers =
            [world.customer("王海燕", "北京金泰格散热器有限公司"), world.customer("李建军", "上海申雅管件")];
        for (name, price) in [("铜球阀", "25"), ("温控阀", "80")] {
            let product = Input::from([("name", name), ("price", price), ("tax_rate", "0.13")]);
            world.act("何振邦", move |desk| desk.create("product", &product)).unwrap();
        }
        let trade = Trade { world, customers };
        for rule in ["sale.check", "sale.post"] {
            let allow = Input::from([("moment", rule), ("over_limit", "allow"), ("overdue", "allow")]);
            trade.world.act("何振邦", move |desk| desk.create("credit_rule", &allow)).unwrap();
        }
        for customer in customers {
            let asked =
                Input::from([("credit_limit", "1000"), ("credit_days", "30"), ("reason", "合作良好")]);
            trade.run("周会计", "customer", customer, "set_credit", asked);
        }
        trade.stock();
        trade.sell("王海燕", 0, "2026-01-10", &[("铜球阀", "4"), ("温控阀", "1")]);
        let wrong = trade.sell("王海燕", 0, "2026-02-03", &[("铜球阀", "7")]);
        trade.run("张国栋", "sale", wrong, "reverse", reason());
        trade.sell("王海燕", 0, "2026-02-20", &[("温控阀", "2")]);
        trade.sell("李建军", 1, "2026-02-21", &[("铜球阀", "10")]);
        trade.sell("李建军", 1, "2026-03-01", &[("铜球阀", "3"), ("温控阀", "3")]);
        trade
    }

    fn stock(&self) {
        let mut input = Input::from([("date", "2026-01-01")]);
        let line =
            |name: &str, cost: &str| Input::from([("product", name), ("quantity", "100"), ("cost", cost)]);
        input.rows.insert("stock_in_line".into(), vec![line("铜球阀", "15"), line("温控阀", "50")]);
        let id = self.world.act("何振邦", move |desk| desk.create("stock_in", &input)).unwrap();
        self.run("何振邦", "stock_in", id, "post", Input::default());
    }

    fn run(&self, who: &str, entity: &'static str, id: i64, verb: &'static str, asked: Input) {
        self.world.act(who, move |desk| desk.run(entity, id, verb, &asked)).unwrap();
    }

    fn sell(&self, who: &str, customer: usize, date: &str, lines: &[(&str, &str)]) -> i64 {
        let mut input =
            Input::from([("customer", format!("#{}", self.customers[customer]).as_str()), ("date", date)]);
        let line = |it: &(&str, &str)| Input::from([("product", it.0), ("quantity", it.1)]);
        input.rows.insert("sale_line".into(), lines.iter().map(line).collect());
        let id = self.world.act(who, move |desk| desk.create("sale", &input)).unwrap();
        self.run(who, "sale", id, "post", Input::default());
        id
    }

    fn receive(&self, customer: usize, date: &str, amount: &str) {
        let customer = format!("#{}", self.customers[customer]);
        let input = Input::from([("customer", customer.as_str()), ("amount", amount), ("date", date)]);
        let id = self.world.act("周会计", move |desk| desk.create("receipt", &input)).unwrap();
        self.run("周会计", "receipt", id, "post", Input::default());
    }

    fn ask(&self, who: &str, report: &str, query: &str) -> Result<Figures> {
        let query = Query::parse(query).unwrap();
        self.world.look(who, |desk| {
            let def = desk.report(report)?;
            desk.figures(def, &query, None)
        })
    }

    /// The rows behind each figure of a report sum up to it, and the rows to the total.
    fn proves(&self, who: &str, report: &str, query: &str, field: &str) {
        let found = self.ask(who, report, query).unwrap();
        assert!(!found.rows.is_empty());
        let axes = found.axes.len();
        for (n, column) in found.columns.iter().enumerate().skip(axes) {
            for row in found.rows.iter().chain([&found.totals]) {
                let behind = found.behind((!std::ptr::eq(row, &found.totals)).then_some(row), n);
                let sum = self.sum(who, found.def.fact.code, &behind, field);
                assert_eq!(row[column.at].int(), sum, "{report}?{query} {}: {behind}", column.field.name);
            }
            let all: i64 = found.rows.iter().map(|row| row[column.at].int()).sum();
            assert_eq!(found.totals[column.at].int(), all, "{report}?{query} {}", column.field.name);
        }
    }

    fn sum(&self, who: &str, entity: &str, query: &str, field: &str) -> i64 {
        let query = Query { columns: vec![field.to_owned()], ..Query::parse(query).unwrap() };
        let totals = self.world.look(who, |desk| {
            let list = desk.list(entity, &query)?;
            desk.totals(&list)
        });
        totals.unwrap().sums.iter().find(|it| it.0 == field).and_then(|it| it.1).unwrap_or(0)
    }
}

/// The dimensions' values and the figures of each row.
fn told(found: &Figures) -> Vec<(Vec<String>, Vec<i64>)> {
    let text =
        |value: &Value| if let Value::Int(int) = value { format!("#{int}") } else { value.text().to_owned() };
    let row = |row: &Vec<Value>| {
        let names = found.columns[..found.axes.len()].iter().map(|it| text(&row[it.title.unwrap_or(it.at)]));
        let figures = found.columns[found.axes.len()..].iter().map(|it| row[it.at].int());
        (names.collect(), figures.collect())
    };
    found.rows.iter().map(row).collect()
}

fn named(names: &[&str], figures: &[i64]) -> (Vec<String>, Vec<i64>) {
    (names.iter().map(|it| (*it).to_owned()).collect(), figures.to_vec())
}

/// Everything that was ever sold: a reversal stands at the day on which it was made.
const EVER: &str = "period=2026-01-01..";

#[test]
fn sales_are_summed_by_customer_and_product_without_what_was_reversed() {
    databases(|db| {
        let trade = Trade::new(db);

        let customers =
            trade.ask("何振邦", "sales", &format!("{EVER}&measure=amount,quantity,kinds")).unwrap();
        let both = format!("{EVER}&measure=quantity&group=product,customer&sort=-product,quantity");
        let both = trade.ask("何振邦", "sales", &both).unwrap();

        let (beijing, shanghai) = ("北京金泰格散热器有限公司", "上海申雅管件");
        assert_eq!(
            told(&customers),
            [named(&[shanghai], &[56_500, 160_000, 2]), named(&[beijing], &[34_000, 70_000, 2])]
        );
        assert_eq!(customers.totals[1..4], [Value::Int(90_500), Value::Int(230_000), Value::Int(2)]);
        assert_eq!(
            told(&both),
            [
                named(&["温控阀", beijing], &[30_000]),
                named(&["温控阀", shanghai], &[30_000]),
                named(&["铜球阀", beijing], &[40_000]),
                named(&["铜球阀", shanghai], &[130_000]),
            ]
        );
    });
}

#[test]
fn time_is_cut_into_days_weeks_months_quarters_and_years() {
    databases(|db| {
        let trade = Trade::new(db);
        let ask = |slice: &str| {
            let query = format!("period=2026-01..2026-03&group={slice}&measure=amount");
            told(&trade.ask("李建军", "sales", &query).unwrap())
        };

        // 2026-02-21 is a Saturday, 2026-03-01 a Sunday.
        assert_eq!(ask("day"), [named(&["2026-02-21"], &[25_000]), named(&["2026-03-01"], &[31_500])]);
        assert_eq!(ask("week"), [named(&["2026-02-16"], &[25_000]), named(&["2026-02-23"], &[31_500])]);
        assert_eq!(ask("month"), [named(&["2026-02"], &[25_000]), named(&["2026-03"], &[31_500])]);
        assert_eq!(ask("quarter"), [named(&["2026-Q1"], &[56_500])]);
        assert_eq!(ask("year"), [named(&["2026"], &[56_500])]);
    });
}

#[test]
fn a_figure_is_the_sum_of_the_rows_behind_it() {
    databases(|db| {
        let trade = Trade::new(db);
        for group in
            ["customer", "product", "salesperson", "class", "department", "day", "week", "month", "quarter"]
        {
            for who in ["何振邦", "张国栋", "王海燕"] {
                let query = format!("{EVER}&group={group}&measure=amount");
                trade.proves(who, "sales", &query, "amount");
            }
        }
        trade.proves("何振邦", "margin", &format!("{EVER}&measure=margin&group=customer"), "margin");
        trade.receive(0, "2026-03-15", "200.00");
        trade.receive(1, "2026-06-01", "900.00");
        for day in ["2026-02-21", "2026-04-10", "2026-06-30", ""] {
            for group in ["customer", "salesperson", "class", "kind"] {
                let query = format!(
                    "as_of={day}&group={group}&measure=balance,not_due,d1_30,d31_60,d61_90,d90,advance"
                );
                trade.proves("周会计", "ageing", &query, "rest");
            }
        }
    });
}

#[test]
fn a_salesperson_sees_in_reports_what_the_lists_show_and_no_more() {
    databases(|db| {
        let trade = Trade::new(db);

        let mine = trade.ask("王海燕", "sales", &format!("{EVER}&measure=amount")).unwrap();
        let by_class = trade.ask("王海燕", "sales", &format!("{EVER}&group=class&measure=amount")).unwrap();
        let theirs =
            trade.ask("王海燕", "sales", &format!("{EVER}&customer={}", trade.customers[1])).unwrap();

        assert_eq!(told(&mine), [named(&["北京金泰格散热器有限公司"], &[34_000])]);
        assert_eq!(mine.totals[1], Value::Int(34_000));
        assert_eq!(by_class.totals[1], Value::Int(34_000));
        assert!(theirs.rows.is_empty());
    });
}

#[test]
fn a_measure_that_one_may_not_read_does_not_exist() {
    databases(|db| {
        let trade = Trade::new(db);

        assert_eq!(code(trade.ask("王海燕", "sales", "measure=cost").map(drop)), "unknown_field");
        assert_eq!(code(trade.ask("王海燕", "margin", "").map(drop)), "not_found");
        assert_eq!(code(trade.ask("王海燕", "sales", "sort=margin").map(drop)), "unknown_field");
        assert_eq!(code(trade.ask("王海燕", "sales", "cost>0").map(drop)), "unknown_field");
        assert_eq!(code(trade.ask("何振邦", "sales", "group=amount").map(drop)), "unknown_field");
        let seen = trade.ask("张国栋", "margin", &format!("{EVER}&measure=cost,margin,rate")).unwrap();
        // 4 + 2 × … : 北京 7 pieces, 4 at 15 and 3 at 50; 340.00 without 13 % tax is 300.88.
        assert_eq!(told(&seen), [named(&["北京金泰格散热器有限公司"], &[21_000, 9_089, 3_021])]);
    });
}

/// What was open on a day, from the entries and allocations alone.
fn replay(trade: &Trade, customer: i64, day: &str) -> i64 {
    let day = day.to_owned();
    let look = move |desk: &mut model::Desk| {
        let mut sql = model::Sql::new(
            "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM receivable WHERE customer = ",
        );
        sql.bind(customer).push(" AND date <= ").bind(day);
        desk.trusted().one(&sql)
    };
    trade.world.look("何振邦", look).unwrap()
}

#[test]
fn ageing_of_an_earlier_day_is_what_entries_and_allocations_say() {
    databases(|db| {
        let trade = Trade::new(db);
        // Of 180.00 due on 2026-02-09, 100.00 were paid on 2026-03-15, and too much for all on 2026-06-01.
        trade.receive(0, "2026-03-15", "100.00");
        trade.receive(0, "2026-06-01", "400.00");
        let ask = |day: &str| {
            let query = format!(
                "as_of={day}&customer={}&measure=balance,not_due,d1_30,d31_60,d61_90,advance",
                trade.customers[0]
            );
            told(&trade.ask("周会计", "ageing", &query).unwrap()).pop().map(|it| it.1)
        };

        assert_eq!(ask("2026-01-09"), None);
        assert_eq!(ask("2026-01-10"), Some(vec![18_000, 18_000, 0, 0, 0, 0]));
        // The sale of 2026-02-03 was reversed much later: until then it was owed.
        assert_eq!(ask("2026-02-20"), Some(vec![51_500, 33_500, 18_000, 0, 0, 0]));
        assert_eq!(ask("2026-03-14"), Some(vec![51_500, 16_000, 17_500, 18_000, 0, 0]));
        assert_eq!(ask("2026-03-15"), Some(vec![41_500, 16_000, 17_500, 8_000, 0, 0]));
        for day in ["2026-02-20", "2026-03-14", "2026-03-15", "2026-06-01", "2026-06-30"] {
            let balance = ask(day).map_or(0, |it| it[0]);
            assert_eq!(balance, replay(&trade, trade.customers[0], day), "{day}");
        }
    });
}

#[test]
fn ages_are_told_apart_in_any_parts_by_due_date_or_by_the_documents_date() {
    databases(|db| {
        let trade = Trade::new(db);
        let ask = |query: &str| {
            let found = trade.ask("周会计", "ageing", &format!("as_of=2026-03-20&{query}"))?;
            let measures = &found.columns[found.axes.len()..];
            let names: Vec<_> = measures.iter().map(|it| it.field.name).collect();
            Ok((names.join(" "), measures.iter().map(|it| found.totals[it.at].int()).collect::<Vec<_>>()))
        };

        // 180.00 of 01-10, 175.00 of 02-03, 160.00 of 02-20, 250.00 of 02-21 and 315.00 of 03-01, due 30 days later.
        let due = ask("buckets=10,40&measure=balance").unwrap();
        let old = ask("aged=date&buckets=20,30,60&measure=balance").unwrap();
        let usual = ask("aged=date&group=salesperson").unwrap();
        for group in ["customer", "salesperson"] {
            let query = format!("as_of=2026-03-20&buckets=7,15,45&group={group}&measure=balance");
            trade.proves("周会计", "ageing", &query, "rest");
        }

        assert_eq!(
            due,
            ("balance due__0 due_1_10 due_11_40 due_41_".into(), vec![108_000, 72_500, 0, 35_500, 0])
        );
        assert_eq!(
            old,
            (
                "balance date__20 date_21_30 date_31_60 date_61_".into(),
                vec![108_000, 31_500, 41_000, 17_500, 18_000]
            )
        );
        assert_eq!(usual.0, "balance date__30 date_31_60 date_61_90 date_91_ advance");
        for wrong in ["30,20", "0", "a", "30,", "1,2,3,4,5,6,7,8,9,10,11,12,13", "99999"] {
            assert_eq!(code(ask(&format!("buckets={wrong}")).map(drop)), "malformed", "{wrong}");
        }
        assert_eq!(code(ask("aged=colour").map(drop)), "unknown_choice");
        let sales = trade.ask("周会计", "sales", "buckets=30").map(drop);
        assert_eq!(code(sales), "unknown_choice");
    });
}

#[test]
fn the_active_rate_counts_each_owners_customers_of_the_month_whoever_served_them() {
    databases(|db| {
        let trade = Trade::new(db);
        trade.world.customer("王海燕", "天津津滨暖通");
        trade.world.customer("赵敏", "沧州渤海管件");
        let named_rows = |query: &str| {
            let found = trade.ask("何振邦", "activity", query).unwrap();
            let catalog = trade.world.look("何振邦", |desk| Ok(desk.catalog().clone())).unwrap();
            let name = |row: &Vec<Value>| match &row[0] {
                Value::Int(id) => catalog.user_name(*id).unwrap_or_default().to_owned(),
                value => value.text().to_owned(),
            };
            let rows: Vec<_> = found.rows.iter().map(|row| (name(row), row[1..4].to_vec())).collect();
            (rows, found.totals[1..4].to_vec())
        };
        let row = |name: &str, figures: [i64; 3]| (name.to_owned(), figures.map(Value::Int).to_vec());

        // In February each sold to one customer that is still there; the others were entered later.
        let (people, all) = named_rows("period=2026-02&sort=-active,salesperson");
        assert_eq!(people, [row("王海燕", [1, 1, 10_000]), row("李建军", [1, 1, 10_000])]);
        assert_eq!(all, [2, 2, 10_000].map(Value::Int));

        // A customer in nobody's hands counts for the company only.
        trade.run(
            "王海燕",
            "customer",
            trade.customers[0],
            "release",
            Input::from([("pool", "shared"), ("reason", "长期无往来")]),
        );
        let (people, all) = named_rows("period=2026-01-01..&sort=-customers,salesperson");
        assert_eq!(
            people.iter().filter(|it| it.0 == "赵敏").count(),
            1,
            "who did nothing stands there too: {people:?}"
        );
        assert_eq!(all, [Value::Int(2), Value::Int(4), Value::Int(5_000)]);
        let mine = trade.ask("王海燕", "activity", "period=2026-02").unwrap();
        assert_eq!(mine.totals[2], Value::Int(1), "王海燕 sees one customer now");

        // Whoever has a customer now has what it bought this month, before that too.
        let today = trade.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        trade.sell("李建军", 1, &today.to_string(), &[("铜球阀", "1")]);
        let to = format!("#{}", trade.world.person("赵敏").user);
        let to = Input::from([("to", to.as_str()), ("reason", "调岗")]);
        trade.run("何振邦", "customer", trade.customers[1], "transfer", to);
        let (people, _) = named_rows("period=this_month&sort=-active,salesperson");
        let active: Vec<_> = people.iter().map(|it| (it.0.as_str(), it.1[..2].to_vec())).collect();
        assert!(active.contains(&("赵敏", [1, 2].map(Value::Int).to_vec())), "{active:?}");
        assert!(active.contains(&("李建军", vec![Value::Int(0), Value::Null])), "{active:?}");

        // What was closed since was one of its owner's in February all the same.
        trade.run("何振邦", "customer", trade.customers[1], "close", Input::from([("reason", "duplicate")]));
        let (people, _) = named_rows("period=2026-02&sort=-active,salesperson");
        assert_eq!(people[..2], [row("王海燕", [1, 1, 10_000]), row("李建军", [1, 1, 10_000])]);
    });
}

#[test]
fn what_came_in_is_told_without_what_was_reversed() {
    databases(|db| {
        let trade = Trade::new(db);
        trade.receive(0, "2026-03-15", "100");
        trade.receive(0, "2026-03-16", "30");
        trade.run("周会计", "receipt", 1, "reverse", reason());

        let found = trade.ask("周会计", "receipts", "period=2026-01-01..&measure=amount,receipts").unwrap();

        assert_eq!(told(&found), [named(&["北京金泰格散热器有限公司"], &[3_000, 1])]);
        trade.proves("周会计", "receipts", "period=2026-01-01..&measure=amount", "amount");
    });
}

/// The people of the stories, each with a role, signed in under their names.
const ROLES: [(&str, &str); 5] = [
    ("何振邦", "owner"),
    ("张国栋", "sales_manager"),
    ("王海燕", "salesperson"),
    ("吴淑芬", "reader"),
    ("周会计", "finance"),
];

fn served(db: &store::Db, trade: &Trade, data: &std::path::Path) -> Served {
    let roles = |desk: &mut model::Desk| ROLES.iter().try_for_each(|(name, role)| hold(desk, name, role));
    db.write(&trade.world.system, roles).unwrap();
    for (name, _) in ROLES {
        sign_in(db, trade.world.person(name).user, name);
    }
    Served::new(db, data)
}

/// The addresses that a page's figures lead to.
fn doors(page: &str) -> Vec<String> {
    let parts = page.split("class=\"ky-fig\" href=\"").skip(1);
    parts.filter_map(|it| Some(it.split('"').next()?.replace("&amp;", "&"))).collect()
}

#[test]
fn each_report_opens_for_whom_it_is_for_and_every_figure_leads_to_a_list() {
    databases(|db| {
        let trade = Trade::new(db);
        let data = tempfile::tempdir().unwrap();
        let served = served(db, &trade, data.path());
        for (name, role) in ROLES {
            let may_see = |code: &str| match role {
                "owner" | "finance" => true,
                _ if code == "cash" => false,
                "sales_manager" => true,
                "salesperson" => code != "margin",
                _ => false,
            };
            let (status, index) = served.read(name, "/report");
            // Whoever may see none finds no index either.
            assert_eq!(status, if role == "reader" { 404 } else { 200 });
            for report in domain::REGISTRY.reports {
                let may = may_see(report.code);
                let path = format!("/report/{}?period=2026-01-01..&as_of=2026-04-10", report.code);
                let (status, page) = served.read(name, &path);
                assert_eq!(status == 200, may, "{name} {}: {status}", report.code);
                assert_eq!(index.contains(&format!("/report/{}\"", report.code)), may);
                for door in doors(&page) {
                    assert_eq!(served.get(name, &door).status, 200, "{name} {door}");
                }
            }
        }
    });
}

#[test]
fn the_api_answers_a_report_in_columns_rows_and_totals() {
    databases(|db| {
        let trade = Trade::new(db);
        let data = tempfile::tempdir().unwrap();
        let served = served(db, &trade, data.path());
        let json =
            |path: &str| serde_json::from_str::<serde_json::Value>(&served.read("何振邦", path).1).unwrap();

        let sales =
            json(&format!("/api/v1/report/sales?group=customer,month&measure=amount,quantity&{EVER}&size=2"));
        let all = json(&format!("/api/v1/report/sales?group=salesperson&measure=amount&{EVER}"));
        let wrong = json("/api/v1/report/sales?group=colour");

        let names: Vec<_> =
            sales["columns"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["customer", "month", "amount", "quantity"]);
        assert_eq!((sales["rows"].as_array().unwrap().len(), &sales["next"]), (2, &serde_json::json!(2)));
        // 7 valves, reversed later, and two heads: the most of any month.
        assert_eq!(sales["rows"][0][0]["title"], "北京金泰格散热器有限公司");
        assert_eq!(sales["rows"][0][1], "2026-02");
        assert_eq!(sales["totals"], serde_json::json!([null, null, "905.00", "23"]));
        assert_eq!((all["rows"].as_array().unwrap().len(), &all["next"]), (2, &serde_json::Value::Null));
        assert_eq!(wrong["code"], "unknown_field");
        assert_eq!(served.read("何振邦", "/api/v1/report/nothing").0, 404);
        let described = json("/api/openapi.json");
        for report in domain::REGISTRY.reports {
            assert!(described["paths"][format!("/api/v1/report/{}", report.code)]["get"].is_object());
        }
    });
}

#[test]
fn a_report_that_leaves_the_house_says_its_conditions_and_is_written_down() {
    databases(|db| {
        let trade = Trade::new(db);
        let data = tempfile::tempdir().unwrap();
        let served = served(db, &trade, data.path());
        let query = format!("{EVER}&group=product&measure=amount");

        let file = served.look("张国栋", &format!("/report/sales/export?format=csv&{query}"));
        let sheet = served.read("张国栋", &format!("/report/sales/print?{query}&product=any"));
        let refused = served.read("王海燕", "/report/sales/export?format=csv");

        let lines: Vec<String> =
            file.text().trim_start_matches('\u{feff}').lines().map(str::to_owned).collect();
        assert_eq!(lines, ["商品,金额", "温控阀,240.00", "铜球阀,100.00", "合计,340.00"]);
        assert_eq!(sheet.0, 200);
        assert!(sheet.1.contains("商品 有值") && sheet.1.contains("340.00"), "{}", sheet.1);
        assert_eq!(refused.0, 403);
        let kept = trade.world.look("何振邦", |desk| {
            let list = desk.list("access", &Query::parse("columns=kind,query,rows&sort=id").unwrap())?;
            Ok(desk.rows(&list)?.0)
        });
        let kept: Vec<_> = kept.unwrap().iter().map(|row| (row[2].text().to_owned(), row[4].int())).collect();
        assert_eq!(kept, [("export".to_owned(), 2), ("print".to_owned(), 2)]);
    });
}

#[test]
fn the_workbench_tells_the_trade_of_the_month_as_far_as_one_may_see_it() {
    databases(|db| {
        let trade = Trade::new(db);
        let today = trade.world.look("何振邦", |desk| Ok(desk.today().to_string())).unwrap();
        trade.sell("王海燕", 0, &today, &[("温控阀", "3")]);
        trade.sell("李建军", 1, &today, &[("铜球阀", "2")]);
        trade.receive(1, &today, "12.00");
        let data = tempfile::tempdir().unwrap();
        let served = served(db, &trade, data.path());

        let [boss, mine, nobody] = ["何振邦", "王海燕", "吴淑芬"].map(|who| served.read(who, "/").1);

        // What was reversed today counts against the month.
        for says in ["本月业绩", "销售额", "毛利", ">115.00<", ">12.00<"] {
            assert!(boss.contains(says), "{says}");
        }
        assert!(mine.contains(">65.00<") && !mine.contains(">115.00<") && !mine.contains("毛利"));
        assert!(!nobody.contains("本月业绩"));
        for door in doors(&boss) {
            assert_eq!(served.get("何振邦", &door).status, 200, "{door}");
        }
    });
}
