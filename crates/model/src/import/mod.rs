//! Imports: a list of any entity, as people have it, brought in row by row through the desk.
//!
//! The steps of whoever drives one: [`open`] the file, let [`Desk::plan_for`] propose a [`Plan`], show
//! [`Desk::preview`] of it, keep both with [`Desk::start_import`] and [`Desk::save_plan`], and hand the work to a job
//! with [`Desk::run_import`]. The job works in pieces, each one write whose progress commits with it
//! ([`Piece`]). What was refused is kept row by row ([`Desk::wrong_rows`]), and [`Desk::undo_import`] takes all back.
//! Documents come in with their lines ([`Lot`]): whole or not at all.

mod assess;
mod batch;
mod cells;
mod document;
mod lots;
mod places;
mod plan;
mod preview;
mod profile;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use sheet::read::{Reader, Source};

pub use batch::{Piece, Run, WrongFile, WrongRow};
pub use lots::{Lot, lots};
pub use plan::Place;
pub use preview::{Filled, Looking, Meant, Preview, look};
pub use profile::{Known, Profile, no_column};

use crate::{Change, EntityDef, Fault, Result, Value};

/// What a user decided about a file. It is kept as JSON with the import, and proposed again for the same headers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    pub entity: String,
    /// Where the file lies: a name in the folder of uploads, or a whole path. [`crate::Desk::save_plan`] never changes it.
    pub source: String,
    /// Empty: the first sheet that has rows.
    pub sheet: String,
    /// The number of the row that names the columns; 0 as it was guessed.
    pub header: u64,
    /// One for each column of the file, in its order.
    pub columns: Vec<Column>,
    /// Fields by which a row finds the record that it means, in the order in which they are tried: `number`, `tax_number`.
    pub keys: Vec<String>,
    /// What new records hold where the file says nothing, by path, as a person would write it.
    pub defaults: BTreeMap<String, String>,
    /// What happens to near duplicates.
    pub duplicates: Duplicates,
    /// Decisions about single rows, by the row's number in the file.
    pub decisions: BTreeMap<u64, Duplicates>,
    /// Documents happened before: they are posted past all gates and marked so. Otherwise they come in as drafts.
    pub history: bool,
    /// Entities of which records are made that documents name and nobody knows.
    pub create: Vec<String>,
    /// What some documents are the opposite of.
    pub opposite: Option<Opposite>,
    /// The profile that was chosen last.
    pub profile: String,
}

/// Documents that a list of another kind holds among its own: returns among sales.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Opposite {
    /// What they become, with the same fields and their amounts the other way round.
    pub entity: String,
    /// Their numbers begin so.
    pub prefix: String,
    /// Or this is below zero in their lines: `lines.quantity`.
    pub negative: String,
}

/// One column of the file and where it goes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Column {
    pub header: String,
    /// The path of a [`Place`]: `name`, `x_floor`, `contact.mobile`. Empty: not imported.
    pub to: String,
    /// Amounts are multiplied by it: 10,000 where the file counts in 万. 0 and 1 change nothing.
    pub factor: i64,
    /// What a text of the file stands for, as a person would write it; nothing means that the field stays empty.
    pub values: BTreeMap<String, String>,
    /// What happens to a code, choice or record that is not known and not in `values`.
    pub unknown: Unknown,
    /// `7/4/1996` is the fourth of July; `None` refuses such dates.
    pub month_first: Option<bool>,
    /// `1.234,50` instead of `1,234.50`.
    pub decimal_comma: bool,
    /// Taken off the end of each text: `.0` of numbers that a program took for amounts.
    pub strip: String,
    /// Put before each text: `OLD-`, where numbers would meet others.
    pub prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// A near duplicate becomes a record of its own.
    #[default]
    New,
    Skip,
    /// It changes the record that it resembles.
    Update,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The row is refused.
    #[default]
    Refuse,
    /// The code is added to its table; of anything but a code the row is refused.
    Create,
    /// The field stays empty.
    Empty,
}

/// What became of a row or a document, or would.
pub struct Assessed {
    /// As the spreadsheet program counts.
    pub number: u64,
    /// What the row's record is called.
    pub title: String,
    /// What a document becomes that is the opposite of what the list is of.
    pub turned: Option<&'static EntityDef>,
    /// The record's own values, as far as they could be read.
    pub values: Vec<(Place, Value)>,
    /// The rows of the file: one, or a document's lines.
    pub rows: Vec<Read>,
    pub verdict: Verdict,
}

/// A row of the file, as far as it could be read.
pub struct Read {
    pub number: u64,
    /// Of a document's row: what it says of the line.
    pub line: Vec<(Place, Value)>,
    /// Why it stays out.
    pub faults: Vec<Fault>,
}

pub enum Verdict {
    /// A new record; its id once it is there, 0 in a preview.
    New(i64),
    /// The record of this id changes.
    Update(i64, Vec<Change>),
    /// The record of this id has these values already.
    Same(i64),
    /// The file says that it is about something else.
    Passed,
    /// It resembles others; `id` is the record that was made or changed, 0 in a preview and of a row that was skipped.
    Near {
        alike: Vec<Near>,
        then: Duplicates,
        id: i64,
    },
    Refused(Vec<Fault>),
}

/// A record or an earlier row of the file that may mean the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// 0 where it is another row of the file.
    pub id: i64,
    /// 0 where it is a record.
    pub row: u64,
    pub title: String,
    /// The field that says so.
    pub field: &'static str,
}

/// How many rows of a file, or documents, met which fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub rows: i64,
    pub new: i64,
    pub updated: i64,
    pub same: i64,
    pub skipped: i64,
    pub refused: i64,
    /// Rows that resemble others; they also count as new, updated or skipped.
    pub near: i64,
}

impl Counts {
    pub fn add(&mut self, verdict: &Verdict) {
        self.rows += 1;
        match verdict {
            Verdict::New(_) => self.new += 1,
            Verdict::Update(..) => self.updated += 1,
            Verdict::Same(_) => self.same += 1,
            Verdict::Passed => self.skipped += 1,
            Verdict::Refused(_) => self.refused += 1,
            Verdict::Near { then, .. } => {
                self.near += 1;
                match then {
                    Duplicates::New => self.new += 1,
                    Duplicates::Update => self.updated += 1,
                    Duplicates::Skip => self.skipped += 1,
                }
            }
        }
    }
}

/// Opens a file as the plan says: on its sheet, with its header.
pub fn open(source: impl Into<Source>, name: &str, plan: &Plan) -> Result<Reader> {
    let mut reader = sheet::read::open(source, name)?;
    if !plan.sheet.is_empty() && plan.sheet != reader.sheet() {
        reader.select(&plan.sheet)?;
    }
    if plan.header > 0 {
        reader.set_header(plan.header)?;
    }
    Ok(reader)
}

/// The headers' signature, by which a plan is remembered.
pub fn signature(reader: &Reader) -> String {
    sheet::columns::signature(&headers(reader))
}

fn headers(reader: &Reader) -> Vec<String> {
    reader.header().cells.iter().map(|cell| cell.text.clone()).collect()
}

/// What the paths of a line's fields begin with.
const LINES: &str = "lines.";
/// The field that says which rows are one document.
const NUMBER: &str = "number";

fn title_of(def: &'static EntityDef, values: &[(Place, Value)]) -> String {
    let is_title = |it: &&(Place, Value)| it.0.of.is_none() && it.0.field.name == def.title_field().name;
    values.iter().find(is_title).map_or(String::new(), |it| it.1.text().to_owned())
}

fn hashed(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
