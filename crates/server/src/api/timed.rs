//! Counts a question and the time until its answer is complete, or until the client goes.

use std::time::Duration;

use crate::metrics::QueryEnd;
use crate::state::Shared;

/// A question being answered. Dropped without an end, it counts as abandoned.
#[derive(Debug)]
pub(super) struct Timed {
    shared: Shared,
    kind: &'static str,
    started: Duration,
    end: QueryEnd,
}

impl Timed {
    pub(super) fn start(shared: &Shared, kind: &'static str) -> Self {
        let started = shared.clock.monotonic();
        Self { shared: shared.clone(), kind, started, end: QueryEnd::Abandoned }
    }

    pub(super) fn end(&mut self, end: QueryEnd) {
        self.end = end;
    }

    /// Ends with a result that is complete by now.
    pub(super) fn done<T, E>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.end(if result.is_ok() { QueryEnd::Done } else { QueryEnd::Refused });
        result
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let elapsed = self.shared.clock.monotonic().saturating_sub(self.started);
        self.shared.metrics.query(self.kind, elapsed, self.end);
    }
}
