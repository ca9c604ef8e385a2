//! The same rows by plain SQL with prepared statements, on a connection of our own.

use domain::Customer;
use domain::crm::name::core_name;
use model::search::{Tokens, document, sort_key};
use model::{Entity, Value};
use postgres::types::{ToSql, Type};

use crate::data::Place;

pub enum Raw {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

/// Rows that a writer puts into one commit.
const GROUP: usize = 64;
/// Rows that a writer has ready.
const ROWS: usize = 40_000;

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

    /// New customers as the program writes them: record, search entry, event and the series' last number, in groups of
    /// 64: rows a second. They differ in name and telephone as those that are sent to the program do, and all that is
    /// made from these is made beforehand. `like` is one that the program has written.
    pub fn write(&mut self, seconds: f64, like: i64, names: &[String], round: usize) -> f64 {
        let mut columns: Vec<&str> = Customer::DEF.columns().skip(1).collect();
        columns.push("title_key");
        let list = columns.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
        let places = (1..=columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO customer ({list}) VALUES ({places})");
        let like = self.one(&format!("SELECT {list} FROM customer WHERE id = $1"), like);
        let at = |name: &str| columns.iter().position(|it| *it == name).expect("a column");
        let [number, name, core, phone, owner, key] =
            ["number", "name", "core", "phone", "owner", "title_key"].map(at);
        let owner = like[owner].int();
        let series = "WHERE series = 'customer:KH-{}'";
        let last = self.one(&format!("SELECT last FROM number {series} AND last > $1"), 0)[0].int();
        let rows: Vec<(Vec<Value>, Tokens)> = (0..ROWS)
            .map(|n| {
                let text = &names[(n % 64 * 7919 + n / 64 * 31 + round * 101) % names.len()];
                let mut row = like.clone();
                row[number] = Value::from(format!("KH-{:06}", last + 1 + n as i64));
                row[name] = Value::from(text.clone());
                row[core] = Value::from(core_name(text));
                row[phone] = Value::from(format!("154{:08}", n / 64));
                row[key] = Value::from(sort_key(text));
                let searched = Customer::DEF.searched().map(|(at, field)| (field.source(), row[at].text()));
                let mut tokens = document(searched.filter(|it| !it.1.is_empty()));
                tokens.owned(owner);
                (row, tokens)
            })
            .collect();
        let event = "INSERT INTO event (entity, record, at, \"user\", door, kind, changes) \
                     VALUES ('customer', $1, $2, $3, 'browser', 'create', '{}')";
        let count = format!("UPDATE number SET last = last + 1 {series}");
        let now = like[at("created")].clone();
        let since = std::time::Instant::now();
        let mut done = 0;
        match self {
            Raw::Sqlite(db) => {
                for group in rows.chunks(GROUP).take_while(|_| since.elapsed().as_secs_f64() < seconds) {
                    db.execute_batch("BEGIN IMMEDIATE").expect("it begins");
                    for (row, tokens) in group {
                        let counted = db.prepare_cached(&count).and_then(|mut it| it.execute([]));
                        assert_eq!(counted, Ok(1), "a number");
                        // `RETURNING` would open a savepoint, for which the text index writes out what it holds.
                        db.prepare_cached(&insert)
                            .and_then(|mut it| it.execute(rusqlite::params_from_iter(row.iter().map(sqlite))))
                            .expect("a row");
                        let id = db.last_insert_rowid();
                        let search = "INSERT INTO customer_search (rowid, open) VALUES ($1, $2)";
                        db.prepare_cached(search)
                            .and_then(|mut it| it.execute((id, tokens.fts5())))
                            .expect("an entry");
                        db.prepare_cached(event)
                            .and_then(|mut it| it.execute((id, now.text(), owner)))
                            .expect("an event");
                    }
                    db.execute_batch("COMMIT").expect("it commits");
                    done += group.len();
                }
            }
            Raw::Postgres(client) => {
                let insert = format!("{insert} RETURNING id");
                let search = "INSERT INTO customer_search (id, open, contact) \
                              VALUES ($1, CAST(CAST($2 AS TEXT) AS tsvector), CAST('' AS tsvector))";
                let [insert, event, search, count] = [insert.as_str(), event, search, &count]
                    .map(|sql| client.prepare(sql).expect("it prepares"));
                for group in rows.chunks(GROUP).take_while(|_| since.elapsed().as_secs_f64() < seconds) {
                    let mut tx = client.transaction().expect("it begins");
                    for (row, tokens) in group {
                        assert_eq!(tx.execute(&count, &[]).expect("a number"), 1);
                        let values: Vec<Box<dyn ToSql + Sync>> =
                            row.iter().zip(insert.params()).map(|(it, kind)| postgres(it, kind)).collect();
                        let values: Vec<_> = values.iter().map(|it| &**it).collect();
                        let id: i64 = tx.query_one(&insert, &values).expect("a row").get(0);
                        tx.execute(&search, &[&id, &tokens.tsvector()]).expect("an entry");
                        tx.execute(&event, &[&id, &now.text(), &owner]).expect("an event");
                    }
                    tx.commit().expect("it commits");
                    done += group.len();
                }
            }
        }
        done as f64 / since.elapsed().as_secs_f64()
    }

    /// What posting each of `like` wrote, again and again with plain statements, in groups of 64: documents a second.
    pub fn post(&mut self, seconds: f64, like: &[i64]) -> f64 {
        let all: Vec<_> = like.iter().map(|&like| self.posting(like)).collect();
        let mut like = all.iter().cycle();
        let since = std::time::Instant::now();
        let mut done = 0;
        while since.elapsed().as_secs_f64() < seconds {
            match self {
                Raw::Sqlite(db) => {
                    db.execute_batch("BEGIN IMMEDIATE").expect("it begins");
                    for (sql, values) in like.by_ref().take(GROUP).flatten() {
                        let values = rusqlite::params_from_iter(values.iter().map(sqlite));
                        db.prepare_cached(sql).and_then(|mut it| it.execute(values)).expect(sql);
                    }
                    db.execute_batch("COMMIT").expect("it commits");
                }
                Raw::Postgres(client) => {
                    client.batch_execute("BEGIN").expect("it begins");
                    for (sql, values) in like.by_ref().take(GROUP).flatten() {
                        let statement = prepared(client, sql);
                        let values: Vec<Box<dyn ToSql + Sync>> = values
                            .iter()
                            .zip(statement.params())
                            .map(|(it, kind)| postgres(it, kind))
                            .collect();
                        let values: Vec<_> = values.iter().map(|it| &**it).collect();
                        client.execute(&statement, &values).expect(sql);
                    }
                    client.batch_execute("COMMIT").expect("it commits");
                }
            }
            done += GROUP;
        }
        done as f64 / since.elapsed().as_secs_f64()
    }

    /// The statements that posting `like` needed.
    fn posting(&mut self, like: i64) -> Vec<(String, Vec<Value>)> {
        let mut statements: Vec<(String, Vec<Value>)> = Vec::new();
        let ids = |raw: &mut Raw, table: &str| {
            raw.all(&format!("SELECT id FROM {table} WHERE sale = $1 ORDER BY id"), like)
        };
        for table in ["sale_entry", "stock_entry", "receivable", "performance"] {
            for row in ids(self, table) {
                let columns = self.columns(table);
                let list = columns.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
                let places = (1..=columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
                let values = self.one(&format!("SELECT {list} FROM {table} WHERE id = $1"), row[0].int());
                statements.push((format!("INSERT INTO {table} ({list}) VALUES ({places})"), values));
            }
        }
        for line in self.all("SELECT id, product FROM sale_line WHERE sale = $1", like) {
            let (line, product) = (line[0].clone(), line[1].clone());
            statements.push(("UPDATE sale_line SET cost = 100 WHERE id = $1".into(), vec![line]));
            let level = "UPDATE stock_level SET quantity = quantity - 1 WHERE product = $1";
            statements.push((level.into(), vec![product.clone()]));
            let stock = "UPDATE product SET stock = stock - 1, stock_value = stock_value - 1 WHERE id = $1";
            statements.push((stock.into(), vec![product]));
        }
        let head = self.one("SELECT customer, creator, created FROM sale WHERE id = $1", like);
        let (customer, user, at) = (head[0].clone(), head[1].clone(), head[2].clone());
        statements.push(("UPDATE customer SET balance = balance + 1 WHERE id = $1".into(), vec![customer]));
        let sale = "UPDATE sale SET version = version + 1, status = 'posted', cost = 100 WHERE id = $1";
        statements.push((sale.into(), vec![Value::Int(like)]));
        let event = "INSERT INTO event (entity, record, at, \"user\", door, kind, changes) \
                     VALUES ('sale', $1, $2, $3, 'api', 'post', '{\"status\":[\"draft\",\"posted\"]}')";
        statements.push((event.into(), vec![Value::Int(like), at, user]));
        statements.push((
            "UPDATE number SET last = last + 1 WHERE series LIKE 'sale:%' AND last > $1".into(),
            vec![Value::Int(0)],
        ));
        statements
    }

    /// The columns that a copy of a row needs.
    fn columns(&self, table: &str) -> Vec<&'static str> {
        let def = domain::REGISTRY.entity(table).expect("an entity");
        def.columns().skip(1).collect()
    }

    fn all(&mut self, sql: &str, id: i64) -> Vec<Vec<Value>> {
        match self {
            Raw::Sqlite(db) => {
                let mut statement = db.prepare(sql).expect("it prepares");
                let width = statement.column_count();
                let row = |row: &rusqlite::Row| (0..width).map(|n| row.get(n).map(Value::Int)).collect();
                let rows = statement.query_map([id], row).expect("it runs");
                rows.collect::<Result<_, _>>().expect("rows")
            }
            Raw::Postgres(client) => {
                let rows = client.query(sql, &[&id]).expect("it runs");
                let row = |row: &postgres::Row| (0..row.len()).map(|n| Value::Int(row.get(n))).collect();
                rows.iter().map(row).collect()
            }
        }
    }

    /// A row, cell by cell.
    fn one(&mut self, sql: &str, id: i64) -> Vec<Value> {
        match self {
            Raw::Sqlite(db) => {
                let cell = |cell| match cell {
                    rusqlite::types::Value::Integer(int) => Value::Int(int),
                    rusqlite::types::Value::Text(text) => Value::Text(text),
                    _ => Value::Null,
                };
                let mut statement = db.prepare(sql).expect("it prepares");
                let width = statement.column_count();
                let row = |row: &rusqlite::Row| (0..width).map(|n| row.get(n).map(cell)).collect();
                statement.query_row([id], row).expect("a row")
            }
            Raw::Postgres(client) => {
                let row = client.query_one(sql, &[&id]).expect("a row");
                let cell = |n: usize| match *row.columns()[n].type_() {
                    Type::TEXT => row.get::<_, Option<String>>(n).map_or(Value::Null, Value::Text),
                    _ => row.get::<_, Option<i64>>(n).map_or(Value::Null, Value::Int),
                };
                (0..row.len()).map(cell).collect()
            }
        }
    }
}

fn postgres(value: &Value, kind: &Type) -> Box<dyn ToSql + Sync> {
    match value {
        Value::Int(int) => Box::new(*int),
        Value::Text(text) => Box::new(text.clone()),
        Value::Null if *kind == Type::TEXT => Box::new(None::<String>),
        Value::Null => Box::new(None::<i64>),
    }
}

fn sqlite(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Int(int) => (*int).into(),
        Value::Text(text) => text.clone().into(),
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
