//! The registry, the migrations in the source and the tables of both databases say the same.

use std::path::Path;

use model::schema::{Schema, diff, schema, write};
use model::{Actor, Dialect, Door, FieldDef, Kind, Lang, Query, Sql, Value};
use store::{Plan, Settings, verify};
use tests::{databases, plan, stores};

fn migrations() -> Plan {
    Plan::read(domain::migrations::MIGRATIONS, |_, _| Ok(())).unwrap()
}

#[test]
fn the_migrations_lead_to_the_registrys_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let wanted = schema(domain::REGISTRY).unwrap();
    if let Ok(name) = std::env::var("KEYUAN_MIGRATION") {
        let written = store::write_migration(&folder, &wanted, &name).unwrap();
        panic!(
            "{}",
            written.map_or("nothing has changed".into(), |file| format!("{} is written", file.display()))
        );
    }

    let reached = migrations().schema(migrations().version()).unwrap();
    let kept: Schema = std::fs::read_to_string(folder.join("schema.txt")).unwrap().parse().unwrap();
    let files = std::fs::read_dir(&folder).unwrap().count() - 1;

    let how = "run KEYUAN_MIGRATION=what_changed cargo test -p tests --test schema";
    assert_eq!(write(&diff(&kept, &wanted)), "", "{how}");
    assert_eq!(write(&diff(&reached, &wanted)), "", "a file is missing in domain/src/migrations.rs");
    assert_eq!(files, migrations().version(), "a file is missing in domain/src/migrations.rs");
}

#[test]
fn a_new_database_has_exactly_the_registrys_schema() {
    stores(|address| {
        let data = tempfile::tempdir().unwrap();
        let store =
            store::open(address, Settings::of(address.dialect()), &migrations(), data.path()).unwrap();

        let (found, wanted) = (store.read(store::schema).unwrap(), schema(domain::REGISTRY).unwrap());

        assert_eq!(write(&diff(&found, &wanted)), "");
        assert_eq!(found.sorted().tables.len(), wanted.tables.len());
    });
}

#[test]
fn a_text_index_can_be_made_anew() {
    databases(|db| {
        let actor = Actor::system(Door::System, Lang::Zh);
        let found = |text: &str| {
            let query = Query { q: text.to_owned(), ..Query::default() };
            db.read(&actor, |desk| desk.count("customer", &query)).unwrap()
        };
        db.write(&actor, |desk| {
            let id =
                desk.create("customer", &[("name", "北京金泰格散热器有限公司"), ("country", "")].into())?;
            desk.create("contact", &[("customer", format!("#{id}").as_str()), ("name", "单雄信")].into())
        })
        .unwrap();
        let before = ["bjjtg", "散热", "shan xiong", "nobody"].map(found);

        let statements =
            schema(domain::REGISTRY).unwrap().table("customer").unwrap().search_table(db.store().dialect());
        db.store()
            .write(move |conn| {
                statements.iter().try_for_each(|sql| conn.execute(sql, &[]).map(drop))?;
                model::rebuild_search(domain::REGISTRY, conn, "customer")
            })
            .unwrap();

        assert_eq!(before, [1, 1, 1, 0]);
        assert_eq!(["bjjtg", "散热", "shan xiong", "nobody"].map(found), before);
        assert_eq!(verify(db.store(), &plan(), Some(domain::REGISTRY), None, None).unwrap(), []);
    });
}

#[test]
fn a_custom_field_in_lists_has_an_index() {
    databases(|db| {
        let actor = Actor::system(Door::System, Lang::Zh);
        let define = |field: &'static str, kind: &'static str, in_list: &'static str| {
            let input = [
                ("entity", "customer"),
                ("field", field),
                ("name", field),
                ("kind", kind),
                ("in_list", in_list),
            ];
            db.write(&actor, move |desk| desk.create("custom_field", &input.into())).unwrap();
        };
        define("x_grade", "text", "1");
        define("x_floors", "int", "1");
        define("x_hidden", "text", "0");

        let make = || db.store().write(|conn| model::index_custom(domain::REGISTRY, conn)).unwrap();
        make();
        make();

        let (asks, column) = match db.store().dialect() {
            Dialect::Sqlite => ("EXPLAIN QUERY PLAN", 3),
            Dialect::Postgres => ("EXPLAIN", 0),
        };
        let plan = |value: &str, field: &FieldDef| {
            let mut sql = Sql::new(asks);
            sql.push(" SELECT id FROM customer t WHERE ");
            db.store().dialect().custom(&mut sql, "t", field);
            sql.push(&format!(" = {value}"));
            let mut plan = String::new();
            db.store()
                .read(|conn| {
                    if conn.dialect() == Dialect::Postgres {
                        conn.execute("SET LOCAL enable_seqscan = off", &[])?;
                    }
                    conn.query(&sql.text(), &[], &mut |row| {
                        plan += Value::from(row.cell(column)).text();
                        Ok(())
                    })
                })
                .unwrap();
            plan
        };
        let text = FieldDef { name: "x_grade", ..FieldDef::PLAIN };
        let int = FieldDef { name: "x_floors", kind: Kind::Int, ..FieldDef::PLAIN };
        assert!(plan("'A'", &text).contains("customer:x_grade:text"), "{}", plan("'A'", &text));
        assert!(plan("3", &int).contains("customer:x_floors:int"), "{}", plan("3", &int));
        assert_eq!(verify(db.store(), &self::plan(), Some(domain::REGISTRY), None, None).unwrap(), []);
    });
}
