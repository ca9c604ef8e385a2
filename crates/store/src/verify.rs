//! What a database really holds, beside what it should.

use std::path::Path;

use model::schema::{Column, Index, Schema, Shape, Table, diff, write};
use model::{Conn, Dialect, Registry, Result, Value};

use crate::files;
use crate::migrate::{Plan, number, rows};
use crate::store::Store;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// `database`, `schema`, `link`, `search`, `books` or `file`.
    pub code: &'static str,
    pub place: String,
    pub says: String,
}

/// Looks through everything that the store answers for: the file itself, its tables, links, text indexes, and the files
/// beside it; and asks the business's audits, where it is the business's. `hashes` is a query for the hashes that rows refer to.
pub fn verify(
    db: &Store,
    plan: &Plan,
    registry: Option<Registry>,
    folder: Option<&Path>,
    hashes: Option<&str>,
) -> Result<Vec<Finding>> {
    let wanted = plan.schema(plan.version())?;
    let (mut found, referred) = db.read(|conn| {
        let mut found = Vec::new();
        if conn.dialect() == Dialect::Sqlite {
            integrity(conn, &mut found)?;
        }
        let changes = write(&diff(&wanted.clone().sorted(), &schema(conn)?.sorted()));
        found
            .extend(changes.lines().map(|line| finding("schema", line.trim(), "differs from the program's")));
        if found.is_empty() {
            indexes(conn, &wanted, registry, &mut found)?;
            for audit in registry.iter().flat_map(|it| it.audits).copied().flatten() {
                let wrong = rows(conn, audit.sql)?;
                found.extend(wrong.iter().map(|row| finding("books", &text(&row[0]), audit.says)));
            }
        }
        Ok((found, hashes.map(|sql| rows(conn, sql)).transpose()?.unwrap_or_default()))
    })?;
    let Some(folder) = folder else { return Ok(found) };
    let there = files::list(folder)?;
    let broken = there.iter().filter(|hash| !files::is_whole(folder, hash));
    found.extend(broken.map(|hash| finding("file", hash, "holds something else than its name says")));
    let lost = referred.iter().map(|row| text(&row[0])).filter(|hash| !there.iter().any(|it| it == hash));
    found.extend(lost.map(|hash| finding("file", &hash, "is missing")));
    Ok(found)
}

fn finding(code: &'static str, place: &str, says: &str) -> Finding {
    Finding { code, place: place.to_owned(), says: says.to_owned() }
}

fn integrity(conn: &mut dyn Conn, found: &mut Vec<Finding>) -> Result<()> {
    let said = rows(conn, "PRAGMA integrity_check(20)")?;
    let said = said.iter().map(|row| text(&row[0])).filter(|says| says != "ok");
    found.extend(said.map(|says| finding("database", "", &says)));
    for row in rows(
        conn,
        "SELECT \"table\", CAST(rowid AS TEXT), \"parent\" FROM pragma_foreign_key_check LIMIT 100",
    )? {
        let place = format!("{}/{}", text(&row[0]), text(&row[1]));
        found.push(finding("link", &place, &format!("points at no row of {}", text(&row[2]))));
    }
    Ok(())
}

/// A text index must hold as many records as can be found by what they say.
fn indexes(
    conn: &mut dyn Conn,
    schema: &Schema,
    registry: Option<Registry>,
    found: &mut Vec<Finding>,
) -> Result<()> {
    for table in schema.tables.iter().filter(|table| !table.search.is_empty()) {
        let says = registry.and_then(|it| it.found(&table.name)).unwrap_or_else(|| "1 = 1".to_owned());
        let rows = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM \"{}\" WHERE {says}", table.name);
        let rows = number(conn, &rows)?;
        let end = if conn.dialect() == Dialect::Sqlite { "_docsize" } else { "" };
        let indexed =
            number(conn, &format!("SELECT CAST(COUNT(*) AS BIGINT) FROM \"{}{end}\"", table.search_name()))?;
        if rows != indexed {
            found.push(finding("search", &table.name, &format!("{indexed} of {rows} records are indexed")));
        }
    }
    Ok(())
}

/// The schema as the database itself describes it, in the order of names.
pub fn schema(conn: &mut dyn Conn) -> Result<Schema> {
    match conn.dialect() {
        Dialect::Sqlite => sqlite(conn),
        Dialect::Postgres => postgres(conn),
    }
}

fn text(value: &Value) -> String {
    if let Value::Text(text) = value { text.clone() } else { String::new() }
}

fn column(name: String, shape: Shape, optional: bool, to: Option<String>) -> Column {
    Column { name, shape, optional, to, blank: shape.blank() }
}

/// Puts the tables' text indexes to them and leaves out what is not the registry's.
fn tidy(tables: Vec<Table>) -> Schema {
    let (search, mut tables): (Vec<Table>, Vec<Table>) =
        tables.into_iter().filter(|it| it.name != "migration").partition(|it| it.name.ends_with("_search"));
    for table in &mut tables {
        let own = search.iter().find(|it| it.name == table.search_name());
        let columns = own.iter().flat_map(|it| &it.columns).filter(|column| column.name != "id");
        table.search = columns.map(|column| column.name.clone()).collect();
    }
    Schema { tables }
}

/// Indexes on custom fields, which come and go while the program runs, have a colon in their names.
const REGISTERED: &str = "origin = 'c' AND name NOT LIKE '%:%'";

fn sqlite(conn: &mut dyn Conn) -> Result<Schema> {
    let names = rows(
        conn,
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         AND name NOT LIKE '%\\_search\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let mut tables = Vec::new();
    for row in names {
        let (name, sql) = (text(&row[0]), text(&row[1]));
        let links =
            rows(conn, &format!("SELECT \"from\", \"table\" FROM pragma_foreign_key_list('{name}')"))?;
        let to = |name: &str| links.iter().find(|row| text(&row[0]) == name).map(|row| text(&row[1]));
        let about =
            rows(conn, &format!("SELECT name, type, \"notnull\", pk FROM pragma_table_info('{name}')"))?;
        let columns = about.iter().map(|row| {
            let (column_name, key) = (text(&row[0]), row[3].int() == 1);
            let shape = match (text(&row[1]).as_str(), key) {
                ("TEXT", true) => Shape::TextKey,
                ("TEXT" | "", false) => Shape::Text,
                (_, true) if sql.contains("AUTOINCREMENT") => Shape::Id,
                (_, true) => Shape::IntKey,
                (_, false) => Shape::Int,
            };
            let to = to(&column_name);
            column(column_name, shape, !key && row[2].int() == 0, to)
        });
        let columns = columns.collect();
        let list =
            format!("SELECT name, \"unique\", partial FROM pragma_index_list('{name}') WHERE {REGISTERED}");
        let mut indexes = Vec::new();
        for row in rows(conn, &list)? {
            let of = format!("SELECT name FROM pragma_index_info('{}') ORDER BY seqno", text(&row[0]));
            let parts = rows(conn, &of)?;
            let columns = parts.iter().map(|row| text(&row[0])).collect();
            indexes.push(Index { unique: row[1].int() == 1, sparse: row[2].int() == 1, columns });
        }
        tables.push(Table { name, columns, indexes, search: Vec::new() });
    }
    Ok(tidy(tables))
}

fn postgres(conn: &mut dyn Conn) -> Result<Schema> {
    let here = "n.nspname = current_schema() AND c.relkind = 'r'";
    let columns = rows(
        conn,
        &format!(
            "SELECT c.relname, a.attname, CAST(a.atttypid = 'text'::regtype OR a.atttypid = 'tsvector'::regtype AS INT), \
             CAST(a.attnotnull AS INT), CAST(a.attidentity <> '' AS INT), CAST(k.conname IS NOT NULL AS INT), f.relname \
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey) \
             LEFT JOIN pg_constraint l ON l.conrelid = c.oid AND l.contype = 'f' AND a.attnum = ANY (l.conkey) \
             LEFT JOIN pg_class f ON f.oid = l.confrelid \
             WHERE {here} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum"
        ),
    )?;
    let indexes = rows(
        conn,
        &format!(
            "SELECT c.relname, CAST(x.indisunique AS INT), CAST(x.indexrelid AS BIGINT), \
             CAST(k.n AS BIGINT), a.attname, CAST(x.indpred IS NOT NULL AS INT) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid \
             JOIN pg_class i ON i.oid = x.indexrelid AND i.relname NOT LIKE '%:%' \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL unnest(CAST(x.indkey AS INT2[])) WITH ORDINALITY k (attnum, n) \
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0 \
             WHERE {here} AND NOT x.indisprimary ORDER BY c.relname, x.indexrelid, k.n"
        ),
    )?;
    let mut tables: Vec<Table> = Vec::new();
    for row in columns {
        let [name, own] = [text(&row[0]), text(&row[1])];
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table { name, columns: Vec::new(), indexes: Vec::new(), search: Vec::new() });
        }
        let [is_text, required, counts, key] = [2, 3, 4, 5].map(|n| row[n].int() == 1);
        let shape = match (is_text, key, counts) {
            (false, true, true) => Shape::Id,
            (false, true, false) => Shape::IntKey,
            (true, true, _) => Shape::TextKey,
            (true, false, _) => Shape::Text,
            (false, false, _) => Shape::Int,
        };
        let to = (row[6] != Value::Null).then(|| text(&row[6]));
        if let Some(table) = tables.last_mut() {
            table.columns.push(column(own, shape, !required, to));
        }
    }
    let mut last = 0;
    for row in indexes {
        let Some(table) = tables.iter_mut().find(|table| table.name == text(&row[0])) else { continue };
        if row[2].int() != last {
            let (unique, sparse) = (row[1].int() == 1, row[5].int() == 1);
            table.indexes.push(Index { unique, sparse, columns: Vec::new() });
            last = row[2].int();
        }
        if let Some(index) = table.indexes.last_mut() {
            index.columns.push(text(&row[4]));
        }
    }
    Ok(tidy(tables))
}
