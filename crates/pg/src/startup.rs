//! Who may come in: nobody in plain text from another machine, and nobody without a key where keys
//! exist. The session is made here, after authentication, never before.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_postgres::datafusion_pg_catalog::setup_pg_catalog;
use datafusion_postgres::hooks::set_show::SetShowHook;
use datafusion_postgres::hooks::transactions::TransactionStatementHook;
use datafusion_postgres::{DfSessionService, QueryHook};
use futures::{Sink, SinkExt as _};
use pgwire::api::auth::{
    DefaultServerParameterProvider, StartupHandler, finish_authentication, protocol_negotiation,
    save_startup_parameters_to_metadata,
};
use pgwire::api::{
    ClientInfo, PgWireConnectionState, PidSecretKeyGenerator, RandomPidSecretKeyGenerator,
};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::startup::Authentication;
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};

use crate::Sessions;
use crate::connection::{Opened, Slot};
use crate::error::{code, fatal};
use crate::guard::Guard;
use crate::settings::{SERVER_VERSION, Settings};

/// Authenticates one connection and fills its session slot.
#[derive(Debug)]
pub(crate) struct Startup {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) slot: Arc<Slot>,
    /// Whether the connection is encrypted or stays on this machine.
    pub(crate) private: bool,
}

impl Startup {
    async fn open(&self, key: Option<&str>) -> PgWireResult<()> {
        let session = self.sessions.open(key).await?;
        let session = Arc::new(session);
        let service = service(Arc::clone(&session))?;
        let sessions = Arc::clone(&self.sessions);
        self.slot.fill(Arc::new(Opened { service, session, sessions }));
        Ok(())
    }
}

/// A session with the catalog tables and functions that clients expect.
fn service(session: Arc<SessionContext>) -> PgWireResult<DfSessionService> {
    let catalog = session.state().config_options().catalog.default_catalog.clone();
    setup_pg_catalog(&session, &catalog, EmptyContextProvider)
        .map_err(|error| PgWireError::ApiError(error))?;
    let hooks: Vec<Arc<dyn QueryHook>> = vec![
        Arc::new(Guard),
        Arc::new(Settings),
        Arc::new(SetShowHook),
        Arc::new(TransactionStatementHook),
    ];
    Ok(DfSessionService::new_with_hooks(session, hooks))
}

fn parameters() -> DefaultServerParameterProvider {
    let mut parameters = DefaultServerParameterProvider::default();
    SERVER_VERSION.clone_into(&mut parameters.server_version);
    parameters.is_superuser = false;
    parameters.default_transaction_read_only = true;
    parameters
}

async fn welcome<C>(client: &mut C) -> PgWireResult<()>
where
    C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
    C::Error: Debug,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    let (pid, secret) = RandomPidSecretKeyGenerator::default().generate(client);
    client.set_pid_and_secret_key(pid, secret);
    finish_authentication(client, &parameters()).await
}

#[async_trait]
impl StartupHandler for Startup {
    async fn on_startup<C>(
        &self,
        client: &mut C,
        message: PgWireFrontendMessage,
    ) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match message {
            PgWireFrontendMessage::Startup(startup) => {
                if !self.private && !client.is_secure() {
                    let message = "connections from other machines need TLS: set server.tls_cert \
                                   and server.tls_key, and sslmode=require";
                    return Err(fatal(code::INVALID_AUTHORIZATION, message));
                }
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                if !self.sessions.needs_key().await {
                    self.open(None).await?;
                    return welcome(client).await;
                }
                client.set_state(PgWireConnectionState::AuthenticationInProgress);
                let ask = PgWireBackendMessage::Authentication(Authentication::CleartextPassword);
                client.send(ask).await?;
                Ok(())
            }
            PgWireFrontendMessage::PasswordMessageFamily(answer) => {
                let password = answer.into_password()?;
                self.open(Some(&password.password)).await?;
                welcome(client).await
            }
            _ => Ok(()),
        }
    }
}
