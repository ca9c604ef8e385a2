//! The bank's lines (issue 3): proposed with a reason, accepted as a receipt, taken back with history.

use model::import::Counts;
use model::{Input, Value, message};
use tests::importing::{self, company, counts};
use tests::shop::Shop;
use tests::{code, databases};

fn line(shop: &Shop, payer: &str, amount: &str) -> i64 {
    let reference = format!("{payer}{amount}");
    let input =
        [("date", "2026-06-05"), ("payer", payer), ("amount", amount), ("reference", reference.as_str())];
    let input = Input::from(input);
    shop.world.act("周会计", move |desk| desk.create("bank_line", &input)).unwrap()
}

/// Status, customer and reason.
fn proposed(shop: &Shop, id: i64) -> (String, i64, String) {
    let value = |name: &str| shop.value("bank_line", id, name);
    (value("status").text().to_owned(), value("customer").int(), message::said(value("why").text()).zh)
}

#[test]
fn a_line_is_proposed_by_the_payers_name_or_an_amount_that_only_one_owes() {
    databases(|db| {
        let shop = Shop::new(db);
        (0..3).for_each(|n| {
            shop.sold(4 + n);
        });

        let named = line(&shop, "北京金泰格散热器有限公司", "225");
        let alike = line(&shop, "金泰格散热器", "99");
        let amount = line(&shop, "邵慧琴", "125");
        let nobody = line(&shop, "张三", "7");

        let (status, customer, why) = proposed(&shop, named);
        assert_eq!((status.as_str(), customer), ("proposed", shop.customer));
        assert_eq!(why, "户名即客户名称；等于 2 张未收单据之和");
        assert!(proposed(&shop, alike).2.starts_with("户名只差地区或公司类型；对不上单据"));
        assert!(proposed(&shop, amount).2.starts_with("只有这个客户有正好这个金额的未收单据"));
        assert_eq!(proposed(&shop, nobody).0, "unknown");
    });
}

#[test]
fn an_accepted_line_is_a_posted_receipt_and_taken_back_it_waits_again() {
    databases(|db| {
        let shop = Shop::new(db);
        let sales = [4, 5].map(|count| shop.sold(count));
        let unpaid = || sales.map(|it| shop.value("sale", it, "unpaid").int());
        let id = line(&shop, "北京金泰格散热器有限公司", "125");
        let reason = || Input::from([("reason", "认错了")]);

        shop.run("周会计", "bank_line", id, "accept", Input::default()).unwrap();
        let twice = shop.run("周会计", "bank_line", id, "accept", Input::default());
        assert_eq!((code(twice), unpaid()), ("wrong_state", [10_000, 0]));
        let receipt = shop.value("bank_line", id, "receipt").int();
        assert_eq!(shop.value("receipt", receipt, "status").text(), "posted");
        shop.run("周会计", "bank_line", id, "take_back", reason()).unwrap();

        assert_eq!(unpaid(), [10_000, 12_500]);
        assert_eq!(shop.value("receipt", receipt, "status").text(), "reversed");
        assert_eq!(proposed(&shop, id).0, "proposed");
        shop.run("周会计", "bank_line", id, "accept", Input::default()).unwrap();
        assert_eq!(unpaid(), [10_000, 0]);
        shop.audit();
    });
}

#[test]
fn a_line_that_nobody_knows_is_given_a_customer_or_put_aside() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        let [known, aside] = ["70", "7"].map(|amount| line(&shop, "张三", amount));
        let customer = Input::from([("customer", format!("#{}", shop.customer))]);
        let early = shop.run("周会计", "bank_line", known, "accept", Input::default());

        shop.world.act("周会计", move |desk| desk.update("bank_line", known, None, &customer)).unwrap();
        shop.run("周会计", "bank_line", known, "accept", Input::default()).unwrap();
        shop.run("周会计", "bank_line", aside, "ignore", Input::from([("reason", "利息")])).unwrap();
        shop.run("周会计", "bank_line", aside, "reopen", Input::default()).unwrap();

        assert_eq!((code(early), proposed(&shop, aside).0.as_str()), ("wrong_state", "unknown"));
        assert_eq!(shop.figures()[0], 3_000);
    });
}

#[test]
fn the_same_line_comes_in_once_and_only_for_who_keeps_the_books() {
    databases(|db| {
        let shop = Shop::new(db);
        line(&shop, "张三", "70");
        let again = Input::from([
            ("date", "2026-06-05"),
            ("payer", "张三"),
            ("amount", "70"),
            ("reference", "张三70"),
        ]);
        let out = Input::from([("date", "2026-06-05"), ("payer", "张三"), ("amount", "-5")]);

        let again = shop.world.act("周会计", move |desk| desk.create("bank_line", &again));
        let out = shop.world.act("周会计", move |desk| desk.create("bank_line", &out));
        let seen = shop.world.look("王海燕", |desk| desk.get("bank_line", 1).map(drop));

        assert_eq!([code(again), code(out), code(seen)], ["duplicate", "not_positive", "not_found"]);
        assert_eq!(shop.value("bank_line", 1, "customer"), Value::Null);
    });
}

/// As 建设银行 exports it: what went out has a column of its own.
const EXPORT: &str = "\
账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注
1100101,恒联暖通有限公司,20260605 10:22:31,0.00,\"1,250.00\",\"9,250.00\",人民币,北京金泰格散热器有限公司,1100102,建行北京大兴支行,20260605,货款,
1100101,恒联暖通有限公司,20260605 11:02:07,300.00,0.00,\"8,950.00\",人民币,国网北京电力,1100103,工行北京分行,20260605,电费,
1100101,恒联暖通有限公司,20260605 11:30:00,15.00,,\"8,935.00\",人民币,建设银行,,,20260605,手续费,
1100101,恒联暖通有限公司,20260605 14:45:59,0.00,\"1,250.00\",\"10,185.00\",人民币,北京金泰格散热器有限公司,1100102,建行北京大兴支行,20260605,货款,
";

#[test]
fn a_banks_file_comes_in_without_what_went_out_and_no_line_of_it_twice() {
    company(|world, shop| {
        let boss = world.person("何振邦");
        let file = |name: &str, text: &str| {
            let plan = shop.plan(boss, "bank_line", name, encoding_rs::GB18030.encode(text).0);
            shop.foretold(boss, &plan)
        };
        let lines = |wanted: &str| shop.count(&format!("SELECT COUNT(*) FROM bank_line WHERE {wanted}"));

        let first = file("june.csv", EXPORT);
        assert_eq!(counts(&first), Counts { rows: 4, new: 2, skipped: 2, ..Counts::default() });
        let named = "payer = '北京金泰格散热器有限公司' AND amount = 125000 AND date = '2026-06-05'";
        assert_eq!(lines(named), 2, "two of a day differ in the balance");
        assert_eq!(
            lines("purpose = '货款' AND payer_account = '1100102' AND balance IN (925000, 1018500)"),
            2
        );

        // The same file again, and one that reaches further.
        let again = file("again.csv", EXPORT);
        assert_eq!(counts(&again), Counts { rows: 4, same: 2, skipped: 2, ..Counts::default() });
        let more = format!("{EXPORT}1100101,,20260606 09:00:00,,70,\"10,255.00\",人民币,张三,,,20260606,,\n");
        assert_eq!(counts(&file("more.csv", &more)).new, 1);
        assert_eq!(lines("1 = 1"), 3);
    });
}

#[test]
fn a_line_like_one_that_is_there_is_shown_before_it_comes_in() {
    company(|world, shop| {
        let boss = world.person("何振邦");
        let plan = |name: &str, purpose: &str| {
            let file = format!("交易日期,对方户名,收入,摘要\n2026-06-05,张三,70,{purpose}\n");
            shop.plan(boss, "bank_line", name, file)
        };
        shop.foretold(boss, &plan("first.csv", "货款"));

        assert_eq!(shop.preview(boss, &plan("again.csv", "货款")).counts.same, 1);
        assert_eq!(shop.preview(boss, &plan("other.csv", "定金")).counts.near, 1);
        assert_eq!(importing::counts(&shop.run(boss, &plan("taken.csv", "定金"))).new, 1);
    });
}

/// Somebody who takes in bank lines, may post receipts but not reverse them, and sees own customers only.
fn clerk(shop: &Shop) -> model::Actor {
    let mut actor = shop.world.person("赵敏").clone();
    let grants = "bank_line: * @all; receipt: read create post @own; customer: read @own";
    actor.rights = std::sync::Arc::new(model::Rights::of_preset(&model::Preset {
        code: "clerk",
        label: model::Label::NONE,
        remark: model::Label::NONE,
        grants: Box::leak(Box::new([grants])),
    }));
    actor
}

#[test]
fn no_line_tells_of_a_customer_whom_one_does_not_see_nor_books_for_it() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(5);
        let clerk = clerk(&shop);
        let proposed_to_all = line(&shop, "北京金泰格散热器有限公司", "125");
        let own = shop.world.customer("赵敏", "太原晋能");
        let create = |payer: &str, amount: &str| {
            let input = Input::from([("date", "2026-06-05"), ("payer", payer), ("amount", amount)]);
            db.write(&clerk, move |desk| desk.create("bank_line", &input)).unwrap()
        };
        let run = |id: i64, verb: &'static str, asked: Input| {
            db.write(&clerk, move |desk| desk.run("bank_line", id, verb, &asked))
        };

        let by_name = create("北京金泰格散热器有限公司", "9");
        let by_amount = create("张三", "125");
        let mine = create("太原晋能", "9");

        assert_eq!([by_name, by_amount].map(|id| proposed(&shop, id).0), ["unknown", "unknown"]);
        assert_eq!(proposed(&shop, mine).1, own);
        assert_eq!(code(run(proposed_to_all, "accept", Input::default())), "not_found");
        run(mine, "accept", Input::default()).unwrap();
        // What it takes to reverse the receipt, it takes here too.
        assert_eq!(code(run(mine, "take_back", Input::from([("reason", "认错了")]))), "forbidden");
        assert_eq!(proposed(&shop, mine).0, "booked");
    });
}
