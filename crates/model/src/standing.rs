//! What a report sets beside its facts: how many records stood with each owner at the end of a slice of time. Today's
//! owners are known; history walks back to those of an earlier day.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::query::{Condition, Op, Query, Term, days};
use crate::report::{Axis, Holders, Of, span};
use crate::tx::Record;
use crate::{Date, Desk, Measure, ReportDef, Result, Scalar, Sql, Value};

/// How many records each owner had, and how many of them the facts name; nobody's are the pool's.
type Held = HashMap<Option<i64>, [i64; 2]>;

impl Desk<'_> {
    /// Fills in what stood with each owner, and adds the rows of those who had something and did nothing.
    pub(crate) fn stand(
        &mut self,
        def: &'static ReportDef,
        asked: &Query,
        axes: &[Axis],
        measures: &[&'static Measure],
        rows: &mut Vec<Record>,
        totals: &mut Record,
    ) -> Result<()> {
        let Some(holders) = &def.holders else { return Ok(()) };
        let Some(query) = asked_of(holders, asked, def.date) else { return Ok(()) };
        let owners = self.owners_asked(holders, asked);
        // Where a figure of this kind stands in a row.
        let mut places = Vec::new();
        let mut active = None;
        let mut at = axes.len();
        for measure in measures {
            let parts = match measure.of {
                Of::Ratio(of, by) => vec![def.measure(of), def.measure(by)],
                _ => vec![Some(*measure)],
            };
            for part in parts.into_iter().flatten() {
                match part.of {
                    Of::Standing => places.push((at, 0)),
                    Of::Active(_) => {
                        active = Some(part);
                        places.push((at, 1));
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        let width = at;
        let slice = axes.iter().position(|it| it.is_slice());
        let whose: Vec<usize> = (0..axes.len()).filter(|n| Some(*n) != slice).collect();
        // Beside another dimension than an owner or an owner's department there is nothing to set.
        let is_owner = |n: usize| axes[n].path() == holders.dimension;
        let is_department = |n: usize| axes[n].path() == holders.department;
        if whose.iter().any(|n| !is_owner(*n) && !is_department(*n)) {
            return Ok(());
        }
        let today = self.tx.today();
        let period = asked.on(def.date).map_or("", |it| it.value.as_str());
        let first = period.split("..").next().and_then(|it| days(it, today)).map_or(Date::MIN, |it| it.0);
        let last =
            period.split("..").last().and_then(|it| days(it, today)).map_or(today, |it| it.1.min(today));
        let slices: BTreeMap<Value, (Date, Date)> = match slice {
            Some(n) => {
                let days = |row: &Record| {
                    let (from, to) = span(axes[n].name(), row[n].text())?;
                    Some((row[n].clone(), (from.max(first), to.min(last))))
                };
                rows.iter().filter_map(days).collect()
            }
            None => BTreeMap::from([(Value::Null, (first, last))]),
        };
        let catalog = self.tx.catalog.clone();
        let mut known: HashMap<(Date, Date), Held> = HashMap::new();
        for span in slices.values().copied().chain([(first, last)]) {
            if let Entry::Vacant(place) = known.entry(span) {
                let mut held = self.held_on(holders, def, &query, active, span)?;
                let is_asked = |owner: &Option<i64>| {
                    owners.as_ref().is_none_or(|it| owner.is_some_and(|owner| it.contains(&owner)))
                };
                held.retain(|owner, _| is_asked(owner));
                place.insert(held);
            }
        }
        // Who had nothing has no share of it.
        let told = |counts: [i64; 2], which: usize| {
            let is_none = which == 0 && counts[0] <= 0;
            if is_none { Value::Null } else { Value::Int(counts[which].max(0)) }
        };
        for (value, span) in &slices {
            // By the values of the row's other dimensions.
            let mut sums: HashMap<Vec<Value>, [i64; 2]> = HashMap::new();
            for (owner, counts) in &known[span] {
                let key = whose.iter().map(|n| match (is_owner(*n), owner) {
                    (_, None) => Value::Null,
                    (true, Some(owner)) => Value::Int(*owner),
                    (false, Some(owner)) => catalog.department_of(*owner).map_or(Value::Null, Value::Int),
                });
                let sum = sums.entry(key.collect()).or_default();
                (0..2).for_each(|n| sum[n] += counts[n]);
            }
            for row in rows.iter_mut().filter(|row| slice.is_none_or(|n| row[n] == *value)) {
                let key: Vec<Value> = whose.iter().map(|n| row[*n].clone()).collect();
                let counts = sums.remove(&key).unwrap_or_default();
                places.iter().for_each(|(at, which)| row[*at] = told(counts, *which));
            }
            for (key, counts) in
                sums.into_iter().filter(|it| it.1[0] > 0 && it.0.iter().all(|it| *it != Value::Null))
            {
                let mut row = vec![Value::Int(0); width];
                if let Some(n) = slice {
                    row[n] = value.clone();
                }
                whose.iter().zip(key).for_each(|(n, it)| row[*n] = it);
                places.iter().for_each(|(at, which)| row[*at] = told(counts, *which));
                rows.push(row);
            }
        }
        let mut all = [0; 2];
        known[&(first, last)].values().for_each(|counts| (0..2).for_each(|n| all[n] += counts[n]));
        places.iter().for_each(|(at, which)| totals[*at] = told(all, *which));
        Ok(())
    }

    /// Whose records are asked for; none for everybody's.
    fn owners_asked(&self, holders: &Holders, asked: &Query) -> Option<HashSet<i64>> {
        let it = asked.on(holders.dimension).filter(|it| it.op == Op::Is)?;
        let id = |text: &str| {
            if text == "me" { Some(self.actor.user) } else { text.trim_start_matches('#').parse().ok() }
        };
        Some(it.value.split(',').filter_map(id).collect())
    }

    /// How many records each owner had at the end of some days, and how many of them facts of these days name that count
    /// for a measure. A record is there from the day on which it was entered, or from its first fact, until it is closed.
    fn held_on(
        &mut self,
        holders: &Holders,
        def: &'static ReportDef,
        query: &Query,
        active: Option<&Measure>,
        (first, day): (Date, Date),
    ) -> Result<Held> {
        let of = holders.of;
        self.may(of, "read")?;
        self.readable(of, holders.owner)?;
        let end = self.tx.day_end(day);
        let mut filter = self.reach(of, "t", false)?.through_indexes();
        for term in &query.terms {
            filter.push(" AND ").append(&self.term(of, term)?);
        }
        filter.push(" AND (t.created <= ").bind(&end).push(" OR EXISTS (SELECT 1 FROM ").name(def.fact.code);
        filter.push(" f WHERE f.").name(holders.link).push(" = t.id AND f.").name(def.date).push(" <= ");
        filter.bind(day.value()).push("))");
        let mut columns = Sql::new("t.");
        columns.name(holders.owner).push(", ");
        let closed = of.closed.map(|at| of.fields[at].name);
        match closed {
            Some(name) => columns.push("t.").name(name),
            None => columns.push("0"),
        };
        match active {
            Some(measure) => {
                columns.push(", CASE WHEN t.id IN (SELECT t.").name(holders.link).push(" FROM ");
                columns.name(def.fact.code).push(" t WHERE ").append(&self.reach(def.fact, "t", false)?);
                columns.push(" AND t.").name(def.date).push(" >= ").bind(first.value());
                columns.push(" AND t.").name(def.date).push(" <= ").bind(day.value());
                let text = measure.only.text(day).unwrap_or_default();
                columns.append(&self.terms(def.fact, &text)?).push(") THEN 1 ELSE 0 END");
            }
            None => {
                columns.push(", 0");
            }
        }
        let mut sql = Sql::new("SELECT ");
        sql.append(&columns).push(", COUNT(*) FROM ").name(of.code).push(" t WHERE ").append(&filter);
        sql.push(" GROUP BY 1, 2, 3");
        let owner = |value: &Value| Some(value.int()).filter(|it| *it != 0);
        let mut held = Held::new();
        let mut count = |owner: Option<i64>, acted: bool, count: i64| {
            let counts = held.entry(owner).or_default();
            counts[0] += count;
            counts[1] += if acted { count } else { 0 };
        };
        for row in self.tx.counted(&sql)?.iter().filter(|it| it[1].int() == 0) {
            count(owner(&row[0]), row[2].int() == 1, row[3].int());
        }
        if day >= self.tx.today() {
            return Ok(held);
        }
        // The first change after the day tells who had it until then, and whether it was closed.
        let mut sql = Sql::new("SELECT t.id, ");
        sql.append(&columns).push(", e.changes FROM event e JOIN ").name(of.code);
        sql.push(" t ON t.id = e.record WHERE e.entity = ").bind(of.code);
        sql.push(" AND e.part IS NULL AND e.kind NOT IN ('create', 'import') AND e.at > ").bind(&end);
        sql.push(" AND (1 = 0");
        for name in [Some(holders.owner), closed].into_iter().flatten() {
            sql.push(" OR e.changes LIKE ").bind(format!("%\"{name}\":%"));
        }
        sql.push(") AND ").append(&filter).push(" ORDER BY e.id DESC");
        // The state of each, walked back to that day.
        let mut then: HashMap<i64, (Option<i64>, bool)> = HashMap::new();
        for row in self.tx.rows(&sql)? {
            let (now, acted) = ((owner(&row[1]), row[2].int() != 0), row[3].int() == 1);
            let changes: serde_json::Value = serde_json::from_str(row[4].text()).unwrap_or_default();
            let state = then.entry(row[0].int()).or_insert(now);
            let was = *state;
            if let Some(pair) = changes.get(holders.owner) {
                state.0 = pair[0].as_i64().filter(|it| *it != 0);
            }
            if let Some(pair) = closed.and_then(|name| changes.get(name)) {
                state.1 = pair[0].as_i64().is_some_and(|it| it != 0);
            }
            if !was.1 {
                count(was.0, acted, -1);
            }
            if !state.1 {
                count(state.0, acted, 1);
            }
        }
        Ok(held)
    }
}

/// The conditions on facts as conditions on the records; none where one says nothing of them.
fn asked_of(holders: &Holders, asked: &Query, date: &str) -> Option<Query> {
    let mut terms = Vec::new();
    for term in &asked.terms {
        let Term::One(it) = term else { return None };
        match it.field.split_once('.') {
            None if it.field == date => {}
            // Owners of an earlier day are told apart later.
            None if it.field == holders.dimension && it.op == Op::Is => {}
            Some((link, rest)) if link == holders.link => {
                terms.push(Term::One(Condition { field: rest.to_owned(), ..it.clone() }));
            }
            _ => return None,
        }
    }
    Some(Query { terms, ..Query::default() })
}
