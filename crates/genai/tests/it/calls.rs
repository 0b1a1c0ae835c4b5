//! Situations that no captured client shows: gateways, model servers, remote agents, damaged trees,
//! response ids that are used again.

use telltale_genai::ledger::{Call, Report, Settlement, Signal, SpanIds, Verdict, Why, settle};
use telltale_genai::{Adjustment, SpanKind, Tag, Usage};

const MS: u64 = 1_000_000;

/// A chat span of a client; the times are milliseconds.
fn chat(span: u64, parent: u64, start: u64, end: u64) -> Report {
    Report {
        key: u128::from(span),
        ids: SpanIds { trace: 1, span, parent },
        tag: Tag::Call,
        kind: SpanKind::Client,
        operation: Some("chat".into()),
        provider: Some("openai".into()),
        request_model: Some("gpt-4o-mini".into()),
        usage: tokens(120, 30),
        start_unix_nano: 1_000_000_000_000 + start * MS,
        end_unix_nano: 1_000_000_000_000 + end * MS,
        family: "openllmetry".into(),
        scope: "client".into(),
        service: "app".into(),
        ..Report::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reports hold an option")]
fn tokens(input: u64, output: u64) -> Option<Usage> {
    Some(Usage { input: Some(input), output: Some(output), ..Usage::default() })
}

fn log(key: u128, of: &Report) -> Report {
    Report {
        key,
        ids: SpanIds { parent: 0, ..of.ids },
        signal: Signal::Log,
        event: Some("gen_ai.client.inference.operation.details".into()),
        start_unix_nano: of.end_unix_nano,
        ..of.clone()
    }
}

fn step(operation: &str, span: u64, parent: u64, start: u64, end: u64) -> Report {
    Report {
        tag: Tag::RollUp,
        kind: SpanKind::Internal,
        operation: Some(operation.into()),
        usage: None,
        ..chat(span, parent, start, end)
    }
}

/// Settles, and in the other direction too.
fn check(reports: &[Report]) -> Settlement {
    let settlement = settle(reports);
    let turned: Vec<Report> = reports.iter().rev().cloned().collect();
    assert_eq!(settle(&turned), settlement);
    settlement
}

fn sums(calls: &[Call]) -> (usize, u64, u64) {
    let sum = |of: fn(&Usage) -> Option<u64>| {
        calls.iter().filter_map(|call| of(call.usage.as_ref()?)).sum()
    };
    (calls.len(), sum(|usage| usage.input), sum(|usage| usage.output))
}

#[test]
fn a_gateway_and_a_model_server_see_the_call_of_the_client() {
    let client = chat(1, 0, 0, 100);
    let http = Report::link(2, SpanIds { trace: 1, span: 2, parent: 1 }, 0, 1);
    let gateway = Report {
        scope: "litellm".into(),
        service: "gateway".into(),
        request_model: Some("openai/gpt-4o-mini".into()),
        ..chat(3, 2, 10, 90)
    };
    let server = Report {
        scope: "vllm".into(),
        service: "vllm".into(),
        kind: SpanKind::Server,
        request_model: None,
        ..chat(4, 3, 20, 80)
    };
    let settlement = check(&[client.clone(), http, gateway, server]);
    assert_eq!(sums(&settlement.calls), (1, 120, 30));
    assert_eq!(settlement.calls[0].bearer, client.key);
    assert_eq!(settlement.calls[0].reports, [1, 3, 4]);
    assert_eq!(settlement.verdicts[&2], Verdict::NoCall);
}

#[test]
fn a_gateway_in_a_trace_of_its_own_is_known_by_the_response_id() {
    let id = Some("chatcmpl-838a97f5ee445db5dbc48d32".into());
    let client = Report { response_id: id.clone(), ..chat(1, 0, 0, 100) };
    let gateway = Report {
        ids: SpanIds { trace: 2, span: 9, parent: 0 },
        scope: "litellm".into(),
        service: "gateway".into(),
        response_id: id,
        ..chat(2, 0, 10, 90)
    };
    let settlement = check(&[client.clone(), gateway.clone()]);
    assert_eq!(sums(&settlement.calls), (1, 120, 30));
    assert_eq!(settlement.verdicts[&2], Verdict::Twin { of: 1, why: Why::ResponseId });

    let later = Report { start_unix_nano: client.end_unix_nano + 1, ..gateway.clone() };
    let later = Report { end_unix_nano: later.start_unix_nano + MS, ..later };
    assert_eq!(check(&[client.clone(), later]).calls.len(), 2, "times do not touch");
    let other = Report { request_model: Some("gpt-4o".into()), ..gateway.clone() };
    assert_eq!(check(&[client.clone(), other]).calls.len(), 2, "another model");
    let more = Report { usage: tokens(500, 70), ..gateway };
    assert_eq!(check(&[client, more]).calls.len(), 2, "other tokens");
}

#[test]
fn calls_of_a_server_that_uses_its_ids_again_all_count() {
    // 5,000 calls whose ids come from 999 values, as Ollama draws them, all with the same tokens:
    // one after the other, and in groups of eight at once.
    for at_once in [1_u64, 8] {
        let mut state = 7_u64;
        let reports: Vec<Report> = (0..5000_u64)
            .map(|number| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let start = number / at_once * 20;
                Report {
                    ids: SpanIds { trace: u128::from(number) + 1, span: number + 1, parent: 0 },
                    response_id: Some(format!("chatcmpl-{}", (state >> 33) % 999).into()),
                    request_model: Some("llama3".into()),
                    ..chat(number + 1, 0, start, start + 20)
                }
            })
            .collect();
        assert_eq!(sums(&check(&reports).calls), (5000, 600_000, 150_000));

        // With a record of each call they are still as many.
        let logs = reports.iter().map(|report| log(report.key + 1_000_000, report));
        let both: Vec<Report> = reports.iter().cloned().chain(logs).collect();
        assert_eq!(sums(&check(&both).calls), (5000, 600_000, 150_000));
    }
}

#[test]
fn a_tool_or_agent_between_two_calls_makes_them_two() {
    // The SDK that runs tools below the call that asked for them.
    for operation in ["execute_tool", "invoke_agent"] {
        let reports = [chat(1, 0, 0, 100), step(operation, 2, 1, 20, 90), chat(3, 2, 30, 80)];
        assert_eq!(sums(&check(&reports).calls), (2, 240, 60), "{operation}");
    }
}

#[test]
fn a_wrapper_is_not_a_call() {
    let empty = Report { usage: None, ..chat(1, 0, 0, 100) };
    let calls = [chat(2, 1, 10, 40), chat(3, 1, 50, 90)];
    let settlement = check(&[empty.clone(), calls[0].clone(), calls[1].clone()]);
    assert_eq!((sums(&settlement.calls), settlement.missing()), ((2, 240, 60), 0));
    assert_eq!(settlement.verdicts[&1], Verdict::RollUp);

    let around_one = check(&[empty, calls[0].clone()]);
    assert_eq!((sums(&around_one.calls), around_one.missing()), ((1, 120, 30), 0));
    assert_eq!(around_one.calls[0].bearer, 2);

    let sum = Report { usage: tokens(240, 60), ..chat(1, 0, 0, 100) };
    let settlement = check(&[sum, calls[0].clone(), calls[1].clone()]);
    assert_eq!(sums(&settlement.calls), (2, 240, 60));
    assert_eq!(settlement.verdicts[&1], Verdict::RollUp);
}

#[test]
fn attempts_without_tokens_are_of_the_call_around_them() {
    let mut failed = Report { usage: None, failed: true, ..chat(2, 1, 10, 20) };
    let second = Report { usage: None, ..chat(3, 1, 30, 90) };
    let settlement = check(&[chat(1, 0, 0, 100), failed.clone(), second]);
    assert_eq!((sums(&settlement.calls), settlement.missing()), ((1, 120, 30), 0));

    failed.ids.parent = 0;
    assert_eq!(check(&[chat(1, 0, 0, 100), failed]).missing(), 1, "not within: a call of its own");
}

#[test]
fn two_calls_of_one_client_with_ids_of_their_own_are_two() {
    let with = |report: Report, id: &str| Report { response_id: Some(id.into()), ..report };
    let reports = [with(chat(1, 0, 0, 100), "a"), with(chat(2, 1, 10, 90), "b")];
    assert_eq!(check(&reports).calls.len(), 2);
    // A gateway gives ids of its own to what it passes on.
    let gateway = Report { scope: "litellm".into(), ..reports[1].clone() };
    assert_eq!(check(&[reports[0].clone(), gateway]).calls.len(), 1);
}

#[test]
fn one_client_with_span_log_and_metric_is_counted_once() {
    let span = Report {
        family: "claude_code".into(),
        unlinked_signals: true,
        conversation_id: Some("c".into()),
        ..chat(1, 0, 0, 100)
    };
    let record =
        Report { ids: SpanIds::default(), event: Some("api_request".into()), ..log(2, &span) };
    let late = Report { end_unix_nano: record.end_unix_nano + 10_000 * MS, ..record.clone() };
    let late = Report { key: 3, start_unix_nano: late.end_unix_nano, ..late };
    let settlement = check(&[span.clone(), record.clone()]);
    assert_eq!(sums(&settlement.calls), (1, 120, 30));
    assert_eq!(settlement.verdicts[&2], Verdict::Twin { of: 1, why: Why::Conversation });
    // A record of a call whose span was lost.
    assert_eq!(check(&[span.clone(), record.clone(), late]).calls.len(), 2);
    let elsewhere = Report { conversation_id: Some("d".into()), ..record };
    assert_eq!(check(&[span, elsewhere]).calls.len(), 2);
}

#[test]
fn a_record_is_of_a_call_in_its_trace_that_does_not_say_its_conversation() {
    let family =
        |report: Report| Report { family: "codex".into(), unlinked_signals: true, ..report };
    let span = Report { request_model: None, ..family(chat(1, 9, 0, 100)) };
    let record = Report {
        ids: SpanIds { span: 9, ..span.ids },
        conversation_id: Some("c".into()),
        request_model: Some("gpt-5".into()),
        event: Some("codex.sse_event".into()),
        ..log(2, &span)
    };
    let settlement = check(&[span.clone(), record.clone()]);
    assert_eq!(sums(&settlement.calls), (1, 120, 30));
    assert_eq!(settlement.calls[0].request_model.as_deref(), Some("gpt-5"));
    // Without a trace the record is found by the conversation that another span of the trace says.
    let record = Report { ids: SpanIds::default(), ..record };
    let turn = Report { conversation_id: Some("c".into()), ..family(step("turn", 9, 0, 0, 200)) };
    assert_eq!(check(&[span, record, turn]).calls.len(), 1);
}

#[test]
fn the_request_and_the_response_of_one_call_may_be_two_records() {
    let span =
        Report { family: "gemini_cli".into(), unlinked_signals: true, ..chat(1, 0, 0, 60_000) };
    let response = Report { ids: SpanIds::default(), ..log(2, &span) };
    let request = Report {
        key: 3,
        usage: None,
        start_unix_nano: span.start_unix_nano,
        end_unix_nano: span.start_unix_nano,
        ..response.clone()
    };
    let other =
        Report { event: Some("gemini_cli.api_response".into()), key: 4, ..response.clone() };
    let settlement = check(&[span, response, request, other]);
    assert_eq!((sums(&settlement.calls), settlement.missing()), ((1, 120, 30), 0));
}

#[test]
fn the_span_nearest_to_the_provider_knows_best() {
    // An instrumentation that adds up the counts of a stream once too often.
    let id = Some("msg_5fa85f0a92a4af278cc92e95".into());
    let outer = Report { response_id: id.clone(), usage: tokens(136, 31), ..chat(1, 0, 0, 100) };
    let inner = Report {
        ids: SpanIds { trace: 2, span: 2, parent: 0 },
        scope: "com.anthropic.sdk.python".into(),
        response_id: id,
        usage: tokens(136, 30),
        ..chat(2, 0, 10, 90)
    };
    assert_eq!(sums(&check(&[outer, inner]).calls), (1, 136, 30));
}

#[test]
fn a_log_record_raises_what_its_span_said() {
    let span = Report {
        unlinked_signals: true,
        family: "gemini_cli".into(),
        usage: tokens(120, 18),
        ..chat(1, 0, 0, 100)
    };
    let record = Report {
        ids: SpanIds::default(),
        usage: Some(Usage { reasoning: Some(12), ..tokens(120, 30).expect("some") }),
        event: Some("gemini_cli.api_response".into()),
        ..log(2, &span)
    };
    let settlement = check(&[span, record]);
    let usage = settlement.calls[0].usage.as_ref().expect("known");
    assert_eq!((usage.output, usage.reasoning), (Some(30), Some(12)));
    assert_eq!(usage.adjustments, [Adjustment::RaisedByTwin]);
    assert_eq!(settlement.calls[0].bearer, 1);
}

#[test]
fn a_remote_agent_counts_only_if_its_calls_are_not_here() {
    let agent = Report {
        kind: SpanKind::Client,
        usage: tokens(900, 90),
        ..step("invoke_agent", 1, 0, 0, 1000)
    };
    assert_eq!(sums(&check(std::slice::from_ref(&agent)).calls), (1, 900, 90));
    let inside = Report { kind: SpanKind::Internal, ..agent.clone() };
    assert_eq!(check(&[inside]).calls.len(), 0, "an agent of this process sums up");
    let with_call = check(&[agent.clone(), chat(2, 1, 10, 90)]);
    assert_eq!(sums(&with_call.calls), (1, 120, 30));
    assert_eq!(with_call.verdicts[&1], Verdict::RollUp);

    // The span between them was lost: the call may be the agent's.
    let stray = chat(2, 77, 10, 90);
    assert_eq!(sums(&check(&[agent.clone(), stray.clone()]).calls), (1, 120, 30));
    // Both hang below a caller that is not here: nothing was lost between them.
    let called = Report { ids: SpanIds { parent: 77, ..agent.ids }, ..agent.clone() };
    assert_eq!(sums(&check(&[called, stray]).calls), (2, 1020, 120));

    let inner = Report { key: 5, ids: SpanIds { span: 5, parent: 1, trace: 1 }, ..agent.clone() };
    let both = check(&[agent, inner]);
    assert_eq!((sums(&both.calls), both.calls[0].bearer), ((1, 900, 90), 5));
}

#[test]
fn damaged_trees_lose_nothing() {
    let own_parent = chat(1, 1, 0, 100);
    assert_eq!(check(&[own_parent]).calls.len(), 1);
    // A circle of three calls, and a tail that leads into it.
    let usage = |report: Report, input| Report { usage: tokens(input, 1), ..report };
    let circle = [
        usage(chat(1, 2, 0, 100), 1),
        usage(chat(2, 3, 0, 100), 10),
        usage(chat(3, 1, 0, 100), 100),
        usage(chat(4, 3, 0, 100), 1000),
        usage(chat(5, 4, 0, 100), 10_000),
    ];
    assert_eq!(sums(&check(&circle).calls), (5, 11_111, 5));
    // Times that run backwards, ids of zeros.
    let backwards = Report { end_unix_nano: 0, ..chat(1, 0, 50, 50) };
    let nameless = Report { ids: SpanIds::default(), ..chat(2, 0, 0, 10) };
    assert_eq!(check(&[backwards, nameless]).calls.len(), 2);
}

#[test]
fn a_deep_and_a_wide_trace_take_no_longer_than_they_should() {
    let deep = (1..=50_000_u64).map(|span| step("chain", span, span - 1, 0, 100));
    let deep: Vec<Report> = deep.chain([chat(60_000, 50_000, 0, 100)]).collect();
    assert_eq!(settle(&deep).calls.len(), 1);
    let wide = (2..=50_000_u64)
        .map(|span| Report { usage: tokens(span, 1), ..chat(span, 1, span, span + 1) });
    let wide: Vec<Report> = wide.chain([step("invoke_agent", 1, 0, 0, 60_000)]).collect();
    assert_eq!(settle(&wide).calls.len(), 49_999);
}

#[test]
fn a_stream_end_without_its_request_is_the_call() {
    let end = Report { tag: Tag::StreamEnd, kind: SpanKind::Internal, ..chat(2, 9, 100, 200) };
    assert_eq!(sums(&check(std::slice::from_ref(&end)).calls), (1, 120, 30));
    let request = Report { usage: None, ..chat(1, 9, 90, 99) };
    let settlement = check(&[request.clone(), end.clone()]);
    assert_eq!((sums(&settlement.calls), settlement.missing()), ((1, 120, 30), 0));
    assert_eq!(settlement.calls[0].bearer, 1);
    assert_eq!(settlement.calls[0].end_unix_nano, end.end_unix_nano);

    // Two streams at once: each end takes a request of its own.
    let second = Report { key: 3, ids: SpanIds { span: 3, ..request.ids }, ..request.clone() };
    let other = Report { key: 4, ids: SpanIds { span: 4, ..end.ids }, ..end.clone() };
    let settlement = check(&[request, second, end, other]);
    assert_eq!((sums(&settlement.calls), settlement.missing()), ((2, 240, 60), 0));
}
