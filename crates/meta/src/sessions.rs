//! Browser sessions: a key exchanged for a random id that lives in a cookie, so that the key itself
//! never stays in a browser.

use std::time::Duration;

use telltale_base::UnixNanos;

use crate::database::Meta;
use crate::error::MetaError;
use crate::keys::{Key, key_from};
use crate::secret::{self, SESSION_PURPOSE, Secret};

/// A new session.
#[derive(Clone, Debug)]
pub struct CreatedSession {
    /// The id that the browser presents.
    pub secret: Secret,
    /// When it stops working.
    pub expires: UnixNanos,
    /// The key it stands for.
    pub key: Key,
}

impl Meta {
    /// Opens a session for an active key; `None` when the secret is not one's. Expired sessions of
    /// everyone are removed on the way.
    pub async fn create_session(
        &self,
        key_secret: &str,
        lifetime: Duration,
    ) -> Result<Option<CreatedSession>, MetaError> {
        let Some(key) = self.key_of(key_secret).await? else { return Ok(None) };
        let failed = || MetaError::statement("open a session");
        let (now, secret) = (self.now(), Secret::session()?);
        let expires = now.plus(lifetime);
        let mut transaction = self.pool.begin().await.map_err(failed())?;
        sqlx::query("DELETE FROM sessions WHERE expires <= ?")
            .bind(now.0)
            .execute(&mut *transaction)
            .await
            .map_err(failed())?;
        // The key may have been revoked since it was looked up: then nothing is inserted.
        let done = sqlx::query(
            "INSERT INTO sessions (hash, key, created, expires)
             SELECT ?, id, ?, ? FROM keys WHERE id = ? AND revoked IS NULL",
        )
        .bind(secret::hash(SESSION_PURPOSE, secret.expose()).to_vec())
        .bind(now.0)
        .bind(expires.0)
        .bind(&key.id)
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
        transaction.commit().await.map_err(failed())?;
        Ok((done.rows_affected() == 1).then_some(CreatedSession { secret, expires, key }))
    }

    /// The active key behind a session; `None` when the session ended, expired or never was.
    pub async fn key_of_session(&self, session: &str) -> Result<Option<Key>, MetaError> {
        let hash = secret::hash(SESSION_PURPOSE, session);
        let row = sqlx::query(
            "SELECT keys.* FROM sessions JOIN keys ON keys.id = sessions.key
             WHERE sessions.hash = ? AND sessions.expires > ? AND keys.revoked IS NULL",
        )
        .bind(hash.to_vec())
        .bind(self.now().0)
        .fetch_optional(&self.pool)
        .await
        .map_err(MetaError::statement("look up a session"))?;
        let Some(row) = row else { return Ok(None) };
        let key = key_from(&row)?;
        self.touch(&key).await;
        Ok(Some(key))
    }

    /// Ends a session. Ending one that does not exist is no error.
    pub async fn end_session(&self, session: &str) -> Result<(), MetaError> {
        sqlx::query("DELETE FROM sessions WHERE hash = ?")
            .bind(secret::hash(SESSION_PURPOSE, session).to_vec())
            .execute(&self.pool)
            .await
            .map_err(MetaError::statement("end a session"))?;
        Ok(())
    }
}
