//! Values between a row and a struct: three shapes are all that either database ever sees.

use crate::{
    Code, Custom, Date, Entity, EntityDef, Error, FieldDef, Form, Id, Label, Moment, Money, Price, Quantity,
    Rate, Result, Stamp, decimal,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

/// A value still inside the driver's buffer.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
}

/// A row of either database, a form just parsed, or a record in memory.
pub trait Row {
    fn cell(&self, n: usize) -> Cell<'_>;
    fn width(&self) -> usize;
}

impl Row for Vec<Value> {
    fn width(&self) -> usize {
        self.len()
    }

    fn cell(&self, n: usize) -> Cell<'_> {
        self[n].cell()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<Cell<'_>> for Value {
    fn from(cell: Cell) -> Value {
        match cell {
            Cell::Null => Value::Null,
            Cell::Int(int) => Value::Int(int),
            Cell::Text(text) => Value::from(text),
        }
    }
}

impl Value {
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Value::Null => Cell::Null,
            Value::Int(int) => Cell::Int(*int),
            Value::Text(text) => Cell::Text(text),
        }
    }

    pub fn int(&self) -> i64 {
        if let Value::Int(int) = self { *int } else { 0 }
    }

    pub fn text(&self) -> &str {
        if let Value::Text(text) = self { text } else { "" }
    }

    pub fn json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Int(int) => (*int).into(),
            Value::Text(text) => text.as_str().into(),
        }
    }

    /// Back from what [`Value::json`] made.
    pub fn of_json(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Number(number) => number.as_i64().map_or(Value::Null, Value::Int),
            serde_json::Value::Bool(yes) => Value::Int(i64::from(*yes)),
            serde_json::Value::String(text) => Value::from(text.as_str()),
            _ => Value::Null,
        }
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Value {
        Value::Int(int)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl<T: Scalar> From<&T> for Value {
    fn from(scalar: &T) -> Value {
        scalar.value()
    }
}

/// What a field holds: how it is stored, parsed, shown and compared.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    Int,
    Bool,
    Money,
    Quantity,
    Price,
    Rate,
    Date,
    Moment,
    Code,
    Choice(&'static [(&'static str, Label)]),
    /// A function, since two nouns may link to each other and a constant may not look at itself.
    Link(fn() -> &'static EntityDef),
    /// One JSON object: the values of custom fields.
    Json,
    /// Several rows of these fields: what a verb asks for each of many. No record holds such a thing.
    Rows(&'static [FieldDef]),
}

impl Kind {
    pub fn is_text(self) -> bool {
        match self {
            Kind::Text
            | Kind::Date
            | Kind::Moment
            | Kind::Code
            | Kind::Choice(_)
            | Kind::Json
            | Kind::Rows(_) => true,
            Kind::Int | Kind::Bool | Kind::Link(_) => false,
            Kind::Money | Kind::Quantity | Kind::Price | Kind::Rate => false,
        }
    }

    /// Amounts stand right in a column.
    pub fn is_amount(self) -> bool {
        matches!(self, Kind::Int | Kind::Money | Kind::Quantity | Kind::Price | Kind::Rate)
    }

    /// Decimal places of an amount that is stored as a whole number.
    pub fn places(self) -> u32 {
        match self {
            Kind::Money => Money::PLACES,
            Kind::Quantity | Kind::Price | Kind::Rate => Price::PLACES,
            _ => 0,
        }
    }

    /// Reads what a person or a program wrote; `None` if it is no such thing. A link and a code are looked up by
    /// the desk, which knows the records.
    pub fn parse(self, text: &str) -> Option<Value> {
        match self {
            Kind::Text | Kind::Code | Kind::Json => Some(Value::from(text)),
            // Rows come as rows.
            Kind::Rows(_) => None,
            Kind::Int => decimal(text, 0).map(Value::Int),
            Kind::Link(_) => text.trim_start_matches('#').parse().ok().map(Value::Int),
            Kind::Bool => match text.to_lowercase().as_str() {
                "1" | "true" | "yes" | "y" | "on" | "是" | "有" | "√" => Some(Value::Int(1)),
                "0" | "false" | "no" | "n" | "off" | "否" | "无" | "" => Some(Value::Int(0)),
                _ => None,
            },
            Kind::Money => Money::parse(text).map(|it| Value::Int(it.0)),
            Kind::Quantity | Kind::Price => Price::parse(text).map(|it| Value::Int(it.0)),
            Kind::Rate => match text.strip_suffix(['%', '％']) {
                Some(percent) => decimal(percent, 2).map(Value::Int),
                None => Rate::parse(text).map(|it| Value::Int(it.0)),
            },
            Kind::Date => text.parse::<Date>().ok().map(|date| date.value()),
            Kind::Moment => text.parse::<Moment>().ok().map(|moment| moment.value()),
            Kind::Choice(all) => {
                let same = |it: &&(&str, Label)| {
                    it.0.eq_ignore_ascii_case(text) || it.1.zh == text || it.1.en.eq_ignore_ascii_case(text)
                };
                all.iter().find(same).map(|it| Value::from(it.0))
            }
        }
    }

    /// What a new record holds before anyone wrote into it.
    pub fn blank(self) -> Value {
        match self {
            Kind::Choice(all) => Value::from(all[0].0),
            Kind::Json => Value::from("{}"),
            Kind::Rows(_) => Value::from("[]"),
            kind if kind.is_text() => Value::from(""),
            _ => Value::Int(0),
        }
    }

    /// The stable form for API and files: decimals with their places, moments and dates in ISO 8601.
    pub fn plain(self, cell: Cell) -> String {
        match (self, cell) {
            (_, Cell::Null) => String::new(),
            (Kind::Money, Cell::Int(int)) => Money(int).to_string(),
            (Kind::Quantity | Kind::Rate, Cell::Int(int)) => Quantity(int).to_string(),
            (Kind::Price, Cell::Int(int)) => Price(int).to_string(),
            (_, Cell::Int(int)) => int.to_string(),
            (_, Cell::Text(text)) => text.to_owned(),
        }
    }
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a field",
    note = "a field is String, i64, bool, Money, Quantity, Price, Rate, Date, Moment, Code, Id<_>, an Option of these, or derives Choice"
)]
pub trait Scalar: Sized {
    const KIND: Kind;
    const OPTIONAL: bool = false;
    fn load(cell: Cell) -> Option<Self>;
    fn value(&self) -> Value;
}

/// One line for each type: kind, how it comes out of a cell, how it goes into a value.
macro_rules! scalars {
    ($($ty:ty: $kind:expr, $cell:pat => $load:expr, |$it:ident| $value:expr;)*) => {$(
        impl Scalar for $ty {
            const KIND: Kind = $kind;
            fn load(cell: Cell) -> Option<Self> {
                if let $cell = cell { $load } else { None }
            }
            fn value(&self) -> Value {
                let $it = self;
                $value
            }
        }
    )*};
}

scalars! {
    String: Kind::Text, Cell::Text(text) => Some(text.to_owned()), |it| Value::from(it.as_str());
    Code: Kind::Code, Cell::Text(text) => Some(Code(text.to_owned())), |it| Value::from(it.0.as_str());
    i64: Kind::Int, Cell::Int(int) => Some(int), |it| Value::Int(*it);
    bool: Kind::Bool, Cell::Int(int) => Some(int != 0), |it| Value::Int(i64::from(*it));
    Money: Kind::Money, Cell::Int(int) => Some(Money(int)), |it| Value::Int(it.0);
    Quantity: Kind::Quantity, Cell::Int(int) => Some(Quantity(int)), |it| Value::Int(it.0);
    Price: Kind::Price, Cell::Int(int) => Some(Price(int)), |it| Value::Int(it.0);
    Rate: Kind::Rate, Cell::Int(int) => Some(Rate(int)), |it| Value::Int(it.0);
    Custom: Kind::Json, Cell::Text(text) => Some(Custom(text.to_owned())), |it| Value::from(it.0.as_str());
    Date: Kind::Date, Cell::Text(text) => text.parse().ok(), |it| Value::Text(it.to_string());
    // Always three places, so that the text sorts as the moment does.
    Moment: Kind::Moment, Cell::Text(text) => text.parse().ok(), |it| Value::Text(format!("{it:.3}"));
}

impl<T: Entity> Scalar for Id<T> {
    const KIND: Kind = Kind::Link(|| T::DEF);
    fn load(cell: Cell) -> Option<Id<T>> {
        if let Cell::Int(id) = cell { Some(Id::of(id)) } else { None }
    }
    fn value(&self) -> Value {
        Value::Int(self.0)
    }
}

impl<T: Scalar> Scalar for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
    fn load(cell: Cell) -> Option<Option<T>> {
        match cell {
            Cell::Null => Some(None),
            cell => T::load(cell).map(Some),
        }
    }
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::value)
    }
}

/// What a verb asks for each of many, such as the lines of a document.
pub struct Rows<T>(pub Vec<T>);

impl<T: Form> Scalar for Rows<T> {
    const KIND: Kind = Kind::Rows(T::FIELDS);
    fn load(cell: Cell) -> Option<Rows<T>> {
        let Cell::Text(text) = cell else { return None };
        let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(text).ok()?;
        let read =
            |row: &Vec<serde_json::Value>| T::read(&row.iter().map(Value::of_json).collect::<Vec<_>>()).ok();
        rows.iter().map(read).collect::<Option<Vec<T>>>().map(Rows)
    }
    fn value(&self) -> Value {
        Value::Null
    }
}

pub fn unreadable(field: &str) -> Error {
    Error::Internal(format!("the database holds something that is no {field}"))
}

/// Reads the stamp whose first part is the `n`-th cell.
pub fn stamp(row: &dyn Row, n: usize) -> Result<Stamp> {
    fn load<T: Scalar>(row: &dyn Row, n: usize) -> Result<T> {
        T::load(row.cell(n)).ok_or_else(|| unreadable("stamp"))
    }
    Ok(Stamp {
        version: load(row, n)?,
        created: load(row, n + 1)?,
        creator: load(row, n + 2)?,
        changed: load(row, n + 3)?,
        changer: load(row, n + 4)?,
    })
}
