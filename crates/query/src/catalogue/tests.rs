use std::collections::BTreeSet;
use std::sync::Arc;

use telltale_base::{Project, UnixNanos};
use telltale_store::{Change, Correction};

use super::*;
use crate::testing::*;

#[test]
fn the_schema_lists_what_sql_has() {
    let engine = engine_of(&[]);
    let tables = engine.schema();
    assert_eq!(
        tables.iter().map(|t| t.name).collect::<Vec<_>>(),
        ["spans", "logs", "metrics", "histograms", "calls"]
    );
    for table in &tables {
        assert!(table.columns.iter().all(|column| !column.description.is_empty()));
        assert_eq!(table.columns[0].name, "project");
    }
    let id = tables[0].columns.iter().find(|c| c.name == "trace_id").unwrap();
    assert_eq!((id.ty.as_str(), id.nullable), ("text", false));
    let types: BTreeSet<&str> =
        tables.iter().flat_map(|t| &t.columns).map(|c| c.ty.as_str()).collect();
    let expected = [
        "boolean",
        "date",
        "float64",
        "int64",
        "list<float64>",
        "list<int64>",
        "text",
        "timestamp",
    ];
    assert_eq!(types.into_iter().collect::<Vec<_>>(), expected);
}

fn request(prefix: Option<&str>, limit: usize) -> AttributesRequest {
    let prefix = prefix.map(str::to_owned);
    AttributesRequest { table: Table::Spans, key: None, prefix, limit }
}

fn with(attributes: &str, start: i64) -> Span {
    Span { attributes: attributes.into(), ..span(1, 1, 0, start) }
}

fn value(value: &str, count: u64) -> ValueCount {
    ValueCount { value: value.into(), count, error: 0 }
}

async fn ask(engine: &Engine, request: AttributesRequest) -> AttributesFound {
    engine.attributes(&project(), request).await.unwrap()
}

/// Keys that start with `k`, in order of their names, with their counts.
async fn counts(engine: &Engine) -> Vec<(String, u64)> {
    let found = ask(engine, request(Some("k"), 100)).await;
    assert!(found.complete && found.keys.iter().all(|info| info.exact), "{found:?}");
    let mut counts: Vec<_> = found.keys.into_iter().map(|info| (info.key, info.count)).collect();
    counts.sort();
    counts
}

fn pairs<const N: usize>(pairs: [(&str, u64); N]) -> Vec<(String, u64)> {
    pairs.map(|(key, count)| (key.to_owned(), count)).into()
}

#[tokio::test]
async fn keys_come_with_types_times_and_frequent_values() {
    let long = format!(r#"{{"prompt":"{}"}}"#, "x".repeat(200));
    let engine = engine_of(&[
        with(r#"{"model":"a","n":1}"#, 1),
        with(r#"{"model":"b","n":"one"}"#, 3),
        with(r#"{"model":"b","list":[1]}"#, 2),
        with(&long, 4),
    ]);
    let all = ask(&engine, request(None, 100)).await;
    assert_eq!((all.keys_left_out, all.complete), (0, true));
    let keys: Vec<_> = all.keys.iter().map(|info| (info.key.as_str(), info.count)).collect();
    assert_eq!(keys, [("service.name", 4), ("model", 3), ("n", 2), ("list", 1), ("prompt", 1)]);
    let [service, model, n, list, prompt] = all.keys.as_slice() else { panic!() };
    assert_eq!(service.scope, AttributeScopeName::Resource);
    assert_eq!(model.values, [value("b", 2), value("a", 1)]);
    assert!(model.exact && model.other_values_max == 0);
    assert_eq!(model.first_seen_unix_nano, T0 + 1_000_000_000);
    assert_eq!(model.last_seen_unix_nano, T0 + 3_000_000_000);
    assert_eq!(n.types, ["int", "string"]);
    assert_eq!((list.types.as_slice(), list.values.len()), (["array"].as_slice(), 0));
    assert_eq!(prompt.values, []);
    assert_eq!(ask(&engine, request(Some("mo"), 100)).await.keys.len(), 1);
    assert_eq!(ask(&engine, request(None, 2)).await.keys.len(), 2);
}

#[tokio::test]
async fn values_of_one_key_are_completed() {
    let spans: Vec<Span> = (0..60)
        .map(|n| with(&format!(r#"{{"route":"/{}/{n}","other":1}}"#, ["a", "b"][n % 2]), 1))
        .collect();
    let engine = engine_of(&spans);
    let all = ask(&engine, request(Some("route"), 100)).await.keys.remove(0);
    assert_eq!((all.values.len(), all.other_values_max), (20, 1));
    let of = async |key: &str, prefix: Option<&str>, limit| {
        let request = AttributesRequest { key: Some(key.to_owned()), ..request(prefix, limit) };
        ask(&engine, request).await.keys
    };
    let [route] = of("route", None, 500).await.try_into().unwrap();
    assert_eq!((route.values.len(), route.count, route.other_values_max), (60, 60, 0));
    let [route] = of("route", Some("/b/1"), 500).await.try_into().unwrap();
    let values: Vec<&str> = route.values.iter().map(|v| v.value.as_str()).collect();
    assert_eq!(values, ["/b/1", "/b/11", "/b/13", "/b/15", "/b/17", "/b/19"]);
    let [route] = of("route", Some("/b/1"), 2).await.try_into().unwrap();
    assert_eq!((route.values.len(), route.other_values_max), (2, 1));
    assert_eq!(of("rout", None, 500).await, []);
    assert_eq!(of("service.name", Some("x"), 500).await[0].values, []);
}

/// Scenario: asks between every append and flush. Guarantees: an acknowledged key is there at once,
/// and each row counts once, however much of the answer is kept from earlier asks.
#[tokio::test]
async fn keys_are_there_the_moment_they_are_acknowledged() {
    let store = RealStore::new().await;
    let engine = store.engine();
    assert_eq!(counts(&engine).await, []);
    store.append(&project(), &[with(r#"{"k1":1}"#, 1)]).await;
    assert_eq!(counts(&engine).await, pairs([("k1", 1)]));
    store.append(&project(), &[with(r#"{"k1":1,"k2":1}"#, 1)]).await;
    assert_eq!(counts(&engine).await, pairs([("k1", 2), ("k2", 1)]));
    store.append(&project(), &[with(r#"{"k1":1}"#, 1)]).await;
    store.store.flush().await.unwrap();
    assert_eq!(counts(&engine).await, pairs([("k1", 3), ("k2", 1)]));
    store.append(&project(), &[with(r#"{"k3":1}"#, 1), with(r#"{"k1":1}"#, 1)]).await;
    assert_eq!(counts(&engine).await, pairs([("k1", 4), ("k2", 1), ("k3", 1)]));
    assert_eq!(counts(&engine).await, pairs([("k1", 4), ("k2", 1), ("k3", 1)]));
    store.store.flush().await.unwrap();
    assert_eq!(counts(&store.engine()).await, pairs([("k1", 4), ("k2", 1), ("k3", 1)]));
    let other = Project::new("other").unwrap();
    store.append(&other, &[with(r#"{"k4":1}"#, 1)]).await;
    assert_eq!(counts(&engine).await, pairs([("k1", 4), ("k2", 1), ("k3", 1)]));
    let of_other = engine.attributes(&other, request(Some("k"), 9)).await.unwrap();
    assert_eq!(of_other.keys.iter().map(|i| i.key.as_str()).collect::<Vec<_>>(), ["k4"]);
}

#[tokio::test]
async fn counts_after_a_correction_are_upper_bounds() {
    let store = RealStore::new().await;
    let spans = [with(r#"{"k1":1}"#, 1), with(r#"{"k2":1}"#, 1)];
    let seq = store.append(&project(), &spans).await;
    store.store.flush().await.unwrap();
    let engine = store.engine();
    assert_eq!(counts(&engine).await, pairs([("k1", 1), ("k2", 1)]));
    let record_id = record_id(i64::try_from(seq).unwrap(), 0);
    let delete = Correction { record_id, date: UnixNanos(T0).day(), change: Change::Delete };
    store.store.correct(&project(), Table::Spans, vec![delete]).await.unwrap();
    for _ in 0..2 {
        let found = ask(&engine, request(Some("k1"), 9)).await;
        assert_eq!((found.keys[0].count, found.keys[0].exact), (1, false));
        store.store.flush().await.unwrap();
        store.store.maintain().await.unwrap();
    }
}

#[tokio::test]
async fn rows_in_memory_that_are_too_many_to_look_at_are_not_passed_over_silently() {
    let source = Arc::new(ByHand::default());
    let batches = vec![
        batch_of(1, &[with(r#"{"k1":1}"#, 1)]),
        batch_of(2, &[with(r#"{"k2":1}"#, 1), with(r#"{"k2":1}"#, 1)]),
    ];
    source.spans(&project(), batches, Vec::new(), []);
    for (rows, complete, keys) in [(2, false, 1), (3, true, 2)] {
        let config = crate::QueryConfig { catalogue_rows: rows, ..config() };
        let engine = Engine::new(Arc::clone(&source), config).unwrap();
        let found = ask(&engine, request(Some("k"), 9)).await;
        assert_eq!((found.complete, found.keys.len()), (complete, keys), "{rows} rows");
        assert!(found.keys.iter().all(|info| info.exact == complete));
    }
}
