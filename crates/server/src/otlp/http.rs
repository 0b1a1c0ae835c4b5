//! OTLP over HTTP: one POST a request, the answer in the request's own encoding.

use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap};
use telltale_base::Signal;
use telltale_ingest::Coding;

use super::{Export, accept, response_json, response_protobuf};
use crate::auth::Principal;
use crate::body;
use crate::fault::{Fault, Reason};
use crate::ports::{Encoding, Receipt};
use crate::state::Shared;
use crate::wire::{JSON, PROTOBUF, Wire, media_type};

pub(crate) async fn traces(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Response {
    export(&shared, &principal, Signal::Traces, request).await
}

pub(crate) async fn logs(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Response {
    export(&shared, &principal, Signal::Logs, request).await
}

pub(crate) async fn metrics(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Response {
    export(&shared, &principal, Signal::Metrics, request).await
}

async fn export(
    shared: &Shared,
    principal: &Principal,
    signal: Signal,
    request: Request,
) -> Response {
    let wire = Wire::of(request.uri(), request.headers());
    let started = shared.clock.monotonic();
    let outcome = receive(shared, principal, signal, request).await;
    let elapsed = shared.clock.monotonic().saturating_sub(started);
    shared.metrics.export("http", signal, elapsed, outcome.as_ref().err().map(|f| f.reason));
    match outcome {
        Ok((encoding, receipt)) => respond(signal, encoding, &receipt),
        Err(fault) => wire.fault(&fault),
    }
}

async fn receive(
    shared: &Shared,
    principal: &Principal,
    signal: Signal,
    request: Request,
) -> Result<(Encoding, Receipt), Fault> {
    let encoding = encoding(request.headers())?;
    let coding = coding(request.headers())?;
    let mut share = shared.in_flight.share();
    let limits = shared.body_limits(shared.config.limits.export_bytes_max);
    let body = body::read(request.into_body(), limits, &mut share).await?;
    let project = principal.project.clone();
    let export = Export { project, signal, encoding, coding, body, share };
    Ok((encoding, accept(shared, export).await?))
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Fault> {
    let media = media_type(headers).unwrap_or("");
    if media.eq_ignore_ascii_case(PROTOBUF) {
        Ok(Encoding::Protobuf)
    } else if media.eq_ignore_ascii_case(JSON) {
        Ok(Encoding::Json)
    } else {
        let detail = format!("Content-Type is {media:?}; OTLP is sent as {PROTOBUF} or {JSON}");
        Err(Fault::new(Reason::UnsupportedMedia, detail))
    }
}

fn coding(headers: &HeaderMap) -> Result<Coding, Fault> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let coding = match codings.next().map(|value| value.to_str().unwrap_or("?").trim()) {
        None | Some("") => Some(Coding::Identity),
        Some(name) => coding_of(name),
    };
    // Two codings one upon the other are two chances for a bomb, and nobody sends them.
    let only = coding.filter(|_| codings.next().is_none());
    only.ok_or_else(|| {
        let detail = "Content-Encoding must be one of identity, gzip and zstd";
        Fault::new(Reason::UnsupportedMedia, detail)
    })
}

/// The coding of a name of HTTP or gRPC.
pub(super) fn coding_of(name: &str) -> Option<Coding> {
    let names = [
        ("identity", Coding::Identity),
        ("gzip", Coding::Gzip),
        ("x-gzip", Coding::Gzip),
        ("zstd", Coding::Zstd),
    ];
    names.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, coding)| coding)
}

fn respond(signal: Signal, encoding: Encoding, receipt: &Receipt) -> Response {
    let (media, body) = match encoding {
        Encoding::Protobuf => (PROTOBUF, response_protobuf(receipt)),
        Encoding::Json => (JSON, response_json(signal, receipt)),
    };
    ([(header::CONTENT_TYPE, media)], body).into_response()
}
