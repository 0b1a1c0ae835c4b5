//! From a record to its canonical form: which dialects it speaks, every rule that has a source in
//! it in the order of the table, the first value wins, and then what follows from the values.
//! Explaining is the same run with its decisions written down.

mod finish;
mod run;

use std::borrow::Cow;

use crate::canonical::Canonical;
use crate::detect::ScopeDialects;
use crate::explain::Explain;
use crate::input::{LogInput, MetricInput, SpanInput, SpanKind};
use crate::rules::{On, Rules};
use crate::usage::{Convention, Part, WhyInvalid};
use crate::value::{Attribute, Value};

use run::{Record, Run};

/// Normalises records by a table of rules.
#[derive(Debug, Clone, Copy)]
pub struct Normaliser<'r> {
    rules: &'r Rules,
}

/// A point of a metric that counts tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricUsage<'r, 'a> {
    /// What the point's attributes say.
    pub canonical: Canonical<'a>,
    /// Which tokens it counts.
    pub part: Part,
    /// The attribute that says so, if it is not the name of the metric.
    pub kind: Option<&'r str>,
    /// How input of this client is counted.
    pub input: Convention,
    /// How output of this client is counted.
    pub output: Convention,
    /// Among metrics of a family that count the same tokens the lowest rank is used.
    pub rank: u8,
    /// The tokens, or why the value cannot be a count.
    pub tokens: Result<u64, WhyInvalid>,
}

impl Normaliser<'static> {
    /// With the compiled-in rules.
    pub fn builtin() -> Self {
        Self { rules: Rules::builtin() }
    }
}

impl<'r> Normaliser<'r> {
    /// With these rules.
    pub fn new(rules: &'r Rules) -> Self {
        Self { rules }
    }

    pub(crate) fn rules(self) -> &'r Rules {
        self.rules
    }

    /// The dialects of a scope: once for all records of the scope and resource.
    pub fn scope(&self, name: &str, version: &str, resource: &[Attribute<'_>]) -> ScopeDialects {
        ScopeDialects::new(self.rules, name, version, resource)
    }

    /// Whether the name of an attribute is one of AI telemetry. Costs a few nanoseconds: meant for
    /// every attribute of every record, to find out which records are worth reading. A name that
    /// is not UTF-8 is none.
    #[inline]
    pub fn attribute_is_ai(&self, name: &[u8]) -> bool {
        let hit = std::str::from_utf8(name).ok().and_then(|name| self.rules.keys.look(name));
        hit.is_some_and(|hit| hit.is_ai || hit.markers != 0)
    }

    /// Whether the name of an attribute is one of AI telemetry that no rule is about, not even to
    /// say that it stays what it is.
    pub fn is_unmapped(&self, name: &str) -> bool {
        let looks_ai = self.rules.keys.look(name).is_some_and(|hit| hit.is_ai);
        looks_ai && !self.rules.keys.rules(name, |_| {})
    }

    /// Whether a metric of this name may count tokens.
    pub fn metric_is_ai(&self, name: &str) -> bool {
        self.rules.metrics.contains_key(name)
    }

    /// Whether the name of a span event is one of AI telemetry.
    pub fn event_is_ai(&self, name: &str) -> bool {
        self.rules.events.get(name).is_some_and(|rules| rules.markers != 0)
    }

    /// A span in canonical form; `None` if nothing about it is AI.
    pub fn span<'a>(
        &self,
        scope: ScopeDialects,
        span: &SpanInput<'a>,
        explain: Option<&mut Explain>,
    ) -> Option<Canonical<'a>> {
        let mut seen = Seen { active: scope.own, is_ai: false };
        self.look(span.attributes, &mut seen);
        for event in span.events {
            seen.active |= self.rules.events.get(event.name).map_or(0, |rules| rules.markers);
        }
        if !seen.is_worth_a_run() {
            return None;
        }
        let record = Record {
            on: On::Span,
            name: span.name,
            kind: span.kind,
            attributes: span.attributes,
            events: span.events,
            body: None,
            event_name: Cow::Borrowed(""),
            start_unix_nano: span.start_unix_nano,
        };
        Run::new(self.rules, record, scope, seen.both(), explain).finish()
    }

    /// A log record in canonical form; `None` if nothing about it is AI.
    pub fn log<'a>(
        &self,
        scope: ScopeDialects,
        log: &LogInput<'a>,
        explain: Option<&mut Explain>,
    ) -> Option<Canonical<'a>> {
        let mut seen = Seen { active: scope.own, is_ai: false };
        self.look(log.attributes, &mut seen);
        let event_name = event_name(log);
        seen.active |= self.rules.events.get(&*event_name).map_or(0, |rules| rules.markers);
        if !seen.is_worth_a_run() {
            return None;
        }
        let record = Record {
            on: On::Log,
            name: "",
            kind: SpanKind::Unspecified,
            attributes: log.attributes,
            events: &[],
            body: log.body,
            event_name,
            start_unix_nano: log.time_unix_nano,
        };
        Run::new(self.rules, record, scope, seen.both(), explain).finish()
    }

    /// A metric point that counts tokens; `None` for any other.
    pub fn metric<'a>(
        &self,
        scope: ScopeDialects,
        point: &MetricInput<'a>,
        explain: Option<&mut Explain>,
    ) -> Option<MetricUsage<'r, 'a>> {
        let known = self.rules.metrics.get(point.name)?;
        let own = known.iter().find(|metric| scope.own >> metric.dialect & 1 == 1);
        let metric = own.or_else(|| known.first())?;
        let part = match (metric.part, &metric.kind) {
            (Some(part), _) => part,
            (None, Some(kind)) => self.token_kind(point.attributes, kind)?,
            (None, None) => return None,
        };
        let mut seen = Seen { active: scope.own | 1 << metric.dialect, is_ai: true };
        for (place, dialect) in self.rules.dialects.iter().enumerate() {
            let is_named = dialect.metric_names.iter().any(|name| name.matches(point.name));
            seen.active |= u64::from(is_named) << place;
        }
        self.look(point.attributes, &mut seen);
        let record = Record {
            on: On::SpansAndLogs,
            name: "",
            kind: SpanKind::Unspecified,
            attributes: point.attributes,
            events: &[],
            body: None,
            event_name: Cow::Borrowed(""),
            start_unix_nano: point.start_unix_nano,
        };
        let run = Run::new(self.rules, record, scope, seen.both(), explain);
        let (canonical, input, output) = run.finish_metric(metric.dialect);
        Some(MetricUsage {
            canonical,
            part,
            kind: metric.kind.as_deref(),
            rank: metric.rank,
            input,
            output,
            tokens: tokens(point.sum),
        })
    }

    fn look(self, attributes: &[Attribute<'_>], seen: &mut Seen) {
        for (name, _) in attributes {
            if let Some(hit) = self.rules.keys.look(name) {
                seen.active |= hit.markers;
                seen.is_ai |= hit.is_ai;
            }
        }
    }

    fn token_kind(self, attributes: &[Attribute<'_>], kind: &str) -> Option<Part> {
        let (_, value) = attributes.iter().find(|(name, _)| name == kind)?;
        let spelling = value.as_str()?.to_lowercase();
        match self.rules.token_type.get(&*spelling).map(|canonical| &**canonical)? {
            "input" => Some(Part::Input),
            "output" => Some(Part::Output),
            "cache_read" => Some(Part::CacheRead),
            "cache_write" => Some(Part::CacheWrite),
            "reasoning" => Some(Part::Reasoning),
            "tool_input" => Some(Part::ToolInput),
            _ => None,
        }
    }
}

/// What the names of a record's attributes and events say.
struct Seen {
    active: u64,
    is_ai: bool,
}

impl Seen {
    fn both(&self) -> (u64, bool) {
        (self.active, self.is_ai)
    }

    fn is_worth_a_run(&self) -> bool {
        self.is_ai || self.active != 0
    }
}

/// The event that a log record stands for. Some bridges write the place in the source instead of
/// the name, and the name into an attribute.
pub(crate) fn event_name<'a>(log: &LogInput<'a>) -> Cow<'a, str> {
    let is_place = log.event_name.starts_with("event ") && log.event_name.contains(".rs:");
    if !log.event_name.is_empty() && !is_place {
        return Cow::Borrowed(log.event_name);
    }
    let named = |wanted: &str| {
        let found = log.attributes.iter().find(|(name, _)| name == wanted);
        match found {
            Some((_, Value::Str(text))) => Some(text.clone()),
            _ => None,
        }
    };
    named("event.name").or_else(|| named("event_name")).unwrap_or_default()
}

fn tokens(sum: f64) -> Result<u64, WhyInvalid> {
    let mut reported = crate::usage::ReportedUsage::default();
    let none = std::sync::Arc::from("");
    reported.put(Part::Input, &Value::Double(sum), &none, None);
    match (reported.count(Part::Input), reported.invalid().first()) {
        (Some(count), _) => Ok(count),
        (None, Some(invalid)) => Err(invalid.why),
        (None, None) => Err(WhyInvalid::NotANumber),
    }
}

#[cfg(test)]
mod tests;
