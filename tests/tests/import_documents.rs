//! Documents come in with their lines: whole or not at all, old ones past the gates and marked so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::import::{self, Counts, Plan, Profile};
use model::system::{Job, JobStatus};
use model::{Dialect, Input, Lang, Sql};
use tests::importing::{Shop, company, counts, lease_ends, shared, system};
use tests::{World, code};

/// How a list of sales is read whose columns say what they are.
const LIST: &str = r#"
zh = "清单"
en = "List"
entity = "sale"
history = true
create = ["customer", "product"]

[columns]
"单号" = "number"
"日期" = "date"
"客户" = "customer.number"
"商品" = "lines.product.number"
"数量" = "lines.quantity"
"单价" = "lines.price"

[defaults]
customer = "零售客户"

[opposite]
entity = "sale_return"
prefix = "C"
negative = "lines.quantity"
"#;

const HEAD: &str = "单号,日期,客户,商品,数量,单价\n";

/// The plan for a list of sales as [`LIST`] reads it.
fn list(shop: &Shop, rows: &str) -> Plan {
    let mut plan = shop.plan(&system(), "sale", "list.csv", format!("{HEAD}{rows}"));
    Profile::read(LIST).unwrap().fit(&mut plan).unwrap();
    plan
}

/// A file read as a profile of the program says.
fn by_profile(shop: &Shop, name: &str, file: impl AsRef<[u8]>) -> Plan {
    let mut plan = shop.plan(&system(), "sale", "list.csv", file);
    Profile::named(domain::REGISTRY, name).unwrap().fit(&mut plan).unwrap();
    plan
}

/// Every kept figure is what its entries say.
fn audit(shop: &Shop) {
    for audit in domain::REGISTRY.audits.iter().copied().flatten() {
        let wrong = shop.house.db.read(&system(), |desk| desk.trusted().rows(&Sql::new(audit.sql))).unwrap();
        assert!(wrong.is_empty(), "{}: {wrong:?}", audit.says);
    }
}

/// The rows of a CSV by column, read as simply as can be.
fn csv(text: &str) -> Vec<BTreeMap<String, String>> {
    let cells = |line: &str| {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for c in line.trim_end_matches('\r').chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    };
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let head = cells(lines.next().unwrap());
    lines.map(|line| head.iter().cloned().zip(cells(line)).collect()).collect()
}

/// A decimal number in ten-thousandths.
fn decimal(text: &str) -> i128 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |it| (-1, it));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    sign * (whole.parse::<i128>().unwrap() * 10_000 + format!("{part:0<4}").parse::<i128>().unwrap())
}

/// Rounded half away from zero to what is `per` of them.
fn rounded(amount: i128, per: i128) -> i64 {
    ((amount.abs() + per / 2) / per * amount.signum()) as i64
}

/// What a month of Online Retail must come to: all, and by customer, in pence.
fn retail(text: &str) -> (i64, BTreeMap<String, i64>) {
    let (mut sum, mut by) = (0, BTreeMap::new());
    for row in csv(text) {
        // Ten-thousandths times a whole number, in pence.
        let amount = rounded(decimal(&row["UnitPrice"]) * row["Quantity"].parse::<i128>().unwrap(), 100);
        sum += amount;
        *by.entry(row["CustomerID"].trim_end_matches(".0").to_owned()).or_insert(0) += amount;
    }
    (sum, by)
}

#[test]
fn december_of_online_retail_comes_in_to_the_penny() {
    let Some(file) = shared("online-retail/online-retail-2010-12.csv") else { return };
    let file = String::from_utf8(file).unwrap();
    company(|world, shop| {
        let db = world.db;
        // The whole month on SQLite, its first days on PostgreSQL.
        let whole = db.store().dialect() == Dialect::Sqlite;
        let rows = if whole { usize::MAX } else { 2_000 };
        let file: String = file.split_inclusive('\n').take(rows).collect();
        let (sum, by) = retail(&file);
        let plan = by_profile(shop, "online-retail", &file);

        let first = shop.run(&system(), &plan);
        let second = shop.run(&system(), &plan);

        if whole {
            assert_eq!(sum, 74_895_702);
            assert_eq!(counts(&first), Counts { rows: 2_025, new: 2_025, ..Counts::default() });
        }
        assert_eq!((first.refused_rows, second.same_rows), (0, first.created_rows));
        assert_eq!(shop.count("SELECT CAST(SUM(amount) AS BIGINT) FROM sale_entry"), sum);
        let returns = "SELECT CAST(SUM(amount) AS BIGINT) FROM sale_return";
        assert_eq!(shop.count("SELECT CAST(SUM(amount) AS BIGINT) FROM sale") - shop.count(returns), sum);
        let balances =
            Sql::new("SELECT CASE WHEN name = '零售客户' THEN '' ELSE number END, balance FROM customer");
        let balances = db.read(&system(), |desk| desk.trusted().rows(&balances)).unwrap();
        let balances: BTreeMap<_, _> =
            balances.iter().map(|it| (it[0].text().to_owned(), it[1].int())).collect();
        assert_eq!(balances, by);
        assert_eq!(shop.count("SELECT COUNT(*) FROM sale_line WHERE cost IS NOT NULL"), 0);
        assert_eq!(shop.count("SELECT COUNT(*) FROM sale WHERE imported = 0 OR status <> 'posted'"), 0);
        audit(shop);
    });
}

#[test]
fn northwind_orders_come_in_with_their_discounts() {
    let (Some(orders), Some(details)) =
        (shared("northwind/csv/Orders.csv"), shared("northwind/csv/OrderDetails.csv"))
    else {
        return;
    };
    let (Some(customers), Some(products)) =
        (shared("northwind/csv/Customers.csv"), shared("northwind/csv/Products.csv"))
    else {
        return;
    };
    let read = |it: Vec<u8>| csv(&String::from_utf8(it).unwrap());
    let by = |rows: Vec<BTreeMap<String, String>>, key: &str| -> BTreeMap<String, BTreeMap<String, String>> {
        rows.into_iter().map(|row| (row[key].clone(), row)).collect()
    };
    let (orders, details) = (by(read(orders), "OrderID"), read(details));
    let (customers, products) = (by(read(customers), "CustomerID"), by(read(products), "ProductID"));
    let mut file = "OrderID,OrderDate,CustomerID,CompanyName,ShipCountry,ProductID,ProductName,Quantity,UnitPrice,Discount\n".to_owned();
    let mut sum = 0;
    for it in &details {
        let order = &orders[&it["OrderID"]];
        let (customer, product) = (&customers[&order["CustomerID"]], &products[&it["ProductID"]]);
        let cells = [
            &it["OrderID"],
            &order["OrderDate"],
            &order["CustomerID"],
            &customer["CompanyName"],
            &order["ShipCountry"],
            &it["ProductID"],
            &product["ProductName"],
            &it["Quantity"],
            &it["UnitPrice"],
            &it["Discount"],
        ];
        file += &cells.map(|it| format!("\"{it}\"")).join(",");
        file.push('\n');
        let amount = decimal(&it["UnitPrice"]) * it["Quantity"].parse::<i128>().unwrap();
        sum += rounded(amount * (10_000 - decimal(&it["Discount"])), 1_000_000);
    }
    company(|_, shop| {
        let batch = shop.run(&system(), &by_profile(shop, "northwind", &file));

        assert_eq!(sum, 126_579_329);
        assert_eq!(counts(&batch), Counts { rows: 830, new: 830, ..Counts::default() });
        assert_eq!(shop.count("SELECT CAST(SUM(amount) AS BIGINT) FROM sale_entry"), sum);
        assert_eq!(shop.count("SELECT CAST(SUM(balance) AS BIGINT) FROM customer"), sum);
        assert_eq!(
            shop.count("SELECT COUNT(*) FROM sale WHERE number = 'NW-10248' AND date = '1996-07-04'"),
            1
        );
        audit(shop);
    });
}

#[test]
fn rows_of_one_number_need_not_stand_together_and_documents_come_in_the_order_of_their_dates() {
    company(|world, shop| {
        let db = world.db;
        let rows = "B,2020-03-02,K1,P1,1,10\nA,2020-03-01,K2,P1,2,10\nB,2020-03-02,K1,P2,3,1.005\nA,2020-03-01,,P1,2,10\n";

        let batch = shop.foretold(&system(), &list(shop, rows));

        assert_eq!(counts(&batch), Counts { rows: 2, new: 2, ..Counts::default() });
        let found = Sql::new("SELECT number, amount FROM sale ORDER BY id");
        let found = db.read(&system(), |desk| desk.trusted().rows(&found)).unwrap();
        let found: Vec<_> = found.iter().map(|it| (it[0].text(), it[1].int())).collect();
        // Equal lines are lines of their own, and each is rounded by itself.
        assert_eq!(found, [("A", 4_000), ("B", 1_302)]);
    });
}

#[test]
fn what_is_taken_back_becomes_a_return_and_nobody_known_buys_as_the_retail_customer() {
    company(|_, shop| {
        let rows = "1,2020-03-01,K1,P1,5,10\nC2,2020-03-02,K1,P1,-2,10\n3,2020-03-03,,P1,-1,4\n4,2020-03-04,,P1,1,7\n";

        let batch = shop.foretold(&system(), &list(shop, rows));

        assert_eq!(batch.created_rows, 4);
        assert_eq!(shop.value("K1", "balance").int(), 3_000);
        assert_eq!(shop.value("零售客户", "balance").int(), 300);
        assert_eq!(
            shop.count("SELECT COUNT(*) FROM sale_return WHERE number IN ('C2', '3') AND amount > 0"),
            2
        );
        // What K1 brought back paid for what K1 had bought.
        assert_eq!(shop.count("SELECT CAST(SUM(open) AS BIGINT) FROM receivable WHERE open < 0"), 0);
        audit(shop);
    });
}

#[test]
fn a_wrong_line_keeps_its_whole_document_out_and_no_other() {
    company(|_, shop| {
        let rows = "1,2020-03-01,K1,P1,5,10\n1,2020-03-01,K9,P9,many,10\n2,2020-03-02,K2,P1,1,10\n";

        let batch = shop.foretold(&system(), &list(shop, rows));

        assert_eq!((batch.created_rows, batch.refused_rows), (1, 1));
        let wrong = shop.wrong(batch.id.0);
        assert_eq!(wrong[0], (2, "第 3 行有错，整张单据没有导入".to_owned()));
        assert!(wrong[1].1.contains("第 2 行不同") && wrong[1].1.contains("数量："), "{}", wrong[1].1);
        // Nothing of it is left, nor of what would have been made for it.
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 1);
        assert_eq!(shop.count("SELECT COUNT(*) FROM product"), 1);
        assert_eq!(shop.count("SELECT COUNT(*) FROM sale_line"), 1);
    });
}

#[test]
fn hostile_documents_are_answered_clearly() {
    company(|_, shop| {
        let rows = "\
            1,2020-03-01,K1,P1,1,10\n\
            1,2020-03-01,K2,P1,1,10\n\
            2,1900-01-01,K1,P1,1,10\n\
            3,2020-03-01,K1,P1,1,99999999999\n\
            4,2020-03-01,K1,P1,0,10\n\
            5,,K1,P1,1,10\n\
            6,2020-03-01,K1,,1,10\n\
            ,2020-03-01,K1,P1,1,10\n\
            7,2020-03-01,K1,P1,1,10\n\
            7,2020-03-01,K1,P1,-1,10\n\
            8,2999-03-01,K1,P1,1,10\n\
            9,2020-03-01,K1,P1,1,-10\n";

        let batch = shop.foretold(&system(), &list(shop, rows));

        assert_eq!((batch.created_rows, batch.refused_rows), (0, 10));
        let wrong: BTreeMap<u64, String> = shop.wrong(batch.id.0).into_iter().collect();
        let says = [
            (3, "客户 › 编号：同一单号的行是一张单据，这里却和第 2 行不同"),
            (4, "日期：历史单据的日期应在 1950 年到今天之间"),
            (5, "这一行的金额太大：请核对数量和单价"),
            (6, "数量：应大于零"),
            (7, "日期：必须填写"),
            (8, "商品：必须填写"),
            (9, "单号：必须填写"),
            (11, "同一张单据里数量有正有负"),
            (12, "日期："),
            (13, "不能小于零"),
        ];
        for (row, text) in says {
            let there = wrong.iter().any(|it| (*it.0 == row || *it.0 == row - 1) && it.1.contains(text));
            assert!(there, "{row} {text}: {wrong:#?}");
        }
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 0);
    });
}

#[test]
fn what_nobody_knows_is_refused_unless_the_plan_makes_it() {
    company(|_, shop| {
        let mut plan = list(shop, "1,2020-03-01,K1,P1,1,10\n");
        plan.create = vec!["customer".into()];

        let batch = shop.foretold(&system(), &plan);

        assert_eq!(batch.refused_rows, 1);
        let says = "销售明细 › 商品 › 编号：没有“P1”这个商品，请先建立，或设定导入时新建";
        assert_eq!(shop.wrong(batch.id.0), [(2, says.to_owned())]);
    });
}

#[test]
fn the_same_numbers_bring_nothing_new_and_other_contents_are_refused() {
    company(|_, shop| {
        let rows = "1,2020-03-01,K1,P1,1,10\n2,2020-03-02,,P1,1,10\n";
        shop.run(&system(), &list(shop, rows));

        let batch = shop.foretold(&system(), &list(shop, "1,2020-03-01,K2,P1,1,10\n2,2020-03-02,,P1,1,10\n"));

        assert_eq!((batch.same_rows, batch.refused_rows), (1, 1));
        assert_eq!(shop.wrong(batch.id.0)[0].1, "单号：系统里已有这个单号的单据，内容不同");
        assert_eq!(shop.count("SELECT COUNT(*) FROM sale"), 2);
    });
}

/// So many sales of two lines each.
fn many(count: usize) -> String {
    (0..count).map(|n| format!("N{n},2020-03-01,K1,P1,1,10\nN{n},2020-03-01,K1,P2,1,2\n")).collect()
}

#[test]
fn an_import_cut_off_goes_on_and_brings_each_document_once() {
    company(|world, shop| {
        let db = world.db;
        let (batch, job) = shop.start(&system(), &list(shop, &many(150))).unwrap();

        // The runner dies after its second piece, with the job in its hands.
        let pieces = AtomicUsize::new(0);
        let die = |_: &Job, _: &import::Piece| {
            assert!(pieces.fetch_add(1, Ordering::Relaxed) < 1, "the plug was pulled");
        };
        let run = std::panic::AssertUnwindSafe(|| shop.house.run_one(Some(job), &|| false, &die));
        assert!(std::panic::catch_unwind(run).is_err());
        let so_far = shop.job(job).done;
        lease_ends(db, job);
        assert!(shop.house.run_one(None, &|| false, &|_, _| {}).unwrap());

        assert!(so_far > 0 && so_far < 300 && so_far % 2 == 0, "{so_far}");
        assert_eq!((shop.job(job).status, shop.job(job).done), (JobStatus::Done, 300));
        assert_eq!(shop.batch(batch).created_rows, 150);
        assert_eq!(shop.value("K1", "balance").int(), 150 * 1_200);
        // One event tells of a document, none of its lines.
        assert_eq!(shop.count("SELECT COUNT(*) FROM event WHERE entity = 'sale'"), 150);
        audit(shop);
    });
}

#[test]
fn posted_documents_are_undone_by_reversal_and_their_numbers_stay_taken() {
    company(|world, shop| {
        let db = world.db;
        let plan = list(shop, "1,2020-03-01,K1,P1,5,10\nC2,2020-03-02,K1,P1,-2,10\n");
        let batch = shop.run(&system(), &plan).id.0;

        let job = db.write(&system(), move |desk| desk.undo_import(batch)).unwrap();
        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();
        let again = shop.foretold(&system(), &plan);

        let said = shop.job(job).says(Lang::Zh);
        // The customer and the product stay, since the documents name them.
        assert!(said.starts_with("已撤销 2 项，"), "{said}");
        assert!(shop.batch(batch).undone);
        assert_eq!(shop.value("K1", "balance").int(), 0);
        assert_eq!(shop.count("SELECT CAST(SUM(amount) AS BIGINT) FROM sale_entry"), 0);
        assert_eq!(shop.count("SELECT stock FROM product"), 0);
        assert_eq!(shop.count("SELECT COUNT(*) FROM sale WHERE status = 'reversed' AND imported = 1"), 1);
        assert_eq!(again.refused_rows, 2);
        assert!(shop.wrong(again.id.0)[0].1.contains("已经红冲"));
        audit(shop);
    });
}

#[test]
fn drafts_come_in_with_their_numbers_and_an_undoing_deletes_them() {
    company(|world, shop| {
        let db = world.db;
        let mut plan = list(shop, "1,2020-03-01,K1,P1,5,10\n1,2020-03-01,K1,P2,5,10\n");
        plan.history = false;

        let batch = shop.foretold(&system(), &plan).id.0;
        let draft = "SELECT COUNT(*) FROM sale WHERE status = 'draft' AND imported = 0 AND number = '1' AND amount = 10000";
        let drafts = shop.count(draft);
        let job = db.write(&system(), move |desk| desk.undo_import(batch)).unwrap();
        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();

        assert_eq!(drafts, 1);
        for table in ["sale", "sale_line", "customer", "product"] {
            assert_eq!(shop.count(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
        }
    });
}

/// A sale of today that somebody posts.
fn sale(customer: &str) -> Input {
    let mut input = Input::from([("customer", customer)]);
    input.rows.insert("lines".into(), vec![Input::from([("product", "P1"), ("quantity", "1")])]);
    input
}

fn sells(world: &World, customer: &'static str) -> model::Result<String> {
    world.act("何振邦", move |desk| {
        let id = desk.create("sale", &sale(customer))?;
        desk.run("sale", id, "post", &Input::default())?;
        Ok(desk.get("sale", id)?.title)
    })
}

#[test]
fn history_passes_no_gate_and_what_comes_after_passes_them_all() {
    company(|world, shop| {
        let owner = world.person("何振邦");
        let blocked = world.customer("王海燕", "K1");
        let reason = || Input::from([("reason", "不付款")]);
        world.act("何振邦", move |desk| desk.run("customer", blocked, "blacklist", &reason())).unwrap();
        let today = world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        let next = format!("XS-{:02}{:02}-0001", today.year() % 100, today.month());
        let mut plan = list(shop, &format!("{next},2020-03-01,K1,P1,5,10\n"));
        // By name: the blacklisted one is known.
        plan.columns[2].to = "customer".into();

        let batch = shop.foretold(owner, &plan);
        let later = sells(world, "K1");

        assert_eq!(batch.created_rows, 1);
        assert_eq!(shop.value("K1", "balance").int(), 5_000);
        assert_eq!(shop.count("SELECT stock FROM product WHERE number = 'P1'"), -50_000);
        assert_eq!(code(later), "blacklisted");
        // The sale belongs to who looks after the customer, not to who brought it in.
        let salesperson = Sql::new(
            "SELECT u.name FROM sale s JOIN \"user\" u ON u.id = s.salesperson WHERE s.imported = 1",
        );
        let salesperson = world.db.read(&system(), |desk| desk.trusted().rows(&salesperson)).unwrap();
        assert_eq!(salesperson[0][0].text(), "王海燕");
    });
}

#[test]
fn later_documents_count_on_past_the_numbers_that_came_in() {
    company(|world, shop| {
        let today = world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        let number = |n: u32| format!("XS-{:02}{:02}-{n:04}", today.year() % 100, today.month());
        let rows = format!("{},2020-03-01,K1,P1,5,0\n{},2020-03-01,K1,P1,5,0\n", number(1), number(2));
        shop.run(world.person("何振邦"), &list(shop, &rows));
        world
            .act("何振邦", |desk| {
                let mut goods = Input::default();
                goods.rows.insert("lines".into(), vec![Input::from([("product", "P1"), ("quantity", "50")])]);
                let id = desk.create("stock_in", &goods)?;
                desk.run("stock_in", id, "post", &Input::default())
            })
            .unwrap();

        assert_eq!(sells(world, "K1").unwrap(), number(3));
    });
}

#[test]
fn who_may_not_let_pass_brings_no_history_in() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let plan = list(shop, "1,2020-03-01,K1,P1,5,10\n");
        let refused = shop.start(clerk, &plan);

        // Who may import and post sales, but not release them, may import drafts alone.
        let mut seller = world.person("王海燕").clone();
        let rights = std::sync::Arc::make_mut(&mut seller.rights);
        for (entity, more) in
            [("sale", "import"), ("sale_return", "import"), ("customer", "import"), ("product", "create")]
        {
            rights.grants.get_mut(entity).unwrap().can.insert(more.to_owned());
        }
        tests::importing::give(world.db, &seller);
        let mut own = plan.clone();
        own.opposite = None;
        let history = shop.run(&seller, &own);
        own.history = false;
        let drafts = shop.run(&seller, &own);

        assert_eq!(code(refused), "forbidden");
        assert_eq!((history.created_rows, history.refused_rows), (0, 1));
        assert!(shop.wrong(history.id.0)[0].1.contains("权限"));
        assert_eq!(drafts.created_rows, 1);
    });
}

#[test]
fn nobody_marks_a_document_as_history_by_hand() {
    company(|world, _| {
        world.customer("王海燕", "K1");
        let mut input = Input::from([("customer", "K1"), ("imported", "true")]);
        input.set("date", "2026-01-01");

        let made = world.act("何振邦", move |desk| desk.create("sale", &input));

        assert_eq!(code(made), "forbidden_field");
    });
}

#[test]
fn any_document_with_lines_comes_in_by_its_headers() {
    company(|world, shop| {
        let db = world.db;
        db.write(&system(), |desk| {
            desk.create("product", &Input::from([("name", "铜球阀"), ("number", "P1"), ("price", "25")]))?;
            desk.create("customer", &Input::from([("name", "甲公司")]))
        })
        .unwrap();
        let goods = "单号,日期,种类,商品,数量,单位成本\nR1,2020-01-02,期初,铜球阀,10,12.5\nR1,2020-01-02,期初,P1,5,\n";
        let orders = "单号,客户,日期,商品,数量,折扣\nD1,甲公司,2026-01-02,铜球阀,2,10%\n";

        let mut plan = shop.plan(&system(), "stock_in", "goods.csv", goods);
        plan.history = true;
        let goods = shop.foretold(&system(), &plan);
        let orders = shop.foretold(&system(), &shop.plan(&system(), "sale_order", "orders.csv", orders));

        assert_eq!((goods.created_rows, orders.created_rows), (1, 1), "{:?}", shop.wrong(goods.id.0));
        assert_eq!(shop.count("SELECT stock FROM product"), 150_000);
        assert_eq!(shop.count("SELECT stock_value FROM product"), 18_750);
        assert_eq!(shop.count("SELECT COUNT(*) FROM stock_in WHERE status = 'posted' AND imported = 1"), 1);
        assert_eq!(
            shop.count("SELECT amount FROM sale_order WHERE number = 'D1' AND status = 'draft'"),
            4_500
        );
    });
}

#[test]
fn every_profile_of_the_program_can_be_read() {
    for (name, _) in domain::REGISTRY.profiles {
        let profile = Profile::named(domain::REGISTRY, name).unwrap();
        assert!(!profile.label(Lang::Zh).is_empty() && !profile.label(Lang::En).is_empty(), "{name}");
    }
    let wrong = Profile::read("entity = \"sale\"\nnonsense = 1\n").map(drop);
    assert_eq!(code(wrong), "malformed_profile");
}
