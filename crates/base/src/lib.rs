//! The words that every crate speaks: labels, ids, amounts, dates, stamps and the one error.

mod capitals;
mod error;
mod number;

use std::fmt;
use std::marker::PhantomData;

pub use error::{Amount, Error, Fault, Figure, Reference, Refusal, Result};
pub use jiff::{Timestamp as Moment, ToSpan, civil::Date, tz::TimeZone};
pub use number::{Money, Price, Quantity, Rate, decimal};

/// A language that the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// The language of a tag such as `zh-CN` or `en`.
    pub fn of(tag: &str) -> Option<Lang> {
        match tag.get(..2)? {
            "zh" => Some(Lang::Zh),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The tag for `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }
}

/// A text in the two languages of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    pub zh: &'static str,
    pub en: &'static str,
}

impl Label {
    pub const NONE: Label = Label { zh: "", en: "" };

    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

/// A text in both languages that was put together at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl Text {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Text {
        Text { zh: zh.into(), en: en.into() }
    }

    pub fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

impl From<Label> for Text {
    fn from(label: Label) -> Text {
        Text::new(label.zh, label.en)
    }
}

/// The key of a row of `T`'s table. `fn() -> T` keeps it `Send`, `Sync` and `Copy` for every `T`.
pub struct Id<T>(pub i64, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// The id of a record that the database has not seen yet.
    pub const NEW: Id<T> = Id::of(0);

    pub const fn of(id: i64) -> Id<T> {
        Id(id, PhantomData)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Id<T> {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Id<T>) -> bool {
        self.0 == other.0
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The code of an entry in a list that the user maintains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(pub String);

/// The values of the fields that an administrator defined, as one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Custom(pub String);

/// Which version of a record this is, and whose hands it passed through. Users are given by id; 0 is the program.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stamp {
    pub version: i64,
    pub created: Moment,
    pub creator: i64,
    pub changed: Moment,
    pub changer: i64,
}
