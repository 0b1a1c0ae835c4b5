//! Stitching, broken traces, failures and loops; and what holds for any set of spans.

use std::fmt::Write;
use std::sync::LazyLock;

use proptest::prelude::*;
use telltale_genai::ledger::SpanIds;
use telltale_genai::runs::{
    Cut, EdgeKind, Evidence, Graph, NodeKind, RunStatus, Runs, SAME_ID_MAX, Span, SpanLink, read,
    sessions,
};

use crate::run_text::{MS, both_ways, trace};
use crate::runs::{Owned, check, describe, shuffled, spans};
use crate::support::{load, names};

/// The runs by name and number of rows, and what is outside.
fn summary(runs: &Runs<'_>) -> String {
    let mut text = String::new();
    for run in &runs.runs {
        write!(text, "{} {}; ", run.name, run.rows.len()).expect("write");
    }
    write!(text, "outside {}", runs.outside.len()).expect("write");
    text
}

#[test]
fn a_server_is_put_below_the_tool_that_called_it() {
    let spans = trace(
        "invoke_agent planner agent=planner
           chat chat model=m 10/1 call=call_1
           execute_tool lookup tool=lookup call=call_1 @10-40
         - POST_/mcp #2/0 @12-38 kind=server
           execute_tool lookup tool=lookup call=call_1 @13-37
             chat chat model=small 5/1 @14-20",
    );
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), "planner 6; outside 0");
    assert_eq!(runs.stitched.len(), 1);
    assert_eq!(runs.stitched[0].evidence, Evidence::ToolCall("call_1"));
    assert_eq!((runs.stitched[0].child, runs.stitched[0].parent), (3, 2));
    let run = &runs.runs[0];
    assert_eq!(
        (run.tools[0].calls, run.figures.input_tokens),
        (1, 15),
        "one tool call, seen twice"
    );
    assert!(run.graph.edges.values().all(|edge| edge.loops == 0));
}

#[test]
fn a_tool_call_id_of_two_traces_is_no_evidence() {
    let spans = trace(
        "execute_tool a tool=t call=0 @10-40
         execute_tool b tool=t call=0 #2/0 @10-40
         execute_tool c tool=t call=0 #3/0 @15-20",
    );
    let runs = both_ways(&spans);
    // The first two start together; which of them holds the third cannot be said.
    assert!(runs.stitched.iter().all(|stitch| stitch.child != 2), "{:?}", runs.stitched);
}

#[test]
fn a_link_puts_a_consumer_below_its_producer_and_not_a_sequel_below_what_is_over() {
    let mut spans = trace(
        "invoke_agent planner agent=planner @0-50
           - publish @10-11
         - process #2/0 @60-90 kind=consumer
           invoke_agent worker agent=worker @61-89
         invoke_agent planner agent=planner #3/0 @100-120",
    );
    let (to_publish, to_run) = ([SpanLink { trace: 1, span: 2 }], [SpanLink { trace: 1, span: 1 }]);
    spans[2].links = &to_publish;
    spans[4].links = &to_run;
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), "planner 4; planner 1; outside 0");
    assert_eq!(runs.stitched.len(), 1);
    assert_eq!(runs.stitched[0].evidence, Evidence::Link);
    let depths: Vec<u32> = runs.runs[0].rows.iter().map(|row| row.depth).collect();
    assert_eq!(depths, [0, 1, 2, 3]);
}

#[test]
fn a_conversation_and_time_put_a_lost_call_below_its_agent() {
    let text = "invoke_agent planner agent=planner conversation=c user=u @0-50
         chat chat model=m conversation=c user=u #2/0 10/1 @10-20
         chat chat model=m conversation=c user=v #3/0 10/1 @21-22
         chat chat model=m conversation=c #4/0 10/1 @40-60
         invoke_agent planner agent=planner conversation=c user=u #5/0 @30-35";
    let spans = trace(text);
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), "planner 2; chat 1; planner 1; chat 1; outside 0");
    assert_eq!(runs.stitched[0].evidence, Evidence::Conversation("c"));
    let sessions = sessions(&runs.runs);
    let of: Vec<_> = sessions
        .iter()
        .map(|session| (session.user, session.runs.len(), session.other_users))
        .collect();
    assert_eq!(of, [(None, 1, 2), (Some("u"), 2, 1), (Some("v"), 1, 1)]);
}

#[test]
fn a_gateway_is_put_below_the_client_that_saw_its_answer() {
    let spans = trace(
        "chat chat model=gpt-4o answer=r1 kind=client 10/1 @10-40
         chat litellm model=openai/gpt-4o answer=r1 kind=server #2/0 @9-39
         chat other model=claude answer=r1 kind=server #3/0 @12-39",
    );
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), "chat 2; other 1; outside 0");
    assert_eq!(runs.stitched[0].evidence, Evidence::Response("r1"));
}

#[test]
fn two_trees_that_point_at_each_other_do_not_swallow_each_other() {
    let mut spans = trace(
        "invoke_agent a agent=a @0-50
         invoke_agent b agent=b #2/0 @0-50",
    );
    let (to_a, to_b) = ([SpanLink { trace: 1, span: 1 }], [SpanLink { trace: 2, span: 2 }]);
    spans[0].links = &to_b;
    spans[1].links = &to_a;
    let runs = both_ways(&spans);
    assert_eq!((runs.runs.len(), runs.stitched.len()), (1, 1));
}

#[test]
fn orphans_stay_with_the_run_of_their_trace() {
    let spans = trace(
        "invoke_agent a agent=a @0-50
           chat chat model=m 10/1 @1-2
         chat lost model=m 20/2 #1/99 @10-20
         execute_tool lost tool=t #1/99 @21-22
         - query #1/77 @30-31",
    );
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), "a 5; outside 0");
    let run = &runs.runs[0];
    assert_eq!((run.figures.input_tokens, run.turns.len()), (30, 2));
    let cuts: Vec<_> = run.rows.iter().map(|row| row.cut).collect();
    assert_eq!(cuts, [None, None, Some(Cut::Orphan), Some(Cut::Orphan), Some(Cut::Orphan)]);
    let origin = run.graph.nodes.keys().find(|id| id.kind == NodeKind::Origin);
    assert_eq!(origin.map(|id| &*id.name), Some(""), "who called them is not known");
}

#[test]
fn without_its_root_a_run_is_still_one() {
    let spans = trace(
        "chat chat model=m 10/1 #1/99 @1-2
         execute_tool t tool=t #1/99 ! @3-4
         chat chat model=m 20/1 #1/99 @5-6",
    );
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), " 3; outside 0");
    let run = &runs.runs[0];
    assert_eq!((run.root, run.root_span, run.status), (None, 99, RunStatus::Ok));
    assert_eq!((run.errors, run.swallowed_errors), (1, 1));
    assert_eq!((run.start_unix_nano, run.duration_ns), (MS, 5_000_000));
}

#[test]
fn circles_and_repeated_spans_are_shown_once_and_count_once() {
    let mut spans = trace(
        "invoke_agent a agent=a #1/2 @0-50
           chat chat model=m 10/1 @1-2
         invoke_agent self agent=self #2/3 @0-10",
    );
    spans.push(spans[1]);
    let runs = both_ways(&spans);
    assert_eq!(summary(&runs), "a 3; self 1; outside 0");
    assert_eq!(runs.runs[0].rows[0].cut, Some(Cut::Cycle));
    assert_eq!((runs.runs[0].figures.input_tokens, runs.runs[0].turns.len()), (10, 1));
}

#[test]
fn failures_count_where_they_began() {
    let spans = trace(
        "invoke_agent a agent=a
           execute_tool t tool=t !
             - POST !
               - connect !
           chat chat model=m !
             - POST !
           chat chat model=m 1/1",
    );
    let runs = both_ways(&spans);
    let run = &runs.runs[0];
    assert_eq!((run.status, run.errors, run.swallowed_errors), (RunStatus::Ok, 2, 2));
    let spans = trace("invoke_agent a !\n  agent_step s !\n    chat chat model=m !");
    let runs = both_ways(&spans);
    let run = &runs.runs[0];
    assert_eq!((run.status, run.errors, run.swallowed_errors), (RunStatus::Error, 1, 0));
}

#[test]
fn an_agent_that_calls_what_called_it_is_a_loop() {
    let spans = trace(
        "invoke_agent a agent=a
           chat chat model=m 10/1
           invoke_agent b agent=b
             execute_tool ask tool=ask_a
               invoke_agent a agent=a
                 chat chat model=m 10/1",
    );
    let runs = both_ways(&spans);
    let edges = &runs.runs[0].graph.edges;
    let loops: Vec<_> = edges.iter().filter(|(_, edge)| edge.loops > 0).collect();
    assert_eq!(loops.len(), 1);
    assert_eq!((&*loops[0].0.from.name, &*loops[0].0.to.name), ("ask_a", "a"));
    let handed: Vec<_> = edges.keys().filter(|id| id.kind == EdgeKind::HandOff).collect();
    assert_eq!(handed.len(), 1, "asking by a tool is no hand-off");
}

#[test]
fn more_spans_than_the_limit_with_one_tool_call_id_are_not_told_apart() {
    for (others, stitched) in [(SAME_ID_MAX - 2, 1), (SAME_ID_MAX - 1, 0)] {
        let mut spans = trace(
            "execute_tool lookup tool=lookup call=0 kind=client @1000-2000
             execute_tool lookup tool=lookup call=0 #2/0 @1100-1900",
        );
        // Those of an earlier time would be no candidates.
        let client = spans[0];
        spans.extend((0..others as u64).map(|number| Span {
            key: u128::from(number) + 10,
            ids: SpanIds { trace: 1, span: number + 10, parent: 1 },
            start_unix_nano: 1500 * MS,
            ..client
        }));
        assert_eq!(check(&spans).stitched.len(), stitched, "{others} others");
    }
}

#[test]
fn a_conversation_with_too_much_under_way_says_nothing() {
    for (open, stitched) in [(64, 1), (65, 0)] {
        let agent = trace("invoke_agent a agent=a conversation=c @0-1000")[0];
        let lost = trace("chat chat model=m conversation=c #2/0 @500-600")[0];
        let mut spans: Vec<Span<'_>> = (0..open)
            .map(|number| Span {
                key: u128::from(number),
                ids: SpanIds { trace: 1, span: number + 1, parent: number },
                start_unix_nano: i64::try_from(number).expect("small"),
                duration_ns: 1000 * MS - 2 * i64::try_from(number).expect("small"),
                ..agent
            })
            .collect();
        spans.push(Span { key: 1000, ..lost });
        let runs = check(&spans);
        assert_eq!(runs.stitched.len(), stitched, "{open} open");
        assert!(runs.stitched.iter().all(|stitch| spans[stitch.parent].ids.span == open));
    }
}

static ALL: LazyLock<Vec<Owned>> = LazyLock::new(|| {
    let mut all: Vec<Owned> = names().iter().flat_map(|client| spans(&load(client))).collect();
    all.iter_mut().zip(1_u128..).for_each(|(span, key)| span.key = key);
    all
});

#[test]
fn whichever_span_is_lost_nothing_else_is() {
    let spans: Vec<Span<'_>> = ALL.iter().map(Owned::span).collect();
    for lost in 0..spans.len() {
        let trace = spans[lost].ids.trace;
        let rest = spans.iter().enumerate();
        let rest = rest.filter(|(place, span)| *place != lost && span.ids.trace == trace);
        let rest: Vec<Span<'_>> = rest.map(|(_, span)| *span).collect();
        let runs = check(&rest);
        let of_runs: u64 = runs.runs.iter().map(|run| run.figures.calls).sum();
        let given = rest.iter().filter_map(|span| span.ledger);
        assert_eq!(of_runs, given.map(|ledger| u64::from(ledger.calls)).sum::<u64>());
        // What had been one run stays one: its parts are known by their trace or missing parent.
        let is_agent = |span: &&Span<'_>| span.operation == Some("invoke_agent");
        if rest.iter().chain([&spans[lost]]).filter(is_agent).count() == 1 {
            assert!(runs.runs.len() <= 1, "{}: {}", spans[lost].name, summary(&runs));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_disappears_whatever_is_lost_shuffled_repeated_or_misled(
        seed in any::<u64>(),
        lost in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        repeated in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        misled in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
    ) {
        let mut spans: Vec<Span<'_>> = ALL.iter().map(Owned::span).collect();
        for (child, parent) in misled {
            let parent = parent.get(&spans).ids;
            let child = child.index(spans.len());
            spans[child].ids = SpanIds { trace: parent.trace, parent: parent.span, ..spans[child].ids };
        }
        for lost in lost {
            spans.remove(lost.index(spans.len()));
        }
        let calls = |runs: &Runs<'_>| runs.runs.iter().map(|run| run.figures.calls).sum::<u64>();
        let once = calls(&check(&spans));
        for again in repeated {
            spans.push(*again.get(&spans));
        }
        prop_assert_eq!(calls(&check(&spans)), once);
        let shuffled = shuffled(&spans, seed);
        prop_assert_eq!(calls(&check(&shuffled)), once);
        prop_assert_eq!(describe(&shuffled), describe(&spans));
    }

    #[test]
    fn graphs_add_up_in_any_order(order in Just(()).prop_perturb(|(), mut rng| rng.random::<u64>())) {
        let spans: Vec<Span<'_>> = ALL.iter().map(Owned::span).collect();
        let graphs: Vec<Graph> = read(&spans).runs.into_iter().map(|run| run.graph).collect();
        let sum = |graphs: &[Graph]| {
            let mut sum = Graph::default();
            for graph in graphs {
                sum.merge(graph);
            }
            sum
        };
        let mixed = shuffled(&graphs, order);
        prop_assert_eq!(sum(&mixed), sum(&graphs));
        let (left, right) = mixed.split_at(usize::try_from(order % 40).expect("small").min(mixed.len()));
        let mut halves = sum(left);
        halves.merge(&sum(right));
        prop_assert_eq!(halves, sum(&graphs));
    }
}
