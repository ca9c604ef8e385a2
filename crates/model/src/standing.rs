//! What a report sets beside its facts: how many records stood with each owner at the end of a slice of time. Today's
//! owners are known; history walks back to those of an earlier day.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::query::{Condition, Op, Query, Term, days};
use crate::report::{Axis, Holders, Of, slice_end};
use crate::tx::Record;
use crate::{Date, Desk, Measure, ReportDef, Result, Scalar, Sql, Value};

/// How many records each owner had; nobody's are the pool's.
type Held = HashMap<Option<i64>, i64>;

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
        let mut at = axes.len();
        for measure in measures {
            let parts = match measure.of {
                Of::Ratio(of, by) => vec![def.measure(of), def.measure(by)],
                _ => vec![Some(*measure)],
            };
            for part in parts.into_iter().flatten() {
                if matches!(part.of, Of::Standing) {
                    places.push(at);
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
        let last = asked.on(def.date).and_then(|it| days(it.value.split("..").last()?, today));
        let last = last.map_or(today, |it| it.1.min(today));
        let slices: BTreeMap<Value, Date> = match slice {
            Some(n) => {
                let end = |row: &Record| {
                    Some((row[n].clone(), slice_end(axes[n].name(), row[n].text())?.min(last)))
                };
                rows.iter().filter_map(end).collect()
            }
            None => BTreeMap::from([(Value::Null, last)]),
        };
        let catalog = self.tx.catalog.clone();
        let mut known: HashMap<Date, Held> = HashMap::new();
        for day in slices.values().copied().chain([last]) {
            if let Entry::Vacant(place) = known.entry(day) {
                let mut held = self.held_on(holders, def, &query, day)?;
                let is_asked = |owner: &Option<i64>| {
                    owners.as_ref().is_none_or(|it| owner.is_some_and(|owner| it.contains(&owner)))
                };
                held.retain(|owner, _| is_asked(owner));
                place.insert(held);
            }
        }
        for (value, day) in &slices {
            // By the values of the row's other dimensions.
            let mut sums: HashMap<Vec<Value>, i64> = HashMap::new();
            for (owner, count) in &known[day] {
                let key = whose.iter().map(|n| match (is_owner(*n), owner) {
                    (_, None) => Value::Null,
                    (true, Some(owner)) => Value::Int(*owner),
                    (false, Some(owner)) => catalog.department_of(*owner).map_or(Value::Null, Value::Int),
                });
                *sums.entry(key.collect()).or_default() += count;
            }
            for row in rows.iter_mut().filter(|row| slice.is_none_or(|n| row[n] == *value)) {
                let key: Vec<Value> = whose.iter().map(|n| row[*n].clone()).collect();
                let count = sums.remove(&key).filter(|it| *it > 0);
                places.iter().for_each(|at| row[*at] = count.map_or(Value::Null, Value::Int));
            }
            for (key, count) in
                sums.into_iter().filter(|it| it.1 > 0 && it.0.iter().all(|it| *it != Value::Null))
            {
                let mut row = vec![Value::Int(0); width];
                if let Some(n) = slice {
                    row[n] = value.clone();
                }
                whose.iter().zip(key).for_each(|(n, it)| row[*n] = it);
                places.iter().for_each(|at| row[*at] = Value::Int(count));
                rows.push(row);
            }
        }
        let all: i64 = known[&last].values().sum();
        places.iter().for_each(|at| totals[*at] = if all > 0 { Value::Int(all) } else { Value::Null });
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

    /// How many records each owner had at the end of a day. A record is there from the day on which it was entered, or
    /// from its first fact.
    fn held_on(
        &mut self,
        holders: &Holders,
        def: &'static ReportDef,
        query: &Query,
        day: Date,
    ) -> Result<Held> {
        let of = holders.of;
        self.may(of, "read")?;
        self.readable(of, holders.owner)?;
        let end = self.tx.day_end(day);
        let mut filter = self.reach(of, "t", false)?.through_indexes();
        if let Some(at) = of.closed {
            filter.push(" AND t.").name(of.fields[at].name).push(" = 0");
        }
        for term in &query.terms {
            filter.push(" AND ").append(&self.term(of, term)?);
        }
        filter.push(" AND (t.created <= ").bind(&end).push(" OR EXISTS (SELECT 1 FROM ").name(def.fact.code);
        filter.push(" f WHERE f.").name(holders.link).push(" = t.id AND f.").name(def.date).push(" <= ");
        filter.bind(day.value()).push("))");
        let mut sql = Sql::new("SELECT t.");
        sql.name(holders.owner)
            .push(", COUNT(*) FROM ")
            .name(of.code)
            .push(" t WHERE ")
            .append(&filter)
            .push(" GROUP BY 1");
        let owner = |value: &Value| Some(value.int()).filter(|_| *value != Value::Null);
        let rows = self.tx.counted(&sql)?;
        let mut held: Held = rows.iter().map(|row| (owner(&row[0]), row[1].int())).collect();
        if day >= self.tx.today() {
            return Ok(held);
        }
        // The first change after the day tells who had it until then.
        let mut sql = Sql::new("SELECT t.id, t.");
        sql.name(holders.owner)
            .push(", e.changes FROM event e JOIN ")
            .name(of.code)
            .push(" t ON t.id = e.record WHERE e.entity = ");
        sql.bind(of.code)
            .push(" AND e.part IS NULL AND e.kind NOT IN ('create', 'import') AND e.at > ")
            .bind(&end);
        sql.push(" AND e.changes LIKE ")
            .bind(format!("%\"{}\":%", holders.owner))
            .push(" AND ")
            .append(&filter);
        sql.push(" ORDER BY e.id");
        let mut seen = HashSet::new();
        for row in self.tx.rows(&sql)? {
            let changes: serde_json::Value = serde_json::from_str(row[2].text()).unwrap_or_default();
            let before = &changes[holders.owner][0];
            if changes.get(holders.owner).is_some() && seen.insert(row[0].int()) {
                *held.entry(owner(&row[1])).or_default() -= 1;
                *held.entry(before.as_i64().filter(|it| *it != 0)).or_default() += 1;
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
