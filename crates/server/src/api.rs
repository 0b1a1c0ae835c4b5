//! `/api/v1`: questions, keys, sessions. Each file is one resource: its types, its handlers, their
//! description for the `OpenAPI` document.

pub(crate) mod attributes;
pub(crate) mod backups;
pub(crate) mod genai;
pub(crate) mod health;
pub(crate) mod keys;
mod params;
pub(crate) mod schema;
pub(crate) mod session;
pub(crate) mod sql;
pub(crate) mod tail;
mod timed;
pub(crate) mod traces;

use axum::extract::Request;
use serde::de::DeserializeOwned;

use crate::body;
use crate::fault::{Fault, Reason};
use crate::state::Shared;
use crate::wire::{JSON, media_type};

/// Reads a JSON body within the API's limits.
///
/// Why not axum's extractor: its limits and timeouts are not ours, and its rejections are not
/// problems.
async fn json_body<T: DeserializeOwned>(shared: &Shared, request: Request) -> Result<T, Fault> {
    // Also keeps plain HTML forms, which cannot send this type, from doing anything.
    if !media_type(request.headers()).is_some_and(|media| media.eq_ignore_ascii_case(JSON)) {
        let detail = format!("Content-Type must be {JSON}");
        return Err(Fault::new(Reason::UnsupportedMedia, detail));
    }
    let limits = shared.body_limits(shared.config.limits.api_body_bytes_max);
    let mut share = shared.in_flight.share();
    let body = body::read(request.into_body(), limits, &mut share).await?;
    serde_json::from_slice(&body)
        .map_err(|error| Fault::invalid(format!("the body is not as described: {error}")))
}
