//! API keys: who a caller is, which project it sees and what kind of work it may do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use telltale_base::{Project, UnixNanos};

use crate::database::Meta;
use crate::error::MetaError;
use crate::projects;
use crate::secret::{self, KEY_PREFIX, KEY_PURPOSE, Secret};

/// Most characters of a key's name.
pub const NAME_CHARS_MAX: usize = 200;

/// `last used` is written at most once in this time, so that reading costs no write.
const LAST_USED_STEP: Duration = Duration::from_hours(1);

/// The kind of work a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// May only export telemetry.
    Ingest,
    /// May only read.
    Query,
    /// May do both, and manage the project.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Query, Self::Admin];

    /// The name in the database, the API and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = MetaError;

    fn from_str(text: &str) -> Result<Self, MetaError> {
        let scope = Self::ALL.into_iter().find(|scope| scope.name() == text);
        scope.ok_or_else(|| MetaError::Scope(text.chars().take(40).collect()))
    }
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its public name, `key_...`.
    pub id: String,
    /// The only project it sees.
    pub project: Project,
    /// What it may do.
    pub scope: Scope,
    /// What its owner calls it.
    pub name: String,
    /// When it was created.
    pub created: UnixNanos,
    /// When it was last used, within an hour.
    pub last_used: Option<UnixNanos>,
    /// When it stopped working.
    pub revoked: Option<UnixNanos>,
}

/// A new key and its secret, which nothing can show again.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: Key,
    /// The text to present, `tt_...`.
    pub secret: Secret,
}

impl Meta {
    /// Creates a key, and its project when that is new.
    pub async fn create_key(
        &self,
        project: &Project,
        scope: Scope,
        name: &str,
    ) -> Result<CreatedKey, MetaError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return Err(MetaError::Name { limit: NAME_CHARS_MAX });
        }
        let key = Key {
            id: secret::key_id()?,
            project: project.clone(),
            scope,
            name: name.to_owned(),
            created: self.now(),
            last_used: None,
            revoked: None,
        };
        let secret = Secret::key()?;
        let failed = || MetaError::statement("create a key");
        let mut transaction = self.pool.begin().await.map_err(failed())?;
        projects::ensure(&mut transaction, project, key.created).await?;
        sqlx::query(
            "INSERT INTO keys (id, project, scope, name, hash, created) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&key.id)
        .bind(key.project.as_str())
        .bind(key.scope.name())
        .bind(&key.name)
        .bind(secret::hash(KEY_PURPOSE, secret.expose()).to_vec())
        .bind(key.created.0)
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
        transaction.commit().await.map_err(failed())?;
        self.cache.clear();
        Ok(CreatedKey { key, secret })
    }

    /// The active key of a secret; `None` when there is none. A revocation by this process counts at
    /// once, one by another process within a second.
    pub async fn key_of(&self, secret: &str) -> Result<Option<Key>, MetaError> {
        if !secret.starts_with(KEY_PREFIX) {
            return Ok(None);
        }
        let hash = secret::hash(KEY_PURPOSE, secret);
        let monotonic = self.clock.monotonic();
        if let Some(key) = self.cache.key(&hash, monotonic) {
            return Ok(Some(key));
        }
        let epoch = self.cache.epoch();
        let row = sqlx::query("SELECT * FROM keys WHERE hash = ? AND revoked IS NULL")
            .bind(hash.to_vec())
            .fetch_optional(&self.pool)
            .await
            .map_err(MetaError::statement("look up a key"))?;
        let Some(row) = row else { return Ok(None) };
        let key = key_from(&row)?;
        self.touch(&key).await;
        self.cache.remember(epoch, hash, monotonic, key.clone());
        Ok(Some(key))
    }

    /// Keys of a project, oldest first, revoked ones included.
    pub async fn keys(&self, project: &Project) -> Result<Vec<Key>, MetaError> {
        let rows = sqlx::query("SELECT * FROM keys WHERE project = ? ORDER BY created, id")
            .bind(project.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(MetaError::statement("list keys"))?;
        rows.iter().map(key_from).collect()
    }

    /// Keys of all projects, for the operator of the data directory.
    pub async fn all_keys(&self) -> Result<Vec<Key>, MetaError> {
        let rows = sqlx::query("SELECT * FROM keys ORDER BY project, created, id")
            .fetch_all(&self.pool)
            .await
            .map_err(MetaError::statement("list keys"))?;
        rows.iter().map(key_from).collect()
    }

    /// Ends a key and every session that was opened with it.
    ///
    /// # Errors
    /// `NoSuchKey` when the project has no active key of that id.
    pub async fn revoke_key(&self, project: &Project, id: &str) -> Result<(), MetaError> {
        let failed = || MetaError::statement("revoke a key");
        let mut transaction = self.pool.begin().await.map_err(failed())?;
        let done = sqlx::query(
            "UPDATE keys SET revoked = ? WHERE id = ? AND project = ? AND revoked IS NULL",
        )
        .bind(self.now().0)
        .bind(id)
        .bind(project.as_str())
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
        if done.rows_affected() == 0 {
            let id = id.chars().take(80).collect();
            return Err(MetaError::NoSuchKey { id, project: project.to_string() });
        }
        sqlx::query("DELETE FROM sessions WHERE key = ?")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(failed())?;
        transaction.commit().await.map_err(failed())?;
        self.cache.clear();
        Ok(())
    }

    /// Whether a key was ever created, revoked ones included: revoking the last key must not open
    /// the server. A first key created by another process is seen within a second.
    pub async fn has_keys(&self) -> Result<bool, MetaError> {
        let monotonic = self.clock.monotonic();
        if let Some(has) = self.cache.has_keys(monotonic) {
            return Ok(has);
        }
        let epoch = self.cache.epoch();
        let has: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM keys)")
            .fetch_one(&self.pool)
            .await
            .map_err(MetaError::statement("look for keys"))?;
        self.cache.remember_has_keys(epoch, monotonic, has);
        Ok(has)
    }

    /// Notes that a key was used, coarsely. A disk that is full must not lock readers out, so a
    /// failure is logged and no more.
    pub(crate) async fn touch(&self, key: &Key) {
        let now = self.now();
        if key.last_used.is_some_and(|last| now.since(last) < LAST_USED_STEP) {
            return;
        }
        let done = sqlx::query("UPDATE keys SET last_used = ? WHERE id = ?")
            .bind(now.0)
            .bind(&key.id)
            .execute(&self.pool)
            .await;
        if let Err(error) = done {
            tracing::warn!(key = key.id, %error, "could not note the use of a key");
        }
    }
}

pub(crate) fn key_from(row: &SqliteRow) -> Result<Key, MetaError> {
    let failed = || MetaError::statement("read a key");
    let project: String = row.try_get("project").map_err(failed())?;
    let scope: String = row.try_get("scope").map_err(failed())?;
    Ok(Key {
        id: row.try_get("id").map_err(failed())?,
        project: Project::new(&project)
            .map_err(|_| MetaError::Unknown { what: "project", value: project })?,
        scope: scope.parse().map_err(|_| MetaError::Unknown { what: "scope", value: scope })?,
        name: row.try_get("name").map_err(failed())?,
        created: UnixNanos(row.try_get("created").map_err(failed())?),
        last_used: row.try_get::<Option<i64>, _>("last_used").map_err(failed())?.map(UnixNanos),
        revoked: row.try_get::<Option<i64>, _>("revoked").map_err(failed())?.map(UnixNanos),
    })
}
