//! The page on `/`: one static document, until the web UI takes its place.

use axum::response::{Html, IntoResponse, Response};
use http::header;

const PAGE: &str = include_str!("page.html");
/// Nothing is loaded from anywhere; the one inline style is named by its hash.
const POLICY: &str = concat!(
    "default-src 'none'; style-src 'sha256-",
    include_str!("page.style.sha256"),
    "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

pub(crate) async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
}
