//! Remembers who a secret belongs to for a moment, so that a client with one span a request does
//! not cost one database statement a request.
//!
//! The price: a key revoked by *another* process works for up to `FRESH` longer. A change made
//! through this process empties the cache at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::keys::Key;

/// How long an answer is trusted.
pub(crate) const FRESH: Duration = Duration::from_secs(1);
/// Most answers remembered; beyond it the cache starts anew.
const ENTRIES_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    keys: HashMap<[u8; 32], (Duration, Key)>,
    /// When it was last seen that no key exists.
    no_keys_at: Option<Duration>,
    /// Keys are never deleted, only revoked: once there is one, there always is.
    has_keys: bool,
    /// Counts `clear`, so that an answer read before a change is not remembered after it.
    epoch: u64,
}

impl Cache {
    pub(crate) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    pub(crate) fn key(&self, hash: &[u8; 32], now: Duration) -> Option<Key> {
        let inner = self.lock();
        let (at, key) = inner.keys.get(hash)?;
        (now.saturating_sub(*at) < FRESH).then(|| key.clone())
    }

    pub(crate) fn remember(&self, epoch: u64, hash: [u8; 32], now: Duration, key: Key) {
        let mut inner = self.lock();
        if inner.epoch != epoch {
            return;
        }
        if inner.keys.len() >= ENTRIES_MAX {
            inner.keys.clear();
        }
        inner.keys.insert(hash, (now, key));
    }

    pub(crate) fn has_keys(&self, now: Duration) -> Option<bool> {
        let inner = self.lock();
        let fresh = inner.no_keys_at.is_some_and(|at| now.saturating_sub(at) < FRESH);
        if inner.has_keys { Some(true) } else { fresh.then_some(false) }
    }

    pub(crate) fn remember_has_keys(&self, epoch: u64, now: Duration, has: bool) {
        let mut inner = self.lock();
        inner.has_keys |= has;
        if inner.epoch == epoch {
            inner.no_keys_at = (!has).then_some(now);
        }
    }

    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.keys.clear();
        inner.no_keys_at = None;
        inner.epoch += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
