//! The statements that make and change tables, for each database.

use crate::schema::{Column, Index, Schema, Shape, Step, Table};
use crate::{Dialect, Value};

impl Table {
    /// The table alone. SQLite reads foreign keys with the table and looks for the other only when a row comes;
    /// PostgreSQL gets them by [`Table::keys`] when all tables stand.
    pub fn create(&self, dialect: Dialect) -> String {
        self.create_as(&self.name, dialect)
    }

    fn create_as(&self, name: &str, dialect: Dialect) -> String {
        let mut lines: Vec<String> = self.columns.iter().map(|it| dialect.column(it)).collect();
        if dialect == Dialect::Sqlite {
            lines.extend(self.columns.iter().filter_map(foreign));
        }
        let end = if dialect == Dialect::Sqlite { " STRICT" } else { "" };
        format!("CREATE TABLE \"{name}\" ({}){end}", lines.join(", "))
    }

    /// What can wait until the rows are in: indexes.
    pub fn indexes(&self) -> impl Iterator<Item = String> {
        self.indexes.iter().map(|index| create_index(&self.name, index))
    }

    /// The foreign keys of a table that stands.
    pub fn keys(&self, dialect: Dialect) -> Vec<String> {
        let key = |column: &Column| foreign(column).map(|key| add_key(&self.name, column, &key));
        match dialect {
            Dialect::Sqlite => Vec::new(),
            Dialect::Postgres => self.columns.iter().filter_map(key).collect(),
        }
    }

    /// An empty text index in place of the old one.
    pub fn search_table(&self, dialect: Dialect) -> Vec<String> {
        let name = self.search_name();
        let mut statements = vec![format!("DROP TABLE IF EXISTS \"{name}\"")];
        if self.search.is_empty() {
            return statements;
        }
        let columns =
            |ty: &str| -> Vec<String> { self.search.iter().map(|it| format!("\"{it}\"{ty}")).collect() };
        match dialect {
            Dialect::Sqlite => statements.push(format!(
                "CREATE VIRTUAL TABLE \"{name}\" USING fts5({}, content='', contentless_delete=1, \
                 tokenize='unicode61 remove_diacritics 0')",
                columns("").join(", ")
            )),
            Dialect::Postgres => {
                let columns = columns(" TSVECTOR NOT NULL").join(", ");
                statements.push(format!("CREATE TABLE \"{name}\" (id BIGINT PRIMARY KEY, {columns})"));
                statements.extend(self.search.iter().map(|column| {
                    format!("CREATE INDEX \"{name}.{column}\" ON \"{name}\" USING GIN (\"{column}\") WITH (gin_pending_list_limit = 64)")
                }));
            }
        }
        statements
    }
}

/// The statements of one step. `before` is the schema as it stands, `after` as the step leaves it; foreign keys of new
/// tables on PostgreSQL go to `later`, since tables may point at each other.
pub fn statements(
    step: &Step,
    before: &Schema,
    after: &Schema,
    dialect: Dialect,
    later: &mut Vec<String>,
) -> Vec<String> {
    let name = step.table();
    let (Some(new), Some(old)) =
        (after.table(name).or(before.table(name)), before.table(name).or(after.table(name)))
    else {
        return Vec::new();
    };
    match (step, dialect) {
        (Step::Create(table), _) => {
            later.extend(table.keys(dialect));
            let search = if table.search.is_empty() { Vec::new() } else { table.search_table(dialect) };
            std::iter::once(table.create(dialect)).chain(table.indexes()).chain(search).collect()
        }
        (Step::Drop(_), _) => {
            let end = if dialect == Dialect::Postgres { " CASCADE" } else { "" };
            vec![
                format!("DROP TABLE IF EXISTS \"{}\"", old.search_name()),
                format!("DROP TABLE \"{name}\"{end}"),
            ]
        }
        (Step::Add(_, column), Dialect::Sqlite) => {
            let key = column.to.as_ref().map_or(String::new(), |to| format!(" REFERENCES \"{to}\" (id)"));
            let column = format!("{}{}{key}", dialect.column(column), default(column));
            vec![format!("ALTER TABLE \"{name}\" ADD COLUMN {column}")]
        }
        (Step::Add(_, column), Dialect::Postgres) => {
            let add =
                format!("ALTER TABLE \"{name}\" ADD COLUMN {}{}", dialect.column(column), default(column));
            let plain = format!("ALTER TABLE \"{name}\" ALTER COLUMN \"{}\" DROP DEFAULT", column.name);
            later.extend(foreign(column).map(|key| add_key(name, column, &key)));
            if column.optional { vec![add] } else { vec![add, plain] }
        }
        (Step::Remove(_, column), Dialect::Postgres) => {
            vec![format!("ALTER TABLE \"{name}\" DROP COLUMN \"{column}\"")]
        }
        (Step::Change(_, column), Dialect::Postgres) => change(name, old.column(&column.name), column, later),
        (Step::Remove(..) | Step::Change(..), Dialect::Sqlite) => rebuild(old, new),
        (Step::Index(_, index), _) => vec![create_index(name, index)],
        (Step::Unindex(_, index), _) => vec![format!("DROP INDEX \"{}\"", index.name(name))],
        (Step::Search(..), _) => new.search_table(dialect),
    }
}

fn change(table: &str, old: Option<&Column>, new: &Column, later: &mut Vec<String>) -> Vec<String> {
    let (name, alter) = (&new.name, format!("ALTER TABLE \"{table}\" ALTER COLUMN \"{}\"", new.name));
    let ty = Dialect::Postgres.shape(new.shape);
    let mut all = vec![format!("ALTER TABLE \"{table}\" DROP CONSTRAINT IF EXISTS \"{table}.{name}\"")];
    if old.is_none_or(|old| old.shape != new.shape) {
        let plain = if new.shape.is_text() { "TEXT" } else { "BIGINT" };
        all.push(format!("{alter} TYPE {ty} USING CAST(\"{name}\" AS {plain})"));
    }
    if new.optional {
        all.push(format!("{alter} DROP NOT NULL"));
    } else {
        let blank = literal(&new.blank);
        all.push(format!("UPDATE \"{table}\" SET \"{name}\" = {blank} WHERE \"{name}\" IS NULL"));
        all.push(format!("{alter} SET NOT NULL"));
    }
    later.extend(foreign(new).map(|key| add_key(table, new, &key)));
    all
}

/// SQLite's way to change a column: a new table beside the old one, the rows over, and its name.
/// The caller has switched foreign keys off and checks them at the end.
fn rebuild(old: &Table, new: &Table) -> Vec<String> {
    let (name, beside) = (&new.name, format!("new_{}", new.name));
    let kept: Vec<&Column> = new.columns.iter().filter(|column| old.column(&column.name).is_some()).collect();
    let names: Vec<String> = kept.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let value = |column: &&Column| {
        let ty = if column.shape.is_text() { "TEXT" } else { "INTEGER" };
        let cast = format!("CAST(\"{}\" AS {ty})", column.name);
        if column.optional { cast } else { format!("COALESCE({cast}, {})", literal(&column.blank)) }
    };
    let values: Vec<String> = kept.iter().map(value).collect();
    let (names, values) = (names.join(", "), values.join(", "));
    let mut all = vec![
        new.create_as(&beside, Dialect::Sqlite),
        format!("INSERT INTO \"{beside}\" ({names}) SELECT {values} FROM \"{name}\""),
    ];
    if new.columns.iter().any(|column| column.shape == Shape::Id) {
        // An id that was given away must not come again.
        all.push(format!("DELETE FROM sqlite_sequence WHERE name = '{beside}'"));
        let kept = format!("SELECT '{beside}', seq FROM sqlite_sequence WHERE name = '{name}'");
        all.push(format!("INSERT INTO sqlite_sequence (name, seq) {kept}"));
    }
    all.push(format!("DROP TABLE \"{name}\""));
    all.push(format!("ALTER TABLE \"{beside}\" RENAME TO \"{name}\""));
    all.extend(new.indexes());
    all
}

fn create_index(table: &str, index: &Index) -> String {
    let columns: Vec<String> = index.columns.iter().map(|name| format!("\"{name}\"")).collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let only = if index.sparse { format!(" WHERE {} IS NOT NULL", columns[0]) } else { String::new() };
    format!("CREATE {unique}INDEX \"{}\" ON \"{table}\" ({}){only}", index.name(table), columns.join(", "))
}

fn foreign(column: &Column) -> Option<String> {
    let to = column.to.as_ref()?;
    Some(format!("FOREIGN KEY (\"{}\") REFERENCES \"{to}\" (id)", column.name))
}

fn add_key(table: &str, column: &Column, key: &str) -> String {
    format!("ALTER TABLE \"{table}\" ADD CONSTRAINT \"{table}.{}\" {key}", column.name)
}

fn default(column: &Column) -> String {
    if column.optional { String::new() } else { format!(" DEFAULT {}", literal(&column.blank)) }
}

/// Only for what a migration's own text says.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(int) => int.to_string(),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
    }
}

impl Dialect {
    fn column(self, column: &Column) -> String {
        let null = if column.optional || column.shape.is_key() { "" } else { " NOT NULL" };
        format!("\"{}\" {}{null}", column.name, self.shape(column.shape))
    }

    fn shape(self, shape: Shape) -> &'static str {
        match (shape, self) {
            (Shape::Id, Dialect::Sqlite) => "INTEGER PRIMARY KEY AUTOINCREMENT",
            (Shape::Id, Dialect::Postgres) => "BIGINT PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY",
            (Shape::IntKey, Dialect::Sqlite) => "INTEGER PRIMARY KEY",
            (Shape::IntKey, Dialect::Postgres) => "BIGINT PRIMARY KEY",
            (Shape::TextKey, Dialect::Sqlite) => "TEXT NOT NULL PRIMARY KEY",
            (Shape::TextKey, Dialect::Postgres) => "TEXT COLLATE \"C\" PRIMARY KEY",
            (Shape::Int, Dialect::Sqlite) => "INTEGER",
            (Shape::Int, Dialect::Postgres) => "BIGINT",
            (Shape::Text, Dialect::Sqlite) => "TEXT",
            (Shape::Text, Dialect::Postgres) => "TEXT COLLATE \"C\"",
        }
    }
}
