//! One row: what it means, what it would change, and the change itself. A preview and a run take the same way; the
//! preview's transaction is dry.

use std::collections::{BTreeMap, HashMap};

use super::cells::Bound;
use super::document::Paper;
use super::{Assessed, Duplicates, Lot, Near, Place, Plan, Read, Verdict, hashed, title_of};
use crate::input::set_custom;
use crate::search::Source;
use crate::tx::{Record, select};
use crate::{
    Access, Change, Desk, EntityDef, Error, Fault, FieldDef, Format, Given, Kind, Label, Lang, Result, Sql,
    Text, Value, message, value_of,
};

/// A plan ready for rows.
pub(super) struct Import {
    pub def: &'static EntityDef,
    pub bound: Vec<Bound>,
    keys: Vec<&'static FieldDef>,
    /// Values of new records, by place.
    defaults: Vec<(Part, &'static FieldDef, Value)>,
    /// How rows become documents, where they do.
    pub paper: Option<Paper>,
    duplicates: Duplicates,
    decisions: BTreeMap<u64, Duplicates>,
    /// Child rows and records within that the file brings.
    parts: Vec<&'static EntityDef>,
    /// The actor sees every record, so a new one needs no second look.
    open: bool,
    /// The run's name in history; none in a preview.
    batch: Option<String>,
    /// Each row has a savepoint.
    pub careful: bool,
    /// A row was refused that had written something.
    pub spoilt: bool,
    /// Of a preview: the rows so far by what near duplicates are told by.
    rows: HashMap<u64, (u64, String)>,
}

/// What a row says: a field and its value.
pub(super) type Said = (Place, Value);

impl Desk<'_> {
    pub(super) fn import(&mut self, plan: &Plan, batch: Option<&str>) -> Result<Import> {
        let def = self.entity(&plan.entity)?;
        self.may(def, "import")?;
        let bound = self.bound(def, plan)?;
        let places = self.places(def)?;
        let mut keys = Vec::new();
        for key in &plan.keys {
            let field =
                self.tx.catalog.field(def, key).filter(|it| self.may_read(def, it) && !it.is_custom());
            keys.push(field.ok_or_else(|| Error::invalid(key, "unknown_field"))?);
        }
        let paper = if plan.has_lines() { Some(self.paper(def, plan, &places)?) } else { None };
        if let Some(astray) = bound.iter().find(|it| it.place.link.is_some() && paper.is_none()) {
            return Err(Error::invalid(&astray.path, "unknown_field"));
        }
        let mut defaults = Vec::new();
        for (path, text) in plan.defaults.iter().filter(|_| paper.is_none()) {
            let place = super::plan::place(&places, path)?;
            if place.fixed || place.link.is_some() {
                return Err(Error::invalid(path, "forbidden_field"));
            }
            let value =
                self.value(place.field, &Given::Text(text.clone())).map_err(|error| at(path, error))?;
            defaults.push((place.of, place.field, value));
        }
        let mut parts: Vec<&'static EntityDef> = Vec::new();
        for of in bound.iter().filter(|_| paper.is_none()).filter_map(|it| it.place.of) {
            if !parts.iter().any(|it| std::ptr::eq(*it, of)) {
                parts.push(of);
            }
        }
        let open = self.reach(def, "t", false)?.text() == "1 = 1";
        Ok(Import {
            def,
            bound,
            keys,
            defaults,
            paper,
            duplicates: plan.duplicates,
            decisions: plan.decisions.clone(),
            parts,
            open,
            batch: batch.map(str::to_owned),
            careful: false,
            spoilt: false,
            rows: HashMap::new(),
        })
    }

    /// Reads a row, or a document, and does what the plan says, or finds out what that would be.
    pub(super) fn bring_in(&mut self, import: &mut Import, lot: &Lot) -> Result<Assessed> {
        if import.paper.is_some() {
            return self.bring_document(import, &lot.rows);
        }
        let row = &lot.rows[0];
        let (mut values, mut faults, mut passed) = (Vec::new(), Vec::new(), false);
        for n in 0..import.bound.len() {
            let bound = &mut import.bound[n];
            let Some(cell) = row.cells.get(bound.at) else { continue };
            let meaning = self.meaning(bound, cell)?;
            let is_nothing = || match &meaning {
                Ok(value) => value.as_ref().is_none_or(|it| it.int() <= 0),
                Err(_) => cell.text.trim_matches(['-', '—', '－', ' ']).is_empty(),
            };
            passed |= bound.place.field.sieve && is_nothing();
            match meaning {
                Ok(None) => {}
                Ok(Some(value)) => values.push((bound.place, value)),
                Err(fault) => faults.push(fault),
            }
        }
        if let Some(earlier) = lot.twice {
            let says = Text::new(
                format!("第 {earlier} 行已有相同的值"),
                format!("Row {earlier} has the same value already"),
            );
            let field = import.keys.first().map_or("", |it| it.name).to_owned();
            faults.push(Fault { field, code: "twice_in_file", says: Some(says) });
        }
        let title = title_of(import.def, &values);
        let verdict = match faults.is_empty() {
            _ if passed => Verdict::Passed,
            true => match self.decided(import, row.number, &title, &values) {
                Err(error) if error.is_trouble() => return Err(error),
                Err(error) => Verdict::Refused(self.faults(import.def, error)),
                Ok(verdict) => verdict,
            },
            false => Verdict::Refused(faults),
        };
        let faults = if let Verdict::Refused(faults) = &verdict { faults.clone() } else { Vec::new() };
        let rows = vec![Read { number: row.number, line: Vec::new(), faults }];
        Ok(Assessed { number: row.number, title, turned: None, values, rows, verdict })
    }

    /// A row that is refused when some of it is written already takes a savepoint to leave no trace. They are dear, so
    /// rows go without until one needs it; then the piece is done again with care.
    fn decided(&mut self, import: &mut Import, row: u64, title: &str, values: &[Said]) -> Result<Verdict> {
        if import.careful {
            return self.alone(|desk| desk.decide(import, row, title, values));
        }
        let before = self.tx.wrote;
        let result = self.decide(import, row, title, values);
        import.spoilt |= result.is_err() && self.tx.wrote != before;
        result
    }

    fn decide(&mut self, import: &mut Import, row: u64, title: &str, values: &[Said]) -> Result<Verdict> {
        let def = import.def;
        let mut fresh = self.fresh(def);
        for (of, field, value) in &import.defaults {
            if of.is_none() {
                put(def, &mut fresh, field, value);
            }
        }
        self.apply(None, def, values, &mut fresh);
        let probe = self.probe(def, None, fresh.clone())?;
        if let Some(old) = self.by_key(import, &probe, values)? {
            return self.change(import, old, values);
        }
        let mut alike = self.alike(import, &probe)?;
        // The first is the one that an update means: the same name before another, a number before a name.
        let by_number = |it: &Near| def.field(it.field).is_some_and(|it| it.1.source() == Source::Number);
        alike.sort_by_key(|it| (it.title != title, !by_number(it)));
        if import.batch.is_none() {
            alike.extend(import.alike_row(row, title, &probe));
        }
        if alike.is_empty() {
            return Ok(Verdict::New(self.make(import, fresh, &probe, values)?));
        }
        for near in alike.iter().filter(|it| it.id != 0) {
            if let Verdict::Same(id) = self.would_change(import, near.id, values)? {
                return Ok(Verdict::Same(id));
            }
        }
        let then = import.decisions.get(&row).copied().unwrap_or(import.duplicates);
        let id = match then {
            Duplicates::New => self.make(import, fresh, &probe, values)?,
            Duplicates::Skip => 0,
            Duplicates::Update if alike[0].id == 0 => 0,
            Duplicates::Update => {
                let old = self.load(def, alike[0].id, "update")?;
                match self.change(import, old, values)? {
                    Verdict::Same(id) => return Ok(Verdict::Same(id)),
                    _ => alike[0].id,
                }
            }
        };
        Ok(Verdict::Near { alike, then, id })
    }

    /// The record that a row's key names, within sight; to change it takes the right to.
    fn by_key(&mut self, import: &Import, probe: &Record, values: &[Said]) -> Result<Option<Record>> {
        let def = import.def;
        for key in &import.keys {
            let at = def.at(key.name).expect("keys are fields of the record");
            if key.is_empty(&probe[at]) || !about(None, values).any(|it| it.0.field.name == key.name) {
                continue;
            }
            let mut sql = Sql::new("SELECT t.id FROM ");
            sql.name(def.code).push(" t WHERE t.").name(key.name).push(" = ").bind(probe[at].clone());
            sql.push(" AND ").append(&self.reach(def, "t", false)?).push(" ORDER BY t.id LIMIT 2");
            match self.tx.rows(&sql)?.as_slice() {
                [] => {}
                [row] => return self.tx.record(def, row[0].int()).map(Some),
                _ => return Err(Error::fault(key.name, "ambiguous_record", AMBIGUOUS)),
            }
        }
        Ok(None)
    }

    /// Near duplicates within sight; what this run made itself counts too, but is never taken for the same.
    fn alike(&mut self, import: &Import, probe: &Record) -> Result<Vec<Near>> {
        let Some(alike) = import.def.alike else { return Ok(Vec::new()) };
        let found = alike(probe, &mut self.tx)?;
        let mut near = Vec::new();
        for it in found {
            let Ok(record) = self.load(import.def, it.id, "read") else { continue };
            let title = record[import.def.title + 1].text().to_owned();
            near.push(Near { id: it.id, row: 0, title, field: it.field });
        }
        Ok(near)
    }

    /// A record as its check would leave it; nothing is written.
    pub(super) fn probe(
        &mut self,
        def: &'static EntityDef,
        old: Option<&Record>,
        new: Record,
    ) -> Result<Record> {
        let dry = std::mem::replace(&mut self.tx.dry, true);
        let checked = self.tx.checked(def, old, new);
        self.tx.dry = dry;
        checked
    }

    /// What the row would do to a record that resembles it: only whether it is the same matters.
    fn would_change(&mut self, import: &Import, id: i64, values: &[Said]) -> Result<Verdict> {
        let near = Ok(Verdict::New(0));
        if let Some(batch) = &import.batch {
            let mut sql = Sql::new("SELECT COUNT(*) FROM event WHERE entity = ");
            sql.bind(import.def.code)
                .push(" AND record = ")
                .bind(id)
                .push(" AND batch = ")
                .bind(batch.as_str());
            if self.tx.one(&sql)? > 0 {
                return near;
            }
        }
        let old = self.load(import.def, id, "read")?;
        let dry = std::mem::replace(&mut self.tx.dry, true);
        let result = self.change(import, old, values);
        self.tx.dry = dry;
        match result {
            Ok(Verdict::Same(id)) => Ok(Verdict::Same(id)),
            Err(error) if error.is_trouble() => Err(error),
            _ => near,
        }
    }

    /// Makes the record and its parts; `probe` is the record as its check leaves it.
    fn make(&mut self, import: &Import, fresh: Record, probe: &Record, values: &[Said]) -> Result<i64> {
        let def = import.def;
        self.may(def, "create")?;
        let mut faults = Vec::new();
        if values.iter().any(|it| it.0.fixed) {
            let blank = self.fresh(def);
            self.fixed(None, def, values, &blank, probe, &mut faults);
        }
        required(def, probe, "", &mut faults);
        if self.tx.dry {
            self.unique(def, probe, 0, &mut faults)?;
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.tx.event = "import".into();
        // With parts, one entry in the search index at the end instead of one and another after each part.
        let late = def.is_searched() && !import.parts.is_empty() && !self.tx.dry;
        self.tx.unindexed = late.then_some(def);
        let made = self.tx.store(def, None, fresh).and_then(|record| {
            let parts = import.parts.iter();
            parts
                .map(|part| self.part(import, part, (record[0].int(), true), values))
                .collect::<Result<Vec<_>>>()?;
            Ok(record)
        });
        self.tx.unindexed = None;
        let record = made?;
        if late {
            self.tx.index(def, &record, true, true)?;
        }
        let id = record[0].int();
        if !import.open && !self.tx.dry {
            let forbidden = |_| Error::Forbidden { entity: def.code, right: "create".into() };
            self.load(def, id, "read").map_err(forbidden)?;
        }
        Ok(id)
    }

    /// Brings a record that is there to what the row says; empty cells leave a field as it is.
    fn change(&mut self, import: &Import, old: Record, values: &[Said]) -> Result<Verdict> {
        let (def, id) = (import.def, old[0].int());
        let mut new = old.clone();
        self.apply(None, def, values, &mut new);
        let probe = self.probe(def, Some(&old), new.clone())?;
        let mut changes = self.changes(def, &old, &probe);
        let mut faults = Vec::new();
        self.fixed(None, def, values, &old, &probe, &mut faults);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        if !changes.is_empty() {
            self.load(def, id, "update")?;
            if def.edit.is_some_and(|edit| !edit(&old).unwrap_or(false)) {
                return Err(Error::refused("wrong_state", FINAL));
            }
            if self.tx.dry {
                self.unique(def, &probe, id, &mut faults)?;
                if !faults.is_empty() {
                    return Err(Error::Invalid(faults));
                }
            }
            self.tx.event = "import".into();
            self.tx.store(def, Some(old.clone()), new)?;
            self.tx.recheck(def, old)?;
        }
        for part in &import.parts {
            changes.extend(self.part(import, part, (id, false), values)?);
        }
        Ok(if changes.is_empty() { Verdict::Same(id) } else { Verdict::Update(id, changes) })
    }

    /// The one child row or record within that a row of the file brings: the one of the same title, else the first
    /// where the row has no title for it, else a new one. A `fresh` record has none yet.
    fn part(
        &mut self,
        import: &Import,
        part: &'static EntityDef,
        (id, fresh): (i64, bool),
        values: &[Said],
    ) -> Result<Vec<Change>> {
        let Some((of, _)) = part.parent().filter(|_| about(Some(part), values).next().is_some()) else {
            return Ok(Vec::new());
        };
        let title = about(Some(part), values).find(|it| it.0.field.name == part.title_field().name);
        let before = match fresh {
            true => Vec::new(),
            false => {
                let mut sql = select(part);
                sql.push(" WHERE ").name(part.fields[of].name).push(" = ").bind(id).push(" ORDER BY id");
                self.tx.rows(&sql)?
            }
        };
        let same = |it: &&Record| title.is_none_or(|title| it[part.title + 1] == title.1);
        let old = before.iter().find(same).cloned();
        let mut new = old.clone().unwrap_or_else(|| part.blank(self.tx.now));
        new[of + 1] = Value::Int(id);
        if old.is_none() {
            for (_, field, value) in
                import.defaults.iter().filter(|it| it.0.is_some_and(|it| std::ptr::eq(it, part)))
            {
                put(part, &mut new, field, value);
            }
        }
        self.apply(Some(part), part, values, &mut new);
        let probe = self.probe(part, old.as_ref(), new.clone()).map_err(|error| under(part, error))?;
        let empty = part.blank(self.tx.now);
        let base = old.as_ref().unwrap_or(&empty);
        let mut faults = Vec::new();
        self.fixed(Some(part), part, values, base, &probe, &mut faults);
        required(part, &probe, part.code, &mut faults);
        // What is not written yet has no id to link to.
        faults.retain(|it| !(id == 0 && it.field.ends_with(part.fields[of].name)));
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let changes = self.changes(part, base, &probe);
        let changes: Vec<_> =
            changes.into_iter().filter(|it| it.field.name != part.fields[of].name).collect();
        if !changes.is_empty() || old.is_none() {
            match &old {
                None => drop(self.may(part, "create")?),
                Some(old) => drop(self.load(part, old[0].int(), "update")?),
            }
            if part.of.is_some() && !fresh {
                self.load(import.def, id, "update")?;
            }
            self.tx.event = "import".into();
            self.tx.store(part, old, new).map_err(|error| under(part, error))?;
        }
        Ok(changes)
    }

    /// Puts the values that the actor may write.
    fn apply(&self, of: Part, def: &'static EntityDef, values: &[Said], record: &mut Record) {
        for (place, value) in about(of, values).filter(|it| !it.0.fixed) {
            put(def, record, place.field, value);
        }
    }

    /// What the actor may not write may stand in the file, as long as it changes nothing. What the actor may not even
    /// read is refused whatever it says, or an import would be a way to guess it.
    fn fixed(
        &self,
        of: Part,
        def: &'static EntityDef,
        values: &[Said],
        before: &Record,
        after: &Record,
        faults: &mut Vec<Fault>,
    ) {
        for (place, value) in about(of, values).filter(|it| it.0.fixed) {
            let is = |record| value_of(def, record, place.field) == *value;
            if self.access(def, place.field) < Access::Read || !(is(before) || is(after)) {
                faults.push(Fault { field: place.path(), code: "forbidden_field", says: None });
            }
        }
    }

    fn changes(&self, def: &'static EntityDef, old: &Record, new: &Record) -> Vec<Change> {
        let stamp = def.stamp();
        let catalog = self.catalog().clone();
        let mut changes: Vec<Change> = catalog
            .fields(def)
            .filter(|field| def.at(field.name).is_none_or(|at| at < stamp[0]))
            .map(|field| Change { field, old: value_of(def, old, field), new: value_of(def, new, field) })
            .collect();
        changes.retain(|it| it.old != it.new);
        changes
    }

    /// In a preview no index says that a unique value is taken.
    pub(super) fn unique(
        &mut self,
        def: &'static EntityDef,
        record: &Record,
        id: i64,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        for (at, field) in def.fields.iter().enumerate().filter(|it| it.1.unique) {
            if field.is_empty(&record[at + 1]) {
                continue;
            }
            let mut sql = Sql::new("SELECT COUNT(*) FROM ");
            sql.name(def.code).push(" WHERE ").name(field.name).push(" = ").bind(record[at + 1].clone());
            sql.push(" AND id <> ").bind(id);
            if self.tx.one(&sql)? > 0 {
                faults.push(Fault { field: field.name.into(), code: "duplicate", says: None });
            }
        }
        Ok(())
    }

    /// Any refusal as faults of the row.
    pub(super) fn faults(&self, def: &'static EntityDef, error: Error) -> Vec<Fault> {
        let (field, code) = match &error {
            Error::Invalid(faults) => return faults.clone(),
            Error::Duplicate { place } => (place.split('.').nth(1).unwrap_or_default(), "duplicate"),
            other => ("", other.code()),
        };
        let say = |lang| message::message(&error, self.tx.registry, def.code, lang);
        let says = Some(Text::new(say(Lang::Zh), say(Lang::En)));
        vec![Fault { field: field.to_owned(), code, says }]
    }
}

type Part = Option<&'static EntityDef>;

/// What a row says about its record, or about one of the parts.
fn about(of: Part, values: &[Said]) -> impl Iterator<Item = &Said> {
    values.iter().filter(move |it| it.0.of.map(|it| it.code) == of.map(|it| it.code))
}

impl Import {
    /// An earlier row of the file that resembles this one, which a run would find as a record.
    fn alike_row(&mut self, row: u64, title: &str, probe: &Record) -> Option<Near> {
        self.def.alike?;
        let mut found = None;
        for (at, field) in self.def.fields.iter().enumerate() {
            let told_by = field.like || (field.format == Format::Hidden && matches!(field.kind, Kind::Text));
            if !told_by || field.is_empty(&probe[at + 1]) {
                continue;
            }
            let hash = hashed(&(at, probe[at + 1].text()));
            match self.rows.get(&hash) {
                Some((earlier, title)) => {
                    let field = if field.like { field.name } else { self.def.title_field().name };
                    found = found.or(Some(Near { id: 0, row: *earlier, title: title.clone(), field }));
                }
                None => drop(self.rows.insert(hash, (row, title.to_owned()))),
            }
        }
        found
    }
}

pub(super) fn put(def: &'static EntityDef, record: &mut Record, field: &'static FieldDef, value: &Value) {
    match def.at(field.name) {
        Some(at) => record[at] = value.clone(),
        None => set_custom(def, record, field, value),
    }
}

pub(super) fn required(def: &'static EntityDef, record: &Record, of: &str, faults: &mut Vec<Fault>) {
    for (at, field) in def.fields.iter().enumerate() {
        if field.required && !field.readonly && field.is_empty(&record[at + 1]) {
            let field = if of.is_empty() { field.name.to_owned() } else { format!("{of}.{}", field.name) };
            faults.push(Fault { field, code: "required", says: None });
        }
    }
}

pub(super) fn at(path: &str, error: Error) -> Error {
    match error {
        Error::Invalid(faults) => {
            Error::Invalid(faults.into_iter().map(|it| Fault { field: path.to_owned(), ..it }).collect())
        }
        other => other,
    }
}

fn under(part: &EntityDef, error: Error) -> Error {
    match error {
        Error::Invalid(faults) => {
            let named = |it: Fault| Fault { field: format!("{}.{}", part.code, it.field), ..it };
            Error::Invalid(faults.into_iter().map(named).collect())
        }
        other => other,
    }
}

const AMBIGUOUS: Label = Label {
    zh: "系统中有多条记录的这个值相同，分不清更新哪一条",
    en: "Several records have this value; which one to update is not clear",
};
const FINAL: Label =
    Label { zh: "这张单据已经定稿，不能修改", en: "This document is final and can't be edited" };
