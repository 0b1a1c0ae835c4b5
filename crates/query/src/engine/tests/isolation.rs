//! No query text reaches another project.

use serde_json::json;
use telltale_base::Project;

use crate::testing::*;
use crate::{Engine, SqlRequest, TraceRequest, TraceSearch};
use std::sync::Arc;

fn two_projects() -> (Arc<Engine>, Project, Project, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (Project::new("a").unwrap(), Project::new("b").unwrap());
    let source = ByHand::default();
    for (project, service) in [(&a, "mine"), (&b, "secret")] {
        let named = |n: u8| {
            let mut span = span(n, n, 0, i64::from(n));
            span.service = service;
            span
        };
        let file = batch_of(1, &[named(1)]);
        let file = write_file(dir.path(), project.as_str(), &file);
        source.spans(project, vec![batch_of(2, &[named(2)])], vec![file], []);
    }
    (Engine::new(Arc::new(source), config()).unwrap(), a, b, dir)
}

#[tokio::test]
async fn whatever_the_text_only_the_own_project_is_read() {
    let (engine, a, _, dir) = two_projects();
    let path = dir.path().join("b");
    let path = path.display();
    for query in [
        "SELECT * FROM spans".to_owned(),
        "SELECT * FROM spans WHERE project = 'b'".to_owned(),
        "SELECT * FROM spans WHERE project = 'a' OR true".to_owned(),
        "SELECT * FROM (SELECT 'b' AS project) p, spans".to_owned(),
        "SELECT * FROM spans s WHERE EXISTS (SELECT 1 FROM spans t WHERE t.project <> s.project)"
            .into(),
        "SELECT * FROM b.public.spans".to_owned(),
        "SELECT * FROM telltale.b.spans".to_owned(),
        "SELECT * FROM \"b/spans\"".to_owned(),
        format!("SELECT * FROM '{path}'"),
        format!("SELECT * FROM \"{path}\""),
        format!("SELECT * FROM \"file://{path}\""),
        format!("SELECT * FROM read_parquet('{path}')"),
        format!("SELECT * FROM parquet_metadata('{path}')"),
        "SELECT * FROM information_schema.tables".to_owned(),
        "SELECT * FROM information_schema.df_settings".to_owned(),
        "SELECT * FROM information_schema.schemata".to_owned(),
        "EXPLAIN ANALYZE SELECT * FROM spans".to_owned(),
        "EXPLAIN VERBOSE SELECT * FROM spans WHERE project = 'b'".to_owned(),
    ] {
        match json(&engine, &a, &query, Vec::new()).await {
            Ok(found) => assert!(!found.to_string().contains("secret"), "{query}: {found}"),
            Err(error) => assert!(!error.to_string().contains("secret"), "{query}: {error}"),
        }
    }
    let own = json(&engine, &a, "SELECT DISTINCT service_name FROM spans", Vec::new()).await;
    assert_eq!(own.unwrap()["rows"], json!([["mine"]]));
}

#[tokio::test]
async fn plans_show_no_paths_of_the_server() {
    let (engine, a, _, dir) = two_projects();
    let plan = json(&engine, &a, "EXPLAIN VERBOSE SELECT * FROM spans", Vec::new()).await.unwrap();
    let folder = dir.path().file_name().unwrap().to_str().unwrap();
    assert!(!plan.to_string().contains(folder), "{plan}");
}

#[tokio::test]
async fn traces_of_another_project_are_not_there() {
    let (engine, a, b, _dir) = two_projects();
    let found = |project: Project| {
        let engine = Arc::clone(&engine);
        async move {
            let search = TraceSearch { limit: 10, ..TraceSearch::default() };
            let page = engine.search_traces(&project, search).await.unwrap();
            page.traces.into_iter().map(|t| t.service_name).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(a.clone()).await, ["mine", "mine"]);
    assert_eq!(found(b).await, ["secret", "secret"]);
    let request = TraceRequest {
        trace_id: telltale_base::TraceId([1; 16]),
        detail: crate::Detail::Full,
        limit: 10,
        cursor: None,
    };
    let view = engine.trace(&a, request.clone()).await.unwrap();
    assert!(view.spans.iter().all(|span| span.service_name == "mine"));
    let nobody = Project::new("nobody").unwrap();
    let error = engine.trace(&nobody, request).await.unwrap_err();
    assert_eq!(error.kind(), telltale_base::ErrorKind::NotFound);
}

#[tokio::test]
async fn a_session_cannot_be_talked_into_more() {
    let (engine, a, _, dir) = two_projects();
    let context = engine.session(&a).unwrap();
    let path = dir.path().join("b");
    // Even past the guard, as a front end that forgot it would.
    for statement in [
        format!("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{}'", path.display()),
        "CREATE TABLE t AS SELECT * FROM spans".to_owned(),
        "CREATE VIEW v AS SELECT 1".to_owned(),
        "CREATE SCHEMA s".to_owned(),
        "DROP TABLE spans".to_owned(),
        "INSERT INTO spans SELECT * FROM spans".to_owned(),
        "DELETE FROM spans".to_owned(),
        format!("COPY spans TO '{}/out.csv'", dir.path().display()),
        format!("COPY spans TO '{}/out.parquet' STORED AS PARQUET", dir.path().display()),
    ] {
        let result = async { context.sql(&statement).await?.collect().await };
        assert!(result.await.is_err(), "{statement}");
    }
    // A catalogue can be named and is not there.
    drop(context.sql("CREATE DATABASE other").await);
    assert!(context.sql("SELECT * FROM other.public.spans").await.is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing was written");
    let url = datafusion::datasource::object_store::ObjectStoreUrl::local_filesystem();
    assert!(context.runtime_env().object_store(&url).is_err());
}

#[tokio::test]
async fn statements_are_independent() {
    let (engine, a, _, _dir) = two_projects();
    let set = SqlRequest {
        query: "SET datafusion.execution.batch_size = 1".into(),
        ..SqlRequest::default()
    };
    assert!(engine.sql(&a, set).await.is_err());
    let shown = json(&engine, &a, "SHOW datafusion.execution.batch_size", Vec::new()).await;
    assert_eq!(shown.unwrap()["rows"][0][1], json!("8192"));
}
