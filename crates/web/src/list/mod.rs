//! The list page of every entity.

pub mod ask;
pub mod bar;
pub mod cell;
mod filter;
pub mod table;
mod views;
pub mod words;

pub use bar::verb_icon;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::message::message;
use model::{Desk, EntityDef, Error, Result};

use crate::shell::{self, Frame, Page};
use crate::visitor::Visitor;
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

/// What a list's address comes to.
enum Answer {
    /// A bare address leads to the view that the user begins with.
    To(String),
    /// Rows and foot alone, for a page that is already there.
    Part(Markup),
    Whole(Box<(Frame, Page, StatusCode)>),
}

async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let asked = headers.clone();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let mut taken = None;
        Ok((answer(desk, &entity, &raw, &asked, &mut taken)?, taken))
    });
    let answer = match read.await {
        // Whoever reads on takes the list with them.
        Ok((answer, Some((entity, query, rows)))) => {
            site.read_on(&visitor, "list", entity, query, rows).await.map(|()| answer)
        }
        read => read.map(|it| it.0),
    };
    match answer {
        Ok(Answer::To(address)) => Redirect::to(&address).into_response(),
        Ok(Answer::Part(rows)) => Html(rows.into_string()).into_response(),
        Ok(Answer::Whole(whole)) => {
            let (frame, page, status) = *whole;
            let mut response = shell::page(&visitor, &frame, &headers, page);
            *response.status_mut() = status;
            response
        }
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

/// Rows that count as taken: entity, filter, how many.
type Taken = Option<(&'static str, String, usize)>;

fn answer(
    desk: &mut Desk,
    entity: &str,
    raw: &str,
    headers: &HeaderMap,
    taken: &mut Taken,
) -> Result<Answer> {
    let def = desk.entity(entity)?;
    if raw.is_empty()
        && let views = desk.views(def)?
        && let Some(view) = views.iter().find(|it| it.is_default).or(views.first())
    {
        return Ok(Answer::To(format!("/{entity}?view={}", view.code)));
    }
    let ask = Ask::read(desk, def, raw);
    let sheet = match &ask {
        Ok(ask) => table::read(desk, ask),
        Err(error) => Err(error.clone()),
    };
    let ask = ask.unwrap_or_else(|_| Ask::plain(def));
    if let Ok(sheet) = sheet.as_ref()
        && sheet.taken > 0
    {
        *taken = Some((def.code, ask.filter(), sheet.taken));
    }
    let is_part = headers.get("hx-target").is_some_and(|it| it.as_bytes().ends_with(b"#rows"));
    if is_part && let Ok(sheet) = &sheet {
        return Ok(Answer::Part(html! { (sheet.rows) (sheet.foot) }));
    }
    let frame = Frame::read(desk, headers)?;
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
            html! {
                (bar::action_row(desk, &Ask::plain(def), &tabs, 0))
                (table::broken(&ask, desk, &says, &request_number(headers)))
            }
        }
        Err(error) => return Err(error),
    };
    let mut page = Page::new(def.many(desk.actor.lang), def.code, body);
    page.class = "ky-main is-flush";
    page.pin = pin(&ask);
    Ok(Answer::Whole(Box::new((frame, page, status))))
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

async fn more(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let def = desk.entity(&entity)?;
        let ask = Ask::read(desk, def, &raw)?;
        Ok(filter::fields(desk, &ask))
    });
    part(&site, &visitor, &headers, read.await)
}

async fn popover(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, field)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let def = desk.entity(&entity)?;
        // Letters typed in the popover come as a second `q`, behind the list's own.
        let field = readable(desk, def, &field)?;
        let typed =
            form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == "typed").map(|it| it.1.into_owned());
        let raw: String = without(&raw, "typed");
        let ask = Ask::read(desk, def, &raw)?;
        filter::popover(desk, &ask, field, typed.as_deref())
    });
    part(&site, &visitor, &headers, read.await)
}

fn readable(desk: &Desk, def: &'static EntityDef, name: &str) -> Result<&'static model::FieldDef> {
    let field = desk.catalog().field(def, name).filter(|it| desk.may_read(def, it));
    field.ok_or_else(|| Error::missing(format!("{}/{name}", def.code)))
}

/// A query string without one key.
fn without(raw: &str, key: &str) -> String {
    let kept = form_urlencoded::parse(raw.as_bytes()).filter(|it| it.0 != key);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
}

/// The columns of the settings' form become one key of the address.
async fn columns(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let def = desk.entity(&entity)?;
        let chosen =
            form_urlencoded::parse(raw.as_bytes()).filter(|it| it.0 == "column").map(|it| it.1.into_owned());
        let chosen: Vec<String> = chosen.collect();
        Ok(Ask::read(desk, def, &raw)?.link(&[("columns", &chosen.join(","))]))
    });
    match read.await {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

/// A part of a page, or the problem instead.
pub fn part(site: &Site, visitor: &Visitor, headers: &HeaderMap, read: Result<Markup>) -> Response {
    match read {
        Ok(markup) => Html(markup.into_string()).into_response(),
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}
