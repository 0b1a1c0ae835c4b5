//! The dialects that no capture shows, from what their clients are known to write.

mod libraries;
mod platforms;
mod signals;

use std::borrow::Cow;

use telltale_genai::{
    Attribute, Canonical, LogInput, Normaliser, SpanEvent, SpanInput, Tag, Value,
};

fn text(text: &'static str) -> Value<'static> {
    Value::Str(Cow::Borrowed(text))
}

fn attributes(list: &[(&'static str, Value<'static>)]) -> Vec<Attribute<'static>> {
    list.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect()
}

/// Fields and content of a canonical form as one list of lines.
fn lines(canonical: &Canonical<'_>) -> Vec<String> {
    let shown = |value: &Value<'_>| match value {
        Value::Str(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(",")
        }
        other => format!("{other:?}"),
    };
    let fields = canonical.to_attributes();
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", shown(value)));
    let content = canonical
        .content
        .iter()
        .map(|piece| format!("{} as {}", piece.kind.name(), piece.encoding.name()));
    fields.chain(content).collect()
}

/// The span of a scope has these dialects first, this tag, and all of these lines.
fn check(
    scope: (&str, &str),
    span: &[(&'static str, Value<'static>)],
    dialect: &str,
    tag: Tag,
    expected: &[&str],
) {
    check_span(scope, "span", span, &[], dialect, tag, expected);
}

fn check_span(
    (scope, version): (&str, &str),
    name: &str,
    span: &[(&'static str, Value<'static>)],
    events: &[SpanEvent<'_>],
    dialect: &str,
    tag: Tag,
    expected: &[&str],
) {
    let normaliser = Normaliser::builtin();
    let attributes = attributes(span);
    let input = SpanInput {
        name,
        start_unix_nano: 1_000_000_000,
        end_unix_nano: 2_000_000_000,
        attributes: &attributes,
        events,
        ..SpanInput::default()
    };
    let canonical = normaliser
        .span(normaliser.scope(scope, version, &[]), &input, None)
        .unwrap_or_else(|| panic!("{dialect}: nothing AI was seen"));
    let lines = lines(&canonical);
    for line in expected {
        assert!(lines.iter().any(|found| found == line), "{dialect}: no {line} in {lines:#?}");
    }
    assert_eq!(canonical.tag, tag, "{dialect}");
    let is_found = canonical.dialects.iter().any(|found| **found == *dialect);
    assert!(is_found || (dialect == "none" && canonical.dialects.is_empty()));
    assert!(canonical.unmapped.is_empty(), "{dialect}: {:?}", canonical.unmapped);
}

fn log(
    scope: &str,
    event_name: &str,
    list: &[(&'static str, Value<'static>)],
    body: Option<&Value<'_>>,
) -> (Vec<String>, Tag) {
    let normaliser = Normaliser::builtin();
    let attributes = attributes(list);
    let input = LogInput {
        event_name,
        attributes: &attributes,
        body,
        time_unix_nano: 10_000_000_000,
        ..LogInput::default()
    };
    let canonical =
        normaliser.log(normaliser.scope(scope, "", &[]), &input, None).expect("it is AI");
    (lines(&canonical), canonical.tag)
}
