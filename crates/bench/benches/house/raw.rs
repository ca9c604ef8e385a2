//! The same rows by plain SQL with prepared statements, on a connection of our own.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Customer;
use model::Entity;
use model::search::{Source, document};
use postgres::types::{ToSql, Type};
use rusqlite::types::Value;

use crate::data::Place;

pub enum Raw {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

/// Rows that a writer puts into one commit.
const GROUP: usize = 64;

impl Raw {
    pub fn open(place: &Place) -> Raw {
        match &place.database {
            None => {
                let db = rusqlite::Connection::open(place.data.join("keyuan.db")).expect("the file opens");
                let pragmas = "PRAGMA synchronous = FULL; PRAGMA mmap_size = 268435456; PRAGMA cache_size = -16000; \
                     PRAGMA wal_autocheckpoint = 4000";
                db.execute_batch(pragmas).expect("pragmas");
                db.set_prepared_statement_cache_capacity(64);
                Raw::Sqlite(db)
            }
            Some(url) => {
                Raw::Postgres(Box::new(postgres::Client::connect(url, postgres::NoTls).expect("it answers")))
            }
        }
    }

    /// Fifty rows of one owner, every cell looked at: how many bytes they are.
    pub fn list(&mut self, owner: i64, order: &str) -> usize {
        let columns: Vec<_> =
            Customer::DEF.fields.iter().filter(|it| it.list).map(|it| format!("\"{}\"", it.name)).collect();
        let sql = format!(
            "SELECT id, version, {} FROM customer WHERE owner = $1 ORDER BY {order} LIMIT 51",
            columns.join(", ")
        );
        self.read(&sql, owner)
    }

    pub fn get(&mut self, id: i64) -> usize {
        self.read("SELECT * FROM customer WHERE id = $1", id)
    }

    pub fn total(&mut self) -> usize {
        self.read("SELECT COUNT(*), CAST(SUM(credit_limit) AS BIGINT) FROM customer WHERE id > $1", 0)
    }

    fn read(&mut self, sql: &str, with: i64) -> usize {
        let mut bytes = 0;
        match self {
            Raw::Sqlite(db) => {
                let mut statement = db.prepare_cached(sql).expect("it prepares");
                let width = statement.column_count();
                let mut rows = statement.query([with]).expect("it runs");
                while let Some(row) = rows.next().expect("a row") {
                    for n in 0..width {
                        bytes += match row.get_ref(n).expect("a cell") {
                            rusqlite::types::ValueRef::Text(text) => text.len(),
                            _ => 8,
                        };
                    }
                }
            }
            Raw::Postgres(client) => {
                let statement = prepared(client, sql);
                for row in client.query(&statement, &[&with]).expect("it runs") {
                    for (n, column) in row.columns().iter().enumerate() {
                        bytes += match *column.type_() {
                            Type::TEXT => row.get::<_, Option<&str>>(n).map_or(0, str::len),
                            _ => 8,
                        };
                    }
                }
            }
        }
        bytes
    }

    /// Copies of a customer, with the event and the search entry that each has, in groups of 64: rows a second.
    pub fn write(&mut self, seconds: f64) -> f64 {
        let mut columns: Vec<&str> = Customer::DEF.columns().skip(1).collect();
        columns.push("title_key");
        let list = columns.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
        let places = (1..=columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO customer ({list}) VALUES ({places})");
        let event = "INSERT INTO event (entity, record, at, \"user\", door, kind, changes) \
                     VALUES ('customer', $1, '2026-01-01T00:00:00Z', 1, 'api', 'create', '{}')";
        let tokens = document([(Source::Number, "KH-0000001"), (Source::Text, "北京金泰格散热器有限公司")]);
        let at = columns.iter().position(|it| *it == "number").expect("a number");
        static DONE: AtomicUsize = AtomicUsize::new(0);
        let since = std::time::Instant::now();
        let number = || format!("RAW-{}-{}", std::process::id(), DONE.fetch_add(1, Ordering::Relaxed));
        let mut count = 0;
        match self {
            Raw::Sqlite(db) => {
                let sql = format!("SELECT {list} FROM customer LIMIT 1");
                let like: Vec<Value> = db
                    .query_row(&sql, [], |row| (0..columns.len()).map(|n| row.get(n)).collect())
                    .expect("a customer");
                while since.elapsed().as_secs_f64() < seconds {
                    db.execute_batch("BEGIN IMMEDIATE").expect("it begins");
                    for _ in 0..GROUP {
                        let mut row = like.clone();
                        row[at] = Value::Text(number());
                        // `RETURNING` would open a savepoint, for which the text index writes out what it holds.
                        db.prepare_cached(&insert)
                            .and_then(|mut it| it.execute(rusqlite::params_from_iter(&row)))
                            .expect("a row");
                        let id = db.last_insert_rowid();
                        db.prepare_cached(event).and_then(|mut it| it.execute([id])).expect("an event");
                        let search = "INSERT INTO customer_search (rowid, open) VALUES ($1, $2)";
                        db.prepare_cached(search)
                            .and_then(|mut it| it.execute((id, tokens.fts5())))
                            .expect("an entry");
                    }
                    db.execute_batch("COMMIT").expect("it commits");
                    count += GROUP;
                }
            }
            Raw::Postgres(client) => {
                let row = client
                    .query_one(&format!("SELECT {list} FROM customer LIMIT 1"), &[])
                    .expect("a customer");
                let like: Vec<Box<dyn ToSql + Sync>> = (0..columns.len())
                    .map(|n| match *row.columns()[n].type_() {
                        Type::TEXT => Box::new(row.get::<_, Option<String>>(n)) as Box<dyn ToSql + Sync>,
                        _ => Box::new(row.get::<_, Option<i64>>(n)),
                    })
                    .collect();
                let insert = format!("{insert} RETURNING id");
                let [insert, event] =
                    [insert.as_str(), event].map(|sql| client.prepare(sql).expect("it prepares"));
                let search = "INSERT INTO customer_search (id, open, contact) \
                              VALUES ($1, CAST(CAST($2 AS TEXT) AS tsvector), CAST('' AS tsvector))";
                let search = client.prepare(search).expect("it prepares");
                while since.elapsed().as_secs_f64() < seconds {
                    let mut tx = client.transaction().expect("it begins");
                    for _ in 0..GROUP {
                        let number = number();
                        let values: Vec<&(dyn ToSql + Sync)> = like
                            .iter()
                            .enumerate()
                            .map(|(n, it)| if n == at { &number as &(dyn ToSql + Sync) } else { &**it })
                            .collect();
                        let id: i64 = tx.query_one(&insert, &values).expect("a row").get(0);
                        tx.execute(&event, &[&id]).expect("an event");
                        tx.execute(&search, &[&id, &tokens.tsvector()]).expect("an entry");
                    }
                    tx.commit().expect("it commits");
                    count += GROUP;
                }
            }
        }
        count as f64 / since.elapsed().as_secs_f64()
    }
}

fn prepared(client: &mut postgres::Client, sql: &str) -> postgres::Statement {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local! { static KNOWN: RefCell<HashMap<String, postgres::Statement>> = RefCell::default(); }
    KNOWN.with_borrow_mut(|known| {
        known.entry(sql.to_owned()).or_insert_with(|| client.prepare(sql).expect("it prepares")).clone()
    })
}
