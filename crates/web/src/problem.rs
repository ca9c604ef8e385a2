//! Errors on their way out: a sentence with a way on for people, an RFC 9457 problem for programs.

use axum::Extension;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::message::{fault, message};
use model::{Error, Lang, Moment};
use serde_json::json;

use crate::list::art;
use crate::shell::{Frame, Page};
use crate::ui::{icon, t};
use crate::visitor::{Visitor, preferred};
use crate::{Site, says, shell};

pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::Conflict { .. } => StatusCode::PRECONDITION_FAILED,
        Error::Refused(it) if it.code == "foreign_origin" => StatusCode::FORBIDDEN,
        Error::Refused(it) if it.code == "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Refused(it) if it.code == "too_often" => StatusCode::TOO_MANY_REQUESTS,
        Error::Duplicate { .. } | Error::InUse(_) | Error::Refused(_) => StatusCode::CONFLICT,
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Again | Error::Full | Error::Gone | Error::Unsure => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A problem as an administrator finds it by the number that the page showed.
#[derive(Debug, Clone)]
pub struct Problem {
    pub number: String,
    pub at: Moment,
    pub user: Option<i64>,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub error: Error,
}

/// What a problem's answer carries to the guard, which knows the rest: who asked, and what went wrong.
#[derive(Debug, Clone)]
pub struct Told {
    pub user: Option<i64>,
    pub error: Error,
}

/// The problem as an answer to a program.
pub fn json(site: &Site, lang: Lang, entity: &str, error: &Error) -> Response {
    log(error);
    let body = body(site, lang, entity, error).to_string();
    let told = Extension(Told { user: None, error: error.clone() });
    (status(error), told, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// The problem as JSON (RFC 9457): `type, title, status, code, detail, fields, reasons`.
pub fn body(site: &Site, lang: Lang, entity: &str, error: &Error) -> serde_json::Value {
    let status = status(error);
    let detail = message(error, site.db.registry(), entity, lang);
    let fields: serde_json::Map<_, _> = match error {
        Error::Invalid(faults) => faults
            .iter()
            .map(|it| (it.field.clone(), json!({ "code": it.code, "detail": fault(it, lang) })))
            .collect(),
        Error::Duplicate { place } => {
            let field = place.rsplit('.').next().unwrap_or(place);
            [(field.to_owned(), json!({ "code": "duplicate", "detail": detail }))].into_iter().collect()
        }
        _ => serde_json::Map::new(),
    };
    let reasons: Vec<_> = match error {
        Error::InUse(by) => {
            by.iter().map(|it| json!({ "entity": it.entity, "field": it.field, "count": it.count })).collect()
        }
        Error::Refused(refusal) if refusal.reasons.is_empty() => {
            vec![json!({ "code": refusal.code, "detail": detail })]
        }
        Error::Refused(refusal) => {
            refusal.reasons.iter().map(|it| json!({ "code": it.0, "detail": it.1.of(lang) })).collect()
        }
        _ => Vec::new(),
    };
    let mut body = json!({
        "type": format!("/problems/{}", error.code()), "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(), "code": error.code(), "detail": detail, "fields": fields, "reasons": reasons,
    });
    if let (Error::Refused(refusal), Some(members)) = (error, body.as_object_mut()) {
        members.extend(refusal.figures.iter().map(|it| (it.name.to_owned(), json!(it.amount.to_string()))));
    }
    body
}

/// What was asked for, and did not come.
pub struct Asked<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub headers: &'a HeaderMap,
}

/// Seconds after which a page that did not open for lack of the database is asked for again.
const AGAIN: u32 = 8;

/// The problem as a page (14c), in the frame while that can be read; as a toast where htmx asked for a part.
pub async fn page(site: &Site, asked: Asked<'_>, visitor: Option<&Visitor>, error: &Error) -> Response {
    log(error);
    let lang = visitor.map_or_else(|| preferred(asked.headers), Visitor::lang);
    let says = message(error, site.db.registry(), "", lang);
    let status = status(error);
    let told = Extension(Told { user: visitor.map(|it| it.actor.user), error: error.clone() });
    if asked.headers.contains_key("hx-request") {
        let toast = crate::ui::toast("bad", t(lang, "没有完成", "Not done"), &says, None);
        return (status, told, [("hx-reswap", "none".to_owned()), ("hx-trigger", toast)]).into_response();
    }
    let number = crate::request_number(asked.headers);
    // Asked for again by itself where that changes nothing.
    let again = status == StatusCode::SERVICE_UNAVAILABLE && *asked.method == Method::GET;
    let title = match error {
        Error::NotFound { .. } => t(lang, "这里没有东西", "Nothing here"),
        Error::Forbidden { .. } => t(lang, "没有权限", "Not permitted"),
        _ => t(lang, "页面没有打开", "The page did not open"),
    };
    let body = html! {
        div class="ky-empty" role="alert" {
            (art("bad"))
            h2 { (title) }
            p { (says) }
            div class="ky-row" {
                a class={ "ky-btn" @if again { " is-primary" } } href="" { (icon("refresh")) (t(lang, "重试", "Retry")) }
                a class={ "ky-btn" @if !again { " is-primary" } } href="/" { (t(lang, "回工作台", "To the workbench")) }
            }
            (report(lang, &number, again))
        }
    };
    let mut response = match visitor {
        Some(visitor) => {
            let page = Page {
                status,
                ..Page::new(title, asked.path.split('/').nth(1).unwrap_or_default(), body.clone())
            };
            let (headers, seen) = (asked.headers.clone(), visitor.clone());
            let framed = site.db.read_async(&visitor.actor, move |desk| {
                Ok(shell::page(&seen, &Frame::read(desk, &headers)?, &headers, page))
            });
            framed.await.ok()
        }
        None => None,
    }
    .unwrap_or_else(|| {
        let theme = visitor.map_or("system", |it| it.theme);
        let main = html! { main id="main" class="ky-main" { (body) } };
        (status, shell::plain(lang, theme, title, "", &main)).into_response()
    });
    if again {
        response.headers_mut().insert(header::REFRESH, AGAIN.into());
    }
    (told, response).into_response()
}

/// The number by which an administrator finds what went wrong.
pub fn report(lang: Lang, number: &str, again: bool) -> Markup {
    html! {
        @if !number.is_empty() {
            p class="ky-small ky-mute" {
                @if again { (says!(lang, "{AGAIN} 秒后自动重试。", "Retrying in {AGAIN} s. ")) }
                (t(lang, "仍然打不开，请把编号发给管理员：", "If it stays like this, give your administrator the number "))
                span class="ky-mono" { (number) } " "
                button class="ky-btn is-small is-text" type="button" data-copy=(number) { (t(lang, "复制", "Copy")) }
            }
        }
    }
}

/// Keeps what is the house's own fault.
pub fn log(error: &Error) {
    match error {
        Error::Internal(says) => tracing::error!(%says, "internal error"),
        Error::Full => tracing::error!("the disk is full"),
        Error::Gone => tracing::error!("the database does not answer"),
        Error::Unsure => tracing::error!("the database was lost during a commit"),
        _ => {}
    }
}
