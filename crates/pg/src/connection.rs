//! One connection: its session, and the bounds that every statement of it gets.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use datafusion_postgres::{DfSessionService, Parser};
use futures::{FutureExt as _, Sink, StreamExt as _};
use pgwire::api::auth::StartupHandler;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::results::{FieldInfo, QueryResponse, Response};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, PgWireServerHandlers, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use telltale_base::{ByteSize, ErrorKind};
use tokio::time::{Instant, timeout_at};

use crate::error::{code, error};
use crate::guard::check_text;
use crate::settings::statement_timeout;
use crate::sqlstate::{self, explained};
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
    /// What went wrong inside the engine is looked into: there may be a damaged file behind it.
    async fn explained(&self, met: PgWireError) -> PgWireError {
        if let PgWireError::ApiError(cause) = &met
            && let Some(cause) = cause.downcast_ref::<DataFusionError>()
            && let code @ (code::INTERNAL | code::CORRUPTED) = sqlstate::of(cause)
        {
            return error(code, self.sessions.look_into(&self.session, cause).await);
        }
        explained(met)
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
    /// The bounds of a statement that begins now: the server's, or the connection's if tighter.
    fn begin<C: ClientInfo>(&self, client: &C) -> PgWireResult<Bounds> {
        let (opened, limits) = (Arc::clone(self.slot.get()?), self.limits);
        let asked = statement_timeout(client).unwrap_or(limits.timeout);
        let timeout = asked.min(limits.timeout);
        Ok(Bounds { opened, limits, timeout, deadline: Instant::now() + timeout })
    }
}

/// The bounds of one statement.
#[derive(Clone)]
struct Bounds {
    opened: Arc<Opened>,
    limits: StatementLimits,
    timeout: Duration,
    deadline: Instant,
}

impl Bounds {
    async fn within<T>(&self, work: impl Future<Output = PgWireResult<T>>) -> PgWireResult<T> {
        let done = timeout_at(self.deadline, AssertUnwindSafe(work).catch_unwind()).await;
        match done {
            Ok(Ok(Ok(done))) => Ok(done),
            Ok(Ok(Err(met))) => Err(self.opened.explained(met).await),
            Ok(Err(panic)) => Err(panicked(panic.as_ref())),
            Err(_) => Err(self.too_long()),
        }
    }

    fn too_long(&self) -> PgWireError {
        let message = format!("the query took longer than {:?}", self.timeout);
        error(code::QUERY_CANCELED, message)
    }

    fn too_large(&self) -> PgWireError {
        let limit = ByteSize(self.limits.bytes_max);
        error(code::PROGRAM_LIMIT, format!("the result has more than {limit}: add a LIMIT"))
    }

    /// Bounds the rows of a response in number, size and time.
    fn bound(self, response: Response) -> Response {
        let Response::Query(query) = response else { return response };
        let StatementLimits { rows_max, bytes_max, .. } = self.limits;
        let (schema, rows) = (query.row_schema, query.data_rows);
        let begin = Some((rows, 0_usize, 0_u64));
        let bounded = futures::stream::unfold(begin, move |state| {
            let bounds = self.clone();
            async move {
                let (mut rows, sent, bytes) = state?;
                let row = match bounds.within(async { rows.next().await.transpose() }).await {
                    Ok(row) => row?,
                    Err(met) => return Some((Err(met), None)),
                };
                if sent >= rows_max && rows_max > 0 {
                    let message = format!("the result has more than {rows_max} rows: add a LIMIT");
                    return Some((Err(error(code::PROGRAM_LIMIT, message)), None));
                }
                let bytes = bytes.saturating_add(row.data.len() as u64);
                if bytes > bytes_max {
                    return Some((Err(bounds.too_large()), None));
                }
                Some((Ok(row), Some((rows, sent + 1, bytes))))
            }
        });
        Response::Query(QueryResponse::new(schema, bounded))
    }
}

fn panicked(panic: &(dyn Any + Send)) -> PgWireError {
    let met = telltale_query::QueryError::of_panic(panic);
    let code = match met.kind() {
        ErrorKind::TooLarge => code::PROGRAM_LIMIT,
        _ => code::INTERNAL,
    };
    error(code, met.to_string())
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
        let bounds = self.begin(client)?;
        let work = SimpleQueryHandler::do_query(&bounds.opened.service, client, query);
        let responses = bounds.within(work).await?;
        Ok(responses.into_iter().map(|response| bounds.clone().bound(response)).collect())
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
        let bounds = self.begin(client)?;
        let service = &bounds.opened.service;
        let work = ExtendedQueryHandler::do_query(service, client, portal, max_rows);
        let response = bounds.within(work).await?;
        Ok(bounds.bound(response))
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
        self.parser()?.parse_sql(client, sql, types).await.map_err(explained)
    }

    fn get_parameter_types(&self, statement: &Self::Statement) -> PgWireResult<Vec<Type>> {
        self.parser()?.get_parameter_types(statement).map_err(explained)
    }

    fn get_result_schema(
        &self,
        statement: &Self::Statement,
        format: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        self.parser()?.get_result_schema(statement, format).map_err(explained)
    }
}
