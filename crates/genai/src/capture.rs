//! Which values of a record hold content, so that a caller can take them out, keep them as
//! fragments, or drop them where capture is off. Decided by name, without a run of the rules, and
//! in favour of finding: a name counts that any dialect's rule about content has, whichever
//! dialect the record speaks, and so does text under a name of AI telemetry that no rule gives
//! another meaning.
//!
//! Values of content also hold what is none: ids, models, counts. [`Normaliser::without_content`]
//! keeps those that rules read, so that a record means the same after its content was dropped.

use serde_json::{Map, Value as Json};

use crate::detect::ScopeDialects;
use crate::fields::Target;
use crate::input::{LogInput, SpanInput};
use crate::normalise::{Normaliser, event_name};
use crate::rules::On;
use crate::value::{Attribute, Value};

/// Longest text under a name of AI telemetry that is taken for a parameter and not for content,
/// in bytes, where no rule knows the name.
pub const PARAMETER_BYTES_MAX: usize = 64;

/// Last words of names that mean content however short it is.
const CONTENT_WORDS: &[&str] = &[
    "answer",
    "arguments",
    "args",
    "completion",
    "content",
    "contents",
    "document",
    "documents",
    "input",
    "inputs",
    "instructions",
    "message",
    "messages",
    "output",
    "outputs",
    "payload",
    "prompt",
    "query",
    "question",
    "request_body",
    "response",
    "response_body",
    "result",
    "results",
    "text",
    "transcript",
    "value",
];

/// Attributes of AI events that are no content.
const EVENT_PARAMETERS: &[&str] = &[
    "role",
    "id",
    "name",
    "index",
    "type",
    "finish_reason",
    "tool_call_id",
    "gen_ai.system",
    "gen_ai.provider.name",
    "gen_ai.event.start_time",
    "gen_ai.event.end_time",
    "event.name",
];

/// First words of names of the general conventions: what they name is no content.
const GENERAL_WORDS: &[&str] = &[
    "browser",
    "client",
    "cloud",
    "code",
    "container",
    "db",
    "deployment",
    "device",
    "enduser",
    "error",
    "event",
    "exception",
    "faas",
    "geo",
    "host",
    "http",
    "k8s",
    "log",
    "messaging",
    "net",
    "network",
    "os",
    "otel",
    "peer",
    "process",
    "rpc",
    "server",
    "service",
    "session",
    "source",
    "telemetry",
    "thread",
    "tls",
    "url",
    "user",
    "user_agent",
];

/// Whether the values under a name hold content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Always.
    Content,
    /// If the value is [`is_wordy`].
    ContentIfWordy,
    /// Nothing is known of the name: on a record of an AI client its last word tells, or that the
    /// value is [`is_wordy`].
    Unknown,
    /// Never.
    No,
}

/// Where the content of a record is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentPlaces {
    /// Attributes, by place.
    pub attributes: Vec<usize>,
    /// Attributes of span events: place of the event, place within it.
    pub events: Vec<(usize, usize)>,
    /// The body of the log record.
    pub body: bool,
}

/// Whether a value is more than a parameter: a list, a map, bytes, or a longer text.
pub fn is_wordy(value: &Value<'_>) -> bool {
    match value {
        Value::Str(text) => text.len() > PARAMETER_BYTES_MAX,
        Value::Bytes(_) | Value::Array(_) | Value::Map(_) => !value.is_empty(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) => false,
    }
}

impl Normaliser<'_> {
    /// Whether an attribute of a span or log record holds content.
    pub fn attribute_holds(&self, name: &str) -> Holds {
        let rules = self.rules();
        let hit = rules.keys.look(name).unwrap_or_default();
        let (mut is_content, mut has_meaning) = (rules.keys.holds_content(name), false);
        rules.keys.rules(name, |place| {
            match rules.all.get(usize::from(place)).map(|rule| rule.target) {
                Some(Target::Content(_)) => is_content = true,
                Some(Target::Keep | Target::Drop) | None => {}
                Some(_) => has_meaning = true,
            }
        });
        if is_content {
            return Holds::Content;
        }
        let is_general = GENERAL_WORDS.contains(&name.split(['.', ':']).next().unwrap_or_default());
        match hit.is_ai || hit.markers != 0 {
            _ if has_meaning => Holds::No,
            true if says_content(name) => Holds::Content,
            true => Holds::ContentIfWordy,
            false if is_general => Holds::No,
            false => Holds::Unknown,
        }
    }

    /// Whether an attribute of a span event holds content.
    pub fn event_attribute_holds(&self, event: &str, name: &str) -> Holds {
        let by_name = self.attribute_holds(name);
        let about = self.rules().events.get(event);
        let rules = about.into_iter().flat_map(|about| &about.rules);
        let mut rules = rules.filter_map(|place| self.rules().all.get(usize::from(*place)));
        let is_content =
            |target: Target| matches!(target, Target::Content(_) | Target::Keep | Target::Drop);
        if let Some(rule) = rules.find(|rule| *rule.from == *name) {
            return if is_content(rule.target) { Holds::Content } else { Holds::No };
        }
        let is_ai = about.is_some() || self.rules().keys.look(event).is_some_and(|hit| hit.is_ai);
        if by_name == Holds::Content || !is_ai {
            return by_name;
        }
        if EVENT_PARAMETERS.contains(&name) {
            return Holds::No;
        }
        let mut has_meaning = false;
        self.rules().keys.rules(name, |_| has_meaning = true);
        if has_meaning { by_name } else { Holds::Content }
    }

    /// Whether the body of a log record holds content: any body of a record of an AI client, but
    /// for one that only repeats the name of the event.
    pub fn body_holds(&self, scope: ScopeDialects, log: &LogInput<'_>) -> bool {
        let Some(body) = log.body.filter(|body| !body.is_empty()) else {
            return false;
        };
        let event = event_name(log);
        let is_name = !event.is_empty()
            && body.as_str().is_some_and(|text| {
                text.strip_suffix(&*event)
                    .is_some_and(|start| start.is_empty() || start.ends_with('.'))
                    && !text.contains(char::is_whitespace)
            });
        if is_name {
            return false;
        }
        let keys = &self.rules().keys;
        self.client(scope, log.attributes) != Client::Any
            || keys.look(&event).is_some_and(|hit| hit.is_ai || hit.markers != 0)
            || self.rules().events.contains_key(&*event)
            || self.is_body_event(&event)
    }

    /// Whether a rule takes content from the body of this event.
    fn is_body_event(self, event: &str) -> bool {
        let rules = self.rules();
        let mut about = rules.pseudo.iter().filter_map(|place| rules.all.get(usize::from(*place)));
        about.any(|rule| {
            let is_content = matches!(rule.target, Target::Content(_));
            is_content && rule.on == On::Log && rule.event.as_deref() == Some(event)
        })
    }

    /// Where a span holds content.
    pub fn span_content_places(&self, scope: ScopeDialects, span: &SpanInput<'_>) -> ContentPlaces {
        let client = self.client(scope, span.attributes);
        let mut events = Vec::new();
        for (place, event) in span.events.iter().enumerate() {
            for (inner, (name, value)) in event.attributes.iter().enumerate() {
                if client.held(self.event_attribute_holds(event.name, name), name, value) {
                    events.push((place, inner));
                }
            }
        }
        ContentPlaces { attributes: self.places(client, span.attributes), events, body: false }
    }

    /// Where a log record holds content.
    pub fn log_content_places(&self, scope: ScopeDialects, log: &LogInput<'_>) -> ContentPlaces {
        ContentPlaces {
            attributes: self.places(self.client(scope, log.attributes), log.attributes),
            events: Vec::new(),
            body: self.body_holds(scope, log),
        }
    }

    fn places(self, client: Client, attributes: &[Attribute<'_>]) -> Vec<usize> {
        let list = attributes.iter().enumerate();
        let held =
            list.filter(|(_, (name, value))| client.held(self.attribute_holds(name), name, value));
        held.map(|(place, _)| place).collect()
    }

    fn client(self, scope: ScopeDialects, attributes: &[Attribute<'_>]) -> Client {
        let keys = &self.rules().keys;
        let is_ai = |name: &str| keys.look(name).is_some_and(|hit| hit.is_ai || hit.markers != 0);
        match attributes.iter().any(|(name, _)| is_ai(name)) {
            _ if scope.is_ai() => Client::AiScope,
            true => Client::AiNames,
            false => Client::Any,
        }
    }

    /// What rules read within the value of an attribute and what is no content (counts, ids, the
    /// model), as JSON text in which they find it again. `None` if there is nothing of it.
    pub fn without_content(&self, name: &str, value: &Value<'_>) -> Option<String> {
        let rules = self.rules();
        let mut kept = Json::Null;
        rules.keys.rules(name, |place| {
            let Some(rule) = rules.all.get(usize::from(place)) else { return };
            let is_none = matches!(rule.target, Target::Content(_) | Target::Keep | Target::Drop);
            if is_none || rule.path.is_empty() {
                return;
            }
            let scalar = match value.at(&rule.path) {
                Some(Value::Bool(flag)) => Json::from(flag),
                Some(Value::Int(number)) => Json::from(number),
                Some(Value::Double(number)) => Json::from(number),
                // A structure is text here, and may hold anything.
                Some(Value::Str(text)) if text.len() <= PARAMETER_BYTES_MAX => {
                    if text.starts_with(['{', '[']) {
                        return;
                    }
                    Json::from(text.as_ref())
                }
                _ => return,
            };
            put(&mut kept, &rule.path, scalar);
        });
        (!kept.is_null()).then(|| kept.to_string())
    }
}

/// Who wrote a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// An instrumentation of AI: all of its attributes are about that.
    AiScope,
    /// Somebody who knows names of AI telemetry.
    AiNames,
    /// Anybody.
    Any,
}

impl Client {
    fn held(self, holds: Holds, name: &str, value: &Value<'_>) -> bool {
        // Numbers say nothing of what was said.
        let is_text = !value.is_empty()
            && !matches!(value, Value::Bool(_) | Value::Int(_) | Value::Double(_));
        match holds {
            Holds::Content => is_text,
            Holds::ContentIfWordy => is_wordy(value),
            Holds::Unknown => {
                (self != Self::Any && is_text && says_content(name))
                    || (self == Self::AiScope && is_wordy(value))
            }
            Holds::No => false,
        }
    }
}

/// Whether the last word of a name means content.
fn says_content(name: &str) -> bool {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name).to_ascii_lowercase();
    CONTENT_WORDS.contains(&&*last)
}

/// Puts a scalar at a path of names and list positions.
fn put(tree: &mut Json, path: &[Box<str>], scalar: Json) {
    /// Longest list that is made for the sake of a later member.
    const POSITIONS_MAX: usize = 8;
    let Some((step, rest)) = path.split_first() else {
        *tree = scalar;
        return;
    };
    if let Ok(position) = step.parse::<usize>() {
        if tree.is_null() {
            *tree = Json::Array(Vec::new());
        }
        if let (Json::Array(items), true) = (tree, position < POSITIONS_MAX) {
            while items.len() <= position {
                items.push(Json::Null);
            }
            if let Some(item) = items.get_mut(position) {
                put(item, rest, scalar);
            }
        }
        return;
    }
    if tree.is_null() {
        *tree = Json::Object(Map::new());
    }
    if let Json::Object(members) = tree {
        put(members.entry(step.to_string()).or_insert(Json::Null), rest, scalar);
    }
}

#[cfg(test)]
mod tests;
