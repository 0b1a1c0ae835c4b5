//! A set that forgets: entries live at least `window` and at most one and a half, unless there are
//! more than `entries_max`, when the oldest go early.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use telltale_base::UnixNanos;

use super::key::{Key, KeyHasher};

/// Entries of about the same age, dropped together: that costs one deallocation, not a walk.
#[derive(Debug)]
struct Generation {
    start: UnixNanos,
    entries: HashMap<Key, u32, KeyHasher>,
    /// Entries of which something was refused: few, so they do not make every entry larger.
    refused: HashMap<Key, Refused, KeyHasher>,
}

/// What of a stored export was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Records, at least one.
    pub(crate) records: u32,
    /// Why; `None` when only the log or a snapshot told of it, which keep the number alone.
    pub(crate) reason: Option<Arc<str>>,
}

/// Keys seen lately, each with the number of the export that claimed it.
#[derive(Debug)]
pub(super) struct RecentSet {
    window: Duration,
    entries_max: usize,
    /// Oldest first.
    generations: VecDeque<Generation>,
}

impl RecentSet {
    pub(super) fn new(window: Duration, entries_max: usize) -> Self {
        Self { window, entries_max: entries_max.max(2), generations: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.generations.iter().map(|g| g.entries.len()).sum()
    }

    pub(super) fn get(&self, key: Key) -> Option<u32> {
        self.generations.iter().rev().find_map(|g| g.entries.get(&key).copied())
    }

    /// Adds an entry of age `at`. Entries come in about the order of time.
    pub(super) fn insert(&mut self, key: Key, owner: u32, at: UnixNanos) {
        let full = self.generations.back().is_none_or(|newest| {
            at.since(newest.start) >= self.window / 2
                || newest.entries.len() >= self.entries_max / 2
        });
        if full {
            let (entries, refused) = (HashMap::default(), HashMap::default());
            self.generations.push_back(Generation { start: at, entries, refused });
        }
        if let Some(newest) = self.generations.back_mut() {
            newest.entries.insert(key, owner);
        }
        while self.len() > self.entries_max && self.generations.len() > 1 {
            self.generations.pop_front();
        }
    }

    /// Notes what was refused of an entry.
    pub(super) fn refuse(&mut self, key: Key, refused: Refused) {
        let holds = |g: &&mut Generation| g.entries.contains_key(&key);
        if let Some(generation) = self.generations.iter_mut().rev().find(holds) {
            generation.refused.insert(key, refused);
        }
    }

    /// What was refused of an entry.
    pub(super) fn refused(&self, key: Key) -> Option<Refused> {
        self.generations.iter().rev().find_map(|g| g.refused.get(&key).cloned())
    }

    /// Removes an entry if `owner` claimed it.
    pub(super) fn remove(&mut self, key: Key, owner: u32) {
        for generation in &mut self.generations {
            if generation.entries.get(&key) == Some(&owner) {
                generation.entries.remove(&key);
            }
        }
    }

    /// Forgets what is older than the window.
    pub(super) fn age(&mut self, now: UnixNanos) {
        let expired = |g: &Generation| now.since(g.start) > self.window + self.window / 2;
        while self.generations.front().is_some_and(expired) {
            self.generations.pop_front();
        }
    }

    /// Entries of which something was refused, with the number of records.
    pub(super) fn refusals(&self) -> Vec<(Key, u32)> {
        let of = |g: &Generation| -> Vec<(Key, u32)> {
            g.refused.iter().map(|(key, refused)| (*key, refused.records)).collect()
        };
        self.generations.iter().flat_map(of).collect()
    }

    /// Entries whose owner is settled, with the start of their generation.
    pub(super) fn entries(&self, settled: &impl Fn(u32) -> bool) -> Vec<(UnixNanos, Key)> {
        let of = |g: &Generation| -> Vec<(UnixNanos, Key)> {
            let kept = g.entries.iter().filter(|(_, owner)| settled(**owner));
            kept.map(|(key, _)| (g.start, *key)).collect()
        };
        self.generations.iter().flat_map(of).collect()
    }
}
