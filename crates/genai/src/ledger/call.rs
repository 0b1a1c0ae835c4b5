//! The call that a set of reports is of: which report bears it, what its tokens are, and the verdict
//! on every report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::clusters::Clusters;
use super::forest::Forest;
use super::report::{Labels, Report, Signal, SpanIds};
use crate::canonical::Tag;
use crate::input::SpanKind;
use crate::usage::{Adjustment, Convention, Usage};

/// Why two reports are of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// One record, sent again.
    SameRecord,
    /// Log records that name the same span.
    SameSpan,
    /// The end of a stream and its request.
    StreamEnd,
    /// A log record and the span that it names, or the call below that span.
    LogOfSpan,
    /// The same response id; model, usage and time agree.
    ResponseId,
    /// One is within the other; model, usage and time agree.
    Nested,
    /// The same conversation of a client without common ids; model, usage and time agree.
    Conversation,
    /// Points of one metric series.
    Series,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It bears its call: its tokens are shown here and nowhere else.
    Bearer,
    /// It reports the call that another report bears.
    Twin {
        /// Key of the bearer.
        of: u128,
        /// Why they are one.
        why: Why,
    },
    /// It sums up calls below it.
    RollUp,
    /// It asks for the result of an earlier call.
    Fetch,
    /// It is no call.
    NoCall,
    /// A metric of calls that spans, logs or a better metric report.
    Superseded,
}

/// A provider call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Key of the report that bears it.
    pub bearer: u128,
    /// Keys of all reports of it, in order.
    pub reports: Vec<u128>,
    /// The signal of the bearer.
    pub signal: Signal,
    /// Ids of the bearer.
    pub ids: SpanIds,
    /// How many calls it stands for: one, or what a metric says; `None` if the metric does not say.
    pub count: Option<u64>,
    /// Its tokens; `None` is missing, not zero.
    pub usage: Option<Usage>,
    /// `gen_ai.operation.name`
    pub operation: Option<Arc<str>>,
    /// `gen_ai.provider.name`
    pub provider: Option<Arc<str>>,
    /// `gen_ai.request.model`
    pub request_model: Option<Arc<str>>,
    /// `gen_ai.response.model`
    pub response_model: Option<Arc<str>>,
    /// `gen_ai.response.id`
    pub response_id: Option<Arc<str>>,
    /// `gen_ai.conversation.id`
    pub conversation_id: Option<Arc<str>>,
    /// `service.name` of the bearer.
    pub service: Arc<str>,
    /// Family of dialects of the bearer.
    pub family: Arc<str>,
    /// Start of the bearer, nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// End of the bearer (of the stream, where that is reported apart).
    pub end_unix_nano: u64,
    /// The bearer failed.
    pub failed: bool,
    /// What its reports say beside, the bearer first.
    pub labels: Labels,
}

impl Call {
    /// Whether the other call is shown at the same place: that of its bearer.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        let place =
            |call: &Self| (call.signal, call.ids.trace, call.ids.span, call.start_unix_nano);
        place(self) == place(other) && self.service == other.service
    }
}

/// The calls of a set of reports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settlement {
    /// The calls, by start and bearer.
    pub calls: Vec<Call>,
    /// What became of each report, by key.
    pub verdicts: BTreeMap<u128, Verdict>,
}

impl Settlement {
    /// Input tokens of all calls.
    pub fn input(&self) -> u64 {
        self.sum(|usage| usage.input)
    }

    /// Output tokens of all calls.
    pub fn output(&self) -> u64 {
        self.sum(|usage| usage.output)
    }

    /// Calls without tokens.
    pub fn missing(&self) -> usize {
        self.calls.iter().filter(|call| call.usage.is_none()).count()
    }

    fn sum(&self, of: impl Fn(&Usage) -> Option<u64>) -> u64 {
        let counts = self.calls.iter().filter_map(|call| call.usage.as_ref()).filter_map(of);
        counts.fold(0, u64::saturating_add)
    }

    pub(super) fn sort(&mut self) {
        self.calls.sort_by_key(|call| (call.start_unix_nano, call.bearer));
    }
}

/// The calls of spans and logs.
pub(super) fn calls(reports: &[&Report], forest: &Forest, clusters: &Clusters) -> Settlement {
    let mut settlement = Settlement::default();
    for (place, report) in reports.iter().enumerate() {
        if report.signal == Signal::Metric {
            continue;
        }
        if !report.is_call() || clusters.is_wrapper(place) {
            let verdict = match report.tag {
                Tag::Link => Verdict::NoCall,
                Tag::Fetch => Verdict::Fetch,
                Tag::RollUp | Tag::Call | Tag::StreamEnd => Verdict::RollUp,
            };
            settlement.verdicts.insert(report.key, verdict);
        } else if clusters.head(place) == place {
            settle_set(reports, forest, clusters, place, &mut settlement);
        }
    }
    remote_agents(reports, forest, clusters, &mut settlement);
    settlement
}

fn settle_set(
    reports: &[&Report],
    forest: &Forest,
    clusters: &Clusters,
    head: usize,
    settlement: &mut Settlement,
) {
    let members = clusters.members(head);
    let Some(bearer) = bearer(reports, forest, members) else { return };
    let Some(report) = reports.get(bearer) else { return };
    let others: Vec<&Report> = members
        .iter()
        .filter(|member| **member != bearer)
        .filter_map(|member| reports.get(*member).copied())
        .collect();
    for member in members.iter().filter(|member| **member != bearer) {
        if let Some(twin) = reports.get(*member) {
            let why = clusters.reason(*member).unwrap_or(Why::SameRecord);
            settlement.verdicts.insert(twin.key, Verdict::Twin { of: report.key, why });
        }
    }
    settlement.verdicts.insert(report.key, Verdict::Bearer);
    let mut call = call_of(report, &others);
    call.reports = members.iter().filter_map(|member| Some(reports.get(*member)?.key)).collect();
    call.reports.sort_unstable();
    settlement.calls.push(call);
}

/// A span before a log, one with tokens before one without, the service that asked before the one
/// that was asked, the request of a stream before its end, the innermost span.
fn bearer(reports: &[&Report], forest: &Forest, members: &[usize]) -> Option<usize> {
    let top = members.iter().copied().filter(|member| is_span(reports, *member));
    let top = top.min_by_key(|member| (forest.depth(*member), *member));
    let service = top.and_then(|top| reports.get(top)).map(|report| &report.service);
    let has_tokens = |tag: Tag| {
        members.iter().any(|member| {
            reports.get(*member).is_some_and(|report| report.tag == tag && report.usage.is_some())
        })
    };
    // The request of a stream has no tokens of its own; that must not count against it.
    let ask_for_tokens = has_tokens(Tag::Call);
    members.iter().copied().min_by_key(|member| {
        let report = reports.get(*member);
        let is = |test: &dyn Fn(&Report) -> bool| report.is_some_and(|report| test(report));
        (
            !is_span(reports, *member),
            !is(&|report| report.tag != Tag::StreamEnd),
            ask_for_tokens && !is(&|report| report.usage.is_some()),
            is(&|report| report.kind == SpanKind::Server),
            !is(&|report| Some(&report.service) == service),
            Reverse(forest.depth(*member)),
            *member,
        )
    })
}

fn is_span(reports: &[&Report], place: usize) -> bool {
    reports.get(place).is_some_and(|report| report.signal == Signal::Span)
}

fn call_of(bearer: &Report, others: &[&Report]) -> Call {
    let mut sorted = others.to_vec();
    sorted.sort_by_key(|other| other.signal);
    let first = |of: fn(&Report) -> &Option<Arc<str>>| {
        std::iter::once(&bearer).chain(&sorted).find_map(|report| of(report).clone())
    };
    let mut counted: Vec<&Report> = std::iter::once(bearer).chain(sorted.iter().copied()).collect();
    counted.sort_by_key(|report| nearness(bearer, report));
    let mut counted = counted.into_iter().filter_map(|report| report.usage.as_ref());
    let mut usage = counted.next().cloned();
    for other in counted {
        if let Some(usage) = &mut usage {
            raise(usage, other);
        }
    }
    let mut labels = Labels::default();
    for said in std::iter::once(&bearer).chain(&sorted).filter_map(|report| report.labels.as_ref())
    {
        labels.complete(said);
    }
    let ends = others.iter().filter(|other| other.tag == Tag::StreamEnd);
    Call {
        bearer: bearer.key,
        reports: Vec::new(),
        signal: bearer.signal,
        ids: bearer.ids,
        count: Some(1),
        usage,
        operation: first(|report| &report.operation),
        provider: first(|report| &report.provider),
        request_model: first(|report| &report.request_model),
        response_model: first(|report| &report.response_model),
        response_id: first(|report| &report.response_id),
        conversation_id: first(|report| &report.conversation_id),
        service: Arc::clone(&bearer.service),
        family: Arc::clone(&bearer.family),
        start_unix_nano: bearer.start_unix_nano,
        end_unix_nano: ends.map(|end| end.end_unix_nano).fold(bearer.end_unix_nano, u64::max),
        failed: bearer.failed,
        labels,
    }
}

/// Whose tokens count first: those of the span that was nearest to the provider within the service
/// that bears the call. Outer layers have been seen to add up a stream's counts wrongly.
fn nearness(bearer: &Report, report: &Report) -> impl Ord + use<> {
    (
        report.signal,
        report.service != bearer.service,
        report.kind == SpanKind::Server,
        Reverse(report.start_unix_nano),
        report.end_unix_nano,
        report.key != bearer.key,
    )
}

/// Takes from a twin what the usage does not have: a missing count, or a subset that the client
/// counts beside the whole. A count that both have is never changed.
fn raise(usage: &mut Usage, twin: &Usage) {
    let mut raised = false;
    if let Some(reasoning) = twin.reasoning.filter(|count| usage.reasoning.is_none() && *count > 0)
    {
        match (usage.output, twin.output) {
            (Some(own), Some(other)) if own.checked_add(reasoning) == Some(other) => {
                usage.output = Some(other);
                usage.output_convention = Convention::Exclusive;
                raised = true;
            }
            _ => {}
        }
        if usage.output.is_some_and(|output| output >= reasoning) {
            usage.reasoning = Some(reasoning);
            raised = true;
        }
    }
    let cached = twin.cached();
    if usage.cache_read.is_none() && usage.cache_write.is_none() && cached > 0 {
        let sum = usage.input.and_then(|own| own.checked_add(cached));
        if sum.is_some() && sum == twin.input {
            usage.input = sum;
            usage.input_convention = Convention::Exclusive;
        }
        if usage.input.is_some_and(|input| input >= cached) {
            (usage.cache_read, usage.cache_write) = (twin.cache_read, twin.cache_write);
            raised = true;
        }
    }
    let same_write = usage.cache_write == twin.cache_write;
    let pairs = [
        (&mut usage.input, twin.input, true),
        (&mut usage.output, twin.output, true),
        (&mut usage.cache_write_5m, twin.cache_write_5m, same_write),
        (&mut usage.cache_write_1h, twin.cache_write_1h, same_write),
    ];
    for (own, other, is_meant) in pairs {
        if is_meant && own.is_none() && other.is_some_and(|count| count > 0) {
            *own = other;
            raised = true;
        }
    }
    if raised && !usage.adjustments.contains(&Adjustment::RaisedByTwin) {
        usage.adjustments.push(Adjustment::RaisedByTwin);
    }
}

/// An agent that runs elsewhere and whose calls are not here is counted itself.
fn remote_agents(
    reports: &[&Report],
    forest: &Forest,
    clusters: &Clusters,
    settlement: &mut Settlement,
) {
    let mut agents: Vec<usize> = (0..reports.len())
        .filter(|place| reports.get(*place).is_some_and(|report| is_remote_agent(report)))
        .collect();
    if agents.is_empty() {
        return;
    }
    let mut covered: HashSet<usize> = HashSet::new();
    let cover = |from: usize, covered: &mut HashSet<usize>| {
        let mut place = forest.parent(from);
        while let Some(above) = place.filter(|above| covered.insert(*above)) {
            place = forest.parent(above);
        }
    };
    let roots = forest.roots();
    // Calls whose tree has lost its top: they may belong below an agent of their trace.
    let mut strays: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        if report.is_call() && report.signal == Signal::Span && !clusters.is_wrapper(place) {
            cover(place, &mut covered);
            if lost_parent(reports, &roots, place).is_some() {
                strays.entry(report.ids.trace).or_default().push(place);
            }
        }
    }
    agents.sort_by_key(|place| (Reverse(forest.depth(*place)), *place));
    for agent in agents {
        let Some(report) = reports.get(agent) else { continue };
        let lost = lost_parent(reports, &roots, agent);
        let mut near = strays.get(&report.ids.trace).into_iter().flatten();
        let has_stray = near.any(|stray| {
            let is_within = reports.get(*stray).is_some_and(|call| {
                call.start_unix_nano >= report.start_unix_nano
                    && call.start_unix_nano <= report.end_unix_nano
            });
            is_within && lost_parent(reports, &roots, *stray) != lost
        });
        if covered.contains(&agent) || has_stray {
            continue;
        }
        cover(agent, &mut covered);
        settlement.verdicts.insert(report.key, Verdict::Bearer);
        let mut call = call_of(report, &[]);
        call.reports = vec![report.key];
        settlement.calls.push(call);
    }
}

fn is_remote_agent(report: &Report) -> bool {
    report.signal == Signal::Span
        && report.tag == Tag::RollUp
        && report.kind == SpanKind::Client
        && report.operation.as_deref() == Some("invoke_agent")
        && report.usage.as_ref().is_some_and(Usage::is_known)
}

/// The parent that the top of a span's tree names and that is not here.
fn lost_parent(reports: &[&Report], roots: &[usize], place: usize) -> Option<u64> {
    let root = reports.get(roots.get(place).copied()?)?;
    (root.ids.parent != 0 && root.ids.parent != root.ids.span).then_some(root.ids.parent)
}
