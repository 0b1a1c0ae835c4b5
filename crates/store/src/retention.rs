//! Which files are to be dropped. Pure: rules and facts about files in, a choice out.

use std::collections::BTreeMap;
use std::time::Duration;

use telltale_base::{Project, UnixNanos};
use telltale_schema::Table;

use crate::RetentionRule;

/// What the choice needs to know of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its place in the caller's list.
    pub(crate) index: usize,
    pub(crate) date: i32,
    pub(crate) bytes: u64,
}

/// The limits that hold for one table of one project: for each, the first rule that sets it.
pub(crate) fn limits(
    rules: &[RetentionRule],
    project: &Project,
    table: Table,
) -> (Option<Duration>, Option<u64>) {
    let fits = |rule: &&RetentionRule| {
        rule.project.as_ref().is_none_or(|p| p == project) && rule.table.is_none_or(|t| t == table)
    };
    let of_us = || rules.iter().filter(fits);
    (of_us().find_map(|rule| rule.age_max), of_us().find_map(|rule| rule.bytes_max))
}

/// Files to drop, whole dates at a time, oldest first. `now` decides about age; the newest date is
/// never dropped for size.
pub(crate) fn plan(
    candidates: &[Candidate],
    age_max: Option<Duration>,
    bytes_max: Option<u64>,
    now: UnixNanos,
) -> Vec<usize> {
    let mut dates: BTreeMap<i32, (u64, Vec<usize>)> = BTreeMap::new();
    for file in candidates {
        let (bytes, files) = dates.entry(file.date).or_default();
        *bytes += file.bytes;
        files.push(file.index);
    }
    let mut total: u64 = dates.values().map(|(bytes, _)| bytes).sum();
    let newest = dates.keys().next_back().copied();
    let oldest_kept = age_max.map(|age| now.minus(age).day());
    let mut dropped = Vec::new();
    for (date, (bytes, files)) in dates {
        let too_old = oldest_kept.is_some_and(|kept| date < kept);
        let too_much = bytes_max.is_some_and(|max| total > max) && Some(date) != newest;
        if too_old || too_much {
            total -= bytes;
            dropped.extend(files);
        }
    }
    dropped
}

#[cfg(test)]
mod tests;
