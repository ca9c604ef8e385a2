//! From a cell to a field's value, as people write it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use sheet::parse::{self, Habits, Parsed};
use sheet::read::Cell;
use sheet::write::bare;

use super::places::{Answer, Names};
use super::plan::place;
use super::{Column, Place, Plan, Unknown};
use crate::search::Source;
use crate::system::CodeEntry;
use crate::{
    Catalog, Desk, Entity, EntityDef, Error, Fault, FieldDef, Format, Given, Kind, Label, Result, Value,
};

/// Most texts of a column whose meaning is remembered within one piece.
const REMEMBERED: usize = 20_000;

/// A column that goes somewhere.
pub(super) struct Bound {
    /// Its place in the row.
    pub at: usize,
    pub column: Column,
    pub place: Place,
    pub path: String,
    habits: Habits,
    /// What texts meant that took a look into the database or a table.
    pub known: HashMap<String, std::result::Result<Value, Fault>>,
    names: Option<Names>,
}

/// Whether texts of this field name something that is looked up.
pub(super) fn is_named(field: &FieldDef) -> bool {
    matches!(field.kind, Kind::Code | Kind::Choice(_) | Kind::Link(_) | Kind::Bool)
}

impl Column {
    /// The cell without what the plan takes off, and with what it puts before.
    pub(super) fn trimmed<'a>(&self, cell: &'a Cell) -> Cow<'a, Cell> {
        if self.strip.is_empty() && self.prefix.is_empty() || cell.text.trim().is_empty() {
            return Cow::Borrowed(cell);
        }
        let text = cell.text.trim();
        let kept = text.strip_suffix(&self.strip).unwrap_or(text);
        Cow::Owned(Cell::text(format!("{}{kept}", self.prefix)))
    }
}

impl Desk<'_> {
    /// The plan's columns with their fields; what this actor may not see is no field.
    pub(super) fn bound(&mut self, def: &'static EntityDef, plan: &Plan) -> Result<Vec<Bound>> {
        let places = self.places(def)?;
        let currency = currency(self.catalog());
        let bind = |(at, column): (usize, &Column)| {
            let place = place(&places, &column.to)?;
            let habits =
                Habits { month_first: column.month_first, decimal_comma: column.decimal_comma, currency };
            let column = Column { factor: column.factor.max(1), ..column.clone() };
            Ok(Bound {
                at,
                path: column.to.clone(),
                column,
                place,
                habits,
                known: HashMap::new(),
                names: None,
            })
        };
        plan.columns.iter().enumerate().filter(|it| !it.1.to.is_empty()).map(bind).collect()
    }

    /// What a cell holds for its field; `None` says nothing about the field.
    pub(super) fn meaning(
        &mut self,
        bound: &mut Bound,
        cell: &Cell,
    ) -> Result<std::result::Result<Option<Value>, Fault>> {
        let field = bound.place.field;
        if cell.is_empty() && bound.column.values.is_empty() {
            return Ok(Ok(None));
        }
        let cell = &bound.column.trimmed(cell);
        let text = parse::clean(&cell.text);
        if let Some(meant) = bound.column.values.get(&text) {
            return match meant.is_empty() {
                true => Ok(Ok(None)),
                false => self.named(bound, field, &meant.clone()),
            };
        }
        let fault = |wrong: parse::Wrong| Fault {
            field: bound.path.clone(),
            code: wrong.code,
            says: Some(wrong.says.into()),
        };
        let parsed = |parsed: Parsed<i64>| match parsed {
            Ok(number) => match number.map(|it| it.checked_mul(bound.column.factor)) {
                Some(None) => Err(Fault {
                    field: bound.path.clone(),
                    code: "out_of_range",
                    says: Some(TOO_LARGE.into()),
                }),
                number => Ok(number.flatten().map(Value::Int)),
            },
            Err(wrong) => Err(fault(wrong)),
        };
        let habits = bound.habits;
        Ok(match field.kind {
            Kind::Int => parsed(parse::integer(cell, habits)),
            Kind::Money => parsed(parse::money(cell, habits)),
            Kind::Quantity | Kind::Price => parsed(parse::quantity(cell, habits)),
            Kind::Rate => parsed(parse::percent(cell, habits)),
            Kind::Bool => parse::boolean(cell).map(|it| it.map(|yes| Value::Int(yes.into()))).map_err(fault),
            Kind::Date => {
                parse::date(cell, habits).map(|it| it.map(|day| Value::Text(day.to_string()))).map_err(fault)
            }
            Kind::Text
            | Kind::Moment
            | Kind::Json
            | Kind::Rows(_)
            | Kind::Code
            | Kind::Choice(_)
            | Kind::Link(_) => {
                let exact =
                    is_named(field) || field.format == Format::Phone || field.source() == Source::Number;
                let read: Parsed<String> = if exact { parse::code(cell) } else { parse::text(cell) };
                let text = match read {
                    Ok(None) => return Ok(Ok(None)),
                    Ok(Some(text)) => text,
                    Err(wrong) => return Ok(Err(fault(wrong))),
                };
                return self.named(bound, field, bare(&text));
            }
        })
    }

    /// What a text means for a field; what was looked up once is remembered.
    fn named(
        &mut self,
        bound: &mut Bound,
        field: &'static FieldDef,
        text: &str,
    ) -> Result<std::result::Result<Option<Value>, Fault>> {
        if let Some(known) = bound.known.get(text) {
            return Ok(known.clone().map(|it| Some(it).filter(|it| *it != Value::Null)));
        }
        let found = match (field.kind, field.code) {
            (Kind::Code, Some(table)) => self.code_called(bound, field, table, text),
            _ => self.value(field, &Given::Text(text.to_owned())),
        };
        let found = match found {
            Err(Error::Invalid(_)) if is_named(field) && bound.column.unknown == Unknown::Empty => {
                Ok(Value::Null)
            }
            Err(Error::Invalid(mut faults)) => {
                let fault =
                    faults.pop().unwrap_or(Fault { field: String::new(), code: "malformed", says: None });
                Err(Fault { field: bound.path.clone(), ..fault })
            }
            Err(error) => return Err(error),
            Ok(value) => Ok(value),
        };
        // A record that is not there yet may come further down in the file.
        if is_named(field) && (found.is_ok() || !matches!(field.kind, Kind::Link(_))) {
            if bound.known.len() >= REMEMBERED {
                bound.known.clear();
            }
            bound.known.insert(text.to_owned(), found.clone());
        }
        Ok(found.map(|it| Some(it).filter(|it| *it != Value::Null)))
    }

    fn code_called(
        &mut self,
        bound: &mut Bound,
        field: &FieldDef,
        table: &'static str,
        text: &str,
    ) -> Result<Value> {
        let catalog = self.catalog().clone();
        if !bound.names.as_ref().is_some_and(|it| it.is_of(&catalog)) {
            bound.names = Some(Names::new(catalog, table));
            bound.known.clear();
        }
        let answer = bound.names.as_ref().map_or(Answer::Unknown, |it| it.find(text));
        match answer {
            Answer::Code(code) => Ok(Value::Text(code)),
            Answer::Unclear => Err(Error::fault(field.name, "code_unclear", UNCLEAR)),
            Answer::Unknown if field.again || bound.column.unknown == Unknown::Create => {
                if !field.again {
                    self.may(CodeEntry::DEF, "create")?;
                }
                self.new_code(table, text)
            }
            Answer::Unknown => Err(Error::invalid(field.name, "unknown_code")),
        }
    }
}

const TOO_LARGE: Label = Label { zh: "数字太大", en: "The number is too large" };
const UNCLEAR: Label = Label {
    zh: "有几项都叫这个名称，请写全（例如写上所属的省市）或写编码",
    en: "Several entries are called so; write it in full or write the code",
};

/// The company's currency, if its sign is one that can be told from others.
fn currency(catalog: &Arc<Catalog>) -> Option<&'static str> {
    let own = catalog.parameter("currency");
    ["CNY", "USD", "EUR", "GBP", "JPY", "HKD", "AUD", "CAD", "SGD"].into_iter().find(|it| *it == own)
}
