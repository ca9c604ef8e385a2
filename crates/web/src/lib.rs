//! The generic screens and the API, drawn from descriptors. Nothing here knows a business noun's name.

pub mod act;
mod api;
mod assets;
mod card;
pub mod document;
mod export;
mod form;
mod guard;
mod help;
mod import;
mod link;
pub mod list;
mod login;
pub mod palette;
pub mod password;
pub mod print;
pub mod problem;
pub mod report;
pub mod settings;
pub mod shell;
pub mod ui;
mod upload;
pub mod visit;
pub mod visitor;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use model::{Actor, Door, Error, Lang};
use store::Db;

pub use login::totp;
pub use visit::{Answer, At, Failure, Sent, Visit};
pub use visitor::Visitor;

/// What every handler gets: the house and how it is run. A cheap handle.
#[derive(Clone)]
pub struct Site {
    pub db: Db,
    /// The program's own hand.
    pub system: Arc<Actor>,
    /// Where attachments, backups and uploads lie.
    pub data: Arc<PathBuf>,
    /// Served without TLS and by no trusted proxy: cookies can't be `Secure`.
    pub insecure: bool,
    /// A proxy in front says who asks, and by which scheme.
    pub trust_proxy: bool,
    /// `/metrics` is for every address, not only for this machine.
    pub public_metrics: bool,
    gate: Arc<login::Gate>,
    traffic: Arc<guard::Traffic>,
    checks: import::Checks,
    reads: Arc<export::Reads>,
}

impl Site {
    pub fn new(db: Db, data: PathBuf, insecure: bool) -> Site {
        let system = Arc::new(Actor::system(Door::System, Lang::Zh));
        Site {
            db,
            system,
            data: Arc::new(data),
            insecure,
            trust_proxy: false,
            public_metrics: false,
            gate: Arc::default(),
            traffic: Arc::default(),
            checks: import::Checks::default(),
            reads: Arc::default(),
        }
    }
}

/// The generic pages and the API.
pub fn router(site: Site) -> Router {
    router_with(site, Router::new())
}

/// The same with a house's own pages beside them, behind the same guard.
pub fn router_with(site: Site, own: Router<Site>) -> Router {
    let registry = site.db.registry();
    let routes = Router::new()
        .route("/a/{hash}/{name}", get(assets::serve))
        .merge(guard::routes())
        .merge(login::routes())
        .merge(palette::routes())
        .merge(settings::routes())
        .merge(import::routes())
        .merge(api::routes())
        .merge(print::routes())
        .merge(export::routes())
        .merge(report::routes())
        .merge(link::routes())
        .merge(act::routes(registry))
        .merge(document::routes())
        .merge(form::routes())
        .merge(card::routes())
        .merge(list::routes())
        .merge(own)
        .fallback(nowhere)
        // What a form is sent to is no page either.
        .method_not_allowed_fallback(nowhere)
        .with_state(site.clone());
    guard::around(site, routes)
}

/// An address that nothing stands at.
async fn nowhere(uri: Uri) -> Failure {
    Error::missing(guard::kept(uri.path())).into()
}

/// The number that a request has in the logs.
pub fn request_number(headers: &HeaderMap) -> String {
    headers.get("x-request-number").and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
}
