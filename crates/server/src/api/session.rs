//! `/api/v1/session`: a key exchanged for a cookie, so that the key does not stay in a browser.

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::json_body;
use crate::auth::{Peer, Principal, Role, SESSION_COOKIE, cookie, refuse_foreign};
use crate::fault::{Fault, Reason};
use crate::state::Shared;
use crate::wire::Problem;

/// The key to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// `tt_...`
    key: String,
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// The only project that is seen.
    project: String,
    /// `ingest`, `query` or `admin`; `open` while no key exists.
    scope: &'static str,
    /// The id of the key; absent while no key exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Who the caller is.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "keys", operation_id = "get_session",
    responses((status = 200, body = Session), (status = 401, body = Problem))
)]
pub(crate) async fn get(
    Extension(principal): Extension<Principal>,
) -> Result<Json<Session>, Fault> {
    let scope = match principal.role {
        Role::Open => "open",
        Role::Key(scope) => scope.name(),
        Role::Nobody => return Err(Fault::new(Reason::Unauthenticated, "nobody is signed in")),
    };
    let project = principal.project.to_string();
    Ok(Json(Session { project, scope, key: principal.key.map(|key| key.id) }))
}

/// Signs in: exchanges a key for a cookie.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "keys", operation_id = "sign_in",
    request_body = SignIn,
    responses((status = 200, body = Session), (status = "4XX", body = Problem))
)]
pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Result<Response, Fault> {
    // A page must not sign its visitor in with the page's own key.
    refuse_foreign(request.uri(), request.headers(), &shared.api_origins)?;
    let sign_in: SignIn = json_body(&shared, request).await?;
    let address = peer.0.ip();
    shared.sign_ins.take(address, shared.clock.monotonic()).map_err(|wait| {
        let detail = "too many keys were tried from this address; wait a moment";
        Fault { retry_after: Some(wait), ..Fault::new(Reason::TooMany, detail) }
    })?;
    let lifetime = shared.config.session_lifetime;
    let created = shared.meta.create_session(sign_in.key.trim(), lifetime).await?;
    let Some(created) = created else {
        let detail = "the API key is not known here, or was revoked";
        return Err(Fault::new(Reason::Unauthenticated, detail));
    };
    shared.sign_ins.give_back(address);
    let cookie = set_cookie(&shared, created.secret.expose(), lifetime.as_secs())?;
    let session = Session {
        project: created.key.project.to_string(),
        scope: created.key.scope.name(),
        key: Some(created.key.id),
    };
    Ok(([(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// Signs out.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "keys", operation_id = "sign_out",
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if let Some(session) = cookie(&headers, SESSION_COOKIE) {
        shared.meta.end_session(&session).await?;
    }
    let cookie = set_cookie(&shared, "", 0)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn set_cookie(shared: &Shared, value: &str, seconds: u64) -> Result<HeaderValue, Fault> {
    let secure = if shared.config.tls.is_some() { "; Secure" } else { "" };
    let text = format!(
        "{SESSION_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text)
        .map_err(|_| Fault::new(Reason::Internal, "the cookie cannot be written"))
}
