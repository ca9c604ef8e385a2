//! The whole file looked at, and nothing written.

use std::collections::{BTreeMap, HashMap};

use sheet::read::{Reader, Row};

use super::assess::Import;
use super::cells::is_named;
use super::{Assessed, Counts, Plan, Seen, Verdict};
use crate::{Desk, Fault, Kind, Result, Value};

/// Most different texts of a column that a preview tells of.
const DIFFERENT: usize = 200;

/// Rows that are looked at together.
const PIECE: usize = 500;

/// What an import would do.
#[derive(Default)]
pub struct Preview {
    pub counts: Counts,
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
    seen: Seen,
    shown: BTreeMap<String, usize>,
    meant: Vec<HashMap<String, (i64, Option<Value>)>>,
    preview: Preview,
}

/// Reads a whole file and hands it over piece by piece to be looked at, so that nobody need hold the database while a
/// file is read; `most` rows of each fate are shown.
pub fn look(
    plan: &Plan,
    reader: &mut Reader,
    most: usize,
    mut at: impl FnMut(&mut Looking, &[Row]) -> Result<()>,
) -> Result<Preview> {
    let columns = plan.columns.iter();
    let mut looking = Looking {
        plan: plan.clone(),
        most,
        import: None,
        seen: Seen::new(plan),
        shown: BTreeMap::new(),
        meant: columns.clone().map(|_| HashMap::new()).collect(),
        preview: Preview { columns: columns.map(|_| Filled::default()).collect(), ..Preview::default() },
    };
    let mut rows = reader.rows()?;
    loop {
        let piece = rows.by_ref().take(PIECE).collect::<Result<Vec<_>>>()?;
        at(&mut looking, &piece)?;
        if piece.len() < PIECE {
            break;
        }
    }
    let Looking { mut preview, meant, .. } = looking;
    for (filled, texts) in preview.columns.iter_mut().zip(meant) {
        filled.values = texts.into_iter().map(|(text, (rows, value))| Meant { text, rows, value }).collect();
        filled.values.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.text.cmp(&b.text)));
    }
    Ok(preview)
}

impl Desk<'_> {
    /// Goes through the whole file as a run would, writes nothing, and tells what would become of it.
    pub fn preview(&mut self, plan: &Plan, reader: &mut Reader, most: usize) -> Result<Preview> {
        look(plan, reader, most, |looking, rows| self.look_at(looking, rows))
    }

    /// What would become of the next rows of a file.
    pub fn look_at(&mut self, looking: &mut Looking, rows: &[Row]) -> Result<()> {
        let Looking { plan, most, import, seen, shown, meant, preview } = looking;
        let import = match import {
            Some(import) => import,
            None => import.insert(self.import(plan, None)?),
        };
        self.tx.dry = true;
        for row in rows {
            let twice = seen.earlier(row);
            let assessed = self.bring_in(import, row, twice)?;
            preview.counts.add(&assessed.verdict);
            for bound in &import.bound {
                let filled = &mut preview.columns[bound.at];
                let fault = match &assessed.verdict {
                    Verdict::Refused(faults) => faults.iter().find(|it| it.field == bound.path),
                    _ => None,
                };
                let value = assessed.values.iter().find(|it| it.0.path() == bound.path).map(|it| &it.1);
                filled.wrong += i64::from(fault.is_some());
                filled.reason = filled.reason.take().or_else(|| fault.cloned());
                if let (Some(Value::Int(amount)), true) = (value, bound.place.field.kind.is_amount()) {
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
            for (filled, cell) in preview.columns.iter_mut().zip(&row.cells).filter(|it| !it.1.is_empty()) {
                filled.filled += 1;
                if filled.samples.len() < 3 && !filled.samples.contains(&cell.text) {
                    filled.samples.push(cell.text.chars().take(40).collect());
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
