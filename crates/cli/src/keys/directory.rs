//! Keys in a data directory: who may read the folder is its operator and needs no key. Works
//! beside a running server, which notices within a second.

use std::path::Path;
use std::sync::Arc;

use telltale_base::{Project, SystemClock, UnixNanos};
use telltale_meta::{Key, Meta, MetaError};

use super::{KeyRow, NewKeyRow};
use crate::error::CliError;

/// The file of the metadata database in a data directory.
const FILE: &str = "meta.db";

impl From<Key> for KeyRow {
    fn from(key: Key) -> Self {
        let nanos = |time: UnixNanos| time.0.to_string();
        Self {
            id: key.id,
            project: key.project.to_string(),
            scope: key.scope.name().to_owned(),
            name: key.name,
            created_unix_nano: nanos(key.created),
            last_used_unix_nano: key.last_used.map(nanos),
            revoked_unix_nano: key.revoked.map(nanos),
        }
    }
}

/// Creates a key, and the directory when there is none: the first key may come before the first
/// start.
pub(super) async fn create(
    path: &Path,
    project: &str,
    scope: &str,
    name: &str,
) -> Result<NewKeyRow, CliError> {
    std::fs::create_dir_all(path)
        .map_err(|source| CliError::DataDir { path: path.to_owned(), source })?;
    let meta = open(path).await?;
    let project = Project::new(project).map_err(MetaError::from)?;
    let created = meta.create_key(&project, scope.parse()?, name).await;
    meta.close().await;
    let created = created?;
    Ok(NewKeyRow { secret: created.secret.expose().to_owned(), key: created.key.into() })
}

/// Keys of all projects.
pub(super) async fn list(path: &Path) -> Result<Vec<KeyRow>, CliError> {
    must_exist(path)?;
    let meta = open(path).await?;
    let keys = meta.all_keys().await;
    meta.close().await;
    Ok(keys?.into_iter().map(KeyRow::from).collect())
}

/// Ends the key of that id, whichever project it belongs to.
pub(super) async fn revoke(path: &Path, id: &str) -> Result<(), CliError> {
    must_exist(path)?;
    let meta = open(path).await?;
    let done = revoke_in(&meta, id).await;
    meta.close().await;
    done
}

async fn revoke_in(meta: &Meta, id: &str) -> Result<(), CliError> {
    let keys = meta.all_keys().await?;
    let key = keys.into_iter().find(|key| key.id == id);
    let key = key.ok_or_else(|| CliError::Usage(format!("there is no key {id:?}")))?;
    Ok(meta.revoke_key(&key.project, id).await?)
}

/// Refuses a directory that no server uses: a key in it would open nothing.
pub(super) fn must_be_ours(path: &Path) -> Result<(), CliError> {
    let ours = [FILE, "version.json"].iter().any(|name| path.join(name).exists());
    if ours {
        return Ok(());
    }
    let what = if path.exists() { "is not a data directory of Telltale" } else { "does not exist" };
    Err(CliError::Usage(format!(
        "{} {what}: a key in it would open nothing. Name the server's data_dir, or say --create when the server is to start on it later",
        path.display()
    )))
}

/// Only `create` may make a directory: a misspelt path must not look like one without keys.
fn must_exist(path: &Path) -> Result<(), CliError> {
    let file = path.join(FILE);
    std::fs::metadata(&file).map(drop).map_err(|source| CliError::DataDir { path: file, source })
}

async fn open(path: &Path) -> Result<Meta, CliError> {
    Ok(Meta::open(&path.join(FILE), Arc::new(SystemClock::new())).await?)
}
