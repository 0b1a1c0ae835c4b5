//! Runs, sessions and graphs of what real clients sent, as a person would read them.

use std::collections::BTreeMap;
use std::fmt::Write;

use telltale_genai::ledger::{SpanIds, settle};
use telltale_genai::runs::{
    EdgeKind, Evidence, Figures, Graph, Run, RunStatus, Runs, Span, SpanLedger, SpanLink, read,
    sessions,
};
use telltale_genai::{Canonical, Normaliser, SpanKind};

use crate::support::{Capture, load, names, reports};

/// A span with what it borrows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owned {
    pub(crate) key: u128,
    ids: SpanIds,
    name: String,
    kind: SpanKind,
    service: String,
    start: i64,
    duration: i64,
    failed: bool,
    texts: BTreeMap<&'static str, String>,
    links: Vec<SpanLink>,
    ledger: Option<SpanLedger>,
}

impl Owned {
    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub(crate) fn span(&self) -> Span<'_> {
        Span {
            key: self.key,
            ids: self.ids,
            name: &self.name,
            kind: self.kind,
            service: &self.service,
            start_unix_nano: self.start,
            duration_ns: self.duration,
            failed: self.failed,
            operation: self.text("gen_ai.operation.name"),
            provider: self.text("gen_ai.provider.name"),
            request_model: self.text("gen_ai.request.model"),
            response_model: self.text("gen_ai.response.model"),
            response_id: self.text("gen_ai.response.id"),
            conversation_id: self.text("gen_ai.conversation.id"),
            user_id: self.text("user.id"),
            agent_name: self.text("gen_ai.agent.name"),
            agent_id: self.text("gen_ai.agent.id"),
            workflow_name: self.text("gen_ai.workflow.name"),
            tool_name: self.text("gen_ai.tool.name"),
            tool_call_id: self.text("gen_ai.tool.call.id"),
            links: &self.links,
            ledger: self.ledger,
        }
    }
}

/// The spans of a capture, with what the ledger says of them; a token costs one micro-dollar.
pub(crate) fn spans(capture: &Capture) -> Vec<Owned> {
    let normaliser = Normaliser::builtin();
    let settlement = settle(&reports(capture, 1));
    let calls: BTreeMap<u128, SpanLedger> = settlement
        .calls
        .iter()
        .map(|call| {
            let tokens =
                |of: fn(&telltale_genai::Usage) -> Option<u64>| call.usage.as_ref().and_then(of);
            let (input, output) = (tokens(|usage| usage.input), tokens(|usage| usage.output));
            let priced = input.unwrap_or(0) + output.unwrap_or(0);
            let ledger = SpanLedger {
                calls: 1,
                input_tokens: input,
                output_tokens: output,
                cost_nano_usd: call.usage.as_ref().and_then(|_| i64::try_from(priced * 1000).ok()),
                is_missing: call.usage.is_none(),
            };
            (call.bearer, ledger)
        })
        .collect();
    let spans = capture.spans.iter().zip(1_u128..).map(|(span, key)| {
        let origin = &span.origin;
        let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
        let texts = span.with(|input| {
            let canonical = normaliser.span(scope, input, None);
            canonical.as_ref().map(texts).unwrap_or_default()
        });
        let service = origin.resource.iter().find(|(name, _)| name == "service.name");
        let service = service.and_then(|(_, value)| value.as_str()).unwrap_or_default();
        Owned {
            key,
            ids: SpanIds {
                trace: u128::from_be_bytes(span.trace_id),
                span: u64::from_be_bytes(span.span_id),
                parent: u64::from_be_bytes(span.parent_id),
            },
            name: span.name.clone(),
            kind: span.kind,
            service: service.to_owned(),
            start: i64::try_from(span.start).expect("a time"),
            duration: i64::try_from(span.end).expect("a time")
                - i64::try_from(span.start).expect("a time"),
            failed: span.failed,
            texts,
            links: Vec::new(),
            ledger: calls.get(&key).copied(),
        }
    });
    spans.collect()
}

fn texts(canonical: &Canonical<'_>) -> BTreeMap<&'static str, String> {
    let pairs = [
        ("gen_ai.operation.name", &canonical.operation),
        ("gen_ai.provider.name", &canonical.provider),
        ("gen_ai.request.model", &canonical.request_model),
        ("gen_ai.response.model", &canonical.response_model),
        ("gen_ai.response.id", &canonical.response_id),
        ("gen_ai.conversation.id", &canonical.conversation_id),
        ("user.id", &canonical.user_id),
        ("gen_ai.agent.name", &canonical.agent_name),
        ("gen_ai.agent.id", &canonical.agent_id),
        ("gen_ai.workflow.name", &canonical.workflow_name),
        ("gen_ai.tool.name", &canonical.tool_name),
        ("gen_ai.tool.call.id", &canonical.tool_call_id),
    ];
    let said =
        pairs.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?.to_string())));
    said.collect()
}

fn figures(figures: &Figures) -> String {
    let mut text = format!(
        "{} calls, {} in, {} out, ${}.{:06}",
        figures.calls,
        figures.input_tokens,
        figures.output_tokens,
        figures.cost_nano_usd / 1_000_000_000,
        figures.cost_nano_usd % 1_000_000_000 / 1000,
    );
    if figures.missing + figures.unpriced > 0 {
        let (missing, unpriced) = (figures.missing, figures.unpriced);
        write!(text, " ({missing} missing, {unpriced} unpriced)").expect("write");
    }
    text
}

fn status(status: RunStatus) -> &'static str {
    if status == RunStatus::Ok { "ok" } else { "ERROR" }
}

fn tools(tools: &[telltale_genai::runs::ToolUse<'_>]) -> String {
    let tool = |tool: &telltale_genai::runs::ToolUse<'_>| match tool.errors {
        0 => format!("{} x{}", tool.name, tool.calls),
        errors => format!("{} x{} ({errors} failed)", tool.name, tool.calls),
    };
    tools.iter().map(tool).collect::<Vec<_>>().join(", ")
}

/// A run as text: its figures, its agents, its tree, its graph.
fn run_text(run: &Run<'_>, spans: &[Span<'_>]) -> String {
    let mut text = format!(
        "run {:?} of {:?}: {}, {} turns, {} LLM calls, {} errors, {} swallowed\n",
        run.name,
        run.service,
        status(run.status),
        run.turns.len(),
        run.llm_calls,
        run.errors,
        run.swallowed_errors
    );
    writeln!(text, "  {}", figures(&run.figures)).expect("write");
    writeln!(text, "  tools [{}] models {:?}", tools(&run.tools), run.models).expect("write");
    writeln!(
        text,
        "  agents {:?} conversation {} user {}",
        run.agents,
        if run.conversation.is_some() { "yes" } else { "-" },
        if run.user.is_some() { "yes" } else { "-" },
    )
    .expect("write");
    for execution in &run.executions {
        let kind = if execution.is_agent { "agent" } else { "execution" };
        let within = execution.within.map_or(String::new(), |above| format!(" in #{above}"));
        writeln!(
            text,
            "  {kind} {:?}{within}: {}, {} turns, tools [{}], own {}",
            execution.name,
            status(execution.status),
            execution.turns.len(),
            tools(&execution.tools),
            figures(&execution.own)
        )
        .expect("write");
    }
    text + &tree_text(run, spans) + &graph_text(&run.graph)
}

fn tree_text(run: &Run<'_>, spans: &[Span<'_>]) -> String {
    let mut text = String::new();
    for row in &run.rows {
        let span = &spans[row.span];
        let indent = "  ".repeat(row.depth as usize + 1);
        let operation = span.operation.unwrap_or("-");
        write!(text, "{indent}| {} <{operation}>", span.name).expect("write");
        if span.failed {
            text += " ERROR";
        }
        if let Some(ledger) = span.ledger {
            write!(
                text,
                " {}/{}",
                ledger.input_tokens.map_or("?".into(), |n| n.to_string()),
                ledger.output_tokens.map_or("?".into(), |n| n.to_string())
            )
            .expect("write");
        }
        match row.stitched {
            None => {}
            Some(Evidence::Link) => text += " ~ link",
            Some(Evidence::ToolCall(_)) => text += " ~ tool call",
            Some(Evidence::Response(_)) => text += " ~ response",
            Some(Evidence::Conversation(_)) => text += " ~ conversation",
        }
        if let Some(cut) = row.cut {
            write!(text, " {cut:?}").expect("write");
        }
        text += "\n";
    }
    text
}

fn graph_text(graph: &Graph) -> String {
    let mut text = String::new();
    for (id, node) in &graph.nodes {
        write!(text, "  ({:?} {}) x{}", id.kind, id.name, node.stats.count).expect("write");
        if node.parallel_max > 1 {
            write!(text, " parallel {}", node.parallel_max).expect("write");
        }
        text += "\n";
    }
    for (id, edge) in &graph.edges {
        let arrow = if id.kind == EdgeKind::Call { "->" } else { "=>" };
        let (from, to) = (&id.from.name, &id.to.name);
        let (from_kind, to_kind) = (id.from.kind, id.to.kind);
        write!(text, "  ({from_kind:?} {from}) {arrow} ({to_kind:?} {to}) x{}", edge.stats.count)
            .expect("write");
        if id.kind == EdgeKind::Call {
            write!(text, ": {}", figures(&edge.stats.figures)).expect("write");
        }
        for (name, count) in
            [("failed", edge.stats.errors), ("retries", edge.retries), ("loops", edge.loops)]
        {
            if count > 0 {
                write!(text, ", {count} {name}").expect("write");
            }
        }
        text += "\n";
    }
    text
}

pub(crate) fn describe(spans: &[Span<'_>]) -> String {
    let read = read(spans);
    let mut text = String::new();
    for run in &read.runs {
        text += &run_text(run, spans);
    }
    for place in &read.outside {
        writeln!(text, "outside: {}", spans[*place].name).expect("write");
    }
    for session in sessions(&read.runs) {
        let user = if session.user.is_some() { "a user" } else { "nobody" };
        writeln!(
            text,
            "session of {user}: {} runs, {} turns, {}",
            session.runs.len(),
            session.turns.len(),
            figures(&session.figures)
        )
        .expect("write");
    }
    text
}

#[test]
fn every_captured_client_has_its_runs() {
    for client in names() {
        let owned = spans(&load(&client));
        let spans: Vec<Span<'_>> = owned.iter().map(Owned::span).collect();
        check(&spans);
        insta::assert_snapshot!(format!("runs_{client}"), describe(&spans));
    }
}

/// What holds whatever the spans are.
pub(crate) fn check<'a>(spans: &'a [Span<'a>]) -> Runs<'a> {
    let read = read(spans);
    let mut seen = vec![0_u32; spans.len()];
    let rows = read.runs.iter().flat_map(|run| run.rows.iter().map(|row| row.span));
    rows.chain(read.outside.iter().copied()).for_each(|place| seen[place] += 1);
    assert!(seen.iter().all(|times| *times == 1), "every span is shown once: {seen:?}");
    for run in &read.runs {
        let mut own = Figures::default();
        run.executions.iter().for_each(|execution| own.add(&execution.own));
        assert_eq!(own, run.figures, "executions add up to their run");
        assert_eq!(run.executions[0].total, run.figures);
        assert!(run.swallowed_errors <= run.errors);
    }
    read
}

/// A shuffle that a number decides.
pub(crate) fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut shuffled = items.to_vec();
    for place in (1..shuffled.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from((state >> 33) % (place as u64 + 1)).expect("within the list");
        shuffled.swap(place, other);
    }
    shuffled
}
