//! `/api/v1/keys`: the keys of the caller's project.

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use telltale_base::{Project, UnixNanos};
use telltale_meta::{Key, MetaError, Scope};
use utoipa::ToSchema;

use super::json_body;
use crate::auth::{Principal, Role};
use crate::fault::{Fault, Reason};
use crate::state::Shared;
use crate::wire::Problem;

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    id: String,
    project: String,
    /// `ingest`, `query` or `admin`.
    scope: &'static str,
    name: String,
    /// Nanoseconds since 1970, as text because it exceeds 2^53.
    created_unix_nano: String,
    /// Within an hour.
    last_used_unix_nano: Option<String>,
    revoked_unix_nano: Option<String>,
}

/// The keys of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// Oldest first, revoked ones included.
    keys: Vec<KeyView>,
}

/// A key to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What its owner calls it.
    name: String,
    /// `ingest`, `query` or `admin`.
    scope: String,
    /// Only while no key exists; afterwards a key's project is its creator's.
    #[serde(default)]
    project: Option<String>,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedKeyView {
    #[serde(flatten)]
    key: KeyView,
    /// The text to present. It is shown this once.
    secret: String,
}

impl From<Key> for KeyView {
    fn from(key: Key) -> Self {
        let nanos = |time: UnixNanos| time.0.to_string();
        Self {
            id: key.id,
            project: key.project.to_string(),
            scope: key.scope.name(),
            name: key.name,
            created_unix_nano: nanos(key.created),
            last_used_unix_nano: key.last_used.map(nanos),
            revoked_unix_nano: key.revoked.map(nanos),
        }
    }
}

/// The keys of the caller's project.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys", operation_id = "list_keys",
    responses((status = 200, body = KeyList), (status = "4XX", body = Problem))
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<KeyList>, Fault> {
    let keys = shared.meta.keys(&principal.project).await?;
    Ok(Json(KeyList { keys: keys.into_iter().map(KeyView::from).collect() }))
}

/// Creates a key. The first one ends the time in which everyone on this machine may do everything.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys", operation_id = "create_key",
    request_body = NewKey,
    responses((status = 201, body = CreatedKeyView), (status = "4XX", body = Problem))
)]
pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Fault> {
    let new: NewKey = json_body(&shared, request).await?;
    let scope: Scope = new.scope.parse()?;
    let project = match &new.project {
        None => principal.project.clone(),
        Some(name) => Project::new(name).map_err(MetaError::from)?,
    };
    if principal.role != Role::Open && project != principal.project {
        let detail = format!("your key belongs to project {}", principal.project);
        return Err(Fault::new(Reason::Denied, detail));
    }
    let created = shared.meta.create_key(&project, scope, &new.name).await?;
    tracing::info!(key = created.key.id, %project, %scope, "created an API key");
    let secret = created.secret.expose().to_owned();
    let view = CreatedKeyView { key: created.key.into(), secret };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Revokes a key and ends its sessions, at once.
#[utoipa::path(
    delete, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "revoke_key",
    params(("id" = String, Path, description = "`key_...`")),
    responses((status = 204), (status = "4XX", body = Problem))
)]
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    shared.meta.revoke_key(&principal.project, &id).await?;
    tracing::info!(key = id, project = %principal.project, "revoked an API key");
    Ok(StatusCode::NO_CONTENT)
}
