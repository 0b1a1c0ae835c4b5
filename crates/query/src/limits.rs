//! The bounds of one running query: memory, time and rows.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use futures::{Stream, StreamExt};

use crate::error::{QueryError, SHARED_MEMORY_USED_UP};

/// Memory that all queries share.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    used: AtomicU64,
    limit: u64,
}

impl SharedMemory {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), limit })
    }

    fn add(&self, bytes: usize) {
        self.used.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn remove(&self, bytes: usize) {
        self.used.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    fn try_add(&self, bytes: usize) -> bool {
        let fits = |used: u64| used.checked_add(bytes as u64).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Bytes that running queries hold.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// The memory of one query: its own limit, fairly split among operators that can spill, and a
/// share of what all queries may have.
#[derive(Debug)]
pub(crate) struct QueryPool {
    own: FairSpillPool,
    limit: usize,
    shared: Arc<SharedMemory>,
}

impl QueryPool {
    pub(crate) fn new(limit: u64, shared: Arc<SharedMemory>) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { own: FairSpillPool::new(limit), limit, shared }
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query({} of {} bytes)", self.own.reserved(), self.limit)
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &'static str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.shared.add(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.shared.remove(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> DataFusionResult<()> {
        self.own.try_grow(reservation, additional)?;
        if self.shared.try_add(additional) {
            return Ok(());
        }
        self.own.shrink(reservation, additional);
        // This kind of error makes operators that can spill do so.
        Err(DataFusionError::ResourcesExhausted(SHARED_MEMORY_USED_UP.to_owned()))
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

/// Whether a result was cut off at its limit of rows or bytes. Complete once the stream has ended.
#[derive(Clone, Debug, Default)]
pub struct Truncated(Arc<AtomicBool>);

impl Truncated {
    /// Whether rows were cut off, as far as the stream has been read.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A stream of batches that ends after `rows` rows and notes whether there were more.
pub(crate) struct RowLimit<S> {
    inner: Option<S>,
    left: usize,
    truncated: Truncated,
}

impl<S> RowLimit<S> {
    pub(crate) fn new(inner: S, rows: usize) -> (Self, Truncated) {
        let truncated = Truncated::default();
        (Self { inner: Some(inner), left: rows, truncated: truncated.clone() }, truncated)
    }
}

impl<S> Stream for RowLimit<S>
where
    S: Stream<Item = Result<RecordBatch, QueryError>> + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = self.inner.as_mut() else { return Poll::Ready(None) };
        let next = std::task::ready!(inner.poll_next_unpin(cx));
        let Some(Ok(batch)) = next else { return Poll::Ready(next) };
        if batch.num_rows() <= self.left {
            self.left -= batch.num_rows();
            return Poll::Ready(Some(Ok(batch)));
        }
        // Dropping the inner stream stops the query.
        self.inner = None;
        self.truncated.set();
        let rest = std::mem::take(&mut self.left);
        Poll::Ready((rest > 0).then(|| Ok(batch.slice(0, rest))))
    }
}

/// Counts running queries; a slot is freed when its holder is dropped.
#[derive(Debug)]
pub(crate) struct Slots {
    used: AtomicUsize,
    limit: usize,
}

impl Slots {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit })
    }

    pub(crate) fn take(self: &Arc<Self>) -> Result<Slot, QueryError> {
        let free = |used: usize| (used < self.limit).then_some(used + 1);
        match self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, free) {
            Ok(_) => Ok(Slot(Arc::clone(self))),
            Err(_) => Err(QueryError::Busy {
                message: format!(
                    "{} queries are running already; try again in a moment",
                    self.limit
                ),
            }),
        }
    }
}

/// The right to run one query.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Slots>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
