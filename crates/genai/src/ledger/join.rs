//! The ways in which reports are found to be of one call, surest first: the same record, the end of
//! a stream and its request, a log record and its span, a response id, nesting, and for clients
//! without common ids the same conversation and time.

mod ids;
mod logs;
mod nested;
mod streams;
mod unlinked;

use super::agree;
use super::call::Why;
use super::clusters::Clusters;
use super::forest::Forest;
use super::report::{Report, Signal};

/// A log record is written a little after its call ended.
pub(super) const LOG_SLACK_NS: u64 = 1_000_000_000;

/// How far apart the times of one call may be on signals without common ids: exporters stamp
/// their own.
pub(super) const UNLINKED_SLACK_NS: u64 = 5_000_000_000;

/// Joins what is of one call.
pub(super) fn all(reports: &[&Report], forest: &Forest, clusters: &mut Clusters) {
    records(reports, clusters);
    streams::join(reports, clusters);
    logs::join_spans(reports, forest, clusters);
    ids::join(reports, forest, clusters);
    nested::join(reports, forest, clusters);
    logs::join_children(reports, forest, clusters);
    logs::join_logs(reports, clusters);
    unlinked::join(reports, clusters);
}

/// One record under several keys, for instance from exports that were cut differently. Equal
/// records are neighbours in the order of the set.
fn records(reports: &[&Report], clusters: &mut Clusters) {
    let calls = reports.iter().enumerate().filter(|(_, report)| report.is_call());
    let mut last: Vec<(usize, &Report)> = Vec::new();
    for (place, report) in calls {
        last.retain(|(_, earlier)| earlier.start_unix_nano == report.start_unix_nano);
        match last.iter().find(|(_, earlier)| agree::one_record(earlier, report)) {
            Some((earlier, _)) => clusters.join(*earlier, place, Why::SameRecord),
            None if last.len() < NEIGHBOURS_MAX => last.push((place, report)),
            None => {}
        }
    }
}

/// Most reports that one report is compared with in any of the ways: beyond it lie only floods of
/// reports with the same id or moment, which would cost time without end.
const NEIGHBOURS_MAX: usize = 64;

/// Whether a report can join a set: model, usage and time agree with every member, and no member
/// comes from the same place, which would report a call only once (unless `is_free` says that the
/// two may).
fn fits(
    reports: &[&Report],
    clusters: &Clusters,
    place: usize,
    into: usize,
    slack: u64,
    is_free: impl Fn(usize) -> bool,
) -> bool {
    let Some(report) = reports.get(place) else {
        return false;
    };
    clusters.members(into).iter().take(NEIGHBOURS_MAX).all(|member| {
        reports.get(*member).is_some_and(|other| {
            let with_log = report.signal == Signal::Log || other.signal == Signal::Log;
            agree::models(report, other)
                && agree::times(report, other, if with_log { slack } else { 0 })
                && (!agree::one_source(report, other) || is_free(*member))
        })
    })
}
