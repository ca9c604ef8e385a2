//! The one error: everything that can go wrong, said so that the user can act on it.

use crate::{Label, Money, Text};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// There is no such thing, or the actor may not see it.
    NotFound {
        what: String,
    },
    /// The actor sees it and may not do this to it.
    Forbidden {
        entity: &'static str,
        right: String,
    },
    /// Someone else saved this record first.
    Conflict {
        entity: &'static str,
        id: i64,
    },
    /// Another record has this value; the place is `customer.number`.
    Duplicate {
        place: String,
    },
    /// Others refer to it, so it stays.
    InUse(Vec<Reference>),
    /// What came from outside does not fit, field by field.
    Invalid(Vec<Fault>),
    /// A business rule says no.
    Refused(Box<Refusal>),
    /// The database asks for the job to run again.
    Again,
    /// The disk is full.
    Full,
    /// The database does not answer.
    Gone,
    /// The database was lost while it committed, and can't say any more whether it did.
    Unsure,
    Internal(String),
}

/// What is wrong with one field of what came from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub field: String,
    /// Stable; `model::message` knows the sentences of the common ones.
    pub code: &'static str,
    pub says: Option<Text>,
}

/// Records of one kind that refer to what was to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    pub entity: &'static str,
    pub field: &'static str,
    pub count: i64,
}

/// A business rule's no: a stable code, a sentence, and the figures that caused it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: &'static str,
    pub says: Text,
    pub figures: Vec<Figure>,
    /// What each of several rules said, the gravest first, where there were several to ask.
    pub reasons: Vec<(&'static str, Text)>,
    /// A declared gate stopped a document that now waits, held, for a way on.
    pub held: bool,
}

/// A figure of a refusal; who may not read its field group does not see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    /// How people call it; empty for what the sentence says already.
    pub label: Label,
    pub amount: Amount,
    pub group: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    Money(Money),
    /// As the API writes it.
    Other(String),
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Amount::Money(money) => money.fmt(f),
            Amount::Other(text) => f.write_str(text),
        }
    }
}

impl Error {
    /// The stable code that the API answers.
    pub fn code(&self) -> &'static str {
        match self {
            Error::NotFound { .. } => "not_found",
            Error::Forbidden { .. } => "forbidden",
            Error::Conflict { .. } => "conflict",
            Error::Duplicate { .. } => "duplicate",
            Error::InUse(_) => "in_use",
            Error::Invalid(faults) => faults.first().map_or("invalid", |fault| fault.code),
            Error::Refused(refusal) => refusal.code,
            Error::Again => "busy",
            Error::Full => "disk_full",
            Error::Gone => "database_gone",
            Error::Unsure => "outcome_unknown",
            Error::Internal(_) => "internal",
        }
    }

    /// Whether it is the house's trouble and not what was asked: no other record fares better.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Error::Again | Error::Full | Error::Gone | Error::Unsure | Error::Internal(_))
    }

    /// A gate stopped a document, and that this is so has been written: the transaction stands.
    pub fn is_hold(&self) -> bool {
        matches!(self, Error::Refused(refusal) if refusal.held)
    }

    /// One field with one of the common faults.
    pub fn invalid(field: impl Into<String>, code: &'static str) -> Error {
        Error::Invalid(vec![Fault { field: field.into(), code, says: None }])
    }

    /// One field with a sentence of its own.
    pub fn fault(field: impl Into<String>, code: &'static str, says: impl Into<Text>) -> Error {
        Error::Invalid(vec![Fault { field: field.into(), code, says: Some(says.into()) }])
    }

    pub fn missing(what: impl Into<String>) -> Error {
        Error::NotFound { what: what.into() }
    }

    /// A business rule's no without figures.
    pub fn refused(code: &'static str, says: impl Into<Text>) -> Error {
        let (figures, reasons) = (Vec::new(), Vec::new());
        Error::Refused(Box::new(Refusal { code, says: says.into(), figures, reasons, held: false }))
    }

    /// The same with figures for programs: people read them in the sentence.
    pub fn with(mut self, figures: &[(&'static str, &dyn std::fmt::Display)]) -> Error {
        if let Error::Refused(refusal) = &mut self {
            refusal.figures.extend(figures.iter().map(|(name, amount)| Figure {
                name,
                label: Label::NONE,
                amount: Amount::Other(amount.to_string()),
                group: None,
            }));
        }
        self
    }

    /// Takes the faults of several fields together; any other error wins over them.
    pub fn gather(faults: &mut Vec<Fault>, result: Result<()>) -> Result<()> {
        match result {
            Err(Error::Invalid(more)) => {
                faults.extend(more);
                Ok(())
            }
            other => other,
        }
    }
}

/// `refuse!("code", "中文" "English")` returns from the function with a rule's no.
#[macro_export]
macro_rules! refuse {
    ($code:literal, $zh:literal $en:literal) => {
        return Err($crate::Error::refused($code, $crate::Label { zh: $zh, en: $en }))
    };
}
