//! REST under `/api/v1` for every entity of the registry, and its description. One door: method and path are read
//! here, so that whatever is asked gets a record, a list or a problem, and nothing else.

mod openapi;
mod page;
mod record;
mod report;
mod rows;
mod session;
mod verb;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use model::system::Attachment;
use model::{Actor, Desk, Entity, EntityDef, Error, Input, Label, Lang};
use serde_json::{Value as Json, json};

use crate::guard::Client;
use crate::visitor::{Visitor, preferred};
use crate::{Site, problem};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/api", get(page::show))
        .route("/api/openapi.json", get(openapi::show))
        .route("/api/v1", any(call))
        .route("/api/{*rest}", any(call))
}

/// Longest body.
const BODY: usize = 1 << 20;

/// A request on its way: who, what with, in which words.
struct Call {
    site: Site,
    visitor: Visitor,
    headers: HeaderMap,
    query: String,
    body: Vec<u8>,
}

/// What went wrong: a refusal of the house, or of HTTP itself.
enum Fail {
    House(&'static str, Error),
    Http(StatusCode, &'static str, Label),
}

type Answer = Result<Response, Fail>;

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        Fail::House("", error)
    }
}

impl Fail {
    fn of(def: &'static EntityDef) -> impl Fn(Error) -> Fail {
        move |error| Fail::House(def.code, error)
    }

    fn response(self, site: &Site, lang: Lang) -> Response {
        match self {
            Fail::House(entity, error) => problem::json(site, lang, entity, &error),
            Fail::Http(status, code, says) => {
                let problem = json!({
                    "type": format!("/problems/{code}"), "title": status.canonical_reason().unwrap_or("Error"),
                    "status": status.as_u16(), "code": code, "detail": says.of(lang), "fields": {}, "reasons": [],
                });
                (status, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string())
                    .into_response()
            }
        }
    }
}

const fn http(status: StatusCode, code: &'static str, zh: &'static str, en: &'static str) -> Fail {
    Fail::Http(status, code, Label { zh, en })
}

const UNKNOWN: Fail = http(StatusCode::NOT_FOUND, "not_found", "没有这个接口", "There is no such path");
const METHOD: Fail = http(
    StatusCode::METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "这个接口不支持这种方法",
    "This path takes another method",
);
const UNKNOWN_VISITOR: Fail = http(
    StatusCode::UNAUTHORIZED,
    "unauthorized",
    "请先登录，或带上有效的令牌",
    "Sign in, or send a valid token",
);
const MUST_CHANGE: Fail = http(
    StatusCode::FORBIDDEN,
    "must_change_password",
    "请先登录网页修改密码",
    "Sign in to the web page and change your password first",
);
const NO_JSON: Fail =
    http(StatusCode::BAD_REQUEST, "malformed_json", "请求正文不是正确的 JSON", "The body is no valid JSON");
const NOT_JSON: Fail = http(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "unsupported_media_type",
    "请求正文应是 application/json",
    "The body has to be application/json",
);
const TOO_LARGE: Fail =
    http(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "请求正文超过 1 MB", "The body is larger than 1 MB");

async fn call(State(site): State<Site>, request: Request) -> Response {
    let headers = request.headers().clone();
    let lang = preferred(&headers);
    match answer(&site, request, headers).await {
        Ok(response) => response,
        Err((fail, known)) => fail.response(&site, known.unwrap_or(lang)),
    }
}

async fn answer(site: &Site, request: Request, headers: HeaderMap) -> Result<Response, (Fail, Option<Lang>)> {
    let nobody = |fail: Fail| (fail, None);
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches("/api/v1").trim_matches('/').to_owned();
    let parts_of = path.split('/').map(|it| percent_encoding::percent_decode_str(it).decode_utf8());
    let path: Vec<String> =
        parts_of.map(|it| it.map(Into::into)).collect::<Result<_, _>>().map_err(|_| nobody(UNKNOWN))?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let body = whole(body, &headers).await.map_err(nobody)?;
    let client = parts.extensions.get::<Client>().cloned();
    if let (&["session"], Some(client)) = (&path[..], client)
        && parts.method != Method::GET
    {
        return session::answer(site, &parts.method, &client, &headers, &body).await.map_err(nobody);
    }
    if !parts.uri.path().starts_with("/api/v1/") {
        return Err(nobody(UNKNOWN));
    }
    let visitor = site.visitor(&headers).await.map_err(|error| nobody(error.into()))?;
    let visitor = visitor.ok_or(nobody(UNKNOWN_VISITOR))?;
    let lang = Some(visitor.lang());
    if visitor.must_change {
        return Err((MUST_CHANGE, lang));
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let call = Call { site: site.clone(), visitor, headers, query, body };
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    call.route(&method, &path).await.map_err(|fail| (fail, lang))
}

/// The body of a request; what is not JSON or too large is refused before anything else.
async fn whole(body: Body, headers: &HeaderMap) -> Result<Vec<u8>, Fail> {
    let bytes = to_bytes(body, BODY).await.map_err(|_| TOO_LARGE)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match bytes.is_empty() || matches!(kind, "application/json" | "application/merge-patch+json") {
        true => Ok(bytes.into()),
        false => Err(NOT_JSON),
    }
}

impl Call {
    async fn route(self, method: &Method, path: &[&str]) -> Answer {
        if let ["session"] = path {
            return self.who().await;
        }
        if let ["report", code] = path {
            return if method == Method::GET { self.report(code).await } else { Err(METHOD) };
        }
        let [code, rest @ ..] = path else { return Err(UNKNOWN) };
        let def = self.site.db.registry().entity(code).ok_or(UNKNOWN)?;
        match (method.as_str(), rest) {
            ("GET", []) => self.list(def).await,
            // A file comes with its bytes, not as a record.
            ("POST", []) if std::ptr::eq(def, Attachment::DEF) => Err(METHOD),
            ("POST", []) => self.create(def).await,
            ("GET", ["check_name"]) if def.alike.is_some() => self.check_name(def).await,
            ("GET", [id]) => self.get(def, number(id)?).await,
            ("PATCH", [id]) => self.update(def, number(id)?).await,
            ("DELETE", [id]) => self.delete(def, number(id)?).await,
            ("POST", [verb]) if verb.parse::<i64>().is_err() => self.run_many(def, verb).await,
            ("GET", [id, "history"]) => self.history(def, number(id)?).await,
            ("POST", [id, verb]) => self.run(def, number(id)?, verb).await,
            (_, [] | [_] | [_, _]) => Err(METHOD),
            _ => Err(UNKNOWN),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn json(&self) -> Result<Json, Fail> {
        match self.body.is_empty() {
            true => Ok(json!({})),
            false => serde_json::from_slice(&self.body).map_err(|_| NO_JSON),
        }
    }

    /// The version that a change relies on, as the client saw it.
    fn if_match(&self) -> Option<String> {
        let tag = self.header("if-match")?.trim();
        (tag != "*").then(|| tag.trim_start_matches("W/").trim_matches('"').to_owned())
    }

    fn actor(&self) -> &Arc<Actor> {
        &self.visitor.actor
    }

    /// Reads at the visitor's desk.
    async fn read<R: Send + 'static>(
        &self,
        def: &'static EntityDef,
        work: impl FnOnce(&mut Desk) -> model::Result<R> + Send + 'static,
    ) -> Result<R, Fail> {
        self.site.db.read_async(self.actor(), work).await.map_err(Fail::of(def))
    }

    async fn write<R: Send + 'static>(
        &self,
        def: &'static EntityDef,
        work: impl Fn(&mut Desk) -> model::Result<R> + Send + 'static,
    ) -> Result<R, Fail> {
        self.site.db.write_async(self.actor(), work).await.map_err(Fail::of(def))
    }
}

/// A record's id; what is no number is no record's.
fn number(text: &str) -> Result<i64, Fail> {
    text.parse().map_err(|_| UNKNOWN)
}

/// A record as it was sent, without what only describes it; child rows stand under `rows`, a document's under `lines`.
fn input(mut json: Json) -> model::Result<Input> {
    let mut children = None;
    if let Some(record) = json.as_object_mut() {
        for plain in ["id", "version", "masked"] {
            record.remove(plain);
        }
        children = record.remove("rows");
        if let Some(lines) = record.remove("lines") {
            // What is no object is refused below.
            let rows = children.get_or_insert_with(|| json!({})).as_object_mut();
            rows.map(|rows| rows.insert("lines".to_owned(), lines));
        }
    }
    let mut input = Input::of_json(&json)?;
    let Some(children) = children else { return Ok(input) };
    let malformed = || Error::invalid("rows", "malformed");
    for (child, rows) in children.as_object().ok_or_else(malformed)? {
        let one = |row: &Json| {
            let mut row = row.clone();
            row.as_object_mut().map(|row| row.remove("version"));
            Input::of_json(&row)
        };
        let rows = rows.as_array().ok_or_else(malformed)?.iter().map(one).collect::<model::Result<_>>();
        input.rows.insert(child.clone(), rows.map_err(|_| Error::invalid(child, "malformed"))?);
    }
    Ok(input)
}

fn ok(body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}
