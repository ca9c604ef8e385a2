//! SQL as text with its values, and the little that an engine asks of a database.

use crate::{Result, Row, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// A connection inside a transaction. It offers no way to end it.
pub trait Conn {
    fn dialect(&self) -> Dialect;

    fn query(
        &mut self,
        sql: &str,
        values: &[Value],
        each: &mut dyn FnMut(&dyn Row) -> Result<()>,
    ) -> Result<()>;

    /// Returns how many rows changed.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64>;

    /// Executes a write that nobody asks the outcome of, now or with a later statement; a failure may come with that.
    fn post(&mut self, sql: &str, values: &[Value]) -> Result<()> {
        self.execute(sql, values).map(drop)
    }

    /// Waits for what was posted, so that a failure is told to whoever wrote it.
    fn deliver(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Stands for a bound value until the statement is whole and its values are counted.
const PLACE: char = '\u{1}';

/// A statement in the making. A value only ever comes in by `bind`; its `$n` is given when the statement is whole,
/// so that pieces join in any order.
#[derive(Debug, Default, Clone)]
pub struct Sql {
    text: String,
    pub values: Vec<Value>,
}

impl Sql {
    pub fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), values: Vec::new() }
    }

    pub fn push(&mut self, text: &str) -> &mut Sql {
        debug_assert!(!text.contains(PLACE));
        self.text.push_str(text);
        self
    }

    /// A table's or a column's name, from a descriptor.
    pub fn name(&mut self, name: &str) -> &mut Sql {
        debug_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
        self.text.push('"');
        self.text.push_str(name);
        self.text.push('"');
        self
    }

    pub fn names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> &mut Sql {
        self.each(names, |sql, name| {
            sql.name(name);
        })
    }

    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Sql {
        self.values.push(value.into());
        self.text.push(PLACE);
        self
    }

    /// `a, b, c`.
    pub fn each<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Sql, T),
    ) -> &mut Sql {
        for (n, item) in items.into_iter().enumerate() {
            if n > 0 {
                self.text.push_str(", ");
            }
            write(self, item);
        }
        self
    }

    /// `($1, $2, $3)`; of nothing `(NULL)`, in which nothing is, since PostgreSQL reads no empty list.
    pub fn any_of(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> &mut Sql {
        let before = self.values.len();
        self.push("(");
        self.each(values, |sql, value| {
            sql.bind(value);
        });
        self.push(if self.values.len() == before { "NULL)" } else { ")" })
    }

    pub fn append(&mut self, other: &Sql) -> &mut Sql {
        self.text.push_str(&other.text);
        self.values.extend(other.values.iter().cloned());
        self
    }

    /// A row scope of several parts, any of which may hold.
    pub(crate) fn is_parts(&self) -> bool {
        self.text.starts_with("(1 = 0 OR ")
    }

    /// The same without the constant at the head of each row scope. With it SQLite walks in the order asked for and stops
    /// early, which is what a list wants; without it, it goes through the indexes of the scope's parts, which is what a
    /// count wants.
    pub(crate) fn through_indexes(&self) -> Sql {
        Sql { text: self.text.replace("(1 = 0 OR ", "("), values: self.values.clone() }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The statement with `$1, $2, …` in ascending order, which is also how SQLite counts.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.text.len() + 2 * self.values.len());
        for (n, part) in self.text.split(PLACE).enumerate() {
            if n > 0 {
                text.push('$');
                text.push_str(&n.to_string());
            }
            text.push_str(part);
        }
        text
    }
}
