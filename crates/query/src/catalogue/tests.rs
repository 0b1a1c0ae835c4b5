use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::testing::*;

#[test]
fn the_schema_lists_what_sql_has() {
    let engine = engine_of(&[]);
    let tables = engine.schema();
    assert_eq!(
        tables.iter().map(|t| t.name).collect::<Vec<_>>(),
        ["spans", "logs", "metrics", "histograms"]
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
    AttributesRequest { table: Table::Spans, prefix: prefix.map(str::to_owned), limit }
}

fn with(attributes: &str, start: i64) -> Span {
    Span { attributes: attributes.into(), ..span(1, 1, 0, start) }
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
    let all = engine.attributes(&project(), request(None, 100)).await.unwrap();
    let keys: Vec<_> = all.iter().map(|info| (info.key.as_str(), info.count)).collect();
    assert_eq!(keys, [("service.name", 4), ("model", 3), ("n", 2), ("list", 1), ("prompt", 1)]);
    let [service, model, n, list, prompt] = all.as_slice() else { panic!() };
    assert_eq!(service.scope, AttributeScopeName::Resource);
    let value = |value: &str, count| ValueCount { value: value.into(), count };
    assert_eq!(model.values, [value("b", 2), value("a", 1)]);
    assert_eq!(model.first_seen_unix_nano, T0 + 1_000_000_000);
    assert_eq!(model.last_seen_unix_nano, T0 + 3_000_000_000);
    assert_eq!(n.types, ["int", "string"]);
    assert_eq!((list.types.as_slice(), list.values.len()), (["array"].as_slice(), 0));
    assert_eq!(prompt.values, []);
    let some = engine.attributes(&project(), request(Some("mo"), 100)).await.unwrap();
    assert_eq!(some.len(), 1);
    assert_eq!(engine.attributes(&project(), request(None, 2)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn only_the_newest_rows_are_looked_at_in_memory_and_files() {
    let store = RealStore::new().await;
    for n in 0..6 {
        store.append(&project(), &[with(&format!(r#"{{"k{n}":1}}"#), 10 - n)]).await;
        if n == 1 || n == 3 {
            store.store.flush().await.unwrap();
        }
    }
    for (rows, expected) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (100, 6)] {
        let config = crate::QueryConfig { catalogue_rows: rows, ..config() };
        let engine = Engine::new(Arc::clone(&store.store), config).unwrap();
        let keys = engine.attributes(&project(), request(Some("k"), 100)).await.unwrap();
        let mut keys: Vec<String> = keys.into_iter().map(|info| info.key).collect();
        keys.sort();
        let newest: Vec<String> = (6 - expected..6).map(|n| format!("k{n}")).collect();
        assert_eq!(keys, newest, "{rows} rows");
    }
}

#[tokio::test]
async fn a_catalogue_is_kept_for_a_while() {
    let source = Arc::new(ByHand::default());
    let config = crate::QueryConfig { catalogue_age: Duration::from_millis(300), ..config() };
    let engine = Engine::new(Arc::clone(&source), config).unwrap();
    let keys = async || engine.attributes(&project(), request(None, 10)).await.unwrap().len();
    assert_eq!(keys().await, 0);
    source.spans(&project(), vec![batch_of(1, &[with(r#"{"a":1}"#, 1)])], Vec::new(), []);
    assert_eq!(keys().await, 0);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(keys().await, 2);
}
