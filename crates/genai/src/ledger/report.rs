//! One report of a provider call, or of something around it that the ledger has to know.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::canonical::{Canonical, Tag};
use crate::input::{LogInput, MetricInput, SpanInput, SpanKind, Temporality};
use crate::normalise::MetricUsage;
use crate::usage::{Convention, Part, Usage};
use crate::value::{Attribute, Value};

use super::join::{LOG_SLACK_NS, UNLINKED_SLACK_NS};

/// Where a report came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Signal {
    /// A span.
    #[default]
    Span,
    /// A log record.
    Log,
    /// A metric point.
    Metric,
}

/// Ids of a span, or of the span that a log record belongs to; zero means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SpanIds {
    /// Trace id.
    pub trace: u128,
    /// Span id.
    pub span: u64,
    /// Span id of the parent.
    pub parent: u64,
}

/// What a metric point counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricPart {
    /// Tells apart what the metric counts apart: a hash of scope, resource and attributes, without
    /// the attribute that says which tokens.
    pub series: u128,
    /// Name of the metric.
    pub name: Arc<str>,
    /// Which tokens.
    pub part: Part,
    /// Of metrics that count the same tokens the lowest rank is used.
    pub rank: u8,
    /// The tokens; `None` if the point's value cannot be a count.
    pub tokens: Option<u64>,
    /// How many calls a histogram saw.
    pub calls: Option<u64>,
    /// How points relate to the ones before.
    pub temporality: Temporality,
    /// How input of this client is counted.
    pub input: Convention,
    /// How output of this client is counted.
    pub output: Convention,
}

/// What else a record says of its call: nothing the ledger settles by, but what calls are grouped by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Labels {
    /// `user.id`
    pub user_id: Option<Arc<str>>,
    /// `gen_ai.agent.name`
    pub agent_name: Option<Arc<str>>,
    /// `gen_ai.workflow.name`
    pub workflow_name: Option<Arc<str>>,
    /// `gen_ai.prompt.name`
    pub prompt_name: Option<Arc<str>>,
    /// `gen_ai.prompt.version`
    pub prompt_version: Option<Arc<str>>,
    /// `gen_ai.response.finish_reasons`, joined by commas.
    pub finish_reasons: Option<Arc<str>>,
    /// Time to the first chunk, milliseconds.
    pub ttft_ms: Option<f64>,
}

impl Labels {
    fn of(canonical: &Canonical<'_>) -> Option<Arc<Self>> {
        let shared = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(Arc::from);
        let reasons = &canonical.finish_reasons;
        let reasons = (!reasons.is_empty()).then(|| Arc::from(reasons.join(",")));
        let labels = Self {
            user_id: shared(&canonical.user_id),
            agent_name: shared(&canonical.agent_name),
            workflow_name: shared(&canonical.workflow_name),
            prompt_name: shared(&canonical.prompt_name),
            prompt_version: shared(&canonical.prompt_version),
            finish_reasons: reasons,
            ttft_ms: canonical.time_to_first_chunk.map(|seconds| seconds * 1e3),
        };
        (labels != Self::default()).then(|| Arc::new(labels))
    }

    /// Takes what these do not say from others.
    pub(super) fn complete(&mut self, other: &Self) {
        let take = |own: &mut Option<Arc<str>>, other: &Option<Arc<str>>| {
            if own.is_none() {
                own.clone_from(other);
            }
        };
        take(&mut self.user_id, &other.user_id);
        take(&mut self.agent_name, &other.agent_name);
        take(&mut self.workflow_name, &other.workflow_name);
        take(&mut self.prompt_name, &other.prompt_name);
        take(&mut self.prompt_version, &other.prompt_version);
        take(&mut self.finish_reasons, &other.finish_reasons);
        self.ttft_ms = self.ttft_ms.or(other.ttft_ms);
    }
}

/// A report. Everything in it can be stored and read back; text is shared, because most of it
/// repeats.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The record it comes from, opaque to the ledger. Reports with the same key are one.
    pub key: u128,
    /// The signal.
    pub signal: Signal,
    /// Ids.
    pub ids: SpanIds,
    /// What it is.
    pub tag: Tag,
    /// Kind of the span.
    pub kind: SpanKind,
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
    /// Tokens; `None` if the record says nothing of them.
    pub usage: Option<Usage>,
    /// Start, nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// End, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// The call failed.
    pub failed: bool,
    /// Family of dialects.
    pub family: Arc<str>,
    /// Instrumentation scope.
    pub scope: Arc<str>,
    /// `service.name`
    pub service: Arc<str>,
    /// Event of a log record.
    pub event: Option<Arc<str>>,
    /// Spans and logs of this client have no ids in common.
    pub unlinked_signals: bool,
    /// What a metric point counts.
    pub metric: Option<MetricPart>,
    /// What else it says; `None` if nothing.
    pub labels: Option<Arc<Labels>>,
}

impl Report {
    /// The report that a span makes.
    pub fn from_span(
        key: u128,
        ids: SpanIds,
        scope: &str,
        service: &str,
        span: &SpanInput<'_>,
        canonical: &Canonical<'_>,
    ) -> Self {
        Self {
            ids,
            kind: span.kind,
            start_unix_nano: span.start_unix_nano,
            end_unix_nano: span.end_unix_nano.max(span.start_unix_nano),
            failed: span.failed || canonical.error_type.is_some(),
            ..Self::common(key, Signal::Span, scope, service, canonical)
        }
        .with_duration(canonical.duration_s.filter(|_| canonical.tag == Tag::StreamEnd))
    }

    /// A span that is not AI and stands between spans that are: it keeps their tree together.
    pub fn link(key: u128, ids: SpanIds, start_unix_nano: u64, end_unix_nano: u64) -> Self {
        let end_unix_nano = end_unix_nano.max(start_unix_nano);
        Self { key, ids, start_unix_nano, end_unix_nano, ..Self::default() }
    }

    /// The report that a log record makes; `None` unless it reports a call or what sums up calls.
    pub fn from_log(
        key: u128,
        ids: SpanIds,
        scope: &str,
        service: &str,
        log: &LogInput<'_>,
        canonical: &Canonical<'_>,
    ) -> Option<Self> {
        if canonical.tag != Tag::Call {
            return None;
        }
        let report = Self {
            ids,
            start_unix_nano: log.time_unix_nano,
            end_unix_nano: log.time_unix_nano,
            failed: canonical.error_type.is_some(),
            event: canonical.event.as_deref().map(Arc::from),
            ..Self::common(key, Signal::Log, scope, service, canonical)
        };
        Some(report.with_duration(canonical.duration_s))
    }

    /// The report that a metric point makes.
    pub fn from_metric(
        key: u128,
        scope: &str,
        service: &str,
        point: &MetricInput<'_>,
        usage: &MetricUsage<'_, '_>,
    ) -> Self {
        let mut hash = Fnv::default();
        hash.text(scope);
        hash.attributes(point.resource, None);
        hash.attributes(point.attributes, usage.kind);
        Self {
            start_unix_nano: point.start_unix_nano,
            end_unix_nano: point.time_unix_nano,
            metric: Some(MetricPart {
                series: hash.0,
                name: point.name.into(),
                part: usage.part,
                rank: usage.rank,
                tokens: usage.tokens.as_ref().ok().copied(),
                calls: point.count,
                temporality: point.temporality,
                input: usage.input,
                output: usage.output,
            }),
            ..Self::common(key, Signal::Metric, scope, service, &usage.canonical)
        }
    }

    fn common(
        key: u128,
        signal: Signal,
        scope: &str,
        service: &str,
        canonical: &Canonical<'_>,
    ) -> Self {
        let shared = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(Arc::from);
        Self {
            key,
            signal,
            tag: canonical.tag,
            operation: shared(&canonical.operation),
            provider: shared(&canonical.provider),
            request_model: shared(&canonical.request_model),
            response_model: shared(&canonical.response_model),
            response_id: shared(&canonical.response_id),
            conversation_id: shared(&canonical.conversation_id),
            usage: canonical.usage.clone(),
            family: canonical.family.clone().unwrap_or_default(),
            scope: scope.into(),
            service: service.into(),
            unlinked_signals: canonical.unlinked_signals,
            labels: Labels::of(canonical),
            ..Self::default()
        }
    }

    /// A record that says how long the work took began so much before its end.
    fn with_duration(mut self, seconds: Option<f64>) -> Self {
        if let Some(seconds) = seconds {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, and a longer time than u64 has becomes the longest"
            )]
            let nanos = (seconds.max(0.0) * 1e9) as u64;
            self.start_unix_nano = self.end_unix_nano.saturating_sub(nanos);
        }
        self
    }

    /// Whether it may be a call of its own.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.tag, Tag::Call | Tag::StreamEnd) && self.signal != Signal::Metric
    }

    /// Calls above and below it are different calls: a tool, an agent or a workflow.
    pub(super) fn is_boundary(&self) -> bool {
        let operation = self.operation.as_deref();
        matches!(operation, Some("execute_tool" | "invoke_agent" | "invoke_workflow"))
    }

    /// Everything but the key that an order can be made of.
    pub(super) fn order(&self) -> impl Ord + '_ {
        (
            (self.start_unix_nano, self.end_unix_nano, self.signal, self.ids, self.tag),
            (&self.service, &self.scope, &self.event, &self.response_id),
            (&self.request_model, &self.response_model, &self.operation),
            self.usage.as_ref().map(|usage| (usage.input, usage.output, usage.cache_read)),
            self.metric.as_ref().map(|metric| (metric.series, &metric.name, metric.part)),
        )
    }
}

/// A key that reports of one component share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkKey {
    /// The trace: parents, and logs of spans.
    Trace(u128),
    /// A response id within a window of time, by number of the window.
    ResponseId(Arc<str>, u64),
    /// A conversation of a client whose signals have no ids in common, within a window of time.
    Conversation(Arc<str>, Arc<str>, u64),
    /// The service: only metric reports need it, see the module.
    Service(Arc<str>),
}

/// Width of the windows of time.
const WINDOW_NS: u64 = 600_000_000_000;

impl LinkKey {
    /// The first and last time, nanoseconds since the Unix epoch, of what can have a key of this
    /// window.
    pub fn bounds(window: u64) -> (u64, u64) {
        let start = window.saturating_mul(WINDOW_NS);
        let slack = UNLINKED_SLACK_NS.max(LOG_SLACK_NS);
        (start.saturating_sub(slack), start.saturating_add(WINDOW_NS).saturating_add(slack))
    }
}

/// Most windows that one report is in; one that lasts longer than a week is not found by its id
/// beyond that.
const WINDOWS_MAX: u64 = 1024;

/// The keys by which a report touches others.
pub fn links(report: &Report) -> Vec<LinkKey> {
    let mut keys = BTreeSet::new();
    if report.signal == Signal::Metric {
        return vec![LinkKey::Service(Arc::clone(&report.service))];
    }
    if report.ids.trace != 0 {
        keys.insert(LinkKey::Trace(report.ids.trace));
    }
    if let Some(id) = report.response_id.as_ref().filter(|_| report.is_call()) {
        let windows = windows(report, LOG_SLACK_NS);
        keys.extend(windows.map(|window| LinkKey::ResponseId(Arc::clone(id), window)));
    }
    // What is no call may still say which conversation a trace is of.
    let tells = report.is_call() || report.conversation_id.is_some();
    if report.unlinked_signals && tells {
        let family = Arc::from(format!("{}/{}", report.service, report.family));
        let conversation = report.conversation_id.clone().unwrap_or_default();
        keys.extend(windows(report, UNLINKED_SLACK_NS).map(|window| {
            LinkKey::Conversation(Arc::clone(&family), Arc::clone(&conversation), window)
        }));
    }
    keys.into_iter().collect()
}

fn windows(report: &Report, slack: u64) -> impl Iterator<Item = u64> {
    let first = report.start_unix_nano.saturating_sub(slack) / WINDOW_NS;
    let last = report.end_unix_nano.saturating_add(slack) / WINDOW_NS;
    first..=last.min(first + WINDOWS_MAX)
}

/// The 128-bit hash of Fowler, Noll and Vo: stable for ever, no seed.
struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    fn byte(&mut self, byte: u8) {
        self.0 =
            (self.0 ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }

    fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.byte(0xff);
    }

    /// Attributes in any order hash the same.
    fn attributes(&mut self, attributes: &[Attribute<'_>], without: Option<&str>) {
        let mut sorted: Vec<&Attribute<'_>> =
            attributes.iter().filter(|(name, _)| Some(&**name) != without).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, value) in sorted {
            self.text(name);
            self.value(value);
        }
        self.byte(0xfe);
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.value(item)),
            Value::Map(entries) => self.attributes(entries, None),
            Value::Bytes(bytes) => bytes.iter().for_each(|byte| self.byte(*byte)),
            scalar => self.text(&scalar.to_text().unwrap_or_default()),
        }
    }
}
