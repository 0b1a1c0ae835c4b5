//! The guard before every route: where from, who, whether; then the handler. Also the browser's
//! questions beforehand (CORS).

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode, Uri};

use super::authorise::{Action, authorise};
use super::credentials::credentials;
use super::origin::{self, Origins, Peer};
use super::principal::Principal;
use crate::fault::{Fault, Reason};
use crate::routes::{self, Found};
use crate::state::Shared;
use crate::wire::Wire;

pub(crate) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let listed = listed(&shared, request.uri());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|o| o.to_str().is_ok_and(|origin| listed.allow(origin)));
    if let (Some(origin), true) = (&allowed, is_preflight(&request)) {
        return preflight(origin);
    }
    let wire = Wire::of(request.uri(), request.headers());
    let (mut parts, body) = request.into_parts();
    let mut response = match admit(&shared, listed, &parts).await {
        Ok(principal) => {
            parts.extensions.insert(principal);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(fault) => wire.fault(&fault),
    };
    harden(response.headers_mut());
    if let Some(origin) = allowed {
        cors(response.headers_mut(), &origin);
    }
    response
}

async fn admit(shared: &Shared, listed: &Origins, request: &Parts) -> Result<Principal, Fault> {
    let peer = request.extensions.get::<Peer>().copied();
    let peer = peer.ok_or_else(|| Fault::new(Reason::Internal, "the peer is not known"))?;
    let matched = request.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let action = match routes::find(&request.method, matched) {
        Found::Route(route) => route.action,
        // Told apart from a denial, because the answer is the same for everyone.
        Found::NoPath | Found::NoMethod => Action::Public,
        Found::Unlisted => {
            return Err(Fault::new(Reason::Denied, "nobody was given permission for this path"));
        }
    };
    let presented = credentials(&request.headers);
    let principal = match Principal::find(&shared.meta, peer, presented).await {
        // What tells nothing stays available to one whose key is wrong.
        Err(fault) if fault.reason == Reason::Unauthenticated && action == Action::Public => {
            Principal::nobody()
        }
        found => found?,
    };
    let hosts = &shared.config.allowed_hosts;
    let (method, uri, headers) = (&request.method, &request.uri, &request.headers);
    origin::check(&principal, method, uri, headers, listed, hosts)?;
    authorise(principal.role, action)?;
    Ok(principal)
}

/// Sending and reading are listed apart: a page that may send its telemetry must not read prompts.
fn listed<'a>(shared: &'a Shared, uri: &Uri) -> &'a Origins {
    let otlp = uri.path().starts_with("/v1/") || uri.path().starts_with("/opentelemetry.proto.");
    if otlp { &shared.otlp_origins } else { &shared.api_origins }
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight(origin: &HeaderValue) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    cors(headers, origin);
    let allow = |value| HeaderValue::from_static(value);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow("GET, POST, DELETE"));
    let names =
        "authorization, content-encoding, content-type, x-api-key, x-grpc-web, x-user-agent";
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allow(names));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, allow("3600"));
    response
}

fn cors(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let exposed = HeaderValue::from_static("retry-after");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    // The default below would keep the page from reading what it was just allowed to.
    headers.remove("cross-origin-resource-policy");
}

/// What every answer says to browsers: do not guess types, do not embed elsewhere, do not keep.
fn harden(headers: &mut HeaderMap) {
    let set = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
