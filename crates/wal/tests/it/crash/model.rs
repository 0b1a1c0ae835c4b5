//! What the log promised so far, and the check of a replay against it.

use std::collections::{BTreeMap, BTreeSet};

/// Payloads are unique: they start with their own number.
pub(crate) type Payload = Vec<u8>;

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// Acknowledged, or replayed once: must be replayed until trimmed.
    promised: BTreeMap<u64, Payload>,
    /// Of failed or interrupted appends that no later success has ruled out.
    possible: BTreeSet<Payload>,
    /// Of failed or interrupted appends, ruled out since.
    impossible: BTreeSet<Payload>,
    pub(crate) trimmed: u64,
    /// Promised frames that damage took; only counted when damage was injected.
    pub(crate) lost: BTreeSet<u64>,
    pub(crate) damage_allowed: bool,
}

impl Model {
    pub(crate) fn acked(&mut self, first: u64, payloads: &[Payload]) {
        for (seq, payload) in (first..).zip(payloads) {
            assert!(!self.promised.contains_key(&seq), "number {seq} was given out twice");
            assert!(seq > self.trimmed, "number {seq} is not above what was trimmed");
            self.promised.insert(seq, payload.clone());
        }
        self.impossible.append(&mut self.possible);
    }

    pub(crate) fn failed(&mut self, payloads: &[Payload]) {
        self.possible.extend(payloads.iter().cloned());
    }

    /// Numbers that may be trimmed: somewhere in the middle of what is there.
    pub(crate) fn some_seq(&self, choice: usize) -> u64 {
        let seqs: Vec<u64> = self.promised.keys().copied().collect();
        seqs.get(choice % (seqs.len() + 1)).copied().unwrap_or(self.trimmed)
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.promised.keys().next_back().copied().unwrap_or(self.trimmed)
    }

    /// `from` is what the replay was asked to skip.
    pub(crate) fn replayed(&mut self, frames: &[(u64, Payload)], from: u64, next_seq: u64) {
        assert!(frames.is_sorted_by(|a, b| a.0 < b.0), "in order, each number once");
        assert!(frames.iter().all(|(seq, _)| *seq > from));
        let distinct: BTreeSet<&Payload> = frames.iter().map(|(_, payload)| payload).collect();
        assert_eq!(distinct.len(), frames.len(), "a payload was replayed twice");
        for (seq, payload) in frames {
            assert!(!self.impossible.contains(payload), "frame {seq} had failed for good");
            if let Some(promised) = self.promised.get(seq) {
                assert_eq!(payload, promised, "frame {seq}");
                continue;
            }
            assert!(self.possible.remove(payload), "frame {seq} was never appended");
            self.promised.insert(*seq, payload.clone());
        }
        let found: BTreeSet<u64> = frames.iter().map(|(seq, _)| *seq).collect();
        for seq in self.promised.keys().filter(|seq| **seq > self.trimmed.max(from)) {
            if !found.contains(seq) {
                assert!(self.damage_allowed, "frame {seq} is gone");
                self.lost.insert(*seq);
            }
        }
        assert!(next_seq > self.last_seq(), "{next_seq} would be given out twice");
    }
}
