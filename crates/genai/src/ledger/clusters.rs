//! Sets of reports that are of one call.

use super::call::Why;
use super::report::Report;

/// A partition of reports. Every report is in one set; a set is named by its first member.
#[derive(Debug)]
pub(super) struct Clusters {
    heads: Vec<usize>,
    members: Vec<Vec<usize>>,
    reasons: Vec<Option<Why>>,
    /// Calls that turned out to sum up calls below them.
    wrappers: Vec<bool>,
}

impl Clusters {
    pub(super) fn new(reports: &[&Report]) -> Self {
        Self {
            heads: (0..reports.len()).collect(),
            members: (0..reports.len()).map(|place| vec![place]).collect(),
            reasons: vec![None; reports.len()],
            wrappers: vec![false; reports.len()],
        }
    }

    pub(super) fn head(&self, place: usize) -> usize {
        self.heads.get(place).copied().unwrap_or(place)
    }

    pub(super) fn members(&self, place: usize) -> &[usize] {
        self.members.get(self.head(place)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn are_one(&self, a: usize, b: usize) -> bool {
        self.head(a) == self.head(b)
    }

    /// Joins the sets of both; `why` is the reason for the set that is joined to the other.
    pub(super) fn join(&mut self, a: usize, b: usize, why: Why) {
        let (a, b) = (self.head(a), self.head(b));
        if a == b {
            return;
        }
        // The larger set keeps its name, so that joining many stays cheap.
        let size = |head: usize| self.members.get(head).map_or(0, Vec::len);
        let (keep, give) = if size(a) >= size(b) { (a, b) } else { (b, a) };
        let moved = self.members.get_mut(give).map(std::mem::take).unwrap_or_default();
        for member in &moved {
            if let Some(head) = self.heads.get_mut(*member) {
                *head = keep;
            }
        }
        for place in moved.iter().chain([&keep]) {
            if let Some(reason) = self.reasons.get_mut(*place) {
                reason.get_or_insert(why);
            }
        }
        if let Some(members) = self.members.get_mut(keep) {
            members.extend(moved);
            members.sort_unstable();
        }
    }

    pub(super) fn reason(&self, place: usize) -> Option<Why> {
        self.reasons.get(place).copied().flatten()
    }

    pub(super) fn mark_wrapper(&mut self, place: usize) {
        if let Some(mark) = self.wrappers.get_mut(place) {
            *mark = true;
        }
    }

    pub(super) fn is_wrapper(&self, place: usize) -> bool {
        self.wrappers.get(place).copied().unwrap_or(false)
    }
}
