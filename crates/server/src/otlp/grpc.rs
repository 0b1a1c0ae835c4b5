//! OTLP over gRPC, by hand over HTTP/2: three unary methods of one shape.
//!
//! Why not tonic: it decodes with generated types, refuses a request for one bad string, and
//! answers an oversized message with a code that OTLP calls retryable. The wire is small: a message
//! is a compression flag, a length of four bytes and the bytes; the status stands in the trailers.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::stream;
use http::Version;
use http::header::{self, HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use telltale_base::Signal;
use telltale_ingest::Coding;

use super::http::coding_of;
use super::{Export, accept, response_protobuf};
use crate::auth::Principal;
use crate::body;
use crate::fault::{Fault, Reason};
use crate::ports::{Encoding, Receipt};
use crate::rpc_status::Code;
use crate::state::Shared;
use crate::wire::{GRPC, Wire, grpc_trailers, is_grpc, media_type};

/// Bytes before each message.
const PREFIX_BYTES: usize = 5;
const ACCEPTED_CODINGS: &str = "identity,gzip,zstd";

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
    let started = shared.clock.monotonic();
    if let Err(fault) = is_call(&request) {
        shared.metrics.export("grpc", signal, Duration::ZERO, Some(fault.reason));
        return Wire::Api.fault(&fault);
    }
    let outcome = receive(shared, principal, signal, request).await;
    let elapsed = shared.clock.monotonic().saturating_sub(started);
    shared.metrics.export("grpc", signal, elapsed, outcome.as_ref().err().map(|f| f.reason));
    let mut response = match outcome {
        Ok(receipt) => respond(&receipt),
        Err(fault) => Wire::Grpc.fault(&fault),
    };
    let codings = HeaderValue::from_static(ACCEPTED_CODINGS);
    response.headers_mut().insert("grpc-accept-encoding", codings);
    response
}

/// Whether the request is gRPC at all; a browser or `curl` on these paths hears so in HTTP.
fn is_call(request: &Request) -> Result<(), Fault> {
    if !media_type(request.headers()).is_some_and(is_grpc) {
        let detail = format!("this path speaks gRPC: Content-Type must be {GRPC}");
        return Err(Fault::new(Reason::UnsupportedMedia, detail));
    }
    if request.version() != Version::HTTP_2 {
        return Err(Fault::new(Reason::HttpVersion, "gRPC needs HTTP/2"));
    }
    Ok(())
}

async fn receive(
    shared: &Shared,
    principal: &Principal,
    signal: Signal,
    request: Request,
) -> Result<Receipt, Fault> {
    let named = named_coding(request.headers())?;
    let limit = shared.config.limits.export_bytes_max;
    let mut share = shared.in_flight.share();
    let limits = shared.body_limits(limit.saturating_add(PREFIX_BYTES));
    let body = body::read(request.into_body(), limits, &mut share).await.map_err(|fault| {
        if fault.reason == Reason::TooLarge {
            // What is configured is the limit of the message, without what gRPC puts before it.
            let detail = format!("the message is larger than {limit} bytes");
            Fault::new(Reason::TooLarge, detail)
        } else {
            fault
        }
    })?;
    let (coding, body) = unframe(body, named)?;
    let project = principal.project.clone();
    let encoding = Encoding::Protobuf;
    accept(shared, Export { project, signal, encoding, coding, body, share }).await
}

fn named_coding(headers: &HeaderMap) -> Result<Coding, Fault> {
    let media = media_type(headers).unwrap_or("");
    if !matches!(media.to_ascii_lowercase().as_str(), GRPC | "application/grpc+proto") {
        let detail = format!("{media:?} is not known here: use {GRPC}");
        return Err(Fault::new(Reason::MethodNotAllowed, detail));
    }
    let Some(name) = headers.get("grpc-encoding") else { return Ok(Coding::Identity) };
    let coding = name.to_str().ok().and_then(coding_of);
    // The gRPC specification asks for UNIMPLEMENTED, which this reason becomes.
    coding.ok_or_else(|| {
        let detail = format!("grpc-encoding {name:?} is not one of {ACCEPTED_CODINGS}");
        Fault::new(Reason::MethodNotAllowed, detail)
    })
}

/// Takes the one message out of a unary request's body.
fn unframe(mut body: Bytes, named: Coding) -> Result<(Coding, Bytes), Fault> {
    let Some((&[flag, a, b, c, d], _)) = body.split_first_chunk::<PREFIX_BYTES>() else {
        let detail = format!("the request has {} bytes and no message", body.len());
        return Err(Fault::invalid(detail));
    };
    let coding = match flag {
        0 => Coding::Identity,
        1 if named != Coding::Identity => named,
        1 => {
            return Err(Fault::invalid("the message is compressed, but no grpc-encoding is named"));
        }
        other => {
            return Err(Fault::invalid(format!("the compression flag is {other}, not 0 or 1")));
        }
    };
    let announced = u32::from_be_bytes([a, b, c, d]);
    let message = body.split_off(PREFIX_BYTES);
    if usize::try_from(announced).ok() != Some(message.len()) {
        let came = message.len();
        let detail =
            format!("one message of {announced} bytes was announced and {came} bytes came");
        return Err(Fault::invalid(detail));
    }
    Ok((coding, message))
}

fn respond(receipt: &Receipt) -> Response {
    let message = response_protobuf(receipt);
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    grpc_trailers(&mut trailers, Code::Ok, "");
    let frames = [Frame::data(framed.freeze()), Frame::trailers(trailers)];
    let body = StreamBody::new(stream::iter(frames.map(Ok::<_, Infallible>)));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response
}

#[cfg(test)]
mod tests;
