//! Calls that are known only as sums. Token metrics repeat what spans and logs say, so they count
//! only where a service has neither for the same client or model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::agree;
use super::call::{Call, Settlement, Verdict};
use super::report::{MetricPart, Report, Signal, SpanIds};
use crate::input::Temporality;
use crate::usage::{Accounting, Context, Part, Reading, ReportedUsage};
use crate::usage::{Convention, settle as settle_usage};

/// The points of one series, the newest of each start last.
type Points<'a> = Vec<Point<'a>>;

type Point<'a> = (&'a Report, &'a MetricPart);

pub(super) fn settle(reports: &[&Report], settlement: &mut Settlement) {
    let mut clients: BTreeMap<(&Arc<str>, &Arc<str>), Points<'_>> = BTreeMap::new();
    for report in reports.iter().filter(|report| report.signal == Signal::Metric) {
        settlement.verdicts.insert(report.key, Verdict::Superseded);
        if let Some(metric) = &report.metric {
            clients.entry((&report.service, &report.family)).or_default().push((report, metric));
        }
    }
    if clients.is_empty() {
        return;
    }
    let witnesses = Witnesses::new(reports);
    for ((service, family), mut points) in clients {
        if witnesses.has_client(service, family) {
            continue;
        }
        let usable = points.iter().filter(|(_, metric)| metric.tokens.is_some());
        let Some(rank) = usable.map(|(_, metric)| metric.rank).min() else { continue };
        points.retain(|(_, metric)| metric.rank == rank);
        let mut series: BTreeMap<u128, Points<'_>> = BTreeMap::new();
        for (report, metric) in points {
            if !witnesses.has_model(service, report) {
                series.entry(metric.series).or_default().push((report, metric));
            }
        }
        for points in series.into_values() {
            settle_series(&points, settlement);
        }
    }
}

/// What spans and logs say of each service.
struct Witnesses<'a> {
    clients: BTreeSet<(&'a Arc<str>, &'a Arc<str>)>,
    services: BTreeMap<&'a Arc<str>, Vec<&'a Report>>,
}

impl<'a> Witnesses<'a> {
    fn new(reports: &[&'a Report]) -> Self {
        let mut witnesses = Self { clients: BTreeSet::new(), services: BTreeMap::new() };
        let mut models = BTreeSet::new();
        for report in reports.iter().filter(|report| report.is_call()) {
            witnesses.clients.insert((&report.service, &report.family));
            if models.insert((&report.service, &report.request_model, &report.response_model)) {
                witnesses.services.entry(&report.service).or_default().push(report);
            }
        }
        witnesses
    }

    fn has_client(&self, service: &Arc<str>, family: &Arc<str>) -> bool {
        self.clients.contains(&(service, family))
    }

    fn has_model(&self, service: &Arc<str>, metric: &Report) -> bool {
        let calls = self.services.get(service);
        calls.is_some_and(|calls| calls.iter().any(|call| agree::models(call, metric)))
    }
}

/// One series becomes one call that stands for many. Of a cumulative series the last point since
/// each start counts; of any other every point, once.
fn settle_series(points: &[Point<'_>], settlement: &mut Settlement) {
    let mut counted: BTreeMap<(&Arc<str>, Part, u64, u64), Point<'_>> = BTreeMap::new();
    for (report, metric) in points {
        if metric.tokens.is_none() {
            continue;
        }
        let is_delta = metric.temporality == Temporality::Delta;
        let time = if is_delta { report.end_unix_nano } else { 0 };
        let key = (&metric.name, metric.part, report.start_unix_nano, time);
        let newest = counted.entry(key).or_insert((*report, *metric));
        let rank = |report: &Report, metric: &MetricPart| (report.end_unix_nano, metric.tokens);
        if rank(report, metric) > rank(newest.0, newest.1) {
            *newest = (*report, *metric);
        }
    }
    let Some((first, metric)) = counted.values().next().copied() else { return };
    let mut sums: BTreeMap<Part, u64> = BTreeMap::new();
    let mut calls: BTreeMap<Part, Option<u64>> = BTreeMap::new();
    for (_, metric) in counted.values() {
        let sum = sums.entry(metric.part).or_default();
        *sum = sum.saturating_add(metric.tokens.unwrap_or(0));
        let seen = calls.entry(metric.part).or_insert(Some(0));
        *seen = seen.zip(metric.calls).map(|(a, b)| a.saturating_add(b));
    }
    let mut reported = ReportedUsage::default();
    for (part, count) in sums {
        reported.put_count(part, count, &metric.name);
    }
    let reading = |convention: Convention| match convention {
        Convention::Inclusive => Reading::Inclusive,
        Convention::Exclusive => Reading::Exclusive,
    };
    let context = Context {
        accounting: Accounting {
            input: reading(metric.input),
            output: reading(metric.output),
            ..Accounting::default()
        },
        ..Context::default()
    };
    let Some(usage) = settle_usage(&reported, &context) else { return };
    let used: BTreeSet<u128> = counted.values().map(|(report, _)| report.key).collect();
    settlement.verdicts.insert(first.key, Verdict::Bearer);
    for key in used.iter().filter(|key| **key != first.key) {
        let verdict = Verdict::Twin { of: first.key, why: super::call::Why::Series };
        settlement.verdicts.insert(*key, verdict);
    }
    let ends = counted.values().map(|(report, _)| report.end_unix_nano);
    settlement.calls.push(Call {
        bearer: first.key,
        reports: used.into_iter().collect(),
        signal: Signal::Metric,
        ids: SpanIds::default(),
        count: calls.into_values().flatten().max().filter(|count| *count > 0),
        usage: Some(usage),
        operation: first.operation.clone(),
        provider: first.provider.clone(),
        request_model: first.request_model.clone(),
        response_model: first.response_model.clone(),
        response_id: None,
        conversation_id: first.conversation_id.clone(),
        service: Arc::clone(&first.service),
        family: Arc::clone(&first.family),
        start_unix_nano: first.start_unix_nano,
        end_unix_nano: ends.max().unwrap_or(first.end_unix_nano),
        failed: false,
        labels: first.labels.as_deref().cloned().unwrap_or_default(),
    });
}
