use std::sync::Arc;

use proptest::prelude::*;
use telltale_base::Project;

use super::*;
use crate::testing::*;

fn search(limit: usize) -> TraceSearch {
    TraceSearch { limit, ..TraceSearch::default() }
}

async fn page(engine: &Engine, search: TraceSearch) -> TracePage {
    engine.search_traces(&project(), search).await.unwrap()
}

/// First digits of the ids, page by page.
async fn pages(engine: &Engine, search: TraceSearch) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let next = page(engine, TraceSearch { cursor, ..search.clone() }).await;
        found.push(
            next.traces
                .iter()
                .map(|t| u8::from_str_radix(&short(&t.trace_id), 16).unwrap())
                .collect(),
        );
        cursor = next.next_cursor;
        if cursor.is_none() {
            return found;
        }
    }
}

fn some() -> Vec<Span> {
    let mut root = span(1, 1, 0, 10);
    root.name = "checkout";
    root.duration_ns = 5_000_000_000;
    let mut child = span(1, 2, 1, 11);
    child.service = "db";
    child.status = "error";
    child.attributes = r#"{"db.system":"pg","rows":3}"#.into();
    let mut late = span(2, 3, 9, 20);
    late.name = "late";
    late.resource = r#"{"service.name":"api","zone":"eu"}"#.into();
    vec![root, child, late, span(2, 4, 3, 21), span(3, 5, 0, 5)]
}

#[tokio::test]
async fn newest_first_with_a_summary_of_the_whole_trace() {
    let engine = engine_of(&some());
    let found = page(&engine, search(10)).await;
    assert_eq!(found.next_cursor, None);
    let ids: Vec<_> = found.traces.iter().map(|t| short(&t.trace_id)).collect();
    assert_eq!(ids, ["02", "01", "03"]);
    let [late, checkout, _] = found.traces.as_slice() else { panic!("{found:?}") };
    assert_eq!((checkout.name.as_str(), checkout.service_name.as_str()), ("checkout", "api"));
    assert!(!checkout.root_missing);
    assert_eq!((checkout.span_count, checkout.error_count), (2, 1));
    assert_eq!(checkout.services, ["api", "db"]);
    assert_eq!(checkout.start_unix_nano, T0 + 10_000_000_000);
    assert_eq!(checkout.start_time, "2026-01-01T00:00:10.000000000Z");
    assert_eq!(checkout.duration_ns, 5_000_000_000);
    assert_eq!((late.name.as_str(), late.root_missing), ("late", true));
}

#[tokio::test]
async fn conditions_hold_for_one_span() {
    let engine = engine_of(&some());
    let check = async |change: fn(&mut TraceSearch), expect: &[u8]| {
        let mut search = search(10);
        change(&mut search);
        assert_eq!(pages(&engine, search.clone()).await, [expect.to_vec()], "{search:?}");
    };
    check(|s| s.service = Some("db".into()), &[1]).await;
    check(|s| s.name = Some("op".into()), &[2, 1, 3]).await;
    check(|s| s.status = Some("error".into()), &[1]).await;
    check(|s| s.min_duration_ns = Some(2_000_000), &[1]).await;
    check(|s| s.max_duration_ns = Some(0), &[]).await;
    check(|s| s.from = Some(UnixNanos(T0 + 20_000_000_000)), &[2]).await;
    check(|s| s.to = Some(UnixNanos(T0 + 10_000_000_000)), &[3]).await;
    check(|s| s.attributes = vec![("db.system".into(), "pg".into())], &[1]).await;
    check(
        |s| s.attributes = vec![("rows".into(), "3".into()), ("db.system".into(), "pg".into())],
        &[1],
    )
    .await;
    check(|s| s.attributes = vec![("resource.zone".into(), "eu".into())], &[2]).await;
    check(|s| s.attributes = vec![("zone".into(), "eu".into())], &[]).await;
    // The root is named so and the child has the error: no span is both.
    check(
        |s| {
            s.name = Some("checkout".into());
            s.status = Some("error".into());
        },
        &[],
    )
    .await;
}

#[tokio::test]
async fn limits_are_checked_and_cursors_must_be_ours() {
    let engine = engine_of(&some());
    for limit in [0, engine.config().traces_page_max + 1] {
        let error = engine.search_traces(&project(), search(limit)).await.unwrap_err();
        assert_eq!(error.to_string(), "limit must be from 1 to 1000");
    }
    page(&engine, search(engine.config().traces_page_max)).await;
    let foreign = TraceSearch { cursor: Some("x".into()), ..search(1) };
    let error = engine.search_traces(&project(), foreign).await.unwrap_err();
    assert_eq!(error.to_string(), "the cursor is not one that this server returned");
}

#[tokio::test]
async fn pages_do_not_move_while_spans_arrive() {
    let source = Arc::new(ByHand::default());
    let first: Vec<Span> = (1..=6).map(|n| span(n, n, 0, i64::from(n))).collect();
    source.spans(&project(), vec![batch_of(1, &first)], Vec::new(), []);
    let engine = Engine::new(Arc::clone(&source), config()).unwrap();
    let one = page(&engine, search(2)).await;
    // A newer trace, and a newer span of a trace that is still to come.
    let more = [span(9, 9, 0, 99), span(2, 8, 2, 98)];
    source.spans(&project(), vec![batch_of(1, &first), batch_of(2, &more)], Vec::new(), []);
    let two = TraceSearch { cursor: one.next_cursor, ..search(2) };
    let two = page(&engine, two).await;
    let three = TraceSearch { cursor: two.next_cursor.clone(), ..search(2) };
    let three = page(&engine, three).await;
    let ids = |page: &TracePage| page.traces.iter().map(|t| short(&t.trace_id)).collect::<Vec<_>>();
    assert_eq!(
        (ids(&two), ids(&three)),
        (vec!["04".into(), "03".into()], vec!["02".into(), "01".into()])
    );
    assert_eq!(two.traces[0].span_count, 1);
    assert_eq!(three.next_cursor, None);
    assert_eq!(ids(&page(&engine, search(2)).await), ["09", "02"]);
}

#[tokio::test]
async fn another_project_has_other_traces() {
    let engine = engine_of(&some());
    let other = Project::new("other").unwrap();
    assert_eq!(engine.search_traces(&other, search(5)).await.unwrap().traces, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the spans and the page size: all pages together are the matching traces, each
    /// once, ordered by their newest matching span.
    #[test]
    fn pages_partition_the_matching_traces(
        spans in proptest::collection::vec((1_u8..9, 0_i64..12, any::<bool>()), 0..60),
        limit in 1_usize..5,
        only_errors in any::<bool>(),
    ) {
        let built: Vec<Span> = spans
            .iter()
            .map(|(trace, start, error)| Span {
                status: if *error { "error" } else { "ok" },
                ..span(*trace, 1, 0, *start)
            })
            .collect();
        let mut newest: HashMap<u8, i64> = HashMap::new();
        for (trace, start, error) in &spans {
            if *error || !only_errors {
                let known = newest.entry(*trace).or_insert(*start);
                *known = (*known).max(*start);
            }
        }
        let mut expected: Vec<(i64, u8)> = newest.into_iter().map(|(t, s)| (s, t)).collect();
        expected.sort_by(|a, b| b.cmp(a));
        let wanted: Vec<u8> = expected.into_iter().map(|(_, trace)| trace).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let engine = engine_of(&built);
            let status = only_errors.then(|| "error".to_owned());
            pages(&engine, TraceSearch { status, ..search(limit) }).await
        });
        prop_assert!(found.iter().rev().skip(1).all(|page| page.len() == limit));
        prop_assert_eq!(found.concat(), wanted);
    }
}
