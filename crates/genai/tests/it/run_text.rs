//! Traces as indented text, for tests that are about their shape.

use telltale_genai::SpanKind;
use telltale_genai::ledger::SpanIds;
use telltale_genai::runs::{Runs, Span, SpanLedger};

use crate::runs::{check, describe};

/// A millisecond in nanoseconds.
pub(crate) const MS: i64 = 1_000_000;

/// Spans from an indented text, one a line: `operation name key=value ...`. Times follow the order
/// of lines: each starts a millisecond after the line above and ends after everything below it.
/// `!` is a failure, `@10-20` sets the times in milliseconds, `-` is no operation, `in/out` are
/// tokens, `#2/7` is a span of trace 2 whose parent is 7; spans have the numbers of their lines.
pub(crate) fn trace(text: &str) -> Vec<Span<'_>> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut above: Vec<(usize, usize)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let depth = line.len() - line.trim_start().len();
        above.retain(|(parent, _)| *parent < depth);
        let number = spans.len() as u64 + 1;
        let parent = above.last().map_or(0, |(_, at)| *at as u64 + 1);
        let trace = above.last().map_or(1, |(_, at)| spans[*at].ids.trace);
        let mut words = line.split_whitespace();
        let operation = words.next().filter(|word| *word != "-");
        let mut span = Span {
            key: u128::from(number),
            ids: SpanIds { trace, span: number, parent },
            operation,
            name: words.next().expect("a name"),
            service: "app",
            start_unix_nano: MS * i64::try_from(number).expect("small"),
            duration_ns: MS / 2,
            ..Span::default()
        };
        words.for_each(|word| set(&mut span, word));
        above.push((depth, spans.len()));
        if !line.contains('@') {
            for (_, parent) in &above[..above.len() - 1] {
                let end = span.start_unix_nano + span.duration_ns + MS / 4;
                let start = spans[*parent].start_unix_nano;
                spans[*parent].duration_ns = spans[*parent].duration_ns.max(end - start);
            }
        }
        spans.push(span);
    }
    spans
}

fn set<'a>(span: &mut Span<'a>, word: &'a str) {
    if word == "!" {
        span.failed = true;
    } else if let Some((start, end)) = word.strip_prefix('@').and_then(|word| word.split_once('-'))
    {
        let ms = |text: &str| text.parse::<i64>().expect("milliseconds") * MS;
        (span.start_unix_nano, span.duration_ns) = (ms(start), ms(end) - ms(start));
    } else if let Some((trace, parent)) =
        word.strip_prefix('#').and_then(|word| word.split_once('/'))
    {
        span.ids.trace = trace.parse().expect("a trace");
        span.ids.parent = parent.parse().expect("a span");
    } else if let Some((name, value)) = word.split_once('=') {
        let value = Some(value);
        match name {
            "agent" => span.agent_name = value,
            "workflow" => span.workflow_name = value,
            "tool" => span.tool_name = value,
            "call" => span.tool_call_id = value,
            "model" => span.request_model = value,
            "answer" => span.response_id = value,
            "conversation" => span.conversation_id = value,
            "user" => span.user_id = value,
            "kind" if value == Some("server") => span.kind = SpanKind::Server,
            "kind" if value == Some("client") => span.kind = SpanKind::Client,
            "kind" if value == Some("consumer") => span.kind = SpanKind::Consumer,
            _ => panic!("unknown {name}"),
        }
    } else {
        let (input, output) = word.split_once('/').expect("tokens");
        span.ledger = Some(SpanLedger {
            calls: 1,
            input_tokens: input.parse().ok(),
            output_tokens: output.parse().ok(),
            cost_nano_usd: input.parse::<i64>().ok().map(|tokens| tokens * 1000),
            is_missing: input == "?",
        });
    }
}

/// Reads spans in both directions; both must say the same.
pub(crate) fn both_ways<'a>(spans: &'a [Span<'a>]) -> Runs<'a> {
    let runs = check(spans);
    let turned: Vec<Span<'_>> = spans.iter().rev().copied().collect();
    assert_eq!(describe(&turned), describe(spans));
    runs
}
