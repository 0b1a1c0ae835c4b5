//! The reports that have to be settled together with new ones.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::{Book, Link, NEAR_NS};
use crate::ledger::report::{LinkKey, Report, Signal, SpanIds, links};

/// Reports of one trace beyond which only those near a new one are gathered.
const WHOLE_TRACE_MAX: usize = 1_000;

/// A span of a trace.
#[derive(Clone, Copy)]
enum Span<'a> {
    Report(&'a Report),
    Link(&'a Link),
}

impl Span<'_> {
    fn ids(&self) -> SpanIds {
        match self {
            Self::Report(report) => report.ids,
            Self::Link(link) => link.ids,
        }
    }
}

/// A component that is being gathered.
#[derive(Default)]
struct Gathered {
    waiting: Vec<u128>,
    keys: HashSet<LinkKey>,
    reports: Vec<Report>,
}

impl Book {
    /// The components of new reports, and of the traces that new links are in.
    pub(super) fn components(
        &self,
        new: &HashSet<u128>,
        linked: &BTreeSet<u128>,
    ) -> Vec<Vec<Report>> {
        let mut seen: HashSet<u128> = HashSet::new();
        let mut sorted: Vec<u128> = new.iter().copied().collect();
        sorted.sort_unstable();
        let mut components = Vec::new();
        for key in sorted {
            let of_metric = |report: &Report| report.signal == Signal::Metric;
            if self.report(key).is_some_and(|report| !of_metric(report)) && seen.insert(key) {
                components.push(self.component(key, new, &mut seen));
            }
        }
        for trace in linked {
            let members = self.keys.get(&LinkKey::Trace(*trace)).map(Vec::as_slice);
            let members = members.unwrap_or_default();
            // In a huge trace a late link is left to the reports that come after it.
            let first = members.first().filter(|_| members.len() <= WHOLE_TRACE_MAX);
            if let Some(first) = first.filter(|first| seen.insert(**first)) {
                components.push(self.component(*first, new, &mut seen));
            }
        }
        components
    }

    fn report(&self, key: u128) -> Option<&Report> {
        self.entries.get(&key).map(|entry| &entry.report)
    }

    fn component(&self, first: u128, new: &HashSet<u128>, seen: &mut HashSet<u128>) -> Vec<Report> {
        let mut gathered = Gathered { waiting: vec![first], ..Gathered::default() };
        while let Some(key) = gathered.waiting.pop() {
            let Some(report) = self.report(key) else { continue };
            for link in links(report) {
                if let LinkKey::Trace(trace) = link {
                    self.gather_trace(trace, key, new, seen, &mut gathered);
                } else if !gathered.keys.contains(&link) {
                    let members = self.keys.get(&link).into_iter().flatten().copied();
                    gathered.waiting.extend(members.filter(|member| seen.insert(*member)));
                    gathered.keys.insert(link);
                }
            }
            gathered.reports.push(report.clone());
        }
        gathered.reports
    }

    fn gather_trace(
        &self,
        trace: u128,
        from: u128,
        new: &HashSet<u128>,
        seen: &mut HashSet<u128>,
        gathered: &mut Gathered,
    ) {
        if !gathered.keys.insert(LinkKey::Trace(trace)) {
            return;
        }
        let members = self.keys.get(&LinkKey::Trace(trace)).map(Vec::as_slice).unwrap_or_default();
        let between = self.links.get(&trace);
        if members.len() + between.map_or(0, VecDeque::len) <= WHOLE_TRACE_MAX {
            let unseen = members.iter().copied().filter(|member| seen.insert(*member));
            gathered.waiting.extend(unseen);
            gathered.reports.extend(between.into_iter().flatten().map(Link::report));
            return;
        }
        for span in self.near(members, between, from, new) {
            match span {
                Span::Report(report) if seen.insert(report.key) => {
                    gathered.waiting.push(report.key);
                }
                Span::Report(_) => {}
                Span::Link(link) => gathered.reports.push(link.report()),
            }
        }
    }

    /// Of the many reports of a huge trace those that can be of one call with new ones: calls whose
    /// times touch, over and over, and what is above them.
    fn near<'a>(
        &'a self,
        members: &[u128],
        between: Option<&'a VecDeque<Link>>,
        from: u128,
        new: &HashSet<u128>,
    ) -> Vec<Span<'a>> {
        let is_start = |report: &Report| report.key == from || new.contains(&report.key);
        let reports: Vec<&Report> = members.iter().filter_map(|key| self.report(*key)).collect();
        let mut calls: Vec<&Report> = reports.iter().copied().filter(|r| r.is_call()).collect();
        calls.sort_by_key(|report| (report.start_unix_nano, report.key));
        let mut chosen: Vec<&Report> =
            reports.iter().copied().filter(|r| !r.is_call() && is_start(r)).collect();
        let mut group: Vec<&Report> = Vec::new();
        let (mut end, mut wanted) = (0_u64, false);
        for report in calls {
            if report.start_unix_nano > end.saturating_add(NEAR_NS) {
                if wanted {
                    chosen.append(&mut group);
                }
                group.clear();
                wanted = false;
            }
            end = end.max(report.end_unix_nano);
            wanted |= is_start(report);
            group.push(report);
        }
        if wanted {
            chosen.append(&mut group);
        }
        let of_reports = reports.into_iter().filter(|report| report.signal == Signal::Span);
        let spans: HashMap<u64, Span<'_>> = between
            .into_iter()
            .flatten()
            .map(Span::Link)
            .chain(of_reports.map(Span::Report))
            .map(|span| (span.ids().span, span))
            .collect();
        let mut above: HashSet<u64> = HashSet::new();
        let mut near: Vec<Span<'_>> = chosen.iter().copied().map(Span::Report).collect();
        for report in chosen {
            let mut next = report.ids.parent;
            while let Some(span) = spans.get(&next).filter(|_| above.insert(next)) {
                near.push(*span);
                next = span.ids().parent;
            }
        }
        near
    }

    /// The metrics of a service, and one call of each kind as witness.
    pub(super) fn metric_component(&self, service: &Arc<str>) -> Vec<Report> {
        let metrics = self.keys.get(&LinkKey::Service(Arc::clone(service))).into_iter().flatten();
        let metrics = metrics.filter_map(|key| self.report(*key));
        let witnesses = self.witnesses.get(service).into_iter().flat_map(HashMap::values);
        metrics.chain(witnesses).cloned().collect()
    }
}
