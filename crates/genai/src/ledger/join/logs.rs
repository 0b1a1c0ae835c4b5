//! Log records of calls: by the span they name, by the calls below the span they name, and among
//! themselves.

use std::collections::{BTreeMap, HashMap};

use super::super::agree;
use super::super::call::Why;
use super::super::clusters::Clusters;
use super::super::forest::Forest;
use super::super::report::{Report, Signal};
use super::{LOG_SLACK_NS, NEIGHBOURS_MAX, fits};

fn logs<'a>(reports: &'a [&'a Report]) -> impl Iterator<Item = (usize, &'a Report)> {
    let all = reports.iter().enumerate().map(|(place, report)| (place, *report));
    all.filter(|(_, report)| report.signal == Signal::Log && report.is_call())
}

/// A record that names a call's span repeats that call, unless the ids of the response differ.
pub(super) fn join_spans(reports: &[&Report], forest: &Forest, clusters: &mut Clusters) {
    for (place, log) in logs(reports) {
        let Some(span) = forest.span(log.ids.trace, log.ids.span) else { continue };
        let Some(report) = reports.get(span).filter(|span| span.is_call()) else { continue };
        let differ = match (&log.response_id, &report.response_id) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        };
        if !differ {
            clusters.join(span, place, Why::LogOfSpan);
        }
    }
}

/// Some clients write the record after the call's span ended, and so name the span above. It is of
/// the call below that agrees in model, usage and time and has no such record yet.
pub(super) fn join_children(reports: &[&Report], forest: &Forest, clusters: &mut Clusters) {
    let mut below: HashMap<(u128, u64), Vec<usize>> = HashMap::new();
    for (place, report) in reports.iter().enumerate() {
        if report.signal == Signal::Span && report.is_call() && report.ids.parent != 0 {
            below.entry((report.ids.trace, report.ids.parent)).or_default().push(place);
        }
    }
    for (place, log) in logs(reports) {
        let is_open = !has_span(reports, clusters, place)
            && forest
                .span(log.ids.trace, log.ids.span)
                .is_none_or(|span| reports.get(span).is_some_and(|report| !report.is_call()));
        let calls = below.get(&(log.ids.trace, log.ids.span)).filter(|_| is_open);
        let fitting = calls.into_iter().flatten().filter_map(|span| {
            let report = reports.get(*span)?;
            let differ = match (&log.response_id, &report.response_id) {
                (Some(a), Some(b)) => a != b,
                _ => false,
            };
            let is_one = !differ
                && agree::usage(log.usage.as_ref(), report.usage.as_ref())
                && log.service == report.service
                && fits(reports, clusters, place, *span, LOG_SLACK_NS, |_| false);
            is_one.then(|| (report.end_unix_nano.abs_diff(log.end_unix_nano), *span))
        });
        if let Some((_, span)) = fitting.take(NEIGHBOURS_MAX).min() {
            clusters.join(span, place, Why::LogOfSpan);
        }
    }
}

/// Records that name one span which is not there: different events of one call, or a record of the
/// request and one of the response.
pub(super) fn join_logs(reports: &[&Report], clusters: &mut Clusters) {
    let mut by_span: BTreeMap<(u128, u64), Vec<usize>> = BTreeMap::new();
    for (place, log) in logs(reports) {
        if log.ids.span != 0 && !has_span(reports, clusters, place) {
            by_span.entry((log.ids.trace, log.ids.span)).or_default().push(place);
        }
    }
    for group in by_span.into_values().filter(|group| group.len() > 1) {
        let mut open: Vec<usize> = Vec::new();
        for place in group {
            let Some(log) = reports.get(place) else { continue };
            let found = open.iter().rev().take(NEIGHBOURS_MAX).find(|other| {
                let Some(first) = reports.get(**other) else { return false };
                let is_half = log.usage.is_none() != first.usage.is_none();
                let differ = match (&log.response_id, &first.response_id) {
                    (Some(a), Some(b)) => a != b,
                    _ => false,
                };
                !differ
                    && agree::usage(log.usage.as_ref(), first.usage.as_ref())
                    && fits(reports, clusters, place, **other, LOG_SLACK_NS, |_| is_half)
            });
            match found {
                Some(other) => clusters.join(*other, place, Why::SameSpan),
                None => open.push(place),
            }
        }
    }
}

fn has_span(reports: &[&Report], clusters: &Clusters, place: usize) -> bool {
    let members = clusters.members(place).iter();
    members.filter_map(|member| reports.get(*member)).any(|report| report.signal == Signal::Span)
}
