//! Corrected rows look to SQL as if they had been written that way, wherever they lie.

use proptest::prelude::*;
use serde_json::{Value, json};
use telltale_schema::Table;
use telltale_store::{Change, Correction, Scalar};

use crate::Engine;
use crate::testing::*;
use std::sync::Arc;

const STATUS: [&str; 3] = ["unset", "ok", "error"];

/// A change of one row, to two columns that filters ask for, or its end.
#[derive(Clone, Debug)]
enum Edit {
    Status(usize),
    Attribute(u8),
    Parent(u8),
    Delete,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0_usize..3).prop_map(Edit::Status),
        (0_u8..4).prop_map(Edit::Attribute),
        (0_u8..4).prop_map(Edit::Parent),
        Just(Edit::Delete),
    ]
}

fn attribute(n: u8) -> String {
    format!(r#"{{"k":"v{n}","n":{n}}}"#)
}

fn change(edit: &Edit) -> Change {
    let set = |column: &str, value| Change::Set(vec![(column.to_owned(), value)]);
    match edit {
        Edit::Status(at) => set("status_code", Scalar::Text(STATUS[*at].into())),
        Edit::Attribute(n) => set("attributes", Scalar::Text(attribute(*n))),
        Edit::Parent(0) => set("parent_span_id", Scalar::Null),
        Edit::Parent(n) => set("parent_span_id", Scalar::Bytes(vec![*n; 8])),
        Edit::Delete => Change::Delete,
    }
}

/// The same on a span in short form; false when it is gone.
fn apply(edit: &Edit, span: &mut Span) -> bool {
    match edit {
        Edit::Status(at) => span.status = STATUS[*at],
        Edit::Attribute(n) => span.attributes = attribute(*n),
        Edit::Parent(n) => span.parent = *n,
        Edit::Delete => return false,
    }
    true
}

const QUERIES: [&str; 12] = [
    "SELECT count(*) FROM spans",
    "SELECT span_id, parent_span_id, status_code, attributes FROM spans ORDER BY span_id, record_id",
    "SELECT span_id FROM spans WHERE status_code = 'error' ORDER BY 1",
    "SELECT span_id FROM spans WHERE status_code <> 'error' AND service_name = 'api' ORDER BY 1",
    "SELECT span_id FROM spans WHERE attributes ->> 'k' = 'v1' ORDER BY 1",
    "SELECT count(*) FROM spans WHERE attributes ->> 'k' IN ('v2', 'v3') OR status_code = 'ok'",
    "SELECT status_code, count(*) FROM spans GROUP BY 1 ORDER BY 1",
    "SELECT span_id FROM spans WHERE parent_span_id = repeat('01', 8) ORDER BY 1",
    "SELECT count(*) FROM spans WHERE parent_span_id IS NULL",
    "SELECT span_id FROM spans WHERE trace_id = repeat('01', 16) AND status_code = 'unset' ORDER BY 1",
    "SELECT span_id, status_code FROM spans ORDER BY start_time DESC, span_id LIMIT 3",
    "SELECT max(attributes ->> 'n') FROM spans WHERE start_time >= '2026-01-01T00:00:03Z'",
];

fn shown(engine: &Engine, query: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(rows(engine, query));
    json!(found.unwrap_or_else(|error| panic!("{query}: {error}")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Scenario: rows in memory and in files of several row groups, with random corrections.
    /// Guarantees: every query answers what it answers over rows that were written corrected.
    #[test]
    fn queries_see_rows_as_corrected(
        spans in proptest::collection::vec((1_u8..4, 0_u8..4, 0_i64..8, 0_usize..3, 0_u8..4), 1..24),
        edits in proptest::collection::vec((0_usize..24, edit()), 0..12),
        cuts in (0_usize..24, 0_usize..24),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut originals: Vec<Span> = Vec::new();
        for (n, (trace, parent, start, status, k)) in spans.into_iter().enumerate() {
            let mut span = span(trace, u8::try_from(n).unwrap() + 1, parent, start);
            span.status = STATUS[status];
            span.attributes = attribute(k);
            span.service = if n % 3 == 0 { "db" } else { "api" };
            originals.push(span);
        }
        let edits: Vec<(usize, Edit)> =
            edits.into_iter().filter(|(at, _)| *at < originals.len()).collect();
        let corrections = edits.iter().map(|(at, edit)| Correction {
            record_id: record_id(1, i64::try_from(*at).unwrap()),
            date: 20_454,
            change: change(edit),
        });
        let (first, second) = (cuts.0.min(cuts.1).min(originals.len()), cuts.0.max(cuts.1).min(originals.len()));
        let all = batch_of(1, &originals);
        let part = |from: usize, to: usize| all.slice(from, to - from);
        let files = [(0, first), (first, second)].into_iter().filter(|(from, to)| from < to);
        let files = files.map(|(from, to)| write_file(dir.path(), &format!("{from}"), &part(from, to)));
        let memory = (second < originals.len()).then(|| part(second, originals.len()));
        let source = ByHand::default();
        source.spans(&project(), memory.into_iter().collect(), files.collect(), corrections);
        let corrected = Engine::new(Arc::new(source), config()).unwrap();

        let mut survivors: Vec<Option<Span>> = originals.into_iter().map(Some).collect();
        for (at, edit) in &edits {
            if let Some(span) = &mut survivors[*at]
                && !apply(edit, span)
            {
                survivors[*at] = None;
            }
        }
        let survivors: Vec<Span> = survivors.into_iter().flatten().collect();
        let oracle = engine_of(&survivors);
        for query in QUERIES {
            prop_assert_eq!(shown(&corrected, query), shown(&oracle, query), "{}", query);
        }
    }
}

/// A limit below a correction would count rows that are deleted, and a dynamic filter below it
/// would look at values of before.
#[tokio::test]
async fn limits_and_orders_see_corrected_rows() {
    let spans: Vec<Span> = (0..6).map(|n| span(1, n + 1, 0, i64::from(n))).collect();
    let dir = tempfile::tempdir().unwrap();
    let file = write_file(dir.path(), "a", &batch_of(1, &spans));
    let delete =
        |at| Correction { record_id: record_id(1, at), date: 20_454, change: Change::Delete };
    let rename = Correction {
        record_id: record_id(1, 0),
        date: 20_454,
        change: Change::Set(vec![("status_code".into(), Scalar::Text("zzz".into()))]),
    };
    let source = ByHand::default();
    source.spans(&project(), Vec::new(), vec![file], [delete(5), delete(1), rename]);
    let engine = Engine::new(Arc::new(source), config()).unwrap();
    let check = async |query: &str, expect: Value| {
        assert_eq!(json!(rows(&engine, query).await.unwrap()), expect, "{query}");
    };
    check("SELECT count(*) FROM (SELECT * FROM spans LIMIT 5)", json!([[4]])).await;
    check(
        "SELECT span_id FROM spans ORDER BY start_time DESC LIMIT 1",
        json!([["0505050505050505"]]),
    )
    .await;
    check(
        "SELECT status_code FROM spans ORDER BY status_code DESC, span_id LIMIT 2",
        json!([["zzz"], ["unset"]]),
    )
    .await;
}

/// Through the store: corrections are visible when acknowledged, before and after they are folded.
#[tokio::test]
async fn corrections_through_the_store() {
    let store = RealStore::new().await;
    let spans: Vec<Span> = (0..10).map(|n| span(1, n + 1, 0, i64::from(n))).collect();
    let seq = i64::try_from(store.append(&project(), &spans).await).unwrap();
    let engine = store.engine();
    let errors = "SELECT span_id FROM spans WHERE status_code = 'error' ORDER BY 1";
    let correct = async |at| {
        let change = Change::Set(vec![("status_code".into(), Scalar::Text("error".into()))]);
        let correction = Correction { record_id: record_id(seq, at), date: 20_454, change };
        store.store.correct(&project(), Table::Spans, vec![correction]).await.unwrap();
    };
    correct(2).await;
    assert_eq!(json!(rows(&engine, errors).await.unwrap()), json!([["0303030303030303"]]));
    store.store.flush().await.unwrap();
    assert_eq!(json!(rows(&engine, errors).await.unwrap()), json!([["0303030303030303"]]));
    correct(7).await;
    let both = json!([["0303030303030303"], ["0808080808080808"]]);
    assert_eq!(json!(rows(&engine, errors).await.unwrap()), both);
    assert_eq!(json!(rows(&engine, "SELECT count(*) FROM spans").await.unwrap()), json!([[10]]));
}
