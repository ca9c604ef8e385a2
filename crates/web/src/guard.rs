//! What stands around every handler: content policy, Origin check, request numbers, compression, metrics.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::{Error, Label, Moment, Result};
use tracing::Instrument;

use crate::problem::{Asked, Problem, Told};
use crate::visit::{Failure, Seen};
use crate::{Site, problem};

/// A form or an API body; uploads say for themselves how much they take.
const BODY: usize = 1 << 20;
/// A request that takes longer is logged.
const SLOW: Duration = Duration::from_millis(500);
/// Smaller answers are not worth compressing.
const SMALL: usize = 1024;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: String,
    pub https: bool,
}

impl Client {
    /// The peer, or what the proxy that is trusted says of it.
    fn of(site: &Site, request: &Request) -> Client {
        let told = |name: &str| {
            // The last hop is the one that our own proxy saw, and a proxy adds its line behind the others.
            let value = request.headers().get_all(name).iter().next_back()?.to_str().ok()?;
            Some(value.rsplit(',').next().unwrap_or_default().trim().to_owned())
        };
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip().to_string());
        match site.trust_proxy {
            true => Client {
                address: told("x-forwarded-for").or(peer).unwrap_or_default(),
                https: told("x-forwarded-proto").as_deref() == Some("https"),
            },
            false => Client { address: peer.unwrap_or_default(), https: !site.insecure },
        }
    }
}

/// What was asked since the start.
#[derive(Debug, Default)]
pub struct Traffic {
    /// By the first figure of the status.
    requests: [AtomicU64; 6],
    microseconds: AtomicU64,
    slow: AtomicU64,
    panics: AtomicU64,
    /// Links for somebody without an account that were asked for and do not hold.
    pub missed_links: AtomicU64,
    problems: Mutex<VecDeque<Problem>>,
}

/// So many problems are kept for the administrator's page.
const KEPT: usize = 500;

impl Traffic {
    fn keep(&self, problem: Problem) {
        let mut kept = self.problems.lock().unwrap_or_else(|lock| lock.into_inner());
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(problem);
    }
}

impl Site {
    /// The latest problems since the start, oldest first.
    pub fn problems(&self) -> Vec<Problem> {
        self.traffic.problems.lock().unwrap_or_else(|lock| lock.into_inner()).iter().cloned().collect()
    }
}

/// A path as it may be kept: who has the token of a link has the link.
pub fn kept(path: &str) -> Cow<'_, str> {
    match path.strip_prefix("/s/") {
        Some(rest) => format!("/s/…{}", rest.find('/').map_or("", |at| &rest[at..])).into(),
        None => path.into(),
    }
}

pub fn routes() -> Router<Site> {
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(metrics))
}

/// Puts the guard around all routes.
pub fn around(site: Site, routes: Router) -> Router {
    routes.layer(DefaultBodyLimit::max(BODY)).layer(from_fn_with_state(site, guard))
}

async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let since = Instant::now();
    let number = format!("{:08X}", getrandom::u32().unwrap_or_default());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let client = Client::of(&site, &request);
    let value = HeaderValue::from_str(&number).unwrap_or(HeaderValue::from_static("0"));
    request.headers_mut().insert(HeaderName::from_static("x-request-number"), value.clone());
    let headers = request.headers().clone();
    let zipped = accepts_gzip(&headers);
    let span =
        tracing::info_span!("request", number, %method, path = &*kept(&path), address = client.address);
    request.extensions_mut().insert(client);
    let seen = Seen::default();
    request.extensions_mut().insert(seen.clone());
    let asked = Asked { method: &method, path: &path, headers: &headers };
    let work = async {
        if changes(&method) && is_foreign(&headers) {
            let says = Label {
                zh: "这个请求来自别的网站，没有执行",
                en: "This request comes from another site and was not carried out",
            };
            return fail(&site, asked, &Error::refused("foreign_origin", says)).await;
        }
        match Caught(Box::pin(next.run(request))).await {
            Some(mut response) => match response.extensions_mut().remove::<Failure>() {
                Some(Failure(error)) => problem::page(&site, asked, seen.0.get(), &error).await,
                None => compressed(response, zipped).await,
            },
            None => {
                site.traffic.panics.fetch_add(1, Ordering::Relaxed);
                fail(&site, asked, &Error::Internal("a handler panicked".into())).await
            }
        }
    };
    let mut response = work.instrument(span.clone()).await;
    if let Some(told) = response.extensions_mut().remove::<Told>() {
        let (method, status) = (method.to_string(), response.status().as_u16());
        let path = kept(&path).chars().take(300).collect();
        let (number, Told { user, error }) = (number.clone(), told);
        site.traffic.keep(Problem { number, at: Moment::now(), user, method, path, status, error });
    }
    let took = since.elapsed();
    let class = usize::from(response.status().as_u16() / 100).min(5);
    site.traffic.requests[class].fetch_add(1, Ordering::Relaxed);
    site.traffic.microseconds.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    let milliseconds = took.as_millis() as u64;
    span.in_scope(|| match took > SLOW {
        true => {
            site.traffic.slow.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(status = response.status().as_u16(), milliseconds, "slow request");
        }
        false => tracing::debug!(status = response.status().as_u16(), milliseconds, "answered"),
    });
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.insert("x-request-number", value);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn fail(site: &Site, asked: Asked<'_>, error: &Error) -> Response {
    match asked.path.starts_with("/api/") {
        true => problem::json(site, crate::visitor::preferred(asked.headers), "", error),
        false => problem::page(site, asked, None, error).await,
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser sends this on behalf of another site. A program with a token sends no cookie to misuse, and one
/// that says nothing of its origin is no browser.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
    if text(header::AUTHORIZATION).is_some_and(|it| it.starts_with("Bearer ")) {
        return false;
    }
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    origin.split_once("://").map(|it| it.1) != text(header::HOST)
}

/// A handler whose panic ends only itself: `None`.
struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|it| it.trim() == "gzip" || it.trim().starts_with("gzip;q=1"))
}

/// Pages and data that are whole already go out smaller; what streams goes as it comes.
async fn compressed(response: Response, wanted: bool) -> Response {
    let kind =
        response.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let fits = kind.starts_with("text/html") || kind.contains("json");
    let size = response.body().size_hint().exact().unwrap_or(0) as usize;
    let done = response.headers().contains_key(header::CONTENT_ENCODING);
    if !fits || done {
        return response;
    }
    let (mut head, body) = response.into_parts();
    head.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !wanted || size < SMALL {
        return Response::from_parts(head, body);
    }
    let Ok(bytes) = to_bytes(body, size).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match gzip(&bytes) {
        Ok(smaller) => {
            head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::from(smaller))
        }
        Err(_) => Response::from_parts(head, Body::from(bytes)),
    }
}

fn gzip(bytes: &Bytes) -> std::io::Result<Vec<u8>> {
    use std::io::Write;
    let mut encoder =
        flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 4), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Well when the database answers.
async fn healthz(State(site): State<Site>) -> Response {
    match site.db.read_async(&site.system, |desk| Ok(desk.catalog().users.len())).await {
        Ok(_) => "ok".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.code()).into_response(),
    }
}

/// Figures for Prometheus; for this machine only, unless the house says otherwise.
async fn metrics(
    State(site): State<Site>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
) -> Response {
    let near = peer.is_some_and(|it| it.0.0.ip().is_loopback()) && !site.trust_proxy;
    if !near && !site.public_metrics {
        return StatusCode::NOT_FOUND.into_response();
    }
    match figures(&site).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.code()).into_response(),
    }
}

async fn figures(site: &Site) -> Result<String> {
    let jobs = site
        .db
        .read_async(&site.system, |desk| {
            let mut sql = model::Sql::new("SELECT status, COUNT(*) FROM job GROUP BY status ORDER BY status");
            sql.push("");
            desk.trusted().rows(&sql)
        })
        .await?;
    let mut text = String::new();
    let traffic = &site.traffic;
    for (class, count) in traffic.requests.iter().enumerate().skip(1) {
        let count = count.load(Ordering::Relaxed);
        text.push_str(&format!("keyuan_requests_total{{status=\"{class}xx\"}} {count}\n"));
    }
    let own = [
        ("request_microseconds_total", &traffic.microseconds),
        ("slow_requests_total", &traffic.slow),
        ("panics_total", &traffic.panics),
        ("missed_links_total", &traffic.missed_links),
    ];
    for (name, value) in own {
        text.push_str(&format!("keyuan_{name} {}\n", value.load(Ordering::Relaxed)));
    }
    for (name, value) in site.db.store().meter().figures() {
        text.push_str(&format!("keyuan_store_{name} {value}\n"));
    }
    for row in jobs {
        text.push_str(&format!("keyuan_jobs{{status=\"{}\"}} {}\n", row[0].text(), row[1].int()));
    }
    Ok(text)
}
