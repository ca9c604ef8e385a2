//! The demo company moves from a file to a server and back with the program's own commands, and every table and file is
//! the same.

use crate::program::run;
use app::house::plan;
use model::system::Attachment;
use model::{Actor, Door, Id, Lang, Stamp};
use store::{Address, Db, Settings, archive, files};
use tests::Cluster;

#[test]
fn the_demo_moves_to_a_server_and_back_with_everything() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
    let archives = ["there", "back", "again"].map(|name| folder.path().join(format!("{name}.tar.gz")));
    let [there, back, again] = archives.each_ref().map(|it| it.to_str().unwrap());
    let server = Some(cluster.url());
    let server = server.as_deref();

    assert_eq!(run(&one, None, &["demo"]), 0);
    attach(&one);
    assert_eq!(run(&one, None, &["backup", there]), 0);
    assert_eq!(run(&two, server, &["restore", there]), 0);
    assert_eq!(run(&two, server, &["verify"]), 0);
    assert_eq!(run(&two, server, &["backup", back]), 0);
    assert_eq!(run(&three, None, &["restore", back]), 0);
    assert_eq!(run(&three, None, &["verify"]), 0);
    assert_eq!(run(&three, None, &["backup", again]), 0);

    let [there, back, again] = archives.each_ref().map(|it| archive::check(it, &plan().unwrap()).unwrap());
    assert!(there.same_content(&back) && back.same_content(&again));
    let rows = |table: &str| there.tables[table].rows;
    assert!(
        rows("customer") >= 300 && rows("contact") >= 600 && rows("product") >= 150,
        "{:?}",
        there.tables
    );
    assert_eq!((rows("attachment"), there.files.len()), (2, 2));
    // What is missing is found.
    let hash = there.files.first().unwrap();
    std::fs::remove_file(files::path(&three.join("files"), hash)).unwrap();
    assert_eq!(run(&three, None, &["verify"]), 1);
    assert_eq!(run(&three, None, &["restore", archives[0].to_str().unwrap()]), 1);
    assert_eq!(run(&three, None, &["restore", archives[0].to_str().unwrap(), "--replace"]), 0);
    assert_eq!(run(&three, None, &["verify"]), 0);
}

/// Two files at the first customer.
fn attach(data: &std::path::Path) {
    let address = Address::of(data, None);
    let store = store::open(&address, Settings::of(address.dialect()), &plan().unwrap(), data).unwrap();
    let db = Db::new(store, domain::REGISTRY);
    for (name, content) in [("合同.pdf", "一份合同"), ("照片.png", "一张照片")] {
        let (hash, size) = files::put(&data.join("files"), &mut content.as_bytes()).unwrap();
        let system = Actor::system(Door::System, Lang::Zh);
        db.write(&system, move |desk| {
            let mut file = Attachment {
                id: Id::NEW,
                entity: "customer".into(),
                record: 1,
                name: name.into(),
                hash: hash.clone(),
                size: size as i64,
                mime: "application/octet-stream".into(),
                stamp: Stamp::default(),
            };
            desk.trusted().save(&mut file).map(drop)
        })
        .unwrap();
    }
    db.store().close();
}
