//! The query language of pages, views, API and command line:
//! `owner=me&class=A,B&created=2026-01-01..2026-03-31&q=bjjtg&sort=-name&size=50&after=…`.
//!
//! `f=a,b` any of; `f!=a` none of; `f=1..9`, `f=1..`, `f=..9`; `f>1`, `f<1`; `f~=text` contains; `none`, `any`; `me`,
//! `mydept`; `today`, `this_month`, `last_30_days`; `link.field=…` one step along a link; `or=(a=1&b=2)`. A field that has
//! the name of a key, such as `size`, is written with a dot before it: `.size=large`.

use std::borrow::Cow;

use crate::{Date, FieldDef, clean};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    pub q: String,
    pub terms: Vec<Term>,
    /// Field and whether downwards.
    pub sort: Vec<(String, bool)>,
    pub size: Option<usize>,
    /// From 1; for a pager's page numbers.
    pub page: Option<usize>,
    pub after: Option<String>,
    /// Whether the total is wanted.
    pub count: bool,
    pub group: Option<String>,
    /// Columns in their order, with a width in pixels if one was set: `name:240`.
    pub columns: Vec<String>,
    /// Of a ledger's list or a report of state: the day whose end is looked at.
    pub as_of: Option<String>,
    /// Of a report: the measures, and the span of time.
    pub measures: Vec<String>,
    pub period: Option<String>,
    /// Of a report of ages: after how many days each part ends, and from which day they are counted.
    pub buckets: Option<String>,
    pub aged: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    One(Condition),
    /// Any of these.
    Or(Vec<Condition>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// A field, or `link.field`.
    pub field: String,
    pub op: Op,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Is,
    Not,
    Above,
    Below,
    Contains,
}

impl Op {
    fn sign(self) -> &'static str {
        match self {
            Op::Is => "=",
            Op::Not => "!=",
            Op::Above => ">",
            Op::Below => "<",
            Op::Contains => "~=",
        }
    }
}

/// Most conditions and most letters of one query: more is no question of a person.
const TERMS: usize = 60;
const LENGTH: usize = 16_000;

impl Query {
    /// Reads a URL's query. Names are looked up later, by who knows the entity; `None` when it is beyond all measure.
    pub fn parse(text: &str) -> Option<Query> {
        if text.len() > LENGTH {
            return None;
        }
        let mut query = Query { count: true, ..Query::default() };
        for (key, value) in form_urlencoded::parse(text.trim_start_matches('?').as_bytes()) {
            let (key, value) = (clean(&key, false), clean(&value, false));
            match &*key {
                "q" => query.q = value.into_owned(),
                "sort" => query.sort = value.split(',').filter(|it| !it.is_empty()).map(sorted).collect(),
                "size" => query.size = value.parse().ok(),
                "page" => query.page = value.parse().ok().filter(|it| *it > 0),
                "after" => query.after = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "count" => query.count = value != "0",
                "group" => query.group = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "columns" => {
                    query.columns = value.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect()
                }
                "as_of" => query.as_of = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "measure" => {
                    query.measures = value.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect()
                }
                "period" => query.period = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "buckets" => query.buckets = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "aged" => query.aged = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "view" | "density" | "slice" | "chart" => {}
                "or" => {
                    let inner = value.trim().trim_start_matches('(').trim_end_matches(')');
                    let pairs = form_urlencoded::parse(inner.as_bytes());
                    let pairs = pairs
                        .filter_map(|(key, value)| condition(&clean(&key, false), &clean(&value, false)));
                    query.terms.push(Term::Or(pairs.collect()));
                }
                _ => query.terms.extend(condition(&key, &value).map(Term::One)),
            }
        }
        (query.terms.len() <= TERMS && query.sort.len() <= 5).then_some(query)
    }

    /// The query as text again, without paging.
    pub fn text(&self) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            out.append_pair("q", &self.q);
        }
        for term in &self.terms {
            match term {
                Term::One(it) => {
                    let (key, value) = it.pair();
                    out.append_pair(&key, &value);
                }
                Term::Or(any) => {
                    let mut inner = form_urlencoded::Serializer::new(String::new());
                    any.iter().for_each(|it| {
                        let (key, value) = it.pair();
                        inner.append_pair(&key, &value);
                    });
                    out.append_pair("or", &format!("({})", inner.finish()));
                }
            }
        }
        if !self.sort.is_empty() {
            let sort = self.sort.iter().map(|it| format!("{}{}", if it.1 { "-" } else { "" }, it.0));
            out.append_pair("sort", &sort.collect::<Vec<_>>().join(","));
        }
        let size = self.size.map(|it| it.to_string());
        let rest = [("size", size), ("group", self.group.clone()), ("as_of", self.as_of.clone())];
        for (name, value) in rest {
            if let Some(value) = value {
                out.append_pair(name, &value);
            }
        }
        if !self.columns.is_empty() {
            out.append_pair("columns", &self.columns.join(","));
        }
        out.finish()
    }

    /// The condition on one field that chips and pickers edit.
    pub fn on(&self, field: &str) -> Option<&Condition> {
        self.terms.iter().find_map(|it| match it {
            Term::One(condition) if condition.field == field => Some(condition),
            _ => None,
        })
    }

    /// Whether a field is a column unasked.
    pub fn shows(&self, field: &FieldDef) -> bool {
        let is_one = |of: &str| self.on(of).is_some_and(|it| it.op == Op::Is && !it.value.contains(','));
        field.list && field.running.is_none_or(|it| is_one(it.0))
    }
}

/// Keys that are no fields.
const KEYS: [&str; 17] = [
    "q", "sort", "size", "page", "after", "count", "group", "columns", "as_of", "measure", "period",
    "buckets", "aged", "view", "density", "slice", "chart",
];

fn sorted(text: &str) -> (String, bool) {
    match text.strip_prefix('-') {
        Some(field) => (field.to_owned(), true),
        None => (text.to_owned(), false),
    }
}

/// `f!` with `a` is `f!=a`; `f>5` may come with its value in the key or behind a `=`.
fn condition(key: &str, value: &str) -> Option<Condition> {
    let make = |field: &str, op, value: &str| {
        let plain = field.strip_prefix('.').filter(|it| KEYS.contains(it)).unwrap_or(field);
        Some(Condition { field: plain.to_owned(), op, value: value.to_owned() })
    };
    for (sign, op) in [('>', Op::Above), ('<', Op::Below)] {
        if let Some((field, rest)) = key.split_once(sign) {
            return make(field, op, if rest.is_empty() { value } else { rest });
        }
    }
    match (key.strip_suffix('!'), key.strip_suffix('~')) {
        (Some(field), _) => make(field, Op::Not, value),
        (_, Some(field)) => make(field, Op::Contains, value),
        _ if key.is_empty() => None,
        _ => make(key, Op::Is, value),
    }
}

impl Condition {
    /// What a condition on this field has for its key.
    pub fn key(field: &str) -> Cow<'_, str> {
        if KEYS.contains(&field) { format!(".{field}").into() } else { field.into() }
    }

    fn pair(&self) -> (String, String) {
        let sign = self.op.sign().trim_end_matches('=');
        (format!("{}{sign}", Condition::key(&self.field)), self.value.clone())
    }
}

/// The first and the last day of a word such as `this_month`, `last_30_days`, or of a date itself. Weeks begin on
/// Monday.
pub fn days(word: &str, today: Date) -> Option<(Date, Date)> {
    use jiff::ToSpan;
    let step = |n: i32, days: i32| today.checked_add((n * days).days()).ok();
    let year =
        |n: i16| Some((Date::new(today.year() + n, 1, 1).ok()?, Date::new(today.year() + n, 12, 31).ok()?));
    let month = |n: i32| {
        let first = today.first_of_month().checked_add(n.months()).ok()?;
        Some((first, first.last_of_month()))
    };
    let quarter = |n: i32| {
        let first = Date::new(today.year(), (today.month() - 1) / 3 * 3 + 1, 1)
            .ok()?
            .checked_add((3 * n).months())
            .ok()?;
        Some((first, first.checked_add(2.months()).ok()?.last_of_month()))
    };
    let week = |n: i32| {
        let first = today.checked_sub(i32::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
        let first = first.checked_add((7 * n).days()).ok()?;
        Some((first, first.checked_add(6.days()).ok()?))
    };
    match word {
        "today" => Some((today, today)),
        "yesterday" => Some((step(-1, 1)?, step(-1, 1)?)),
        "tomorrow" => Some((step(1, 1)?, step(1, 1)?)),
        "this_week" => week(0),
        "last_week" => week(-1),
        "next_week" => week(1),
        "this_month" => month(0),
        "last_month" => month(-1),
        "next_month" => month(1),
        "this_quarter" => quarter(0),
        "last_quarter" => quarter(-1),
        "next_quarter" => quarter(1),
        "this_year" => year(0),
        "last_year" => year(-1),
        "next_year" => year(1),
        _ => {
            let count = |text: &str| {
                text.strip_suffix("_days")?.parse::<i32>().ok().filter(|n| (1..=36_600).contains(n))
            };
            if let Some(n) = word.strip_prefix("last_").and_then(count) {
                return Some((step(1 - n, 1)?, today));
            }
            if let Some(n) = word.strip_prefix("next_").and_then(count) {
                return Some((today, step(n, 1)?));
            }
            // `2026`, `2026-03` and `2026-03-31` name a span each.
            let date = match word.len() {
                4 => (format!("{word}-01-01"), format!("{word}-12-31")),
                7 => (format!("{word}-01"), format!("{word}-01")),
                _ => (word.to_owned(), word.to_owned()),
            };
            let (from, to): (Date, Date) = (date.0.parse().ok()?, date.1.parse().ok()?);
            Some((from, if word.len() == 7 { to.last_of_month() } else { to }))
        }
    }
}
