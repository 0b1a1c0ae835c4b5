//! The rows of a running query.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::{Future, FutureExt, Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use super::request::Bounds;
use super::{Opened, own_trace};
use crate::damage::Judge;
use crate::error::{QueryError, ReportedLimits, from_datafusion};
use crate::executor::{AbortOnDrop, Executor};
use crate::limits::{RowLimit, Slot, Truncated};

/// Batches that wait for the reader. A slow reader slows the query down, it never piles up.
const BATCHES_AHEAD: usize = 2;

type Batch = Result<RecordBatch, QueryError>;

/// Rows of one query. Dropping it stops the query.
pub struct SqlStream {
    schema: SchemaRef,
    first: Option<Batch>,
    rest: RowLimit<Received>,
    truncated: Truncated,
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
    _task: AbortOnDrop,
    _slot: Slot,
}

impl Stream for Received {
    type Item = Batch;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Batch>> {
        if let Some(batch) = ready!(self.batches.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(batch)));
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
        slot: Slot,
        judge: Judge,
    ) -> Result<Self, QueryError> {
        let (schema, opened) = oneshot::channel();
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let (ended, end) = oneshot::channel();
        let asker = Span::current();
        let task = executor.start(async move {
            let work = produce(open, bounds, limits, schema, sender, asker);
            // A decoder may panic over damage; the panic is caught here to look for that.
            let result =
                AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(failed()));
            let result = match result {
                Err(error) => Err(judge.judge(error).await),
                done => done,
            };
            // Nobody listens any more when this fails.
            drop(ended.send(result));
        })?;
        let mut received = Received { batches, end: Some(end), _task: task, _slot: slot };
        let Ok(schema) = opened.await else {
            let error = received.next().await.and_then(Result::err);
            return Err(error.unwrap_or_else(failed));
        };
        let (mut rest, truncated) = RowLimit::new(received, bounds.rows_max);
        let first = rest.next().await.transpose()?.map(Ok);
        Ok(Self { schema, first, rest, truncated })
    }

    /// Columns of the result.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
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
