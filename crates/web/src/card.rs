//! The card of every record.

use axum::Router;

use crate::Site;

pub fn routes() -> Router<Site> {
    Router::new()
}
