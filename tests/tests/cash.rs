//! What is in the accounts of the house (FIN-18): each rule on both databases.

use model::{Input, Query, ToSpan, Value};
use tests::shop::{Shop, reason};
use tests::{code, databases};

fn shop(db: &store::Db) -> Shop<'_> {
    let shop = Shop::new(db);
    for (code, name) in [("cash", "现金"), ("bank", "工行")] {
        let entry = Input::from([("list", "money_account"), ("code", code), ("name", name)]);
        shop.world.act("何振邦", move |desk| desk.create("code_entry", &entry)).unwrap();
    }
    shop
}

/// A document of the bookkeeper's, posted.
fn posted(shop: &Shop, entity: &'static str, fields: &[(&str, &str)]) -> model::Result<i64> {
    let mut input: Input = fields.iter().copied().collect();
    if entity != "cash_move" {
        input.set("customer", format!("#{}", shop.customer));
    }
    shop.world.act("周会计", move |desk| {
        let id = desk.create(entity, &input)?;
        desk.run(entity, id, "post", &Input::default())?;
        Ok(id)
    })
}

/// What is in each account at the end of a day.
fn balances(shop: &Shop, day: &str) -> Vec<(String, i64)> {
    let query = Query::parse(&format!("group=account&measure=balance&sort=account&as_of={day}")).unwrap();
    let look = |desk: &mut model::Desk| desk.figures(desk.report("cash")?, &query, None);
    let rows = shop.world.look("周会计", look).unwrap().rows;
    rows.iter().map(|it| (it[0].text().to_owned(), it[1].int())).collect()
}

fn of(all: &[(String, i64)], account: &str) -> i64 {
    all.iter().find(|it| it.0 == account).map_or(0, |it| it.1)
}

#[test]
fn an_account_holds_what_came_in_without_what_the_bank_kept_and_what_went_out() {
    databases(|db| {
        let shop = shop(db);
        let today = shop.world.look("周会计", |desk| Ok(desk.today())).unwrap();
        let (before, day) = ((today - 3.days()).to_string(), today.to_string());
        let sale = shop.sold(4);
        posted(
            &shop,
            "cash_move",
            &[("kind", "opening"), ("account", "bank"), ("amount", "500"), ("date", &before)],
        )
        .unwrap();

        posted(&shop, "receipt", &[("amount", "120"), ("fee", "0.60"), ("account", "bank")]).unwrap();
        posted(&shop, "refund", &[("amount", "20"), ("account", "cash")]).unwrap();
        let transfer = [("kind", "transfer"), ("account", "bank"), ("target", "cash"), ("amount", "50")];
        posted(&shop, "cash_move", &transfer).unwrap();
        let paid = shop.draft(1);
        shop.run("周会计", "sale", paid, "post_paid", Input::from([("account", "cash")])).unwrap();

        let now = balances(&shop, &day);
        assert_eq!((of(&now, "bank"), of(&now, "cash")), (50_000 + 11_940 - 5_000, -2_000 + 5_000 + 2_500));
        assert_eq!(balances(&shop, &before), [("bank".to_owned(), 50_000)]);
        // The customer has paid what the bank kept, too.
        assert_eq!((shop.figures()[0], shop.value("sale", sale, "unpaid")), (0, Value::Int(0)));
        shop.audit();
    });
}

#[test]
fn what_is_reversed_leaves_the_account_on_the_day_of_its_reversal() {
    databases(|db| {
        let shop = shop(db);
        let today = shop.world.look("周会计", |desk| Ok(desk.today())).unwrap();
        let (before, day) = ((today - 3.days()).to_string(), today.to_string());
        let fields = [("account", "bank"), ("date", before.as_str())];
        let with = |more: &[(&'static str, &'static str)]| [&fields[..], more].concat();
        let receipt = posted(&shop, "receipt", &with(&[("amount", "90"), ("fee", "1")])).unwrap();
        let refund = posted(&shop, "refund", &with(&[("amount", "30")])).unwrap();
        let moved =
            posted(&shop, "cash_move", &with(&[("kind", "transfer"), ("target", "cash"), ("amount", "9")]))
                .unwrap();

        for (entity, id) in [("refund", refund), ("receipt", receipt), ("cash_move", moved)] {
            shop.run("周会计", entity, id, "reverse", reason()).unwrap();
        }

        let then = balances(&shop, &before);
        assert_eq!((of(&then, "bank"), of(&then, "cash")), (8_900 - 3_000 - 900, 900));
        let now = balances(&shop, &day);
        assert_eq!((of(&now, "bank"), of(&now, "cash")), (0, 0));
        assert_eq!(code(shop.run("周会计", "cash_move", moved, "reverse", reason())), "wrong_state");
        shop.audit();
    });
}

#[test]
fn the_entries_lead_from_the_balance_to_the_documents_with_a_running_balance() {
    databases(|db| {
        let shop = shop(db);
        let other = [("kind", "other"), ("account", "bank"), ("amount", "7"), ("date", "2026-11-03")];
        let receipt = [("amount", "100"), ("account", "bank"), ("date", "2026-11-01")];
        let late = posted(&shop, "receipt", &receipt).unwrap();
        let interest = posted(&shop, "cash_move", &other).unwrap();
        // Entered last, and before the others.
        let opening = [("kind", "opening"), ("account", "bank"), ("amount", "-30"), ("date", "2026-10-31")];
        posted(&shop, "cash_move", &opening).unwrap();
        posted(&shop, "receipt", &[("amount", "5")]).unwrap();

        let query = Query::parse("account=bank&sort=date").unwrap();
        let rows = |desk: &mut model::Desk| {
            let list = desk.list("cash_entry", &query)?;
            let at = ["amount", "balance", "receipt", "cash_move"]
                .map(|name| list.columns.iter().find(|it| it.field.name == name).unwrap().at);
            Ok(desk.rows(&list)?.0.iter().map(|row| at.map(|at| row[at].int())).collect::<Vec<_>>())
        };
        let entries = shop.world.look("周会计", rows).unwrap();

        assert_eq!(
            entries,
            [[-3_000, -3_000, 0, interest + 1], [10_000, 7_000, late, 0], [700, 7_700, 0, interest]]
        );
        // What names no account is told by itself.
        let nowhere = Query::parse("account=none").unwrap();
        assert_eq!(shop.world.look("周会计", |desk| desk.count("cash_entry", &nowhere)).unwrap(), 1);
    });
}

#[test]
fn only_who_keeps_the_books_sees_the_accounts_of_the_house() {
    databases(|db| {
        let shop = shop(db);
        let report = |who: &str| shop.world.look(who, |desk| desk.report("cash").map(drop)).is_ok();
        let entries =
            |who: &str| shop.world.look(who, |desk| desk.count("cash_entry", &Query::default())).is_ok();

        assert_eq!(["何振邦", "周会计", "张国栋", "王海燕"].map(report), [true, true, false, false]);
        assert_eq!(["何振邦", "周会计", "张国栋", "王海燕"].map(entries), [true, true, false, false]);
        let opening = Input::from([("account", "bank"), ("amount", "5")]);
        let by_sales = shop.world.act("张国栋", move |desk| desk.create("cash_move", &opening));
        assert_eq!(code(by_sales), "not_found");
    });
}

#[test]
fn a_wrong_move_or_fee_is_refused_with_its_field() {
    databases(|db| {
        let shop = shop(db);
        let refused = |fields: &[(&str, &str)]| code(posted(&shop, "cash_move", fields));

        assert_eq!(refused(&[("account", "bank"), ("amount", "0")]), "not_positive");
        assert_eq!(refused(&[("kind", "transfer"), ("account", "bank"), ("amount", "5")]), "required");
        let same = [("kind", "transfer"), ("account", "bank"), ("target", "bank"), ("amount", "5")];
        assert_eq!(refused(&same), "ambiguous");
        assert_eq!(refused(&[("account", "bank"), ("target", "cash"), ("amount", "5")]), "ambiguous");
        assert_eq!(refused(&[("account", "gold"), ("amount", "5")]), "unknown_code");
        let fee = |fee: &'static str| code(posted(&shop, "receipt", &[("amount", "10"), ("fee", fee)]));
        assert_eq!((fee("-1"), fee("10.01")), ("out_of_range", "out_of_range"));
        let closed = Input::from([("name", "closed_until"), ("value", "2026-11-01")]);
        db.write(&shop.world.system, move |desk| desk.create("parameter", &closed)).unwrap();
        let late = [("account", "bank"), ("amount", "5"), ("date", "2026-10-31")];
        assert_eq!(refused(&late), "period_closed");
        shop.audit();
    });
}
