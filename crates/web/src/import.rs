//! The import wizard, exports and the pages of their jobs.

use axum::Router;

use crate::Site;

pub fn routes() -> Router<Site> {
    Router::new()
}
