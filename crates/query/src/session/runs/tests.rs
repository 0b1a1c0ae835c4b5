use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use proptest::collection::vec;
use proptest::prelude::*;

use super::GroupSortedRuns;

const QUERIES: [&str; 5] = [
    "SELECT a, b, count(*), sum(x), avg(x), min(x), max(x) FROM t GROUP BY a, b ORDER BY a, b",
    "SELECT a, count(x) FILTER (WHERE x > 3), sum(x) FROM t GROUP BY a ORDER BY a",
    "SELECT b, x % 2 AS odd, count(*) FROM t GROUP BY b, odd ORDER BY b, odd",
    "SELECT DISTINCT a, b FROM t ORDER BY a, b",
    "SELECT a, count(DISTINCT x), min(b), stddev(x) FROM t GROUP BY a ORDER BY a",
];

type Row = (Option<u8>, Option<u8>, Option<i64>);

/// Two partitions of batches of the given rows.
fn table(batches: &[Vec<Row>]) -> MemTable {
    let text = |values: Vec<Option<String>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
    let name = |value: Option<u8>| value.map(|v| format!("a name that is not inlined {v}"));
    let batch = |rows: &Vec<Row>| {
        RecordBatch::try_from_iter_with_nullable([
            ("a", text(rows.iter().map(|row| row.0.map(|v| v.to_string())).collect()), true),
            ("b", text(rows.iter().map(|row| name(row.1)).collect()), true),
            ("x", Arc::new(rows.iter().map(|row| row.2).collect::<Int64Array>()), true),
        ])
        .unwrap()
    };
    let schema = batch(&Vec::new()).schema();
    let (even, odd): (Vec<_>, Vec<_>) =
        batches.iter().map(batch).enumerate().partition(|(place, _)| place % 2 == 0);
    let batches = |batches: Vec<(usize, RecordBatch)>| batches.into_iter().map(|b| b.1).collect();
    MemTable::try_new(schema, vec![batches(even), batches(odd)]).unwrap()
}

fn context(ours: bool, memory: usize) -> SessionContext {
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc().unwrap();
    let config = SessionConfig::new().with_target_partitions(2).with_batch_size(50);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime);
    let state =
        if ours { state.with_physical_optimizer_rule(Arc::new(GroupSortedRuns)) } else { state };
    SessionContext::new_with_state(state.build())
}

fn answer(batches: &[Vec<Row>], query: &str, ours: bool, memory: usize) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let context = context(ours, memory);
        context.register_table("t", Arc::new(table(batches))).unwrap();
        let frame = context.sql(query).await.unwrap();
        let plan = context.sql(&format!("EXPLAIN {query}")).await.unwrap();
        let plan = pretty_format_batches(&plan.collect().await.unwrap()).unwrap().to_string();
        assert_eq!(plan.contains("GroupRuns"), ours, "{plan}");
        pretty_format_batches(&frame.collect().await.unwrap()).unwrap().to_string()
    })
}

/// Rows of which many in a row are equal, or none.
fn rows() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let row = (option(3), option(3), proptest::option::weighted(0.8, 0_i64..9));
    let run = (row, 1_usize..40).prop_map(|(row, length)| vec![row; length]);
    let sorted = vec(run, 0..12).prop_map(|runs| runs.concat());
    let mixed = vec((option(4), option(4), proptest::option::of(0_i64..9)), 0..200);
    vec(prop_oneof![sorted, mixed], 2..8)
}

fn option(below: u8) -> impl Strategy<Value = Option<u8>> {
    proptest::option::weighted(0.8, 0..below)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn answers_equal_those_of_row_by_row_grouping(batches in rows(), query in 0..QUERIES.len()) {
        let ours = answer(&batches, QUERIES[query], true, usize::MAX >> 1);
        let theirs = answer(&batches, QUERIES[query], false, usize::MAX >> 1);
        prop_assert_eq!(ours, theirs);
    }
}

/// Batches in which every row is a group.
fn scattered() -> Vec<Vec<Row>> {
    (0..60_i64)
        .map(|batch| (0..4_000).map(|row| (Some(1), Some(1), Some(batch * 4_000 + row))).collect())
        .collect()
}

#[test]
fn a_row_a_group_is_handed_on_and_merged() {
    let query = "SELECT count(*), sum(n) FROM (SELECT a, x, count(*) AS n FROM t GROUP BY a, x)";
    let ours = answer(&scattered(), query, true, usize::MAX >> 1);
    assert!(ours.contains("| 240000   | 240000 "), "{ours}");
}

#[test]
fn groups_that_outgrow_memory_are_handed_on() {
    let query = "SELECT count(*), sum(n) FROM (SELECT a, x, count(*) AS n FROM t GROUP BY a, x)";
    let ours = answer(&scattered(), query, true, 24 << 20);
    assert!(ours.contains("| 240000   | 240000 "), "{ours}");
}
