//! One run over one record: every rule with a source, sorted, applied.

use std::borrow::Cow;
use std::sync::Arc;

use crate::canonical::{Canonical, Tag};
use crate::content::{ContentKind, ContentRef, ContentSource};
use crate::detect::ScopeDialects;
use crate::explain::{Explain, Explained, Outcome, shorten};
use crate::fields::{self, Kind, Target, Text};
use crate::input::{SpanEvent, SpanKind};
use crate::rules::{Adds, On, Rank, Rule, Rules};
use crate::transform::Step;
use crate::usage::Part;
use crate::value::{Attribute, Value};

/// A record, whichever signal it is of.
pub(super) struct Record<'a> {
    pub(super) on: On,
    pub(super) name: &'a str,
    pub(super) kind: SpanKind,
    pub(super) attributes: &'a [Attribute<'a>],
    pub(super) events: &'a [SpanEvent<'a>],
    pub(super) body: Option<&'a Value<'a>>,
    pub(super) event_name: Cow<'a, str>,
    pub(super) start_unix_nano: u64,
}

/// Where a rule found its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Attribute(usize),
    EventAttribute(usize, usize),
    EventTime(usize),
    Name,
    Body,
}

/// A rule that has a source, and its place in the order of all of them.
struct Candidate {
    order: (bool, Class, u8, u16),
    source: Source,
    rule: u16,
}

/// Which rules go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Override,
    Canonical,
    OwnDialect,
    Dialect,
    Unambiguous,
    Always,
}

pub(super) struct Run<'r, 'a, 'e> {
    pub(super) rules: &'r Rules,
    pub(super) record: Record<'a>,
    pub(super) own: u64,
    pub(super) active: u64,
    pub(super) out: Canonical<'a>,
    /// The dialect whose rule gave the input count, if it was not under its canonical name.
    pub(super) input_dialect: Option<u8>,
    explain: Option<&'e mut Explain>,
    owners: Vec<(ContentKind, u8)>,
    /// Sources of noise: no further rule reads them.
    dropped: Vec<Source>,
    /// Sources that an overriding rule read: their canonical name does not mean itself.
    overridden: Vec<Source>,
    /// Sources that are one kind of content, and so no other.
    spent: Vec<Source>,
    /// A framework that stood where the provider belongs.
    pub(super) named_framework: Option<Cow<'a, str>>,
    /// A name that only AI clients use was among the attributes.
    pub(super) is_ai: bool,
}

impl<'r, 'a, 'e> Run<'r, 'a, 'e> {
    pub(super) fn new(
        rules: &'r Rules,
        record: Record<'a>,
        scope: ScopeDialects,
        (active, is_ai): (u64, bool),
        explain: Option<&'e mut Explain>,
    ) -> Self {
        let mut run = Self {
            rules,
            record,
            own: scope.own,
            active: active | rules.always,
            out: Canonical::default(),
            input_dialect: None,
            explain,
            owners: Vec::new(),
            dropped: Vec::new(),
            overridden: Vec::new(),
            spent: Vec::new(),
            named_framework: None,
            is_ai,
        };
        let mut candidates = run.candidates();
        candidates.sort_unstable_by_key(|candidate| (candidate.order, candidate.source));
        for candidate in &candidates {
            if let Some(rule) = rules.all.get(usize::from(candidate.rule)) {
                run.apply(rule, candidate.source);
            }
        }
        run
    }

    fn candidates(&mut self) -> Vec<Candidate> {
        let mut found = Vec::with_capacity(self.record.attributes.len() * 2);
        let rules = self.rules;
        for (place, (name, _)) in self.record.attributes.iter().enumerate() {
            let source = Source::Attribute(place);
            let is_known =
                rules.keys.rules(name, |rule| found.extend(self.candidate(rule, source)));
            if !is_known && rules.keys.look(name).is_some_and(|hit| hit.is_ai) {
                self.out.unmapped.push(place);
            }
        }
        let mut timed: Vec<u16> = Vec::new();
        for (place, event) in self.record.events.iter().enumerate() {
            let Some(about) = rules.events.get(event.name) else { continue };
            for rule in &about.rules {
                let from = rules.all.get(usize::from(*rule)).map_or("", |rule| &*rule.from);
                if from == "@time" {
                    // Of the many chunks of a stream only the first one tells a time.
                    if !timed.contains(rule) {
                        timed.push(*rule);
                        found.extend(self.candidate(*rule, Source::EventTime(place)));
                    }
                } else if let Some(inner) = position(event.attributes, from) {
                    found.extend(self.candidate(*rule, Source::EventAttribute(place, inner)));
                }
            }
        }
        for rule in &rules.pseudo {
            let from = rules.all.get(usize::from(*rule)).map_or("", |rule| &*rule.from);
            if from == "@name" && self.record.on == On::Span {
                found.extend(self.candidate(*rule, Source::Name));
            } else if from == "@body" && self.record.body.is_some() {
                found.extend(self.candidate(*rule, Source::Body));
            }
        }
        found
    }

    fn candidate(&self, place: u16, source: Source) -> Option<Candidate> {
        let rule = self.rules.all.get(usize::from(place))?;
        if rule.target == Target::Keep && self.explain.is_none() {
            return None;
        }
        let is_meant = match (rule.on, self.record.on) {
            (On::SpansAndLogs, _) => true,
            (On::Event, On::Span) => {
                matches!(source, Source::EventAttribute(..) | Source::EventTime(_))
            }
            (on, of) => on == of,
        };
        if !is_meant {
            return None;
        }
        if self.record.on == On::Log {
            let is_event =
                rule.event.as_deref().is_none_or(|event| event == self.record.event_name);
            if !is_event {
                return None;
            }
        }
        let bit = 1_u64 << rule.dialect;
        let is_always = self.rules.always & bit != 0;
        let class = if rule.rank == Rank::Canonical {
            Class::Canonical
        } else if self.active & bit == 0 {
            if !rule.unambiguous {
                return None;
            }
            Class::Unambiguous
        } else if rule.rank == Rank::Override {
            Class::Override
        } else if is_always {
            Class::Always
        } else if self.own & bit != 0 {
            Class::OwnDialect
        } else {
            Class::Dialect
        };
        // Conditions on the operation need it to be known.
        let is_late = rule.target != Target::Text(Text::Operation);
        Some(Candidate { order: (is_late, class, rule.dialect, rule.order), source, rule: place })
    }

    fn apply(&mut self, rule: &Rule, source: Source) {
        let is_void = self.dropped.contains(&source)
            || (rule.rank == Rank::Canonical && self.overridden.contains(&source));
        if is_void {
            return;
        }
        if !self.holds(&rule.when) {
            return;
        }
        let Some(value) = self.value(rule, source) else {
            return self.record(rule, source, &Value::Null, Outcome::NoValue);
        };
        if !rule.values.is_empty() {
            let is_one =
                value.to_text().is_some_and(|text| rule.values.iter().any(|v| **v == *text));
            if !is_one {
                return;
            }
        }
        let (outcome, value) = match rule.target {
            Target::Keep => (Outcome::Kept, value),
            Target::Drop => {
                self.dropped.push(source);
                (Outcome::Kept, value)
            }
            Target::Content(kind) => (self.put_content(rule, source, kind, &value), value),
            _ => {
                let (outcome, changed) = self.transformed(rule, &value);
                (outcome, changed.unwrap_or(value))
            }
        };
        if rule.rank == Rank::Override && outcome == Outcome::Used {
            self.overridden.push(source);
        }
        self.record(rule, source, &value, outcome);
    }

    /// Takes the value through the steps of the rule to its field.
    fn transformed(&mut self, rule: &Rule, value: &Value<'a>) -> (Outcome, Option<Value<'a>>) {
        if self.is_set(rule.target) {
            return (Outcome::Shadowed, None);
        }
        let start = self.record.start_unix_nano;
        let steps = rule.steps.iter();
        match steps.clone().try_fold(value.clone(), |value, step| step.apply(value, start)) {
            Some(value) if !value.is_empty() && self.put(rule, &value) => {
                (Outcome::Used, Some(value))
            }
            value => (Outcome::NoValue, value),
        }
    }

    fn value(&self, rule: &Rule, source: Source) -> Option<Value<'a>> {
        let found = match source {
            Source::Attribute(place) => &self.record.attributes.get(place)?.1,
            Source::EventAttribute(event, place) => {
                &self.record.events.get(event)?.attributes.get(place)?.1
            }
            Source::EventTime(event) => {
                let time = self.record.events.get(event)?.time_unix_nano;
                return i64::try_from(time).ok().map(Value::Int);
            }
            Source::Name => return Some(Value::Str(Cow::Borrowed(self.record.name))),
            Source::Body => self.record.body?,
        };
        if found.is_empty() {
            return None;
        }
        // Content and noise are not copied: that it is there is all that is asked.
        let is_asked_only = matches!(rule.target, Target::Content(_) | Target::Keep | Target::Drop);
        if is_asked_only && rule.path.is_empty() && rule.values.is_empty() {
            return Some(Value::Bool(true));
        }
        if rule.path.is_empty() {
            return Some(found.clone());
        }
        found.at(&rule.path).filter(|value| !value.is_empty())
    }

    fn is_set(&mut self, target: Target) -> bool {
        match target {
            Target::Text(text) => self.out.text(text).is_some(),
            Target::FinishReasons => !self.out.finish_reasons.is_empty(),
            Target::TimeToFirstChunk => self.out.time_to_first_chunk.is_some(),
            Target::Stream => self.out.stream.is_some(),
            Target::Cost => self.out.reported_cost_usd.is_some(),
            Target::Duration => self.out.duration_s.is_some(),
            Target::StreamEnd => self.out.tag == Tag::StreamEnd,
            Target::Usage(part) => self.out.reported.has(part),
            Target::Other(name, _) => self.out.other.iter().any(|(known, _)| *known == name),
            Target::Content(_) | Target::Keep | Target::Drop => false,
        }
    }

    /// Puts a value where it belongs; says whether it made sense there.
    fn put(&mut self, rule: &Rule, value: &Value<'a>) -> bool {
        match rule.target {
            Target::Text(text) => return self.put_text(text, value),
            Target::FinishReasons => {
                self.out.finish_reasons = value.to_texts();
                return !self.out.finish_reasons.is_empty();
            }
            Target::TimeToFirstChunk => {
                self.out.time_to_first_chunk = value.to_double().filter(|seconds| *seconds >= 0.0);
                return self.out.time_to_first_chunk.is_some();
            }
            Target::Stream => {
                self.out.stream = value.to_bool();
                return self.out.stream.is_some();
            }
            Target::Cost => {
                // Clients without a price list write 0.
                self.out.reported_cost_usd = value.to_double().filter(|cost| *cost > 0.0);
                return self.out.reported_cost_usd.is_some();
            }
            Target::Duration => {
                self.out.duration_s = value.to_double().filter(|seconds| *seconds >= 0.0);
                return self.out.duration_s.is_some();
            }
            Target::StreamEnd => self.out.tag = Tag::StreamEnd,
            Target::Usage(part) => {
                let is_count = self.out.reported.put(part, value, &rule.shown, rule.reading);
                if is_count && part == Part::Input && rule.rank != Rank::Canonical {
                    self.input_dialect = Some(rule.dialect);
                }
                return is_count;
            }
            Target::Other(name, kind) => match typed(value, kind) {
                Some(value) => self.out.other.push((name, value)),
                None => return false,
            },
            Target::Content(_) | Target::Keep | Target::Drop => {}
        }
        true
    }

    fn put_text(&mut self, field: Text, value: &Value<'a>) -> bool {
        let Some(text) = value.to_text().filter(|text| !text.is_empty()) else {
            return false;
        };
        if field == Text::Provider && self.rules.not_a_provider.iter().any(|n| **n == *text) {
            self.named_framework.get_or_insert(text);
            return false;
        }
        *self.out.text(field) = Some(text);
        true
    }

    /// Content of one kind comes from one dialect; rules that add go on after its first.
    fn put_content(
        &mut self,
        rule: &Rule,
        source: Source,
        kind: ContentKind,
        value: &Value<'a>,
    ) -> Outcome {
        if value.is_empty() {
            return Outcome::NoValue;
        }
        if self.spent.contains(&source) {
            return Outcome::Shadowed;
        }
        let owner = self.owners.iter().find(|(owned, _)| *owned == kind).map(|(_, by)| *by);
        match owner {
            Some(_) if rule.adds == Adds::ToAny => {}
            Some(by) if by != rule.dialect || rule.adds == Adds::No => return Outcome::Shadowed,
            Some(_) => {}
            None => self.owners.push((kind, rule.dialect)),
        }
        if rule.path.is_empty() {
            self.spent.push(source);
        }
        let Some(source) = self.content_source(rule, source) else {
            return Outcome::NoValue;
        };
        if rule.is_pattern && self.out.content.iter().any(|c| c.kind == kind && c.source == source)
        {
            return Outcome::Used;
        }
        let encoding = rule.encoding.unwrap_or(crate::content::Encoding::Json);
        self.out.content.push(ContentRef { kind, source, encoding });
        Outcome::Used
    }

    fn content_source(&self, rule: &Rule, source: Source) -> Option<ContentSource<'a>> {
        Some(match source {
            Source::Attribute(_) if rule.is_pattern => {
                ContentSource::Attributes { pattern: Arc::clone(&rule.from) }
            }
            Source::Attribute(place) => ContentSource::Attribute {
                name: self.record.attributes.get(place)?.0.clone(),
                path: Arc::clone(&rule.path),
            },
            Source::EventAttribute(index, place) => ContentSource::SpanEvent {
                index,
                attribute: self.record.events.get(index)?.attributes.get(place)?.0.clone(),
            },
            Source::Body => ContentSource::Body,
            Source::Name | Source::EventTime(_) => return None,
        })
    }

    fn record(&mut self, rule: &Rule, source: Source, value: &Value<'a>, outcome: Outcome) {
        let Some(explain) = self.explain.as_deref_mut() else {
            return;
        };
        let attribute = |event: usize, place: usize| {
            let event = self.record.events.get(event)?;
            Some(format!("event {}: {}", event.name, event.attributes.get(place)?.0))
        };
        let source = match source {
            Source::Attribute(place) => {
                self.record.attributes.get(place).map(|(name, _)| name.to_string())
            }
            Source::EventAttribute(event, place) => attribute(event, place),
            Source::EventTime(event) => {
                self.record.events.get(event).map(|event| format!("event {}: time", event.name))
            }
            Source::Name => Some("name".to_owned()),
            Source::Body => Some("body".to_owned()),
        };
        let text = match (rule.target, value) {
            (Target::Content(_) | Target::Keep | Target::Drop, _) | (_, Value::Null) => {
                String::new()
            }
            (_, value) => value.to_texts().join(", "),
        };
        let transform = match rule.encoding {
            Some(encoding) => encoding.name().to_owned(),
            None => rule.steps.iter().map(Step::name).collect::<Vec<_>>().join(" | "),
        };
        explain.decisions.push(Explained {
            field: fields::name(rule.target),
            value: shorten(&text),
            source: source.unwrap_or_default(),
            dialect: self.rules.id(rule.dialect),
            rule: Arc::clone(&rule.id),
            transform,
            outcome,
        });
    }

    /// Writes down what follows from other fields.
    pub(super) fn derived(&mut self, target: Target, value: &str, dialect: &Arc<str>, why: &str) {
        if let Some(explain) = self.explain.as_deref_mut() {
            explain.decisions.push(Explained {
                field: fields::name(target),
                value: shorten(value),
                source: why.to_owned(),
                dialect: Arc::clone(dialect),
                rule: Arc::from("derived"),
                transform: String::new(),
                outcome: Outcome::Derived,
            });
        }
    }

    pub(super) fn note(&mut self) {
        if let Some(explain) = self.explain.as_deref_mut() {
            explain.dialects.clone_from(&self.out.dialects);
            let names = self.out.unmapped.iter().filter_map(|place| {
                self.record.attributes.get(*place).map(|(name, _)| name.to_string())
            });
            explain.unmapped.extend(names);
        }
    }
}

/// Place of the attribute of a name.
pub(super) fn position(attributes: &[Attribute<'_>], wanted: &str) -> Option<usize> {
    attributes.iter().position(|(name, _)| name == wanted)
}

fn typed<'a>(value: &Value<'a>, kind: Kind) -> Option<Value<'a>> {
    Some(match kind {
        Kind::Text => Value::Str(value.to_text()?),
        Kind::Int => Value::Int(value.to_int()?),
        Kind::Double => Value::Double(value.to_double()?),
        Kind::Bool => Value::Bool(value.to_bool()?),
        Kind::Texts => match value.to_texts() {
            texts if texts.is_empty() => return None,
            texts => Value::Array(texts.into_iter().map(Value::Str).collect()),
        },
    })
}
