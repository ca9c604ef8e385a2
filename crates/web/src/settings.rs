//! What the company sets for itself.

use axum::Router;

use crate::Site;

pub fn routes() -> Router<Site> {
    Router::new()
}
