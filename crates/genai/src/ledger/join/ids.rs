//! Reports with the same response id. The id alone proves nothing: some servers draw it from a few
//! hundred values. Model, usage and time have to agree too, and one source reports a call once.

use std::collections::HashMap;

use super::super::agree;
use super::super::call::Why;
use super::super::clusters::Clusters;
use super::super::forest::Forest;
use super::super::report::Report;
use super::{LOG_SLACK_NS, NEIGHBOURS_MAX, fits};

pub(super) fn join(reports: &[&Report], forest: &Forest, clusters: &mut Clusters) {
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, report) in reports.iter().enumerate() {
        if let Some(id) = report.response_id.as_deref().filter(|_| report.is_call()) {
            by_id.entry(id).or_default().push(place);
        }
    }
    let mut groups: Vec<_> = by_id.into_iter().filter(|(_, group)| group.len() > 1).collect();
    groups.sort_by(|a, b| a.1.cmp(&b.1));
    for (id, group) in groups {
        sweep(reports, forest, clusters, id, &group);
    }
}

/// Goes through the reports of one id by start. Sets that ended before are closed; of the open ones
/// that fit, one of the same trace is taken, else the one that began last.
fn sweep(reports: &[&Report], forest: &Forest, clusters: &mut Clusters, id: &str, group: &[usize]) {
    let mut open: Vec<usize> = Vec::new();
    for place in group {
        let Some(report) = reports.get(*place) else { continue };
        if open.iter().any(|head| clusters.are_one(*head, *place)) {
            continue;
        }
        open.retain(|head| end_of(reports, clusters, *head) >= report.start_unix_nano);
        let fitting = open.iter().rev().take(NEIGHBOURS_MAX).filter(|head| {
            let is_nested = |member: usize| forest.is_nested(*place, member);
            fits(reports, clusters, *place, **head, LOG_SLACK_NS, is_nested)
                && clusters.members(**head).iter().all(|member| {
                    reports.get(*member).is_some_and(|other| {
                        agree::usage_by_id(id, report.usage.as_ref(), other.usage.as_ref())
                    })
                })
        });
        let best = fitting.max_by_key(|head| {
            let of = reports.get(**head);
            let is_near = of.is_some_and(|of| of.ids.trace == report.ids.trace);
            (is_near, of.map_or(0, |of| of.start_unix_nano), std::cmp::Reverse(**head))
        });
        match best.copied() {
            Some(head) => clusters.join(head, *place, Why::ResponseId),
            None => open.push(*place),
        }
    }
}

fn end_of(reports: &[&Report], clusters: &Clusters, head: usize) -> u64 {
    let members = clusters.members(head).iter().filter_map(|member| reports.get(*member));
    members.map(|member| member.end_unix_nano).max().unwrap_or(0).saturating_add(LOG_SLACK_NS)
}
