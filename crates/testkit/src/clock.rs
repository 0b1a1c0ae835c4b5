//! A clock that stands still until a test turns it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use telltale_base::{Clock, UnixNanos};

/// A clock that a test sets and advances. Share it in an `Arc`.
#[derive(Debug)]
pub struct FakeClock {
    wall: AtomicI64,
    monotonic: AtomicU64,
}

impl FakeClock {
    /// A clock that shows `now`; its monotonic time starts at zero.
    #[must_use]
    pub fn new(now: UnixNanos) -> Self {
        Self { wall: AtomicI64::new(now.0), monotonic: AtomicU64::new(0) }
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.monotonic.fetch_add(nanos, Ordering::SeqCst);
        self.wall.fetch_add(i64::try_from(nanos).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Sets the wall clock, also backwards, as an operator or NTP would; monotonic time stays.
    pub fn set(&self, now: UnixNanos) {
        self.wall.store(now.0, Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    /// 2026-01-15T12:00:00Z, in the middle of a day so that small steps stay within it.
    fn default() -> Self {
        Self::new(UnixNanos(1_768_478_400_000_000_000))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests;
