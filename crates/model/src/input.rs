//! What came from outside, and how it becomes values: every field is read at this border, none behind it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::system::{CodeEntry, User};
use crate::tx::Record;
use crate::{
    Desk, Entity, EntityDef, Error, Fault, FieldDef, Format, Id, Kind, Label, Result, Sql, Text, Value,
};

/// Longest text of one line and of several, in characters.
pub const LINE: usize = 500;
pub const LONG: usize = 20_000;
/// Most child rows of one record that one request may write.
const ROWS: usize = 2_000;

/// A record or a form as it was given.
#[derive(Debug, Clone, Default)]
pub struct Input {
    pub fields: BTreeMap<String, Given>,
    /// Child rows by their entity's code: the whole set, in order; a row with an `id` is one that was there.
    pub rows: BTreeMap<String, Vec<Input>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// As a person wrote it; a link by number, by name, or by id as `#17`.
    Text(String),
    /// A number of JSON: of a link it is the id.
    Number(String),
}

impl Given {
    pub fn text(&self) -> &str {
        match self {
            Given::Text(text) | Given::Number(text) => text,
        }
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for Input {
    fn from(pairs: [(K, V); N]) -> Input {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Input {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Input {
        let fields = pairs.into_iter().map(|(key, value)| (key.into(), Given::Text(value.into())));
        Input { fields: fields.collect(), rows: BTreeMap::new() }
    }
}

impl Input {
    /// Reads a flat JSON object; a list of objects is child rows, an object with an `id` is a link.
    pub fn of_json(json: &Json) -> Result<Input> {
        let malformed = |key: &str| Error::invalid(key, "malformed");
        let mut input = Input::default();
        for (key, value) in json.as_object().ok_or_else(|| malformed("body"))? {
            let given = match value {
                Json::Null => Given::Text(String::new()),
                Json::Bool(yes) => Given::Text(yes.to_string()),
                Json::Number(number) => Given::Number(number.to_string()),
                Json::String(text) => Given::Text(text.clone()),
                Json::Object(link) => match &link.get("id") {
                    Some(Json::Number(id)) => Given::Number(id.to_string()),
                    _ => return Err(malformed(key)),
                },
                Json::Array(rows) => {
                    let rows =
                        rows.iter().map(Input::of_json).collect::<Result<_>>().map_err(|_| malformed(key))?;
                    input.rows.insert(key.clone(), rows);
                    continue;
                }
            };
            input.fields.insert(key.clone(), given);
        }
        Ok(input)
    }

    /// Reads a browser's form: `name=…`, child rows as `address.0.city=…`. A key given twice keeps its last value,
    /// so that an unchecked box can be preceded by a hidden one.
    pub fn of_form(body: &[u8]) -> Input {
        let mut input = Input::default();
        let mut rows: BTreeMap<String, BTreeMap<u64, Input>> = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(body) {
            let given = Given::Text(value.into_owned());
            let mut parts = key.splitn(3, '.');
            match (parts.next(), parts.next().and_then(|it| it.parse().ok()), parts.next()) {
                (Some(child), Some(n), Some(field)) => {
                    let row = rows.entry(child.to_owned()).or_default().entry(n).or_default();
                    row.fields.insert(field.to_owned(), given);
                }
                _ => {
                    input.fields.insert(key.into_owned(), given);
                }
            }
        }
        let is_blank = |row: &Input| row.fields.values().all(|it| it.text().is_empty());
        let kept = |rows: BTreeMap<u64, Input>| rows.into_values().filter(|row| !is_blank(row)).collect();
        input.rows = rows.into_iter().map(|(child, rows)| (child, kept(rows))).collect();
        input
    }

    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", Given::text)
    }

    pub fn take(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name).map(|it| it.text().to_owned())
    }

    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.fields.insert(name.to_owned(), Given::Text(text.into()));
    }
}

impl Desk<'_> {
    /// Writes `input` over a record; faults of all fields come together.
    pub(crate) fn fill(
        &mut self,
        def: &'static EntityDef,
        input: &Input,
        record: &mut Record,
        fresh: bool,
    ) -> Result<()> {
        let mut faults = Vec::new();
        for (name, given) in &input.fields {
            let catalog = self.tx.catalog.clone();
            let field = catalog.field(def, name).filter(|it| self.may_see(def, it));
            let Some(field) = field else {
                faults.push(Fault { field: name.clone(), code: "unknown_field", says: None });
                continue;
            };
            // What hangs on a record does not move to another.
            let moves = def.is_attached() && !fresh && matches!(field.name, "entity" | "record");
            if moves || !self.may_write(def, field) {
                // What is sent back unchanged does no harm, where it could be read.
                if field.readonly && self.may_read(def, field) {
                    let now = match def.at(name) {
                        Some(at) => record[at].clone(),
                        None => self.tx.derived(def, record[0].int(), &[field])?.swap_remove(0),
                    };
                    let same = field.kind.parse(given.text()).is_some_and(|it| it == now);
                    if same || field.kind.plain(now.cell()) == given.text() {
                        continue;
                    }
                }
                faults.push(Fault { field: name.clone(), code: "forbidden_field", says: None });
                continue;
            }
            match self.value(field, given) {
                Ok(value) if field.is_custom() => set_custom(def, record, field, &value),
                Ok(value) => record[def.at(name).expect("found above")] = value,
                Err(error) => Error::gather(&mut faults, Err(error))?,
            }
        }
        let catalog = self.tx.catalog.clone();
        for field in def.fields.iter().chain(catalog.custom(def).iter().copied()) {
            let asked = fresh || input.fields.contains_key(field.name);
            let already = faults.iter().any(|it| it.field == field.name);
            let is_empty = || field.is_empty(&value_of(def, record, field));
            if field.required && asked && !already && !field.readonly && is_empty() {
                faults.push(Fault { field: field.name.into(), code: "required", says: None });
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
    }

    /// Reads what a verb asks.
    pub(crate) fn asked(&mut self, fields: &'static [FieldDef], input: &Input) -> Result<Record> {
        let mut values: Record = fields.iter().map(FieldDef::blank).collect();
        let mut faults = Vec::new();
        for (name, given) in &input.fields {
            let Some(at) = fields.iter().position(|field| field.name == name) else {
                faults.push(Fault { field: name.clone(), code: "unknown_field", says: None });
                continue;
            };
            match self.value(&fields[at], given) {
                Ok(value) => values[at] = value,
                Err(error) => Error::gather(&mut faults, Err(error))?,
            }
        }
        for (name, rows) in &input.rows {
            let at = fields.iter().position(|field| field.name == name);
            let Some((at, Kind::Rows(of))) = at.map(|at| (at, fields[at].kind)) else {
                faults.push(Fault { field: name.clone(), code: "unknown_field", says: None });
                continue;
            };
            few(name, rows)?;
            let mut asked = Vec::new();
            for (n, row) in rows.iter().enumerate() {
                match self.asked(of, row) {
                    Ok(row) => asked.push(Json::Array(row.iter().map(Value::json).collect())),
                    Err(error) => Error::gather(&mut faults, Err(under(name, n, error)))?,
                }
            }
            values[at] = Value::Text(Json::Array(asked).to_string());
        }
        for (field, value) in fields.iter().zip(&values) {
            if field.required && field.is_empty(value) && !faults.iter().any(|it| it.field == field.name) {
                faults.push(Fault { field: field.name.into(), code: "required", says: None });
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(Error::Invalid(faults)) }
    }

    /// One field from one text.
    pub(crate) fn value(&mut self, field: &FieldDef, given: &Given) -> Result<Value> {
        let text = clean(given.text(), field.format == Format::Long);
        let text = text.trim();
        if text.is_empty() {
            if !field.optional && matches!(field.kind, Kind::Date | Kind::Moment) {
                return Err(Error::invalid(field.name, "required"));
            }
            return Ok(if field.optional { Value::Null } else { field.kind.blank() });
        }
        let longest =
            if matches!(field.format, Format::Long | Format::Fields | Format::Json) { LONG } else { LINE };
        if text.chars().count() > longest {
            let says = Text::new(
                format!("最多 {longest} 个字，这里有 {} 个", text.chars().count()),
                format!("At most {longest} characters, here are {}", text.chars().count()),
            );
            return Err(Error::fault(field.name, "too_long", says));
        }
        let malformed = || Error::invalid(field.name, malformed_code(field.kind));
        match field.kind {
            Kind::Link(to) => self.link(field, to(), given, text),
            Kind::Code => self.code_value(field, text),
            Kind::Moment => match field.kind.parse(text) {
                Some(value) => Ok(value),
                // A browser's `datetime-local`, in the company's zone.
                None => {
                    let local: jiff::civil::DateTime = text.parse().map_err(|_| malformed())?;
                    let moment = self.tx.catalog.zone.to_timestamp(local).map_err(|_| malformed())?;
                    Ok((&moment).into())
                }
            },
            Kind::Text if field.format == Format::Email && !looks_like_email(text) => {
                Err(Error::invalid(field.name, "malformed_email"))
            }
            kind => kind.parse(text).ok_or_else(malformed),
        }
    }

    /// An entry by its code or by its name in either language; where the table grows by use, a new one is added.
    fn code_value(&mut self, field: &FieldDef, text: &str) -> Result<Value> {
        let Some(table) = field.code else { return Ok(Value::from(text)) };
        if self.tx.catalog.code(table, text).is_some() {
            return Ok(Value::from(text));
        }
        let same = |entry: &&CodeEntry| {
            entry.name == text || entry.name_en.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(text))
        };
        let catalog = self.tx.catalog.clone();
        // Where several have a name, an export writes the code behind it.
        let named = text.strip_suffix(')').and_then(|it| it.rsplit_once(" ("));
        let named = named.and_then(|(name, code)| Some((name, catalog.code(table, code)?)));
        if let Some((_, entry)) =
            named.filter(|(name, it)| it.name == *name || it.name_en.as_deref() == Some(name))
        {
            return Ok(Value::from(entry.code.as_str()));
        }
        let mut entries = catalog.codes(table).iter().filter(same);
        if let Some(entry) = entries.next() {
            return Ok(Value::from(entry.code.as_str()));
        }
        if !field.again {
            return Err(Error::invalid(field.name, "unknown_code"));
        }
        self.new_code(table, text)
    }

    /// Adds an entry to a table that grows by use; its name is its code.
    pub(crate) fn new_code(&mut self, table: &str, text: &str) -> Result<Value> {
        let position = self.tx.catalog.codes(table).iter().map(|it| it.position).max().unwrap_or(0) + 10;
        let mut entry = CodeEntry {
            id: Id::NEW,
            list: table.to_owned(),
            code: text.chars().take(60).collect(),
            name: text.to_owned(),
            name_en: None,
            above: None,
            position,
            mark: false,
            closed: false,
            key: String::new(),
            stamp: Default::default(),
        };
        let code = entry.code.clone();
        self.tx.save(&mut entry)?;
        self.tx.add_code(entry);
        Ok(Value::Text(code))
    }

    /// A record that the actor may see, by id, number or name.
    fn link(&mut self, field: &FieldDef, to: &'static EntityDef, given: &Given, text: &str) -> Result<Value> {
        let unknown = |code| Err(Error::invalid(field.name, code));
        let id = match given {
            Given::Number(number) => number.parse::<i64>().ok(),
            Given::Text(_) => text.strip_prefix('#').and_then(|it| it.parse().ok()),
        };
        let mut sql = Sql::new("SELECT t.id FROM ");
        sql.name(to.code).push(" t WHERE ");
        match id {
            Some(id) => sql.push("t.id = ").bind(id),
            None => {
                sql.push("(1 = 0");
                for name in self.named_by(to) {
                    sql.push(" OR t.").name(name).push(" = ").bind(text);
                }
                sql.push(")")
            }
        };
        // People and departments are chosen by everybody; all else only within the actor's reach.
        if !std::ptr::eq(to, User::DEF) && self.may(to, "read").is_ok() {
            sql.push(" AND ").append(&self.reach(to, "t", false)?);
        } else if !crate::system::is_cached(to) && !self.actor.rights.all {
            return unknown("unknown_record");
        }
        sql.push(" LIMIT 2");
        match self.tx.rows(&sql)?.as_slice() {
            [row] => Ok(row[0].clone()),
            [] => unknown("unknown_record"),
            _ => unknown("ambiguous_record"),
        }
    }
}

/// The fields by whose values people name a record. What is called by a link, as a ledger's entry is, has no name of its own.
pub(crate) fn named_by(to: &EntityDef) -> Vec<&'static str> {
    let title = to.title_field();
    let others = ["number", "login", "code", "short_name"].into_iter();
    let others = others.filter(|it| *it != title.name && to.at(it).is_some());
    Some(title.name).filter(|_| title.kind.is_text()).into_iter().chain(others).collect()
}

fn malformed_code(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "malformed_date",
        Kind::Moment => "malformed_moment",
        Kind::Choice(_) | Kind::Bool => "unknown_choice",
        kind if kind.is_amount() => "malformed_number",
        _ => "malformed",
    }
}

fn looks_like_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
}

/// A text without what nobody can see: control characters, zero-width characters, marks that turn the direction.
pub fn clean(text: &str, lines: bool) -> std::borrow::Cow<'_, str> {
    let unseen = |it: char| {
        let bad = matches!(it, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        bad || (it.is_control() && !(lines && matches!(it, '\n' | '\t')))
    };
    if !text.contains(unseen) {
        return text.into();
    }
    // A line break in one line, as pasted from a cell, parts words.
    let soft = |it: char| if !lines && matches!(it, '\n' | '\t') { ' ' } else { it };
    text.chars().map(soft).filter(|it| !unseen(*it)).collect::<String>().into()
}

/// Puts a custom field's value into the record's JSON column.
pub(crate) fn set_custom(def: &EntityDef, record: &mut Record, field: &FieldDef, value: &Value) {
    let Some(at) = def.at("custom") else { return };
    let mut json: serde_json::Map<String, Json> = serde_json::from_str(record[at].text()).unwrap_or_default();
    match value {
        Value::Null => json.remove(field.name),
        value => json.insert(field.name.to_owned(), value.json()),
    };
    record[at] = Value::Text(Json::Object(json).to_string());
}

/// A field's value in a record, wherever it is kept.
pub fn value_of(def: &EntityDef, record: &Record, field: &FieldDef) -> Value {
    if !field.is_custom() {
        return def.at(field.name).map_or(Value::Null, |at| record[at].clone());
    }
    let text = def.at("custom").map_or("", |at| record[at].text());
    let json: Json = serde_json::from_str(text).unwrap_or_default();
    Value::of_json(&json[field.name])
}

/// The faults that a set of child rows brought, each under its row's name.
pub(crate) fn under(child: &str, n: usize, error: Error) -> Error {
    match error {
        Error::Invalid(faults) => {
            let named = |fault: Fault| Fault { field: format!("{child}.{n}.{}", fault.field), ..fault };
            Error::Invalid(faults.into_iter().map(named).collect())
        }
        other => other,
    }
}

pub(crate) fn few(child: &str, rows: &[Input]) -> Result<()> {
    if rows.len() <= ROWS {
        return Ok(());
    }
    let says = Label { zh: "一次最多 2,000 行", en: "At most 2,000 rows at once" };
    Err(Error::fault(child, "too_many_rows", says))
}
