//! The browser's files, inside the program: each address carries the hash of what it serves, so it is kept for a year.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

pub struct File {
    name: &'static str,
    path: &'static str,
    mime: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of a file, e.g. of `keyuan.css`.
pub fn path(name: &str) -> &'static str {
    FILES.iter().find(|file| file.name == name).map_or("", |file| file.path)
}

pub async fn serve(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // A page of an older program may ask for its own file; it gets today's, which is not to be kept.
    let keep = if file.path.contains(&hash) { "public, max-age=31536000, immutable" } else { "no-store" };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let base =
        [(header::CONTENT_TYPE, file.mime), (header::CACHE_CONTROL, keep), (header::VARY, "accept-encoding")];
    if accepts.split(',').any(|it| it.trim().starts_with("br")) {
        (base, [(header::CONTENT_ENCODING, "br")], file.brotli).into_response()
    } else {
        (base, file.plain).into_response()
    }
}
