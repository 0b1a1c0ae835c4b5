//! One connection: its session, and the bounds that every statement of it gets.

use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use datafusion_postgres::{DfSessionService, Parser};
use futures::{Sink, StreamExt as _};
use pgwire::api::auth::StartupHandler;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::results::{FieldInfo, QueryResponse, Response};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, PgWireServerHandlers, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;

use crate::error::{code, error};
use crate::guard::check_text;
use crate::startup::Startup;
use crate::{Sessions, StatementLimits};

/// What the library's service calls a statement.
type Statement = <DfSessionService as ExtendedQueryHandler>::Statement;

/// Holds the session of a connection once it is authenticated.
#[derive(Default)]
pub(crate) struct Slot(OnceLock<Arc<Opened>>);

/// What an authenticated connection works with.
pub(crate) struct Opened {
    pub(crate) service: DfSessionService,
    pub(crate) session: Arc<SessionContext>,
    pub(crate) sessions: Arc<dyn Sessions>,
}

impl Opened {
    /// The engine's errors are looked into: there may be a damaged file behind one.
    async fn explained(&self, met: PgWireError) -> PgWireError {
        let PgWireError::ApiError(cause) = &met else { return met };
        let Some(cause) = cause.downcast_ref::<DataFusionError>() else { return met };
        let message = self.sessions.look_into(&self.session, cause).await;
        error(code::INTERNAL, message)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot(filled: {})", self.0.get().is_some())
    }
}

impl Slot {
    /// Puts the session in. A second authentication on one connection changes nothing.
    pub(crate) fn fill(&self, opened: Arc<Opened>) {
        self.0.get_or_init(|| opened);
    }

    fn get(&self) -> PgWireResult<&Arc<Opened>> {
        self.0.get().ok_or_else(|| error(code::NOT_CONNECTED, "not authenticated"))
    }
}

/// The handlers of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    startup: Arc<Startup>,
    statements: Arc<Statements>,
}

impl Connection {
    pub(crate) fn new(startup: Startup, limits: StatementLimits) -> Self {
        let slot = Arc::clone(&startup.slot);
        Self { startup: Arc::new(startup), statements: Arc::new(Statements { slot, limits }) }
    }
}

impl PgWireServerHandlers for Connection {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.statements)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::clone(&self.statements)
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.startup)
    }
}

/// Runs statements of one connection within its limits.
#[derive(Debug)]
struct Statements {
    slot: Arc<Slot>,
    limits: StatementLimits,
}

impl Statements {
    async fn within<T>(
        &self,
        opened: &Opened,
        work: impl Future<Output = PgWireResult<T>>,
    ) -> PgWireResult<T> {
        match tokio::time::timeout(self.limits.timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(met)) => Err(opened.explained(met).await),
            Err(_) => Err(self.too_long()),
        }
    }

    fn too_long(&self) -> PgWireError {
        let message = format!("the query took longer than {:?}", self.limits.timeout);
        error(code::QUERY_CANCELED, message)
    }

    /// Bounds the rows of a response in number and time, from now on.
    fn bound(&self, opened: &Arc<Opened>, response: Response) -> Response {
        let Response::Query(query) = response else { return response };
        let limits = self.limits;
        let deadline = tokio::time::Instant::now() + limits.timeout;
        let too_long = self.too_long().to_string();
        let (schema, rows) = (query.row_schema, query.data_rows);
        let opened = Arc::clone(opened);
        let bounded = futures::stream::unfold(Some((rows, 0_usize)), move |state| {
            let (too_long, opened) = (too_long.clone(), Arc::clone(&opened));
            async move {
                let (mut rows, sent) = state?;
                if sent >= limits.rows_max && limits.rows_max > 0 {
                    let more = rows.next().await.is_some();
                    let message =
                        format!("the result has more than {} rows: add a LIMIT", limits.rows_max);
                    return more.then(|| (Err(error(code::PROGRAM_LIMIT, message)), None));
                }
                match tokio::time::timeout_at(deadline, rows.next()).await {
                    Ok(Some(Err(met))) => Some((Err(opened.explained(met).await), None)),
                    Ok(row) => row.map(|row| (row, Some((rows, sent + 1)))),
                    Err(_) => Some((Err(error(code::QUERY_CANCELED, too_long)), None)),
                }
            }
        });
        Response::Query(QueryResponse::new(schema, bounded))
    }
}

#[async_trait]
impl SimpleQueryHandler for Statements {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        check_text(query)?;
        let opened = self.slot.get()?;
        let work = SimpleQueryHandler::do_query(&opened.service, client, query);
        let responses = self.within(opened, work).await?;
        Ok(responses.into_iter().map(|response| self.bound(opened, response)).collect())
    }
}

#[async_trait]
impl ExtendedQueryHandler for Statements {
    type Statement = Statement;
    type QueryParser = DeferredParser;

    fn query_parser(&self) -> Arc<Self::QueryParser> {
        Arc::new(DeferredParser(Arc::clone(&self.slot)))
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Self::Statement>,
        max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let opened = self.slot.get()?;
        let work = ExtendedQueryHandler::do_query(&opened.service, client, portal, max_rows);
        Ok(self.bound(opened, self.within(opened, work).await?))
    }
}

/// The library's parser, once there is a session to parse for.
#[derive(Debug)]
struct DeferredParser(Arc<Slot>);

impl DeferredParser {
    fn parser(&self) -> PgWireResult<Arc<Parser>> {
        Ok(self.0.get()?.service.query_parser())
    }
}

#[async_trait]
impl QueryParser for DeferredParser {
    type Statement = Statement;

    async fn parse_sql<C>(
        &self,
        client: &C,
        sql: &str,
        types: &[Option<Type>],
    ) -> PgWireResult<Option<Self::Statement>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        check_text(sql)?;
        self.parser()?.parse_sql(client, sql, types).await
    }

    fn get_parameter_types(&self, statement: &Self::Statement) -> PgWireResult<Vec<Type>> {
        self.parser()?.get_parameter_types(statement)
    }

    fn get_result_schema(
        &self,
        statement: &Self::Statement,
        format: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        self.parser()?.get_result_schema(statement, format)
    }
}
