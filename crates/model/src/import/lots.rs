//! What of a file stands for one record: a row, or all the rows of a document. Those need not stand together, and
//! documents come in the order of their dates: their rows are set aside on disk, and only places stay in memory.

use std::collections::HashMap;
use std::path::Path;

use sheet::parse::{self, Habits};
use sheet::read::{Reader, Row};
use sheet::spool::{Rows, Spool};

use super::{LINES, NUMBER, Plan, hashed};
use crate::{Date, Error, Label, Result};

/// Lines that one document may have.
pub const MOST: usize = 5_000;

#[derive(Debug)]
pub struct Lot {
    pub rows: Vec<Row>,
    /// The earlier row of the file with the same key.
    pub twice: Option<u64>,
}

type Lots<'a> = Box<dyn Iterator<Item = Result<Lot>> + 'a>;

/// The lots of a file; `folder` is for rows that are set aside. The same file gives the same lots in the same order.
pub fn lots<'a>(plan: &Plan, reader: &'a mut Reader, folder: &Path) -> Result<Lots<'a>> {
    if plan.has_lines() {
        return Ok(Box::new(Documents::of(plan, reader, folder)?));
    }
    let mut seen = Seen::new(plan);
    let lot = move |row: Result<Row>| {
        let row = row?;
        Ok(Lot { twice: seen.earlier(&row), rows: vec![row] })
    };
    Ok(Box::new(reader.rows()?.map(lot)))
}

/// The keys of the rows so far, to find one that comes twice.
struct Seen {
    columns: Vec<usize>,
    rows: HashMap<u64, u64>,
}

impl Seen {
    fn new(plan: &Plan) -> Seen {
        let columns = plan.keys.iter().filter_map(|key| plan.at(key)).collect();
        Seen { columns, rows: HashMap::new() }
    }

    /// The earlier row of the file that has the same key.
    fn earlier(&mut self, row: &Row) -> Option<u64> {
        let mut found = None;
        for &at in &self.columns {
            let Some(cell) = row.cells.get(at).filter(|it| !it.is_empty()) else { continue };
            let text = parse::clean(&cell.text).to_lowercase();
            let earlier = *self.rows.entry(hashed(&(at, text))).or_insert(row.number);
            found = found.or(Some(earlier).filter(|it| *it != row.number));
        }
        found
    }
}

/// A document's date, as far as it can be read, and the places of its rows.
type Places = (Option<Date>, Vec<u64>);

struct Documents {
    rows: Rows,
    all: std::vec::IntoIter<Places>,
}

impl Documents {
    fn of(plan: &Plan, reader: &mut Reader, folder: &Path) -> Result<Documents> {
        let number = plan.at(NUMBER).ok_or_else(|| Error::refused("unknown_column", NO_NUMBER))?;
        let date = plan.at("date").map(|at| (at, &plan.columns[at]));
        let mut spool = Spool::new(folder)?;
        let (mut all, mut known): (Vec<Places>, HashMap<u64, usize>) = Default::default();
        for row in reader.rows()? {
            let row = row?;
            let place = spool.keep(&row)?;
            let text = row.cells.get(number).map_or(String::new(), |it| parse::clean(&it.text));
            // A row without a number is a document of its own, which will be refused.
            let at =
                if text.is_empty() { all.len() } else { *known.entry(hashed(&text)).or_insert(all.len()) };
            if at == all.len() {
                let day = date.and_then(|(at, column)| {
                    let habits = Habits { month_first: column.month_first, ..Habits::default() };
                    parse::date(row.cells.get(at)?, habits).ok().flatten()
                });
                all.push((day, Vec::new()));
            }
            // One too many says that there are too many.
            if all[at].1.len() <= MOST {
                all[at].1.push(place);
            }
        }
        all.sort_by_key(|it| it.0);
        Ok(Documents { rows: spool.rows()?, all: all.into_iter() })
    }
}

impl Iterator for Documents {
    type Item = Result<Lot>;

    fn next(&mut self) -> Option<Result<Lot>> {
        let (_, places) = self.all.next()?;
        let rows = places.into_iter().map(|it| self.rows.read(it)).collect::<Result<Vec<_>>>();
        Some(rows.map(|rows| Lot { rows, twice: None }))
    }
}

const NO_NUMBER: Label = Label {
    zh: "请指定哪一列是单号：单号相同的行是一张单据的明细",
    en: "Say which column holds the document's number: rows with one number are lines of one document",
};

impl Plan {
    /// The file's column that goes to a field.
    pub(super) fn at(&self, path: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.to == path)
    }

    /// Rows are lines of documents.
    pub fn has_lines(&self) -> bool {
        self.columns.iter().any(|it| it.to.starts_with(LINES))
    }
}
