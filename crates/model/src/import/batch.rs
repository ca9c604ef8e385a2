//! An import as a whole: kept, run in pieces, looked back at, taken back.

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sheet::write::{About, Column, Form, Format, Value as Written, Writer};

use super::assess::Import;
use super::plan::{read, written};
use super::{Assessed, Counts, Lot, Near, Plan, Verdict};
use crate::message;
use crate::system::{ImportBatch, Job, JobStatus};
use crate::{Desk, Entity, Error, Id, Label, Lang, Result, Sql, Stamp, Text, Value};

/// A row that was refused, as the file has it, with the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct WrongRow {
    /// The row's place among what was refused: where the next page goes on.
    pub id: i64,
    pub number: u64,
    pub cells: Vec<String>,
    pub reason: Text,
}

/// A file of rows that were refused, like the one they came from, with the reason in the last column.
pub struct WrongFile {
    writer: Writer,
    about: About,
    columns: usize,
}

impl WrongFile {
    /// `folder` is for what does not fit into memory meanwhile.
    pub fn new(
        lang: Lang,
        batch: &ImportBatch,
        plan: &Plan,
        format: Format,
        file: File,
        folder: &Path,
    ) -> Result<WrongFile> {
        let reason = Label { zh: "原因", en: "Reason" }.of(lang);
        let column = |title: &str, form| Column { title: title.to_owned(), form };
        let columns = plan.columns.iter().map(|it| column(&it.header, Form::Text));
        let columns: Vec<Column> = columns.chain([column(reason, Form::Long)]).collect();
        let about = About { title: batch.file.clone(), ..About::default() };
        let writer = Writer::new(format, file, folder, &about, &columns)?;
        Ok(WrongFile { writer, about, columns: plan.columns.len() })
    }

    pub fn row<'a>(&mut self, cells: impl Iterator<Item = &'a str>, reason: &'a str) -> Result<()> {
        let cells = cells.chain(std::iter::repeat("")).take(self.columns);
        for cell in cells.chain([reason]) {
            self.writer.cell(Written::Text(cell))?;
        }
        self.writer.end_row()
    }

    pub fn finish(self) -> Result<()> {
        self.writer.finish(&self.about)
    }
}

/// What one piece of a run did.
#[derive(Debug, Default)]
pub struct Piece {
    /// So many of its lots are done; the rest had no time.
    pub done: usize,
    /// Rows of the file that these had.
    pub rows: i64,
    pub counts: Counts,
    /// Rows that resemble others.
    pub near: Vec<(u64, String, Vec<Near>)>,
    pub refused: Vec<(u64, Text)>,
}

/// A run under way. It remembers what names and codes mean from piece to piece.
pub struct Run {
    pub batch: i64,
    pub plan: Plan,
    import: Mutex<Option<Import>>,
}

impl Run {
    pub fn new(batch: i64, plan: Plan) -> Run {
        Run { batch, plan, import: Mutex::new(None) }
    }

    /// The batch's name in history.
    pub fn name(batch: i64) -> String {
        format!("import-{batch}")
    }
}

impl Desk<'_> {
    /// Keeps an import that is being prepared; it can be left and taken up again.
    pub fn start_import(&mut self, file: &str, headers: &str, plan: &Plan) -> Result<i64> {
        let def = self.entity(&plan.entity)?;
        self.may(def, "import")?;
        let mut batch = ImportBatch {
            id: Id::NEW,
            file: file.to_owned(),
            entity: def.code.to_owned(),
            user: Some(self.actor.user).filter(|it| *it != 0).map(Id::of),
            plan: written(plan)?,
            headers: headers.to_owned(),
            created_rows: 0,
            updated_rows: 0,
            same_rows: 0,
            skipped_rows: 0,
            refused_rows: 0,
            undone: false,
            stamp: Stamp::default(),
        };
        Ok(self.tx.save(&mut batch)?.0)
    }

    /// An import of the actor's own, or any for whoever may read them all.
    pub fn import_batch(&mut self, id: i64) -> Result<(ImportBatch, Plan)> {
        let missing = || Error::missing(format!("{}/{id}", ImportBatch::DEF.code));
        let batch: ImportBatch = self.tx.first(&[("id", id.into())])?.ok_or_else(missing)?;
        let own = self.actor.user != 0 && batch.user.is_some_and(|it| it.0 == self.actor.user);
        if !own {
            self.load(ImportBatch::DEF, id, "read")?;
        }
        let plan = read(&batch.plan)?;
        Ok((batch, plan))
    }

    /// Changes what was decided, as long as nothing ran.
    pub fn save_plan(&mut self, id: i64, plan: &Plan) -> Result<()> {
        let (mut batch, before) = self.import_batch(id)?;
        if self.job_of(&Run::name(id))?.is_some() {
            return Err(Error::refused("wrong_state", STARTED));
        }
        batch.plan = written(&Plan { source: before.source, entity: before.entity, ..plan.clone() })?;
        self.tx.save(&mut batch).map(drop)
    }

    /// Hands the import to a job, once; returns the job. `total` is about how many rows there are.
    pub fn run_import(&mut self, id: i64, total: i64) -> Result<i64> {
        let (batch, plan) = self.import_batch(id)?;
        self.may(self.entity(&batch.entity)?, "import")?;
        // A plan that can't work is refused now, not in the background.
        self.import(&plan, None)?;
        self.queue("import", &serde_json::json!({ "batch": id }), total, Some(&Run::name(id)))
    }

    /// Hands the undoing of a finished import to a job, once; returns the job. One that was cancelled or failed goes on.
    pub fn undo_import(&mut self, id: i64) -> Result<i64> {
        let (batch, _) = self.import_batch(id)?;
        self.may(self.entity(&batch.entity)?, "import")?;
        if let Some(job) = self.job_of(&Run::name(id))?
            && matches!(job.status, JobStatus::Queued | JobStatus::Running)
        {
            return Err(Error::refused("wrong_state", RUNNING));
        }
        let (total, request) = (batch.created_rows + batch.updated_rows, format!("undo-{}", Run::name(id)));
        match self.job_of(&request)? {
            Some(job) if matches!(job.status, JobStatus::Cancelled | JobStatus::Failed) => {
                self.queue_again(job)
            }
            _ => self.queue("undo_import", &serde_json::json!({ "batch": id }), total, Some(&request)),
        }
    }

    /// The job of a request.
    pub fn job_of(&mut self, request: &str) -> Result<Option<Job>> {
        self.tx.first(&[("request", request.into())])
    }

    /// Brings in the first of `lots`, as many as there is time for. Whoever calls keeps the progress in the same
    /// transaction.
    pub fn import_piece(&mut self, run: &Run, lots: &[Lot], time: Duration) -> Result<Piece> {
        let name = Run::name(run.batch);
        let mut kept = run.import.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out, so that a failure leaves nothing that was rolled back in memory.
        let mut import = match kept.take() {
            Some(import) => import,
            None => self.import(&run.plan, Some(&name))?,
        };
        self.in_batch(&name);
        let catalog = self.tx.catalog.clone();
        self.tx.savepoint()?;
        let mut piece = self.some_lots(run, &mut import, lots, time)?;
        if import.spoilt {
            // What to say here is nobody's business: it only takes the savepoint back.
            let _ = self.tx.settle::<()>(Err(Error::missing(name.as_str())));
            self.tx.catalog = catalog;
            import = self.import(&run.plan, Some(&name))?;
            import.careful = true;
            piece = self.some_lots(run, &mut import, lots, time)?;
            import.careful = false;
        } else {
            self.tx.settle(Ok(()))?;
        }
        self.count_rows(run.batch, &piece.counts)?;
        *kept = Some(import);
        Ok(piece)
    }

    fn some_lots(&mut self, run: &Run, import: &mut Import, lots: &[Lot], time: Duration) -> Result<Piece> {
        let (since, mut piece) = (Instant::now(), Piece::default());
        for lot in lots {
            if import.spoilt || (piece.done > 0 && since.elapsed() >= time) {
                break;
            }
            let assessed = self.bring_in(import, lot)?;
            if import.spoilt {
                break;
            }
            piece.done += 1;
            piece.rows += lot.rows.len() as i64;
            piece.counts.add(&assessed.verdict);
            self.keep(run, lot, assessed, &mut piece)?;
        }
        Ok(piece)
    }

    fn keep(&mut self, run: &Run, lot: &Lot, assessed: Assessed, piece: &mut Piece) -> Result<()> {
        if let Verdict::Near { alike, .. } = assessed.verdict {
            piece.near.push((assessed.number, assessed.title, alike));
            return Ok(());
        }
        for (row, read) in lot.rows.iter().zip(assessed.rows).filter(|it| !it.1.faults.is_empty()) {
            let registry = self.tx.registry;
            let reason = message::both(&Error::Invalid(read.faults), registry, &run.plan.entity);
            let cells: Vec<&str> = row.cells.iter().map(|it| it.text.as_str()).collect();
            let changes = serde_json::json!({ "row": [null, row.number], "cells": cells, "en": reason.en });
            let mut sql = Sql::new(
                "INSERT INTO event (entity, record, at, \"user\", door, kind, changes, reason) VALUES ",
            );
            sql.any_of([
                Value::from(ImportBatch::DEF.code),
                Value::Int(run.batch),
                (&self.tx.now).into(),
                Value::Int(self.tx.user),
                Value::from(self.tx.door),
                Value::from("refused"),
                Value::Text(changes.to_string()),
                Value::Text(reason.zh.clone()),
            ]);
            self.tx.execute(&sql)?;
            piece.refused.push((row.number, reason));
        }
        Ok(())
    }

    fn count_rows(&mut self, batch: i64, counts: &Counts) -> Result<()> {
        let mut sql = Sql::new("UPDATE ");
        sql.name(ImportBatch::DEF.code).push(" SET ");
        let all = [
            ("created_rows", counts.new),
            ("updated_rows", counts.updated),
            ("same_rows", counts.same),
            ("skipped_rows", counts.skipped),
            ("refused_rows", counts.refused),
        ];
        sql.each(all, |sql, (name, more)| {
            sql.name(name).push(" = ").name(name).push(" + ").bind(more);
        });
        sql.push(" WHERE id = ").bind(batch);
        self.tx.execute(&sql).map(drop)
    }

    /// The rows that an import refused, in the file's order, `most` after the one of id `after`.
    pub fn wrong_rows(&mut self, batch: i64, after: i64, most: usize) -> Result<Vec<WrongRow>> {
        self.import_batch(batch)?;
        let mut sql = Sql::new("SELECT id, changes, reason FROM event WHERE kind = 'refused' AND entity = ");
        sql.bind(ImportBatch::DEF.code).push(" AND record = ").bind(batch).push(" AND id > ").bind(after);
        sql.push(&format!(" ORDER BY id LIMIT {most}"));
        let row = |row: &crate::Record| {
            let changes: serde_json::Value = serde_json::from_str(row[1].text()).unwrap_or_default();
            let cells = changes["cells"].as_array().into_iter().flatten();
            WrongRow {
                id: row[0].int(),
                number: changes["row"][1].as_u64().unwrap_or(0),
                cells: cells.map(|it| it.as_str().unwrap_or_default().to_owned()).collect(),
                reason: Text::new(row[2].text(), changes["en"].as_str().unwrap_or_default()),
            }
        };
        Ok(self.tx.rows(&sql)?.iter().map(row).collect())
    }

    /// Writes the rows that an import refused as a file ([`WrongFile`]); returns how many.
    pub fn wrong_file(&mut self, batch: i64, format: Format, file: File, folder: &Path) -> Result<usize> {
        let (it, plan) = self.import_batch(batch)?;
        let lang = self.actor.lang;
        let mut wrong = WrongFile::new(lang, &it, &plan, format, file, folder)?;
        let (mut after, mut count) = (0, 0);
        loop {
            let rows = self.wrong_rows(batch, after, 1_000)?;
            let Some(last) = rows.last() else { break };
            (after, count) = (last.id, count + rows.len());
            for row in &rows {
                wrong.row(row.cells.iter().map(String::as_str), row.reason.of(lang))?;
            }
        }
        wrong.finish()?;
        Ok(count)
    }

    /// Marks an import as taken back.
    pub fn import_undone(&mut self, id: i64) -> Result<()> {
        let (mut batch, _) = self.import_batch(id)?;
        batch.undone = true;
        self.tx.save(&mut batch).map(drop)
    }
}

const STARTED: Label = Label {
    zh: "导入已经开始，不能再改设置",
    en: "The import has begun; its settings can't change any more",
};
const RUNNING: Label = Label {
    zh: "导入还在进行，请先取消或等它完成，再撤销",
    en: "The import is still running: cancel it or let it finish, then undo it",
};
