//! What a book lets go of when it holds too much, and what it may lack since.

use std::collections::HashSet;

use super::{Book, Entry, NEAR_NS};
use crate::ledger::report::{LinkKey, Report, Signal, links};

/// Width of a window of time.
const WINDOW_NS: u64 = 600_000_000_000;

/// Most windows that are remembered, and most that one report is in.
const WINDOWS_MAX: usize = 100_000;
const WINDOWS_OF_ONE_MAX: u64 = 1_024;

impl Book {
    /// Forgets what was taken up first, while there is more than the limits allow; what is `new`
    /// stays, so that a large export is settled whole.
    pub(super) fn forget(&mut self, new: &HashSet<u128>) {
        while self.entries.len() > self.limits.reports_max {
            let Some(key) = self.order.front().copied().filter(|key| !new.contains(key)) else {
                break;
            };
            self.order.pop_front();
            self.remove(key);
        }
        while self.link_order.len() > self.limits.links_max {
            let Some(trace) = self.link_order.front().copied() else { break };
            let links = self.links.get_mut(&trace);
            let first = links.as_ref().and_then(|links| links.front()).copied();
            if first.is_some_and(|link| new.contains(&link.key)) {
                break;
            }
            self.link_order.pop_front();
            if let (Some(links), Some(link)) = (links, first) {
                links.pop_front();
                if links.is_empty() {
                    self.links.remove(&trace);
                }
                self.lacks(link.start_unix_nano, link.end_unix_nano);
            }
            self.taught.remove(&LinkKey::Trace(trace));
        }
    }

    /// Whether reports that are not here, or not any more, may belong to this one: those near to it
    /// in time.
    pub(super) fn may_lack(&self, report: &Report) -> bool {
        let start = report.start_unix_nano.saturating_sub(NEAR_NS);
        let end = report.end_unix_nano.saturating_add(NEAR_NS).max(start);
        let mut near = self.forgotten.range(start / WINDOW_NS..=end / WINDOW_NS);
        start < self.complete_since || near.any(|(_, last)| start <= *last)
    }

    /// From now on the book may lack what was within these times. Windows, because clocks differ:
    /// what one client sends ahead of its time says nothing of the others.
    fn lacks(&mut self, start_unix_nano: u64, end_unix_nano: u64) {
        let (first, last) = (start_unix_nano / WINDOW_NS, end_unix_nano / WINDOW_NS);
        for window in first..=last.min(first.saturating_add(WINDOWS_OF_ONE_MAX)) {
            let known = self.forgotten.entry(window).or_default();
            *known = end_unix_nano.max(*known);
        }
        while self.forgotten.len() > WINDOWS_MAX {
            let Some((_, end)) = self.forgotten.pop_first() else { break };
            self.complete_since = self.complete_since.max(end.saturating_add(1));
        }
    }

    pub(super) fn unlink(&mut self, key: u128, links: &[LinkKey]) {
        for link in links {
            if let Some(keys) = self.keys.get_mut(link) {
                keys.retain(|other| *other != key);
                if keys.is_empty() {
                    self.keys.remove(link);
                }
            }
        }
    }

    /// Forgets a report. A call is of no use to the book once one of its reports is not there: the
    /// others go with it, and all come back when one is needed.
    fn remove(&mut self, key: u128) {
        let Some(Entry { report, call }) = self.entries.remove(&key) else { return };
        if report.signal != Signal::Metric {
            self.lacks(report.start_unix_nano, report.end_unix_nano);
        }
        let keys = links(&report);
        self.unlink(key, &keys);
        for link in keys {
            self.taught.remove(&link);
        }
        if let Some(call) = call.and_then(|id| self.calls.remove(&id)) {
            call.reports.into_iter().for_each(|other| self.remove(other));
        }
    }
}
