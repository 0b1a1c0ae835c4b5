use std::borrow::Cow;

use super::*;
use crate::input::SpanEvent;
use crate::value::Attribute;

fn text(text: &'static str) -> Value<'static> {
    Value::Str(Cow::Borrowed(text))
}

fn list(list: &[(&'static str, Value<'static>)]) -> Vec<Attribute<'static>> {
    list.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect()
}

#[test]
fn every_source_of_content_is_found_whatever_the_dialect() {
    let normaliser = Normaliser::builtin();
    let mut count = 0;
    for rule in &normaliser.rules().all {
        if !matches!(rule.target, Target::Content(_)) || rule.from.starts_with('@') {
            continue;
        }
        count += 1;
        let name = rule.from.replace('#', "12").replace('*', "rest");
        let holds = match rule.event.as_deref().filter(|_| rule.on == On::Event) {
            Some(event) => normaliser.event_attribute_holds(event, &name),
            None => normaliser.attribute_holds(&name),
        };
        assert_eq!(holds, Holds::Content, "{}", rule.id);
    }
    assert!(count > 100, "{count}");
}

#[test]
fn what_has_another_meaning_is_none() {
    let normaliser = Normaliser::builtin();
    for name in [
        "gen_ai.request.model",
        "gen_ai.operation.name",
        "gen_ai.usage.input_tokens",
        "http.route",
        "gen_ai.response.id",
        "service.name",
        "gen_ai.prompt.name",
        "session.id",
        "gen_ai.response.finish_reasons",
        "langfuse.observation.type",
        "user.id",
        "url.full",
    ] {
        assert_eq!(normaliser.attribute_holds(name), Holds::No, "{name}");
    }
    assert_eq!(normaliser.event_attribute_holds("exception", "exception.message"), Holds::No);
    assert_eq!(normaliser.event_attribute_holds("gen_ai.choice", "finish_reason"), Holds::No);
    assert_eq!(normaliser.event_attribute_holds("gen_ai.choice", "index"), Holds::No);
}

#[test]
fn unknown_names_of_ai_telemetry_are_content_if_they_look_like_it() {
    let normaliser = Normaliser::builtin();
    assert_eq!(normaliser.attribute_holds("gen_ai.new.prompt"), Holds::Content);
    assert_eq!(normaliser.attribute_holds("lk.agent_note"), Holds::ContentIfWordy);
    assert_eq!(normaliser.event_attribute_holds("gen_ai.choice", "tool.result"), Holds::Content);
    let short = "x".repeat(PARAMETER_BYTES_MAX);
    assert!(!is_wordy(&Value::Str(Cow::Borrowed(&short))));
    assert!(is_wordy(&Value::Str(Cow::Owned(format!("{short}x")))));
    assert!(is_wordy(&Value::Array(vec![Value::Int(1)])));
    assert!(!is_wordy(&Value::Double(0.5)));
}

#[test]
fn places_of_a_span() {
    let attributes = list(&[
        ("gen_ai.request.model", text("m")),
        ("gen_ai.input.messages", text("[]")),
        ("lk.speech_id", text("s")),
        ("gen_ai.prompt.0.content", text("hi")),
        ("gen_ai.tool.call.result", Value::Int(5)),
    ]);
    let inner = list(&[("role", text("user")), ("content", text("hi"))]);
    let events = [
        SpanEvent { name: "exception", attributes: &inner, ..SpanEvent::default() },
        SpanEvent { name: "gen_ai.user.message", attributes: &inner, ..SpanEvent::default() },
    ];
    let span = SpanInput { attributes: &attributes, events: &events, ..SpanInput::default() };
    let places = Normaliser::builtin().span_content_places(ScopeDialects::default(), &span);
    assert_eq!(places.attributes, [1, 3]);
    assert!(places.events.contains(&(1, 1)) && !places.events.contains(&(1, 0)), "{places:?}");
}

#[test]
fn unknown_names_are_content_where_an_ai_client_wrote_them() {
    let normaliser = Normaliser::builtin();
    let long: &'static str =
        "a long text, longer than any parameter that a client would ever write down";
    let unknown = [
        ("message.content", text("hi")),
        ("note", text("hi")),
        ("other", text(long)),
        ("url.full", text(long)),
    ];
    let check = |scope: &str, more: &[(&'static str, Value<'static>)], expected: &[usize]| {
        let attributes = list(&[&unknown[..], more].concat());
        let span = SpanInput { attributes: &attributes, ..SpanInput::default() };
        let scope = normaliser.scope(scope, "", &[]);
        assert_eq!(normaliser.span_content_places(scope, &span).attributes, expected);
    };
    check("http", &[], &[]);
    check("http", &[("gen_ai.request.model", text("m"))], &[0]);
    check("openinference.instrumentation.openai", &[], &[0, 2]);
}

#[test]
fn bodies_of_ai_clients_are_content() {
    let normaliser = Normaliser::builtin();
    let none = ScopeDialects::default();
    let body = text("what is the weather");
    let check = |event: &str, scope, attributes: &[Attribute<'_>], body: &Value<'_>| {
        let log =
            LogInput { event_name: event, attributes, body: Some(body), ..LogInput::default() };
        normaliser.log_content_places(scope, &log).body
    };
    assert!(check("gen_ai.user.message", none, &[], &body));
    assert!(check("", none, &list(&[("event.name", text("gen_ai.choice"))]), &body));
    assert!(check("", none, &list(&[("gen_ai.system", text("openai"))]), &body));
    assert!(check("", normaliser.scope("strands.telemetry.tracer", "", &[]), &[], &body));
    assert!(!check("", none, &list(&[("http.route", text("/"))]), &body));
    let name = text("claude_code.user_prompt");
    let scope = normaliser.scope("com.anthropic.claude_code.events", "", &[]);
    assert!(!check("user_prompt", scope, &[], &name));
    assert!(check("user_prompt", scope, &[], &body));
}

#[test]
fn counts_and_ids_within_content_stay() {
    let normaliser = Normaliser::builtin();
    let output = text(
        r#"{"id":"chatcmpl-1","choices":[{"message":{"content":"secret"}}],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#,
    );
    let kept = normaliser.without_content("mlflow.spanOutputs", &output).unwrap();
    let kept: Json = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        kept,
        serde_json::json!({"id": "chatcmpl-1", "usage": {"prompt_tokens": 9, "completion_tokens": 2}})
    );
    let messages = text(
        r#"[{"role":"assistant","parts":[{"type":"text","content":"secret"}],"finish_reason":"stop"}]"#,
    );
    let kept = normaliser.without_content("gen_ai.output.messages", &messages);
    assert_eq!(kept.as_deref(), Some(r#"[{"finish_reason":"stop"}]"#));
    assert_eq!(normaliser.without_content("gen_ai.input.messages", &messages), None);
}

#[test]
fn users_can_name_more() {
    let file = crate::RuleFile::parse("mine", "content = ['my.*', 'note']").unwrap();
    let rules = crate::Rules::with_user(&[file]).unwrap();
    let normaliser = Normaliser::new(&rules);
    assert_eq!(normaliser.attribute_holds("my.prompt"), Holds::Content);
    assert_eq!(normaliser.attribute_holds("note"), Holds::Content);
    let file = crate::RuleFile::parse("mine", "content = ['a*b']").unwrap();
    let error = crate::Rules::with_user(&[file]).unwrap_err().to_string();
    assert!(error.starts_with("rules `mine`, content `a*b`"), "{error}");
}
