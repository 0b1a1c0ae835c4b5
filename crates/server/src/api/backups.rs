//! `/api/v1/backups`: a copy of everything, made on the server's machine.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::json_body;
use crate::auth::Principal;
use crate::fault::{Fault, Reason};
use crate::state::Shared;
use crate::wire::Problem;

/// A backup to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBackup {
    /// Absolute path of a directory on the server's machine, outside its data directory. It must
    /// not exist or be empty.
    path: String,
}

/// A backup that is complete and durable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackupView {
    /// Where it is.
    path: String,
    /// Files in it.
    files: u64,
    /// Their bytes.
    bytes: u64,
}

/// Copies the records and keys of all projects to a new directory on the server's machine, while
/// the server goes on. Every record that was acknowledged before is in the copy, once. One backup
/// at a time; it goes on when the client goes away.
#[utoipa::path(
    post, path = "/api/v1/backups", tag = "operations", operation_id = "create_backup",
    request_body = NewBackup,
    responses((status = 201, body = BackupView), (status = "4XX", body = Problem))
)]
pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Fault> {
    let new: NewBackup = json_body(&shared, request).await?;
    let directory = absolute(&new.path)?;
    let turn = Arc::clone(&shared.backups).try_acquire_owned().map_err(|_| {
        Fault::new(Reason::Conflict, "a backup is being made; wait until it is complete")
    })?;
    tracing::info!(
        directory = new.path,
        key = principal.key.as_ref().map(|key| &key.id),
        "making a backup"
    );
    // A task of its own, one at a time: a client that goes away must not leave half a backup, nor
    // let a second one begin while files of the first are still being copied.
    let work = tokio::spawn(async move {
        let done = shared.backup.backup(&directory).await;
        drop(turn);
        done
    });
    let report = work.await.map_err(|error| {
        tracing::error!(%error, "a backup hit a bug; the server goes on");
        Fault::new(Reason::Internal, "the backup hit a bug; it was logged")
    })??;
    let (files, bytes) = (report.files, report.bytes);
    tracing::info!(directory = new.path, files, bytes, "made a backup");
    let view = BackupView { path: new.path, files, bytes };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// The path, when it means the same wherever the server was started.
fn absolute(text: &str) -> Result<PathBuf, Fault> {
    let path = Path::new(text);
    let invalid = |why: &str| Err(Fault::invalid(format!("path is {text:?}: {why}")));
    if !path.is_absolute() {
        return invalid("name an absolute path on the server's machine");
    }
    if text.contains('\0') || path.components().any(|part| part == Component::ParentDir) {
        return invalid("name the directory without .. and NUL");
    }
    Ok(path.to_owned())
}
