//! Lists: a query, the actor's reach and a descriptor become one statement for the rows and one for the totals.

use std::time::Duration;

use crate::desk::target_of;
use crate::dialect::RARE;
use crate::query::{Condition, Op, Query, Term, days};
use crate::search;
use crate::system::{Department, Role, User};
use crate::tx::Record;
use crate::{Cell, Desk, EntityDef, Error, FieldDef, Kind, Result, Row, Scalar, Shown, Sql, Value};

/// A text search stops counting here.
pub const COUNTED: i64 = 10_000;
/// A scope of no more rows is gone through as a whole, in a large table up to twenty thousand.
const SMALL: i64 = 4_000;
/// How long a scope stays small or large.
const FRESH: Duration = Duration::from_secs(10);
/// Page numbers lead this far; beyond, pages follow one another.
const REACHED: usize = 10_000;

/// Where a column's value stands in a row of the list.
#[derive(Clone, Copy)]
pub struct Column {
    pub field: &'static FieldDef,
    pub at: usize,
    /// A link's number and title, where the catalog does not know them.
    pub number: Option<usize>,
    pub title: Option<usize>,
    /// The actor may know that the field is there, not what it holds.
    pub masked: bool,
}

/// A list about to be read: the columns are known, the rows come one by one.
pub struct List {
    pub def: &'static EntityDef,
    pub columns: Vec<Column>,
    pub size: usize,
    pub page: usize,
    /// Place of the record's version in a row.
    pub version: usize,
    from: Sql,
    /// What tells the rows apart and orders them last.
    id: String,
    /// The running sum among the columns or keys.
    running: Option<&'static FieldDef>,
    /// The row scope by itself.
    scope: Sql,
    /// What the query asks, each part behind an AND.
    asked: Sql,
    searched: bool,
    keys: Vec<Key>,
    after: Option<String>,
    group: Option<Column>,
    /// The earlier day that a ledger is looked at.
    day: Option<crate::Date>,
}

pub(crate) struct Key {
    pub expression: Sql,
    down: bool,
    optional: bool,
    text: bool,
}

/// How many rows there are, and the sums of the amounts among the columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    pub count: i64,
    /// There are at least so many: a text search stopped counting.
    pub at_least: bool,
    pub sums: Vec<(&'static str, Option<i64>)>,
}

/// A group of rows: the value that they share, how many they are, their sums.
pub struct Group {
    pub value: Value,
    pub totals: Totals,
}

impl Desk<'_> {
    /// Prepares a list; every name in the query is checked against what the actor may read.
    pub fn list(&mut self, entity: &str, query: &Query) -> Result<List> {
        let def = self.entity(entity)?;
        let catalog = self.tx.catalog.clone();
        let mut shown: Vec<&'static FieldDef> = Vec::new();
        for name in &query.columns {
            let name = name.split(':').next().unwrap_or_default();
            let field = catalog.field(def, name).filter(|field| self.may_see(def, field));
            shown.push(field.ok_or_else(|| Error::invalid(name, "unknown_field"))?);
        }
        if shown.is_empty() {
            shown =
                catalog.fields(def).filter(|field| query.shows(field) && self.may_see(def, field)).collect();
        }
        let mut list = self.bare(def, query)?;
        let sorts = query.sort.iter().filter_map(|it| catalog.field(def, &it.0));
        list.running = shown.iter().copied().chain(sorts).find(|it| it.running.is_some() && !list.searched);
        self.columns(&mut list, shown);
        for (name, down) in &query.sort {
            if name == "id" {
                let expression = Sql::new("t.id");
                list.keys.push(Key { expression, down: *down, optional: false, text: false });
                continue;
            }
            let field = self.readable(def, name)?;
            let mut key = self.key(def, field, *down)?;
            if list.runs(field) {
                key.expression = Sql::default();
                key.expression.push("t.").name(field.name);
            }
            list.keys.push(key);
        }
        if query.sort.is_empty() && query.group.is_none() && query.q.is_empty() {
            let key = self.key(def, def.title_field(), false)?;
            list.keys.push(key);
        }
        if let Some(name) = &query.group {
            let field = self.readable(def, name)?;
            let key = self.key(def, field, false)?;
            list.keys.insert(0, key);
            list.group = Some(Column { field, at: 0, number: None, title: None, masked: false });
        }
        list.size = query.size.unwrap_or(50).clamp(1, 500);
        list.page = query.page.unwrap_or(1);
        if (list.page - 1).saturating_mul(list.size) > REACHED {
            return Err(Error::invalid("page", "too_far"));
        }
        list.after.clone_from(&query.after);
        Ok(list)
    }

    /// The rows of the query without columns or order.
    fn bare(&mut self, def: &'static EntityDef, query: &Query) -> Result<List> {
        let mut from = Sql::default();
        from.name(def.code).push(" t");
        let day = match &query.as_of {
            Some(_) if def.ledger => Some(self.report_day(query)?),
            _ => None,
        };
        self.tx.as_of(day, None);
        let scope = self.reach(def, "t", false)?;
        let (mut filter, mut id) = (Sql::default(), "t.id".to_owned());
        let words = query.q.trim();
        let searched = !words.is_empty();
        if searched {
            let mut groups = self.tx.registry.search_groups(def);
            groups.retain(|group| self.searches(def, group));
            match search::query(words).filter(|_| !groups.is_empty()) {
                Some(query) => {
                    let dialect = self.tx.dialect();
                    let owners = match self.is_small(def, &scope)? {
                        true => self.owners(def)?,
                        false => Vec::new(),
                    };
                    let query = query.among(owners);
                    let rare = query.is_owned()
                        || match dialect.sample(def, &groups, &query) {
                            Some(sample) => self.tx.one(&sample)? < RARE,
                            None => false,
                        };
                    let found = dialect.found(def, &groups, &query, rare);
                    (from, id) = (found.from, found.id);
                    filter.push(" AND ").append(&found.matches);
                }
                None => {
                    filter.push(" AND 1 = 0");
                }
            }
        }
        for term in &query.terms {
            filter.push(" AND ").append(&self.term(def, term)?);
        }
        if def.is_attached() {
            self.attached_filter(def, query)?;
        }
        let (columns, keys) = (Vec::new(), Vec::new());
        Ok(List {
            def,
            columns,
            size: 50,
            page: 1,
            version: 1,
            from,
            id,
            running: None,
            scope,
            asked: filter,
            searched,
            keys,
            after: None,
            group: None,
            day,
        })
    }

    pub(crate) fn term(&mut self, def: &'static EntityDef, term: &Term) -> Result<Sql> {
        match term {
            Term::One(condition) => self.condition(def, "t", condition),
            Term::Or(any) => {
                let mut sql = Sql::new("(1 = 0");
                for condition in any {
                    sql.push(" OR ").append(&self.condition(def, "t", condition)?);
                }
                sql.push(")");
                Ok(sql)
            }
        }
    }

    /// What hangs on records is listed record by record, for who may see the record.
    fn attached_filter(&mut self, def: &EntityDef, query: &Query) -> Result<()> {
        let value = |name: &str| query.on(name).filter(|it| it.op == Op::Is).map(|it| it.value.clone());
        let id = value("record").and_then(|it| it.parse().ok());
        match (value("entity"), id) {
            (Some(entity), Some(id)) => {
                let holder = self.entity(&entity)?;
                self.load(holder, id, "read").map(drop)
            }
            _ if self.actor.rights.all => Ok(()),
            _ => Err(Error::invalid(def.fields[0].name, "required")),
        }
    }

    fn searches(&self, def: &EntityDef, group: &str) -> bool {
        let mut fields = def.searched().map(|it| it.1);
        let feeder = self.tx.registry.entity(group).filter(|it| it.feeds);
        group == "open"
            || fields.find(|it| it.group == Some(group)).is_some_and(|field| self.may_read(def, field))
            || feeder.is_some_and(|it| self.may(it, "read").is_ok())
    }

    /// A field whose values the actor may read; what is masked is as unknown as what never was.
    pub(crate) fn readable(&self, def: &'static EntityDef, name: &str) -> Result<&'static FieldDef> {
        let found = self.tx.catalog.field(def, name).filter(|field| self.may_read(def, field));
        found.ok_or_else(|| Error::invalid(name, "unknown_field"))
    }

    fn columns(&self, list: &mut List, shown: Vec<&'static FieldDef>) {
        let mut at = 2;
        for field in shown {
            let masked = !self.may_read(list.def, field);
            let mut column = Column { field, at, number: None, title: None, masked };
            at += 1;
            if let Some(to) = target_of(field).filter(|to| !in_catalog(to)) {
                if to.at("number").is_some_and(|number| number != to.title + 1) {
                    column.number = Some(at);
                    at += 1;
                }
                column.title = Some(at);
                at += 1;
            }
            list.columns.push(column);
        }
    }

    /// A field as an expression over `alias`.
    pub(crate) fn expression(&self, sql: &mut Sql, alias: &str, field: &FieldDef) {
        if field.is_custom() {
            self.tx.dialect().custom(sql, alias, field);
        } else if field.is_stored() || (alias == "t" && self.tx.is_column(field.name)) {
            sql.push(alias).push(".").name(field.name);
        } else {
            self.tx.derive(sql, alias, field);
        }
    }

    pub(crate) fn key(&mut self, def: &EntityDef, field: &'static FieldDef, down: bool) -> Result<Key> {
        let mut sql = Sql::default();
        let mut text = field.kind.is_text();
        match field.kind {
            Kind::Text if def.has_key() && std::ptr::eq(field, def.title_field()) => {
                sql.push("t.").name("title_key");
            }
            // Names of linked records sort as names do; one beyond the actor's reach sorts as if it were not there.
            Kind::Link(to) if to().has_key() => {
                sql.push("(SELECT k.title_key FROM ")
                    .name(to().code)
                    .push(" k WHERE k.id = t.")
                    .name(field.name);
                if !in_catalog(to()) {
                    sql.push(" AND ").append(&match self.may(to(), "read") {
                        Ok(_) => self.reach(to(), "k", false)?,
                        Err(_) => Sql::new("1 = 0"),
                    });
                }
                sql.push(")");
                return Ok(Key { expression: sql, down, optional: true, text: true });
            }
            // In the order in which the choices were declared, unless the alphabet agrees.
            Kind::Choice(all) if !all.is_sorted_by_key(|it| it.0) => {
                sql.push("CASE t.").name(field.name);
                for (n, (code, _)) in all.iter().enumerate() {
                    sql.push(&format!(" WHEN '{code}' THEN {n}"));
                }
                sql.push(" END");
                text = false;
            }
            _ => self.expression(&mut sql, "t", field),
        }
        Ok(Key { expression: sql, down, optional: field.optional, text })
    }

    fn condition(&mut self, def: &'static EntityDef, alias: &str, it: &Condition) -> Result<Sql> {
        // One step along a link: rows and fields of the other side are guarded as its own list guards them.
        if let Some((link, rest)) = it.field.split_once('.') {
            let field = self.readable(def, link)?;
            let to = target_of(field)
                .filter(|_| alias == "t")
                .ok_or_else(|| Error::invalid(&it.field, "unknown_field"))?;
            self.may(to, "read").map_err(|_| Error::invalid(&it.field, "unknown_field"))?;
            let inner = self.condition(to, "j", &Condition { field: rest.to_owned(), ..it.clone() });
            let inner = inner.map_err(|_| Error::invalid(&it.field, "unknown_field"))?;
            let mut sql = Sql::new("EXISTS (SELECT 1 FROM ");
            sql.name(to.code)
                .push(" j WHERE j.id = t.")
                .name(field.name)
                .push(" AND ")
                .append(&self.reach(to, "j", false)?);
            sql.push(" AND ").append(&inner).push(")");
            return Ok(sql);
        }
        if let "tag" | "follower" = it.field.as_str() {
            return self.hung(def, alias, it);
        }
        let field = match it.field.as_str() {
            "id" => None,
            name => Some(self.readable(def, name)?),
        };
        let mut place = Sql::default();
        match field {
            None => {
                place.push(alias).push(".id");
            }
            Some(field) => self.expression(&mut place, alias, field),
        }
        let empty = |sql: &mut Sql, yes: bool| {
            sql.append(&place).push(if yes { " IS NULL" } else { " IS NOT NULL" });
            let is_plain_text =
                field.is_some_and(|it| !it.optional && matches!(it.kind, Kind::Text | Kind::Code));
            if is_plain_text {
                sql.push(if yes { " OR " } else { " AND " }).append(&place).push(if yes {
                    " = ''"
                } else {
                    " <> ''"
                });
            }
        };
        let mut sql = Sql::new("(");
        match (it.op, it.value.as_str()) {
            (Op::Is, "none") | (Op::Not, "any") => empty(&mut sql, true),
            (Op::Is, "any") | (Op::Not, "none") => empty(&mut sql, false),
            (Op::Contains, text) => {
                if !field.is_some_and(|it| matches!(it.kind, Kind::Text)) {
                    return Err(Error::invalid(&it.field, "malformed"));
                }
                sql.push("LOWER(").append(&place).push(")");
                self.tx.dialect().contains(&mut sql, text);
            }
            (Op::Above, text) => {
                let (_, to) = self.ends(field, &it.field, text)?;
                sql.append(&place).push(" > ").bind(to);
            }
            (Op::Below, text) => {
                let (from, _) = self.ends(field, &it.field, text)?;
                sql.append(&place).push(" < ").bind(from);
            }
            (Op::Is | Op::Not, text) => {
                if it.op == Op::Not {
                    sql.append(&place).push(" IS NULL OR NOT (");
                }
                self.any_of(&mut sql, &place, field, &it.field, text)?;
                if it.op == Op::Not {
                    sql.push(")");
                }
            }
        }
        sql.push(")");
        Ok(sql)
    }

    /// Records that carry a tag, or that somebody follows.
    fn hung(&mut self, def: &EntityDef, alias: &str, it: &Condition) -> Result<Sql> {
        let mut sql = Sql::new(if it.op == Op::Not { "NOT " } else { "" });
        sql.push("EXISTS (SELECT 1 FROM ").name(&it.field).push(" h WHERE h.entity = ").bind(def.code);
        sql.push(" AND h.record = ").push(alias).push(".id AND ");
        match it.field.as_str() {
            "tag" => sql.push("h.name IN ").any_of(it.value.split(',')),
            _ if it.value == "me" => sql.push("h.\"user\" = ").bind(self.actor.user),
            _ => return Err(Error::invalid(&it.field, "malformed")),
        };
        sql.push(")");
        Ok(sql)
    }

    /// `a,b`, `1..9` or a mixture of both.
    fn any_of(
        &mut self,
        sql: &mut Sql,
        place: &Sql,
        field: Option<&'static FieldDef>,
        name: &str,
        text: &str,
    ) -> Result<()> {
        let mut values: Vec<Value> = Vec::new();
        sql.push("1 = 0");
        for part in text.split(',') {
            let spans = field.is_some_and(|it| matches!(it.kind, Kind::Date | Kind::Moment));
            let Some((from, to)) = part.split_once("..").or(spans.then_some((part, part))) else {
                self.meant(field, name, part, &mut values)?;
                continue;
            };
            sql.push(" OR (1 = 1");
            if !from.is_empty() {
                sql.push(" AND ").append(place).push(" >= ").bind(self.ends(field, name, from)?.0);
            }
            if !to.is_empty() {
                sql.push(" AND ").append(place).push(" <= ").bind(self.ends(field, name, to)?.1);
            }
            sql.push(")");
        }
        if !values.is_empty() {
            sql.push(" OR ").append(place).push(" IN ").any_of(values);
        }
        Ok(())
    }

    /// What one value of a filter stands for: itself, or all below it in a tree.
    fn meant(
        &mut self,
        field: Option<&'static FieldDef>,
        name: &str,
        text: &str,
        values: &mut Vec<Value>,
    ) -> Result<()> {
        let Some(field) = field else {
            values.push(Value::Int(text.parse().map_err(|_| Error::invalid(name, "malformed_number"))?));
            return Ok(());
        };
        let catalog = self.tx.catalog.clone();
        match field.kind {
            Kind::Code => {
                let code =
                    self.value(field, &crate::Given::Text(text.into())).unwrap_or_else(|_| Value::from(text));
                let below = catalog.codes_below(field.code.unwrap_or_default(), code.text());
                values.extend(below.into_iter().map(Value::Text));
            }
            Kind::Link(to) if std::ptr::eq(to(), <User as crate::Entity>::DEF) && text == "me" => {
                values.push(Value::Int(self.actor.user))
            }
            Kind::Link(to) if std::ptr::eq(to(), <User as crate::Entity>::DEF) && text == "mydept" => {
                let below = catalog.below(self.actor.department);
                values.extend(catalog.users_in(&below).map(Value::Int));
                values.push(Value::Int(-1));
            }
            Kind::Link(to) if std::ptr::eq(to(), <Department as crate::Entity>::DEF) => {
                let top = match text {
                    "mydept" => self.actor.department,
                    text => self.value(field, &link_given(text))?.int(),
                };
                values.extend(catalog.below(top).into_iter().map(Value::Int));
            }
            Kind::Link(_) => {
                // A record beyond the actor's reach matches nothing, as if it were not there.
                let id = self.value(field, &link_given(text)).unwrap_or(Value::Int(-1));
                values.push(id);
            }
            _ => values.push(self.value(field, &crate::Given::Text(text.into()))?),
        }
        Ok(())
    }

    /// The first and the last value that a bound stands for: a month has two ends.
    fn ends(&mut self, field: Option<&'static FieldDef>, name: &str, text: &str) -> Result<(Value, Value)> {
        let Some(field) = field else {
            let id = Value::Int(text.parse().map_err(|_| Error::invalid(name, "malformed_number"))?);
            return Ok((id.clone(), id));
        };
        let today = self.tx.day();
        match field.kind {
            Kind::Date => {
                let (from, to) = days(text, today).ok_or_else(|| Error::invalid(name, "malformed_date"))?;
                Ok((from.value(), to.value()))
            }
            Kind::Moment => {
                if let Some(moment) = field.kind.parse(text) {
                    return Ok((moment.clone(), moment));
                }
                let (from, to) = days(text, today).ok_or_else(|| Error::invalid(name, "malformed_date"))?;
                let zone = &self.tx.catalog.zone;
                let edge = |date: crate::Date, hour, second| {
                    let at = date.at(hour, second, second, if hour == 0 { 0 } else { 999_000_000 });
                    zone.to_timestamp(at)
                        .map(|it| it.value())
                        .map_err(|_| Error::invalid(name, "malformed_date"))
                };
                Ok((edge(from, 0, 0)?, edge(to, 23, 59)?))
            }
            _ => {
                let value = self.value(field, &crate::Given::Text(text.into()))?;
                Ok((value.clone(), value))
            }
        }
    }

    /// Reads the rows of a prepared list, straight from the database's buffer; returns where the next page starts.
    pub fn each(
        &mut self,
        list: &List,
        each: &mut dyn FnMut(&dyn Row) -> Result<()>,
    ) -> Result<Option<String>> {
        let mut sql = self.select(list)?;
        if !list.searched && self.is_small(list.def, &list.scope)? {
            sql = sql.through_indexes();
        }
        sql.push(&format!(" LIMIT {}", list.size + 1));
        if list.after.is_none() && list.page > 1 {
            sql.push(&format!(" OFFSET {}", (list.page - 1) * list.size));
        }
        let (mut seen, mut last) = (0, None);
        let size = list.size;
        let first_key = list.width();
        self.tx.each(&sql, &mut |row| {
            seen += 1;
            if seen > size {
                return Ok(());
            }
            if seen == size {
                let keys = (0..list.keys.len()).map(|n| Value::from(row.cell(first_key + n)));
                last = Some((Value::from(row.cell(0)).int(), keys.collect::<Vec<_>>()));
            }
            each(row)
        })?;
        Ok(last.filter(|_| seen > size).map(|(id, keys)| cursor(id, &keys)))
    }

    /// Whether the actor's scope holds so few rows that it is quicker to fetch and sort them than to walk through all
    /// rows in order until a page is full.
    fn is_small(&mut self, def: &EntityDef, scope: &Sql) -> Result<bool> {
        if !scope.is_parts() {
            return Ok(false);
        }
        let mut sql = Sql::new("SELECT COALESCE(MAX(id), 0) FROM ");
        sql.name(def.code);
        // Of `n` rows in all and `s` in the scope, a page of 50 is found after walking `50 n / s` rows, or fetching `s`.
        let small = (50 * self.tx.roughly(&sql, Some(FRESH))?).isqrt().clamp(SMALL, 5 * SMALL);
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM ");
        sql.name(def.code).push(" t WHERE ").append(&scope.through_indexes());
        sql.push(&format!(" LIMIT {}) found", small + 1));
        Ok(self.tx.roughly(&sql, Some(FRESH))? <= small)
    }

    /// All rows of a prepared list in its order, in pieces of `size`, each a statement of its own.
    pub fn rows(&mut self, list: &List) -> Result<(Vec<Record>, Option<String>)> {
        let mut rows = Vec::new();
        let width = list.width();
        let next = self.each(list, &mut |row| {
            rows.push((0..width).map(|n| row.cell(n).into()).collect());
            Ok(())
        })?;
        Ok((rows, next))
    }

    fn select(&mut self, list: &List) -> Result<Sql> {
        self.tx.as_of(list.day, None);
        let mut sql = Sql::new("SELECT t.id, t.version");
        let mut joins = Sql::default();
        for (n, column) in list.columns.iter().enumerate() {
            sql.push(", ");
            if column.masked {
                sql.push("NULL");
            } else if list.runs(column.field) {
                sql.push("t.").name(column.field.name);
            } else {
                self.expression(&mut sql, "t", column.field);
            }
            let Some(to) = target_of(column.field).filter(|_| column.title.is_some()) else { continue };
            if column.masked || self.may(to, "read").is_err() {
                sql.push(if column.number.is_some() { ", NULL, NULL" } else { ", NULL" });
                continue;
            }
            let alias = format!("l{n}");
            if column.number.is_some() {
                sql.push(", ").push(&alias).push(".number");
            }
            sql.push(", ").push(&alias).push(".").name(to.title_field().name);
            joins
                .push(" LEFT JOIN ")
                .name(to.code)
                .push(" ")
                .push(&alias)
                .push(" ON ")
                .push(&alias)
                .push(".id = t.");
            joins.name(column.field.name).push(" AND ").append(&self.reach(to, &alias, false)?);
        }
        for key in &list.keys {
            sql.push(", ").append(&key.expression);
        }
        sql.push(" FROM ");
        match list.running.and_then(|it| Some((it, it.running?))) {
            Some((field, (of, amount))) => {
                sql.push("(SELECT t.*, CASE WHEN t.")
                    .name(of)
                    .push(" IS NOT NULL THEN CAST(SUM(t.")
                    .name(amount);
                sql.push(") OVER (PARTITION BY t.")
                    .name(of)
                    .push(" ORDER BY t.date, t.id) AS BIGINT) END AS ");
                sql.name(field.name).push(" FROM ").append(&list.from).push(") t")
            }
            None => sql.append(&list.from),
        };
        sql.append(&joins).push(" WHERE ").append(&list.scope).append(&list.asked);
        list.beyond(&mut sql)?;
        sql.push(" ORDER BY ");
        for key in &list.keys {
            // Empty values come last either way; the two databases disagree without being told.
            sql.append(&key.expression).push(if key.down { " DESC" } else { "" });
            sql.push(if key.optional { " NULLS LAST, " } else { ", " });
        }
        // Without an order a search shows the newest first, which stops early.
        let down = list.keys.last().map_or(list.searched, |key| key.down);
        sql.push(&list.id).push(if down { " DESC" } else { "" });
        Ok(sql)
    }

    /// Count and sums over all rows of the filter.
    pub fn totals(&mut self, list: &List) -> Result<Totals> {
        self.tx.as_of(list.day, None);
        let summed: Vec<_> =
            list.columns.iter().filter(|it| it.field.sum && !it.masked).map(|it| it.field).collect();
        let mut sql = Sql::default();
        if list.searched && summed.is_empty() {
            sql.push("SELECT COUNT(*) FROM (SELECT 1 FROM ")
                .append(&list.from)
                .push(" WHERE ")
                .append(&list.scope)
                .append(&list.asked);
            sql.push(&format!(" LIMIT {}) found", COUNTED + 1));
            let count = self.tx.one(&sql.through_indexes())?;
            return Ok(Totals { count: count.min(COUNTED), at_least: count > COUNTED, sums: Vec::new() });
        }
        sql.push("SELECT COUNT(*)");
        self.sums(&mut sql, &summed);
        sql.push(" FROM ").append(&list.from).push(" WHERE ").append(&list.scope).append(&list.asked);
        let rows = self.tx.counted(&sql.through_indexes())?;
        Ok(rows.first().map(|row| totals(row, &summed)).unwrap_or_default())
    }

    fn sums(&self, sql: &mut Sql, summed: &[&FieldDef]) {
        for field in summed {
            sql.push(", CAST(SUM(");
            self.expression(sql, "t", field);
            sql.push(") AS BIGINT)");
        }
    }

    /// The groups of a list that is grouped, biggest first, at most 500.
    pub fn groups(&mut self, list: &List) -> Result<Vec<Group>> {
        self.tx.as_of(list.day, None);
        let Some(group) = list.group else { return Ok(Vec::new()) };
        let summed: Vec<_> =
            list.columns.iter().filter(|it| it.field.sum && !it.masked).map(|it| it.field).collect();
        let mut place = Sql::default();
        self.expression(&mut place, "t", group.field);
        let mut sql = Sql::new("SELECT COUNT(*)");
        self.sums(&mut sql, &summed);
        sql.push(", ")
            .append(&place)
            .push(" FROM ")
            .append(&list.from)
            .push(" WHERE ")
            .append(&list.scope)
            .append(&list.asked);
        sql.push(&format!(" GROUP BY {} ORDER BY 1 DESC LIMIT 500", summed.len() + 2));
        let rows = self.tx.counted(&sql.through_indexes())?;
        let group = |mut row: Record| Group {
            value: row.pop().unwrap_or(Value::Null),
            totals: totals(&row, &summed),
        };
        Ok(rows.into_iter().map(group).collect())
    }

    /// How many rows of a query fall on each day of a moment's field, in the company's zone; days without are left out.
    pub fn spread(&mut self, entity: &str, query: &Query, field: &str) -> Result<Vec<(crate::Date, i64)>> {
        let def = self.entity(entity)?;
        let field = self.readable(def, field)?;
        let list = self.bare(def, query)?;
        // Every zone's day begins at a tenth minute, and a month has few of them.
        let mut sql = Sql::new("SELECT COUNT(*), SUBSTR(t.");
        sql.name(field.name)
            .push(", 1, 15) FROM ")
            .append(&list.from)
            .push(" WHERE ")
            .append(&list.scope)
            .append(&list.asked);
        sql.push(" GROUP BY 2");
        let zone = self.tx.catalog.zone.clone();
        let mut days = std::collections::BTreeMap::new();
        for row in self.tx.rows(&sql)? {
            let moment = format!("{}0:00Z", row[1].text()).parse::<crate::Moment>();
            let moment = moment.map_err(|_| Error::invalid(field.name, "malformed"))?;
            *days.entry(zone.to_datetime(moment).date()).or_insert(0) += row[0].int();
        }
        Ok(days.into_iter().collect())
    }

    /// How many rows a query has.
    pub fn count(&mut self, entity: &str, query: &Query) -> Result<i64> {
        let def = self.entity(entity)?;
        let list = self.bare(def, query)?;
        Ok(self.totals(&list)?.count)
    }

    /// How many rows each view has, for tabs and reminders; none where its query does not fit the entity. A small scope
    /// is gone through once for all of them, in a larger one what takes long is counted now and then.
    pub fn counts(&mut self, views: &[Shown]) -> Result<Vec<Option<i64>>> {
        let mut counts = vec![None; views.len()];
        let mut at_once: Vec<(usize, List)> = Vec::new();
        for (n, view) in views.iter().enumerate() {
            let def = self.entity(view.entity)?;
            let told = self.tx.told.get(&(def.code, view.query.clone())).filter(|_| self.tx.wrote == 0);
            if let Some(told) = told {
                counts[n] = *told;
                continue;
            }
            let list = match Query::parse(&view.query).map(|query| self.bare(def, &query)) {
                None | Some(Err(Error::Invalid(_) | Error::NotFound { .. })) => continue,
                Some(list) => list?,
            };
            if !list.searched && self.is_small(def, &list.scope)? {
                at_once.push((n, list));
                continue;
            }
            let mut sql = Sql::new("SELECT COUNT(*) FROM ");
            sql.append(&list.from).push(" WHERE ").append(&list.scope).append(&list.asked);
            counts[n] = Some(self.tx.roughly(&sql.through_indexes(), None)?);
        }
        while let Some(def) = at_once.last().map(|it| it.1.def) {
            let same: Vec<_> = at_once.extract_if(.., |it| std::ptr::eq(it.1.def, def)).collect();
            let mut sql = Sql::new("SELECT ");
            sql.each(&same, |sql, (_, list)| {
                sql.push("SUM(CASE WHEN 1 = 1").append(&list.asked).push(" THEN 1 ELSE 0 END)");
            });
            sql.push(" FROM ").name(def.code).push(" t WHERE ").append(&same[0].1.scope);
            let row = self.tx.counted(&sql.through_indexes())?.pop().unwrap_or_default();
            same.iter().zip(row).for_each(|((n, _), count)| counts[*n] = Some(count.int()));
        }
        let told = views.iter().zip(&counts).map(|(it, count)| ((it.entity, it.query.clone()), *count));
        self.tx.told.extend(told);
        Ok(counts)
    }

    /// The ids of a query's rows beyond `after`, in the order of their ids: how a batch walks through them.
    pub fn ids(&mut self, entity: &str, query: &Query, after: i64, most: usize) -> Result<Vec<i64>> {
        let def = self.entity(entity)?;
        let list = self.bare(def, query)?;
        let mut sql = Sql::new("SELECT t.id FROM ");
        sql.append(&list.from)
            .push(" WHERE ")
            .append(&list.scope)
            .append(&list.asked)
            .push(" AND t.id > ")
            .bind(after);
        sql.push(&format!(" ORDER BY t.id LIMIT {most}"));
        Ok(self.tx.rows(&sql)?.iter().map(|row| row[0].int()).collect())
    }

    /// The records before and after `id` in a list's order, and its place from 1 within the first `most`.
    pub fn neighbours(&mut self, entity: &str, query: &Query, id: i64, most: usize) -> Result<Neighbours> {
        let mut list = self.list(entity, &Query { columns: vec!["created".into()], ..query.clone() })?;
        (list.size, list.page) = (most, 1);
        let mut ids = Vec::new();
        let sql = {
            let mut sql = self.select(&list)?;
            sql.push(&format!(" LIMIT {most}"));
            sql
        };
        self.tx.each(&sql, &mut |row| {
            ids.push(Value::from(row.cell(0)).int());
            Ok(())
        })?;
        let at = ids.iter().position(|it| *it == id);
        let near =
            |step: isize| at.and_then(|at| at.checked_add_signed(step)).and_then(|at| ids.get(at).copied());
        Ok(Neighbours { place: at.map(|it| it + 1), before: near(-1), after: near(1) })
    }
}

/// Where a card stands in the list that the user came from.
#[derive(Debug, Default)]
pub struct Neighbours {
    pub place: Option<usize>,
    pub before: Option<i64>,
    pub after: Option<i64>,
}

fn link_given(text: &str) -> crate::Given {
    if text.parse::<i64>().is_ok() {
        crate::Given::Number(text.into())
    } else {
        crate::Given::Text(text.into())
    }
}

pub(crate) fn in_catalog(def: &EntityDef) -> bool {
    let known: [&EntityDef; 3] =
        [<User as crate::Entity>::DEF, <Department as crate::Entity>::DEF, <Role as crate::Entity>::DEF];
    known.iter().any(|it| std::ptr::eq(*it, def))
}

fn totals(row: &Record, summed: &[&'static FieldDef]) -> Totals {
    let sum = |(n, field): (usize, &&'static FieldDef)| {
        let value = &row[n + 1];
        (field.name, if *value == Value::Null { None } else { Some(value.int()) })
    };
    Totals { count: row[0].int(), at_least: false, sums: summed.iter().enumerate().map(sum).collect() }
}

impl List {
    /// Cells of a row before the sort keys.
    pub fn width(&self) -> usize {
        2 + self
            .columns
            .iter()
            .map(|it| 1 + usize::from(it.number.is_some()) + usize::from(it.title.is_some()))
            .sum::<usize>()
    }

    /// The field that rows are grouped by; its value is the first sort key of a row.
    pub fn group(&self) -> Option<&'static FieldDef> {
        self.group.map(|it| it.field)
    }

    /// Goes on where a page ended.
    pub fn go_on(&mut self, next: String) {
        self.after = Some(next);
    }

    fn runs(&self, field: &FieldDef) -> bool {
        self.running.is_some_and(|it| std::ptr::eq(it, field))
    }

    pub fn is_searched(&self) -> bool {
        self.searched
    }

    /// Rows beyond the last one of the page before: for keys `a, b` and the id, `a > x OR a = x AND (b > y OR …)`.
    fn beyond(&self, sql: &mut Sql) -> Result<()> {
        let Some(after) = &self.after else { return Ok(()) };
        let malformed = || Error::invalid("after", "malformed");
        let (id, values) = uncursor(after).ok_or_else(malformed)?;
        if values.len() != self.keys.len() {
            return Err(malformed());
        }
        sql.push(" AND (");
        for (key, value) in self.keys.iter().zip(&values) {
            let fits = matches!(
                (value, key.text),
                (Value::Null, _) | (Value::Text(_), true) | (Value::Int(_), false)
            );
            if !fits {
                return Err(malformed());
            }
            let place = &key.expression;
            match value {
                Value::Null => sql.append(place).push(" IS NULL AND ("),
                value => {
                    sql.push("(")
                        .append(place)
                        .push(if key.down { " < " } else { " > " })
                        .bind(value.clone());
                    if key.optional {
                        sql.push(" OR ").append(place).push(" IS NULL");
                    }
                    sql.push(") OR ").append(place).push(" = ").bind(value.clone()).push(" AND (")
                }
            };
        }
        let down = self.keys.last().map_or(self.searched, |key| key.down);
        sql.push(&self.id).push(if down { " < " } else { " > " }).bind(id);
        sql.push(&")".repeat(self.keys.len() + 1));
        Ok(())
    }
}

/// A page's end as text: the id, then each key as a number `i…`, a text `t…` or nothing.
fn cursor(id: i64, keys: &[Value]) -> String {
    let part = |value: &Value| match value.cell() {
        Cell::Null => "n".to_owned(),
        Cell::Int(int) => format!("i{int}"),
        Cell::Text(text) => format!("t{}", data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())),
    };
    let keys: Vec<_> = keys.iter().map(part).collect();
    if keys.is_empty() { id.to_string() } else { format!("{id}.{}", keys.join(".")) }
}

fn uncursor(text: &str) -> Option<(i64, Vec<Value>)> {
    let mut parts = text.split('.');
    let id = parts.next()?.parse().ok()?;
    let value = |part: &str| match (part.get(..1)?, part.get(1..)?) {
        ("n", "") => Some(Value::Null),
        ("i", int) => int.parse().ok().map(Value::Int),
        ("t", text) => String::from_utf8(data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)
            .ok()
            .filter(|text| !text.contains('\0'))
            .map(Value::Text),
        _ => None,
    };
    Some((id, parts.map(value).collect::<Option<_>>()?))
}
