//! Creating and editing records, and the options of their drop-downs.

use axum::Router;

use crate::Site;

pub fn routes() -> Router<Site> {
    Router::new()
}
