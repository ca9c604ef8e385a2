//! What happened to a record: who changed what, when, through which door; the record as it was; and taking it back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value as Json};

use crate::desk::target_of;
use crate::tx::{Record, select};
use crate::{
    Card, Date, Desk, Entity, EntityDef, Error, FieldDef, Id, Input, Kind, Label, Moment, Result, Sql, Text,
    Tx, Value,
};

/// One change of one record.
pub struct Event {
    pub id: i64,
    pub at: Moment,
    pub user: i64,
    pub door: String,
    /// `create`, `update`, `delete`, `import`, `undo` or the verb.
    pub kind: String,
    /// The child row that it concerns, as `address/12`.
    pub part: Option<String>,
    pub batch: Option<String>,
    pub reason: Option<String>,
    /// Field by field, old and new; what is masked on the card is not here.
    pub changes: Vec<Change>,
    /// How many further fields changed that the actor may not read.
    pub hidden: usize,
}

pub struct Change {
    pub field: &'static FieldDef,
    pub old: Value,
    pub new: Value,
}

/// Most events that one look at a history shows.
const SHOWN: usize = 500;

impl Desk<'_> {
    /// What happened to a record and its child rows, newest first.
    pub fn history(&mut self, entity: &str, id: i64) -> Result<Vec<Event>> {
        let def = self.entity(entity)?;
        self.load(def, id, "read")?;
        let mut sql = events();
        sql.push(" WHERE entity = ").bind(def.code).push(" AND record = ").bind(id);
        sql.push(&format!(" ORDER BY id DESC LIMIT {SHOWN}"));
        let rows = self.tx.rows(&sql)?;
        rows.iter().map(|row| self.event(def, row)).collect()
    }

    fn event(&mut self, def: &'static EntityDef, row: &Record) -> Result<Event> {
        let part = Some(row[5].text()).filter(|it| !it.is_empty()).map(str::to_owned);
        let child = part
            .as_deref()
            .and_then(|it| it.split('/').next())
            .and_then(|code| self.tx.registry.entity(code));
        let of = child.unwrap_or(def);
        let changes: Map<String, Json> =
            serde_json::from_str(row[6].text()).map_err(|_| crate::unreadable("changes"))?;
        let (mut seen, mut hidden) = (Vec::new(), 0);
        for (name, pair) in &changes {
            if name == "custom" {
                self.custom_changes(of, pair, &mut seen);
                continue;
            }
            let Some(field) = of.field(name).map(|it| it.1) else { continue };
            match self.may_read(of, field) {
                true => {
                    seen.push(Change { field, old: Value::of_json(&pair[0]), new: Value::of_json(&pair[1]) })
                }
                false => hidden += 1,
            }
        }
        let at = row[1].text().parse().map_err(|_| crate::unreadable("at"))?;
        let [batch, reason] =
            [7, 8].map(|at| Some(row[at].text()).filter(|it| !it.is_empty()).map(str::to_owned));
        let (door, kind) = (row[3].text().to_owned(), row[4].text().to_owned());
        Ok(Event {
            id: row[0].int(),
            at,
            user: row[2].int(),
            door,
            kind,
            part,
            batch,
            reason,
            changes: seen,
            hidden,
        })
    }

    /// The JSON column's change as changes of the custom fields within it.
    fn custom_changes(&self, def: &'static EntityDef, pair: &Json, seen: &mut Vec<Change>) {
        let read =
            |json: &Json| serde_json::from_str::<Json>(json.as_str().unwrap_or("{}")).unwrap_or_default();
        let (old, new) = (read(&pair[0]), read(&pair[1]));
        for &field in self.tx.catalog.custom(def) {
            if old[field.name] != new[field.name] && self.may_read(def, field) {
                seen.push(Change {
                    field,
                    old: Value::of_json(&old[field.name]),
                    new: Value::of_json(&new[field.name]),
                });
            }
        }
    }

    /// The card as it was at the end of `day`: values walk back through history; rights and labels are today's.
    pub fn as_of(&mut self, entity: &str, id: i64, day: Date) -> Result<Card> {
        let def = self.entity(entity)?;
        let mut record = self.load(def, id, "read")?;
        let end = self.end_of(day)?;
        let [_, created, ..] = def.stamp();
        let born: Moment = record[created].text().parse().map_err(|_| crate::unreadable("created"))?;
        if born >= end {
            return Err(Error::missing(format!("{entity}/{id}")));
        }
        self.tx.walk_back(def, &mut record, end)?;
        self.past(def, record)
    }

    fn end_of(&self, day: Date) -> Result<Moment> {
        let end = day.tomorrow().and_then(|next| self.tx.catalog.zone.to_timestamp(next.at(0, 0, 0, 0)));
        end.map_err(|_| Error::invalid("as_of", "malformed_date"))
    }

    fn past(&mut self, def: &'static EntityDef, record: Record) -> Result<Card> {
        let mut card = self.card(def, record)?;
        (card.editable, card.deletable) = (false, false);
        card.verbs.clear();
        Ok(card)
    }

    /// A record's child rows, today's or as they were at the end of `day`: those that have gone since are there again,
    /// those that came are not.
    pub fn rows_at(
        &mut self,
        def: &'static EntityDef,
        id: i64,
        child: &'static EntityDef,
        day: Option<Date>,
    ) -> Result<Vec<Card>> {
        let Some(day) = day else { return self.rows_of(def, id, child) };
        self.load(def, id, "read")?;
        let (of, end) = (child.of.ok_or_else(|| Error::missing(child.code))?, self.end_of(day)?);
        let parts = format!("{}/%", child.code);
        // A merge gave rows to another record: what happened to them since stands there.
        let mut sql = Sql::new("SELECT DISTINCT record FROM event WHERE entity = ");
        sql.bind(def.code).push(" AND part LIKE ").bind(parts.as_str());
        sql.push(" AND batch IN (SELECT batch FROM event WHERE entity = ").bind(def.code);
        sql.push(" AND record = ").bind(id).push(" AND at >= ").bind(&end).push(") LIMIT 100");
        let found = self.tx.rows(&sql)?;
        let holders = || std::iter::once(id).chain(found.iter().map(|it| it[0].int()));
        let mut sql = select(child);
        sql.push(" WHERE ").name(child.fields[of].name).push(" IN ").any_of(holders());
        let rows = self.tx.rows(&sql)?;
        let mut rows: BTreeMap<i64, Record> = rows.into_iter().map(|it| (it[0].int(), it)).collect();
        let mut sql = events();
        sql.push(" WHERE entity = ").bind(def.code).push(" AND record IN ").any_of(holders());
        sql.push(" AND part LIKE ").bind(parts).push(" AND at >= ").bind(&end).push(" ORDER BY id DESC");
        for row in self.tx.rows(&sql)? {
            let part = row[5].text().rsplit('/').next().and_then(|it| it.parse().ok()).unwrap_or(0);
            if matches!(row[4].text(), "create" | "import") && row[6].text() == "{}" {
                rows.remove(&part);
                continue;
            }
            let record = match rows.entry(part) {
                Entry::Occupied(row) => row.into_mut(),
                Entry::Vacant(place) => place.insert(self.gone((def, id), child, row[5].text(), end)?),
            };
            walk_back(child, record, row[6].text())?;
        }
        let mine = rows.into_values().filter(|it| it[of + 1].int() == id);
        mine.map(|row| self.past(child, row)).collect()
    }

    /// A child row that has gone since, with nothing but its stamp of then: each change was an event.
    fn gone(
        &mut self,
        (def, holder): (&EntityDef, i64),
        child: &EntityDef,
        part: &str,
        end: Moment,
    ) -> Result<Record> {
        let mut row = child.blank(end);
        row[0] = part.rsplit('/').next().and_then(|it| it.parse().ok()).map_or(Value::Null, Value::Int);
        let mut sql = Sql::new("SELECT at, \"user\" FROM event WHERE entity = ");
        sql.bind(def.code).push(" AND record = ").bind(holder).push(" AND part = ").bind(part);
        sql.push(" AND at < ").bind(&end).push(" ORDER BY id");
        let then = self.tx.rows(&sql)?;
        let [version, created, creator, changed, changer] = child.stamp();
        row[version] = Value::Int(then.len() as i64);
        if let (Some(first), Some(last)) = (then.first(), then.last()) {
            (row[created], row[creator]) = (first[0].clone(), first[1].clone());
            (row[changed], row[changer]) = (last[0].clone(), last[1].clone());
        }
        Ok(row)
    }

    /// Takes a change back: a new event that restores what the old one replaced, refused where something later was
    /// built on it. A creation is undone by deleting what nothing refers to.
    pub fn undo(&mut self, event: i64) -> Result<()> {
        let mut sql = Sql::new("SELECT entity, record FROM event WHERE id = ");
        sql.bind(event);
        let found = self.tx.rows(&sql)?.pop().ok_or_else(|| Error::missing(format!("event/{event}")))?;
        let def = self.entity(found[0].text())?;
        let mut sql = events();
        sql.push(" WHERE id = ").bind(event);
        let row = self.tx.rows(&sql)?.pop().ok_or_else(|| Error::missing(format!("event/{event}")))?;
        if row[4].text() == "delete" {
            let says = Label { zh: "这项修改不能撤销", en: "This change can't be undone" };
            return Err(Error::refused("not_undoable", says));
        }
        // A child row's change stands in its record's history.
        let (def, id) = match row[5].text().split_once('/') {
            Some((child, id)) => (self.entity(child)?, id.parse().unwrap_or(0)),
            None => (def, found[1].int()),
        };
        if matches!(row[4].text(), "create" | "import") && row[6].text() == "{}" {
            // Whoever may bring in a file may take it back.
            let mine = row[4].text() == "import" && row[2].int() == self.actor.user;
            let right = if mine && self.may(def, "delete").is_err() { "import" } else { "delete" };
            let old = self.load(def, id, right)?;
            // What is posted stays, beside what takes it back.
            if def.edit.is_some_and(|edit| !edit(&old).unwrap_or(false)) && def.verb("reverse").is_ok() {
                let says = Label { zh: "撤销导入", en: "The import was undone" };
                self.tx.history = def.at("imported").is_some_and(|at| old[at].int() == 1);
                let reversed =
                    self.run(def.code, id, "reverse", &Input::from([("reason", says.of(self.actor.lang))]));
                self.tx.history = false;
                return reversed;
            }
            if old[def.stamp()[0]].int() > 1 {
                let says = Label {
                    zh: "这条记录之后又改过，不能整条撤销",
                    en: "The record was changed since; its creation can't be undone",
                };
                return Err(Error::refused("changed_since", says));
            }
            let document = self.open_document(def, &old)?;
            self.tx.remove(def, &old)?;
            return document.map_or(Ok(()), |(document, id)| self.tx.tally(document, id));
        }
        let old = self.load(def, id, "update")?;
        let document = self.open_document(def, &old)?;
        // Who may not do it may not take it back.
        let verb = def.verb(row[4].text()).ok().map(|it| it.1);
        if let Some(verb) = verb {
            self.may(def, verb.right)?;
            // What a verb did to a document stands in ledgers too: another verb takes it back there.
            if !def.can_undo() {
                let says = Label {
                    zh: "单据的动作不能撤销，请用它的反向动作，例如撤回或红冲",
                    en: "What was done with a document is not undone; use the verb that takes it back",
                };
                return Err(Error::refused("not_undoable", says));
            }
        }
        if let Some(edit) = def.edit.filter(|_| verb.is_none())
            && !edit(&old)?
        {
            let says = Label {
                zh: "这张单据已经定稿，不能撤销",
                en: "This document is final; the change can't be undone",
            };
            return Err(Error::refused("wrong_state", says));
        }
        let mut new = old.clone();
        let changes: Map<String, Json> =
            serde_json::from_str(row[6].text()).map_err(|_| crate::unreadable("changes"))?;
        for (name, pair) in &changes {
            let Some((field, at)) = def.field(name).map(|it| it.1).zip(def.at(name)) else { continue };
            if field.readonly && verb.is_none() {
                // What a check derived is derived again; what a verb wrote takes the verb.
                if row[4].text() == "undo" {
                    let says = Label {
                        zh: "这项修改不能撤销，请重新执行相应的操作",
                        en: "This can't be undone; run the action again",
                    };
                    return Err(Error::refused("not_undoable", says));
                }
                continue;
            }
            if self.access(def, field) != crate::Access::Write {
                return Err(Error::Forbidden { entity: def.code, right: "update".into() });
            }
            if old[at] != Value::of_json(&pair[1]) {
                let says = Text::new(
                    format!("{}之后又改过，不能撤销", field.label.zh),
                    format!("{} was changed since; can't be undone", field.label.en),
                );
                return Err(Error::refused("changed_since", says));
            }
            new[at] = Value::of_json(&pair[0]);
        }
        self.tx.event = "undo".into();
        self.tx.store(def, Some(old), new)?;
        document.map_or(Ok(()), |(document, id)| self.tx.tally(document, id))
    }

    /// The events of a batch or an import, oldest first: what to undo, in pieces. The newest are undone first.
    pub fn batch_events(&mut self, batch: &str, before: i64, most: usize) -> Result<Vec<i64>> {
        let mut sql = Sql::new("SELECT id FROM event WHERE batch = ");
        sql.bind(batch).push(" AND kind <> 'undo' AND id < ").bind(before);
        sql.push(&format!(" ORDER BY id DESC LIMIT {most}"));
        Ok(self.tx.rows(&sql)?.iter().map(|row| row[0].int()).collect())
    }

    /// Undoes changes of a batch, the newest below `before` first, each by itself, as many as there is time for: how many
    /// were, the last that was looked at, and why the others were not.
    pub fn undo_some(
        &mut self,
        batch: &str,
        before: i64,
        most: usize,
        time: std::time::Duration,
    ) -> Result<(i64, Option<i64>, Vec<Error>)> {
        let since = std::time::Instant::now();
        let (mut done, mut last, mut refused) = (0, None, Vec::new());
        self.in_batch(batch);
        for event in self.batch_events(batch, before, most)? {
            if last.is_some() && since.elapsed() >= time {
                break;
            }
            last = Some(event);
            match self.alone(|desk| desk.undo(event)) {
                Err(error) if error.is_trouble() => return Err(error),
                Err(error) => refused.push(error),
                Ok(()) => done += 1,
            }
        }
        Ok((done, last, refused))
    }

    /// A value as people read it in a history or on a card: labels, names, places.
    pub fn shown(&mut self, field: &FieldDef, value: &Value) -> Result<String> {
        let lang = self.actor.lang;
        Ok(match (field.kind, value) {
            (_, Value::Null) => String::new(),
            (Kind::Code, Value::Text(code)) => self.tx.catalog.coded(field, code, lang),
            (Kind::Choice(all), Value::Text(code)) => {
                all.iter().find(|it| it.0 == code).map_or(code.as_str(), |it| it.1.of(lang)).to_owned()
            }
            (Kind::Link(_), Value::Int(id)) => match target_of(field) {
                Some(to) => self.called(to, *id)?.1,
                None => id.to_string(),
            },
            (_, Value::Text(text)) if field.format == crate::Format::Said => {
                crate::message::said(text).of(lang).to_owned()
            }
            (Kind::Bool, Value::Int(yes)) => {
                let label =
                    if *yes != 0 { Label { zh: "是", en: "Yes" } } else { Label { zh: "否", en: "No" } };
                label.of(lang).to_owned()
            }
            (Kind::Moment, Value::Text(text)) => match text.parse::<Moment>() {
                Ok(moment) => self.tx.catalog.zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string(),
                Err(_) => text.clone(),
            },
            (kind, value) => kind.plain(value.cell()),
        })
    }
}

impl Tx<'_> {
    /// A record as it was at the end of a day; what was entered later, as it was first.
    pub fn then<T: Entity>(&mut self, id: Id<T>, day: Date) -> Result<T> {
        let mut record = self.record(T::DEF, id.0)?;
        if day < self.today() {
            let end = self.day_end(day);
            self.walk_back(T::DEF, &mut record, end)?;
        }
        T::read(&record)
    }

    /// Puts the old values of all that was changed from a moment on into the record.
    fn walk_back(&mut self, def: &EntityDef, record: &mut Record, since: Moment) -> Result<()> {
        let mut sql = events();
        sql.push(" WHERE entity = ").bind(def.code).push(" AND record = ").bind(record[0].int());
        sql.push(" AND part IS NULL AND at >= ").bind(&since).push(" ORDER BY id DESC");
        for row in self.rows(&sql)? {
            walk_back(def, record, row[6].text())?;
        }
        Ok(())
    }
}

/// Puts the old values of an event into the record.
fn walk_back(def: &EntityDef, record: &mut Record, changes: &str) -> Result<()> {
    let changes: Map<String, Json> =
        serde_json::from_str(changes).map_err(|_| crate::unreadable("changes"))?;
    for (name, pair) in &changes {
        if let Some(at) = def.at(name).filter(|at| *at < def.stamp()[0]) {
            record[at] = Value::of_json(&pair[0]);
        }
    }
    Ok(())
}

fn events() -> Sql {
    Sql::new("SELECT id, at, \"user\", door, kind, part, changes, batch, reason FROM event")
}
