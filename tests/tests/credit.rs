//! Whom we trust with how much, beyond one customer's own limit: groups of companies, terms by the month, rules that
//! only warn, what is suggested, and for whom a sale counts.

use domain::Customer;
use model::{Entity, Error, Input, Part, Query, ToSpan, Tone, Value};
use tests::shop::{Shop, reason};
use tests::{code, databases};

fn set_credit(shop: &Shop, customer: i64, more: &[(&str, &str)]) -> model::Result<()> {
    let mut asked = Input::from([("credit_limit", "1000"), ("credit_days", "30"), ("reason", "集团合作")]);
    for (name, value) in more {
        asked.set(name, *value);
    }
    shop.run("周会计", "customer", customer, "set_credit", asked)
}

fn below(shop: &Shop, parent: i64, name: &str) -> i64 {
    let customer = shop.world.customer("王海燕", name);
    let above = Input::from([("parent", format!("#{parent}"))]);
    shop.world.act("王海燕", move |desk| desk.update("customer", customer, None, &above)).unwrap();
    set_credit(shop, customer, &[]).unwrap();
    customer
}

fn sell(shop: &Shop, customer: i64, count: &str) -> (i64, model::Result<()>) {
    let mut input = Input::from([("customer", format!("#{customer}"))]);
    input.rows.insert("sale_line".into(), vec![Input::from([("product", "铜球阀"), ("quantity", count)])]);
    let id = shop.world.act("王海燕", move |desk| desk.create("sale", &input)).unwrap();
    (id, shop.run("王海燕", "sale", id, "post", Input::default()))
}

fn parameter(shop: &Shop, name: &'static str, value: &'static str) {
    let set = Input::from([("name", name), ("value", value)]);
    shop.world.db.write(&shop.world.system, move |desk| desk.create("parameter", &set)).unwrap();
}

#[test]
fn the_limit_of_a_group_holds_for_all_below_it_together() {
    databases(|db| {
        let shop = Shop::new(db);
        let head = shop.customer;
        let (north, south) = (below(&shop, head, "金泰格天津分公司"), below(&shop, head, "金泰格河北分公司"));
        let depot = below(&shop, south, "金泰格石家庄经营部");
        set_credit(&shop, head, &[("group_limit", "1500")]).unwrap();

        // 750.00 and 500.00 are within 1,500.00; 300.00 more are within the depot's own limit, not the group's.
        sell(&shop, north, "30").1.unwrap();
        sell(&shop, south, "20").1.unwrap();
        let (held, refused) = sell(&shop, depot, "12");

        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), "credit_limit_exceeded");
        let model::Error::Refused(refusal) = &refused else { panic!("{refused:?}") };
        let figure = |name| refusal.figures.iter().find(|it| it.name == name).map(|it| it.amount.to_string());
        assert_eq!(figure("group_exposure").as_deref(), Some("1550.00"));
        assert_eq!(figure("group_limit").as_deref(), Some("1500.00"));
        assert_eq!(figure("over").as_deref(), Some("0.00"), "its own limit is not passed");
        assert_eq!(shop.status(held), "held");
        sell(&shop, depot, "10").1.unwrap();
        // None of the group gets more, the head neither.
        assert_eq!(code(sell(&shop, head, "1").1), "credit_limit_exceeded");
        set_credit(&shop, head, &[("group_limit", "0")]).unwrap();
        sell(&shop, head, "1").1.unwrap();
        shop.audit();
    });
}

#[test]
fn of_many_who_post_for_one_group_at_once_exactly_as_many_pass_as_it_may_owe() {
    databases(|db| {
        let shop = Shop::new(db);
        let head = shop.customer;
        let members: Vec<i64> = (0..8).map(|n| below(&shop, head, &format!("金泰格第{n}分公司"))).collect();
        set_credit(&shop, head, &[("group_limit", "500")]).unwrap();

        // Each of eight members sells 100.00 twice: 5 of 16 go out.
        let passed: usize = std::thread::scope(|scope| {
            let post = |customer: i64| {
                let shop = &shop;
                move || (0..2).filter(|_| sell(shop, customer, "4").1.is_ok()).count()
            };
            let all: Vec<_> = members.iter().map(|it| scope.spawn(post(*it))).collect();
            all.into_iter().map(|it| it.join().unwrap()).sum()
        });

        assert_eq!(passed, 5);
        shop.audit();
    });
}

#[test]
fn a_term_counts_from_the_date_from_the_months_end_or_to_a_day_of_payment() {
    databases(|db| {
        let shop = Shop::new(db);
        let today = shop.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        let due = |more: &[(&str, &str)]| {
            set_credit(&shop, shop.customer, more).unwrap();
            let (sale, posted) = sell(&shop, shop.customer, "1");
            posted.unwrap();
            shop.value("sale", sale, "due").text().parse::<model::Date>().unwrap()
        };
        let days = |n: i64| model::ToSpan::days(n);

        assert_eq!(due(&[("credit_term", "days")]), today + days(30));
        assert_eq!(due(&[("credit_term", "month_end")]), today.last_of_month() + days(30));
        let on = due(&[("credit_term", "month_day"), ("credit_day", "31")]);
        assert!(on >= today + days(30) && on < today + days(62), "{on}");
        assert_eq!(on, on.last_of_month(), "a short month ends before its 31st");
        let on = due(&[("credit_term", "month_day"), ("credit_day", "10")]);
        assert_eq!((on.day(), on >= today + days(30), on < today + days(62)), (10, true, true));

        let wrong = set_credit(&shop, shop.customer, &[("credit_term", "month_day"), ("credit_day", "32")]);
        assert_eq!(code(wrong), "out_of_range");
    });
}

#[test]
fn a_rule_that_only_warns_says_so_while_it_is_written_and_lets_it_pass() {
    databases(|db| {
        let shop = Shop::new(db);
        for moment in ["sale.check", "sale.post"] {
            let rule = Input::from([("moment", moment), ("over_limit", "warn")]);
            shop.world.db.write(&shop.world.system, move |desk| desk.create("credit_rule", &rule)).unwrap();
        }
        let sale = shop.draft(50);

        let panel = shop.world.look("王海燕", move |desk| {
            let card = desk.get("sale", sale)?;
            desk.panel(&card)
        });

        let parts: Vec<Part> = panel.unwrap().sections.into_iter().flat_map(|it| it.parts).collect();
        assert!(parts.iter().any(|it| matches!(it, Part::Says(Tone::Warn, _))), "{parts:?}");
        shop.run("王海燕", "sale", sale, "post", Input::default()).unwrap();
        assert_eq!(shop.figures()[2], -25_000);
    });
}

#[test]
fn customers_near_their_limit_and_twice_late_stand_in_lists_of_their_own() {
    databases(|db| {
        let shop = Shop::new(db);
        let other = shop.world.customer("王海燕", "天津阀门厂");
        set_credit(&shop, other, &[]).unwrap();
        let seen = |view: &str| {
            let view = Customer::DEF.views.iter().find(|it| it.code == view).unwrap();
            shop.world.titles("王海燕", view.query)
        };
        assert!(seen("near_limit").is_empty() && seen("late_twice").is_empty());

        sell(&shop, shop.customer, "32").1.unwrap();
        for due in ["2026-01-05", "2026-02-05"] {
            let asked = Input::from([
                ("customer", format!("#{other}")),
                ("date", "2026-01-01".into()),
                ("due", due.into()),
                ("amount", "10".into()),
            ]);
            let id = shop.world.act("周会计", move |desk| desk.create("receivable_opening", &asked)).unwrap();
            shop.run("周会计", "receivable_opening", id, "post", Input::default()).unwrap();
        }

        assert_eq!(seen("near_limit"), ["北京金泰格散热器有限公司"]);
        assert_eq!(seen("late_twice"), ["天津阀门厂"]);
    });
}

#[test]
fn who_pays_in_time_is_proposed_more_and_a_person_decides() {
    databases(|db| {
        let shop = Shop::new(db);
        let says = |who: &'static str| {
            let customer = shop.customer;
            let panel = shop.world.look(who, move |desk| {
                let card = desk.get("customer", customer)?;
                desk.panel(&card)
            });
            panel.unwrap().sections.into_iter().flat_map(|it| it.parts).collect::<Vec<_>>()
        };
        let ways = |parts: &[Part]| {
            let to = parts.iter().filter_map(|it| match it {
                Part::Ways(ways) => ways.first().map(|it| it.to.clone()),
                _ => None,
            });
            to.collect::<Vec<_>>()
        };
        assert!(ways(&says("周会计")).is_empty(), "two documents are no habit");

        for _ in 0..3 {
            let sale = shop.sold(32);
            shop.received("800", Some(sale));
        }

        // 2,400.00 in a year are 200.00 a month; 45 and 30 days of that, and half as much again, are 700.00: less than the
        // limit, which is not cut back.
        let to = format!("/customer/{}/set_credit?credit_limit=1000.00&credit_days=45", shop.customer);
        assert_eq!(ways(&says("周会计")), [to]);
        // Who may not set credit is shown no button, and nothing changed by itself.
        assert!(ways(&says("王海燕")).is_empty());
        assert_eq!(shop.value("customer", shop.customer, "credit_days"), Value::Int(30));
    });
}

/// For whom a document counts: name of the person and cents, in the order of entry.
fn counted(shop: &Shop, of: &str, id: i64) -> Vec<(String, i64)> {
    let query = Query::parse(&format!("{of}={id}&sort=id")).unwrap();
    let rows = shop.world.look("何振邦", |desk| {
        let list = desk.list("performance", &query)?;
        let at = |name: &str| list.columns.iter().find(|it| it.field.name == name).unwrap().at;
        let (user, amount) = (at("user"), at("amount"));
        let names: Vec<_> = desk.rows(&list)?.0.iter().map(|it| (it[user].int(), it[amount].int())).collect();
        let name = |id: i64| desk.catalog().user_name(id).unwrap_or("").to_owned();
        Ok(names.into_iter().map(|it| (name(it.0), it.1)).collect())
    });
    rows.unwrap()
}

#[test]
fn a_sale_counts_for_maker_owner_or_both_by_the_rule_of_its_day() {
    databases(|db| {
        let shop = Shop::new(db);
        let zhao = shop.world.person("赵敏").user;
        let sold = || {
            let sale = shop.draft(1);
            let maker = Input::from([("salesperson", format!("#{zhao}"))]);
            shop.world.act("何振邦", move |desk| desk.update("sale", sale, None, &maker)).unwrap();
            shop.run("何振邦", "sale", sale, "post", Input::default()).unwrap();
            sale
        };
        let (zhao, wang) = ("赵敏".to_owned(), "王海燕".to_owned());

        let by_maker = sold();
        assert_eq!(counted(&shop, "sale", by_maker), [(zhao.clone(), 2_500)]);
        parameter(&shop, "attribution", "split");
        parameter(&shop, "attribution_owner", "30");
        let split = sold();
        assert_eq!(counted(&shop, "sale", split), [(wang.clone(), 750), (zhao.clone(), 1_750)]);

        // A reversal takes back what counted then, whatever the rule is now.
        shop.run("张国栋", "sale", by_maker, "reverse", reason()).unwrap();
        let opposite = shop.world.look("何振邦", |desk| {
            let query = Query::parse(&format!("reverses={by_maker}")).unwrap();
            let list = desk.list("sale", &query)?;
            Ok(desk.rows(&list)?.0[0][0].int())
        });
        assert_eq!(counted(&shop, "sale", opposite.unwrap()), [(zhao, -2_500)]);
        let figures = shop.world.look("何振邦", |desk| {
            let query = Query::parse("group=salesperson&measure=amount&sort=-amount").unwrap();
            let figures = desk.figures(desk.report("performance")?, &query, None)?;
            Ok(figures.rows.iter().map(|it| it[1].int()).collect::<Vec<_>>())
        });
        assert_eq!(figures.unwrap(), [1_750, 750]);
        shop.audit();
    });
}

#[test]
fn a_merge_leaves_neither_debts_nor_a_bad_name_behind() {
    databases(|db| {
        let shop = Shop::new(db);
        let fresh = shop.world.customer("王海燕", "金泰格散热器（新）");
        set_credit(&shop, fresh, &[]).unwrap();
        sell(&shop, shop.customer, "40").1.unwrap();
        shop.run("周会计", "customer", shop.customer, "blacklist", reason()).unwrap();

        let into = Input::from([("into", format!("#{fresh}"))]);
        shop.run("张国栋", "customer", shop.customer, "merge", into).unwrap();

        assert_eq!(code(sell(&shop, fresh, "1").1), "blacklisted");
        shop.run("周会计", "customer", fresh, "unblacklist", reason()).unwrap();
        assert_eq!(code(sell(&shop, fresh, "1").1), "credit_limit_exceeded");
        // The lists count as the gate does, once more after another merge, and no debt twice.
        let newest = shop.world.customer("王海燕", "金泰格散热器（再新）");
        set_credit(&shop, newest, &[]).unwrap();
        let figures = |id: i64| {
            ["exposure", "available", "overdue", "overdue_days"]
                .map(|it| shop.value("customer", id, it).int())
        };
        assert_eq!(figures(fresh), [100_000, 0, 0, 0]);
        shop.world
            .db
            .write(&shop.world.system, |desk| {
                let item: domain::Receivable = desk.trusted().get(model::Id::of(1))?;
                let due = desk.today().yesterday().unwrap().to_string();
                desk.trusted().touch(item.id, "due", due.as_str().into())
            })
            .unwrap();
        let into = Input::from([("into", format!("#{newest}"))]);
        shop.run("张国栋", "customer", fresh, "merge", into).unwrap();
        assert_eq!(figures(newest), [100_000, 0, 100_000, 1]);
        assert_eq!([fresh, shop.customer].map(|id| figures(id)[2..] == [0, 0]), [true; 2]);
        let found = shop.world.look("何振邦", |desk| {
            desk.ids("customer", &model::Query::parse("overdue>0&view=*").unwrap(), 0, 9)
        });
        assert_eq!(found.unwrap(), [newest]);
    });
}

#[test]
fn nobody_without_the_right_to_set_credit_leaves_a_group_that_shares_a_limit() {
    databases(|db| {
        let shop = Shop::new(db);
        let north = below(&shop, shop.customer, "金泰格天津分公司");
        let leave = |who: &str| {
            let alone = Input::from([("parent", "")]);
            shop.world.act(who, move |desk| desk.update("customer", north, None, &alone))
        };
        set_credit(&shop, shop.customer, &[("group_limit", "100")]).unwrap();

        let refused = leave("王海燕").unwrap_err();
        let Error::Invalid(faults) = &refused else { panic!("{refused:?}") };
        assert_eq!((&*faults[0].field, faults[0].code), ("parent", "shared_limit"));
        set_credit(&shop, shop.customer, &[("group_limit", "0")]).unwrap();
        leave("王海燕").unwrap();
    });
}

#[test]
fn a_document_keeps_who_looked_after_its_customer_on_its_day() {
    databases(|db| {
        let shop = Shop::new(db);
        let user = |name: &str| shop.world.person(name).user;
        let (wang, zhao) = (user("王海燕"), user("赵敏"));
        let today = shop.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        let owner = |entity, id| shop.value(entity, id, "customer_owner").int();
        parameter(&shop, "attribution", "owner");
        let (before, draft) = (shop.sold(4), shop.draft(2));
        let to = Input::from([("to", format!("#{zhao}")), ("reason", "调岗".into())]);
        shop.run("张国栋", "customer", shop.customer, "transfer", to).unwrap();

        // What was written before it was handed over and is posted after; what is entered later for the day before.
        shop.run("何振邦", "sale", draft, "post", Input::default()).unwrap();
        let yesterday = (today - 1.days()).to_string();
        let mut late = Input::from([("customer", format!("#{}", shop.customer)), ("date", yesterday)]);
        late.rows.insert("sale_line".into(), vec![Input::from([("product", "铜球阀"), ("quantity", "1")])]);
        let late = shop.world.act("何振邦", move |desk| {
            let id = desk.create("sale", &late)?;
            desk.run("sale", id, "post", &Input::default())?;
            Ok(id)
        });
        let late = late.unwrap();
        assert_eq!([before, draft, late].map(|it| owner("sale", it)), [wang, zhao, wang]);

        // What comes back is taken from whom it counted for.
        let mut back =
            Input::from([("customer", format!("#{}", shop.customer)), ("sale", format!("#{before}"))]);
        back.rows
            .insert("sale_return_line".into(), vec![Input::from([("product", "铜球阀"), ("quantity", "1")])]);
        let back = shop.world.act("何振邦", move |desk| {
            let id = desk.create("sale_return", &back)?;
            desk.run("sale_return", id, "post", &Input::default())?;
            Ok(id)
        });
        let back = back.unwrap();
        assert_eq!(owner("sale_return", back), wang);
        assert_eq!(counted(&shop, "sale_return", back), [("王海燕".to_owned(), -2_500)]);
        shop.run("何振邦", "sale_return", back, "reverse", reason()).unwrap();
        shop.run("何振邦", "sale", before, "reverse", reason()).unwrap();
        let figures = shop.world.look("何振邦", |desk| {
            let query = Query::parse("group=customer_owner&measure=amount&sort=-amount").unwrap();
            let figures = desk.figures(desk.report("sales")?, &query, None)?;
            Ok(figures.rows.iter().map(|it| (it[0].int(), it[1].int())).collect::<Vec<_>>())
        });
        assert_eq!(figures.unwrap(), [(zhao, 5_000), (wang, 2_500)]);
        shop.audit();
    });
}
