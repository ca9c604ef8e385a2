//! No door shows a row or a value outside the actor's rights, whatever is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Access, Actor, Entity, Input, Query, Rights, Value};
use proptest::prelude::*;
use tests::shop::Shop;
use tests::{World, code, databases};

/// Words that people and attackers put into a query.
const VALUES: [&str; 16] = [
    "none",
    "any",
    "me",
    "mydept",
    "公司",
    "1..9",
    "..",
    "-1",
    "A,B",
    "today",
    "last_30_days",
    "this_quarter..",
    "%27%20OR%201=1--",
    "\u{0}",
    "#1",
    "2026-13",
];

fn queries() -> impl Strategy<Value = String> {
    let fields =
        domain::REGISTRY.entity("customer").unwrap().fields.iter().map(|it| it.name).collect::<Vec<_>>();
    let field = prop::sample::select(fields);
    let links = prop::sample::select(vec![
        "owner.name",
        "parent.credit_limit",
        "department.name",
        "owner.password",
        "parent.name",
        "x.y.z",
    ]);
    let name = prop_oneof![
        field.prop_map(str::to_owned),
        links.prop_map(str::to_owned),
        Just("tag".into()),
        Just("follower".into())
    ];
    let sign = prop::sample::select(vec!["=", "!=", ">", "<", "~=", ">="]);
    let term = (name.clone(), sign, prop::sample::select(VALUES.to_vec()))
        .prop_map(|(name, sign, value)| format!("{name}{sign}{value}"));
    let other = prop_oneof![
        name.clone().prop_map(|it| format!("sort=-{it}")),
        name.clone().prop_map(|it| format!("group={it}")),
        name.prop_map(|it| format!("columns=name,{it}")),
        "[a-z公司\"*():^0-9 ]{0,8}".prop_map(|it| format!("q={it}")),
        "\\PC{0,12}".prop_map(|it| format!("after={it}")),
        Just("or=(owner=me%26class=A%26tag=%2500)".to_owned()),
        Just("size=99999&page=0".to_owned()),
    ];
    prop::collection::vec(prop_oneof![3 => term, 2 => other], 0..5).prop_map(|it| it.join("&"))
}

#[test]
fn whatever_is_asked_answers_within_the_rights() {
    databases(|db| {
        let world = World::new(db);
        let mut ids = Vec::new();
        for (n, owner) in ["王海燕", "赵敏", "李建军", "王海燕", "李建军", "赵敏"].into_iter().enumerate()
        {
            ids.push((owner, world.customer(owner, &format!("公司{n}"))));
        }
        let (pooled, all) = (ids[1].1, ids.clone());
        world.act("赵敏", move |desk| desk.run("customer", pooled, "release", &Input::default())).unwrap();
        let mine = |who: &str| -> BTreeSet<i64> {
            let own = all.iter().filter(|it| it.0 == who && it.1 != pooled).map(|it| it.1);
            own.chain([pooled]).collect()
        };
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 300,
            ..ProptestConfig::default()
        });
        let who = prop::sample::select(vec!["王海燕", "李建军"]);

        runner
            .run(&(who, queries()), |(who, text)| {
                let Some(query) = Query::parse(&text) else { return Ok(()) };
                let reach = mine(who);
                let found = world.look(who, |desk| {
                    let list = desk.list("customer", &query)?;
                    let (rows, _) = desk.rows(&list)?;
                    let totals = desk.totals(&list)?;
                    let counted: i64 = desk.groups(&list)?.iter().map(|it| it.totals.count).sum();
                    Ok((rows, totals.count, counted, desk.ids("customer", &query, 0, 100)?))
                });
                match found {
                    Ok((rows, count, counted, ids)) => {
                        prop_assert!(rows.iter().all(|row| reach.contains(&row[0].int())), "{text}");
                        prop_assert!(ids.iter().all(|id| reach.contains(id)), "{text}");
                        prop_assert!(
                            count as usize <= reach.len() && counted as usize <= reach.len(),
                            "{text}"
                        );
                    }
                    Err(error) => prop_assert!(
                        matches!(error.code(), "unknown_field" | "malformed" | "required" | "too_far")
                            || error.code().starts_with("malformed")
                            || error.code().starts_with("unknown")
                            || error.code().starts_with("ambiguous"),
                        "{text}: {error:?}"
                    ),
                }
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn every_door_keeps_a_masked_value() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        let credit = Input::from([("credit_limit", "12345.67"), ("credit_days", "77"), ("reason", "试用")]);
        world.act("周会计", move |desk| desk.run("customer", id, "set_credit", &credit)).unwrap();
        let bank = Input::from([("bank_account", "6222000011112222")]);
        world.act("周会计", move |desk| desk.update("customer", id, None, &bank)).unwrap();
        let def = db.registry().entity("customer").unwrap();

        for preset in db.registry().presets {
            let rights = Arc::new(Rights::of_preset(preset));
            let actor = Actor { rights: rights.clone(), ..world.person("周会计").clone() };
            if !rights.can(def, "read") {
                let found = db.read(&actor, |desk| desk.find_all("甲公司", 5));
                assert!(found.unwrap().is_empty(), "{}", preset.code);
                continue;
            }
            let open = |group: &str| {
                let field = def.fields.iter().find(|it| it.group == Some(group)).unwrap();
                rights.access(def, field) > Access::Mask
            };
            let Ok(card) = db.read(&actor, move |desk| desk.get("customer", id)) else { continue };
            let history = db.read(&actor, move |desk| desk.history("customer", id)).unwrap();
            let query = Query::default();
            let rows = db
                .read(&actor, move |desk| desk.list("customer", &query).and_then(|list| desk.rows(&list)))
                .unwrap()
                .0;
            let holds = |value: &Value| {
                value == &Value::Int(1_234_567)
                    || value == &Value::Int(77)
                    || value == &Value::from("6222000011112222")
            };
            let seen = card.fields.iter().filter_map(|it| it.1.as_ref()).any(holds)
                || rows.iter().flatten().any(holds)
                || history.iter().flat_map(|it| &it.changes).any(|it| holds(&it.new));

            assert_eq!(seen, open("credit") || open("bank"), "{}", preset.code);
        }
    });
}

#[test]
fn a_masked_figure_is_not_found_by_sending_it_back() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        let customer = shop.customer;
        let open = shop.world.person("张国栋").clone();
        let mut rights = (*open.rights).clone();
        rights.grants.get_mut("customer").unwrap().groups.insert("credit".into(), Access::Mask);
        let masked = Actor { rights: rights.into(), ..open.clone() };
        let send = |actor: &Actor, field: &'static str, text: &'static str| {
            let input = Input::from([(field, text)]);
            db.write(actor, move |desk| desk.update("customer", customer, None, &input))
        };

        // Kept and reckoned: what was sold, the limit, what is left of it.
        for (field, right) in [("balance", "100.00"), ("credit_limit", "1000.00"), ("available", "900.00")] {
            send(&open, field, right).unwrap();
            assert_eq!(code(send(&open, field, "77.00")), "forbidden_field", "{field}");
            assert_eq!(code(send(&masked, field, right)), "forbidden_field", "{field}");
        }
    });
}

#[test]
fn sorting_by_a_link_gives_away_nothing_of_a_record_out_of_reach() {
    databases(|db| {
        let world = World::new(db);
        let hidden = world.customer("李建军", "上海乙");
        let id = world.customer("王海燕", "北京甲");
        world.customer("王海燕", "北京丙");
        let parent = Input::from([("parent", format!("#{hidden}"))]);
        world.act("何振邦", move |desk| desk.update("customer", id, None, &parent)).unwrap();

        let next = |who: &str| {
            let query = Query::parse("sort=parent&size=1&columns=name").unwrap();
            world.look(who, |desk| {
                let list = desk.list("customer", &query)?;
                desk.rows(&list)
            })
        };
        let (_, mine) = next("王海燕").unwrap();
        let (_, all) = next("何振邦").unwrap();

        assert_eq!(mine.unwrap(), format!("{id}.n"));
        assert!(all.unwrap().contains(".t"));
    });
}

#[test]
fn a_login_that_may_not_be_read_is_not_found_by_its_letters() {
    databases(|db| {
        let world = World::new(db);
        let customer = db.registry().entity("customer").unwrap();
        let owner = customer.field("owner").unwrap().1;
        let found = |who: &str, typed: &str| {
            let found = world.look(who, |desk| desk.options(customer, owner, typed, &Input::default(), 20));
            found.unwrap().into_iter().map(|it| it.title).collect::<Vec<_>>()
        };

        assert_eq!(found("王海燕", "李建"), ["李建军"]);
        assert_eq!(found("何振邦", "user4"), ["李建军"]);
        for typed in ["u", "user", "user4"] {
            assert!(found("王海燕", typed).is_empty(), "{typed}");
        }
        // Nor is it there as the name of a link, in a filter or on a form.
        world.customer("李建军", "甲公司");
        let count = |who: &str, login: &str| {
            let query = Query::parse(&format!("owner={login}")).unwrap();
            world.look(who, |desk| desk.count("customer", &query)).unwrap()
        };
        assert_eq!(
            (count("何振邦", "user4"), count("吴淑芬", "user4"), count("吴淑芬", "李建军")),
            (1, 0, 1)
        );
    });
}

#[test]
fn work_in_the_background_is_begun_and_written_by_the_program_alone() {
    databases(|db| {
        let world = World::new(db);
        let batch = model::system::ImportBatch::DEF.blank(model::Moment::now());
        let id = world
            .act("何振邦", move |desk| {
                let mut record = <model::system::ImportBatch as model::Entity>::read(&batch)?;
                desk.trusted().save(&mut record)
            })
            .unwrap();

        for (entity, field) in [("job", "kind"), ("import_batch", "plan"), ("access", "query")] {
            let made =
                world.act("何振邦", move |desk| desk.create(entity, &Input::from([(field, "import")])));
            assert_eq!(tests::code(made), "forbidden", "{entity}");
        }
        let plan = Input::from([("plan", "{\"source\":\"/etc/passwd\"}")]);
        let forged = world.act("何振邦", move |desk| desk.update("import_batch", id.0, None, &plan));

        assert_eq!(tests::code(forged), "forbidden_field");
    });
}

#[test]
fn who_may_not_do_it_may_not_take_it_back() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        let reason = Input::from([("reason", "重复")]);
        world.act("张国栋", move |desk| desk.run("customer", id, "close", &reason)).unwrap();
        let event = world.look("张国栋", move |desk| desk.history("customer", id)).unwrap()[0].id;

        let by_sales = world.act("王海燕", move |desk| desk.undo(event));
        let by_manager = world.act("张国栋", move |desk| desk.undo(event));

        assert_eq!(tests::code(by_sales), "forbidden");
        assert_eq!(by_manager, Ok(()));
        let card = world.look("王海燕", move |desk| desk.get("customer", id)).unwrap();
        assert_eq!(card.value("closed"), Some(&Value::Int(0)));
    });
}

#[test]
fn nothing_is_merged_into_a_record_that_may_only_be_read() {
    databases(|db| {
        let world = World::new(db);
        let (own, pooled) = (world.customer("王海燕", "甲公司"), world.customer("李建军", "甲公司上海"));
        world.act("李建军", move |desk| desk.run("customer", pooled, "release", &Input::default())).unwrap();
        world.look("张国栋", move |desk| desk.get("customer", pooled).map(drop)).unwrap();
        let into = Input::from([("into", format!("#{pooled}")), ("take", format!("name={own}"))]);

        let merged = world.act("张国栋", move |desk| desk.run("customer", own, "merge", &into));

        assert_eq!(tests::code(merged), "forbidden");
        let card = world.look("何振邦", move |desk| desk.get("customer", pooled)).unwrap();
        assert_eq!(card.value("name"), Some(&Value::from("甲公司上海")));
    });
}
