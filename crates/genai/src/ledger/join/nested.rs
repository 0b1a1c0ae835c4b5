//! Calls within calls: one provider call seen by several instrumentations, by client and gateway
//! and model server, or a wrapper around its attempts. A tool, agent or workflow between them makes
//! them different calls.

use std::collections::{BTreeMap, HashSet};

use super::super::agree;
use super::super::call::Why;
use super::super::clusters::Clusters;
use super::super::forest::Forest;
use super::super::report::{Report, Signal};
use crate::usage::Usage;

/// Works upwards, so that what a call below turned out to be is known.
pub(super) fn join(reports: &[&Report], forest: &Forest, clusters: &mut Clusters) {
    let mut below: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        let above = forest.call_above(place).filter(|_| report.signal == Signal::Span);
        if let Some(above) = above.filter(|_| report.is_call()) {
            below.entry(above).or_default().push(place);
        }
    }
    let mut uppers: Vec<usize> = below.keys().copied().collect();
    uppers.sort_by_key(|place| (std::cmp::Reverse(forest.depth(*place)), *place));
    for upper in uppers {
        let mut lowers = Vec::new();
        gather(&below, clusters, upper, &mut lowers);
        one(reports, clusters, upper, &lowers);
    }
}

/// The calls directly below; those of a wrapper instead of the wrapper.
fn gather(
    below: &BTreeMap<usize, Vec<usize>>,
    clusters: &Clusters,
    upper: usize,
    found: &mut Vec<usize>,
) {
    let mut waiting = vec![upper];
    while let Some(next) = waiting.pop() {
        for lower in below.get(&next).into_iter().flatten() {
            if clusters.is_wrapper(*lower) {
                waiting.push(*lower);
            } else {
                found.push(*lower);
            }
        }
    }
    // Of one call that is reported several times below, its first report stands for it.
    found.sort_unstable();
    let mut heads = HashSet::new();
    found.retain(|lower| heads.insert(clusters.head(*lower)));
}

fn one(reports: &[&Report], clusters: &mut Clusters, upper: usize, lowers: &[usize]) {
    let Some(report) = reports.get(upper) else { return };
    let apart: Vec<usize> = lowers
        .iter()
        .copied()
        .filter(|lower| !clusters.are_one(upper, *lower))
        .filter(|lower| reports.get(*lower).is_some_and(|other| can_be_one(report, other)))
        .collect();
    let known = |place: usize| usage_of(reports, clusters, place);
    match (known(upper), apart.as_slice()) {
        (_, []) => {}
        (None, [lower]) => clusters.join(*lower, upper, Why::Nested),
        // Without tokens of its own, around several calls: there is nothing to count.
        (None, _) => mark_wrapper(clusters, upper),
        (Some(usage), _) => {
            let equal = apart.iter().find(|lower| {
                known(**lower).is_some_and(|other| agree::usage(Some(usage), Some(other)))
            });
            let usages: Vec<&Usage> = apart.iter().filter_map(|lower| known(*lower)).collect();
            if let Some(lower) = equal {
                clusters.join(*lower, upper, Why::Nested);
            } else if usages.is_empty() && lowers.len() == apart.len() {
                // Attempts, or the parts of a client that only its outer span knows the tokens of.
                for lower in &apart {
                    clusters.join(upper, *lower, Why::Nested);
                }
            } else if usages.len() > 1 && is_sum(usage, &usages) {
                mark_wrapper(clusters, upper);
            }
        }
    }
}

/// A call around others is none itself, unless one of those below was found to be the same.
fn mark_wrapper(clusters: &mut Clusters, upper: usize) {
    let members = clusters.members(upper).to_vec();
    let is_same = |member: &usize| {
        *member == upper
            || matches!(clusters.reason(*member), Some(Why::SameRecord | Why::LogOfSpan))
    };
    if members.iter().all(is_same) {
        for member in members {
            clusters.mark_wrapper(member);
        }
    }
}

/// Model and time agree, and not each has an id of its own from the same client.
fn can_be_one(upper: &Report, lower: &Report) -> bool {
    let ids_differ = match (&upper.response_id, &lower.response_id) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    agree::models(upper, lower)
        && agree::times(upper, lower, 0)
        && !(ids_differ && agree::one_source(upper, lower))
}

fn usage_of<'a>(reports: &[&'a Report], clusters: &Clusters, place: usize) -> Option<&'a Usage> {
    let own = reports.get(place).and_then(|report| report.usage.as_ref());
    own.or_else(|| {
        let mut members = clusters.members(place).iter();
        members.find_map(|member| reports.get(*member)?.usage.as_ref())
    })
}

fn is_sum(whole: &Usage, parts: &[&Usage]) -> bool {
    let sum = |of: fn(&Usage) -> Option<u64>| {
        parts.iter().filter_map(|part| of(part)).fold(0, u64::saturating_add)
    };
    whole.input.is_none_or(|input| input == sum(|part| part.input))
        && whole.output.is_none_or(|output| output == sum(|part| part.output))
}
