//! Many at once on the same record: one wins, the others are told.

use std::sync::Arc;
use std::thread;

use model::{Actor, Error, Input, Result, Value, seed};
use tests::{World, databases};

/// Everybody does the same at the same moment.
fn at_once<R: Send>(people: &[Actor], work: impl Fn(&Actor) -> R + Sync) -> Vec<R> {
    let start = std::sync::Barrier::new(people.len());
    thread::scope(|scope| {
        let one = |actor| {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(actor)
            })
        };
        let threads: Vec<_> = people.iter().map(one).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

/// Further salespeople beside 王海燕.
fn crowd(world: &World, count: usize) -> Vec<Actor> {
    let like = world.person("王海燕").clone();
    let home = like.department;
    let ids: Result<Vec<i64>> = world.db.write(&world.system, move |desk| {
        let one = |n: usize| {
            let home = Some(model::Id::of(home));
            let mut user =
                seed::new_user(&format!("crowd{n}"), &format!("同事{n}"), home, "", model::Lang::Zh);
            desk.trusted().save(&mut user).map(|it| it.0)
        };
        (0..count).map(one).collect()
    });
    ids.unwrap()
        .into_iter()
        .map(|user| Actor { user, rights: Arc::clone(&like.rights), ..like.clone() })
        .collect()
}

#[test]
fn of_sixteen_who_claim_one_customer_exactly_one_gets_it() {
    databases(|db| {
        let world = World::new(db);
        let people = crowd(&world, 16);
        for round in 0..3 {
            let id = world.customer("赵敏", &format!("公司{round}"));
            world.act("赵敏", move |desk| desk.run("customer", id, "release", &Input::default())).unwrap();

            let results = at_once(&people, |actor| {
                db.write(actor, move |desk| desk.run("customer", id, "claim", &Input::default()))
            });

            let winners: Vec<_> = (0..16).filter(|n| results[*n].is_ok()).collect();
            let codes: Vec<_> = results.iter().filter_map(|it| it.as_ref().err()).map(Error::code).collect();
            assert_eq!(winners.len(), 1, "{codes:?}");
            assert!(codes.iter().all(|it| matches!(*it, "wrong_state" | "not_found")), "{codes:?}");
            let owner = Value::Int(people[winners[0]].user);
            let card = world.look("何振邦", move |desk| desk.get("customer", id)).unwrap();
            assert_eq!(card.value("owner"), Some(&owner));
            let history = world.look("何振邦", move |desk| desk.history("customer", id)).unwrap();
            assert_eq!(history.iter().filter(|it| it.kind == "claim").count(), 1);
        }
    });
}

#[test]
fn of_two_who_save_what_both_have_read_the_second_is_told() {
    databases(|db| {
        let world = World::new(db);
        let people = [world.person("王海燕").clone(), world.person("张国栋").clone()];
        let id = world.customer("王海燕", "北京甲");
        for round in 0..10 {
            let version = world.look("王海燕", move |desk| Ok(desk.get("customer", id)?.version)).unwrap();

            let results = at_once(&people, |actor| {
                let input = Input::from([("remark", format!("{} {round}", actor.user))]);
                db.write(actor, move |desk| desk.update("customer", id, Some(version), &input))
            });

            let kept: Vec<_> = (0..2).filter(|n| results[*n].is_ok()).collect();
            assert_eq!(kept.len(), 1, "{results:?}");
            assert!(results.contains(&Err(Error::Conflict { entity: "customer", id })), "{results:?}");
            let remark = Value::from(format!("{} {round}", people[kept[0]].user).as_str());
            let card = world.look("王海燕", move |desk| desk.get("customer", id)).unwrap();
            assert_eq!((card.value("remark"), card.version), (Some(&remark), version + 1));
        }
    });
}

#[test]
fn numbers_given_at_once_are_all_different() {
    databases(|db| {
        let world = World::new(db);
        let people = crowd(&world, 16);

        let ids = at_once(&people, |actor| {
            (0..4)
                .map(|n| {
                    let input = Input::from([("name", format!("公司 {} {n}", actor.user))]);
                    db.write(actor, move |desk| desk.create("customer", &input)).unwrap()
                })
                .collect::<Vec<_>>()
        });

        let numbers = world.look("何振邦", |desk| {
            let number = |id: &i64| Ok(desk.get("customer", *id)?.value("number").unwrap().text().to_owned());
            ids.iter().flatten().map(number).collect::<Result<std::collections::BTreeSet<_>>>()
        });
        let expected = (1..=64).map(|n| format!("KH-{n:06}")).collect();
        assert_eq!(numbers.unwrap(), expected);
    });
}
