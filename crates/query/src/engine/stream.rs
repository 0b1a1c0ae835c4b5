//! The rows of a running query.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::{Future, FutureExt, Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tracing::{Instrument as _, Span};

use super::request::Bounds;
use super::{Opened, own_trace};
use crate::damage::Judge;
use crate::error::{QueryError, ReportedLimits, from_datafusion};
use crate::executor::{AbortOnDrop, Executor, GRACE};
use crate::limits::{RowLimit, Slot, Truncated};
use crate::panics;
use crate::stop::{Stop, StopOnDrop};

/// Batches that wait for the reader. A slow reader slows the query down, it never piles up.
const BATCHES_AHEAD: usize = 2;

type Batch = Result<RecordBatch, QueryError>;

/// Rows of one query. Dropping it stops the query.
pub struct SqlStream {
    schema: SchemaRef,
    first: Option<Batch>,
    rest: RowLimit<Received>,
    truncated: Truncated,
    bytes_max: u64,
    deadline: Instant,
    limit: Duration,
}

impl fmt::Debug for SqlStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStream").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// The reading end of a query's task, which lives no longer than this.
struct Received {
    batches: mpsc::Receiver<RecordBatch>,
    /// How the query ended. A task that says nothing has panicked.
    end: Option<oneshot::Receiver<Result<(), QueryError>>>,
    overdue: Overdue,
    _task: AbortOnDrop,
    _held: Held,
}

/// What a query holds for as long as somebody wants its rows.
pub(crate) struct Held {
    _slot: Slot,
    _stop: StopOnDrop,
}

impl Held {
    pub(crate) fn new(slot: Slot, stop: Arc<Stop>) -> Self {
        Self { _slot: slot, _stop: StopOnDrop(stop) }
    }
}

/// The deadline seen from outside. The query's own ends it in good order; this one answers even if
/// no thread of the engine gets to it.
struct Overdue {
    at: Pin<Box<Sleep>>,
    limit: Duration,
}

impl Overdue {
    fn new(limit: Duration) -> Self {
        Self { at: Box::pin(sleep_until(Instant::now() + limit + GRACE)), limit }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<QueryError> {
        self.at.as_mut().poll(cx).map(|()| QueryError::Timeout { limit: self.limit })
    }
}

impl Stream for Received {
    type Item = Batch;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Batch>> {
        match self.batches.poll_recv(cx) {
            Poll::Ready(Some(batch)) => return Poll::Ready(Some(Ok(batch))),
            Poll::Ready(None) => {}
            Poll::Pending => {
                let late = ready!(self.overdue.poll(cx));
                self.batches.close();
                self.end = None;
                return Poll::Ready(Some(Err(late)));
            }
        }
        let Some(end) = self.end.as_mut() else { return Poll::Ready(None) };
        let end = ready!(end.poll_unpin(cx)).unwrap_or_else(|_| Err(failed()));
        self.end = None;
        Poll::Ready(end.err().map(Err))
    }
}

fn failed() -> QueryError {
    QueryError::Internal { message: "the query engine failed".into() }
}

impl SqlStream {
    /// Plans and starts a query, and waits for its first batch.
    pub(crate) async fn start(
        executor: &Executor,
        open: impl Future<Output = Opened> + Send + 'static,
        bounds: Bounds,
        limits: ReportedLimits,
        held: Held,
        judge: Judge,
    ) -> Result<Self, QueryError> {
        let (schema, opened) = oneshot::channel();
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let (ended, end) = oneshot::channel();
        let (asker, panics) = (Span::current(), Arc::clone(&executor.panics));
        let task = executor.start(async move {
            let work = produce(open, bounds, limits, schema, sender, asker);
            // A decoder may panic over damage; the panic is caught here to look for that.
            let result = AssertUnwindSafe(work).catch_unwind().await;
            let result = result.unwrap_or_else(|panic| Err(panics::caught(panic.as_ref())));
            let result = match result {
                Err(error) => Err(judge.judge(error).await),
                done => done,
            };
            panics.note(&result);
            // Nobody listens any more when this fails.
            drop(ended.send(result));
        })?;
        let overdue = Overdue::new(bounds.timeout);
        let (end, due) = (Some(end), overdue.at.deadline());
        let mut received = Received { batches, end, overdue, _task: task, _held: held };
        let Ok(Ok(schema)) = timeout_at(due, opened).await else {
            let error = received.next().await.and_then(Result::err);
            return Err(error.unwrap_or_else(failed));
        };
        let (mut rest, truncated) = RowLimit::new(received, bounds.rows_max);
        let first = rest.next().await.transpose()?.map(Ok);
        let (bytes_max, limit) = (bounds.bytes_max, bounds.timeout);
        Ok(Self { schema, first, rest, truncated, bytes_max, deadline: due, limit })
    }

    /// Columns of the result.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Bytes that may be sent of it.
    pub(crate) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// # Errors
    /// When the time for sending it is over.
    pub(crate) fn in_time(&self) -> Result<(), QueryError> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(QueryError::Timeout { limit: self.limit })
    }

    /// Tells, once the stream has ended, whether rows were cut off.
    pub fn truncated(&self) -> Truncated {
        self.truncated.clone()
    }
}

impl Stream for SqlStream {
    type Item = Batch;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Batch>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.rest.poll_next_unpin(cx),
        }
    }
}

/// Runs a query to its end or deadline, whichever comes first. Waiting for a slow reader counts.
async fn produce(
    open: impl Future<Output = Opened> + Send,
    bounds: Bounds,
    limits: ReportedLimits,
    schema: oneshot::Sender<SchemaRef>,
    sender: mpsc::Sender<RecordBatch>,
    asker: Span,
) -> Result<(), QueryError> {
    let deadline = Instant::now() + bounds.timeout;
    let late = |_| QueryError::Timeout { limit: bounds.timeout };
    let mut batches = timeout_at(deadline, open).await.map_err(late)??;
    if schema.send(batches.schema()).is_err() {
        return Ok(());
    }
    let mut run = own_trace::Run::begin(&asker, bounds.rows_max);
    let span = run.span();
    let work = async {
        while let Some(batch) = timeout_at(deadline, batches.next()).await.map_err(late)? {
            let batch = batch.map_err(|error| from_datafusion(&error, limits))?;
            run.add(batch.num_rows());
            if timeout_at(deadline, sender.send(batch)).await.map_err(late)?.is_err() {
                return Ok(());
            }
        }
        Ok(())
    };
    let result = work.instrument(span).await;
    run.end(result)
}
