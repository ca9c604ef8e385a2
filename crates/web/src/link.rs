//! What somebody without an account sees behind a link: one record, its lines, and what they may say to it.

use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::message::{fault, message};
use model::system::{Link, hashed};
use model::{
    Actor, Card, Desk, Door, EntityDef, Error, FieldDef, Format, Kind, Lang, Offer, Result, Rights, Scalar,
    Text,
};

use crate::guard::Client;
use crate::list::cell::Cells;
use crate::login::theme;
use crate::print::shown;
use crate::shell::plain;
use crate::ui::{icon, notice, t};
use crate::visit::{Answer, At, Failure, Sent};
use crate::visitor::preferred;
use crate::{Site, problem};

pub fn routes() -> Router<Site> {
    Router::new().route("/s/{token}", get(show)).route("/s/{token}/{entity}/{id}/{verb}", post(act))
}

/// Links that do not hold, from one address, before it waits; then how many minutes.
const TRIES: (i64, i64) = (20, 10);
/// What is said by one link before it waits; then how many minutes.
const SAID: (i64, i64) = (240, 10);

/// Whoever came by a link that holds.
struct Guest {
    site: Site,
    actor: Actor,
    headers: HeaderMap,
    /// Under which the gate counts what is said by this link.
    key: String,
    token: String,
    entity: String,
    record: i64,
}

impl FromRequestParts<Site> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> std::result::Result<Guest, Response> {
        let failed = |error: Error| Failure(error).into_response();
        let client = parts.extensions.get::<Client>().map(|it| it.address.clone()).unwrap_or_default();
        let Path(named) = Path::<Vec<(String, String)>>::from_request_parts(parts, site)
            .await
            .map_err(|it| failed(Error::missing(it.to_string())))?;
        let token = named.into_iter().next().map(|it| it.1).unwrap_or_default();
        let key = format!("s:{client}");
        let missed = || {
            site.traffic.missed_links.fetch_add(1, Ordering::Relaxed);
            gone(&parts.headers)
        };
        if site.gate.locked(&key).is_some() {
            return Err(missed());
        }
        let hash = hashed(&token);
        let found = site.db.read_async(&site.system, move |desk| {
            let now = desk.now();
            let link = desk.trusted().first::<Link>(&[("token", hash.into())])?;
            Ok(link.filter(|it| !it.closed && it.expires > now))
        });
        let Some(link) = found.await.map_err(failed)? else {
            tracing::warn!(address = client, "a link that does not hold");
            site.gate.blame(&key, TRIES.0, TRIES.1);
            return Err(missed());
        };
        let lang = preferred(&parts.headers);
        let rights = Rights::of_link(&link).into();
        let actor = Actor { door: Door::Link, user: 0, department: 0, lang, rights };
        let (entity, record, id) = (link.entity, link.record, link.id);
        let seen = site.db.write_async(&site.system, move |desk| {
            let now = desk.now().value();
            desk.trusted().touch(id, "seen", now)
        });
        seen.await.map_err(failed)?;
        let (site, headers, key) = (site.clone(), parts.headers.clone(), format!("said:{}", id.0));
        Ok(Guest { site, actor, headers, key, token, entity, record })
    }
}

/// Never there, expired or revoked: nobody learns which.
fn gone(headers: &HeaderMap) -> Response {
    let lang = preferred(headers);
    let title = t(lang, "链接无效", "This link does not hold");
    let body = html! {
        main class="ky-guest" id="main" {
            h1 { (title) }
            p { (t(lang, "链接可能抄错了，或者已经过期、被收回。请向发给您的人要一个新的。", "It may be mistyped, expired or taken back. Ask whoever sent it for a new one.")) }
        }
    };
    (StatusCode::NOT_FOUND, plain(lang, theme(headers), title, "", &body)).into_response()
}

async fn show(guest: Guest) -> Answer {
    guest.page(None).await
}

async fn act(
    guest: Guest,
    At((_, entity, id, verb)): At<(String, String, i64, String)>,
    Sent(given): Sent,
) -> Answer {
    if let Some(minutes) = guest.site.gate.locked(&guest.key) {
        let says = Text::new(
            format!("操作太频繁，请 {minutes} 分钟后再试"),
            format!("That was a lot at once; try again in {minutes} minutes"),
        );
        return guest.page(Some((entity, Error::refused("too_often", says)))).await;
    }
    guest.site.gate.blame(&guest.key, SAID.0, SAID.1);
    // Back where it was said.
    let back = format!("/s/{}#{entity}-{id}", guest.token);
    let run = {
        let entity = entity.clone();
        move |desk: &mut Desk| desk.run(&entity, id, &verb, &given)
    };
    match guest.site.db.write_async(&guest.actor, run).await {
        Ok(()) => Ok(Redirect::to(&back).into_response()),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => guest.page(Some((entity, error))).await,
        Err(error) => Err(error.into()),
    }
}

impl Guest {
    async fn page(self, refused: Option<(String, Error)>) -> Answer {
        let (lang, theme) = (self.actor.lang, theme(&self.headers));
        let (token, entity, record) = (self.token.clone(), self.entity.clone(), self.record);
        let status = refused.as_ref().map_or(StatusCode::OK, |it| problem::status(&it.1));
        let draw = move |desk: &mut Desk| {
            let card = desk.get(&entity, record)?;
            let title = format!("{} {}", card.def.label.of(lang), card.title);
            Ok(plain(lang, theme, &title, "", &body(desk, &card, &token, refused.as_ref())?))
        };
        let page = self.site.db.read_async(&self.actor, draw).await?;
        Ok((status, [("x-robots-tag", "noindex")], page).into_response())
    }
}

fn body(desk: &mut Desk, card: &Card, token: &str, refused: Option<&(String, Error)>) -> Result<Markup> {
    let (lang, cells) = (desk.actor.lang, Cells::of(desk));
    let catalog = desk.catalog().clone();
    let mut facts = Vec::new();
    for (field, value) in &card.fields {
        let is_said = field.name != card.def.title_field().name && !is_kept(field);
        let Some(value) = value.as_ref().filter(|it| is_said && !field.is_empty(it)) else { continue };
        facts.push((field.label.of(lang), shown(desk, &cells, field, value)?, field.kind.is_amount()));
    }
    facts.retain(|it| !it.1.is_empty());
    let mut lines = Vec::new();
    for child in catalog.registry.children(card.def) {
        for row in desk.rows_of(card.def, card.id, child)? {
            lines.push(line(desk, &cells, &row, token)?);
        }
    }
    let says = refused.map(|(entity, error)| match error {
        Error::Invalid(faults) => faults.iter().map(|it| fault(it, lang)).collect::<Vec<_>>().join(" "),
        error => message(error, catalog.registry, entity, lang),
    });
    Ok(html! {
        main class="ky-guest" id="main" {
            header { p { (catalog.parameter("company_name")) } h1 { (card.def.label.of(lang)) } p class="ky-mute" { (card.title) } }
            @if let Some(says) = says { (notice("bad", html! { p { (says) } })) }
            dl { @for (label, text, is_figure) in facts { div { dt { (label) } dd class=[is_figure.then_some("is-number")] { (text) } } } }
            @if !lines.is_empty() { ol { @for it in lines { (it) } } }
            footer { @for it in &card.verbs { (verb(lang, card.def, card.id, it, token, true)) } }
        }
    })
}

/// What the program keeps of every record, which is nobody else's business.
fn is_kept(field: &FieldDef) -> bool {
    model::STAMP.iter().any(|it| it.name == field.name)
}

/// A line as a few facts, with what may be said to it.
fn line(desk: &mut Desk, cells: &Cells, row: &Card, token: &str) -> Result<Markup> {
    let lang = cells.lang;
    let (mut texts, mut figures) = (Vec::new(), Vec::new());
    for (field, value) in row.fields.iter().filter(|it| !is_kept(it.0)) {
        let Some(value) = value.as_ref().filter(|it| !field.is_empty(it)) else { continue };
        let text = shown(desk, cells, field, value)?;
        let label = Some(field.label.of(lang)).filter(|_| field.optional && field.format != Format::Said);
        match field.kind {
            Kind::Link(_) => {}
            kind if kind.is_amount() => figures.push((field.label.of(lang), text)),
            // The first choice is what nobody has said anything to yet.
            Kind::Choice(all) if all.first().is_some_and(|it| it.0 == value.text()) => {}
            _ if field.name == row.def.title_field().name => texts.insert(0, (None, text)),
            _ => texts.push((label, text)),
        }
    }
    Ok(html! {
        li id={ (row.def.code) "-" (row.id) } {
            p { @for (n, (label, text)) in texts.iter().enumerate() { @if n == 0 { b { (text) } } @else { span { @if let Some(label) = label { small { (label) } " " } (text) } } " " } }
            dl { @for (label, text) in &figures { div { dt { (label) } dd { (text) } } } }
            div class="ky-row" { @for it in &row.verbs { (verb(lang, row.def, row.id, it, token, false)) } }
        }
    })
}

/// A verb as a button, folded up where it asks something first.
fn verb(lang: Lang, def: &EntityDef, id: i64, it: &Offer, token: &str, main: bool) -> Markup {
    if it.unless.is_some() {
        return html! {};
    }
    let verb = it.verb;
    let label = verb.label.of(lang);
    let class = if main { "ky-btn is-primary is-large" } else { "ky-btn is-small" };
    let form = html! {
        form method="post" action={ "/s/" (token) "/" (def.code) "/" (id) "/" (verb.name) } {
            @for field in verb.asks {
                label class="ky-label" {
                    (field.label.of(lang))
                    @if field.format == Format::Long { textarea class="ky-input" name=(field.name) rows="3" required[field.required] {} }
                    @else { input class="ky-input" name=(field.name) required[field.required] autocomplete="off"; }
                }
            }
            button class=(class) { @if main { (icon("check")) } (label) }
        }
    };
    match verb.asks.is_empty() || main {
        true => form,
        false => html! { details { summary class="ky-btn is-small" { (label) } (form) } },
    }
}
