//! A transaction as business code sees it: typed records in, typed records out, history for nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::input::{set_custom, value_of};
use crate::search::{self, Source};
use crate::system::{self, CodeEntry, Team};
use crate::{
    Access, Actor, Catalog, Code, Conn, Date, Dialect, Document, Entity, EntityDef, Error, Fault, FieldDef,
    Format, Id, Kind, Label, Moment, Reference, Registry, Result, Row, Scalar, Sql, Value, pattern,
};

/// A count that takes longer is worth keeping as long as nothing is written.
const WORTH: Duration = Duration::from_millis(5);
/// One that takes longer is worth keeping even when something is.
const DEAR: Duration = Duration::from_millis(20);
/// How long such a count is kept at most.
const FRESH: Duration = Duration::from_secs(10);

/// A row in memory: its id, then its fields.
pub type Record = Vec<Value>;

pub struct Tx<'c> {
    conn: &'c mut dyn Conn,
    pub registry: Registry,
    pub catalog: Arc<Catalog>,
    pub(crate) actor: &'c Actor,
    /// Whose hand it is, for history.
    pub user: i64,
    pub door: &'static str,
    /// One moment for the whole transaction.
    pub now: Moment,
    pub(crate) event: String,
    /// Why, in the words of whoever did it; goes with the event.
    reason: Option<String>,
    /// The import, the batch or the undoing that a change belongs to.
    pub(crate) batch: Option<String>,
    /// Reads lock what they read, since this transaction may write.
    writes: bool,
    /// A change to a catalogued record was written: the catalog must be loaded again.
    stale: bool,
    /// Nothing is written: checks run and records come back as they would be.
    pub(crate) dry: bool,
    /// What is written happened before: it passes no gate.
    pub history: bool,
    /// While a document of this entity comes in, its making is the only event of it.
    pub(crate) quiet: Option<&'static EntityDef>,
    /// While nothing is written: records that would be there by now, -1 the first.
    pub(crate) imagined: Vec<Record>,
    /// The lines of the document that is being tried out: its tally and its panel see these.
    pub(crate) trial: Option<(&'static EntityDef, Vec<Record>)>,
    /// Its head, as the checks of its lines see it.
    pub(crate) head: Option<(&'static EntityDef, Record)>,
    /// A document's head before it was changed, while its lines are checked again.
    pub(crate) before: Option<(&'static EntityDef, Record)>,
    /// The address of a link that was made: told to whoever acts, written nowhere.
    pub(crate) link: Option<String>,
    /// How many statements wrote something.
    pub(crate) wrote: u64,
    /// Records of this entity get their index entry later, when what feeds it is there too.
    pub(crate) unindexed: Option<&'static EntityDef>,
    /// Whose records the actor shares: entity, record, and whether to edit them. Asked once.
    pub(crate) shares: Option<Arc<Vec<(String, i64, bool)>>>,
    /// Records that were read, as long as nothing was written since.
    pub(crate) seen: Vec<Seen>,
    /// How many rows the views have that were counted before anything was written: entity, query, rows.
    pub(crate) told: HashMap<(&'static str, String), Option<i64>>,
    as_of: (Option<Date>, Option<&'static str>),
}

/// A record within reach of an actor.
pub(crate) struct Seen {
    pub def: &'static EntityDef,
    pub record: Record,
    /// The actor may do more than read it.
    pub acts: bool,
    pub wrote: u64,
    /// It was made just now, without child rows.
    pub alone: bool,
}

impl<'c> Tx<'c> {
    pub fn new(conn: &'c mut dyn Conn, catalog: Arc<Catalog>, actor: &'c Actor, writes: bool) -> Tx<'c> {
        let registry = catalog.registry;
        let event = "save".to_owned();
        let (user, door) = (actor.user, actor.door.code());
        Tx {
            conn,
            registry,
            catalog,
            actor,
            user,
            door,
            now: Moment::now(),
            event,
            reason: None,
            batch: None,
            writes,
            stale: false,
            dry: false,
            history: false,
            quiet: None,
            imagined: Vec::new(),
            trial: None,
            head: None,
            before: None,
            link: None,
            wrote: 0,
            unindexed: None,
            shares: None,
            seen: Vec::new(),
            told: HashMap::new(),
            as_of: (None, None),
        }
    }

    /// The rows of a statement that counts. What took long is kept until anything is changed: every change is an event,
    /// and what a slower neighbour committed behind a later one is seen after a few seconds at the latest.
    pub(crate) fn counted(&mut self, sql: &Sql) -> Result<Vec<Record>> {
        if self.writes {
            return self.rows(sql);
        }
        let last = self.one(&Sql::new("SELECT COALESCE(MAX(id), 0) FROM event"))?;
        self.kept(sql, last, |took| if took > WORTH { FRESH } else { Duration::ZERO })
    }

    /// A number that may be as old as `fresh`, or else as twenty times what it takes to count, if that is long.
    pub(crate) fn roughly(&mut self, sql: &Sql, fresh: Option<Duration>) -> Result<i64> {
        let usual = |took: Duration| if took > DEAR { 20 * took } else { Duration::ZERO };
        let rows = self.kept(sql, 0, |took| fresh.unwrap_or_else(|| usual(took)))?;
        Ok(rows[0][0].int())
    }

    fn kept(&mut self, sql: &Sql, last: i64, long: impl Fn(Duration) -> Duration) -> Result<Vec<Record>> {
        let key = (sql.text(), sql.values.clone());
        if let Some(rows) = self.catalog.counts.get(&key, last) {
            return Ok(rows);
        }
        let since = Instant::now();
        let rows = self.rows(sql)?;
        let long = long(since.elapsed());
        if !long.is_zero() {
            self.catalog.counts.keep(key, last, long, &rows);
        }
        Ok(rows)
    }

    pub fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }

    /// Behind a SELECT of one row that the transaction is going to rely on.
    pub(crate) fn lock(&self) -> &'static str {
        if self.writes { self.dialect().lock() } else { "" }
    }

    /// The company's date at this moment.
    pub fn today(&self) -> Date {
        self.catalog.zone.to_datetime(self.now).date()
    }

    /// The last moment of a day in the company's zone.
    pub(crate) fn day_end(&self, day: Date) -> Moment {
        self.catalog.zone.to_timestamp(day.at(23, 59, 59, 999_000_000)).unwrap_or(self.now)
    }

    /// The day that is looked at: today, unless a list or report stands at an earlier one.
    pub(crate) fn day(&self) -> Date {
        self.as_of.0.unwrap_or_else(|| self.today())
    }

    /// Looks at things as they stood at the end of a day; the derived field named is a column of `t` meanwhile.
    pub(crate) fn as_of(&mut self, day: Option<Date>, column: Option<&'static str>) {
        self.as_of = (day, column);
    }

    pub(crate) fn is_column(&self, name: &str) -> bool {
        self.as_of.1 == Some(name)
    }

    pub fn get<T: Entity>(&mut self, id: Id<T>) -> Result<T> {
        T::read(&self.record(T::DEF, id.0)?)
    }

    /// The first moment of the company's day.
    pub fn day_start(&self) -> Moment {
        let midnight = self.catalog.zone.to_timestamp(self.today().at(0, 0, 0, 0));
        midnight.unwrap_or(self.now)
    }

    /// Whether whoever acts has a right; the program itself has all.
    pub fn actor_can(&self, def: &EntityDef, right: &str) -> bool {
        self.actor.rights.can(def, right)
    }

    /// Nothing is kept from whoever acts.
    pub fn has_everything(&self) -> bool {
        self.actor.rights.all
    }

    /// Keeps the reason with the event of this change.
    pub fn because(&mut self, reason: &str) {
        self.reason = Some(reason.to_owned()).filter(|it| !it.is_empty());
    }

    /// Points every link to one record at another, as a merge does: each change is an event of one batch.
    pub fn move_links(&mut self, def: &'static EntityDef, from: i64, to: i64) -> Result<()> {
        if self.batch.is_none() {
            self.batch = Some(format!("merge-{}-{from}-{}", def.code, self.now.as_millisecond()));
        }
        let mut moved = Vec::new();
        for (of, at) in self.registry.links_to(def).collect::<Vec<_>>() {
            let mut sql = select(of);
            sql.push(" WHERE ").name(of.fields[at].name).push(" = ").bind(from).push(" ORDER BY id");
            for old in self.rows(&sql)? {
                // A tree or a pair of records must not close into a circle on the one that stays.
                let circle = std::ptr::eq(of, def) && old[0].int() == to;
                let fixed = match of.edit {
                    Some(edit) => !edit(&old)?,
                    None => of.fields[at].readonly,
                };
                if !circle && !fixed {
                    let mut new = old.clone();
                    new[at + 1] = Value::Int(to);
                    self.store(of, Some(old.clone()), new)?;
                    moved.push((of, old));
                }
            }
        }
        moved.into_iter().try_for_each(|(of, old)| self.recheck(of, old))?;
        let on = |attached: &EntityDef, record: i64| {
            let mut sql = select(attached);
            sql.push(" WHERE entity = ")
                .bind(def.code)
                .push(" AND record = ")
                .bind(record)
                .push(" ORDER BY id");
            sql
        };
        for attached in self.registry.all().filter(|it| it.is_attached()) {
            let there = self.rows(&on(attached, to))?;
            for old in self.rows(&on(attached, from))? {
                // What the other has already, a tag or a follower, it needs no second time.
                let title = attached.title + 1;
                if there.iter().any(|it| it[title] == old[title]) {
                    continue;
                }
                let mut new = old.clone();
                new[2] = Value::Int(to);
                self.store(attached, Some(old), new)?;
            }
        }
        Ok(())
    }

    /// Writes values of the record `from` over those of `into`, as a merge chose them: `chosen` says `field=id` of
    /// each field and the record whose value stays.
    pub fn take_over(&mut self, def: &'static EntityDef, from: i64, into: i64, chosen: &str) -> Result<()> {
        let (from, old) = (self.record(def, from)?, self.record(def, into)?);
        let mut new = old.clone();
        let mine = chosen.split_whitespace().filter_map(|it| it.split_once('='));
        for (name, _) in mine.filter(|it| it.1.parse() == Ok(from[0].int())) {
            let field = self.catalog.field(def, name);
            let field =
                field.filter(|it| it.is_merged() && self.actor.rights.access(def, it) == Access::Write);
            let field = field.ok_or_else(|| Error::invalid(name, "forbidden_field"))?;
            let value = value_of(def, &from, field);
            match def.at(name) {
                Some(at) => new[at] = value,
                None => set_custom(def, &mut new, field, &value),
            }
        }
        self.store(def, Some(old), new).map(drop)
    }

    /// All records whose fields have these values, in the order they came.
    pub fn find<T: Entity>(&mut self, fields: &[(&str, Value)]) -> Result<Vec<T>> {
        let mut condition = Sql::new("1 = 1");
        for (field, value) in fields {
            condition.push(" AND ").name(field);
            match value {
                Value::Null => condition.push(" IS NULL"),
                value => condition.push(" = ").bind(value.clone()),
            };
        }
        condition.push(" ORDER BY id");
        self.find_where(&condition)
    }

    /// All records for which a condition holds, in the order that it says.
    pub fn find_where<T: Entity>(&mut self, condition: &Sql) -> Result<Vec<T>> {
        let mut sql = select(T::DEF);
        sql.push(" WHERE ").append(condition);
        let mut found = Vec::new();
        self.conn.query(&sql.text(), &sql.values, &mut |row| {
            found.push(T::read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The first of [`Tx::find`].
    pub fn first<T: Entity>(&mut self, fields: &[(&str, Value)]) -> Result<Option<T>> {
        Ok(self.find(fields)?.into_iter().next())
    }

    pub fn lines<D: Document>(&mut self, document: &D) -> Result<Vec<D::Line>> {
        let line = D::Line::DEF;
        if let Some((_, lines)) = self.trial.as_ref().filter(|it| std::ptr::eq(it.0, line)) {
            return lines.iter().map(|it| D::Line::read(it)).collect();
        }
        let of = line.of.expect("a line says `of = …`; the registry walk checks it");
        self.find(&[(line.fields[of].name, document.write().swap_remove(0))])
    }

    /// A document's head as it was before the change because of which its lines are checked.
    pub fn before<D: Document>(&self, id: Id<D>) -> Result<Option<D>> {
        let before = self.before.as_ref().filter(|it| std::ptr::eq(it.0, D::DEF) && it.1[0].int() == id.0);
        before.map(|it| D::read(&it.1)).transpose()
    }

    /// Checks the lines of a document whose head was changed: what they took from it may be another now.
    pub(crate) fn recheck(&mut self, def: &'static EntityDef, old: Record) -> Result<()> {
        let Some((line, of)) = def.lines.and_then(|it| Some((it(), it().of?))) else { return Ok(()) };
        let id = old[0].int();
        let mut sql = select(line);
        sql.push(" WHERE ").name(line.fields[of].name).push(" = ").bind(id).push(" ORDER BY id");
        let rows = self.rows(&sql)?;
        self.before = Some((def, old));
        let checked = rows.into_iter().try_for_each(|it| self.store(line, Some(it.clone()), it).map(drop));
        self.before = None;
        checked?;
        self.tally(def, id)
    }

    /// Inserts a new record, or saves the changes of one; a record that moved on meanwhile is a conflict.
    pub fn save<T: Entity>(&mut self, record: &mut T) -> Result<Id<T>> {
        let new = record.write();
        let old = if new[0].int() == 0 { None } else { Some(self.record(T::DEF, new[0].int())?) };
        let saved = self.store(T::DEF, old, new)?;
        *record = T::read(&saved)?;
        Ok(Id::of(saved[0].int()))
    }

    /// Sets one field without version, check or event: for what happens all the time and nobody asks after.
    pub fn touch<T: Entity>(&mut self, id: Id<T>, field: &str, value: Value) -> Result<()> {
        self.amend(id, &[], &[(field, value)])
    }

    /// Adds to some fields of a record and sets others, without version, check or event: for figures that are kept beside
    /// the entries which they sum up, and so that two at once both count.
    pub fn amend<T: Entity>(
        &mut self,
        id: Id<T>,
        add: &[(&str, Value)],
        set: &[(&str, Value)],
    ) -> Result<()> {
        let mut sql = Sql::new("UPDATE ");
        sql.name(T::DEF.code).push(" SET ");
        let all = add.iter().map(|it| (it, true)).chain(set.iter().map(|it| (it, false)));
        sql.each(all, |sql, ((field, value), adds)| {
            sql.name(field).push(" = ");
            if adds {
                sql.name(field).push(" + ");
            }
            sql.bind(value.clone());
        });
        sql.push(" WHERE id = ").bind(id.0);
        self.post(&sql)
    }

    /// Sets a field of all records for which a condition holds, in the same way.
    pub fn touch_all<T: Entity>(&mut self, field: &str, value: Value, condition: &Sql) -> Result<()> {
        let mut sql = Sql::new("UPDATE ");
        sql.name(T::DEF.code).push(" SET ").name(field).push(" = ").bind(value);
        self.post(sql.push(" WHERE ").append(condition))
    }

    /// What the entries of a ledger with these values sum up to, up to the end of a day.
    pub fn sum<T: Entity>(
        &mut self,
        field: &str,
        fields: &[(&str, Value)],
        until: Option<(&str, Date)>,
    ) -> Result<i64> {
        let mut sql = Sql::new("SELECT CAST(COALESCE(SUM(");
        sql.name(field).push("), 0) AS BIGINT) FROM ").name(T::DEF.code).push(" WHERE 1 = 1");
        for (name, value) in fields {
            sql.push(" AND ").name(name).push(" = ").bind(value.clone());
        }
        if let Some((name, day)) = until {
            sql.push(" AND ").name(name).push(" <= ").bind(day.value());
        }
        self.one(&sql)
    }

    /// Adds to a figure that is kept beside the entries it sums up.
    pub fn add<T: Entity>(&mut self, id: Id<T>, field: &str, amount: impl Scalar) -> Result<()> {
        self.amend(id, &[(field, amount.value())], &[])
    }

    /// Writes a derived field as an expression over the record under `alias`.
    pub(crate) fn derive(&self, sql: &mut Sql, alias: &str, field: &FieldDef) {
        sql.push("(");
        self.phrase(sql, alias, field.sql);
        sql.push(")");
    }

    /// Writes an expression of a declaration: over the record under `alias`, as of the day that is looked at.
    pub(crate) fn phrase(&self, sql: &mut Sql, alias: &str, text: &str) {
        let [days, since, end] = self.dialect().days();
        for part in text.split('{') {
            let (word, text) = part.split_once('}').unwrap_or(("", part));
            match word {
                "today" => sql.bind(self.day().to_string()),
                "t" => sql.push(alias),
                "days" => sql.push(days),
                "since" => sql.push(since),
                "end" => sql.push(end),
                _ => sql,
            };
            sql.push(text);
        }
    }

    /// The values of derived fields of one record.
    pub(crate) fn derived(
        &mut self,
        def: &EntityDef,
        id: i64,
        fields: &[&'static FieldDef],
    ) -> Result<Record> {
        if fields.is_empty() || id == 0 {
            return Ok(vec![Value::Null; fields.len()]);
        }
        let mut sql = Sql::new("SELECT ");
        for (n, field) in fields.iter().enumerate() {
            sql.push(if n > 0 { ", " } else { "" });
            self.derive(&mut sql, "t", field);
        }
        sql.push(" FROM ").name(def.code).push(" t WHERE t.id = ").bind(id);
        Ok(self.rows(&sql)?.pop().unwrap_or_default())
    }

    /// Writes what a document says of its lines. The lines' own history tells why, so it is no event.
    pub(crate) fn tally(&mut self, def: &'static EntityDef, id: i64) -> Result<()> {
        let Some(tally) = def.tally.filter(|_| !self.dry) else { return Ok(()) };
        let old = self.record(def, id)?;
        let new = tally(&old, self)?;
        let changed: Vec<usize> = (1..old.len()).filter(|&at| old[at] != new[at]).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new("UPDATE ");
        sql.name(def.code).push(" SET ").each(changed, |sql, at| {
            sql.name(def.fields[at - 1].name).push(" = ").bind(new[at].clone());
        });
        sql.push(" WHERE id = ").bind(id);
        self.execute(&sql).map(drop)
    }

    pub fn delete<T: Entity>(&mut self, record: T) -> Result<()> {
        let old = record.write();
        self.remove(T::DEF, &old)
    }

    /// A value of a code field; the entry must be there.
    pub fn code(&self, table: &str, code: &str) -> Option<Code> {
        self.catalog.code(table, code).map(|entry| Code(entry.code.clone()))
    }

    /// The next number of an entity's series without a gap: a transaction that fails gives its number back. Drawn
    /// last, since the series stays locked to the commit.
    pub fn next_number<T: Entity>(&mut self) -> Result<String> {
        self.number(T::DEF)
    }

    fn number(&mut self, def: &EntityDef) -> Result<String> {
        let pattern =
            self.catalog.pattern(def).expect("only an entity that says `number = …` counts").to_owned();
        let today = self.today();
        loop {
            let (series, _) = pattern::number(&pattern, today, 0);
            let last = self.count_on(&format!("{}:{series}", def.code))?;
            let (_, number) = pattern::number(&pattern, today, last);
            // A number that was imported or typed is passed over.
            let mut taken = Sql::new("SELECT COUNT(*) FROM ");
            taken.name(def.code).push(" WHERE number = ").bind(number.as_str());
            if self.one(&taken)? == 0 {
                return Ok(number);
            }
        }
    }

    /// The next number of a series, whose row is locked from here on.
    fn count_on(&mut self, series: &str) -> Result<i64> {
        let mut sql = Sql::new("UPDATE number SET last = last + 1 WHERE series = ");
        self.post(sql.bind(series))?;
        let mut last = Sql::new("SELECT last FROM number WHERE series = ");
        last.bind(series);
        if let Some(row) = self.rows(&last)?.pop() {
            return Ok(row[0].int());
        }
        let mut sql = Sql::new("INSERT INTO number (series, last) VALUES (");
        sql.bind(series).push(", 1) ON CONFLICT (series) DO UPDATE SET last = number.last + 1");
        self.execute(&sql)?;
        self.one(&last)
    }

    /// Whether any record holds a code.
    pub fn code_in_use(&mut self, table: &str, code: &str) -> Result<bool> {
        for def in self.registry.all() {
            for field in def.fields.iter().filter(|it| it.code == Some(table)) {
                let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM ");
                sql.name(def.code)
                    .push(" WHERE ")
                    .name(field.name)
                    .push(" = ")
                    .bind(code)
                    .push(" LIMIT 1) found");
                if self.one(&sql)? > 0 {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    pub(crate) fn record(&mut self, def: &EntityDef, id: i64) -> Result<Record> {
        if let Some(imagined) = self.imagined.get((-1 - id) as usize).filter(|_| id < 0 && self.dry) {
            return Ok(imagined.clone());
        }
        if let Some((of, head)) = &self.head
            && std::ptr::eq(*of, def)
            && head[0].int() == id
        {
            return Ok(head.clone());
        }
        let mut sql = select(def);
        sql.push(" WHERE id = ").bind(id).push(self.lock());
        self.rows(&sql)?.pop().ok_or_else(|| Error::missing(format!("{}/{id}", def.code)))
    }

    /// The one place where a record is written: check, number, version, unique fields, search, history.
    pub(crate) fn store(
        &mut self,
        def: &'static EntityDef,
        old: Option<Record>,
        new: Record,
    ) -> Result<Record> {
        let [version, created, creator, changed, changer] = def.stamp();
        if def.ledger && old.is_some() {
            return Err(Error::Internal(format!("an entry of {} was to be changed", def.code)));
        }
        if let Some(old) = &old
            && old[version] != new[version]
        {
            return Err(Error::Conflict { entity: def.code, id: old[0].int() });
        }
        let mut new = self.checked(def, old.as_ref(), new)?;
        if self.dry {
            return Ok(new);
        }
        let number = def.field("number").filter(|it| def.number.is_some() && !it.1.optional);
        if let (None, Some((at, _))) = (&old, number)
            && new[1 + at].text().is_empty()
        {
            new[1 + at] = Value::Text(self.number(def)?);
        }
        let differs = |&at: &usize| old.as_ref().is_none_or(|old| old[at] != new[at]);
        let changes: Vec<usize> = (1..version).filter(differs).collect();
        if changes.is_empty() && old.is_some() {
            return Ok(new);
        }
        system::may_grant(self, def, old.as_ref(), Some(&new))?;
        new[version] = Value::Int(new[version].int() + 1);
        new[changed] = self.now.value();
        new[changer] = Value::Int(self.user);
        if old.is_none() {
            new[created] = self.now.value();
            new[creator] = Value::Int(self.user);
        }
        self.write(def, old.as_ref(), &mut new, &changes)?;
        self.reindex(def, old.as_ref(), &new, &changes)?;
        if !def.ledger && !self.is_quiet(def) {
            self.record_event(def, old.as_ref(), &new, &changes)?;
        }
        if let Some(old) = &old {
            system::keeper_remains(self, def, old, Some(&new))?;
        }
        self.mark_stale(def)?;
        Ok(new)
    }

    /// A record as its check leaves it.
    pub(crate) fn checked(
        &mut self,
        def: &'static EntityDef,
        old: Option<&Record>,
        mut new: Record,
    ) -> Result<Record> {
        let mut faults = Vec::new();
        if let Some(check) = def.check {
            Error::gather(&mut faults, check(&mut new, old.map(|it| it as &dyn Row), self))?;
        }
        self.check_codes(def, old, &new, &mut faults);
        if faults.is_empty() { Ok(new) } else { Err(Error::Invalid(faults)) }
    }

    fn write(
        &mut self,
        def: &EntityDef,
        old: Option<&Record>,
        new: &mut Record,
        changes: &[usize],
    ) -> Result<()> {
        let [version, created, creator, changed, changer] = def.stamp();
        let stamp: &[usize] = if old.is_some() {
            &[version, changed, changer]
        } else {
            &[version, created, creator, changed, changer]
        };
        let mut touched: Vec<(&str, Value)> =
            changes.iter().chain(stamp).map(|&at| (def.fields[at - 1].name, new[at].clone())).collect();
        if def.has_key() && changes.contains(&(def.title + 1)) {
            touched.push(("title_key", Value::Text(search::sort_key(new[def.title + 1].text()))));
        }
        let mut sql = Sql::default();
        match old {
            None => {
                sql.push("INSERT INTO ").name(def.code).push(" (").names(touched.iter().map(|it| it.0));
                sql.push(") VALUES ").any_of(touched.into_iter().map(|it| it.1));
                let (returning, afterwards) = self.dialect().inserted();
                let id = match afterwards {
                    Some(afterwards) => {
                        self.execute(&sql)?;
                        self.one(&Sql::new(afterwards))?
                    }
                    None => {
                        self.wrote += 1;
                        self.one(sql.push(returning))?
                    }
                };
                new[0] = Value::Int(id);
            }
            Some(old) => {
                sql.push("UPDATE ").name(def.code).push(" SET ").each(touched, |sql, it| {
                    sql.name(it.0).push(" = ").bind(it.1);
                });
                sql.push(" WHERE id = ")
                    .bind(old[0].clone())
                    .push(" AND version = ")
                    .bind(old[version].clone());
                if self.execute(&sql)? == 0 {
                    return Err(Error::Conflict { entity: def.code, id: old[0].int() });
                }
            }
        }
        Ok(())
    }

    /// Deletes a record that nothing refers to, with its child rows and all that hangs on it.
    pub(crate) fn remove(&mut self, def: &'static EntityDef, old: &Record) -> Result<()> {
        system::may_grant(self, def, Some(old), None)?;
        let id = old[0].int();
        let mut by = Vec::new();
        for (from, at) in self.registry.links_to(def) {
            if from.of == Some(at) {
                continue;
            }
            let mut sql = Sql::new("SELECT COUNT(*) FROM ");
            sql.name(from.code).push(" WHERE ").name(from.fields[at].name).push(" = ").bind(id);
            let count = self.one(&sql)?;
            if count > 0 {
                by.push(Reference { entity: from.code, field: from.fields[at].name, count });
            }
        }
        if !by.is_empty() {
            return Err(Error::InUse(by));
        }
        if std::ptr::eq(def, CodeEntry::DEF) {
            let entry = CodeEntry::read(old)?;
            if self.code_in_use(&entry.list, &entry.code)? {
                let says = Label {
                    zh: "编码已被使用，只能停用",
                    en: "The code is in use; it can only be disabled",
                };
                return Err(Error::refused("in_use", says));
            }
        }
        for child in self.registry.children(def).collect::<Vec<_>>() {
            let of = child.of.expect("children have one");
            let mut sql = select(child);
            sql.push(" WHERE ").name(child.fields[of].name).push(" = ").bind(id);
            for row in self.rows(&sql)? {
                self.remove(child, &row)?;
            }
        }
        for attached in self.registry.all().filter(|it| it.is_attached()) {
            let mut sql = Sql::new("DELETE FROM ");
            sql.name(attached.code).push(" WHERE entity = ").bind(def.code).push(" AND record = ").bind(id);
            self.execute(&sql)?;
        }
        let mut sql = Sql::new("DELETE FROM ");
        sql.name(def.code).push(" WHERE id = ").bind(id);
        self.execute(&sql)?;
        if def.is_searched() {
            let sql = self.dialect().unindex(def, id);
            self.post(&sql)?;
        }
        self.refeed(def, old)?;
        let all: Vec<usize> =
            (1..def.stamp()[0]).filter(|&at| !def.fields[at - 1].is_empty(&old[at])).collect();
        let gone = def.blank(self.now);
        let (event, old_event) = ("delete".to_owned(), std::mem::take(&mut self.event));
        self.event = event;
        let result = self.event_row(def, Some(old), &gone, &all, id);
        self.event = old_event;
        result?;
        system::keeper_remains(self, def, old, None)?;
        self.mark_stale(def)
    }

    fn check_codes(&self, def: &EntityDef, old: Option<&Record>, new: &Record, faults: &mut Vec<Fault>) {
        for (at, field) in def.fields.iter().enumerate() {
            let (Kind::Code, Some(table)) = (field.kind, field.code) else { continue };
            let value = &new[at + 1];
            if value.text().is_empty() || old.is_some_and(|old| old[at + 1] == *value) {
                continue;
            }
            match self.catalog.code(table, value.text()) {
                None => faults.push(Fault { field: field.name.into(), code: "unknown_code", says: None }),
                Some(entry) if entry.closed => {
                    faults.push(Fault { field: field.name.into(), code: "disabled_code", says: None })
                }
                Some(_) => {}
            }
        }
    }

    /// Keeps the search index in step: the record's own entry, and that of the record which it helps to find.
    fn reindex(
        &mut self,
        def: &'static EntityDef,
        old: Option<&Record>,
        new: &Record,
        changes: &[usize],
    ) -> Result<()> {
        if !changes.iter().any(|&at| {
            let above = [def.owner, def.parent().map(|it| it.0)].into_iter().flatten();
            def.fields[at - 1].search || above.into_iter().any(|it| it + 1 == at)
        }) {
            return Ok(());
        }
        if def.is_searched() && !self.is_unindexed(def) {
            self.index(def, new, old.is_none_or(|old| !self.is_found(def, old)), old.is_some())?;
        }
        if let (Some(old), Some((at, _))) = (old, def.parent())
            && old[at + 1] != new[at + 1]
        {
            self.refeed(def, old)?;
        }
        self.refeed(def, new)
    }

    /// Whether there is anything by which a record can be found; else it has no entry in the index.
    fn is_found(&self, def: &'static EntityDef, record: &Record) -> bool {
        let mut says = self.registry.feeders(def).next().is_some();
        gather(def, record, &mut |_, _, _| says = true);
        says
    }

    /// Writes the index entry of the record that `child` helps to find.
    fn refeed(&mut self, def: &'static EntityDef, child: &Record) -> Result<()> {
        let Some((at, parent)) = def.parent().filter(|it| def.feeds && !self.is_unindexed(it.1)) else {
            return Ok(());
        };
        let mut sql = select(parent);
        sql.push(" WHERE id = ").bind(child[at + 1].clone());
        match self.rows(&sql)?.pop() {
            Some(record) => self.index(parent, &record, false, true),
            None => Ok(()),
        }
    }

    fn is_quiet(&self, def: &EntityDef) -> bool {
        let is = |it: &EntityDef| {
            std::ptr::eq(it, def) || it.lines.is_some_and(|lines| std::ptr::eq(lines(), def))
        };
        self.quiet.is_some_and(is)
    }

    fn is_unindexed(&self, def: &EntityDef) -> bool {
        self.unindexed.is_some_and(|it| std::ptr::eq(it, def))
    }

    /// Writes a record's index entry from its own fields and, with `fed`, those of the rows that feed it; a `fresh` one
    /// has none yet.
    pub(crate) fn index(
        &mut self,
        def: &'static EntityDef,
        record: &Record,
        fresh: bool,
        fed: bool,
    ) -> Result<()> {
        let mut texts: Vec<(&str, Source, String)> = Vec::new();
        let groups = self.registry.search_groups(def);
        gather(def, record, &mut |group, source, text| texts.push((group.unwrap_or("open"), source, text)));
        let feeders: Vec<_> = self.registry.feeders(def).filter(|_| fed).collect();
        for feeder in feeders {
            let Some((at, _)) = feeder.parent() else { continue };
            let mut sql = select(feeder);
            sql.push(" WHERE ").name(feeder.fields[at].name).push(" = ").bind(record[0].clone());
            sql.push(" ORDER BY id LIMIT 50");
            // What is guarded there is found there alone.
            for row in self.rows(&sql)? {
                gather(feeder, &row, &mut |group, source, text| {
                    texts.extend(group.is_none().then_some((feeder.code, source, text)));
                });
            }
        }
        if !self.is_found(def, record) {
            return if fresh { Ok(()) } else { self.post(&self.dialect().unindex(def, record[0].int())) };
        }
        let part = |group: &&str| {
            let texts = texts.iter().filter(|it| it.0 == *group);
            let mut tokens = search::document(texts.map(|it| (it.1, it.2.as_str())));
            def.owner.into_iter().for_each(|at| tokens.owned(record[at + 1].int()));
            tokens
        };
        let tokens: Vec<_> = groups.iter().map(part).collect();
        for sql in self.dialect().index(def, &groups, record[0].int(), &tokens, fresh) {
            self.post(&sql)?;
        }
        Ok(())
    }

    fn mark_stale(&mut self, def: &EntityDef) -> Result<()> {
        if std::ptr::eq(def, Team::DEF) {
            self.shares = None;
        }
        if self.stale || !system::is_cached(def) {
            return Ok(());
        }
        self.stale = true;
        // A number that was never there before, so that a rolled back change is not taken for a later one.
        let generation = getrandom::u64().map_err(|error| Error::Internal(error.to_string()))? >> 2;
        let mut sql = Sql::new("INSERT INTO meta (name, value) VALUES ('generation', ");
        sql.bind(generation.to_string()).push(") ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        self.execute(&sql)?;
        Ok(())
    }

    fn record_event(
        &mut self,
        def: &EntityDef,
        old: Option<&Record>,
        new: &Record,
        changes: &[usize],
    ) -> Result<()> {
        self.event_row(def, old, new, changes, new[0].int())
    }

    fn event_row(
        &mut self,
        def: &EntityDef,
        old: Option<&Record>,
        new: &Record,
        changes: &[usize],
        id: i64,
    ) -> Result<()> {
        let secret = |at: usize| def.fields[at - 1].format == Format::Secret;
        let told = |at: &&usize| def.fields[**at - 1].format != Format::Hidden;
        let pair = |&at: &usize| {
            let was = old.map_or(serde_json::Value::Null, |old| old[at].json());
            let pair = if secret(at) {
                serde_json::json!(["***", "***"])
            } else {
                serde_json::json!([was, new[at].json()])
            };
            (def.fields[at - 1].name.to_owned(), pair)
        };
        let kind = match old {
            None if self.event == "import" => "import",
            None => "create",
            Some(_) => self.event.as_str(),
        };
        // A create stores no values: they stand in the record and in the changes that follow.
        let changes = match old {
            None => "{}".to_owned(),
            Some(_) => serde_json::Value::Object(changes.iter().filter(told).map(pair).collect()).to_string(),
        };
        let (entity, record, part) = match def.parent().filter(|_| def.of.is_some()) {
            Some((at, parent)) => {
                let holder = if new[at + 1].int() == 0 {
                    old.map_or(0, |old| old[at + 1].int())
                } else {
                    new[at + 1].int()
                };
                (parent.code, holder, Value::Text(format!("{}/{id}", def.code)))
            }
            None => (def.code, id, Value::Null),
        };
        let mut sql = Sql::new(
            "INSERT INTO event (entity, record, part, at, \"user\", door, kind, changes, batch, reason) VALUES ",
        );
        sql.any_of([
            Value::from(entity),
            Value::Int(record),
            part,
            self.now.value(),
            Value::Int(self.user),
            Value::from(self.door),
            Value::from(kind),
            Value::Text(changes),
            self.batch.clone().map_or(Value::Null, Value::Text),
            self.reason.take().map_or(Value::Null, Value::Text),
        ]);
        self.post(&sql)
    }

    pub fn rows(&mut self, sql: &Sql) -> Result<Vec<Record>> {
        let mut rows = Vec::new();
        self.each(sql, &mut |row| {
            rows.push((0..row.width()).map(|n| row.cell(n).into()).collect());
            Ok(())
        })?;
        Ok(rows)
    }

    pub fn each(&mut self, sql: &Sql, each: &mut dyn FnMut(&dyn Row) -> Result<()>) -> Result<()> {
        self.conn.query(&sql.text(), &sql.values, each)
    }

    /// A number that the statement always returns.
    pub fn one(&mut self, sql: &Sql) -> Result<i64> {
        let rows = self.rows(sql)?;
        rows.first()
            .map(|row: &Record| row[0].int())
            .ok_or_else(|| Error::Internal(format!("no row: {}", sql.text())))
    }

    pub(crate) fn execute(&mut self, sql: &Sql) -> Result<u64> {
        self.wrote += 1;
        self.conn.execute(&sql.text(), &sql.values)
    }

    fn post(&mut self, sql: &Sql) -> Result<()> {
        self.wrote += 1;
        self.conn.post(&sql.text(), &sql.values)
    }

    pub(crate) fn savepoint(&mut self) -> Result<()> {
        self.conn.execute("SAVEPOINT alone", &[]).map(drop)
    }

    /// Ends a savepoint: a failure leaves no trace, unless the transaction is lost anyway and runs again.
    pub(crate) fn settle<R>(&mut self, result: Result<R>) -> Result<R> {
        let result = result.and_then(|done| self.conn.deliver().map(|()| done));
        match &result {
            Err(Error::Again | Error::Gone) => return result,
            Err(error) if error.is_hold() => {}
            Err(_) => {
                self.conn.execute("ROLLBACK TO SAVEPOINT alone", &[])?;
                self.stale = false;
                self.shares = None;
                self.seen.clear();
            }
            Ok(_) => {}
        }
        self.conn.execute("RELEASE SAVEPOINT alone", &[])?;
        result
    }

    /// A code that this transaction added counts in it at once.
    pub(crate) fn add_code(&mut self, entry: CodeEntry) {
        Arc::make_mut(&mut self.catalog).add_code(entry);
    }
}

impl EntityDef {
    /// Hangs on any record: begins with the record's entity and id.
    pub fn is_attached(&self) -> bool {
        self.fields[0].name == "entity" && self.fields[1].name == "record"
    }
}

/// `SELECT id, …, changer FROM …`.
pub(crate) fn select(def: &EntityDef) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.names(def.columns()).push(" FROM ").name(def.code);
    sql
}

fn gather(
    def: &'static EntityDef,
    record: &Record,
    each: &mut dyn FnMut(Option<&'static str>, Source, String),
) {
    for (at, field) in def.searched() {
        let text = record[at + 1].text();
        if !text.is_empty() {
            each(field.group, field.source(), text.to_owned());
        }
    }
}

impl FieldDef {
    /// How the search reads this field's text.
    pub fn source(&self) -> Source {
        match self.format {
            Format::Phone => Source::Phone,
            Format::Person => Source::Name,
            _ if self.name == "number" || self.name.ends_with("_number") || self.name == "code" => {
                Source::Number
            }
            _ => Source::Text,
        }
    }
}

/// The typed half of a check: values in, values out.
pub fn checked<T: Entity>(
    check: fn(&mut T, Option<&T>, &mut Tx) -> Result<()>,
    new: &mut Record,
    old: Option<&dyn Row>,
    tx: &mut Tx,
) -> Result<()> {
    let mut record = T::read(new)?;
    let old = old.map(T::read).transpose()?;
    check(&mut record, old.as_ref(), tx)?;
    *new = record.write();
    Ok(())
}
