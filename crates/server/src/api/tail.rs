//! `GET /api/v1/tail`: records as they arrive, as server-sent events.
//!
//! One event a record, named after its table, with the record as JSON. A reader that is too slow
//! misses records and is told so by a `missed` event; it never slows ingest down. The key is looked
//! at again with every heartbeat, so that a revoked one does not keep listening.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{self, HeaderValue};
use telltale_base::Signal;
use telltale_query::QueryError;
use telltale_query::encode::json_rows;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval};

use super::params::Params;
use crate::auth::{Peer, Principal};
use crate::fault::{Fault, Reason};
use crate::ports::{Arrival, Arrivals, TailRecords};
use crate::state::Shared;
use crate::wire::Problem;

/// Time between signs of life.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Most rows written at once.
const ROWS_A_PIECE: usize = 512;

/// Records as they arrive, as server-sent events: one event a record, named `spans`, `logs`,
/// `metrics` or `histograms`; `missed` tells how many exports were not delivered to a slow reader.
#[utoipa::path(
    get, path = "/api/v1/tail", tag = "query", operation_id = "tail",
    params(
        ("signal" = Option<Vec<String>>, Query, description = "`traces`, `logs`, `metrics`; all by default"),
        ("service" = Option<String>, Query, description = "Only of this service"),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = Problem),
    )
)]
pub(crate) async fn listen(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let filter = Filter::parse(query.as_deref())?;
    let permit = Arc::clone(&shared.tails).try_acquire_owned().map_err(|_| {
        let max = shared.config.limits.tails_max;
        Fault::new(Reason::Busy, format!("{max} readers are listening already"))
    })?;
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let arrivals = shared.tail.arrivals();
    let listener =
        Listener { shared, principal, peer, filter, arrivals, heartbeat, _permit: permit };
    let events = stream::unfold(listener, |mut listener| async move {
        let piece = listener.next().await?;
        Some((stream::iter(piece), listener))
    });
    let body = Body::from_stream(events.flatten().map(Ok::<_, Infallible>));
    let mut response = Response::new(body);
    let media = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(response)
}

struct Listener {
    shared: Shared,
    principal: Principal,
    peer: Peer,
    filter: Filter,
    arrivals: Arrivals,
    heartbeat: tokio::time::Interval,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    /// Events to send; `None` when listening is over.
    async fn next(&mut self) -> Option<Vec<Bytes>> {
        tokio::select! {
            () = self.shared.stopping.cancelled() => None,
            _ = self.heartbeat.tick() => {
                let stands = self.principal.still_stands(&self.shared.meta, self.peer).await;
                stands.then(|| vec![Bytes::from_static(b": listening\n\n")])
            }
            arrival = self.arrivals.next() => match arrival? {
                Arrival::Missed(exports) => {
                    let event = format!("event: missed\ndata: {{\"exports\":{exports}}}\n\n");
                    Some(vec![Bytes::from(event)])
                }
                Arrival::Records(records) if records.project == self.principal.project => {
                    self.filter.events(&records).map_err(|error| {
                        tracing::warn!(%error, "arrived records cannot be shown");
                    }).ok()
                }
                Arrival::Records(_) => Some(Vec::new()),
            },
        }
    }
}

/// What a listener wants to see.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    tables: Vec<&'static str>,
    service: Option<String>,
}

impl Filter {
    fn parse(query: Option<&str>) -> Result<Self, Fault> {
        let mut params = Params::parse(query, &["signal", "service"])?;
        let mut tables = Vec::new();
        for name in params.all("signal") {
            let signal = Signal::ALL.into_iter().find(|signal| signal.name() == name);
            tables.extend_from_slice(match signal {
                Some(Signal::Traces) => &["spans"],
                Some(Signal::Logs) => &["logs"],
                Some(Signal::Metrics) => &["metrics", "histograms"],
                None => {
                    let detail = format!("signal is {name:?}, not traces, logs or metrics");
                    return Err(Fault::invalid(detail));
                }
            });
        }
        if tables.is_empty() {
            tables = vec!["spans", "logs", "metrics", "histograms"];
        }
        Ok(Self { tables, service: params.one("service")? })
    }

    /// The records that are wanted, as events, some to a piece.
    fn events(&self, records: &TailRecords) -> Result<Vec<Bytes>, QueryError> {
        let mut pieces = Vec::new();
        let wanted = records.batches.iter().filter(|(table, _)| self.tables.contains(table));
        for (table, batch) in wanted {
            let batch = self.of_service(batch)?;
            let mut from = 0;
            while from < batch.num_rows() {
                let rows = ROWS_A_PIECE.min(batch.num_rows() - from);
                let mut piece = Vec::new();
                for object in json_rows(&batch.slice(from, rows))? {
                    piece.extend_from_slice(format!("event: {table}\ndata: ").as_bytes());
                    piece.extend_from_slice(object.as_bytes());
                    piece.extend_from_slice(b"\n\n");
                }
                pieces.push(Bytes::from(piece));
                from += rows;
            }
        }
        Ok(pieces)
    }

    fn of_service(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Some(service) = &self.service else { return Ok(batch.clone()) };
        let Some(column) = batch.column_by_name("service_name") else {
            return Ok(batch.slice(0, 0));
        };
        let text = arrow::compute::cast(column, &DataType::Utf8View)?;
        let equal = text.as_string_view().iter().map(|name| Some(name == Some(service)));
        filter_record_batch(batch, &equal.collect())
    }
}

#[cfg(test)]
mod tests;
