//! The desk: the only way from outside to a row. What you may not see is not there.

use crate::input::{few, named_by, under, value_of};
use crate::system::{self, User};
use crate::tx::{Record, Seen, select};
use crate::{
    Access, Actor, Catalog, Conn, Date, Entity, EntityDef, Error, FieldDef, Format, Grant, Input, Kind,
    Label, Moment, Result, Scalar, Scope, Sql, Tx, Value,
};
use std::sync::Arc;

pub struct Desk<'c> {
    pub actor: &'c Actor,
    pub(crate) tx: Tx<'c>,
}

/// A record as the actor may see it.
pub struct Card {
    pub def: &'static EntityDef,
    pub id: i64,
    pub version: i64,
    pub title: String,
    /// The fields that are there for this actor, with `None` for a masked value.
    pub fields: Vec<(&'static FieldDef, Option<Value>)>,
    /// Whether the actor may edit it as it stands.
    pub editable: bool,
    pub deletable: bool,
    pub verbs: Vec<Offer>,
    pub record: Record,
}

/// A verb that the actor may have, with the reason when not now.
pub struct Offer {
    pub verb: &'static crate::VerbDef,
    pub unless: Option<Label>,
}

impl Card {
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|it| it.0.name == name)?.1.as_ref()
    }
}

/// So many records of a reading are kept at hand.
const SEEN: usize = 64;

impl<'c> Desk<'c> {
    pub fn new(actor: &'c Actor, catalog: Arc<Catalog>, conn: &'c mut dyn Conn, writes: bool) -> Desk<'c> {
        Desk { actor, tx: Tx::new(conn, catalog, actor, writes) }
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.tx.catalog
    }

    pub fn today(&self) -> Date {
        self.tx.today()
    }

    pub fn now(&self) -> Moment {
        self.tx.now
    }

    /// The trusted side, for code of the house that has checked the actor itself.
    pub fn trusted(&mut self) -> &mut Tx<'c> {
        &mut self.tx
    }

    /// The address of a link that was made just now; it is told once.
    pub fn invitation(&mut self) -> Option<String> {
        self.tx.link.take()
    }

    /// Changes of this transaction carry the batch's name, by which they can be undone together.
    pub fn in_batch(&mut self, batch: &str) {
        self.tx.batch = Some(batch.to_owned());
    }

    pub fn entity(&self, code: &str) -> Result<&'static EntityDef> {
        let def = self.tx.registry.entity(code).ok_or_else(|| Error::missing(code))?;
        self.may(def, "read").map(|_| def)
    }

    /// The grant by which the actor has a right to an entity.
    pub fn may(&self, def: &'static EntityDef, right: &str) -> Result<Grant> {
        let rights = &self.actor.rights;
        let hangs = def.is_attached() && rights.only.is_none();
        if !hangs && !rights.can(def, "read") {
            return Err(Error::missing(def.code));
        }
        // What only the program writes, nobody else begins.
        if def.is_ours() && matches!(right, "create" | "import") {
            return Err(Error::Forbidden { entity: def.code, right: right.to_owned() });
        }
        if hangs {
            return Ok(Grant::parse("* @all"));
        }
        // A file holds no secrets that open a door.
        let is_key = def.fields.iter().any(|field| field.unique && field.format == Format::Secret);
        if is_key && right == "import" {
            return Err(Error::Forbidden { entity: def.code, right: right.to_owned() });
        }
        // A child row is written by whoever may edit its record.
        let right = if def.of.is_some() && matches!(right, "create" | "delete") { "update" } else { right };
        match rights.grant(def) {
            Some(grant) if rights.can(def, right) => Ok(grant.into_owned()),
            _ => Err(Error::Forbidden { entity: def.code, right: right.to_owned() }),
        }
    }

    pub fn access(&self, def: &EntityDef, field: &FieldDef) -> Access {
        self.actor.rights.access(def, field)
    }

    /// The field is there at all.
    pub fn may_see(&self, def: &EntityDef, field: &FieldDef) -> bool {
        field.is_shown() && self.access(def, field) > Access::Hide
    }

    /// Its values may be read, filtered, sorted, searched and summed.
    pub fn may_read(&self, def: &EntityDef, field: &FieldDef) -> bool {
        field.is_shown() && self.access(def, field) > Access::Mask
    }

    /// The fields by whose values the actor may name a record.
    pub(crate) fn named_by(&self, to: &'static EntityDef) -> Vec<&'static str> {
        let fields = named_by(to).into_iter().filter_map(|it| to.field(it));
        fields.filter(|it| self.may_read(to, it.1)).map(|it| it.1.name).collect()
    }

    pub fn may_write(&self, def: &EntityDef, field: &FieldDef) -> bool {
        !field.readonly && field.is_shown() && self.access(def, field) == Access::Write
    }

    pub(crate) fn reach(&mut self, def: &'static EntityDef, alias: &str, acting: bool) -> Result<Sql> {
        self.tx.reach(def, alias, acting)
    }

    /// Whose records are all that the actor sees, 0 for nobody's; empty where it is not only a matter of owners.
    pub(crate) fn owners(&mut self, def: &'static EntityDef) -> Result<Vec<i64>> {
        let grant = self.actor.rights.grant(def).filter(|_| def.owner.is_some() && def.parent().is_none());
        let Some((pools, Scope::Own)) = grant.map(|it| (it.pools, it.sees)) else { return Ok(Vec::new()) };
        match self.tx.shared(def, false)?.is_empty() {
            true => Ok(std::iter::once(self.actor.user).chain(pools.then_some(0)).collect()),
            false => Ok(Vec::new()),
        }
    }

    /// A record within the actor's reach for `right`: what may not be read is missing, the rest forbidden.
    pub(crate) fn load(&mut self, def: &'static EntityDef, id: i64, right: &str) -> Result<Record> {
        let missing = || Error::missing(format!("{}/{id}", def.code));
        let forbidden = self.may(def, right).err();
        if matches!(forbidden, Some(Error::NotFound { .. })) {
            return Err(missing());
        }
        let seen = self.sight(def, id)?.ok_or_else(missing)?;
        let (record, acts) = (seen.record.clone(), seen.acts);
        if def.is_attached() {
            self.target(def, &record, if right == "read" { "read" } else { "write" })?;
        }
        if let Some(error) = forbidden {
            return Err(error);
        }
        if right == "read" || def.is_attached() {
            return Ok(record);
        }
        let record =
            if self.tx.lock().is_empty() { Some(record).filter(|_| acts) } else { self.locked(def, id)? };
        record.ok_or_else(|| Error::Forbidden { entity: def.code, right: right.to_owned() })
    }

    /// A record within the actor's sight; not read a second time before something is written.
    fn sight(&mut self, def: &'static EntityDef, id: i64) -> Result<Option<&Seen>> {
        let wrote = self.tx.wrote;
        if self.tx.seen.len() >= SEEN || self.tx.seen.first().is_some_and(|it| it.wrote != wrote) {
            self.tx.seen.clear();
        }
        let known = |it: &Seen| std::ptr::eq(it.def, def) && it.record[0].int() == id;
        if let Some(at) = self.tx.seen.iter().position(known) {
            return Ok(self.tx.seen.get(at));
        }
        let mut sql = Sql::new("SELECT ");
        for name in def.columns() {
            sql.push("t.").name(name).push(", ");
        }
        sql.push("CASE WHEN ").append(&self.reach(def, "t", true)?).push(" THEN 1 ELSE 0 END FROM ");
        sql.name(def.code).push(" t WHERE t.id = ").bind(id).push(" AND ");
        sql.append(&self.reach(def, "t", false)?);
        let Some(mut record) = self.tx.rows(&sql)?.pop() else { return Ok(None) };
        let acts = record.pop().is_some_and(|it| it.int() == 1);
        self.tx.seen.push(Seen { def, record, acts, wrote, alone: false });
        Ok(self.tx.seen.last())
    }

    /// A record on which the actor may do more than read, as it is once nobody else is at work on it.
    fn locked(&mut self, def: &'static EntityDef, id: i64) -> Result<Option<Record>> {
        let mut sql = Sql::new("SELECT ");
        sql.each(def.columns(), |sql, name| {
            sql.push("t.").name(name);
        });
        sql.push(" FROM ").name(def.code).push(" t WHERE t.id = ").bind(id).push(" AND ");
        sql.append(&self.reach(def, "t", true)?).push(self.tx.lock());
        Ok(self.tx.rows(&sql)?.pop())
    }

    /// What hangs on a record is seen by whoever sees the record; written, by its author or who may edit the record.
    fn target(&mut self, def: &'static EntityDef, attached: &Record, right: &str) -> Result<()> {
        let entity = self.entity(attached[1].text())?;
        let record = attached[2].int();
        self.load(entity, record, "read")?;
        let [_, _, creator, _, _] = def.stamp();
        let mine = attached[0].int() == 0 || attached[creator].int() == self.actor.user;
        let shares = std::ptr::eq(def, system::Team::DEF);
        if right == "write" && (shares || !mine) {
            self.load(entity, record, "update")?;
        }
        Ok(())
    }

    pub fn get(&mut self, entity: &str, id: i64) -> Result<Card> {
        let def = self.entity(entity)?;
        let record = self.load(def, id, "read")?;
        self.card(def, record)
    }

    pub(crate) fn card(&mut self, def: &'static EntityDef, record: Record) -> Result<Card> {
        let id = record[0].int();
        let catalog = self.tx.catalog.clone();
        let mut fields = Vec::new();
        for field in catalog.fields(def).filter(|field| self.may_see(def, field)) {
            let value = self.may_read(def, field).then(|| value_of(def, &record, field));
            fields.push((field, value));
        }
        let derived: Vec<_> =
            fields.iter().filter(|it| it.1.is_some() && !it.0.sql.is_empty()).map(|it| it.0).collect();
        for (field, value) in derived.iter().zip(self.tx.derived(def, id, &derived)?) {
            fields
                .iter_mut()
                .filter(|it| std::ptr::eq(it.0, *field))
                .for_each(|it| it.1 = Some(value.clone()));
        }
        let open = match def.edit {
            Some(edit) => edit(&record)?,
            None => true,
        };
        let (of, at) = match def.parent().filter(|_| def.of.is_some()) {
            // A child row is its record's.
            Some((at, parent)) => (parent, record[at + 1].int()),
            None => (def, id),
        };
        let acts = def.is_attached() || self.sight(of, at)?.is_some_and(|it| it.acts);
        let may = |desk: &Desk, right: &str| acts && desk.may(def, right).is_ok();
        let mut verbs = Vec::new();
        for (n, verb) in def.verbs.iter().enumerate() {
            if may(self, verb.right) || (verb.sight && self.may(def, verb.right).is_ok()) {
                let ready = (def.ready)(n, &record)?;
                verbs.push(Offer { verb, unless: (!ready).then_some(verb.unless) });
            }
        }
        let gone = open && !is_numbered(def, &record);
        let (editable, deletable) = (open && may(self, "update"), gone && may(self, "delete"));
        Ok(Card {
            def,
            id,
            version: record[def.stamp()[0]].int(),
            title: self.title(def, &record)?,
            fields,
            editable,
            deletable,
            verbs,
            record,
        })
    }

    /// What a record is called: its title, or what it is about where that is another record.
    pub(crate) fn title(&mut self, def: &EntityDef, record: &Record) -> Result<String> {
        if let Some(to) = target_of(def.title_field()) {
            return Ok(self.called(to, record[def.title + 1].int())?.1);
        }
        let text = record[def.title + 1].text();
        // What has no number yet is called by whom it is about, and its amount or day.
        if text.is_empty() && def.edit.is_some() {
            let mut said = vec![Label { zh: "草稿", en: "Draft" }.of(self.actor.lang).to_owned()];
            if let Some((at, of)) = def.parent() {
                said.extend(Some(self.called(of, record[at + 1].int())?.1).filter(|it| !it.is_empty()));
            }
            let fields = def.fields.iter().filter(|it| it.list && self.may_read(def, it));
            let fields: Vec<_> = fields.filter_map(|it| Some((it, def.at(it.name)?))).collect();
            let amount = fields.iter().find(|it| matches!(it.0.kind, Kind::Money) && record[it.1].int() != 0);
            let day = fields.iter().find(|it| matches!(it.0.kind, Kind::Date));
            said.extend(match (amount, day) {
                (Some((_, at)), _) => Some(crate::Money(record[*at].int()).grouped()),
                (None, Some((_, at))) => Some(record[*at].text().to_owned()),
                (None, None) => None,
            });
            return Ok(said.join(" "));
        }
        let word = self.tx.registry.word(def.title_field().format, text);
        Ok(word.map_or(text, |it| it.of(self.actor.lang)).to_owned())
    }

    /// A record before it is first saved, with what the caller wants filled in.
    pub fn blank(&mut self, entity: &str, input: &Input) -> Result<Card> {
        let def = self.entity(entity)?;
        self.may(def, "create")?;
        let mut record = self.fresh(def);
        for (name, given) in &input.fields {
            let catalog = self.tx.catalog.clone();
            let field = catalog.field(def, name).filter(|it| self.may_write(def, it));
            if let Some((field, at)) = field.zip(def.at(name))
                && let Ok(value) = self.value(field, given)
            {
                record[at] = value;
            }
        }
        // What is chosen within another record says which one that is.
        for (at, field) in def.fields.iter().enumerate() {
            let (Some(to), Some(on)) = (target_of(field), field.depends.and_then(|it| def.at(it))) else {
                continue;
            };
            let of = to.at(def.fields[on - 1].name).filter(|_| def.fields[on - 1].is_empty(&record[on]));
            if let Some(of) = of.filter(|_| record[at + 1].int() != 0) {
                record[on] = self.load(to, record[at + 1].int(), "read")?[of].clone();
            }
        }
        Ok(self.unsaved(def, record))
    }

    /// A record that is not saved yet, as the actor may see it.
    pub(crate) fn unsaved(&self, def: &'static EntityDef, record: Record) -> Card {
        let catalog = self.tx.catalog.clone();
        let fields = catalog.fields(def).filter(|field| self.may_see(def, field));
        let fields =
            fields.map(|field| (field, self.may_read(def, field).then(|| value_of(def, &record, field))));
        Card {
            def,
            id: record[0].int(),
            version: record[def.stamp()[0]].int(),
            title: String::new(),
            fields: fields.collect(),
            editable: true,
            deletable: false,
            verbs: Vec::new(),
            record,
        }
    }

    pub(crate) fn fresh(&self, def: &'static EntityDef) -> Record {
        let mut record = def.blank(self.tx.now);
        for (at, _) in def.fields.iter().enumerate().filter(|it| it.1.default == Some("today")) {
            record[at + 1] = Scalar::value(&self.tx.today());
        }
        let user = self.actor.user;
        if let Some(at) = def.owner.filter(|_| user != 0) {
            record[at + 1] = Value::Int(user);
        }
        if let Some(at) =
            def.department.filter(|_| self.actor.department != 0 && !std::ptr::eq(def, User::DEF))
        {
            record[at + 1] = Value::Int(self.actor.department);
        }
        record
    }

    /// What stands within a document changes only while the document itself may be edited, which is locked from here on.
    pub(crate) fn open_document(
        &mut self,
        def: &'static EntityDef,
        row: &Record,
    ) -> Result<Option<(&'static EntityDef, i64)>> {
        let above = def.of.and_then(|of| Some((target_of(&def.fields[of])?, row[of + 1].int())));
        let Some((document, id)) = above.filter(|it| it.0.edit.is_some()) else { return Ok(None) };
        let head = self.load(document, id, "update")?;
        if document.edit.map_or(Ok(true), |edit| edit(&head))? {
            return Ok(Some((document, id)));
        }
        let says = Label {
            zh: "这张单据已经定稿，明细不能再改",
            en: "This document is final, and so are its lines",
        };
        Err(Error::refused("wrong_state", says))
    }

    /// Creates a record and its child rows; returns its id.
    pub fn create(&mut self, entity: &str, input: &Input) -> Result<i64> {
        let def = self.entity(entity)?;
        self.may(def, "create")?;
        self.tx.event = "create".into();
        let mut new = self.fresh(def);
        self.fill(def, input, &mut new, true)?;
        if def.is_attached() {
            self.target(def, &new, "write")?;
        }
        let document = self.open_document(def, &new)?;
        let saved = self.tx.store(def, None, new)?;
        let id = saved[0].int();
        self.children(def, id, input)?;
        if let Some((document, id)) = document {
            self.tx.tally(document, id)?;
        }
        // The row must lie within the actor's own reach, or a create would be a way to plant records.
        self.load(def, id, "read").map_err(|error| match error {
            Error::NotFound { .. } => Error::Forbidden { entity: def.code, right: "create".into() },
            other => other,
        })?;
        let made = |it: &&mut Seen| std::ptr::eq(it.def, def) && it.record[0].int() == id;
        if let Some(seen) = self.tx.seen.iter_mut().find(made) {
            seen.alone = input.rows.is_empty();
        }
        Ok(id)
    }

    /// Writes `input` over version `version` of a record; without one, over whatever is there.
    pub fn update(&mut self, entity: &str, id: i64, version: Option<i64>, input: &Input) -> Result<()> {
        let def = self.entity(entity)?;
        let old = self.load(def, id, "update")?;
        if let Some(edit) = def.edit
            && !edit(&old)?
        {
            let says = Label {
                zh: "这张单据已经定稿，不能修改",
                en: "This document is final and can't be edited",
            };
            return Err(Error::refused("wrong_state", says));
        }
        self.tx.event = "update".into();
        let mut new = old.clone();
        let at = def.stamp()[0];
        if version.is_some_and(|version| version != old[at].int()) {
            return Err(Error::Conflict { entity: def.code, id });
        }
        self.fill(def, input, &mut new, false)?;
        let documents = [self.open_document(def, &old)?, self.open_document(def, &new)?];
        let saved = self.tx.store(def, Some(old.clone()), new)?;
        let changed = saved[at] != old[at];
        let given =
            def.lines.is_some_and(|it| input.rows.keys().any(|key| key == "lines" || key == it().code));
        if changed && !given {
            self.tx.recheck(def, old)?;
        } else {
            self.tx.before = changed.then_some((def, old));
        }
        let written = self.children(def, id, input);
        self.tx.before = None;
        written?;
        for (document, id) in documents.into_iter().flatten() {
            self.tx.tally(document, id)?;
        }
        self.load(def, id, "read").map(drop)
    }

    /// Brings the child rows of a record to what was given: changed, added, taken away.
    fn children(&mut self, def: &'static EntityDef, id: i64, input: &Input) -> Result<()> {
        for (code, rows) in &input.rows {
            let lines = def.lines.map(|lines| lines()).filter(|_| code == "lines");
            let child = lines.or_else(|| self.tx.registry.children(def).find(|it| it.code == code));
            let child = child.filter(|it| !it.is_ours());
            let child = child.ok_or_else(|| Error::invalid(code, "unknown_field"))?;
            let of = child.of.expect("children have one") + 1;
            few(code, rows)?;
            let mut sql = select(child);
            sql.push(" WHERE ").name(child.fields[of - 1].name).push(" = ").bind(id).push(" ORDER BY id");
            let mut before = self.tx.rows(&sql)?;
            for (n, row) in rows.iter().enumerate() {
                let mut row = row.clone();
                row.fields.remove(child.fields[of - 1].name);
                let given = row.take("id").and_then(|it| it.trim_start_matches('#').parse::<i64>().ok());
                let old = given
                    .and_then(|given| before.iter().position(|it| it[0].int() == given))
                    .map(|at| before.remove(at));
                let mut new = old.clone().unwrap_or_else(|| child.blank(self.tx.now));
                new[of] = Value::Int(id);
                self.fill(child, &row, &mut new, old.is_none()).map_err(|error| under(code, n, error))?;
                self.tx.store(child, old, new).map_err(|error| under(code, n, error))?;
            }
            for gone in before {
                self.tx.remove(child, &gone)?;
            }
            self.tx.tally(def, id)?;
        }
        Ok(())
    }

    /// The child rows of a record, in the order they were made.
    pub fn rows_of(
        &mut self,
        def: &'static EntityDef,
        id: i64,
        child: &'static EntityDef,
    ) -> Result<Vec<Card>> {
        self.load(def, id, "read")?;
        let of = child.of.ok_or_else(|| Error::missing(child.code))?;
        if self.sight(def, id)?.is_some_and(|it| it.alone) {
            return Ok(Vec::new());
        }
        let mut sql = select(child);
        sql.push(" WHERE ").name(child.fields[of].name).push(" = ").bind(id).push(" ORDER BY id");
        let rows = self.tx.rows(&sql)?;
        rows.into_iter().map(|row| self.card(child, row)).collect()
    }

    /// What of one kind hangs on a record, newest first.
    pub fn attached<T: Entity>(&mut self, entity: &str, id: i64) -> Result<Vec<T>> {
        let def = self.entity(entity)?;
        self.load(def, id, "read")?;
        let mut found: Vec<T> = self.tx.find(&[("entity", entity.into()), ("record", id.into())])?;
        found.reverse();
        Ok(found)
    }

    pub fn delete(&mut self, entity: &str, id: i64, version: Option<i64>) -> Result<()> {
        let def = self.entity(entity)?;
        let old = self.load(def, id, "delete")?;
        if version.is_some_and(|version| version != old[def.stamp()[0]].int()) {
            return Err(Error::Conflict { entity: def.code, id });
        }
        if is_numbered(def, &old) {
            let says = Label {
                zh: "单据已经有单号，删除会断号；请改用作废",
                en: "This document has its number, and deleting it would leave a gap; make it void instead",
            };
            return Err(Error::refused("wrong_state", says));
        }
        if let Some(edit) = def.edit
            && !edit(&old)?
        {
            let says = Label {
                zh: "这张单据已经定稿，不能删除",
                en: "This document is final and can't be deleted",
            };
            return Err(Error::refused("wrong_state", says));
        }
        let document = self.open_document(def, &old)?;
        self.tx.remove(def, &old)?;
        document.map_or(Ok(()), |(document, id)| self.tx.tally(document, id))
    }

    /// How a link reads: the number where there is one, and the title.
    pub fn called(&mut self, to: &'static EntityDef, id: i64) -> Result<(Option<String>, String)> {
        let catalog = self.tx.catalog.clone();
        if std::ptr::eq(to, User::DEF) {
            let system = if self.actor.lang == crate::Lang::Zh { "系统" } else { "System" };
            return Ok((None, catalog.user_name(id).unwrap_or(system).to_owned()));
        }
        if let Some(department) = catalog.department(id).filter(|_| std::ptr::eq(to, system::Department::DEF))
        {
            return Ok((None, department.name.clone()));
        }
        if let Some((role, _)) = catalog.roles.get(&id).filter(|_| std::ptr::eq(to, system::Role::DEF)) {
            return Ok((None, role.called(self.actor.lang).to_owned()));
        }
        match self.load(to, id, "read") {
            Ok(record) => {
                let number =
                    to.at("number").filter(|&at| at != to.title + 1).map(|at| record[at].text().to_owned());
                Ok((number, self.title(to, &record)?))
            }
            Err(Error::NotFound { .. }) => Ok((None, String::new())),
            Err(error) => Err(error),
        }
    }

    /// Runs `work` so that its failure leaves no trace.
    pub fn alone<R>(&mut self, work: impl FnOnce(&mut Desk<'c>) -> Result<R>) -> Result<R> {
        self.tx.savepoint()?;
        let result = work(self);
        self.tx.settle(result)
    }
}

impl Tx<'_> {
    /// Refuses what whoever acts could not do to a record by its own page: for what a verb goes on to by itself.
    pub fn admit(&mut self, def: &'static EntityDef, id: i64, right: &str) -> Result<()> {
        let can = self.actor_can(def, "read");
        let mut sql = Sql::new("SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN ");
        sql.append(&self.reach(def, "t", right != "read")?).push(" THEN 1 ELSE 0 END), 0) AS BIGINT) FROM ");
        sql.name(def.code)
            .push(" t WHERE t.id = ")
            .bind(id)
            .push(" AND ")
            .append(&self.reach(def, "t", false)?);
        match self.rows(&sql)?.first() {
            Some(row) if can && row[0].int() > 0 => {
                let may = self.actor_can(def, right) && row[1].int() > 0;
                may.then_some(())
                    .ok_or_else(|| Error::Forbidden { entity: def.code, right: right.to_owned() })
            }
            _ => Err(Error::missing(format!("{}/{id}", def.code))),
        }
    }

    /// The actor's reach as a condition on the entity under `alias`; with `acting` for every right but reading.
    pub(crate) fn reach(&mut self, def: &'static EntityDef, alias: &str, acting: bool) -> Result<Sql> {
        let everything = || Ok(Sql::new("1 = 1"));
        if self.actor.rights.all || (def.is_attached() && self.actor.rights.only.is_none()) {
            return everything();
        }
        let Some(grant) = self.actor.rights.grant(def) else { return Ok(Sql::new("1 = 0")) };
        if let Some((_, record)) = self.actor.rights.only.as_ref().filter(|it| it.0 == def.code) {
            let mut sql = Sql::default();
            sql.push(alias).push(".id = ").bind(*record);
            return Ok(sql);
        }
        // A record within another is seen by whoever sees that one, and by its own owner, who alone acts on it.
        let mut above = None;
        if let Some((at, parent)) = def.parent().filter(|_| def.owner.is_none() || !acting) {
            // A name of its own at each step, since a parent may stand within another.
            let outer = format!("{alias}p");
            let inner = self.reach(parent, &outer, acting)?;
            if inner.text() == "1 = 1" {
                return everything();
            }
            // What stands within nothing is everybody's who has the right.
            let (at, mut sql) = (&def.fields[at], Sql::new("("));
            if at.optional {
                sql.push(alias).push(".").name(at.name).push(" IS NULL OR ");
            }
            sql.push("EXISTS (SELECT 1 FROM ").name(parent.code).push(" ").push(&outer);
            sql.push(" WHERE ").push(&outer).push(".id = ").push(alias).push(".").name(at.name);
            sql.push(" AND ").append(&inner).push("))");
            if def.owner.is_none() {
                return Ok(sql);
            }
            above = Some(sql);
        }
        let scope = if acting { grant.acts } else { grant.sees };
        let (pools, me) = (grant.pools, self.actor.user);
        let is_user = std::ptr::eq(def, User::DEF);
        let whose = def.owner.or(def.department).is_some() || is_user;
        if scope == Scope::All || (scope > Scope::None && !whose) {
            return everything();
        }
        let column = |sql: &mut Sql, at: usize| {
            sql.push(alias).push(".").name(def.fields[at].name);
        };
        let mut sql = Sql::new("(1 = 0");
        if let Some(owner) = def.owner.filter(|_| scope >= Scope::Own) {
            sql.push(" OR ");
            column(&mut sql, owner);
            sql.push(" = ").bind(me);
        }
        if is_user && scope >= Scope::Own {
            sql.push(" OR ").push(alias).push(".id = ").bind(me);
        }
        let catalog = self.catalog.clone();
        if let Some(departments) = catalog.reach(scope, self.actor.department) {
            if let Some(owner) = def.owner {
                sql.push(" OR ");
                column(&mut sql, owner);
                sql.push(" IN ").any_of(catalog.users_in(&departments));
            }
            if let Some(department) = def.department {
                sql.push(" OR (");
                column(&mut sql, department);
                sql.push(" IN ").any_of(departments.iter().copied());
                if let Some(owner) = def.owner {
                    sql.push(" AND ");
                    column(&mut sql, owner);
                    sql.push(" IS NULL");
                }
                sql.push(")");
            }
        }
        if let (true, Some(owner)) = (pools && !acting, def.owner) {
            sql.push(" OR (");
            column(&mut sql, owner);
            sql.push(" IS NULL");
            if let (Some(department), Some(mine)) =
                (def.department, catalog.reach(Scope::Company, self.actor.department))
            {
                sql.push(" AND (");
                column(&mut sql, department);
                sql.push(" IS NULL OR ");
                column(&mut sql, department);
                sql.push(" IN ").any_of(mine).push(")");
            }
            sql.push(")");
        }
        if let Some(above) = above {
            sql.push(" OR ").append(&above);
        }
        let shared = self.shared(def, acting)?;
        if !shared.is_empty() {
            sql.push(" OR ").push(alias).push(".id IN ").any_of(shared);
        }
        sql.push(")");
        Ok(sql)
    }

    /// Records on whose team the actor is today: few, and as a list of ids the planner can use them.
    fn shared(&mut self, def: &EntityDef, acting: bool) -> Result<Vec<i64>> {
        let shares = match &self.shares {
            Some(shares) => shares.clone(),
            None => {
                let mut sql = Sql::new("SELECT record, edit, entity FROM team WHERE \"user\" = ");
                sql.bind(self.actor.user);
                sql.push(" AND (until IS NULL OR until >= ").bind(self.today().to_string()).push(")");
                let share = |row: &Record| (row[2].text().to_owned(), row[0].int(), row[1].int() == 1);
                let shares = Arc::new(self.rows(&sql)?.iter().map(share).collect::<Vec<_>>());
                self.shares.insert(shares).clone()
            }
        };
        let fits = shares.iter().filter(|it| it.0 == def.code && (it.2 || !acting));
        Ok(fits.map(|it| it.1).collect())
    }
}

/// A document that was given its number by a verb: it is never deleted, so that numbers have no gap.
fn is_numbered(def: &EntityDef, record: &Record) -> bool {
    let number = def.field("number").filter(|it| def.number.is_some() && it.1.optional);
    number.is_some_and(|(at, _)| !record[at + 1].text().is_empty())
}

/// A link's target.
pub fn target_of(field: &FieldDef) -> Option<&'static EntityDef> {
    if let Kind::Link(to) = field.kind { Some(to()) } else { None }
}
