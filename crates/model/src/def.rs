//! Descriptors: what a noun is, as data. The derive writes them, the engines read them.

use crate::{
    Error, Kind, Label, Lang, Moment, Refusal, Result, Row, Tx, Value, VerbDef, pattern::Pattern, system,
};

/// A struct that is a table. `#[derive(Entity)]` implements it.
pub trait Entity: Sized + 'static {
    const DEF: &'static EntityDef;
    fn read(row: &dyn Row) -> Result<Self>;
    fn write(&self) -> Vec<Value>;
}

/// An entity with lines.
pub trait Document: Entity {
    type Line: Entity;
}

/// What a verb asks before it runs. `#[derive(Form)]` implements it.
pub trait Form: Sized {
    const FIELDS: &'static [FieldDef];
    fn read(row: &dyn Row) -> Result<Self>;
}

pub struct EntityDef {
    pub code: &'static str,
    pub label: Label,
    /// The part of the house that it belongs to in the navigation; empty for what has no page of its own.
    pub module: &'static str,
    pub icon: &'static str,
    /// The struct's fields, then those of its stamp. A record is its id followed by these.
    pub fields: &'static [FieldDef],
    pub title: usize,
    /// The field that says whose record this is: a link to a user.
    pub owner: Option<usize>,
    /// The department that looks after a record; it decides where there is no owner.
    pub department: Option<usize>,
    /// The field that links a record to the one above it.
    pub tree: Option<usize>,
    /// A line or child row links by this field to its record and takes over that record's rights and scope.
    pub of: Option<usize>,
    /// A record with rights of its own whose scope is that of the record this field links to.
    pub within: Option<usize>,
    /// Its searched fields also find the record of `of` or `within`.
    pub feeds: bool,
    /// The flag that takes a record out of the drop-downs instead of deleting it.
    pub closed: Option<usize>,
    /// The line's entity of a document.
    pub lines: Option<fn() -> &'static EntityDef>,
    /// A ledger: entries that the program writes and nobody changes, each its own history.
    pub ledger: bool,
    /// Columns that are asked for together.
    pub indexes: &'static [&'static [&'static str]],
    /// Fields without a column: expressions over the record, as of today.
    pub derived: &'static [FieldDef],
    pub number: Option<Pattern>,
    pub verbs: &'static [VerbDef],
    /// Rights beside those of its verbs, for which their functions ask.
    pub rights: &'static [(&'static str, Label)],
    pub views: &'static [ViewDef],
    /// Runs the n-th verb on a row: old values in, new values out.
    pub apply: Apply,
    /// Whether the n-th verb may run on a row as it stands.
    pub ready: fn(usize, &dyn Row) -> Result<bool>,
    pub check: Option<Check>,
    /// Records that may be the same one, entered twice.
    pub alike: Option<FindAlike>,
    /// Whether a row may still be edited or deleted; a posted document may not.
    pub edit: Option<fn(&dyn Row) -> Result<bool>>,
    /// What a document says of its lines: old values in, new values out, whenever a line was written.
    pub tally: Option<Tally>,
    /// Marks a document that a gate has stopped: it waits for a way on.
    pub hold: Option<Hold>,
    /// What a document says beside its head while it is written.
    pub panel: Option<crate::PanelOf>,
    /// What posting a document would change of what comes after its day.
    pub moves: Option<Moves>,
    /// The lines that a new document begins with, from what its head names.
    pub brings: Option<Brings>,
}

pub type Tally = fn(&dyn Row, &mut Tx) -> Result<Vec<Value>>;

pub type Moves = fn(&dyn Row, &mut Tx) -> Result<Option<crate::Notice>>;

pub type Brings = fn(&dyn Row, &mut Tx) -> Result<Vec<Vec<Value>>>;

pub type Hold = fn(&dyn Row, &Refusal, &mut Tx) -> Result<Vec<Value>>;

/// The verb's place, the row, the transaction, what was asked; the new row comes back.
pub type Apply = fn(usize, &dyn Row, &mut Tx, &dyn Row) -> Result<Vec<Value>>;

pub type FindAlike = fn(&dyn Row, &mut Tx) -> Result<Vec<Alike>>;

/// Looks at a record about to be written, beside the one it replaces, and may complete it.
pub type Check = fn(&mut Vec<Value>, Option<&dyn Row>, &mut Tx) -> Result<()>;

/// A record that may be the same as the one looked at, and the field that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike {
    pub id: i64,
    pub field: &'static str,
}

/// How a text is written and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Plain,
    /// Several lines.
    Long,
    Phone,
    Email,
    Url,
    /// A person's name: family names have readings of their own.
    Person,
    /// A code with what stands above it in front: places of one name are many.
    Path,
    /// Never shown, searched, exported or kept in history.
    Secret,
    /// Kept by a check for the engines' use: no person's business.
    Hidden,
    /// How many of the amount in the field behind it are done.
    Share,
    /// How much is used of a limit; the named field says what of it is left. Drawn as a bar.
    Meter(&'static str),
    /// By how much, or for how long, something is late: red where it is.
    Late,
    /// A sentence in both languages, as [`crate::message::kept`] writes it; shown in the reader's.
    Said,
    /// Of what a merge asks: whose value each field keeps, as `field=id` parted by blanks.
    Fields,
    /// An object for programs, which a page of its own edits: no form asks for it.
    Json,
    /// Names an entity, a code table, or a word of the program's own; people read what it is called.
    Entity,
    Table,
    Word,
}

#[derive(Debug, Clone, Copy)]
pub struct FieldDef {
    pub name: &'static str,
    pub label: Label,
    pub kind: Kind,
    pub format: Format,
    pub optional: bool,
    pub unique: bool,
    pub search: bool,
    /// A column of the list unless the user says otherwise; it has an index.
    pub list: bool,
    /// Offered first among the conditions; it has an index.
    pub filter: bool,
    /// Only verbs and checks write it, no form and no import.
    pub readonly: bool,
    pub required: bool,
    /// Asks about near duplicates, forbids none.
    pub like: bool,
    /// Lists show its sum.
    pub sum: bool,
    /// A text whose earlier values are offered again.
    pub again: bool,
    /// Left empty, a check fills it: a dialog does not ask for it.
    pub auto: bool,
    /// A row of a file in which nothing stands here, or no more than zero, is passed over.
    pub sieve: bool,
    /// The code table.
    pub code: Option<&'static str>,
    pub unit: Option<&'static str>,
    /// The field group whose right decides who reads and writes it.
    pub group: Option<&'static str>,
    /// What a new record holds, as a person would write it.
    pub default: Option<&'static str>,
    /// The part of the form that it stands in; empty means the part of the field before.
    pub section: Label,
    /// The field whose value decides the choices of this one.
    pub depends: Option<&'static str>,
    /// Of a link: the query that a record fulfils to be offered. What is there stays, and is shown.
    pub only: Option<&'static str>,
    /// The ledger whose entries make it up: a line of a document that shows it leads there.
    pub behind: Option<&'static str>,
    /// Other names that spreadsheets give it, in lower case, parted by `|`.
    pub alias: &'static str,
    /// Of a derived field: the expression, over the record `{t}` and the company's date `{today}`;
    /// `{days}a{since}b{end}` is how many days `a` lies behind `b`.
    pub sql: &'static str,
    /// Of a derived field of a ledger: the field whose entries it sums up to each, by date, and the amount. A list reckons
    /// it in one pass, and shows it unasked where it is a list of one.
    pub running: Option<(&'static str, &'static str)>,
}

impl FieldDef {
    pub const PLAIN: FieldDef = FieldDef {
        name: "",
        label: Label::NONE,
        kind: Kind::Text,
        format: Format::Plain,
        optional: false,
        unique: false,
        search: false,
        list: false,
        filter: false,
        readonly: false,
        required: false,
        like: false,
        sum: false,
        again: false,
        auto: false,
        sieve: false,
        code: None,
        unit: None,
        group: None,
        default: None,
        section: Label::NONE,
        depends: None,
        only: None,
        behind: None,
        alias: "",
        sql: "",
        running: None,
    };

    /// A derived field before its name, label, kind and expression.
    pub const DERIVED: FieldDef = FieldDef { readonly: true, optional: true, ..FieldDef::PLAIN };

    const fn stamp(name: &'static str, zh: &'static str, en: &'static str, kind: Kind) -> FieldDef {
        FieldDef { name, label: Label { zh, en }, kind, readonly: true, ..FieldDef::PLAIN }
    }

    /// What a record of this field's kind holds before anyone wrote into it.
    pub fn blank(&self) -> Value {
        let default = self.default.and_then(|text| self.kind.parse(text));
        default.unwrap_or_else(|| if self.optional { Value::Null } else { self.kind.blank() })
    }

    pub fn is_empty(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Int(int) => *int == 0 && matches!(self.kind, Kind::Link(_)),
            Value::Text(text) => text.is_empty(),
        }
    }

    /// Custom fields live in one JSON column and are named `x_…`.
    pub fn is_custom(&self) -> bool {
        self.name.starts_with("x_")
    }

    /// It has a column of its own, neither derived nor custom.
    pub fn is_stored(&self) -> bool {
        self.sql.is_empty() && !self.is_custom()
    }

    /// A merge may choose between two records' values of it.
    pub fn is_merged(&self) -> bool {
        self.is_shown() && !self.readonly && !self.unique
    }

    /// Shown to people: not the columns that only programs read.
    pub fn is_shown(&self) -> bool {
        !matches!(self.format, Format::Secret | Format::Hidden)
            && !matches!(self.kind, Kind::Json)
            && self.name != "version"
    }
}

/// The fields of `Stamp`, at the end of every record.
pub const STAMP: [FieldDef; 5] = [
    FieldDef::stamp("version", "版本", "Version", Kind::Int),
    FieldDef::stamp("created", "建档时间", "Created", Kind::Moment),
    FieldDef::stamp("creator", "建档人", "Created by", Kind::Link(|| <system::User as Entity>::DEF)),
    FieldDef::stamp("changed", "修改时间", "Changed", Kind::Moment),
    FieldDef::stamp("changer", "修改人", "Changed by", Kind::Link(|| <system::User as Entity>::DEF)),
];

/// A struct's own fields, then its stamp's: `M` is always `N + 5`.
pub const fn with_stamp<const N: usize, const M: usize>(own: [FieldDef; N]) -> [FieldDef; M] {
    let mut all = [FieldDef::PLAIN; M];
    let mut n = 0;
    while n < M {
        all[n] = if n < N { own[n] } else { STAMP[n - N] };
        n += 1;
    }
    all
}

impl EntityDef {
    /// The field and its place among the fields; in a record it is one further.
    pub fn field(&self, name: &str) -> Option<(usize, &'static FieldDef)> {
        let fields: &'static [FieldDef] = self.fields;
        fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// Where `name` stands in a record. Only for names that the engine or a test vouches for.
    pub fn at(&self, name: &str) -> Option<usize> {
        if name == "id" { Some(0) } else { self.field(name).map(|it| it.0 + 1) }
    }

    /// Only the program writes it: nobody else begins one.
    pub fn is_ours(&self) -> bool {
        self.fields.iter().all(|field| field.readonly || !field.is_shown())
    }

    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once("id").chain(self.fields.iter().map(|field| field.name))
    }

    pub fn title_field(&self) -> &'static FieldDef {
        &self.fields[self.title]
    }

    /// The stored pinyin key of the title, by which names sort.
    pub fn has_key(&self) -> bool {
        let title = self.title_field();
        matches!(title.kind, Kind::Text) && title.name != "number"
    }

    /// The places in a record of version, created, creator, changed, changer.
    pub fn stamp(&self) -> [usize; 5] {
        let n = self.fields.len() - 4;
        [n, n + 1, n + 2, n + 3, n + 4]
    }

    /// The record that a child row or a record within another belongs to.
    pub fn parent(&self) -> Option<(usize, &'static EntityDef)> {
        let at = self.of.or(self.within)?;
        match self.fields[at].kind {
            Kind::Link(to) => Some((at, to())),
            _ => None,
        }
    }

    /// Fields that are searched, with the group that guards them.
    pub fn searched(&self) -> impl Iterator<Item = (usize, &'static FieldDef)> {
        let fields: &'static [FieldDef] = self.fields;
        fields.iter().enumerate().filter(|(_, field)| field.search)
    }

    pub fn is_searched(&self) -> bool {
        self.searched().next().is_some()
    }

    /// What many of them are called.
    pub fn many(&self, lang: Lang) -> String {
        let one = self.label.of(lang);
        match lang {
            Lang::Zh => one.to_owned(),
            Lang::En if one.ends_with(['s', 'x']) => format!("{one}es"),
            Lang::En if one.ends_with('y') && !one.ends_with("ey") => format!("{}ies", &one[..one.len() - 1]),
            Lang::En => format!("{one}s"),
        }
    }

    pub fn verb(&self, name: &str) -> Result<(usize, &'static VerbDef)> {
        let found = self.verbs.iter().enumerate().find(|(_, verb)| verb.name == name);
        found.ok_or_else(|| Error::missing(format!("{}/{name}", self.code)))
    }

    /// Whether what its verbs did can be undone: not where posting makes a record final.
    pub fn can_undo(&self) -> bool {
        self.edit.is_none()
    }

    /// A record that nobody has written yet.
    pub fn blank(&self, now: Moment) -> Vec<Value> {
        let mut record: Vec<Value> =
            std::iter::once(Value::Int(0)).chain(self.fields.iter().map(FieldDef::blank)).collect();
        let [_, created, _, changed, _] = self.stamp();
        record[created] = crate::Scalar::value(&now);
        record[changed] = crate::Scalar::value(&now);
        record
    }
}

pub type Views = &'static [ViewDef];

/// A saved filter in the query language; with `remind` it is a reminder to whoever sees rows in it.
#[derive(Debug)]
pub struct ViewDef {
    pub code: &'static str,
    pub label: Label,
    pub query: &'static str,
    pub remind: bool,
    pub urgent: bool,
    /// The verb that takes a record out of it; empty where editing does.
    pub verb: &'static str,
}

#[macro_export]
macro_rules! views {
    ($($code:ident($zh:literal, $en:literal, $query:literal $(=> $verb:ident)? $(, $flag:ident)*)),* $(,)?) => {
        &[$($crate::ViewDef {
            code: stringify!($code),
            label: $crate::Label { zh: $zh, en: $en },
            query: $query,
            $(verb: stringify!($verb),)?
            $($flag: true,)*
            ..$crate::ViewDef::PLAIN
        }),*]
    };
}

impl ViewDef {
    pub const PLAIN: ViewDef =
        ViewDef { code: "", label: Label::NONE, query: "", remind: false, urgent: false, verb: "" };
}
