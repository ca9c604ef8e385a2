//! A company grows: from a file to a server and back, and everything is there.

use model::{Actor, Door, Lang, Query};
use store::{Address, archive, verify};
use tests::{open, plan, postgres};

#[test]
fn the_house_goes_to_a_server_and_back_and_every_table_is_equal() {
    let Some(place) = postgres() else { return };
    let data = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| Address::of(&data.path().join(name), None));
    let server = Address::Server(place.url.clone());
    let actor = Actor::system(Door::System, Lang::Zh);
    let db = open(&one, data.path());
    db.write(&actor, |desk| {
        for n in 0..300 {
            let name = format!("北京金泰格散热器有限公司 {n}");
            let customer = desk.create("customer", &[("name", name.as_str()), ("country", "")].into())?;
            let customer = format!("#{customer}");
            desk.create(
                "contact",
                &[("customer", customer.as_str()), ("name", "曾国藩"), ("remark", "a\n\"b\"")].into(),
            )?;
        }
        Ok(())
    })
    .unwrap();

    let archives = ["there", "back", "again"].map(|name| data.path().join(format!("{name}.tar.gz")));
    let sent = archive::backup(db.store(), &plan(), None, &archives[0]).unwrap();
    archive::restore(&archives[0], &server, &plan(), None, false).unwrap();
    let db = open(&server, data.path());
    let back = archive::backup(db.store(), &plan(), None, &archives[1]).unwrap();
    assert_eq!(verify(db.store(), &plan(), Some(domain::REGISTRY), None, None).unwrap(), []);
    archive::restore(&archives[1], &two, &plan(), None, false).unwrap();
    let db = open(&two, data.path());
    let again = archive::backup(db.store(), &plan(), None, &archives[2]).unwrap();

    assert_eq!(sent.tables["customer"].rows, 300);
    assert!(sent.same_content(&back) && back.same_content(&again));
    assert_eq!(verify(db.store(), &plan(), Some(domain::REGISTRY), None, None).unwrap(), []);
    let query = Query { q: "zeng guofan".into(), ..Query::default() };
    assert_eq!(db.read(&actor, |desk| desk.count("customer", &query)), Ok(300));
}
