//! Panics of the engine's libraries: what they mean for the person who asked, and how many there
//! were.
//!
//! Some limits of Arrow's arrays are met by a panic. Those of their size are the query's doing and
//! are answered so; all are counted, because none should happen.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::QueryError;

/// What Arrow says when a text, list or buffer is larger than its offsets can tell.
const TOO_LARGE: [&str; 4] =
    ["offset overflow", "usize overflow", "capacity overflow", "too large"];

/// Counts panics.
#[derive(Debug, Default)]
pub(crate) struct Panics(AtomicU64);

impl Panics {
    /// Counts the panic, if it was one that ended a query.
    pub(crate) fn note<T>(&self, result: &Result<T, QueryError>) {
        if matches!(result, Err(QueryError::Panicked { .. } | QueryError::Overflow { .. })) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The error of a query whose work ended in a panic.
pub(crate) fn caught(panic: &(dyn Any + Send)) -> QueryError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    said(text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message"))
}

/// The same for the text of a panic.
pub(crate) fn said(text: &str) -> QueryError {
    let message = text.to_owned();
    if TOO_LARGE.iter().any(|sign| text.contains(sign)) {
        QueryError::Overflow { message }
    } else {
        QueryError::Panicked { message }
    }
}
