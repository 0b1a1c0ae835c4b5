//! Clients that report on logs and metrics, and records that are no AI.

use telltale_genai::ledger::{Report, SpanIds, settle};
use telltale_genai::{MetricInput, Normaliser, Part, SpanInput, SpanKind, Tag, Temporality, Value};

use super::{attributes, check, log, text};

#[test]
fn codex_and_gemini_report_calls_as_log_records() {
    let (lines, tag) = log(
        "codex_otel",
        "event otel/src/events/session_telemetry.rs:1153",
        &[
            ("event.name", text("codex.sse_event")),
            ("event.kind", text("response.completed")),
            ("input_token_count", text("120")),
            ("output_token_count", text("30")),
            ("cached_token_count", Value::Int(64)),
            ("reasoning_token_count", Value::Int(12)),
            ("tool_token_count", Value::Int(150)),
            ("conversation.id", text("c")),
            ("model", text("gpt-5")),
        ],
        None,
    );
    assert_eq!(tag, Tag::Call);
    for line in [
        "gen_ai.usage.input_tokens=120",
        "gen_ai.usage.output_tokens=30",
        "gen_ai.conversation.id=c",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line} in {lines:#?}");
    }
    let begun = [("event.name", text("codex.sse_event")), ("event.kind", text("response.created"))];
    assert_eq!(log("codex_otel", "", &begun, None).1, Tag::Link);

    let (lines, tag) = log(
        "gemini-cli",
        "",
        &[
            ("event.name", text("gemini_cli.api_response")),
            ("model", text("gemini-2.5-pro")),
            ("input_token_count", Value::Int(120)),
            ("output_token_count", Value::Int(18)),
            ("thoughts_token_count", Value::Int(12)),
            ("cached_content_token_count", Value::Int(64)),
            ("total_token_count", Value::Int(150)),
            ("duration_ms", Value::Int(250)),
            ("session.id", text("s")),
        ],
        None,
    );
    assert_eq!(tag, Tag::Call);
    for line in
        ["gen_ai.usage.output_tokens=30", "telltale.duration_s=0.25", "gen_ai.conversation.id=s"]
    {
        assert!(lines.contains(&line.to_owned()), "{line} in {lines:#?}");
    }
}

#[test]
fn gemini_spans_say_less_than_its_records() {
    let scope = ("gemini-cli", "");
    check(
        scope,
        &[
            ("gen_ai.operation.name", text("llm_call")),
            ("gen_ai.request.model", text("gemini-2.5-pro")),
            ("gen_ai.input.messages", text("[{}]")),
            ("gen_ai.prompt.name", text("an id")),
            ("gen_ai.usage.output_tokens", Value::Int(18)),
            ("gen_ai.usage.input_tokens", Value::Int(120)),
        ],
        "gemini_cli",
        Tag::Call,
        &[
            "gen_ai.operation.name=chat",
            "gen_ai.input.messages as gemini",
            "gen_ai.usage.output_tokens=18",
        ],
    );
    check(
        scope,
        &[
            ("gen_ai.operation.name", text("tool_call")),
            ("gen_ai.tool.call_id", text("t")),
            ("gen_ai.input.messages", text(r#"{"args":{"a":1}}"#)),
            ("gen_ai.output.messages", text("{}x")),
        ],
        "gemini_cli",
        Tag::RollUp,
        &[
            "gen_ai.tool.call.id=t",
            "gen_ai.tool.call.arguments as json",
            "gen_ai.tool.call.result as json",
        ],
    );
}

#[test]
fn old_and_new_metrics_of_one_client_are_not_added() {
    let normaliser = Normaliser::builtin();
    let scope = normaliser.scope("opentelemetry.instrumentation.genai.openai", "1", &[]);
    let point = |key: u128, name: &str, kind: Option<&'static str>, sum: f64| {
        let mut list = vec![("gen_ai.request.model", text("gpt-4o"))];
        list.extend(kind.map(|kind| ("gen_ai.token.type", text(kind))));
        let attributes = attributes(&list);
        let input = MetricInput {
            name,
            temporality: Temporality::Cumulative,
            sum,
            start_unix_nano: 1,
            time_unix_nano: 2,
            attributes: &attributes,
            ..MetricInput::default()
        };
        let usage = normaliser.metric(scope, &input, None)?;
        Some((usage.part, Report::from_metric(key, "s", "app", &input, &usage)))
    };
    let points = [
        point(1, "gen_ai.client.token.usage", Some("input"), 100.0),
        point(2, "gen_ai.client.token.usage", Some("completion"), 10.0),
        point(3, "gen_ai.client.inference.usage.input_tokens", None, 100.0),
        point(4, "gen_ai.client.inference.usage.output_tokens", None, 10.0),
    ];
    let parts: Vec<_> = points.iter().flatten().map(|(part, _)| *part).collect();
    assert_eq!(parts, [Part::Input, Part::Output, Part::Input, Part::Output]);
    let reports: Vec<Report> = points.into_iter().flatten().map(|(_, report)| report).collect();
    let settlement = settle(&reports);
    assert_eq!((settlement.calls.len(), settlement.input(), settlement.output()), (1, 100, 10));
    assert!(point(5, "gen_ai.client.token.usage", Some("total"), 1.0).is_none());
    assert!(point(6, "http.client.duration", None, 1.0).is_none());
    let wrong = point(7, "gen_ai.client.token.usage", Some("input"), -1.0).expect("a point").1;
    assert!(settle(&[wrong]).calls.is_empty());
}

#[test]
fn what_is_not_ai_is_left_alone() {
    let normaliser = Normaliser::builtin();
    let attributes = attributes(&[
        ("http.request.method", text("GET")),
        ("session.id", text("s")),
        ("user.id", text("u")),
        ("model", text("T")),
        ("server.address", text("db")),
    ]);
    let span = SpanInput { name: "GET", attributes: &attributes, ..SpanInput::default() };
    for scope in ["", "opentelemetry.instrumentation.httpx", "logfire"] {
        let scope = normaliser.scope(scope, "", &[]);
        assert_eq!(normaliser.span(scope, &span, None), None);
    }
    let report = Report::link(1, SpanIds { trace: 1, span: 1, parent: 0 }, 1, 2);
    assert_eq!(report.kind, SpanKind::Unspecified);
    assert!(settle(&[report]).calls.is_empty());
}
