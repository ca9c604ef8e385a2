//! The whole file looked at, and nothing written.

use std::collections::{BTreeMap, HashMap};

use std::path::Path;

use sheet::read::Reader;

use super::assess::Import;
use super::cells::is_named;
use super::{Assessed, Counts, Lot, Plan, lots};
use crate::{Desk, Fault, Kind, Result, Value};

/// Most different texts of a column that a preview tells of.
const DIFFERENT: usize = 200;

/// Rows that are looked at together.
const PIECE: usize = 500;

/// What an import would do.
#[derive(Default)]
pub struct Preview {
    pub counts: Counts,
    /// Rows of the file; with documents more than these.
    pub rows: i64,
    /// The first rows of each fate, in the file's order.
    pub shown: Vec<Assessed>,
    /// One for each column of the plan.
    pub columns: Vec<Filled>,
}

/// What was found in a column.
#[derive(Debug, Default)]
pub struct Filled {
    /// The first different texts.
    pub samples: Vec<String>,
    /// Cells that hold something.
    pub filled: i64,
    /// Cells that can't be taken, and the first reason.
    pub wrong: i64,
    pub reason: Option<Fault>,
    /// Of a column that names codes, choices or records: its texts, most frequent first, and what each means.
    pub values: Vec<Meant>,
    /// Amounts added up.
    pub sum: i64,
}

#[derive(Debug, Clone)]
pub struct Meant {
    /// Empty stands for empty cells.
    pub text: String,
    pub rows: i64,
    /// `None` where it means nothing yet.
    pub value: Option<Value>,
}

/// A file that is being looked through.
pub struct Looking {
    plan: Plan,
    most: usize,
    import: Option<Import>,
    shown: BTreeMap<String, usize>,
    meant: Vec<HashMap<String, (i64, Option<Value>)>>,
    preview: Preview,
}

/// Reads a whole file and hands it over piece by piece to be looked at, so that nobody need hold the database while a
/// file is read; `most` rows of each fate are shown. What does not fit into memory goes into `folder` meanwhile.
pub fn look(
    plan: &Plan,
    reader: &mut Reader,
    folder: &Path,
    most: usize,
    mut at: impl FnMut(&mut Looking, &[Lot]) -> Result<()>,
) -> Result<Preview> {
    let columns = plan.columns.iter();
    let mut looking = Looking {
        plan: plan.clone(),
        most,
        import: None,
        shown: BTreeMap::new(),
        meant: columns.clone().map(|_| HashMap::new()).collect(),
        preview: Preview { columns: columns.map(|_| Filled::default()).collect(), ..Preview::default() },
    };
    let mut lots = lots(plan, reader, folder)?;
    loop {
        let (mut piece, mut rows) = (Vec::new(), 0);
        while let Some(lot) = (rows < PIECE).then(|| lots.next()).flatten() {
            let lot = lot?;
            rows += lot.rows.len();
            piece.push(lot);
        }
        if piece.is_empty() {
            break;
        }
        at(&mut looking, &piece)?;
    }
    drop(lots);
    let Looking { mut preview, meant, .. } = looking;
    for (filled, texts) in preview.columns.iter_mut().zip(meant) {
        filled.values = texts.into_iter().map(|(text, (rows, value))| Meant { text, rows, value }).collect();
        filled.values.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.text.cmp(&b.text)));
    }
    Ok(preview)
}

impl Desk<'_> {
    /// Goes through the whole file as a run would, writes nothing, and tells what would become of it.
    pub fn preview(
        &mut self,
        plan: &Plan,
        reader: &mut Reader,
        folder: &Path,
        most: usize,
    ) -> Result<Preview> {
        look(plan, reader, folder, most, |looking, lots| self.look_at(looking, lots))
    }

    /// What would become of the next lots of a file.
    pub fn look_at(&mut self, looking: &mut Looking, lots: &[Lot]) -> Result<()> {
        let Looking { plan, most, import, shown, meant, preview } = looking;
        let import = match import {
            Some(import) => import,
            None => import.insert(self.import(plan, None)?),
        };
        self.tx.dry = true;
        for lot in lots {
            let assessed = self.bring_in(import, lot)?;
            preview.counts.add(&assessed.verdict);
            preview.rows += lot.rows.len() as i64;
            for (n, (row, read)) in lot.rows.iter().zip(&assessed.rows).enumerate() {
                for bound in &import.bound {
                    let filled = &mut preview.columns[bound.at];
                    let fault = read.faults.iter().find(|it| it.field == bound.path);
                    let mut values = read.line.iter().chain(&assessed.values);
                    let value = values.find(|it| it.0.is(&bound.place)).map(|it| &it.1);
                    filled.wrong += i64::from(fault.is_some());
                    filled.reason = filled.reason.take().or_else(|| fault.cloned());
                    // What all rows of a document repeat is its own once.
                    let counts = bound.place.field.kind.is_amount() && (n == 0 || bound.place.line);
                    if let (Some(Value::Int(amount)), true) = (value, counts) {
                        filled.sum = filled.sum.saturating_add(*amount);
                    }
                    let texts = &mut meant[bound.at];
                    if is_named(bound.place.field) && !matches!(bound.place.field.kind, Kind::Bool) {
                        let text = row.cells.get(bound.at).map_or("", |it| it.text.trim());
                        if texts.len() < DIFFERENT || texts.contains_key(text) {
                            let entry = texts.entry(text.to_owned()).or_insert((0, value.cloned()));
                            entry.0 += 1;
                        }
                    }
                }
                let cells = preview.columns.iter_mut().zip(&row.cells);
                for (filled, cell) in cells.filter(|it| !it.1.is_empty()) {
                    filled.filled += 1;
                    if filled.samples.len() < 3 && !filled.samples.contains(&cell.text) {
                        filled.samples.push(cell.text.chars().take(40).collect());
                    }
                }
            }
            let kind = std::mem::discriminant(&assessed.verdict);
            let of_kind = shown.entry(format!("{kind:?}")).or_insert(0);
            if *of_kind < *most {
                *of_kind += 1;
                preview.shown.push(assessed);
            }
        }
        self.tx.dry = false;
        Ok(())
    }
}
