//! The list page of every entity.

pub mod ask;
pub mod bar;
pub mod cell;
mod empty;
pub mod filter;
pub mod table;
mod views;
pub mod words;

pub use bar::verb_icon;
pub use empty::art;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use maud::html;
use model::message::message;
use model::{Desk, EntityDef, Error, Result};

use crate::shell::{self, Page};
use crate::ui::t;
use crate::visit::{Answer, At, Shown, Visit};
use crate::{Site, problem, request_number};
use ask::Ask;

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/{entity}", get(list))
        .route("/{entity}/filter", get(more))
        .route("/{entity}/filter/{field}", get(popover))
        .route("/{entity}/columns", get(columns))
        .route("/{entity}/view", get(views::show).post(views::save))
        .route("/{entity}/view/{id}/delete", post(views::delete))
        .route("/{entity}/view/{id}/pin", post(views::pin))
}

async fn list(visit: Visit, At(entity): At<String>) -> Answer {
    let (raw, headers) = (visit.raw.clone(), visit.headers.clone());
    let (response, taken) = visit.show_with(move |desk| answer(desk, &entity, &raw, &headers)).await?;
    // Whoever reads on takes the list with them.
    if let Some((entity, query, rows)) = taken {
        visit.site.read_on(&visit.visitor, "list", entity, query, rows).await?;
    }
    Ok(response)
}

/// Rows that count as taken: entity, filter, how many.
type Taken = Option<(&'static str, String, usize)>;

fn answer(desk: &mut Desk, entity: &str, raw: &str, headers: &HeaderMap) -> Result<(Shown, Taken)> {
    let def = desk.entity(entity)?;
    if raw.is_empty()
        && let views = desk.views(def)?
        && let Some(view) = views.iter().find(|it| it.is_default).or(views.first())
    {
        // A bare address leads to the view that the user begins with.
        return Ok((Shown::To(format!("/{entity}?view={}", view.code)), None));
    }
    let ask = Ask::read(desk, def, raw);
    let sheet = match &ask {
        Ok(ask) => table::read(desk, ask),
        Err(error) => Err(error.clone()),
    };
    let ask = ask.unwrap_or_else(|_| Ask::plain(def));
    let taken = sheet.as_ref().ok().filter(|it| it.taken > 0);
    let taken = taken.map(|sheet| (def.code, ask.filter(), sheet.taken));
    let is_part = headers.get("hx-target").is_some_and(|it| it.as_bytes().ends_with(b"#rows"));
    if is_part && let Ok(sheet) = &sheet {
        return Ok((html! { (sheet.rows) (sheet.foot) }.into(), taken));
    }
    let tabs = bar::tabs(desk, def)?;
    let mut status = StatusCode::OK;
    let body = match sheet {
        Ok(sheet) => html! {
            (bar::action_row(desk, &ask, &tabs, sheet.totals.count))
            (bar::filter_row(desk, &ask, Some(&sheet))?)
            div class="ky-loadbar" id="loading" aria-hidden="true" {}
            (sheet.rows)
            (sheet.foot)
            (bar::batch_bar(desk, &ask, &sheet))
        },
        Err(error) if table::is_asked(&error) => {
            status = problem::status(&error);
            let says = message(&error, desk.catalog().registry, entity, desk.actor.lang);
            let plain = Ask::plain(def);
            html! {
                (bar::action_row(desk, &plain, &tabs, 0))
                (bar::filter_row(desk, &plain, None)?)
                (empty::broken(desk, &plain, &says, &request_number(headers))?)
            }
        }
        Err(error) => return Err(error),
    };
    let mut page = Page::new(def.many(desk.actor.lang), def.code, body);
    if def.module == "settings" {
        page.crumbs.push((t(desk.actor.lang, "设置", "Settings").to_owned(), "/settings".to_owned()));
    }
    page.class = "ky-main is-flush";
    page.pin = pin(&ask);
    page.status = status;
    Ok((page.into(), taken))
}

/// The star of a list: a view as it was saved goes to the sidebar, anything else gets a name first.
fn pin(ask: &Ask) -> Option<shell::Pin> {
    match &ask.view {
        // What is red stands there anyway; what is another's is theirs to change.
        Some(view)
            if !ask.is_changed()
                && (view.urgent && view.mine.is_none()
                    || view.mine.is_none() && view.code.starts_with('v')) =>
        {
            None
        }
        Some(view) if !ask.is_changed() => {
            Some(shell::Pin::Toggle(format!("/{}/view/{}/pin", ask.def.code, view.code), view.pinned))
        }
        _ => Some(shell::Pin::Save(ask.address("/view", &[]))),
    }
}

async fn more(visit: Visit, At(entity): At<String>) -> Answer {
    let raw = visit.raw.clone();
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        let ask = Ask::read(desk, def, &raw)?;
        Ok(filter::fields(desk, &ask))
    };
    visit.show(draw).await
}

async fn popover(visit: Visit, At((entity, field)): At<(String, String)>) -> Answer {
    let (raw, typed) = (visit.raw.clone(), visit.value("typed"));
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        // Letters typed in the popover come as a second `q`, behind the list's own.
        let field = readable(desk, def, &field)?;
        let ask = Ask::read(desk, def, &without(&raw, "typed"))?;
        filter::popover(desk, &ask, field, typed.as_deref())
    };
    visit.show(draw).await
}

pub fn readable(desk: &Desk, def: &'static EntityDef, name: &str) -> Result<&'static model::FieldDef> {
    let field = desk.catalog().field(def, name).filter(|it| desk.may_read(def, it));
    field.ok_or_else(|| Error::missing(format!("{}/{name}", def.code)))
}

/// A query string without one key.
pub fn without(raw: &str, key: &str) -> String {
    let kept = form_urlencoded::parse(raw.as_bytes()).filter(|it| it.0 != key);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
}

/// The columns of the settings' form become one key of the address.
async fn columns(visit: Visit, At(entity): At<String>) -> Answer {
    let raw = visit.raw.clone();
    let chosen = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        let chosen = form_urlencoded::parse(raw.as_bytes()).filter(|it| it.0 == "column").map(|it| it.1);
        let chosen: Vec<_> = chosen.collect();
        Ok(Shown::To(Ask::read(desk, def, &raw)?.link(&[("columns", &chosen.join(","))])))
    };
    visit.show(chosen).await
}
