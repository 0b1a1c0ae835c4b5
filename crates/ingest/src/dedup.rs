//! What was stored lately, so that a retry is stored once.
//!
//! An entry is first *claimed* by an export that is on its way to the log, then *settled* when it
//! is durable, or released when it failed. Another export that meets a claim waits for its outcome:
//! answering "stored" for a copy whose original then fails would lose an acknowledged record.

mod key;
mod recent;
mod snapshot;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use telltale_base::UnixNanos;
use tokio::sync::watch;

pub(crate) use key::Key;
use recent::RecentSet;
pub(crate) use recent::Refused;
use snapshot::Content;
pub(crate) use snapshot::SnapshotError;

/// Exports and spans stored lately.
#[derive(Debug)]
pub(crate) struct Dedup {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    exports: RecentSet,
    spans: RecentSet,
    /// Exports on their way to the log, by number.
    pending: HashMap<u32, watch::Receiver<()>>,
    next_export: u32,
}

/// The right to store an export. Dropping it without [`Dedup::settle`] needs [`Dedup::release`].
#[derive(Debug)]
pub(crate) struct Claim {
    number: u32,
    fingerprint: Option<Key>,
    spans: Vec<Key>,
    /// Dropping the sender wakes those who wait for the outcome.
    _outcome: watch::Sender<()>,
}

/// What is known about an export's fingerprint.
pub(crate) enum Fingerprint {
    /// Not seen; the claim is the caller's.
    New(Claim),
    /// Stored before, but for what was refused.
    Stored(Option<Refused>),
    /// Being stored now: wait, then ask again.
    Pending(watch::Receiver<()>),
}

/// What is known about the spans of a claimed export.
pub(crate) enum Spans {
    /// These, by place, were stored before; the others are now claimed.
    Repeated(Vec<u32>),
    /// Some are being stored now: wait, then ask again.
    Pending(watch::Receiver<()>),
}

/// The claim number of entries whose export is durable.
const SETTLED: u32 = 0;

impl Dedup {
    pub(crate) fn new(window: Duration, exports_max: usize, spans_max: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                exports: RecentSet::new(window, exports_max),
                spans: RecentSet::new(window, spans_max),
                pending: HashMap::new(),
                next_export: SETTLED + 1,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims an export. `None` claims one that is not recognised by its bytes.
    pub(crate) fn claim(&self, fingerprint: Option<Key>, now: UnixNanos) -> Fingerprint {
        let mut inner = self.lock();
        inner.exports.age(now);
        inner.spans.age(now);
        if let Some(key) = fingerprint
            && let Some(owner) = inner.exports.get(key)
        {
            return match inner.pending.get(&owner) {
                Some(outcome) => Fingerprint::Pending(outcome.clone()),
                None => Fingerprint::Stored(inner.exports.refused(key)),
            };
        }
        let number = inner.number();
        let (sender, receiver) = watch::channel(());
        inner.pending.insert(number, receiver);
        if let Some(key) = fingerprint {
            inner.exports.insert(key, number, now);
        }
        Fingerprint::New(Claim { number, fingerprint, spans: Vec::new(), _outcome: sender })
    }

    /// Claims the spans of an export, or says which were stored before.
    pub(crate) fn claim_spans(&self, claim: &mut Claim, keys: &[Key], now: UnixNanos) -> Spans {
        let mut inner = self.lock();
        for key in keys {
            let owner = inner.spans.get(*key).filter(|owner| *owner != claim.number);
            if let Some(outcome) = owner.and_then(|owner| inner.pending.get(&owner)) {
                let outcome = outcome.clone();
                // Holding claims while waiting for another export's could wait for ever.
                for key in claim.spans.drain(..) {
                    inner.spans.remove(key, claim.number);
                }
                return Spans::Pending(outcome);
            }
        }
        let mut repeated = Vec::new();
        for (place, key) in (0_u32..).zip(keys) {
            if inner.spans.get(*key).is_some() {
                repeated.push(place);
            } else {
                inner.spans.insert(*key, claim.number, now);
                claim.spans.push(*key);
            }
        }
        Spans::Repeated(repeated)
    }

    /// The export is durable, but for what was refused.
    pub(crate) fn settle(&self, claim: Claim, refused: Option<Refused>) {
        let mut inner = self.lock();
        if let (Some(key), Some(refused)) = (claim.fingerprint, refused) {
            inner.exports.refuse(key, refused);
        }
        inner.pending.remove(&claim.number);
        drop(inner);
        drop(claim);
    }

    /// The export was not stored: forget what it claimed.
    pub(crate) fn release(&self, claim: Claim) {
        let mut inner = self.lock();
        for key in &claim.spans {
            inner.spans.remove(*key, claim.number);
        }
        if let Some(key) = claim.fingerprint {
            inner.exports.remove(key, claim.number);
        }
        inner.pending.remove(&claim.number);
        drop(inner);
        drop(claim);
    }

    /// Remembers an export and its spans found in the log at start.
    pub(crate) fn restore(&self, fingerprint: Key, refused: u32, spans: &[Key], at: UnixNanos) {
        let mut inner = self.lock();
        inner.exports.insert(fingerprint, SETTLED, at);
        inner.refused(fingerprint, refused);
        for key in spans {
            inner.spans.insert(*key, SETTLED, at);
        }
    }

    /// The durable form of everything settled.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let inner = self.lock();
        let settled = |owner: u32| !inner.pending.contains_key(&owner);
        snapshot::encode(&Content {
            exports: inner.exports.entries(&settled),
            spans: inner.spans.entries(&settled),
            refusals: inner.exports.refusals(),
        })
    }

    /// Takes over a snapshot.
    pub(crate) fn load(&self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let Content { exports, spans, refusals } = snapshot::decode(bytes)?;
        let mut inner = self.lock();
        for (at, key) in exports {
            inner.exports.insert(key, SETTLED, at);
        }
        for (at, key) in spans {
            inner.spans.insert(key, SETTLED, at);
        }
        for (key, records) in refusals {
            inner.refused(key, records);
        }
        Ok(())
    }

    /// Exports and spans remembered.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.exports.len(), inner.spans.len())
    }
}

impl Inner {
    /// Notes a refusal of which only the number is known.
    fn refused(&mut self, export: Key, records: u32) {
        if records > 0 {
            self.exports.refuse(export, Refused { records, reason: None });
        }
    }

    /// A number that no pending export has.
    fn number(&mut self) -> u32 {
        loop {
            let number = self.next_export;
            self.next_export = self.next_export.checked_add(1).unwrap_or(SETTLED + 1);
            if !self.pending.contains_key(&number) {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests;
