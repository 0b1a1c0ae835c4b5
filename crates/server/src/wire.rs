//! The form in which a client hears of a fault: OTLP over HTTP in its own encoding, gRPC in
//! trailers, everybody else as `application/problem+json`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{self, HeaderMap, HeaderValue};
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Fault, Reason};
use crate::ports::Encoding;
use crate::rpc_status::{Code, Status};

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";
pub(crate) const PROBLEM: &str = "application/problem+json";
pub(crate) const GRPC: &str = "application/grpc";

/// Whom an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Api,
    Otlp(Encoding),
    Grpc,
}

impl Wire {
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let media = media_type(headers);
        if media.is_some_and(is_grpc) {
            Self::Grpc
        } else if uri.path().starts_with("/v1/") {
            let json = media.is_some_and(|media| media.eq_ignore_ascii_case(JSON));
            Self::Otlp(if json { Encoding::Json } else { Encoding::Protobuf })
        } else {
            Self::Api
        }
    }

    pub(crate) fn fault(self, fault: &Fault) -> Response {
        let mut response = match self {
            Self::Api => problem(fault),
            Self::Otlp(encoding) => otlp(encoding, fault),
            Self::Grpc => return grpc_status(fault),
        };
        if let Some(delay) = fault.retry_after {
            // The header counts whole seconds; rounding down would invite too early a retry.
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if fault.reason == Reason::Unauthenticated {
            let challenge = HeaderValue::from_static("Bearer realm=\"telltale\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The media type of a body, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

pub(crate) fn is_grpc(media: &str) -> bool {
    media.get(..GRPC.len()).is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
}

/// An error of the API (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of error; stable.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind of error, for people.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened to this request.
    pub(crate) detail: String,
}

impl Problem {
    fn of(fault: &Fault) -> Self {
        let (name, title) = fault.reason.title();
        let kind = format!("urn:telltale:problem:{name}");
        let status = fault.reason.status().as_u16();
        Self { kind, title, status, detail: fault.detail.clone() }
    }
}

fn problem(fault: &Fault) -> Response {
    let body = serde_json::to_vec(&Problem::of(fault)).unwrap_or_default();
    (fault.reason.status(), [(header::CONTENT_TYPE, PROBLEM)], body).into_response()
}

fn otlp(encoding: Encoding, fault: &Fault) -> Response {
    let status = status_of(fault);
    let (media, body) = match encoding {
        Encoding::Protobuf => (PROTOBUF, status.to_protobuf()),
        Encoding::Json => (JSON, status.to_json()),
    };
    (fault.reason.status(), [(header::CONTENT_TYPE, media)], body).into_response()
}

fn status_of(fault: &Fault) -> Status<'_> {
    Status { code: fault.reason.code(), message: &fault.detail, retry_after: fault.retry_after }
}

/// A response of headers only, which gRPC calls "trailers-only".
fn grpc_status(fault: &Fault) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
    grpc_trailers(headers, fault.reason.code(), &fault.detail);
    let details = STANDARD_NO_PAD.encode(status_of(fault).to_protobuf());
    if let Ok(details) = HeaderValue::from_str(&details) {
        headers.insert("grpc-status-details-bin", details);
    }
    response
}

pub(crate) fn grpc_trailers(headers: &mut HeaderMap, code: Code, message: &str) {
    headers.insert("grpc-status", HeaderValue::from(u16::from(code as u8)));
    if let Ok(message) = HeaderValue::from_str(&percent(message))
        && !message.is_empty()
    {
        headers.insert("grpc-message", message);
    }
}

/// Percent-encoding as gRPC wants it: printable ASCII without `%` stays.
fn percent(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&telltale_base::hex(&[byte]).to_ascii_uppercase());
        }
    }
    out
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        Wire::Api.fault(&self)
    }
}
