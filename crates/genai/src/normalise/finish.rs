//! What follows from the values of a run: the operation of a span that only shows its tokens, the
//! provider of a known model, usage by the client's convention, and what the record is to the
//! ledger.

use std::borrow::Cow;
use std::sync::Arc;

use super::run::{Run, position};
use crate::canonical::{Canonical, Tag};
use crate::fields::{Target, Text};
use crate::input::SpanKind;
use crate::rules::{Condition, Dialect, On, Rules};
use crate::usage::{Accounting, Context, Convention, Part, settle};
use crate::value::Value;

/// Operations that are provider calls.
const CALLS: &[&str] = &[
    "chat",
    "text_completion",
    "generate_content",
    "embeddings",
    "rerank",
    "transcribe",
    "generate_speech",
    "generate_image",
];

/// Operations that are none, whatever tokens they show: those are of the calls below.
const NO_CALLS: &[&str] = &[
    "invoke_agent",
    "invoke_workflow",
    "create_agent",
    "agent_step",
    "plan",
    "execute_tool",
    "chain",
    "task",
    "embeddings_group",
    "rerank_group",
    "schedule_tool_calls",
    "retrieval",
    "span",
    "session",
    "unknown",
];

/// The operation that asks for the result of an earlier call.
const FETCH: &str = "fetch_response";

impl<'a> Run<'_, 'a, '_> {
    pub(super) fn holds(&self, conditions: &[Condition]) -> bool {
        let find = |name: &str| {
            let place = position(self.record.attributes, name)?;
            self.record.attributes.get(place).map(|(_, value)| value)
        };
        conditions.iter().all(|condition| match condition {
            Condition::Operation(wanted) => {
                self.out.operation.as_deref().is_some_and(|op| wanted.iter().any(|w| **w == *op))
            }
            Condition::Has(name) => find(name).is_some_and(|value| !value.is_empty()),
            Condition::Is(name, wanted) => {
                find(name).and_then(Value::to_text).is_some_and(|text| *text == **wanted)
            }
            Condition::Lacks(name) => find(name).is_none_or(Value::is_empty),
        })
    }

    /// The canonical form; `None` if the run found nothing.
    pub(super) fn finish(mut self) -> Option<Canonical<'a>> {
        self.call_event();
        self.dialects();
        self.operation();
        self.provider();
        self.usage();
        self.tag();
        self.note();
        let out = &self.out;
        let is_something = out.operation.is_some()
            || out.usage.is_some()
            || !out.reported.invalid().is_empty()
            || !out.content.is_empty()
            || !out.unmapped.is_empty()
            || out.provider.is_some()
            || out.request_model.is_some()
            || out.response_id.is_some()
            || out.agent_name.is_some()
            || out.tool_name.is_some()
            || out.workflow_name.is_some()
            || self.is_ai
            || (out.framework.is_some() && (out.conversation_id.is_some() || out.event.is_some()));
        is_something.then_some(self.out)
    }

    /// The canonical form of a metric point, whose value is no attribute.
    pub(super) fn finish_metric(mut self, dialect: u8) -> (Canonical<'a>, Convention, Convention) {
        self.dialects();
        if let Some(dialect) = self.rules.dialects.get(usize::from(dialect)) {
            let own = self.own_dialect().map(|own| Arc::clone(&own.family));
            self.out.family = own.or_else(|| Some(Arc::clone(&dialect.family)));
        }
        self.provider();
        self.note();
        self.input_dialect = self.own_dialect().is_none().then_some(dialect);
        let (input, output) = self.accounting().conventions(self.out.provider.as_deref());
        (self.out, input, output)
    }

    /// A log record reports a call only if the table says so of its event.
    fn call_event(&mut self) {
        if self.record.on != On::Log {
            return;
        }
        if !self.record.event_name.is_empty() {
            self.out.event = Some(self.record.event_name.clone());
        }
        let rules = self.rules;
        let call = active(rules, self.active).find_map(|(_, dialect)| {
            dialect
                .calls
                .iter()
                .find(|call| *call.event == *self.record.event_name && self.holds(&call.when))
        });
        let Some(call) = call else { return };
        self.out.tag = Tag::Call;
        if self.out.operation.is_none() {
            self.out.operation = Some(Cow::Owned(call.operation.to_string()));
            self.derived(
                Target::Text(Text::Operation),
                &call.operation,
                &Arc::from("log event"),
                &call.event,
            );
        }
    }

    fn own_dialect(&self) -> Option<&Dialect> {
        active(self.rules, self.own).map(|(_, dialect)| dialect).next()
    }

    fn dialects(&mut self) {
        let rules = self.rules;
        let own = active(rules, self.own);
        let others = active(rules, self.active & !self.own & !rules.always);
        let found: Vec<&Dialect> = own.chain(others).map(|(_, dialect)| dialect).collect();
        self.out.dialects = found.iter().map(|dialect| Arc::clone(&dialect.id)).collect();
        self.out.family = found.first().map(|dialect| Arc::clone(&dialect.family));
        self.out.unlinked_signals = found.first().is_some_and(|dialect| dialect.unlinked_signals);
        let framework = found.iter().find_map(|dialect| dialect.framework.as_ref());
        if let Some(framework) = framework.filter(|_| self.out.framework.is_none()) {
            self.out.framework = Some(Cow::Owned(framework.to_string()));
        }
        if self.out.framework.is_none() {
            self.out.framework = self.named_framework.take();
        }
    }

    fn operation(&mut self) {
        let has_tokens = self.out.reported.has(Part::Input) || self.out.reported.has(Part::Output);
        if self.out.operation.is_some() || !has_tokens || self.record.on == On::Log {
            return;
        }
        let rules = self.rules;
        let by_dialect = active(rules, self.active & !rules.always)
            .find_map(|(_, dialect)| dialect.operation.as_ref().map(|op| (op, &dialect.id)));
        let has_model = self.out.request_model.is_some() || self.out.response_model.is_some();
        let (operation, dialect) = match by_dialect {
            Some((operation, dialect)) => (Arc::clone(operation), Arc::clone(dialect)),
            None if has_model => (Arc::from("chat"), Arc::from("any")),
            None => return,
        };
        self.out.operation = Some(Cow::Owned(operation.to_string()));
        let why = "tokens without an operation";
        self.derived(Target::Text(Text::Operation), &operation, &dialect, why);
    }

    /// A model that only one provider makes tells the provider, if nobody says it.
    fn provider(&mut self) {
        if self.out.provider.is_some() {
            return;
        }
        let model = self.out.response_model.as_deref().or(self.out.request_model.as_deref());
        let Some(model) = model else { return };
        let model = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
        let rules = self.rules;
        let known = rules.model_provider.iter().find(|(start, _)| model.starts_with(&**start));
        if let Some((_, provider)) = known {
            self.out.provider = Some(Cow::Owned(provider.to_string()));
            self.out.provider_inferred = true;
            self.derived(Target::Text(Text::Provider), provider, &Arc::from("any"), "model name");
        }
    }

    fn accounting(&self) -> Accounting {
        let of = |place: u8| self.rules.dialects.get(usize::from(place))?.accounting;
        let by_rule = self.input_dialect.and_then(of);
        let first = |set: u64| active(self.rules, set).find_map(|(_, dialect)| dialect.accounting);
        by_rule.or_else(|| first(self.own)).or_else(|| first(self.active)).unwrap_or_default()
    }

    fn usage(&mut self) {
        if self.out.reported.counts().is_empty() {
            return;
        }
        let context = Context {
            accounting: self.accounting(),
            provider: self.out.provider.as_deref(),
            request_model: self.out.request_model.as_deref(),
        };
        self.out.usage = settle(&self.out.reported, &context);
        let Some(usage) = &self.out.usage else { return };
        if usage.adjustments.is_empty() {
            return;
        }
        let why = format!("{:?}", usage.adjustments);
        let totals = [(Part::Input, usage.input), (Part::Output, usage.output)];
        let dialect = self.out.dialects.first().cloned().unwrap_or_else(|| Arc::from("any"));
        for (part, count) in totals {
            if let Some(count) = count.filter(|count| self.out.reported.count(part) != Some(*count))
            {
                self.derived(Target::Usage(part), &count.to_string(), &dialect, &why);
            }
        }
    }

    fn tag(&mut self) {
        let operation = self.out.operation.as_deref();
        let is_call = operation
            .is_some_and(|operation| CALLS.contains(&operation) || self.is_unknown_call(operation));
        self.out.tag = match (self.record.on, self.out.tag) {
            (_, Tag::StreamEnd) if is_call => Tag::StreamEnd,
            (On::Log, tag) => tag,
            _ if is_call => Tag::Call,
            _ if operation == Some(FETCH) => Tag::Fetch,
            _ if operation.is_some() || self.out.usage.is_some() => Tag::RollUp,
            _ => Tag::Link,
        };
        if self.record.on == On::Log && self.out.tag == Tag::Call && !is_call {
            // An event of this kind about an agent or a fetch sums up like its span.
            self.out.tag = if operation == Some(FETCH) { Tag::Fetch } else { Tag::RollUp };
        }
    }

    /// A client's span with a model and tokens is a call, though its operation is one of its own.
    fn is_unknown_call(&self, operation: &str) -> bool {
        self.record.kind == SpanKind::Client
            && !NO_CALLS.contains(&operation)
            && operation != FETCH
            && self.out.usage.is_some()
            && (self.out.request_model.is_some() || self.out.response_model.is_some())
    }
}

fn active(rules: &Rules, set: u64) -> impl Iterator<Item = (usize, &Dialect)> {
    rules.dialects.iter().enumerate().filter(move |(place, _)| set >> place & 1 == 1)
}

impl Rules {
    pub(super) fn id(&self, dialect: u8) -> Arc<str> {
        let known = self.dialects.get(usize::from(dialect));
        known.map_or_else(|| Arc::from(""), |dialect| Arc::clone(&dialect.id))
    }
}
