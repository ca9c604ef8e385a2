//! A count with the address of exactly its rows: both come from one question.

use maud::{Markup, html};
use model::{Desk, EntityDef, Query, Result};
use web::list::ask::Ask;
use web::ui::count;

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
        html! { a class="ky-fig" href=(self.href) { (count(self.count)) } }
    }

    /// The same, quiet where there is nothing.
    pub fn cell(&self) -> Markup {
        html! { @if self.count == 0 { span class="ky-none" { "—" } } @else { (self.link()) } }
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
