//! Reports: facts grouped by dimensions and summed up as measures, over a period or as of a day. What is asked becomes
//! one statement for the rows and one for the totals, within the actor's rights.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::desk::target_of;
use crate::query::{Condition, Op, Query, Term, days};
use crate::tx::Record;
use crate::{Column, Date, Desk, EntityDef, Error, FieldDef, Kind, Label, Registry, Result, Sql, Value};

pub struct ReportDef {
    pub code: &'static str,
    pub label: Label,
    /// The part of the house that it belongs to in the navigation.
    pub module: &'static str,
    /// The entity whose rows are counted; who may read it sees the report.
    pub fact: &'static EntityDef,
    /// Which of its rows count, in the query language.
    pub only: &'static str,
    /// What else the rows behind a figure have in common.
    pub behind: &'static str,
    /// A derived field that is summed up and dear to work out for each row: the same sums come from these parts as of
    /// `{today}`, each a value and where it comes from, with the row as `{t}` and a condition at the end.
    pub parts: Option<(&'static str, &'static [(&'static str, &'static str)])>,
    /// The field by which a period is taken; empty for a report of how things stand at the end of a day.
    pub date: &'static str,
    pub dimensions: &'static [Dimension],
    /// The first one is what it is about.
    pub measures: &'static [Measure],
    /// By which of its days what stands open may be told apart by age, in parts that the asker chooses.
    pub ages: &'static [Age],
    /// The dimensions and measures that are shown unless somebody asks for others.
    pub group: &'static str,
    pub shown: &'static str,
    /// The period of whoever asks for none.
    pub period: &'static str,
    /// The columns of the rows behind a figure.
    pub columns: &'static str,
    /// Whose records are set beside the facts.
    pub holders: Option<Holders>,
    /// Links of the fact by which sums over a year must come at once: each has an index that holds all they need.
    pub swift: &'static [&'static str],
}

impl ReportDef {
    pub const PLAIN: ReportDef = ReportDef {
        code: "",
        label: Label::NONE,
        module: "",
        fact: <crate::system::User as crate::Entity>::DEF,
        only: "",
        behind: "",
        parts: None,
        date: "",
        dimensions: &[],
        measures: &[],
        ages: &[],
        group: "",
        shown: "",
        period: "this_year",
        columns: "",
        holders: None,
        swift: &[],
    };

    pub fn measure(&self, name: &str) -> Option<&'static Measure> {
        self.measures.iter().find(|it| it.field.name == name)
    }

    /// The slices of time that its rows fall into.
    pub fn slices(&self) -> &'static [FieldDef] {
        if self.date.is_empty() { &[] } else { &SLICES }
    }

    /// The stored fields that its sums need, for indexes that hold them all.
    pub(crate) fn summed(&self) -> impl Iterator<Item = &'static str> {
        let stored = |name: &&str| self.fact.field(name).is_some_and(|it| it.1.is_stored());
        let of = |it: &'static Measure| if let Of::Sum(name) = it.of { Some(name) } else { None };
        self.measures.iter().filter_map(of).filter(stored)
    }
}

/// What rows are grouped by: a field of the fact, or `link.field` one step along a link.
pub struct Dimension {
    pub name: &'static str,
    pub path: &'static str,
}

/// A figure of each group: its field says name, label, kind and the group that guards it.
pub struct Measure {
    pub field: FieldDef,
    pub of: Of,
    /// Which rows count for it.
    pub only: Only,
}

/// A day of the fact from which an age is counted.
pub struct Age {
    pub name: &'static str,
    pub label: Label,
    /// Its field, what is summed up, and what else holds of the rows.
    pub field: &'static str,
    pub of: &'static str,
    pub also: &'static str,
    /// What is called so whose day is yet to come; where there is none, the first part begins with the day itself.
    pub ahead: Option<Label>,
    /// What a part is called, `{}` for its days, and the last one, `{}` for the day after which it begins.
    pub part: Label,
    pub last: Label,
}

#[derive(Clone, Copy)]
pub enum Of {
    Sum(&'static str),
    Count,
    Distinct(&'static str),
    /// One measure by another, as a share.
    Ratio(&'static str, &'static str),
    /// How many records the report's holders had at the end of the time that a row stands for.
    Standing,
    /// How many of these the facts name, whoever had them when: different values of the link.
    Active(&'static str),
}

/// Records with owners that are set beside facts of theirs.
pub struct Holders {
    pub of: &'static EntityDef,
    /// The field that says whose one is.
    pub owner: &'static str,
    /// The fact's link to one.
    pub link: &'static str,
    /// The fact's fields that say whose one was then, and in which department.
    pub dimension: &'static str,
    pub department: &'static str,
}

#[derive(Clone, Copy)]
pub enum Only {
    All,
    /// A condition in the query language.
    Where(&'static str),
    /// The field lies so many days before the day of the report: from, to, none for
    /// what has no end; and what else must hold.
    Aged(&'static str, Option<i32>, Option<i32>, &'static str),
}

const fn slice(name: &'static str, zh: &'static str, en: &'static str, kind: Kind) -> FieldDef {
    FieldDef { name, label: Label { zh, en }, kind, ..FieldDef::PLAIN }
}

static SLICES: [FieldDef; 5] = [
    slice("day", "日", "Day", Kind::Date),
    slice("week", "周", "Week", Kind::Text),
    slice("month", "月", "Month", Kind::Text),
    slice("quarter", "季", "Quarter", Kind::Text),
    slice("year", "年", "Year", Kind::Text),
];

/// The first and the last day of a slice's value: of `2026-03`, `2026-Q1`, `2026`, a day, a week's Monday.
pub(crate) fn span(slice: &str, value: &str) -> Option<(Date, Date)> {
    use jiff::ToSpan;
    let (from, to) = match (slice, value.split_once("-Q")) {
        ("quarter", Some((year, quarter))) => {
            let month = quarter.parse::<i8>().ok()? * 3;
            let first = days(&format!("{year}-{:02}", month - 2), Date::ZERO)?.0;
            (first, days(&format!("{year}-{month:02}"), Date::ZERO)?.1)
        }
        _ => days(value, Date::ZERO)?,
    };
    Some((from, if slice == "week" { from.checked_add(6.days()).ok()? } else { to }))
}

/// The slice that a day falls into.
fn slice_of(slice: &str, day: Date) -> String {
    use jiff::ToSpan;
    match slice {
        "week" => {
            let back = i32::from(day.weekday().to_monday_zero_offset());
            day.checked_sub(back.days()).unwrap_or(day).to_string()
        }
        "month" => day.strftime("%Y-%m").to_string(),
        "quarter" => format!("{}-Q{}", day.year(), (day.month() + 2) / 3),
        "year" => day.year().to_string(),
        _ => day.to_string(),
    }
}

/// The slices from one to another, those without rows too; at most `most`, the last ones.
pub fn slices(slice: &str, first: &str, last: &str, most: usize) -> Vec<String> {
    let mut all = std::collections::VecDeque::new();
    let Some((mut at, end)) = span(slice, first).map(|it| it.0).zip(span(slice, last).map(|it| it.1)) else {
        return Vec::new();
    };
    while at <= end {
        let it = slice_of(slice, at);
        let Some(next) = span(slice, &it).and_then(|it| it.1.tomorrow().ok()) else { break };
        at = next;
        all.push_back(it);
        if all.len() > most {
            all.pop_front();
        }
    }
    all.into()
}

/// A dimension as it was asked for.
pub(crate) struct Axis {
    name: &'static str,
    field: &'static FieldDef,
    /// The field of the fact that decides it; of a path, the link.
    base: &'static FieldDef,
    path: &'static str,
    place: Place,
}

enum Place {
    Own,
    Beyond(&'static EntityDef),
    Slice,
}

/// Most parts of one report, most days that one begins after, and most different parts that were ever asked for: their
/// columns stay, as those of a declaration do.
const PARTS: usize = 12;
const OLD: i32 = 36_500;
const KNOWN: usize = 4_096;

/// The measure of a part: what is from so many to so many days old.
fn part(
    def: &'static ReportDef,
    age: &'static Age,
    from: Option<i32>,
    to: Option<i32>,
) -> Result<&'static Measure> {
    static PARTS: Mutex<BTreeMap<String, &'static Measure>> = Mutex::new(BTreeMap::new());
    let text = |it: Option<i32>| it.map_or(String::new(), |it| it.to_string());
    let name = format!("{}_{}_{}", age.name, text(from), text(to));
    let key = format!("{}/{name}", def.code);
    let mut known = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(it) = known.get(&key) {
        return Ok(it);
    }
    if known.len() >= KNOWN {
        return Err(Error::invalid("buckets", "too_many"));
    }
    let said = |label: Label, days: &str| {
        let said = |text: &str| &*String::leak(text.replace("{}", days));
        Label { zh: said(label.zh), en: said(label.en) }
    };
    let label = match (from, to, age.ahead) {
        (None, _, Some(ahead)) => ahead,
        (from, Some(to), _) => said(age.part, &format!("{}–{to}", from.unwrap_or(0))),
        (from, None, _) => said(age.last, &(from.unwrap_or(1) - 1).to_string()),
    };
    let field = FieldDef { name: String::leak(name), label, kind: Kind::Money, ..FieldDef::PLAIN };
    let only = Only::Aged(age.field, from, to, age.also);
    let measure = Box::leak(Box::new(Measure { field, of: Of::Sum(age.of), only }));
    known.insert(key, measure);
    Ok(measure)
}

/// The parts that are asked for: `30,60,90` are up to 30, 60 and 90 days, and older.
fn parts(def: &'static ReportDef, query: &Query) -> Result<Vec<&'static Measure>> {
    if query.buckets.is_none() && query.aged.is_none() {
        return Ok(Vec::new());
    }
    let asked = query.aged.as_deref();
    let age = def.ages.iter().find(|it| asked.is_none_or(|asked| it.name == asked));
    let age = age.ok_or_else(|| Error::invalid("aged", "unknown_choice"))?;
    let text = query.buckets.as_deref().unwrap_or("30,60,90");
    let ends = text.split([',', '，']).map(|it| it.trim().parse::<i32>().ok());
    let ends: Option<Vec<i32>> = ends.collect();
    let says = Label {
        zh: "各段的天数从小到大，用逗号隔开，例如 30,60,90；最多 12 段",
        en: "Days of each part, rising, with commas: 30,60,90; at most 12",
    };
    let is_rising = |it: &Vec<i32>| it.is_sorted_by(|a, b| a < b) && it[0] > 0 && it[it.len() - 1] <= OLD;
    let ends = ends.filter(|it| it.len() <= PARTS && is_rising(it));
    let ends = ends.ok_or_else(|| Error::fault("buckets", "malformed", says))?;
    let mut parts = Vec::new();
    let mut from = None;
    if age.ahead.is_some() {
        parts.push(part(def, age, None, Some(0))?);
        from = Some(1);
    }
    for end in ends {
        parts.push(part(def, age, from, Some(end))?);
        from = Some(end + 1);
    }
    parts.push(part(def, age, from, None)?);
    Ok(parts)
}

/// What a report answers.
pub struct Figures {
    pub def: &'static ReportDef,
    /// Those of the columns behind the dimensions.
    pub measures: Vec<&'static Measure>,
    /// Dimensions first, then measures; a row is laid out as they say.
    pub columns: Vec<Column>,
    /// Name and path of those that are dimensions.
    pub axes: Vec<(&'static str, &'static str)>,
    pub rows: Vec<Record>,
    /// The measures over all rows, laid out as a row is.
    pub totals: Record,
    /// There are rows behind these.
    pub more: bool,
    pub page: usize,
    pub size: usize,
    pub sort: Vec<(String, bool)>,
    /// The conditions that all of them fulfil.
    pub asked: Query,
    /// The day that they stand at, or today.
    pub day: Date,
}

/// By what, and whether downwards.
type Order<T> = Vec<(T, bool)>;

struct Compiled {
    rows: Sql,
    totals: Sql,
    /// How many figures of the rows add up to the totals.
    summed: usize,
    figures: usize,
}

/// Most dimensions at once.
const AXES: usize = 4;
/// Rows of a page.
const SIZE: usize = 50;
/// Most rows of one answer: beyond is no question of a person.
pub const MOST: usize = 100_000;

impl Desk<'_> {
    /// The reports that the actor may see.
    pub fn reports(&self) -> Vec<&'static ReportDef> {
        self.tx.registry.reports.iter().copied().filter(|it| self.sees(it)).collect()
    }

    pub fn report(&self, code: &str) -> Result<&'static ReportDef> {
        let found = self.tx.registry.reports.iter().copied().find(|it| it.code == code);
        found.filter(|it| self.sees(it)).ok_or_else(|| Error::missing(format!("report/{code}")))
    }

    /// Whoever may read its facts and what it is about, which is the first of its measures.
    fn sees(&self, def: &'static ReportDef) -> bool {
        self.may(def.fact, "read").is_ok()
            && self.measures(def).next().is_some_and(|it| std::ptr::eq(it, &def.measures[0]))
    }

    /// The measures that the actor may read.
    pub fn measures(&self, def: &'static ReportDef) -> impl Iterator<Item = &'static Measure> {
        def.measures.iter().filter(move |it| self.may_measure(def, it))
    }

    fn may_measure(&self, def: &'static ReportDef, it: &Measure) -> bool {
        let reads = |name: &str| {
            let field = self.tx.catalog.field(def.fact, name);
            field.is_some_and(|field| self.may_read(def.fact, field))
        };
        match it.of {
            Of::Count => true,
            Of::Standing => def.holders.as_ref().is_some_and(|it| self.may(it.of, "read").is_ok()),
            Of::Sum(name) | Of::Distinct(name) | Of::Active(name) => reads(name),
            Of::Ratio(of, by) => {
                [of, by].into_iter().filter_map(|it| def.measure(it)).all(|it| self.may_measure(def, it))
            }
        }
    }

    /// The dimensions that the actor may group by: name, label.
    pub fn dimensions(&self, def: &'static ReportDef) -> Vec<(&'static str, Label)> {
        let own = def.dimensions.iter().map(|it| it.name);
        let all = own.chain(def.slices().iter().map(|it| it.name));
        all.filter_map(|it| Some((it, self.axis(def, it).ok()?.field.label))).collect()
    }

    fn axis(&self, def: &'static ReportDef, name: &str) -> Result<Axis> {
        let unknown = || Error::invalid(name, "unknown_field");
        if let Some(field) = def.slices().iter().find(|it| it.name == name) {
            let (_, base) = def.fact.field(def.date).ok_or_else(unknown)?;
            return Ok(Axis { name: field.name, field, base, path: def.date, place: Place::Slice });
        }
        let found = def.dimensions.iter().find(|it| it.name == name).ok_or_else(unknown)?;
        let (link, rest) = match found.path.split_once('.') {
            Some((link, rest)) => (link, Some(rest)),
            None => (found.path, None),
        };
        let base = self.readable(def.fact, link).map_err(|_| unknown())?;
        let (field, place) = match rest.zip(target_of(base)) {
            None => (base, Place::Own),
            Some((rest, to)) => {
                self.may(to, "read").map_err(|_| unknown())?;
                (self.readable(to, rest).map_err(|_| unknown())?, Place::Beyond(to))
            }
        };
        Ok(Axis { name: found.name, field, base, path: found.path, place })
    }

    /// The day that a report of state stands at, or the last one of a period.
    pub fn report_day(&self, query: &Query) -> Result<Date> {
        let today = self.tx.today();
        match &query.as_of {
            None => Ok(today),
            Some(text) => {
                days(text, today).map(|it| it.1).ok_or_else(|| Error::invalid("as_of", "malformed_date"))
            }
        }
    }

    /// The conditions of a report: its own, the period's, the asker's.
    fn conditions(&self, def: &'static ReportDef, query: &Query) -> Query {
        let mut terms = Query::parse(def.only).map(|it| it.terms).unwrap_or_default();
        if !def.date.is_empty() {
            let value = query.period.clone().unwrap_or_else(|| def.period.to_owned());
            if value != "all" {
                terms.push(Term::One(Condition { field: def.date.to_owned(), op: Op::Is, value }));
            }
        }
        terms.extend(query.terms.iter().cloned());
        let as_of = query.as_of.clone().filter(|_| def.date.is_empty());
        Query { terms, as_of, ..Query::default() }
    }

    /// Answers a report. Every name in the query is checked against what the actor may read.
    pub fn figures(
        &mut self,
        def: &'static ReportDef,
        query: &Query,
        most: Option<usize>,
    ) -> Result<Figures> {
        let names =
            |text: &str| text.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let axes = names(query.group.as_deref().unwrap_or(def.group));
        let axes = axes.iter().map(|it| self.axis(def, it)).collect::<Result<Vec<_>>>()?;
        if axes.len() > AXES {
            return Err(Error::invalid("group", "too_many"));
        }
        let asked = if query.measures.is_empty() { names(def.shown) } else { query.measures.clone() };
        let mut measures = Vec::new();
        let mut parts = parts(def, query)?;
        parts.retain(|it| self.may_measure(def, it));
        let is_aged = |it: &Measure| matches!(it.only, Only::Aged(..));
        for name in &asked {
            match self.measures(def).find(|it| it.field.name == name) {
                // Other parts stand where the declared ones would.
                Some(it) if is_aged(it) && query.aged.as_ref().or(query.buckets.as_ref()).is_some() => {
                    measures.append(&mut parts);
                }
                Some(it) => measures.push(it),
                None if query.measures.is_empty() => {}
                None => return Err(Error::invalid(name, "unknown_field")),
            }
        }
        measures.append(&mut parts);
        let day = self.report_day(query)?;
        let asked = self.conditions(def, query);
        let compiled = self.compile(def, &asked, &axes, &measures, day)?;
        let (sort, keys) = self.order(def, query, &axes, &measures)?;
        let mut sql = Sql::new("SELECT t.*");
        for n in 0..compiled.summed {
            sql.push(&format!(", CAST(SUM(t.m{n}) OVER () AS BIGINT)"));
        }
        sql.push(" FROM (").append(&compiled.rows).push(") t ORDER BY ");
        sql.each(&keys, |sql, (key, down)| {
            sql.append(key).push(if *down { " DESC NULLS LAST" } else { " NULLS LAST" });
        });
        let (size, page) = match most {
            _ if def.holders.is_some() => (MOST, 1),
            Some(most) => (most, 1),
            None => (query.size.unwrap_or(SIZE).clamp(1, 500), query.page.unwrap_or(1).min(MOST)),
        };
        sql.push(&format!(" LIMIT {} OFFSET {}", size + 1, (page - 1) * size));
        let mut rows = if axes.is_empty() { Vec::new() } else { self.tx.counted(&sql)? };
        let more = rows.len() > size;
        rows.truncate(size);
        let mut totals = vec![Value::Null; axes.len()];
        // What adds up was added up beside the rows; else they are a statement of their own.
        match rows.first_mut().filter(|_| compiled.summed > 0) {
            Some(row) => totals.extend(row.split_off(axes.len() + compiled.summed)),
            None => totals.extend(self.tx.counted(&compiled.totals)?.pop().unwrap_or_default()),
        }
        let (columns, width) = columns(&axes, &measures);
        if def.holders.is_some() {
            self.stand(def, &asked, &axes, &measures, &mut rows, &mut totals)?;
        }
        for row in rows.iter_mut().chain([&mut totals]) {
            row.truncate(axes.len() + compiled.figures);
            shares(row, axes.len(), &measures);
            row.resize(width, Value::Null);
        }
        if def.holders.is_some() {
            sorted(&mut rows, &columns, &axes, &sort);
        }
        self.entitle(&columns, &mut rows)?;
        let axes = axes.iter().map(|it| (it.name, it.path)).collect();
        Ok(Figures { def, measures, columns, axes, rows, totals, more, page, size, sort, asked, day })
    }

    fn compile(
        &mut self,
        def: &'static ReportDef,
        asked: &Query,
        axes: &[Axis],
        measures: &[&'static Measure],
        day: Date,
    ) -> Result<Compiled> {
        let fact = def.fact;
        self.tx.as_of(asked.as_of.is_some().then_some(day), None);
        let scope = self.reach(fact, "t", false)?;
        let mut from = Sql::default();
        let mut filter = Sql::default();
        match def.parts {
            None => {
                from.name(fact.code).push(" t");
                filter.append(&scope);
            }
            Some((name, parts)) => {
                from.push("(");
                for (n, (value, source)) in parts.iter().enumerate() {
                    from.push(if n > 0 { " UNION ALL SELECT t.*, " } else { "SELECT t.*, " });
                    self.tx.derive(&mut from, "t", &FieldDef { sql: value, ..FieldDef::DERIVED });
                    from.push(" AS ").name(name).push(" FROM ");
                    self.tx.phrase(&mut from, "t", source);
                    from.push(" AND ").append(&scope);
                }
                from.push(") t");
                filter.push("1 = 1");
                self.tx.as_of(asked.as_of.is_some().then_some(day), Some(name));
            }
        }
        // Along an index that has all it needs every row is met in order, whatever the period; and parts have chosen
        // their rows already.
        let is_swift = def.parts.is_some()
            || axes.iter().any(|it| matches!(it.place, Place::Own) && def.swift.contains(&it.field.name));
        let mut period = Sql::default();
        for term in &asked.terms {
            let is_date = |name: &str| def.fact.field(name).is_some_and(|it| matches!(it.1.kind, Kind::Date));
            let is_period = matches!(term, Term::One(it) if is_date(&it.field));
            let part = if is_swift && is_period { &mut period } else { &mut filter };
            part.push(" AND ").append(&self.term(fact, term)?);
        }
        from = from.through_indexes();
        filter = filter.through_indexes();
        filter.append(&period);
        let mut figures = Vec::new();
        let mut is_additive = def.holders.is_none();
        for measure in measures {
            let parts: Vec<&Measure> = match measure.of {
                Of::Ratio(of, by) => [of, by].into_iter().filter_map(|it| def.measure(it)).collect(),
                _ => vec![measure],
            };
            for part in parts {
                is_additive &= !matches!(part.of, Of::Distinct(_) | Of::Active(_));
                figures.push(self.figure(def, part, day)?);
            }
        }
        let is_plain = axes.iter().all(|it| matches!(it.place, Place::Own));
        let mut groups = Vec::new();
        let mut joins = Sql::default();
        for (n, axis) in axes.iter().enumerate() {
            let mut sql = Sql::default();
            match axis.place {
                Place::Own => self.expression(&mut sql, "t", axis.field),
                Place::Slice => self.tx.dialect().slice(&mut sql, axis.field.name, axis.base.name),
                Place::Beyond(to) => {
                    let alias = format!("j{n}");
                    self.expression(&mut sql, &alias, axis.field);
                    joins.push(" LEFT JOIN ").name(to.code).push(" ").push(&alias).push(" ON ").push(&alias);
                    joins.push(".id = t.").name(axis.base.name).push(" AND ");
                    joins.append(&self.reach(to, &alias, false)?.through_indexes());
                }
            }
            groups.push(sql);
        }
        let mut totals = Sql::new("SELECT ");
        totals.each(&figures, |sql, it| {
            sql.append(it);
        });
        totals.push(" FROM ").append(&from).push(" WHERE ").append(&filter);
        // What can be added up is summed by the fact's own fields first, along their index, and only that by month or
        // category.
        if is_additive && !is_plain {
            let mut bases: Vec<&str> = axes.iter().map(|it| it.base.name).collect();
            bases.sort_unstable();
            bases.dedup();
            let mut inner = Sql::new("(SELECT ");
            inner.each(&bases, |sql, it| {
                sql.push("t.").name(it);
            });
            for (n, figure) in figures.iter_mut().enumerate() {
                inner.push(", ").append(figure).push(&format!(" AS m{n}"));
                *figure = Sql::new(&format!("CAST(SUM(t.m{n}) AS BIGINT)"));
            }
            inner.push(" FROM ").append(&from).push(" WHERE ").append(&filter).push(" GROUP BY ");
            inner.each(&bases, |sql, it| {
                sql.push("t.").name(it);
            });
            inner.push(") t");
            (from, filter) = (inner, Sql::new("1 = 1"));
        }
        let mut rows = Sql::new("SELECT ");
        for (axis, group) in axes.iter().zip(&groups) {
            rows.append(group).push(" AS ").name(axis.column()).push(", ");
        }
        for (n, figure) in figures.iter().enumerate() {
            rows.push(if n > 0 { ", " } else { "" }).append(figure).push(&format!(" AS m{n}"));
        }
        rows.push(" FROM ").append(&from).append(&joins).push(" WHERE ").append(&filter);
        if !groups.is_empty() {
            rows.push(" GROUP BY ");
            rows.each(1..=groups.len(), |sql, n| {
                sql.push(&n.to_string());
            });
        }
        self.tx.as_of(None, None);
        let summed = if is_additive { figures.len() } else { 0 };
        Ok(Compiled { rows, totals, summed, figures: figures.len() })
    }

    /// A measure as an aggregate over `t`.
    fn figure(&mut self, def: &'static ReportDef, measure: &Measure, day: Date) -> Result<Sql> {
        let mut of = Sql::default();
        match measure.of {
            // Filled in later.
            Of::Standing => return Ok(Sql::new("CAST(NULL AS BIGINT)")),
            Of::Sum(name) | Of::Distinct(name) | Of::Active(name) => {
                let field = self.readable(def.fact, name)?;
                self.expression(&mut of, "t", field);
            }
            Of::Count | Of::Ratio(..) => {
                of.push("1");
            }
        }
        if let Some(text) = measure.only.text(day) {
            let mut case = Sql::new("CASE WHEN 1 = 1");
            case.append(&self.terms(def.fact, &text)?).push(" THEN ").append(&of).push(" END");
            of = case;
        }
        let mut sql = Sql::new(match measure.of {
            Of::Sum(_) => "CAST(SUM(",
            Of::Count | Of::Ratio(..) | Of::Standing => "CAST(COUNT(",
            Of::Distinct(_) | Of::Active(_) => "CAST(COUNT(DISTINCT ",
        });
        sql.append(&of).push(") AS BIGINT)");
        Ok(sql)
    }

    /// Each condition of a declaration over the fact `t`, with an AND before it.
    pub(crate) fn terms(&mut self, fact: &'static EntityDef, text: &str) -> Result<Sql> {
        let mut sql = Sql::default();
        for term in Query::parse(text).map(|it| it.terms).unwrap_or_default() {
            sql.push(" AND ").append(&self.term(fact, &term)?);
        }
        Ok(sql)
    }

    /// In which order, in words and in SQL: what was asked, else time as it goes by and the largest first.
    fn order(
        &mut self,
        def: &'static ReportDef,
        query: &Query,
        axes: &[Axis],
        measures: &[&'static Measure],
    ) -> Result<(Order<String>, Order<Sql>)> {
        let mut words = query.sort.clone();
        if words.is_empty() {
            words.extend(
                axes.iter()
                    .map_while(|it| matches!(it.place, Place::Slice).then(|| (it.name.to_owned(), false))),
            );
            let all = words.len() == axes.len();
            let about = measures.iter().find(|it| std::ptr::eq(**it, &def.measures[0])).or(measures.first());
            words.extend(about.filter(|_| !all).map(|it| (it.field.name.to_owned(), true)));
        }
        // Which figure a measure is: a share takes two.
        let mut places = Vec::new();
        let mut at = 0;
        for it in measures {
            places.push((it.field.name, at));
            at += if matches!(it.of, Of::Ratio(..)) { 2 } else { 1 };
        }
        let mut keys = Vec::new();
        for (name, down) in &words {
            let axis = axes.iter().find(|it| it.name == name);
            let key = match (axis, places.iter().find(|it| it.0 == name)) {
                (Some(axis), _) if matches!(axis.place, Place::Own) => {
                    self.key(def.fact, axis.field, *down)?.expression
                }
                (Some(axis), _) => Sql::new(&format!("t.\"{}\"", axis.column())),
                (None, Some((_, at))) => {
                    match measures.iter().find(|it| it.field.name == name).map(|it| it.of) {
                        Some(Of::Ratio(..)) => {
                            Sql::new(&format!("CAST(m{at} AS DOUBLE PRECISION) / NULLIF(m{}, 0)", at + 1))
                        }
                        _ => Sql::new(&format!("m{at}")),
                    }
                }
                _ => return Err(Error::invalid(name, "unknown_field")),
            };
            keys.push((key, *down));
        }
        // The same question has the same answer, page by page.
        keys.extend(axes.iter().map(|it| (Sql::new(&format!("t.\"{}\"", it.column())), false)));
        keys.extend(axes.is_empty().then(|| (Sql::new("1"), false)));
        Ok((words, keys))
    }

    /// Puts number and title behind the links of rows, as a list has them.
    fn entitle(&mut self, columns: &[Column], rows: &mut [Record]) -> Result<()> {
        for column in columns {
            let (Some(at), Some(to)) = (column.title, target_of(column.field)) else { continue };
            let mut called = std::collections::HashMap::new();
            let mut ids: Vec<i64> =
                rows.iter().map(|row| row[column.at].int()).filter(|it| *it != 0).collect();
            ids.sort_unstable();
            ids.dedup();
            for part in ids.chunks(500) {
                let number = column.number.map_or("''", |_| "t.number");
                let mut sql = Sql::new(&format!("SELECT t.id, {number}, t."));
                sql.name(to.title_field().name).push(" FROM ").name(to.code).push(" t WHERE t.id IN ");
                sql.any_of(part.iter().copied()).push(" AND ");
                sql.append(&match self.may(to, "read") {
                    Ok(_) => self.reach(to, "t", false)?,
                    Err(_) => Sql::new("1 = 0"),
                });
                for mut row in self.tx.rows(&sql)? {
                    let title = row.pop().unwrap_or(Value::Null);
                    let number = row.pop().unwrap_or(Value::Null);
                    called.insert(row[0].int(), (number, title));
                }
            }
            for row in rows.iter_mut() {
                if let Some((number, title)) = called.get(&row[column.at].int()) {
                    row[at] = title.clone();
                    if let Some(at) = column.number {
                        row[at] = number.clone();
                    }
                }
            }
        }
        Ok(())
    }
}

/// Rows that no statement put into their order.
fn sorted(rows: &mut [Record], columns: &[Column], axes: &[Axis], sort: &[(String, bool)]) {
    let place = |name: &str| {
        let axis = axes.iter().position(|it| it.name == name);
        axis.or_else(|| columns.iter().position(|it| it.field.name == name))
    };
    let keys: Vec<(usize, bool)> = sort.iter().filter_map(|it| Some((place(&it.0)?, it.1))).collect();
    rows.sort_by(|a, b| {
        let by = |at: usize, down: bool| match (a[at] == Value::Null, b[at] == Value::Null) {
            (false, false) if down => b[at].cmp(&a[at]),
            (false, false) => a[at].cmp(&b[at]),
            (a, b) => a.cmp(&b),
        };
        let all = keys.iter().copied().chain((0..axes.len()).map(|at| (at, false)));
        all.map(|(at, down)| by(at, down)).find(|it| it.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
}

impl Axis {
    pub fn is_slice(&self) -> bool {
        matches!(self.place, Place::Slice)
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What its column is called in the statement: a field of the fact keeps its name.
    fn column(&self) -> &'static str {
        if let Place::Own = self.place { self.field.name } else { self.name }
    }
}

/// Where things stand in a row: dimensions, measures, then number and title of links.
fn columns(axes: &[Axis], measures: &[&'static Measure]) -> (Vec<Column>, usize) {
    let fields = axes.iter().map(|it| it.field).chain(measures.iter().map(|it| &it.field));
    let plain = |(at, field)| Column { field, at, number: None, title: None, masked: false };
    let mut columns: Vec<Column> = fields.enumerate().map(plain).collect();
    let mut width = columns.len();
    for column in &mut columns[..axes.len()] {
        if let Some(to) = target_of(column.field).filter(|to| !crate::list::in_catalog(to)) {
            if to.at("number").is_some_and(|number| number != to.title + 1) {
                column.number = Some(width);
                width += 1;
            }
            column.title = Some(width);
            width += 1;
        }
    }
    (columns, width)
}

/// Makes of the two sums of each share one, in ten-thousandths, rounded half up.
fn shares(row: &mut Record, axes: usize, measures: &[&'static Measure]) {
    let mut figures = row.split_off(axes).into_iter();
    for measure in measures {
        let mut next = || figures.next().unwrap_or(Value::Null);
        let figure = next();
        row.push(match measure.of {
            Of::Ratio(..) => match (figure, next()) {
                (Value::Int(of), Value::Int(by)) if by != 0 => {
                    let (of, by) = (i128::from(of) * 10_000, i128::from(by));
                    let twice = 2 * of * by.signum() + by.abs();
                    i64::try_from(twice.div_euclid(2 * by.abs())).map_or(Value::Null, Value::Int)
                }
                _ => Value::Null,
            },
            _ => figure,
        });
    }
}

impl Only {
    /// Whether it leaves anything out.
    pub fn is_some(self) -> bool {
        !matches!(self, Only::All)
    }

    /// As the query language says it on a day.
    pub(crate) fn text(self, day: Date) -> Option<String> {
        use jiff::ToSpan;
        let before = |days: Option<i32>| days.and_then(|it| day.checked_sub(it.days()).ok());
        let said = |it: Option<Date>| it.map(|it| it.to_string()).unwrap_or_default();
        match self {
            Only::All => None,
            Only::Where(text) => Some(text.to_owned()),
            Only::Aged(field, from, to, also) => {
                Some(format!("{field}={}..{}&{also}", said(before(to)), said(before(from))))
            }
        }
    }
}

impl Figures {
    /// The measure of a column, where it is none of the dimensions.
    pub fn measure(&self, column: usize) -> Option<&'static Measure> {
        column.checked_sub(self.axes.len()).and_then(|n| self.measures.get(n).copied())
    }

    /// The rows behind a figure, as the query of their list: of a row and a measure, or of all.
    pub fn behind(&self, row: Option<&Record>, column: usize) -> String {
        let mut terms = self.asked.terms.clone();
        if let Some(row) = row {
            terms.extend(self.conditions(row, self.axes.len()));
        }
        let measure = self.measure(column);
        if let Some(text) = measure.and_then(|it| it.only.text(self.day)) {
            terms.extend(Query::parse(&text).map(|it| it.terms).unwrap_or_default());
        }
        terms.extend(Query::parse(self.def.behind).map(|it| it.terms).unwrap_or_default());
        // The list says the day itself.
        for term in &mut terms {
            if let Term::One(it) = term
                && it.value == "..today"
            {
                it.value = format!("..{}", self.day);
            }
        }
        terms.dedup();
        let columns = self.def.columns.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        Query { terms, columns, ..self.asked.clone() }.text()
    }

    /// Where a figure leads: to the list of the rows behind it, with the same conditions. A share has no rows of its own.
    pub fn door(&self, row: Option<&Record>, column: usize) -> Option<String> {
        let measure = self.measure(column)?;
        match (measure.of, &self.def.holders) {
            (Of::Ratio(..), _) => None,
            (Of::Standing, Some(holders)) => {
                let mut query = Query::default();
                for term in row.map(|row| self.conditions(row, self.axes.len())).unwrap_or_default() {
                    if let Term::One(it) = term
                        && let Some(rest) = it.field.strip_prefix(holders.dimension)
                    {
                        let field = format!("{}{rest}", holders.owner);
                        query.terms.push(Term::One(Condition { field, ..it }));
                    }
                }
                Some(format!("/{}?view=*&{}", holders.of.code, query.text()))
            }
            _ => Some(format!("/{}?{}", self.def.fact.code, self.behind(row, column))),
        }
    }

    /// What the first dimensions of a row say, as conditions.
    pub fn conditions(&self, row: &Record, axes: usize) -> Vec<Term> {
        let mut terms = Vec::new();
        for (n, (name, path)) in self.axes.iter().enumerate().take(axes) {
            let is_slice = self.def.slices().iter().any(|it| it.name == *name);
            let value = match &row[n] {
                Value::Null => "none".to_owned(),
                Value::Text(text) if text.is_empty() => "none".to_owned(),
                Value::Text(text) if is_slice => match span(name, text) {
                    Some((from, to)) if from == to => from.to_string(),
                    Some((from, to)) => format!("{from}..{to}"),
                    None => text.clone(),
                },
                Value::Text(text) => text.clone(),
                Value::Int(int) => int.to_string(),
            };
            terms.push(Term::One(Condition { field: (*path).to_owned(), op: Op::Is, value }));
        }
        terms
    }
}

/// The fields that an index holds behind a link or date of a fact, so that its sums need no look at the rows.
pub(crate) fn held(registry: Registry, def: &EntityDef, field: &FieldDef) -> Vec<&'static str> {
    let mut held = Vec::new();
    for report in registry.reports.iter().filter(|it| std::ptr::eq(it.fact, def)) {
        if report.swift.contains(&field.name) {
            held.extend([report.date].into_iter().filter(|it| *it != field.name));
            held.extend(report.summed());
        }
    }
    let mut seen = Vec::new();
    held.retain(|it| {
        !seen.contains(it) && {
            seen.push(*it);
            true
        }
    });
    held
}
