//! Properties of a run that hold for any record, and rules of a user.

use std::borrow::Cow;

use proptest::prelude::*;

use super::Normaliser;
use crate::canonical::Canonical;
use crate::detect::ScopeDialects;
use crate::explain::{Explain, Outcome};
use crate::fields;
use crate::input::{LogInput, SpanEvent, SpanInput};
use crate::rules::{RuleFile, Rules};
use crate::usage::Part;
use crate::value::{Attribute, Value};

/// Names that rules are about, with patterns filled in, and some that no rule knows.
fn names() -> Vec<String> {
    let rules = Rules::builtin();
    let from = rules.all.iter().map(|rule| rule.from.replace('#', "3").replace('*', "x"));
    let mut names: Vec<String> = from.chain(fields::identities().map(str::to_owned)).collect();
    names.extend(
        ["gen_ai.new.thing", "http.method", "__proto__", "", ".", ":", "gen_ai"].map(str::to_owned),
    );
    names.sort();
    names.dedup();
    names
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let text = |text: &'static str| Value::Str(Cow::Borrowed(text));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-5_i64..500).prop_map(Value::Int),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Double),
        (0.0_f64..1000.0).prop_map(Value::Double),
        "\\PC{0,12}".prop_map(|text| Value::Str(Cow::Owned(text))),
        "[0-9]{1,4}".prop_map(|text| Value::Str(Cow::Owned(text))),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(|b| Value::Bytes(Cow::Owned(b))),
        proptest::sample::select(vec![
            text("chat"),
            text("LLM"),
            text("tool_use"),
            text("OpenAI"),
            text("anthropic"),
            text("generation"),
            text("agent"),
            text("\"CHAT_MODEL\""),
            text("strands-agents"),
            text("openai/gpt-4o"),
            text("claude-3"),
            text("http://h:1/x"),
            text("[\"a\", \"B\"]"),
            text("{\"input\": 5, \"cache_read_input_tokens\": 9}"),
            text("{'prompt_tokens': 3"),
        ]),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::vec(("[a-z_]{1,6}", inner), 0..3).prop_map(|entries| {
                Value::Map(entries.into_iter().map(|(name, v)| (Cow::Owned(name), v)).collect())
            }),
        ]
    })
}

fn any_attributes() -> impl Strategy<Value = Vec<Attribute<'static>>> {
    let name = proptest::sample::select(names()).prop_map(Cow::Owned);
    proptest::collection::vec((name, any_value()), 0..25)
}

/// The canonical form of attributes that are canonical already.
fn again<'a>(attributes: &'a [Attribute<'a>]) -> Option<Canonical<'a>> {
    let normaliser = Normaliser::builtin();
    let span = SpanInput { attributes, ..SpanInput::default() };
    normaliser.span(ScopeDialects::default(), &span, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn canonical_attributes_are_their_own_canonical_form(
        attributes in any_attributes(),
        own in any::<u64>(),
        use_own in any::<bool>(),
    ) {
        let normaliser = Normaliser::builtin();
        let events = [SpanEvent { name: "gen_ai.choice", time_unix_nano: 5, attributes: &attributes }];
        let scope = if use_own { ScopeDialects { own: own & own >> 3 } } else { ScopeDialects::default() };
        let span = SpanInput { name: "n", attributes: &attributes, events: &events, ..SpanInput::default() };
        let Some(first) = normaliser.span(scope, &span, None) else { return Ok(()) };
        let once = first.to_attributes();
        let Some(second) = again(&once) else {
            // Only fields that say nothing of AI by themselves are left.
            prop_assert!(first.operation.is_none() && first.usage.is_none());
            return Ok(());
        };
        let mut twice = second.to_attributes();
        // A usage with a model and without an operation shows a call; the operation is derived
        // from the same facts in both runs or was there before.
        let mut once = once.clone();
        once.sort_by(|a, b| a.0.cmp(&b.0));
        twice.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn explaining_is_the_same_run(attributes in any_attributes(), body in any_value()) {
        let normaliser = Normaliser::builtin();
        let scope = ScopeDialects::default();
        let log = LogInput {
            event_name: "gen_ai.user.message",
            body: Some(&body),
            attributes: &attributes,
            ..LogInput::default()
        };
        let mut explain = Explain::default();
        let explained = normaliser.log(scope, &log, Some(&mut explain));
        prop_assert_eq!(&normaliser.log(scope, &log, None), &explained);
        // Every field has one decision that gave it its value.
        for field in ["gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.id"] {
            let used = explain.decisions.iter().filter(|line| {
                line.field == field && matches!(line.outcome, Outcome::Used | Outcome::Derived)
            });
            prop_assert!(used.count() <= 1, "{} in {:#?}", field, explain);
        }
    }
}

#[test]
fn rules_of_a_user_go_before_the_compiled_in_ones() {
    let file = RuleFile::parse(
        "user",
        r#"
        [map.provider]
        "our-gateway" = "openai"

        [[dialect]]
        id = "acme"
        detect = { scope = ["acme.*"] }
        rules = [
          { from = "acme.model", to = "gen_ai.request.model" },
          { from = "acme.tokens", path = "in", to = "gen_ai.usage.input_tokens" },
          { from = "acme.op", to = "gen_ai.operation.name", as = "const:chat" },
        ]

        [[dialect]]
        id = "openinference"
        rules = [{ from = "llm.provider", to = "gen_ai.provider.name", as = "const:house" }]
        "#,
    );
    let rules = Rules::with_user(&[file.expect("it reads")]).expect("it compiles");
    let normaliser = Normaliser::new(&rules);
    let text = |text: &'static str| Value::Str(Cow::Borrowed(text));
    let attributes = [
        (Cow::Borrowed("acme.model"), text("m")),
        (Cow::Borrowed("acme.tokens"), text("{\"in\": 7}")),
        (Cow::Borrowed("acme.op"), text("whatever")),
        (Cow::Borrowed("gen_ai.provider.name"), text("our-gateway")),
    ];
    let span = SpanInput { attributes: &attributes, ..SpanInput::default() };
    let scope = normaliser.scope("acme.client", "", &[]);
    let canonical = normaliser.span(scope, &span, None).expect("it is AI");
    assert_eq!(canonical.request_model.as_deref(), Some("m"));
    assert_eq!(canonical.operation.as_deref(), Some("chat"));
    assert_eq!(canonical.provider.as_deref(), Some("openai"));
    assert_eq!(canonical.reported.count(Part::Input), Some(7));

    let attributes = [
        (Cow::Borrowed("openinference.span.kind"), text("LLM")),
        (Cow::Borrowed("llm.provider"), text("openai")),
    ];
    let span = SpanInput { attributes: &attributes, ..SpanInput::default() };
    let canonical = normaliser.span(ScopeDialects::default(), &span, None).expect("it is AI");
    assert_eq!(canonical.provider.as_deref(), Some("house"));
}

#[test]
fn attributes_without_a_rule_are_listed() {
    let one = || Value::Int(1);
    let attributes = [
        (Cow::Borrowed("gen_ai.operation.name"), Value::Str(Cow::Borrowed("chat"))),
        (Cow::Borrowed("gen_ai.brand_new.thing"), one()),
        (Cow::Borrowed("http.method"), one()),
        (Cow::Borrowed("llm.token_count.total"), one()),
        (Cow::Borrowed("ai.settings.maxRetries"), one()),
    ];
    let span = SpanInput { attributes: &attributes, ..SpanInput::default() };
    let mut explain = Explain::default();
    let canonical = Normaliser::builtin()
        .span(ScopeDialects::default(), &span, Some(&mut explain))
        .expect("it is AI");
    assert_eq!(canonical.unmapped, [1]);
    assert_eq!(explain.unmapped, ["gen_ai.brand_new.thing"]);
}

#[test]
fn a_count_that_cannot_be_one_gives_way_to_one_that_can() {
    let attributes = [
        (Cow::Borrowed("gen_ai.operation.name"), Value::Str(Cow::Borrowed("chat"))),
        (Cow::Borrowed("gen_ai.usage.input_tokens"), Value::Int(-5)),
        (Cow::Borrowed("gen_ai.usage.prompt_tokens"), Value::Int(120)),
        (Cow::Borrowed("gen_ai.usage.output_tokens"), Value::Double(f64::NAN)),
    ];
    let span = SpanInput { attributes: &attributes, ..SpanInput::default() };
    let canonical =
        Normaliser::builtin().span(ScopeDialects::default(), &span, None).expect("it is AI");
    let usage = canonical.usage.expect("input is known");
    assert_eq!((usage.input, usage.output), (Some(120), None));
    assert_eq!(usage.invalid.len(), 2);
}
