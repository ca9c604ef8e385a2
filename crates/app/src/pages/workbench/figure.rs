//! A count with the address of exactly its rows: both come from one question.

use std::collections::HashMap;

use maud::{Markup, html};
use model::{Desk, EntityDef, Query, Result, Value};
use web::list::ask::Ask;
use web::ui::amount;

/// How many, and where they are listed.
#[derive(Clone)]
pub struct Figure {
    pub count: i64,
    pub href: String,
}

impl Figure {
    /// `raw` is what stands behind the `?` of a list's address.
    pub fn of(desk: &mut Desk, def: &'static EntityDef, raw: &str) -> Result<Figure> {
        let query = asked(desk, def, raw)?;
        Ok(Figure { count: desk.count(def.code, &query)?, href: address(def, raw) })
    }

    /// The figure as a link.
    pub fn link(&self) -> Markup {
        html! { a class="ky-fig" href=(self.href) { (amount(self.count, 0, 0)) } }
    }

    /// The same, quiet where there is nothing.
    pub fn cell(&self) -> Markup {
        html! { @if self.count == 0 { span class="ky-none" { "—" } } @else { (self.link()) } }
    }
}

/// Several figures in one pass, by the values of a field: of the rows that `within` lists, those that each of `raws` does.
pub struct Tally {
    def: &'static EntityDef,
    field: &'static str,
    raws: Vec<String>,
    counts: HashMap<Value, Vec<i64>>,
}

impl Tally {
    pub fn of(
        desk: &mut Desk,
        def: &'static EntityDef,
        field: &'static str,
        within: &str,
        raws: &[String],
    ) -> Result<Tally> {
        let within = asked(desk, def, within)?;
        let mut each = Vec::new();
        for raw in raws {
            each.push(asked(desk, def, raw)?);
        }
        let counts = desk.tally(def.code, &within, field, &each)?.into_iter().collect();
        Ok(Tally { def, field, raws: raws.to_vec(), counts })
    }

    /// The figure of one question over all values.
    pub fn all(&self, n: usize) -> Figure {
        Figure { count: self.counts.values().map(|it| it[n]).sum(), href: address(self.def, &self.raws[n]) }
    }

    /// Of one value.
    pub fn one(&self, n: usize, value: &Value) -> Figure {
        let said = match value {
            Value::Null => "none".to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Text(text) => text.clone(),
        };
        let count = self.counts.get(value).map_or(0, |it| it[n]);
        Figure { count, href: address(self.def, &with(&self.raws[n], self.field, &said)) }
    }

    /// The values with rows in one question, the most first.
    pub fn values(&self, n: usize) -> Vec<Value> {
        let mut found: Vec<_> = self.counts.iter().filter(|it| it.1[n] > 0).collect();
        // The same order at each look, where counts are equal.
        found.sort_by_key(|(value, counts)| (-counts[n], format!("{value:?}")));
        found.into_iter().map(|it| it.0.clone()).collect()
    }
}

/// What the list page makes of the same address.
pub fn asked(desk: &mut Desk, def: &'static EntityDef, raw: &str) -> Result<Query> {
    Ok(Ask::read(desk, def, raw)?.query)
}

pub fn address(def: &EntityDef, raw: &str) -> String {
    format!("/{}?{raw}", def.code)
}

/// One more condition on a list's address.
pub fn with(raw: &str, name: &str, value: &str) -> String {
    let mark = if raw.is_empty() { "" } else { "&" };
    format!("{raw}{mark}{name}={}", web::list::ask::encode(value).replace("%2C", ","))
}
