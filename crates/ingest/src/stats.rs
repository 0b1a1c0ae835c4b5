//! Counters of what was admitted since start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use telltale_base::Signal;

/// A reading of the counters.
#[derive(Clone, Debug, Default)]
pub struct IngestStats {
    /// By signal, in the order of `Signal::ALL`.
    pub signals: [SignalStats; 3],
    /// Values masked, by rule.
    pub masked: BTreeMap<&'static str, u64>,
    /// Exports remembered for the recognition of retries.
    pub remembered_exports: usize,
    /// Spans remembered for the recognition of repeats.
    pub remembered_spans: usize,
}

/// Counters of one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalStats {
    /// Exports acknowledged, retries included.
    pub exports: u64,
    /// Bytes of their bodies after decompression.
    pub bytes: u64,
    /// Records stored.
    pub accepted: u64,
    /// Records refused.
    pub rejected: u64,
    /// Whole exports recognised as retries.
    pub duplicate_exports: u64,
    /// Spans recognised as stored before in another export.
    pub duplicate_records: u64,
}

#[derive(Debug, Default)]
struct Counters {
    exports: AtomicU64,
    bytes: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    duplicate_exports: AtomicU64,
    duplicate_records: AtomicU64,
}

/// The live counters.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    traces: Counters,
    logs: Counters,
    metrics: Counters,
    masked: Mutex<BTreeMap<&'static str, u64>>,
}

/// One acknowledged export.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) bytes: usize,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) duplicate_export: bool,
    pub(crate) duplicate_records: u64,
}

impl Recorder {
    fn of(&self, signal: Signal) -> &Counters {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Logs => &self.logs,
            Signal::Metrics => &self.metrics,
        }
    }

    pub(crate) fn acknowledged(&self, signal: Signal, outcome: &Outcome) {
        let counters = self.of(signal);
        let add = |counter: &AtomicU64, n: u64| counter.fetch_add(n, Ordering::Relaxed);
        add(&counters.exports, 1);
        add(&counters.bytes, u64::try_from(outcome.bytes).unwrap_or(0));
        add(&counters.accepted, outcome.accepted);
        add(&counters.rejected, outcome.rejected);
        add(&counters.duplicate_exports, u64::from(outcome.duplicate_export));
        add(&counters.duplicate_records, outcome.duplicate_records);
    }

    pub(crate) fn masked(&self, rules: &[(&'static str, u64)]) {
        if rules.is_empty() {
            return;
        }
        let mut masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, count) in rules {
            *masked.entry(rule).or_default() += count;
        }
    }

    pub(crate) fn read(&self, (exports, spans): (usize, usize)) -> IngestStats {
        let signals = Signal::ALL.map(|signal| {
            let counters = self.of(signal);
            let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            SignalStats {
                exports: get(&counters.exports),
                bytes: get(&counters.bytes),
                accepted: get(&counters.accepted),
                rejected: get(&counters.rejected),
                duplicate_exports: get(&counters.duplicate_exports),
                duplicate_records: get(&counters.duplicate_records),
            }
        });
        let masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        IngestStats { signals, masked, remembered_exports: exports, remembered_spans: spans }
    }
}
