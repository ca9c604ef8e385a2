//! The bespoke pages: read through the desk, changed only through verbs.

pub mod help;
mod settle;
mod statement;
mod workbench;

use axum::Router;
use web::Site;

/// The whole house: the generic pages, the API and these.
pub fn router(site: Site) -> Router {
    web::router_with(
        site,
        workbench::routes().merge(settle::routes()).merge(statement::routes()).merge(help::routes()),
    )
}
