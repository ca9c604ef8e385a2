//! Money finds its debts (FIN-02..05, 08, 12, 13, 15, 16): each rule on both databases, and the desk where it is done.

use model::{Error, Input, ToSpan, Value};
use tests::served::House;
use tests::shop::Shop;
use tests::{code, databases};

/// A receipt that settles in its own way.
fn receipt(shop: &Shop, amount: &str, how: &[(&str, &str)]) -> model::Result<i64> {
    let mut input = Input::from([("customer", format!("#{}", shop.customer)), ("amount", amount.to_owned())]);
    how.iter().for_each(|(name, text)| input.set(name, *text));
    shop.world.act("周会计", move |desk| {
        let id = desk.create("receipt", &input)?;
        desk.run("receipt", id, "post", &Input::default())?;
        Ok(id)
    })
}

fn unpaid<const N: usize>(shop: &Shop, sales: [i64; N]) -> [i64; N] {
    sales.map(|it| shop.value("sale", it, "unpaid").int())
}

#[test]
fn money_for_an_exact_sum_pays_the_documents_that_add_up_to_it_or_none() {
    databases(|db| {
        let shop = Shop::new(db);
        let sales = [3, 4, 5].map(|count| shop.sold(count));

        let none = receipt(&shop, "99", &[("by", "exact")]);
        let single = receipt(&shop, "100", &[("by", "exact")]);
        assert_eq!((code(none), unpaid(&shop, sales)), ("no_exact_sum", [7_500, 0, 12_500]));
        receipt(&shop, "200", &[("by", "exact")]).unwrap();

        assert!(single.is_ok());
        assert_eq!(unpaid(&shop, sales), [0, 0, 0]);
        shop.audit();
    });
}

#[test]
fn the_search_for_an_exact_sum_ends_and_says_when_there_are_too_many() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.credit("100000000", "30");
        // Powers of two: every choice of documents has another sum.
        (0..20).for_each(|n| {
            shop.sold(1 << n);
        });

        let odd = receipt(&shop, "9999999.99", &[("by", "exact")]).unwrap_err();

        let Error::Refused(refusal) = odd else { panic!("{odd:?}") };
        assert_eq!(refusal.code, "no_exact_sum");
        assert!(refusal.says.zh.contains("没能试完"), "{:?}", refusal.says);
    });
}

#[test]
fn money_for_a_product_pays_the_documents_that_hold_it_and_the_rest_stays() {
    databases(|db| {
        let shop = Shop::new(db);
        let pump = Input::from([("name", "循环泵"), ("price", "100"), ("tax_rate", "0.13")]);
        shop.world.act("何振邦", move |desk| desk.create("product", &pump)).unwrap();
        let valves = shop.sold(2);
        let mut input = Input::from([("customer", format!("#{}", shop.customer))]);
        input.rows.insert("sale_line".into(), vec![Input::from([("product", "循环泵"), ("quantity", "1")])]);
        let pumps = shop.world.act("王海燕", move |desk| desk.create("sale", &input)).unwrap();
        shop.run("王海燕", "sale", pumps, "post", Input::default()).unwrap();

        let without = receipt(&shop, "120", &[("by", "product")]);
        let id = receipt(&shop, "120", &[("by", "product"), ("product", "循环泵")]).unwrap();
        let again = receipt(&shop, "1", &[("by", "product"), ("product", "循环泵")]);

        assert_eq!((code(without), code(again)), ("required", "nothing_open"));
        assert_eq!(unpaid(&shop, [valves, pumps]), [5_000, 0]);
        assert_eq!(shop.value("receipt", id, "unused"), Value::Int(2_000));
        shop.audit();
    });
}

#[test]
fn money_for_a_period_pays_the_documents_of_its_days() {
    databases(|db| {
        let shop = Shop::new(db);
        let days = ["2026-05-31", "2026-06-01", "2026-06-30", "2026-07-01"];
        shop.credit("1000", "3650");
        let sales = days.map(|day| {
            let id = shop.draft_on(Some(day), 2);
            shop.run("王海燕", "sale", id, "post", Input::default()).unwrap();
            id
        });

        let backwards =
            receipt(&shop, "90", &[("by", "period"), ("first", "2026-06-30"), ("last", "2026-06-01")]);
        let half = receipt(&shop, "90", &[("by", "period"), ("first", "2026-06-01")]);
        receipt(&shop, "90", &[("by", "period"), ("first", "2026-06-01"), ("last", "2026-06-30")]).unwrap();

        assert_eq!((code(backwards), code(half)), ("out_of_range", "required"));
        assert_eq!(unpaid(&shop, sales), [5_000, 0, 1_000, 5_000]);
        shop.audit();
    });
}

#[test]
fn what_a_customer_paid_in_advance_before_the_books_began_is_set_against_a_sale() {
    databases(|db| {
        let shop = Shop::new(db);
        let sales = [2, 2].map(|count| shop.sold(count));
        let opening =
            Input::from([("customer", format!("#{}", shop.customer)), ("amount", "-80".to_owned())]);
        let opening =
            shop.world.act("周会计", move |desk| desk.create("receivable_opening", &opening)).unwrap();
        shop.run("周会计", "receivable_opening", opening, "post", Input::default()).unwrap();
        let named = |sale: i64| Input::from([("sale", format!("#{sale}")), ("amount", "30".to_owned())]);
        assert_eq!(shop.value("customer", shop.customer, "advance"), Value::Int(8_000));

        shop.run("周会计", "receivable_opening", opening, "allocate", named(sales[1])).unwrap();
        let by_sales = shop.run("王海燕", "receivable_opening", opening, "allocate", named(sales[0]));
        shop.run("周会计", "receivable_opening", opening, "allocate", Input::default()).unwrap();
        let empty = shop.run("周会计", "receivable_opening", opening, "allocate", Input::default());

        assert_eq!((code(by_sales), code(empty)), ("forbidden", "out_of_range"));
        assert_eq!(unpaid(&shop, sales), [0, 2_000]);
        shop.audit();
    });
}

#[test]
fn another_customers_debt_is_not_paid_by_hand() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(2);
        let other = shop.world.customer("王海燕", "唐山瑞丰");
        let input = Input::from([("customer", format!("#{other}")), ("amount", "10".to_owned())]);
        let id = shop.world.act("周会计", move |desk| {
            let id = desk.create("receipt", &input)?;
            desk.run("receipt", id, "post", &Input::default())?;
            Ok(id)
        });

        let theirs = shop.run("周会计", "receipt", id.unwrap(), "allocate", Input::from([("charge", "#1")]));

        let Err(Error::Invalid(faults)) = theirs else { panic!("{theirs:?}") };
        assert_eq!((faults[0].field.as_str(), faults[0].code), ("charge", "other_customer"));
    });
}

#[test]
fn debts_less_repayments_are_the_balance() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        shop.received("130", None);
        let refund = Input::from([("customer", format!("#{}", shop.customer)), ("amount", "10".to_owned())]);
        let refund = shop.world.act("周会计", move |desk| desk.create("refund", &refund)).unwrap();
        shop.run("周会计", "refund", refund, "post", Input::default()).unwrap();

        let figures = ["debts", "repaid", "balance", "advance"];

        assert_eq!(
            figures.map(|it| shop.value("customer", shop.customer, it).int()),
            [10_000, 12_000, -2_000, 2_000]
        );
    });
}

/// A served house in which 金泰格 owes 100.00 and 50.00.
fn house() -> (House, i64, [i64; 2]) {
    let people =
        [("周会计", "finance"), ("王海燕", "salesperson"), ("赵敏", "salesperson"), ("吴淑芬", "employee")];
    let house = House::new(Box::leak(Box::new(people)));
    let customer = house.id("金泰格");
    house.change(|desk| {
        let product = [("name", "铜球阀"), ("price", "25"), ("tax_rate", "0.13")];
        desk.create("product", &Input::from(product))?;
        let customer =
            desk.ids("customer", &model::Query { q: "金泰格".into(), ..Default::default() }, 0, 1)?[0];
        let credit = [("credit_limit", "1000"), ("credit_days", "30"), ("reason", "老客户")];
        desk.run("customer", customer, "set_credit", &Input::from(credit))?;
        for count in ["4", "2"] {
            let mut sale = Input::from([("customer", format!("#{customer}"))]);
            sale.rows
                .insert("sale_line".into(), vec![Input::from([("product", "铜球阀"), ("quantity", count)])]);
            let id = desk.create("sale", &sale)?;
            desk.run("sale", id, "post", &Input::default())?;
        }
        Ok(())
    });
    (house, customer, [1, 2])
}

fn left(house: &House, sales: [i64; 2]) -> [i64; 2] {
    sales.map(|it| house.system(|desk| Ok(desk.get("sale", it)?.value("unpaid").map_or(0, Value::int))))
}

#[test]
fn the_desk_shows_all_accounts_and_opens_the_one_whose_name_is_typed() {
    let (house, customer, _) = house();

    let (status, all) = house.read("周会计", "/settle");
    let found = house.look("周会计", "/settle?q=%E5%8C%97%E4%BA%AC%E9%87%91%E6%B3%B0%E6%A0%BC%E6%95%A3%E7%83%AD%E5%99%A8%E6%9C%89%E9%99%90%E5%85%AC%E5%8F%B8");

    assert_eq!(status, 200);
    for name in ["金泰格", "唐山瑞丰", "太原晋能", "150.00"] {
        assert!(all.contains(name), "{name}");
    }
    assert_eq!(found.header("location"), format!("/settle/{customer}"));
}

#[test]
fn the_desk_posts_a_receipt_that_finds_its_orders() {
    let (house, customer, sales) = house();
    let at = format!("/settle/{customer}");

    let none = house.submit("周会计", &at, &[("amount", "0"), ("by", "oldest")]);
    let done = house.submit("周会计", &at, &[("amount", "120"), ("by", "oldest")]);

    assert_eq!((none.status, done.status), (422, 303));
    assert_eq!(left(&house, sales), [0, 3_000]);
    let (_, page) = house.read("周会计", done.header("location"));
    assert!(page.contains("已核销") && page.contains("SK-"), "{page}");
}

#[test]
fn the_desk_tries_a_sum_and_settles_the_amounts_typed() {
    let (house, customer, sales) = house();
    let at = format!("/settle/{customer}");

    let (_, tried) = house.read("周会计", &format!("{at}?amount=50&by=exact&try=1"));
    let (_, missed) = house.read("周会计", &format!("{at}?amount=51&by=exact&try=1"));
    let beyond = house.submit("周会计", &at, &[("pay-1", "100.01")]);
    let done = house.submit("周会计", &at, &[("amount", "70"), ("pay-1", "20"), ("pay-2", "30")]);

    assert!(
        tried.contains(r#"name="pay-2" inputmode="decimal" autocomplete="off" value="50.00""#),
        "{tried}"
    );
    assert!(missed.contains("没有哪几张未结单据"), "{missed}");
    // Nothing of a form that is refused stays: no receipt, no allocation.
    assert_eq!((beyond.status, done.status), (422, 303));
    assert_eq!(left(&house, sales), [8_000, 2_000]);
    assert_eq!(house.system(|desk| desk.count("receipt", &model::Query::default())), 1);

    // What is left of it pays the rest of the first; and that is taken back.
    let rest = house.submit("周会计", &at, &[("credit", "receipt:1"), ("pay-1", "20")]);
    assert_eq!((rest.status, left(&house, sales)), (303, [6_000, 2_000]));
    let back = house.submit("周会计", &format!("{at}/undo"), &[("allocation", "3")]);
    assert_eq!((back.status, left(&house, sales)), (303, [8_000, 2_000]));
    assert_eq!(house.submit("周会计", &format!("{at}/undo"), &[("allocation", "3")]).status, 409);
}

#[test]
fn the_desk_shows_a_salesperson_only_own_customers_and_no_form() {
    let (house, customer, sales) = house();
    let at = format!("/settle/{customer}");

    let (_, mine) = house.read("王海燕", "/settle");
    let (status, account) = house.read("王海燕", &at);
    let (_, finance) = house.read("周会计", &at);
    let posted = house.submit("王海燕", &at, &[("amount", "10"), ("by", "oldest")]);
    let undone = house.submit("王海燕", &format!("{at}/undo"), &[("allocation", "1")]);

    assert!(mine.contains("金泰格") && !mine.contains("太原晋能"));
    assert!(status == 200 && account.contains("100.00") && !account.contains("结账金额"));
    assert!(finance.contains("结账金额"));
    assert_eq!((posted.status, undone.status), (403, 404));
    assert_eq!(house.read("赵敏", &at).0, 404);
    assert_eq!((house.read("吴淑芬", "/settle").0, house.read("吴淑芬", &at).0), (404, 404));
    assert_eq!(left(&house, sales), [10_000, 5_000]);
}

/// The days on which something was allocated, the amount with each.
fn allocations(shop: &Shop) -> Vec<(String, i64)> {
    let sql = model::Sql::new("SELECT date, amount FROM allocation ORDER BY id");
    let rows = shop.world.look("何振邦", |desk| desk.trusted().rows(&sql)).unwrap();
    rows.iter().map(|it| (it[0].text().to_owned(), it[1].int())).collect()
}

#[test]
fn what_was_taken_back_and_pays_another_debt_paid_the_first_one_until_then() {
    databases(|db| {
        let shop = Shop::new(db);
        let today = shop.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        let back = |days: i64| (today - days.days()).to_string();
        shop.credit("1000", "90");
        let sales = [60, 59].map(|days| {
            let sale = shop.draft_on(Some(&back(days)), 4);
            shop.run("王海燕", "sale", sale, "post", Input::default()).unwrap();
            sale
        });
        let paid =
            receipt(&shop, "100", &[("date", &back(40)), ("sale", &format!("#{}", sales[0]))]).unwrap();
        let first = shop
            .world
            .look("何振邦", |desk| desk.trusted().one(&model::Sql::new("SELECT id FROM allocation")));

        let back_again =
            Input::from([("allocation", format!("#{}", first.unwrap())), ("reason", "记错".into())]);
        shop.run("周会计", "receipt", paid, "unallocate", back_again).unwrap();
        let other = Input::from([("sale", format!("#{}", sales[1]))]);
        shop.run("周会计", "receipt", paid, "allocate", other).unwrap();

        let now = back(0);
        assert_eq!(allocations(&shop), [(back(40), 10_000), (now.clone(), -10_000), (now, 10_000)]);
        assert_eq!(unpaid(&shop, sales), [10_000, 0]);
        shop.audit();
    });
}

#[test]
fn settling_by_hand_leaves_a_closed_period_as_it_was() {
    databases(|db| {
        let shop = Shop::new(db);
        let today = shop.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        let back = |days: i64| (today - days.days()).to_string();
        let paid = receipt(&shop, "100", &[("date", &back(25))]).unwrap();
        let sale = shop.draft_on(Some(&back(24)), 2);
        shop.run("王海燕", "sale", sale, "post", Input::default()).unwrap();
        let closed = Input::from([("name", "closed_until".to_owned()), ("value", back(10))]);
        shop.world.db.write(&shop.world.system, move |desk| desk.create("parameter", &closed)).unwrap();
        let later = shop.sold(2);

        let first = shop
            .world
            .look("何振邦", |desk| desk.trusted().one(&model::Sql::new("SELECT MIN(id) FROM allocation")));
        let undo = Input::from([("allocation", format!("#{}", first.unwrap())), ("reason", "记错".into())]);
        shop.run("周会计", "receipt", paid, "unallocate", undo).unwrap();
        let again = Input::from([("sale", format!("#{sale}")), ("amount", "20".into())]);
        shop.run("周会计", "receipt", paid, "allocate", again).unwrap();

        let days: Vec<String> = allocations(&shop).into_iter().map(|it| it.0).collect();
        assert_eq!(days, [back(24), back(0), back(0), back(0)], "{later}");
        let opening = Input::from([
            ("customer", format!("#{}", shop.customer)),
            ("date", back(20)),
            ("amount", "-50".into()),
        ]);
        let refused = shop.world.act("周会计", move |desk| {
            let id = desk.create("receivable_opening", &opening)?;
            desk.run("receivable_opening", id, "post", &Input::default())
        });
        assert_eq!(code(refused), "period_closed");
        shop.audit();
    });
}
