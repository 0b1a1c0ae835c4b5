//! The threads that compute queries: their own, so that a heavy query never delays the
//! acknowledgement of an export.

use std::sync::Arc;
use std::time::Duration;

use futures::Future;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinError};

use crate::error::QueryError;
use crate::panics::{self, Panics};

/// Planning walks expressions recursively; this holds what `QueryConfig::operators_max` lets through,
/// in unoptimised builds too. Only touched pages cost memory.
const STACK_BYTES: usize = 64 << 20;

/// How long after its deadline a task may still say so itself.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// A runtime for queries.
#[derive(Debug)]
pub(crate) struct Executor {
    runtime: Option<Runtime>,
    /// Panics of what ran here.
    pub(crate) panics: Arc<Panics>,
}

/// Stops a task when dropped.
#[derive(Debug)]
pub(crate) struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Executor {
    pub(crate) fn new(threads: usize) -> Result<Self, QueryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_stack_size(STACK_BYTES)
            .thread_name("query")
            .enable_time()
            .build()
            .map_err(QueryError::internal)?;
        Ok(Self { runtime: Some(runtime), panics: Arc::default() })
    }

    /// Starts a task that ends when the guard is dropped.
    pub(crate) fn start<F>(&self, future: F) -> Result<AbortOnDrop, QueryError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = self.runtime.as_ref().ok_or(QueryError::Cancelled)?;
        Ok(AbortOnDrop(runtime.spawn(future).abort_handle()))
    }

    /// Runs `future` on these threads, for at most `limit`. Dropping the returned future stops it.
    pub(crate) async fn run<F, T>(&self, limit: Duration, future: F) -> Result<T, QueryError>
    where
        F: Future<Output = Result<T, QueryError>> + Send + 'static,
        T: Send + 'static,
    {
        let runtime = self.runtime.as_ref().ok_or(QueryError::Cancelled)?;
        let task = runtime.spawn(async move {
            tokio::time::timeout(limit, future).await.unwrap_or(Err(QueryError::Timeout { limit }))
        });
        let _guard = AbortOnDrop(task.abort_handle());
        // From outside, too: no thread may get to the deadline within.
        match tokio::time::timeout(limit.saturating_add(GRACE), task).await {
            Ok(done) => {
                let done = done.unwrap_or_else(|error| Err(ended(error)));
                self.panics.note(&done);
                done
            }
            Err(_) => Err(QueryError::Timeout { limit }),
        }
    }
}

fn ended(error: JoinError) -> QueryError {
    error.try_into_panic().map_or(QueryError::Cancelled, |panic| panics::caught(panic.as_ref()))
}

impl Drop for Executor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
