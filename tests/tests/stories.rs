//! The rules of the customer file, in the words of a sales manager; each on both databases.

use domain::crm::Customer;
use domain::crm::contact::Address;
use model::{Access, Desk, Entity, Error, Input, Value};
use tests::{World, code, databases};

#[test]
fn a_customer_needs_a_name_and_starts_without_credit() {
    databases(|db| {
        let world = World::new(db);

        let nameless = world.act("王海燕", |desk| desk.create("customer", &Input::from([("name", " ")])));
        let id = world.customer("王海燕", "北京金泰格散热器有限公司");

        assert_eq!(code(nameless), "required");
        let card = world.look("何振邦", move |desk| desk.get("customer", id)).unwrap();
        assert_eq!(card.value("number"), Some(&Value::from("KH-000001")));
        assert_eq!(card.value("class"), Some(&Value::from("C")));
        assert_eq!(card.value("credit_limit"), Some(&Value::Int(0)));
        assert_eq!(card.value("owner"), Some(&Value::Int(world.person("王海燕").user)));
        assert_eq!(card.value("department"), Some(&Value::Int(world.person("王海燕").department)));
    });
}

#[test]
fn a_new_customer_has_the_addresses_that_came_with_it_and_that_follow_at_once() {
    databases(|db| {
        let world = World::new(db);

        let addresses = world.act("王海燕", |desk| {
            let addresses =
                |desk: &mut Desk, id| desk.rows_of(Customer::DEF, id, Address::DEF).map(|it| it.len());
            let mut input = Input::from([("name", "瑞丰建材")]);
            let alone = desk.create("customer", &input)?;
            let before = addresses(desk, alone)?;
            desk.create(
                "address",
                &Input::from([("customer", &*format!("#{alone}")), ("address", "建国路1号")]),
            )?;
            input.set("name", "金泰格散热器");
            input.rows.insert("address".into(), vec![Input::from([("address", "人民路2号")])]);
            let together = desk.create("customer", &input)?;
            Ok([before, addresses(desk, together)?, addresses(desk, alone)?])
        });

        assert_eq!(addresses.unwrap(), [0, 1, 1]);
    });
}

#[test]
fn nobody_sets_credit_on_the_side() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "瑞丰建材");
        let credit = Input::from([("credit_limit", "50,000"), ("credit_days", "30"), ("reason", "老客户")]);

        let written = world.act("何振邦", move |desk| {
            desk.update("customer", id, None, &Input::from([("credit_limit", "500000.00")]))
        });
        let (by_sales, by_finance) = (credit.clone(), credit);
        let sales = world.act("王海燕", move |desk| desk.run("customer", id, "set_credit", &by_sales));
        world.act("周会计", move |desk| desk.run("customer", id, "set_credit", &by_finance)).unwrap();

        assert_eq!(code(written), "forbidden_field");
        assert_eq!(code(sales), "forbidden");
        let card = world.look("王海燕", move |desk| desk.get("customer", id)).unwrap();
        assert_eq!(card.value("credit_limit"), Some(&Value::Int(5_000_000)));
        let history = world.look("王海燕", move |desk| desk.history("customer", id)).unwrap();
        assert_eq!((history[0].kind.as_str(), history[0].reason.as_deref()), ("set_credit", Some("老客户")));
    });
}

#[test]
fn a_salesperson_sees_own_customers_and_the_pool_and_no_more() {
    databases(|db| {
        let world = World::new(db);
        world.customer("王海燕", "北京甲");
        let hidden = world.customer("李建军", "上海乙");
        let pooled = world.customer("赵敏", "北京丙");
        world.act("赵敏", move |desk| desk.run("customer", pooled, "release", &Input::default())).unwrap();

        let seen = world.titles("王海燕", "sort=id");
        let foreign = world.look("王海燕", move |desk| desk.get("customer", hidden).map(drop));
        let history = world.look("王海燕", move |desk| desk.history("customer", hidden).map(drop));
        let update = Input::from([("name", "改名")]);
        let written = world.act("王海燕", move |desk| desk.update("customer", pooled, None, &update));

        assert_eq!(seen, ["北京甲", "北京丙"]);
        assert_eq!((code(foreign), code(history)), ("not_found", "not_found"));
        assert_eq!(code(written), "forbidden");
        assert_eq!(world.titles("张国栋", "sort=id"), ["北京甲", "北京丙"]);
        assert_eq!(world.titles("何振邦", "sort=id").len(), 3);
    });
}

#[test]
fn who_leaves_hands_all_customers_over_with_their_history() {
    databases(|db| {
        let world = World::new(db);
        let ids = ["甲公司", "乙公司", "丙公司"].map(|name| world.customer("王海燕", name));
        let to = format!("#{}", world.person("赵敏").user);

        let results = world.act("张国栋", move |desk| {
            desk.run_each(
                "customer",
                &ids,
                "transfer",
                &Input::from([("to", to.as_str()), ("reason", "离职")]),
            )
        });

        assert!(results.unwrap().iter().all(|it| it.1.is_ok()));
        assert_eq!(world.titles("王海燕", "").len(), 0);
        assert_eq!(world.titles("赵敏", "owner=me").len(), 3);
        let history = world.look("赵敏", move |desk| desk.history("customer", ids[0])).unwrap();
        let owner = history[0].changes.iter().find(|it| it.field.name == "owner").unwrap();
        assert_eq!(owner.old, Value::Int(world.person("王海燕").user));
        assert_eq!(history[0].reason.as_deref(), Some("离职"));
    });
}

#[test]
fn a_batch_reports_each_refusal_and_does_the_rest() {
    databases(|db| {
        let world = World::new(db);
        let (open, closed) = (world.customer("王海燕", "甲公司"), world.customer("王海燕", "乙公司"));
        let reason = Input::from([("reason", "duplicate")]);
        world.act("张国栋", move |desk| desk.run("customer", closed, "close", &reason)).unwrap();
        let to = format!("#{}", world.person("赵敏").user);

        let results = world.act("张国栋", move |desk| {
            desk.run_each(
                "customer",
                &[open, closed, 999],
                "transfer",
                &Input::from([("to", to.as_str()), ("reason", "调岗")]),
            )
        });

        let codes: Vec<_> = results
            .unwrap()
            .into_iter()
            .map(|it| it.1.map_or_else(|error| error.code(), |()| "done"))
            .collect();
        assert_eq!(codes, ["done", "wrong_state", "not_found"]);
    });
}

#[test]
fn a_customer_is_claimed_from_the_pool_within_the_quota() {
    databases(|db| {
        let world = World::new(db);
        let ids = ["甲公司", "乙公司"].map(|name| world.customer("赵敏", name));
        for id in ids {
            world.act("赵敏", move |desk| desk.run("customer", id, "release", &Input::default())).unwrap();
        }
        let limit = Input::from([("name", "claim_held"), ("value", "1")]);
        db.write(&world.system, move |desk| desk.create("parameter", &limit)).unwrap();

        let [first, second] = ids.map(|id| {
            world.act("王海燕", move |desk| desk.run("customer", id, "claim", &Input::default()))
        });

        assert_eq!(first, Ok(()));
        assert_eq!(code(second), "claim_limit");
        assert_eq!(world.titles("王海燕", "owner=me"), ["甲公司"]);
    });
}

#[test]
fn who_may_not_register_hands_in_and_the_clerk_registers_in_a_batch() {
    databases(|db| {
        let world = World::new(db);
        let ids = ["甲公司", "乙公司"].map(|name| world.customer("王海燕", name));
        let waiting = world.titles("吴淑芬", "registration=handed_in");

        world
            .act("吴淑芬", move |desk| desk.run_each("customer", &ids, "register", &Input::default()))
            .unwrap();

        assert_eq!(waiting.len(), 2);
        assert_eq!(world.titles("吴淑芬", "registration=handed_in").len(), 0);
    });
}

#[test]
fn a_wrong_credit_code_is_kept_and_listed_and_a_damaged_one_refused() {
    databases(|db| {
        let world = World::new(db);
        let codes = ["91350100M000100Y43", "91350100M000100Y44"];
        for (n, tax) in codes.into_iter().enumerate() {
            let name = format!("公司{n}");
            let input = Input::from([("name", name.as_str()), ("tax_number", tax)]);
            world.act("吴淑芬", move |desk| desk.create("customer", &input)).unwrap();
        }

        let damaged = Input::from([("name", "丙公司"), ("tax_number", "9.1350100M+17"), ("country", "CN")]);
        let damaged = world.act("吴淑芬", move |desk| desk.create("customer", &damaged));
        let excel = Input::from([("name", "丁公司"), ("tax_number", "9.15E+17")]);
        let excel = world.act("吴淑芬", move |desk| desk.create("customer", &excel));

        assert_eq!(
            world.titles("吴淑芬", "tax_check=wrong"),
            if damaged.is_ok() { vec!["丙公司", "公司1"] } else { vec!["公司1"] }
        );
        assert_eq!(code(excel), "damaged_number");
    });
}

#[test]
fn two_who_save_the_second_learns_of_it() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        let update = |phone: &'static str| {
            move |desk: &mut model::Desk| {
                desk.update("customer", id, Some(1), &Input::from([("phone", phone)]))
            }
        };

        let (first, second) =
            (world.act("王海燕", update("13810926621")), world.act("张国栋", update("13910926621")));

        assert_eq!(first, Ok(()));
        assert!(matches!(second, Err(Error::Conflict { .. })));
    });
}

#[test]
fn what_others_refer_to_is_not_deleted() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("吴淑芬", "甲公司");
        let customer = format!("#{id}");
        let contact = Input::from([("customer", customer.as_str()), ("name", "刘建平")]);
        let contact = world.act("吴淑芬", move |desk| desk.create("contact", &contact)).unwrap();

        let refused = world.act("吴淑芬", move |desk| desk.delete("customer", id, None));
        world.act("吴淑芬", move |desk| desk.delete("contact", contact, None)).unwrap();
        let done = world.act("吴淑芬", move |desk| desk.delete("customer", id, None));

        let Err(Error::InUse(by)) = refused else { panic!("{refused:?}") };
        assert_eq!((by[0].entity, by[0].count), ("contact", 1));
        assert_eq!(done, Ok(()));
    });
}

#[test]
fn a_merge_moves_what_hangs_on_the_loser_and_can_be_undone() {
    databases(|db| {
        let world = World::new(db);
        let (winner, loser) = (world.customer("吴淑芬", "金泰格"), world.customer("吴淑芬", "金泰格散热器"));
        let customer = format!("#{loser}");
        let contact = Input::from([("customer", customer.as_str()), ("name", "刘建平")]);
        let contact = world.act("吴淑芬", move |desk| desk.create("contact", &contact)).unwrap();
        let into = Input::from([("into", format!("#{winner}"))]);

        world.act("吴淑芬", move |desk| desk.run("customer", loser, "merge", &into)).unwrap();
        let moved = world.look("吴淑芬", move |desk| desk.get("contact", contact)).unwrap();
        let event = world.look("吴淑芬", move |desk| desk.history("customer", loser)).unwrap().remove(0);
        let batch = event.batch.clone().unwrap();
        world
            .act("吴淑芬", move |desk| {
                let events = desk.batch_events(&batch, i64::MAX, 100)?;
                events.into_iter().try_for_each(|event| desk.undo(event))
            })
            .unwrap();
        let back = world.look("吴淑芬", move |desk| desk.get("contact", contact)).unwrap();

        assert_eq!(moved.value("customer"), Some(&Value::Int(winner)));
        assert_eq!(back.value("customer"), Some(&Value::Int(loser)));
        let card = world.look("吴淑芬", move |desk| desk.get("customer", loser)).unwrap();
        assert_eq!(card.value("closed"), Some(&Value::Int(0)));
    });
}

#[test]
fn a_merge_keeps_the_values_that_were_chosen_and_gives_everything_back() {
    databases(|db| {
        let world = World::new(db);
        let (winner, loser) = (world.customer("吴淑芬", "金泰格"), world.customer("吴淑芬", "金泰格散热器"));
        let target = loser.to_string();
        let prepare = world.act("吴淑芬", move |desk| {
            desk.update(
                "customer",
                winner,
                None,
                &Input::from([("phone", "01060284417"), ("address", "旧址")]),
            )?;
            desk.update("customer", loser, None, &Input::from([("address", "西红门鼎业路 9 号")]))?;
            for (entity, field, value) in [("note", "text", "每月 25 日对账"), ("tag", "name", "月结")]
            {
                let input = [("entity", "customer"), ("record", target.as_str()), (field, value)];
                desk.create(entity, &Input::from(input))?;
            }
            let tag = [("entity", "customer"), ("record", &winner.to_string()), ("name", "月结")];
            desk.create("tag", &Input::from(tag)).map(drop)
        });
        prepare.unwrap();
        let take = format!("name={loser} address={loser} phone={winner}");
        let forbidden = format!("credit_limit={loser}");
        let into = move |take: &str| Input::from([("into", format!("#{winner}")), ("take", take.to_owned())]);
        let hung = |id: i64| {
            let found = world.look("吴淑芬", |desk| {
                let notes: Vec<model::system::Note> = desk.attached("customer", id)?;
                let tags: Vec<model::system::Tag> = desk.attached("customer", id)?;
                Ok((notes.len(), tags.len()))
            });
            found.unwrap()
        };

        let refused =
            world.act("吴淑芬", move |desk| desk.run("customer", loser, "merge", &into(&forbidden)));
        world.act("吴淑芬", move |desk| desk.run("customer", loser, "merge", &into(&take))).unwrap();
        let merged = world.look("吴淑芬", move |desk| desk.get("customer", winner)).unwrap();
        let hung_merged = (hung(winner), hung(loser));
        let event = world.look("吴淑芬", move |desk| desk.history("customer", loser)).unwrap().remove(0);
        let batch = event.batch.unwrap();
        let undo = world.act("吴淑芬", move |desk| {
            let events = desk.batch_events(&batch, i64::MAX, 100)?;
            events.into_iter().try_for_each(|event| desk.undo(event))
        });

        assert_eq!(code(refused), "forbidden_field");
        let values = ["name", "address", "phone"].map(|it| merged.value(it).cloned().unwrap());
        assert_eq!(values, ["金泰格散热器", "西红门鼎业路 9 号", "010-60284417"].map(Value::from));
        assert_eq!(hung_merged, ((1, 1), (0, 1)));
        undo.unwrap();
        assert_eq!((hung(winner), hung(loser)), ((0, 1), (1, 1)));
        let back = world.look("吴淑芬", move |desk| desk.get("customer", winner)).unwrap();
        assert_eq!(back.value("name"), Some(&Value::from("金泰格")));
    });
}

#[test]
fn a_change_is_undone_unless_something_was_built_on_it() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        for phone in ["13810926621", "13910926621"] {
            let input = Input::from([("phone", phone)]);
            world.act("王海燕", move |desk| desk.update("customer", id, None, &input)).unwrap();
        }
        let events = world.look("王海燕", move |desk| desk.history("customer", id)).unwrap();
        let (last, first) = (events[0].id, events[1].id);

        let too_late = world.act("王海燕", move |desk| desk.undo(first));
        let undone = world.act("王海燕", move |desk| desk.undo(last));

        assert_eq!(code(too_late), "changed_since");
        assert_eq!(undone, Ok(()));
        let card = world.look("王海燕", move |desk| desk.get("customer", id)).unwrap();
        assert_eq!(card.value("phone"), Some(&Value::from("13810926621")));
    });
}

#[test]
fn what_is_hidden_on_the_card_is_unknown_everywhere() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        let credit = Input::from([("credit_limit", "50000"), ("credit_days", "30"), ("reason", "试用")]);
        world.act("周会计", move |desk| desk.run("customer", id, "set_credit", &credit)).unwrap();
        let mut reader = world.person("周会计").clone();
        let preset = db.registry().presets.iter().find(|it| it.code == "reader").unwrap();
        reader.rights = std::sync::Arc::new(model::Rights::of_preset(preset));

        let card = db.read(&reader, move |desk| desk.get("customer", id)).unwrap();
        let history = db.read(&reader, move |desk| desk.history("customer", id)).unwrap();
        let by = |query: &'static str| {
            db.read(&reader, move |desk| {
                desk.list("customer", &model::Query::parse(query).unwrap()).map(drop)
            })
        };

        assert_eq!(card.value("credit_limit"), None);
        assert!(card.fields.iter().all(|it| it.0.name != "bank_account"));
        assert!(history.iter().all(|it| it.changes.iter().all(|change| change.field.name != "credit_limit")));
        assert_eq!(history[0].hidden, 2);
        for query in [
            "credit_limit=1..",
            "sort=-credit_limit",
            "group=credit_grade",
            "columns=bank_account",
            "bank_name=any",
        ] {
            assert_eq!(code(by(query)), "unknown_field", "{query}");
        }
        let field = db.registry().entity("customer").unwrap().field("credit_limit").unwrap().1;
        assert_eq!(reader.rights.access(db.registry().entity("customer").unwrap(), field), Access::Mask);
    });
}

#[test]
fn anybody_is_found_by_two_letters_of_pinyin() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "北京金泰格散热器有限公司");
        world.customer("王海燕", "重庆长安单氏暖通");
        world.customer("李建军", "上海金泰贸易");
        let (customer, mobile) = (format!("#{id}"), "138 1092 6621");
        let contact = Input::from([("customer", customer.as_str()), ("name", "曾国藩"), ("mobile", mobile)]);
        world.act("王海燕", move |desk| desk.create("contact", &contact)).unwrap();

        for words in ["bjjtg", "jintai", "金泰", "jt", "散热器", "6621", "曾国", "zgf", "kh-000001"] {
            assert_eq!(
                world.titles("王海燕", &format!("q={words}")),
                ["北京金泰格散热器有限公司"],
                "{words}"
            );
        }
        assert_eq!(world.titles("王海燕", "q=cqca"), ["重庆长安单氏暖通"]);
        assert_eq!(world.titles("何振邦", "q=jintai").len(), 2);
    });
}

#[test]
fn the_card_of_a_past_day_shows_what_was_known_then() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        let input = Input::from([("name", "甲新公司")]);
        world.act("王海燕", move |desk| desk.update("customer", id, None, &input)).unwrap();
        let backdate =
            model::Sql::new("UPDATE event SET at = '2026-02-01T00:00:00.000Z' WHERE kind = 'update'");
        let born = model::Sql::new("UPDATE customer SET created = '2026-01-01T00:00:00.000Z'");
        db.store()
            .write(move |conn| {
                conn.execute(&backdate.text(), &[])?;
                conn.execute(&born.text(), &[])
            })
            .unwrap();

        let day = |text: &str| text.parse().unwrap();
        let before = world.look("王海燕", move |desk| desk.as_of("customer", id, day("2026-01-15"))).unwrap();
        let after = world.look("王海燕", move |desk| desk.as_of("customer", id, day("2026-02-15"))).unwrap();
        let unborn =
            world.look("王海燕", move |desk| desk.as_of("customer", id, day("2025-12-15")).map(drop));

        assert_eq!((before.title.as_str(), after.title.as_str()), ("甲公司", "甲新公司"));
        assert!(!before.editable);
        assert_eq!(code(unborn), "not_found");
    });
}

/// Moves everything that happened so far to a day in the past: its end is the moment before what happens next.
fn long_ago(db: &store::Db, day: &str) {
    let at = format!("{day}T04:00:00.000Z");
    db.store()
        .write(move |conn| {
            conn.execute("UPDATE customer SET created = $1", &[at.as_str().into()])?;
            conn.execute("UPDATE address SET created = $1 WHERE created > $1", &[at.as_str().into()])?;
            conn.execute("UPDATE event SET at = $1 WHERE at > $1", &[at.as_str().into()])
        })
        .unwrap();
}

#[test]
fn addresses_too_are_shown_as_they_were_on_a_day() {
    databases(|db| {
        let world = World::new(db);
        let row = |id: i64, address: &str| {
            let mut row = Input::from([("address", address), ("purpose", "送货")]);
            if id != 0 {
                row.set("id", format!("#{id}"));
            }
            row
        };
        let (def, customer) =
            (db.registry().entity("address").unwrap(), db.registry().entity("customer").unwrap());
        let mut input = Input::from([("name", "甲公司")]);
        input.rows.insert("address".into(), vec![row(0, "一号库"), row(0, "二号库")]);
        let id = world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        let at = |id: i64, day: Option<&str>| {
            let day = day.map(|it| it.parse().unwrap());
            let rows = world.look("王海燕", move |desk| desk.rows_at(customer, id, def, day)).unwrap();
            assert!(day.is_none() || rows.iter().all(|it| !it.editable && it.verbs.is_empty()));
            let then = |it: &model::Card| day.is_none() || it.value("created").unwrap().text() < "2026-04";
            assert!(rows.iter().all(|it| it.version > 0 && then(it)));
            rows.into_iter().map(|it| (it.id, it.title)).collect::<Vec<_>>()
        };
        let first = at(id, None);
        long_ago(db, "2026-01-10");

        // One goes, one changes, one comes; then the changed one goes, too.
        let save = |rows: Vec<Input>| {
            let mut change = Input::default();
            change.rows.insert("address".into(), rows);
            world.act("王海燕", move |desk| desk.update("customer", id, None, &change)).unwrap();
        };
        save(vec![row(first[1].0, "二号新库"), row(0, "三号库")]);
        let second = at(id, None);
        let before: i64 = world.look("王海燕", move |desk| Ok(desk.history("customer", id)?[0].id)).unwrap();
        db.store()
            .write(move |conn| {
                let sql =
                    "UPDATE address SET created = '2026-02-10T04:00:00.000Z' WHERE created > '2026-01-11'";
                conn.execute(sql, &[])?;
                let sql =
                    "UPDATE event SET at = '2026-02-10T04:00:00.000Z' WHERE id <= $1 AND at > '2026-01-11'";
                conn.execute(sql, &[before.into()])
            })
            .unwrap();
        save(vec![row(second[1].0, "三号库")]);

        assert_eq!(second.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(), ["二号新库", "三号库"]);
        assert_eq!((at(id, Some("2026-01-20")), at(id, Some("2026-02-20"))), (first.clone(), second));
        assert_eq!(at(id, None).len(), 1);

        // What a merge gave away is there again as well, and not yet where it went.
        let into = world.customer("王海燕", "甲公司总部");
        long_ago(db, "2026-03-10");
        let (own, gone) = (at(id, None), at(into, None));
        let take = Input::from([("into", format!("#{into}")), ("take", String::new())]);
        world.act("张国栋", move |desk| desk.run("customer", id, "merge", &take)).unwrap();
        assert_eq!((at(id, None).len(), at(into, None).len()), (0, 1));
        assert_eq!((at(id, Some("2026-03-20")), at(into, Some("2026-03-20"))), (own, gone));
        let unseen =
            world.look("李建军", |desk| desk.rows_at(customer, id, def, "2026-01-20".parse().ok()));
        assert_eq!(code(unseen.map(drop)), "not_found");
    });
}

#[test]
fn a_custom_field_is_a_field_like_any_other() {
    databases(|db| {
        let world = World::new(db);
        let field = [
            ("entity", "customer"),
            ("field", "boilers"),
            ("name", "锅炉台数"),
            ("kind", "int"),
            ("in_list", "true"),
        ];
        db.write(&world.system, move |desk| desk.create("custom_field", &Input::from(field))).unwrap();

        for (name, count) in [("甲公司", "3"), ("乙公司", "12")] {
            let input = Input::from([("name", name), ("x_boilers", count)]);
            world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        }
        let wrong = Input::from([("name", "丙公司"), ("x_boilers", "三台")]);
        let wrong = world.act("王海燕", move |desk| desk.create("customer", &wrong));

        assert_eq!(world.titles("王海燕", "x_boilers=10.."), ["乙公司"]);
        assert_eq!(world.titles("王海燕", "sort=-x_boilers"), ["乙公司", "甲公司"]);
        assert_eq!(code(wrong), "malformed_number");
    });
}

#[test]
fn a_region_means_all_below_it_and_names_sort_by_pinyin() {
    databases(|db| {
        let world = World::new(db);
        for (name, region) in [("张家口暖通", "110115"), ("阿里暖通", "110000"), ("李家暖通", "310000")]
        {
            let input = Input::from([("name", name), ("region", region)]);
            world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        }

        assert_eq!(world.titles("王海燕", "region=110000&sort=name"), ["阿里暖通", "张家口暖通"]);
        assert_eq!(world.titles("王海燕", "sort=name"), ["阿里暖通", "李家暖通", "张家口暖通"]);
        assert_eq!(world.titles("王海燕", "sort=-name&region=大兴区"), ["张家口暖通"]);
    });
}

#[test]
fn a_place_is_said_with_the_city_above_it() {
    databases(|db| {
        let world = World::new(db);
        let field = domain::REGISTRY.entity("customer").unwrap().field("region").unwrap().1;
        let said =
            |region: &str| world.look("王海燕", |desk| desk.shown(field, &Value::from(region))).unwrap();

        assert_eq!([said("110115"), said("310000")], ["北京 大兴", "上海"]);
    });
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    databases(|db| {
        let world = World::new(db);
        for n in 0..25 {
            let (name, phone) = (format!("公司{n:02}"), format!("1381092{:04}", n / 3));
            let input = if n % 4 == 0 {
                Input::from([("name", name)])
            } else {
                Input::from([("name", name), ("phone", phone)])
            };
            world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        }

        for sort in
            ["name", "-name", "phone", "-phone", "-phone,name", "owner,-name", "stage,class", "-created"]
        {
            let mut query = model::Query::parse(&format!("sort={sort}&size=4")).unwrap();
            let mut seen = Vec::new();
            loop {
                let page = query.clone();
                let (ids, next) = world
                    .look("王海燕", move |desk| {
                        let list = desk.list("customer", &page)?;
                        let (rows, next) = desk.rows(&list)?;
                        Ok((rows.iter().map(|row| row[0].int()).collect::<Vec<_>>(), next))
                    })
                    .unwrap();
                seen.extend(ids);
                match next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
            let mut whole = seen.clone();
            whole.sort_unstable();
            whole.dedup();
            assert_eq!((seen.len(), whole.len()), (25, 25), "{sort}");
        }
    });
}

#[test]
fn child_rows_come_and_go_with_their_record() {
    databases(|db| {
        let world = World::new(db);
        let mut input = Input::from([("name", "甲公司")]);
        let row = |address: &str| Input::from([("address", address), ("purpose", "送货")]);
        input.rows.insert("address".into(), vec![row("一号库"), row("二号库")]);
        let id = world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        let def = db.registry().entity("address").unwrap();
        let customer = db.registry().entity("customer").unwrap();
        let addresses = |who: &str| world.look(who, move |desk| desk.rows_of(customer, id, def));
        let kept = addresses("王海燕").unwrap()[1].id;

        let mut change = Input::default();
        let mut second = row("二号新库");
        second.set("id", format!("#{kept}"));
        change.rows.insert("address".into(), vec![second]);
        world.act("王海燕", move |desk| desk.update("customer", id, None, &change)).unwrap();

        let left: Vec<_> = addresses("王海燕").unwrap().into_iter().map(|it| (it.id, it.title)).collect();
        assert_eq!(left, [(kept, "二号新库".to_owned())]);
        assert_eq!(code(addresses("李建军").map(drop)), "not_found");
        let history = world.look("王海燕", move |desk| desk.history("customer", id)).unwrap();
        assert!(history.iter().any(|it| it.kind == "delete" && it.part.is_some()));
    });
}

#[test]
fn a_colleague_on_the_team_sees_or_edits_until_the_day_it_ends() {
    databases(|db| {
        let world = World::new(db);
        let id = world.customer("王海燕", "甲公司");
        let user = format!("#{}", world.person("李建军").user);
        let member = move |edit: &str, until: &str| {
            let record = id.to_string();
            let pairs = [
                ("entity", "customer"),
                ("record", record.as_str()),
                ("user", user.as_str()),
                ("edit", edit),
                ("until", until),
            ];
            Input::from(pairs)
        };
        let (past, reading) = (member("true", "2020-01-01"), member("false", ""));

        world.act("王海燕", move |desk| desk.create("team", &past)).unwrap();
        let expired = world.titles("李建军", "").len();
        world.act("王海燕", move |desk| desk.create("team", &reading)).unwrap();
        let update = Input::from([("remark", "协作")]);
        let written = world.act("李建军", move |desk| desk.update("customer", id, None, &update));

        assert_eq!((expired, world.titles("李建军", "").len()), (0, 1));
        assert_eq!(code(written), "forbidden");
    });
}

#[test]
fn a_code_in_use_can_only_be_disabled() {
    databases(|db| {
        let world = World::new(db);
        let input = Input::from([("name", "甲公司"), ("region", "310000")]);
        world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        let region = world.look("何振邦", |desk| {
            let list = desk.list("code_entry", &model::Query::parse("code=310000").unwrap_or_default())?;
            Ok(desk.rows(&list)?.0[0][0].int())
        });
        let region = region.unwrap();

        let deleted = world.act("何振邦", move |desk| desk.delete("code_entry", region, None));
        let closed = Input::from([("closed", "true")]);
        world.act("何振邦", move |desk| desk.update("code_entry", region, None, &closed)).unwrap();
        let again = Input::from([("name", "乙公司"), ("region", "310000")]);
        let again = world.act("王海燕", move |desk| desk.create("customer", &again));

        assert_eq!(code(deleted), "in_use");
        assert_eq!(code(again), "disabled_code");
    });
}

#[test]
fn what_nobody_can_see_is_taken_out_of_a_name_and_too_much_is_refused() {
    databases(|db| {
        let world = World::new(db);
        let odd = Input::from([("name", "\u{202e}甲\u{200b}公司\u{0}")]);
        let long = Input::from([("name", "长".repeat(10_000))]);

        let id = world.act("王海燕", move |desk| desk.create("customer", &odd)).unwrap();
        let refused = world.act("王海燕", move |desk| desk.create("customer", &long));

        assert_eq!(world.look("王海燕", move |desk| desk.get("customer", id)).unwrap().title, "甲公司");
        assert_eq!(code(refused), "too_long");
    });
}
