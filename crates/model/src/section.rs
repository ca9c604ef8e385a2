//! A section of a page as data: what a noun has to say of itself beside its fields. The screens draw each part once.

use crate::{Kind, Label, Row, Text, Tx, Value};

/// What a record says of itself: on its card, or of a document while it is written beside its head, over it, and at its
/// lines.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    /// The few figures that tell most.
    pub strip: Vec<Fact>,
    pub sections: Vec<Section>,
    /// Why it waits, and the ways on.
    pub notice: Option<Notice>,
    /// What is no fault and yet worth a tone: the line's place, the field, the sentence.
    pub warnings: Vec<(usize, &'static str, Text)>,
    /// What is worth knowing of a cell: where a price comes from.
    pub hints: Vec<(usize, &'static str, Text)>,
}

/// A section of a record's page. With a field group it is there only for whoever may read that group of the record.
#[derive(Debug, Clone)]
pub struct Section {
    pub title: Text,
    /// One word on how it stands.
    pub state: Option<(Tone, Label)>,
    /// Where there is more of it: labels and addresses.
    pub more: Vec<(Label, String)>,
    pub group: Option<&'static str>,
    /// Whose rows it sums up: it is there only for whoever may read them, and groups are that entity's.
    pub of: Option<&'static str>,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub enum Part {
    Figures(Vec<Fact>),
    /// How much of a limit is used, and how much more is about to be.
    Meter {
        used: i64,
        more: i64,
        limit: i64,
    },
    /// A few rows, with what is said where there are none. Each leads to its record by its first text; a row that leads to
    /// what may not be read is not there. A text may be a sentence kept in both languages.
    Rows {
        heads: Vec<(Label, Kind)>,
        rows: Vec<(Vec<Value>, Option<String>)>,
        none: Label,
    },
    /// A mark out of a hundred, and the marks that it is made of.
    Score(i64, Vec<(Label, i64)>),
    /// Amounts that follow one another, each with what it is of and the rows behind it.
    Series(Kind, Vec<(String, i64, String)>),
    Says(Tone, Text),
    /// What may be done about it.
    Ways(Vec<Way>),
}

/// One figure with its label; a group guards it as it does a field.
#[derive(Debug, Clone)]
pub struct Fact {
    pub label: Label,
    /// What belongs to the label: a term, a count.
    pub hint: Text,
    pub kind: Kind,
    pub value: Value,
    pub tone: Tone,
    pub group: Option<&'static str>,
    /// The figure that the others lead to.
    pub is_result: bool,
    /// The rows behind it.
    pub to: Option<String>,
    pub bar: Option<Bar>,
}

/// What is drawn under a figure.
#[derive(Debug, Clone)]
pub enum Bar {
    /// How much of a limit it is.
    Of(i64),
    /// What it consists of, the most harmless first: what each part is called, how much it is, its rows.
    Parts(Vec<(Label, i64, String)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Warn,
    Bad,
}

/// A sentence over a document that can't go on as it is, or that should be read before it does.
#[derive(Debug, Clone)]
pub struct Notice {
    pub tone: Tone,
    pub title: Text,
    /// The figures behind it, for whoever may read their group.
    pub figures: Vec<Fact>,
    pub group: Option<&'static str>,
    pub says: Text,
    pub ways: Vec<Way>,
}

/// A way on: a page or a dialog, for whoever has the right to it.
#[derive(Debug, Clone)]
pub struct Way {
    pub label: Label,
    pub entity: &'static str,
    pub right: &'static str,
    pub to: String,
    pub dialog: bool,
}

/// What a document's panel is made of: the record as it would be saved, the place of the line at work.
pub type PanelOf = fn(&dyn Row, Option<usize>, &mut Tx) -> crate::Result<Panel>;

impl Fact {
    pub fn new(label: Label, kind: Kind, value: Value) -> Fact {
        let hint = Label::NONE.into();
        Fact {
            label,
            hint,
            kind,
            value,
            tone: Tone::Plain,
            group: None,
            is_result: false,
            to: None,
            bar: None,
        }
    }
}
