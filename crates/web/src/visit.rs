//! A request of somebody who has signed in, and what it is answered with: the shape of every page's handler.

use std::sync::{Arc, OnceLock};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use model::message::message;
use model::{Desk, Error, Input, Label, Lang, Result};
use serde::de::DeserializeOwned;

use crate::shell::{self, Frame, Page};
use crate::ui::ascii;
use crate::visitor::{Visitor, percent};
use crate::{Site, problem};

/// Who asks, and what stands in the head of the request. What it names is read with [`At`], what it sent with [`Sent`].
#[derive(Clone)]
pub struct Visit {
    pub site: Site,
    pub visitor: Visitor,
    pub headers: HeaderMap,
    pub path: String,
    /// The query of the address as it came.
    pub raw: String,
}

/// What a handler gives back; the guard draws the failure.
pub type Answer = std::result::Result<Response, Failure>;

/// An error on its way to the guard, which knows how it is to be shown.
#[derive(Debug, Clone)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (problem::status(&self.0), Extension(self)).into_response()
    }
}

/// What work at the desk comes to.
pub enum Shown {
    /// Goes into the frame, which is read at the same desk.
    Page(Box<Page>),
    /// A part of a page that is there.
    Part(StatusCode, Markup),
    /// Another address.
    To(String),
}

impl From<Page> for Shown {
    fn from(page: Page) -> Shown {
        Shown::Page(page.into())
    }
}

impl From<Markup> for Shown {
    fn from(part: Markup) -> Shown {
        Shown::Part(StatusCode::OK, part)
    }
}

impl From<(StatusCode, Markup)> for Shown {
    fn from((status, part): (StatusCode, Markup)) -> Shown {
        Shown::Part(status, part)
    }
}

impl Visit {
    pub fn lang(&self) -> Lang {
        self.visitor.lang()
    }

    /// Whether a part of the page asks, and not the browser for a whole one.
    pub fn is_part(&self) -> bool {
        self.headers.contains_key("hx-request")
    }

    /// Whether what is asked for goes into the dialog of a page that is there.
    pub fn is_dialog(&self) -> bool {
        self.headers.get("hx-target").is_some_and(|it| it.as_bytes().ends_with(b"dialog"))
    }

    /// The query of the address as fields.
    pub fn query(&self) -> Input {
        Input::of_form(self.raw.as_bytes())
    }

    /// One value of the query.
    pub fn value(&self, key: &str) -> Option<String> {
        form_urlencoded::parse(self.raw.as_bytes()).find(|it| it.0 == key).map(|it| it.1.into_owned())
    }

    /// Reads at the visitor's desk.
    pub async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.site.db.read_async(&self.visitor.actor, work).await
    }

    /// Writes at the visitor's desk; the work may run again.
    pub async fn write<R: Send + 'static>(
        &self,
        work: impl Fn(&mut Desk) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.site.db.write_async(&self.visitor.actor, work).await
    }

    /// Reads, and answers with what came of it.
    pub async fn show<S: Into<Shown>>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<S> + Send + 'static,
    ) -> Answer {
        self.show_with(|desk| Ok((work(desk)?, ()))).await.map(|it| it.0)
    }

    /// The same for work that leaves something to be done before its answer goes out.
    pub async fn show_with<S: Into<Shown>, R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<(S, R)> + Send + 'static,
    ) -> std::result::Result<(Response, R), Failure> {
        let visit = self.clone();
        let drawn = self.read(move |desk| {
            let (shown, rest) = work(desk)?;
            let response = match shown.into() {
                Shown::Page(page) => {
                    let frame = Frame::read(desk, &visit.headers)?;
                    shell::page(&visit.visitor, &frame, &visit.headers, *page)
                }
                Shown::Part(status, part) => (status, part).into_response(),
                Shown::To(address) => Redirect::to(&address).into_response(),
            };
            Ok((response, rest))
        });
        Ok(drawn.await?)
    }

    /// What comes of a button or a dialog: the page anew with a word that it was done, or `to` instead.
    pub fn done(&self, to: &str, says: Label) -> Response {
        if !self.is_part() {
            return Redirect::to(&format!("{to}?done=1")).into_response();
        }
        let toast = serde_json::json!({ "kind": "ok", "title": says.of(self.lang()) });
        told(&serde_json::json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": toast }))
    }

    /// The error as a sentence by itself, for what is no page: a drop zone shows it beside the file's name.
    pub fn sentence(&self, entity: &str, error: &Error) -> Response {
        let says = message(error, self.site.db.registry(), entity, self.lang());
        (problem::status(error), [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], says).into_response()
    }

    /// Leads the browser elsewhere, also from within a part of a page.
    pub fn lead(&self, address: &str) -> Response {
        match self.is_part() {
            true => [("hx-redirect", address)].into_response(),
            false => Redirect::to(address).into_response(),
        }
    }
}

/// An answer that shows nothing and tells the page what to do.
pub fn told(events: &serde_json::Value) -> Response {
    [("hx-trigger", ascii(&events.to_string())), ("hx-reswap", "none".into())].into_response()
}

/// Where the guard finds whom a request turned out to be from.
#[derive(Debug, Clone, Default)]
pub struct Seen(pub Arc<OnceLock<Visitor>>);

/// Without a session a page leads to the sign-in, and back afterwards.
impl FromRequestParts<Site> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> std::result::Result<Visit, Response> {
        let found = site.visitor(&parts.headers).await.map_err(|error| Failure(error).into_response())?;
        let Some(visitor) = found else {
            let back = parts.uri.path_and_query().map_or("/", |it| it.as_str());
            let back = if parts.method == Method::GET { back } else { "/" };
            let to = format!("/login?to={}", percent(back));
            // A part of a page can't show the sign-in: the whole page goes there.
            return Err(match parts.headers.contains_key("hx-request") {
                true => [("hx-redirect", to)].into_response(),
                false => Redirect::to(&to).into_response(),
            });
        };
        if visitor.must_change
            && let Some(to) = crate::login::detour(parts.uri.path())
        {
            return Err(Redirect::to(&to).into_response());
        }
        if let Some(seen) = parts.extensions.get::<Seen>() {
            // Whoever is seen first is who asks: there is one visitor in a request.
            let _ = seen.0.set(visitor.clone());
        }
        let (path, raw) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
        Ok(Visit { site: site.clone(), visitor, headers: parts.headers.clone(), path, raw })
    }
}

/// What the address names; what does not parse is not there.
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Site> for At<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> std::result::Result<At<T>, Failure> {
        let Path(it) = Path::from_request_parts(parts, site)
            .await
            .map_err(|_| Error::missing(crate::guard::kept(parts.uri.path()).trim_start_matches('/')))?;
        Ok(At(it))
    }
}

/// What a form sent.
pub struct Sent(pub Input);

impl FromRequest<Site> for Sent {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &Site) -> std::result::Result<Sent, Failure> {
        let says = Label {
            zh: "提交的内容超过 1 MB，没有保存。请分几次提交。",
            en: "What was sent is larger than 1 MB and was not saved. Send it in parts.",
        };
        let body = Bytes::from_request(request, site).await.map_err(|_| Error::refused("too_large", says))?;
        Ok(Sent(Input::of_form(&body)))
    }
}
