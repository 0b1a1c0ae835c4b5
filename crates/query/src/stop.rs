//! Ends what computes for long without ever waiting: a deadline and a flag that are looked at from
//! inside.
//!
//! A task can be dropped only when it gives its thread back. Operators that cannot do so in time ask
//! here instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datafusion::common::{DataFusionError, Result};
use thiserror::Error;
use tokio::time::Instant;

/// One query's order to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    ordered: AtomicBool,
    limit: Duration,
}

impl Stop {
    /// An order that comes by itself `limit` after planning.
    pub(crate) fn after(limit: Duration) -> Arc<Self> {
        Arc::new(Self { ordered: AtomicBool::new(false), limit })
    }

    /// The watch over a plan that is about to run.
    pub(crate) fn watch(self: &Arc<Self>) -> Watch {
        Watch { deadline: Instant::now().checked_add(self.limit), stop: Arc::clone(self) }
    }
}

/// Orders the stop when dropped.
#[derive(Debug)]
pub(crate) struct StopOnDrop(pub(crate) Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.ordered.store(true, Ordering::Relaxed);
    }
}

/// Tells a running plan when to stop.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    stop: Arc<Stop>,
    deadline: Option<Instant>,
}

impl Watch {
    /// # Errors
    /// [`Stopped`] once the query is to stop.
    pub(crate) fn check(&self) -> Result<()> {
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if late || self.stop.ordered.load(Ordering::Relaxed) {
            let stopped = Stopped { limit: self.stop.limit };
            return Err(DataFusionError::External(Box::new(stopped)));
        }
        Ok(())
    }
}

/// How a plan that was told to stop ends.
#[derive(Clone, Copy, Debug, Error)]
#[error("stopped after {limit:?}")]
pub(crate) struct Stopped {
    /// The time it had.
    pub(crate) limit: Duration,
}
