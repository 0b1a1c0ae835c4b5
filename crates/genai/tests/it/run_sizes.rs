//! Large runs, of the shapes that could make something grow faster than the number of spans.

use std::time::{Duration, Instant};

use telltale_genai::ledger::SpanIds;
use telltale_genai::runs::{Span, SpanLedger, read};

const SPANS: u64 = 100_000;

/// Far more than a build without optimisation takes, far less than anything quadratic would.
const TIME_MAX: Duration = Duration::from_secs(30);

fn span(number: u64, parent: u64) -> Span<'static> {
    Span {
        key: u128::from(number),
        ids: SpanIds { trace: 1, span: number, parent },
        name: "span",
        service: "app",
        start_unix_nano: i64::try_from(number).expect("small") * 1000,
        duration_ns: 900,
        ..Span::default()
    }
}

/// An agent that calls a model and tools, step after step.
fn steps() -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for number in 1..=SPANS {
        let step = number - number.saturating_sub(2) % 5;
        spans.push(match number {
            1 => Span { operation: Some("invoke_agent"), agent_name: Some("a"), ..span(1, 0) },
            _ => match (number - 2) % 5 {
                0 => Span { operation: Some("agent_step"), ..span(number, 1) },
                1 => Span {
                    operation: Some("chat"),
                    request_model: Some("m"),
                    ledger: Some(SpanLedger {
                        calls: 1,
                        input_tokens: Some(100),
                        output_tokens: Some(10),
                        cost_nano_usd: Some(5),
                        is_missing: false,
                    }),
                    ..span(number, step)
                },
                2 => Span { name: "POST", ..span(number, number - 1) },
                3 => Span {
                    operation: Some("execute_tool"),
                    tool_name: Some(["search", "read"][usize::from(number.is_multiple_of(2))]),
                    failed: number.is_multiple_of(7),
                    ..span(number, step)
                },
                _ => Span { name: "query", ..span(number, number - 1) },
            },
        });
    }
    let end = spans.len() as u64 * 1000;
    spans[0].duration_ns = i64::try_from(end).expect("small");
    spans
}

/// Agents, each in the one before.
fn chain() -> Vec<Span<'static>> {
    let agent = |number| Span {
        operation: Some("invoke_agent"),
        agent_name: Some("a"),
        conversation_id: Some("c"),
        failed: true,
        duration_ns: 1_000_000_000,
        ..span(number, number - 1)
    };
    (1..=SPANS).map(agent).collect()
}

/// Calls all at once.
fn flat() -> Vec<Span<'static>> {
    let call = |number: u64| Span {
        operation: Some(if number == 1 { "invoke_agent" } else { "chat" }),
        request_model: Some("m"),
        duration_ns: 1_000_000_000,
        failed: true,
        ..span(number, u64::from(number > 1))
    };
    (1..=SPANS).map(call).collect()
}

/// Calls whose parents were lost, each another one, of one conversation and one tool call id.
fn lost() -> Vec<Span<'static>> {
    let call = |number: u64| Span {
        ids: SpanIds { trace: u128::from(number % 1000 + 1), span: number, parent: number + SPANS },
        operation: Some(if number.is_multiple_of(3) { "execute_tool" } else { "chain" }),
        conversation_id: Some("c"),
        tool_call_id: Some("0"),
        duration_ns: i64::try_from(number % 1000).expect("small") * 10_000,
        ..span(number, 0)
    };
    (1..=SPANS).map(call).collect()
}

#[test]
fn a_hundred_thousand_spans_of_any_shape_are_read_in_time() {
    for (name, spans) in
        [("steps", steps()), ("chain", chain()), ("flat", flat()), ("lost", lost())]
    {
        #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
        let start = Instant::now();
        let runs = read(&spans);
        let took = start.elapsed();
        println!("{name}: {took:?}, {} runs", runs.runs.len());
        assert!(took < TIME_MAX, "{name}: {took:?}");
        let rows: usize = runs.runs.iter().map(|run| run.rows.len()).sum();
        assert_eq!(rows + runs.outside.len(), spans.len());
    }
}
