//! Where the two databases differ in SQL that the engines write, by name. Nothing else asks for the dialect.

use crate::search::{Query, Tokens};
use crate::{Dialect, EntityDef, FieldDef, Sql, Value};

impl Dialect {
    /// What tells the id of the row just inserted. SQLite has a statement of its own for it: with `RETURNING` each insert
    /// would open a savepoint, which copies every page that it changes, and for which the text index writes out what
    /// it holds.
    pub(crate) fn inserted(self) -> (&'static str, Option<&'static str>) {
        match self {
            Dialect::Sqlite => ("", Some("SELECT last_insert_rowid()")),
            Dialect::Postgres => (" RETURNING id", None),
        }
    }

    /// Behind a SELECT of one row that the transaction is going to rely on.
    pub fn lock(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR NO KEY UPDATE",
        }
    }

    /// A custom field as an expression of its declared type.
    pub fn custom(self, sql: &mut Sql, alias: &str, field: &FieldDef) {
        let name = field.name;
        debug_assert!(name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_'));
        match self {
            Dialect::Sqlite => sql.push(&format!("json_extract({alias}.\"custom\", '$.{name}')")),
            Dialect::Postgres if field.kind.is_text() => {
                sql.push(&format!("((CAST({alias}.\"custom\" AS jsonb) ->> '{name}') COLLATE \"C\")"))
            }
            Dialect::Postgres => {
                sql.push(&format!("CAST(CAST({alias}.\"custom\" AS jsonb) ->> '{name}' AS BIGINT)"))
            }
        };
    }

    /// Puts a record's tokens, one part for each group, into its entity's search index. `fresh` spares the look for an
    /// earlier entry.
    pub fn index(
        self,
        def: &EntityDef,
        groups: &[&str],
        id: i64,
        tokens: &[Tokens],
        fresh: bool,
    ) -> Vec<Sql> {
        let table = format!("{}_search", def.code);
        let mut sql = Sql::new("INSERT INTO ");
        match self {
            Dialect::Sqlite => {
                sql.name(&table).push(" (rowid, ").names(groups.iter().copied());
                sql.push(") VALUES (").bind(id).push(", ");
                sql.each(tokens, |sql, it| {
                    sql.bind(it.fts5());
                });
                sql.push(")");
                if fresh { vec![sql] } else { vec![self.unindex(def, id), sql] }
            }
            Dialect::Postgres => {
                sql.name(&table)
                    .push(" (id, ")
                    .names(groups.iter().copied())
                    .push(") VALUES (")
                    .bind(id)
                    .push(", ");
                sql.each(tokens, |sql, it| {
                    sql.push("CAST(CAST(").bind(it.tsvector()).push(" AS TEXT) AS tsvector)");
                });
                sql.push(") ON CONFLICT (id) DO UPDATE SET ").each(groups, |sql, group| {
                    sql.name(group).push(" = excluded.").name(group);
                });
                vec![sql]
            }
        }
    }

    pub fn unindex(self, def: &EntityDef, id: i64) -> Sql {
        let mut sql = Sql::new("DELETE FROM ");
        sql.name(&format!("{}_search", def.code));
        match self {
            Dialect::Sqlite => sql.push(" WHERE rowid = "),
            Dialect::Postgres => sql.push(" WHERE id = "),
        };
        sql.bind(id);
        sql
    }

    /// The entity as `t`, reached through its search index; `groups` are the field groups that may be searched.
    /// SQLite goes through the index first and stops early. PostgreSQL always reads the index to its end, which is good
    /// for what is `rare`; what is not is met soon by going through the rows.
    pub fn found(self, def: &EntityDef, groups: &[&str], query: &Query, rare: bool) -> Found {
        let table = format!("{}_search", def.code);
        let (mut from, mut matches) = (Sql::default(), Sql::default());
        match self {
            Dialect::Sqlite => {
                from.name(&table)
                    .push(" CROSS JOIN ")
                    .name(def.code)
                    .push(" t ON t.id = ")
                    .name(&table)
                    .push(".rowid");
                let groups: Vec<_> = groups.iter().map(|group| format!("\"{group}\"")).collect();
                let text = format!("{{{}}} : ({})", groups.join(" "), query.fts5());
                matches.name(&table).push(" MATCH ").bind(text);
            }
            // What stands behind OFFSET 0 is planned by itself, without a look at the order and limit around it.
            Dialect::Postgres if rare => {
                from.push("(SELECT s.id FROM ").name(&table).push(" s WHERE ").append(&words(groups, query));
                from.push(" OFFSET 0) s CROSS JOIN LATERAL (SELECT * FROM ").name(def.code);
                from.push(" r WHERE r.id = s.id OFFSET 0) t");
                matches.push("1 = 1");
            }
            Dialect::Postgres => {
                from.name(def.code).push(" t JOIN ").name(&table).push(" s ON s.id = t.id");
                matches.append(&words(groups, query));
            }
        }
        // SQLite sorts all it found unless the order is the index's own.
        let id = match self {
            Dialect::Sqlite => format!("\"{table}\".rowid"),
            Dialect::Postgres => "t.id".to_owned(),
        };
        Found { from, matches, id }
    }

    /// Counts how many of the newest records answer, as far as it tells what is rare; nothing where that does not matter.
    pub fn sample(self, def: &EntityDef, groups: &[&str], query: &Query) -> Option<Sql> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT * FROM ");
        sql.name(&format!("{}_search", def.code));
        sql.push(&format!(" ORDER BY id DESC LIMIT {}) s WHERE ", RARE * 100));
        sql.append(&words(groups, query)).push(&format!(" LIMIT {RARE}) found"));
        (self == Dialect::Postgres).then_some(sql)
    }

    /// Around two dates, what makes of them the days from the second to the first.
    pub(crate) fn days(self) -> [&'static str; 3] {
        match self {
            Dialect::Sqlite => ["CAST(JULIANDAY(", ") - JULIANDAY(", ") AS INTEGER)"],
            Dialect::Postgres => {
                ["CAST(CAST(CAST(", " AS TEXT) AS DATE) - CAST(CAST(", " AS TEXT) AS DATE) AS BIGINT)"]
            }
        }
    }

    /// The slice of time that a date of `t` falls into: `day`, `week` by its Monday, `month`, `quarter`, `year`.
    pub(crate) fn slice(self, sql: &mut Sql, slice: &str, date: &str) {
        let date = format!("t.\"{date}\"");
        sql.push(&match (slice, self) {
            ("week", Dialect::Sqlite) => format!("DATE({date}, 'weekday 0', '-6 days')"),
            ("week", Dialect::Postgres) => {
                let day = format!("CAST(CAST({date} AS TEXT) AS DATE)");
                format!("(TO_CHAR(DATE_TRUNC('week', {day}), 'YYYY-MM-DD') COLLATE \"C\")")
            }
            ("month", _) => format!("SUBSTR({date}, 1, 7)"),
            ("quarter", _) => format!(
                "(SUBSTR({date}, 1, 5) || 'Q' || CAST((CAST(SUBSTR({date}, 6, 2) AS INTEGER) + 2) / 3 AS TEXT))"
            ),
            ("year", _) => format!("SUBSTR({date}, 1, 4)"),
            _ => date,
        });
    }

    /// A text anywhere in a column, whatever its case.
    pub fn contains(self, sql: &mut Sql, text: &str) {
        let text = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        sql.push(" LIKE ").bind(Value::Text(format!("%{text}%"))).push(" ESCAPE '\\'");
    }
}

/// Fewer answers than these among a hundred times as many records are rare.
pub const RARE: i64 = 5;

/// Each word in any group: one may be the company's, the next one a person's there.
fn words(groups: &[&str], query: &Query) -> Sql {
    let words = if groups.len() > 1 { query.tsqueries() } else { vec![query.tsquery()] };
    let mut sql = Sql::default();
    for (n, word) in words.iter().enumerate() {
        sql.push(if n > 0 { " AND (1 = 0" } else { "(1 = 0" });
        for group in groups {
            sql.push(" OR s.").name(group).push(" @@ CAST(CAST(").bind(word.as_str());
            sql.push(" AS TEXT) AS tsquery)");
        }
        sql.push(")");
    }
    sql
}

/// What a search adds to a statement.
pub struct Found {
    pub from: Sql,
    pub matches: Sql,
    /// The record's id, for order.
    pub id: String,
}
