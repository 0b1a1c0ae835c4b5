//! Clients that report one call as span and as log record without an id in both. Within one trace,
//! or one conversation of one client, a record is of the call that agrees in model, usage and time
//! and has no such record yet; what finds no call is a call of its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::agree;
use super::super::call::Why;
use super::super::clusters::Clusters;
use super::super::report::{Report, Signal};
use super::{NEIGHBOURS_MAX, UNLINKED_SLACK_NS};

type Source = (Signal, Option<Arc<str>>);

pub(super) fn join(reports: &[&Report], clusters: &mut Clusters) {
    let unlinked = || reports.iter().enumerate().filter(|(_, report)| report.unlinked_signals);
    // Some spans do not say their conversation, but others of their trace do.
    let mut conversations: HashMap<u128, &Arc<str>> = HashMap::new();
    for (_, report) in unlinked().filter(|(_, report)| report.ids.trace != 0) {
        if let Some(conversation) = &report.conversation_id {
            conversations.entry(report.ids.trace).or_insert(conversation);
        }
    }
    within(reports, clusters, |report| Some(report.ids.trace).filter(|trace| *trace != 0));
    within(reports, clusters, |report| {
        let own = report.conversation_id.as_ref();
        Some(own.or_else(|| conversations.get(&report.ids.trace).copied()).cloned())
    });
}

/// Joins the reports of one client that have the same key.
fn within<K: Ord>(
    reports: &[&Report],
    clusters: &mut Clusters,
    key: impl Fn(&Report) -> Option<K>,
) {
    let mut groups: BTreeMap<_, BTreeMap<Source, Vec<usize>>> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        let is_first = clusters.members(place).first() == Some(&place);
        if !report.unlinked_signals || !report.is_call() || !is_first || clusters.is_wrapper(place)
        {
            continue;
        }
        if let Some(key) = key(report) {
            let source = source_of(reports, clusters, place);
            let client = (&report.service, &report.family, key);
            groups.entry(client).or_default().entry(source).or_default().push(place);
        }
    }
    for sources in groups.into_values() {
        // Spans come first, then one kind of record after the other.
        let mut calls: Vec<usize> = Vec::new();
        for (source, places) in sources {
            match_up(reports, clusters, &mut calls, &source, &places);
        }
    }
}

/// A set that has a span is a span's.
fn source_of(reports: &[&Report], clusters: &Clusters, place: usize) -> Source {
    let members = clusters.members(place).iter().filter_map(|member| reports.get(*member));
    let first = members.min_by_key(|report| (report.signal, &report.event));
    first.map(|report| (report.signal, report.event.clone())).unwrap_or_default()
}

/// Each record joins the nearest call that fits; the others become calls.
fn match_up(
    reports: &[&Report],
    clusters: &mut Clusters,
    calls: &mut Vec<usize>,
    source: &Source,
    places: &[usize],
) {
    if source.0 == Signal::Span {
        calls.extend(places);
        return;
    }
    calls.sort_by_key(|call| (end(reports, *call), *call));
    let mut new: Vec<usize> = Vec::new();
    for place in places {
        let Some(report) = reports.get(*place) else { continue };
        let from = report.start_unix_nano.saturating_sub(UNLINKED_SLACK_NS);
        let first = calls.partition_point(|call| end(reports, *call) < from);
        let near = calls.iter().skip(first).take(NEIGHBOURS_MAX);
        let fitting = near.chain(new.iter().rev().take(NEIGHBOURS_MAX)).filter(|call| {
            let members = || clusters.members(**call).iter().filter_map(|m| reports.get(*m));
            members().all(|other| can_be_one(report, other))
                && members().any(|other| agree::times(other, report, UNLINKED_SLACK_NS))
        });
        let best = fitting
            .min_by_key(|call| (end(reports, **call).abs_diff(report.end_unix_nano), **call));
        match best.copied() {
            Some(call) => clusters.join(call, *place, Why::Conversation),
            None => new.push(*place),
        }
    }
    calls.extend(new);
}

fn can_be_one(report: &Report, other: &Report) -> bool {
    let differ = match (&other.response_id, &report.response_id) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    // One event may stand for the request, and one of the same name for the response.
    let is_half = report.usage.is_none() != other.usage.is_none();
    let is_other = (other.signal, &other.event) != (report.signal, &report.event);
    !differ
        && (is_other || is_half)
        && agree::models(other, report)
        && agree::usage(other.usage.as_ref(), report.usage.as_ref())
}

fn end(reports: &[&Report], place: usize) -> u64 {
    reports.get(place).map_or(0, |report| report.end_unix_nano)
}
