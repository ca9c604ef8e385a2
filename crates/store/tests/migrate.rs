//! Migrations, backups and what is found in a database, on both.

mod both;

use std::path::Path;

use both::stores;
use model::schema::{Schema, diff, parse, write};
use model::{Conn, Dialect, Error, Result, Value};
use store::archive::{self, Keep};
use store::{Address, Plan, Settings, Store};

const FIRST: &str = "\
table unit
  id id
  name text
  above int? -> unit
  head int? -> person
  unique name

table person
  id id
  number text
  name text
  remark text?
  unit int -> unit
  kind text = \"staff\"
  unique number
  unique unit name
  index name id
  index unit id
  search open private

table number
  series text key
  last int

table balance
  of int key -> person
  amount int
";

const SECOND: &str = "\
add person.credit int = 5
add person.boss int? -> person
change person.remark text = \"none\"
remove person.kind
drop from person index name id
add to person index remark id
drop table balance
search person open
create table note
  id id
  person int -> person
  text text
";

fn nothing(_: &mut dyn Conn, _: &str) -> Result<()> {
    Ok(())
}

/// Indexes people by name, as an engine would.
fn index(conn: &mut dyn Conn, table: &str) -> Result<()> {
    assert_eq!(table, "person");
    let sql = match conn.dialect() {
        Dialect::Sqlite => "INSERT INTO person_search (rowid, open) SELECT id, name FROM person",
        Dialect::Postgres => {
            "INSERT INTO person_search (id, open) SELECT id, to_tsvector('simple', name) FROM person"
        }
    };
    conn.execute(sql, &[]).map(drop)
}

fn first() -> Plan {
    let text = write(&diff(&Schema::default(), &FIRST.parse().unwrap()));
    Plan::read(&[&text], nothing).unwrap()
}

fn second() -> Plan {
    let text = write(&diff(&Schema::default(), &FIRST.parse().unwrap()));
    Plan::read(&[&text, SECOND], index).unwrap()
}

fn open(address: &Address, plan: &Plan, data: &Path) -> Result<Store> {
    store::open(address, Settings::of(address.dialect()), plan, data)
}

fn rows(db: &Store, sql: &str) -> Vec<Vec<Value>> {
    let mut all = Vec::new();
    db.read(|conn| {
        conn.query(sql, &[], &mut |row| {
            all.push((0..row.width()).map(|n| row.cell(n).into()).collect());
            Ok(())
        })
    })
    .unwrap();
    all
}

fn run(db: &Store, all: &[&str]) {
    let all: Vec<String> = all.iter().map(|sql| (*sql).to_owned()).collect();
    db.write(move |conn| all.iter().try_for_each(|sql| conn.execute(sql, &[]).map(drop))).unwrap();
}

/// Every kind of value, links in a circle, and an id that was given and taken back.
fn fill(db: &Store) {
    run(
        db,
        &[
            "INSERT INTO unit (name) VALUES ('总部'), ('it''s \"north\"\n\t\\ 😀')",
            "INSERT INTO person (number, name, remark, unit, kind) VALUES ('P1', '', NULL, 1, 'staff'), ('P2', '单', 'r', 2, 'head')",
            "UPDATE unit SET head = 2, above = 1 WHERE id = 2",
            "INSERT INTO person (number, name, unit, kind) VALUES ('P3', 'gone', 1, 'staff')",
            "DELETE FROM person WHERE number = 'P3'",
            "INSERT INTO number (series, last) VALUES ('person', 9223372036854775807), ('unit', -9223372036854775807)",
            "INSERT INTO balance (of, amount) VALUES (2, -12345)",
        ],
    );
}

const TABLES: [&str; 4] = [
    "SELECT id, name, above, head FROM unit ORDER BY id",
    "SELECT id, number, name, remark, unit, kind FROM person ORDER BY id",
    "SELECT series, last FROM number ORDER BY series",
    "SELECT of, amount FROM balance ORDER BY of",
];

#[test]
fn a_schema_reads_as_it_is_written() {
    let schema: Schema = FIRST.parse().unwrap();
    let steps = diff(&Schema::default(), &schema);

    assert_eq!(schema.to_string(), FIRST);
    assert_eq!(parse(&write(&steps)).unwrap(), steps);
    assert_eq!(write(&parse(SECOND).unwrap()), SECOND);
    assert!("table a\n  id id\n  b int -> c\n".parse::<Schema>().unwrap().check().is_err());
    assert!("table a; drop\n".parse::<Schema>().is_err());
    assert!("table A\n  id id\n".parse::<Schema>().unwrap().check().is_err());
}

#[test]
fn the_difference_leads_from_the_one_to_the_other() {
    let (old, new) = (second().schema(1).unwrap(), second().schema(2).unwrap());
    for (from, to) in [(&old, &new), (&new, &old), (&Schema::default(), &new), (&new, &Schema::default())] {
        let mut schema = from.clone();
        let steps = parse(&write(&diff(from, to))).unwrap();
        steps.iter().for_each(|step| schema.step(step).unwrap());

        assert_eq!(schema.sorted(), to.clone().sorted());
    }
}

#[test]
fn a_new_database_has_exactly_the_schema() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        let db = open(address, &first(), data.path()).unwrap();

        let found = db.read(store::schema).unwrap();
        assert_eq!(
            found.sorted().to_string(),
            FIRST.parse::<Schema>().unwrap().sorted().to_string().replace(" = \"staff\"", "")
        );
    });
}

#[test]
fn an_upgrade_keeps_the_rows_and_ends_at_the_schema() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        let db = open(address, &first(), data.path()).unwrap();
        fill(&db);
        db.close();

        let db = open(address, &second(), data.path()).unwrap();

        let found = db.read(store::schema).unwrap();
        let wanted = second().schema(2).unwrap().sorted();
        assert!(diff(&found, &wanted).is_empty(), "{}", write(&diff(&found, &wanted)));
        let people = rows(&db, "SELECT id, remark, credit, boss FROM person ORDER BY id");
        let row = |id, remark: &str| vec![Value::Int(id), Value::from(remark), Value::Int(5), Value::Null];
        assert_eq!(people, [row(1, "none"), row(2, "r")]);
        run(
            &db,
            &["INSERT INTO person (number, name, remark, unit, credit) VALUES ('P4', 'four', '', 1, 0)"],
        );
        assert_eq!(rows(&db, "SELECT MAX(id) FROM person"), [[Value::Int(4)]]);
        let lost = db.write(|conn| conn.execute("DELETE FROM unit WHERE id = $1", &[Value::Int(1)]));
        assert_eq!(lost, Err(Error::InUse(Vec::new())));
        let twice = db.write(|conn| {
            conn.execute("INSERT INTO person (number, name, remark, unit, credit) SELECT 'P9', name, '', unit, 0 FROM person WHERE id = $1", &[Value::Int(2)])
        });
        assert_eq!(twice, Err(Error::Duplicate { place: "person.unit.name".into() }));
        assert_eq!(std::fs::read_dir(data.path().join("snapshots")).unwrap().count(), 1);
    });
}

#[test]
fn a_newer_database_is_refused() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        open(address, &second(), data.path()).unwrap().close();

        let refused = open(address, &first(), data.path()).map(drop);

        assert_eq!(refused.map_err(|error| error.code()), Err("newer_database"));
    });
}

#[test]
fn an_upgrade_that_fails_changes_nothing_and_the_snapshot_brings_the_old_state() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        let db = open(address, &first(), data.path()).unwrap();
        fill(&db);
        let before = TABLES.map(|sql| rows(&db, sql));
        db.close();
        let mut wrong = first();
        wrong.versions.push(parse("add person.credit int\nadd person.owner int -> unit\n").unwrap());

        let failed = open(address, &wrong, data.path()).map(drop);
        let db = open(address, &first(), data.path()).unwrap();
        assert!(failed.is_err());
        assert_eq!(TABLES.map(|sql| rows(&db, sql)), before);
        run(&db, &["DELETE FROM balance"]);
        db.close();

        let snapshot =
            std::fs::read_dir(data.path().join("snapshots")).unwrap().next().unwrap().unwrap().path();
        store::go_back(&snapshot, address, &first()).unwrap();
        let db = open(address, &first(), data.path()).unwrap();
        assert_eq!(TABLES.map(|sql| rows(&db, sql)), before);
    });
}

#[test]
fn rows_and_files_go_to_postgresql_and_back() {
    let data = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| Address::of(&data.path().join(name), None));
    let Some(place) = both::postgres::postgres() else { return };
    let server = Address::Server(place.url.clone());
    let [files, more] = ["files", "more"].map(|name| data.path().join(name));
    let (hash, length) = store::files::put(&files, &mut "一份合同".as_bytes()).unwrap();
    let db = open(&one, &first(), data.path()).unwrap();
    fill(&db);
    let before = TABLES.map(|sql| rows(&db, sql));

    let there = data.path().join("there.tar.gz");
    let back = data.path().join("back.tar.gz");
    let sent = archive::backup(&db, &first(), Some(&files), &there).unwrap();
    archive::restore(&there, &server, &first(), Some(&more), false).unwrap();
    let db = open(&server, &first(), data.path()).unwrap();
    assert_eq!(TABLES.map(|sql| rows(&db, sql)), before);
    assert_eq!(archive::backup(&db, &first(), Some(&more), &back).unwrap().tables, sent.tables);
    archive::restore(&back, &two, &second(), Some(&more), false).unwrap();

    let db = open(&two, &second(), data.path()).unwrap();
    assert_eq!(rows(&db, TABLES[0]), before[0]);
    assert_eq!(rows(&db, "SELECT id, credit FROM person ORDER BY id").len(), 2);
    run(&db, &["INSERT INTO person (number, name, remark, unit, credit) VALUES ('P4', 'four', '', 1, 0)"]);
    assert_eq!(rows(&db, "SELECT MAX(id) FROM person"), [[Value::Int(4)]], "an id is never given twice");
    assert_eq!((length, std::fs::read(store::files::path(&more, &hash)).unwrap()), (12, "一份合同".into()));
    let again = archive::restore(&back, &two, &second(), None, false).map(drop);
    assert_eq!(again.map_err(|error| error.code()), Err("not_empty"));
}

#[test]
fn a_damaged_archive_is_refused_before_anything_happens() {
    let data = tempfile::tempdir().unwrap();
    let address = Address::of(data.path(), None);
    let db = open(&address, &first(), data.path()).unwrap();
    fill(&db);
    let whole = data.path().join("whole.tar.gz");
    archive::backup(&db, &first(), None, &whole).unwrap();
    db.close();
    let bytes = std::fs::read(&whole).unwrap();
    let to = Address::of(&data.path().join("to"), None);
    let code = |bytes: &[u8]| {
        let file = data.path().join("broken.tar.gz");
        std::fs::write(&file, bytes).unwrap();
        archive::restore(&file, &to, &first(), None, false).map(drop).map_err(|error| error.code())
    };

    let cut = code(&bytes[..bytes.len() / 2]);
    let mut turned = bytes.clone();
    turned[bytes.len() / 2] ^= 0x10;

    assert_eq!(cut, Err("damaged_archive"));
    assert!(matches!(code(&turned), Err("damaged_archive" | "wrong_archive")));
    assert_eq!(code(b""), Err("wrong_archive"));
    assert_eq!(code("no archive at all".repeat(100).as_bytes()), Err("wrong_archive"));
    assert!(!data.path().join("to").exists());
    assert_eq!(code(&bytes), Ok(()));
}

#[test]
fn restoring_over_an_open_file_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let address = Address::of(data.path(), None);
    let db = open(&address, &first(), data.path()).unwrap();
    fill(&db);
    let file = data.path().join("a.tar.gz");
    archive::backup(&db, &first(), None, &file).unwrap();

    let refused = archive::restore(&file, &address, &first(), None, true).map(drop);
    assert_eq!(refused.map_err(|error| error.code()), Err("in_use_now"));
    db.close();
    drop(db);
    archive::restore(&file, &address, &first(), None, true).unwrap();

    assert!(data.path().join("keyuan.old").exists());
    let db = open(&address, &first(), data.path()).unwrap();
    assert_eq!(rows(&db, TABLES[1]).len(), 2);
}

#[test]
fn verify_finds_what_is_wrong_and_nothing_else() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        let files = data.path().join("files");
        let (hash, _) = store::files::put(&files, &mut "one".as_bytes()).unwrap();
        let db = open(address, &first(), data.path()).unwrap();
        fill(&db);
        run(&db, &["CREATE INDEX \"person:x_grade\" ON person ((name || 'x'))"]);
        let found = |files: &Path| {
            let hashes = "SELECT remark FROM person WHERE remark IS NOT NULL";
            store::verify(&db, &first(), None, Some(files), Some(hashes)).unwrap()
        };
        let codes = |found: &[store::Finding]| found.iter().map(|it| it.code).collect::<Vec<_>>();
        assert_eq!(codes(&found(&files)), ["search", "file"], "{:?}", found(&files));

        db.write(move |conn| {
            conn.execute("UPDATE person SET remark = $1 WHERE id = 2", &[Value::from(hash.as_str())])?;
            index_both(conn)
        })
        .unwrap();
        assert_eq!(found(&files), []);

        run(&db, &["ALTER TABLE person ADD COLUMN extra BIGINT".replace("BIGINT", "INTEGER").as_str()]);
        assert_eq!(codes(&found(&files)), ["schema"]);
    });
}

fn index_both(conn: &mut dyn Conn) -> Result<()> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => "INSERT INTO person_search (rowid, open, private) SELECT id, name, '' FROM person",
        Dialect::Postgres => {
            "INSERT INTO person_search (id, open, private) SELECT id, to_tsvector('simple', name), '' FROM person"
        }
    };
    conn.execute(sql, &[]).map(drop)
}

fn address_schema(address: &Address) -> String {
    let Address::Server(url) = address else { return String::new() };
    url.rsplit('=').next().unwrap().to_owned()
}

#[test]
fn a_company_on_a_server_gets_its_schema() {
    let Some(place) = both::postgres::postgres() else { return };
    let data = tempfile::tempdir().unwrap();
    let address = Address::Server(format!("{}_new", place.url));

    let db = open(&address, &first(), data.path()).unwrap();
    fill(&db);

    assert_eq!(rows(&open(&address, &first(), data.path()).unwrap(), TABLES[1]).len(), 2);
    let name = address_schema(&address);
    db.write(move |conn| conn.execute(&format!("DROP SCHEMA {name} CASCADE"), &[])).unwrap();
}

#[test]
fn clearing_leaves_empty_tables() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        let db = open(address, &first(), data.path()).unwrap();
        fill(&db);

        db.write(|conn| archive::clear(conn, &first().schema(1)?)).unwrap();

        assert!(TABLES.iter().all(|sql| rows(&db, sql).is_empty()));
        run(&db, &["INSERT INTO unit (name) VALUES ('again')"]);
        assert_eq!(rows(&db, "SELECT id FROM unit"), [[Value::Int(1)]]);
    });
}

#[test]
fn rotation_keeps_the_last_of_each_day_and_week() {
    let folder = tempfile::tempdir().unwrap();
    for day in 1..=28 {
        for hour in [1, 2] {
            let name = format!("keyuan_202602{day:02}T0{hour}0000Z.tar.gz");
            std::fs::write(folder.path().join(name), "").unwrap();
        }
    }
    std::fs::write(folder.path().join("mine.tar.gz"), "").unwrap();

    archive::rotate(folder.path(), Keep { days: 3, weeks: 3 }).unwrap();

    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let days = ["15", "22", "26", "27", "28"].map(|day| format!("keyuan_202602{day}T020000Z.tar.gz"));
    assert_eq!(left, [&days[..], &["mine.tar.gz".to_owned()]].concat());
}
