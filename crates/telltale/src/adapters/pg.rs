//! Opens sessions of the query engine for keys of the metadata database.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use telltale_base::Project;
use telltale_meta::{Meta, Scope};
use telltale_pg::{LoginError, Sessions};
use telltale_query::Engine;

/// Sessions of the PostgreSQL wire.
#[derive(Debug)]
pub(crate) struct PgSessions {
    pub(crate) meta: Meta,
    pub(crate) engine: Arc<Engine>,
}

#[async_trait]
impl Sessions for PgSessions {
    async fn needs_key(&self) -> bool {
        // When keys cannot be looked up, the safe answer is to ask for one.
        self.meta.has_keys().await.unwrap_or(true)
    }

    async fn open(&self, key: Option<&str>) -> Result<SessionContext, LoginError> {
        let project = match key {
            None => Project::default_project(),
            Some(secret) => {
                let found = self.meta.key_of(secret).await;
                let key = found
                    .map_err(|error| LoginError::Unavailable(error.to_string()))?
                    .ok_or(LoginError::UnknownKey)?;
                if !matches!(key.scope, Scope::Query | Scope::Admin) {
                    return Err(LoginError::Scope);
                }
                key.project
            }
        };
        self.engine.session(&project).map_err(|error| LoginError::Unavailable(error.to_string()))
    }

    async fn look_into(&self, session: &SessionContext, error: &DataFusionError) -> String {
        self.engine.look_into(session, error).await.to_string()
    }
}
