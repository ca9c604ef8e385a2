//! The tables that the registry asks for, in words that both databases understand.
//!
//! A [`Schema`] is data: it comes from the registry, from its text in `migrations/schema.txt`, or from a database, and
//! the difference of two is a list of [`Step`]s. `store` runs the SQL that stands in [`crate::ddl`].

use std::fmt::{self, Display, Formatter, Write};

use crate::{EntityDef, Error, FieldDef, Kind, Registry, Result, Value};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    pub tables: Vec<Table>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub indexes: Vec<Index>,
    /// The columns of the text index `<name>_search`: one for each group of fields; empty for none.
    pub search: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub shape: Shape,
    pub optional: bool,
    /// The table whose `id` it holds.
    pub to: Option<String>,
    /// What rows get that are there before the column is.
    pub blank: Value,
}

/// The blank counts only while a column is added, so it makes no difference between two schemas.
impl PartialEq for Column {
    fn eq(&self, other: &Column) -> bool {
        let same = |it: &Column| (it.name.clone(), it.shape, it.optional, it.to.clone());
        same(self) == same(other)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A primary key that counts by itself and never gives a number twice.
    Id,
    /// A primary key that the writer chooses.
    IntKey,
    TextKey,
    Int,
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub unique: bool,
    /// Holds only rows in which the first column says something.
    pub sparse: bool,
    pub columns: Vec<String>,
}

impl Index {
    fn over(columns: impl IntoIterator<Item = impl Into<String>>) -> Index {
        Index { unique: false, sparse: false, columns: columns.into_iter().map(Into::into).collect() }
    }

    /// Named after its place, so that a driver's error says which field it was: `customer.number`.
    pub fn name(&self, table: &str) -> String {
        format!("{table}.{}", self.columns.join("."))
    }
}

/// One change of a schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Create(Table),
    Drop(String),
    Add(String, Column),
    Remove(String, String),
    Change(String, Column),
    Index(String, Index),
    Unindex(String, Index),
    /// Makes the text index anew with these columns; its rows come from the records.
    Search(String, Vec<String>),
}

/// A name that may stand in a statement: it comes from a descriptor, a custom field or an address.
pub fn identifier(name: &str) -> Result<&str> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    match begins && name.len() <= 50 && name.bytes().all(fits) {
        true => Ok(name),
        false => Err(Error::Internal(format!("{name:?} is no name for a table or a column"))),
    }
}

/// What the engine keeps beside its nouns.
const OWN: &str = "\
table number
  series text key
  last int

table event
  id id
  entity text
  record int
  part text?
  at text
  user int
  door text
  kind text
  changes text
  batch text?
  reason text?
  index entity record id
  sparse batch id

table meta
  name text key
  value text
";

pub fn schema(registry: Registry) -> Result<Schema> {
    let mut schema: Schema = OWN.parse()?;
    schema.tables.extend(registry.all().map(|def| Table::of(registry, def)));
    schema.check()?;
    Ok(schema)
}

impl Table {
    fn of(registry: Registry, def: &'static EntityDef) -> Table {
        let mut columns = vec![Column::new("id", Shape::Id)];
        columns.extend(def.fields.iter().map(Column::of));
        let mut indexes: Vec<Index> =
            def.fields.iter().filter_map(|field| index(registry, def, field)).collect();
        if def.has_key() {
            columns.push(Column::new("title_key", Shape::Text));
            indexes.push(Index::over(["title_key", "id"]));
        }
        // Every list is asked what is new this month; entries have a date of their own.
        if !def.module.is_empty() && !def.ledger {
            indexes.push(Index::over(["created", "id"]));
        }
        indexes.extend(def.indexes.iter().map(|columns| Index::over(columns.iter().copied())));
        let search = registry.search_groups(def).into_iter().map(str::to_owned).collect();
        Table { name: def.code.to_owned(), columns, indexes, search }
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The name of its text index.
    pub fn search_name(&self) -> String {
        format!("{}_search", self.name)
    }
}

/// Unique fields have their own index; listed and linking ones sort and find, with the id as the last word. Of those
/// that are only filtered, one of few values has an index where a reminder asks for it at every page: each index makes
/// every new record dearer, and a few values part the rows so little that going through them all is as quick. Entries of
/// a ledger, of which a posting writes a dozen, and lines, which have no list, are found by links and dates and sorted
/// otherwise on demand.
fn index(registry: Registry, def: &EntityDef, field: &FieldDef) -> Option<Index> {
    let few = matches!(field.kind, Kind::Choice(_) | Kind::Bool | Kind::Code);
    let asks = |query: &str| query.split(['&', '=', '>', '<', '!']).any(|it| it == field.name);
    let is_open = def.closed.is_some_and(|at| std::ptr::eq(&def.fields[at], field));
    let reminded = !is_open && def.views.iter().any(|view| view.remind && asks(view.query));
    let is_link = link(field).is_some();
    let is_line = def.of.is_some() && def.module.is_empty();
    let wanted = match def.ledger || is_line {
        true => is_link || (field.list && matches!(field.kind, Kind::Date)),
        false => is_link || field.list || (field.filter && (!few || reminded)),
    };
    if field.unique {
        return Some(Index { unique: true, ..Index::over([field.name]) });
    }
    let held = crate::report::held(registry, def, field);
    // Rows that say nothing are looked for by nobody, but for those that nobody looks after; lists are sorted by a
    // link's title.
    let is_owner = def.owner.is_some_and(|at| std::ptr::eq(&def.fields[at], field));
    let sparse = field.optional && (is_link || !field.list) && !is_owner && held.is_empty();
    // A link that sums go along has them in the order of their dates.
    let id = (held.is_empty() || !is_link).then_some("id");
    wanted.then(|| Index { sparse, ..Index::over([field.name].into_iter().chain(id).chain(held)) })
}

/// Who made and changed a record stays written there, whatever becomes of the user: no link holds it.
fn link(field: &FieldDef) -> Option<&'static EntityDef> {
    let Kind::Link(to) = field.kind else { return None };
    if matches!(field.name, "creator" | "changer") { None } else { Some(to()) }
}

impl Column {
    fn new(name: &str, shape: Shape) -> Column {
        let blank = shape.blank();
        Column { name: name.to_owned(), shape, optional: false, to: None, blank }
    }

    fn of(field: &FieldDef) -> Column {
        let shape = if field.kind.is_text() { Shape::Text } else { Shape::Int };
        let to = link(field).map(|to| to.code.to_owned());
        Column { optional: field.optional, to, blank: field.blank(), ..Column::new(field.name, shape) }
    }
}

impl Shape {
    pub fn is_text(self) -> bool {
        matches!(self, Shape::Text | Shape::TextKey)
    }

    pub fn is_key(self) -> bool {
        matches!(self, Shape::Id | Shape::IntKey | Shape::TextKey)
    }

    pub fn blank(self) -> Value {
        if self.is_text() { Value::Text(String::new()) } else { Value::Int(0) }
    }
}

impl Schema {
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Every name fits, every link has its table: what passes can be written into statements.
    pub fn check(&self) -> Result<()> {
        let unfit = |what: String| Err(Error::Internal(format!("schema: {what}")));
        for (n, table) in self.tables.iter().enumerate() {
            identifier(&table.name)?;
            if self.tables[..n].iter().any(|it| it.name == table.name) {
                return unfit(format!("two tables are called {}", table.name));
            }
            for (n, column) in table.columns.iter().enumerate() {
                identifier(&column.name)?;
                if table.columns[..n].iter().any(|it| it.name == column.name) {
                    return unfit(format!("two columns are called {}.{}", table.name, column.name));
                }
                if let Some(to) = column.to.as_ref().filter(|to| self.table(to).is_none()) {
                    return unfit(format!("{}.{} links to {to}", table.name, column.name));
                }
            }
            for index in &table.indexes {
                if index.columns.is_empty() || index.columns.iter().any(|name| table.column(name).is_none()) {
                    return unfit(format!("index {}", index.name(&table.name)));
                }
                if index.name(&table.name).len() > 63 {
                    return unfit(format!("index {} has too long a name", index.name(&table.name)));
                }
            }
            table.search.iter().try_for_each(|name| identifier(name).map(drop))?;
        }
        Ok(())
    }

    /// The schema after `step`.
    pub fn step(&mut self, step: &Step) -> Result<()> {
        let missing = |what: &str| Error::Internal(format!("migration: there is no {what}"));
        if let Step::Create(table) = step {
            self.tables.push(table.clone());
            return Ok(());
        }
        let name = step.table();
        let at = self.tables.iter().position(|it| it.name == name).ok_or_else(|| missing(name))?;
        let table = &mut self.tables[at];
        let place = |table: &Table, name: &str| table.columns.iter().position(|it| it.name == name);
        match step {
            Step::Create(_) => {}
            Step::Drop(_) => drop(self.tables.remove(at)),
            Step::Add(_, column) => table.columns.push(column.clone()),
            Step::Remove(_, name) => {
                drop(table.columns.remove(place(table, name).ok_or_else(|| missing(name))?))
            }
            Step::Change(_, column) => {
                let at = place(table, &column.name).ok_or_else(|| missing(&column.name))?;
                table.columns[at] = column.clone();
            }
            Step::Index(_, index) => table.indexes.push(index.clone()),
            Step::Unindex(_, index) => {
                let at = table.indexes.iter().position(|it| it == index);
                table.indexes.remove(at.ok_or_else(|| missing(&index.name(name)))?);
            }
            Step::Search(_, columns) => table.search = columns.clone(),
        }
        Ok(())
    }

    /// The same schema in an order that is nobody's choice, for comparing.
    pub fn sorted(mut self) -> Schema {
        self.tables.sort_by(|a, b| a.name.cmp(&b.name));
        for table in &mut self.tables {
            table.columns.sort_by(|a, b| a.name.cmp(&b.name));
            table.indexes.sort_by_key(|index| index.name(""));
        }
        self
    }
}

/// The steps from `old` to `new`.
pub fn diff(old: &Schema, new: &Schema) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in &new.tables {
        match old.table(&table.name) {
            Some(before) => change(before, table, &mut steps),
            None => steps.push(Step::Create(table.clone())),
        }
    }
    let gone = old.tables.iter().filter(|table| new.table(&table.name).is_none());
    steps.extend(gone.map(|table| Step::Drop(table.name.clone())));
    steps
}

fn change(old: &Table, new: &Table, steps: &mut Vec<Step>) {
    let name = || new.name.clone();
    let gone = old.indexes.iter().filter(|index| !new.indexes.contains(index));
    steps.extend(gone.map(|index| Step::Unindex(name(), index.clone())));
    for column in &new.columns {
        match old.column(&column.name) {
            None => steps.push(Step::Add(name(), column.clone())),
            Some(before) if before != column => steps.push(Step::Change(name(), column.clone())),
            Some(_) => {}
        }
    }
    let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
    steps.extend(gone.map(|column| Step::Remove(name(), column.name.clone())));
    let come = new.indexes.iter().filter(|index| !old.indexes.contains(index));
    steps.extend(come.map(|index| Step::Index(name(), index.clone())));
    if old.search != new.search {
        steps.push(Step::Search(name(), new.search.clone()));
    }
}

impl Step {
    pub fn table(&self) -> &str {
        match self {
            Step::Create(table) => &table.name,
            Step::Drop(table)
            | Step::Add(table, _)
            | Step::Remove(table, _)
            | Step::Change(table, _)
            | Step::Index(table, _)
            | Step::Unindex(table, _)
            | Step::Search(table, _) => table,
        }
    }
}

impl Display for Schema {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        for (n, table) in self.tables.iter().enumerate() {
            write!(f, "{}table {table}", if n > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        self.columns.iter().try_for_each(|column| writeln!(f, "  {column}"))?;
        self.indexes.iter().try_for_each(|index| writeln!(f, "  {index}"))?;
        if self.search.is_empty() { Ok(()) } else { writeln!(f, "  search {}", self.search.join(" ")) }
    }
}

impl Display for Column {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let shape = match self.shape {
            Shape::Id => "id",
            Shape::Int | Shape::IntKey => "int",
            Shape::Text | Shape::TextKey => "text",
        };
        let key = if matches!(self.shape, Shape::IntKey | Shape::TextKey) { " key" } else { "" };
        write!(f, "{} {shape}{}{key}", self.name, if self.optional { "?" } else { "" })?;
        if let Some(to) = &self.to {
            write!(f, " -> {to}")?;
        }
        if !self.optional && self.blank != self.shape.blank() {
            write!(f, " = {}", self.blank.json())?;
        }
        Ok(())
    }
}

impl Display for Index {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let kind = match (self.unique, self.sparse) {
            (true, _) => "unique",
            (false, true) => "sparse",
            (false, false) => "index",
        };
        write!(f, "{kind} {}", self.columns.join(" "))
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Step::Create(table) => write!(f, "create table {table}"),
            Step::Drop(table) => writeln!(f, "drop table {table}"),
            Step::Add(table, column) => writeln!(f, "add {table}.{column}"),
            Step::Remove(table, column) => writeln!(f, "remove {table}.{column}"),
            Step::Change(table, column) => writeln!(f, "change {table}.{column}"),
            Step::Index(table, index) => writeln!(f, "add to {table} {index}"),
            Step::Unindex(table, index) => writeln!(f, "drop from {table} {index}"),
            Step::Search(table, columns) => writeln!(f, "search {table} {}", columns.join(" ")),
        }
    }
}

/// The text of a migration.
pub fn write(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        // Writing into a string can't fail.
        let _ = write!(text, "{step}");
        text
    })
}

impl std::str::FromStr for Schema {
    type Err = Error;

    fn from_str(text: &str) -> Result<Schema> {
        let mut schema = Schema::default();
        let line = |line: &str| match line.starts_with("table ") {
            true => format!("create {line}\n"),
            false => format!("{line}\n"),
        };
        parse(&text.lines().map(line).collect::<String>())?.iter().try_for_each(|step| schema.step(step))?;
        Ok(schema)
    }
}

/// Reads what [`write`] wrote. A line that begins with `#` is a remark.
pub fn parse(text: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for line in text.lines() {
        let unread = || Error::Internal(format!("migration: what is {line:?}?"));
        let words: Vec<&str> = line.split_whitespace().collect();
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let place =
            |text: &str| text.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or_else(unread);
        let rest = || line.split_once(' ').map(|it| it.1).ok_or_else(unread);
        let step = match words.as_slice() {
            [] => continue,
            [remark, ..] if remark.starts_with('#') => continue,
            _ if line.starts_with(' ') => {
                let Some(Step::Create(table)) = steps.last_mut() else { return Err(unread()) };
                match words.as_slice() {
                    ["index" | "sparse" | "unique", _, ..] => {
                        table.indexes.push(read_index(&words).ok_or_else(unread)?)
                    }
                    ["search", groups @ ..] => table.search = owned(groups),
                    _ => table.columns.push(read_column(line).ok_or_else(unread)?),
                }
                continue;
            }
            ["create", "table", name] => {
                let name = (*name).to_owned();
                Step::Create(Table { name, columns: Vec::new(), indexes: Vec::new(), search: Vec::new() })
            }
            ["drop", "table", name] => Step::Drop((*name).to_owned()),
            ["add", "to", table, rest @ ..] => {
                Step::Index((*table).to_owned(), read_index(rest).ok_or_else(unread)?)
            }
            ["drop", "from", table, rest @ ..] => {
                Step::Unindex((*table).to_owned(), read_index(rest).ok_or_else(unread)?)
            }
            ["add" | "change", ..] => {
                let (table, text) = place(rest()?)?;
                let column = read_column(&text).ok_or_else(unread)?;
                if words[0] == "add" { Step::Add(table, column) } else { Step::Change(table, column) }
            }
            ["remove", name] => {
                let (table, column) = place(name)?;
                Step::Remove(table, column)
            }
            ["search", table, groups @ ..] => Step::Search((*table).to_owned(), owned(groups)),
            _ => return Err(unread()),
        };
        steps.push(step);
    }
    Ok(steps)
}

/// `name text? -> other = "blank"`
fn read_column(line: &str) -> Option<Column> {
    let (line, blank) = line.split_once(" = ").map_or((line, None), |(line, blank)| (line, Some(blank)));
    let mut words = line.split_whitespace();
    let (name, shape) = (words.next()?, words.next()?);
    let optional = shape.ends_with('?');
    let mut column = match shape.trim_end_matches('?') {
        "id" => Column::new(name, Shape::Id),
        "int" => Column::new(name, Shape::Int),
        "text" => Column::new(name, Shape::Text),
        _ => return None,
    };
    column.optional = optional;
    while let Some(word) = words.next() {
        match word {
            "key" => column.shape = if column.shape.is_text() { Shape::TextKey } else { Shape::IntKey },
            "->" => column.to = Some(words.next()?.to_owned()),
            _ => return None,
        }
    }
    match blank.map(serde_json::from_str::<serde_json::Value>) {
        Some(Ok(serde_json::Value::String(text))) => column.blank = Value::Text(text),
        Some(Ok(serde_json::Value::Number(number))) => column.blank = Value::Int(number.as_i64()?),
        Some(_) => return None,
        None if optional => column.blank = Value::Null,
        None => {}
    }
    Some(column)
}

fn read_index(words: &[&str]) -> Option<Index> {
    let (kind, columns) = words.split_first()?;
    let (unique, sparse) = match *kind {
        "unique" => (true, false),
        "sparse" => (false, true),
        "index" => (false, false),
        _ => return None,
    };
    Some(Index { unique, sparse, ..Index::over(columns.iter().copied()) })
}
