use datafusion::prelude::SessionContext;

use super::*;

async fn code_of(sql: &str) -> String {
    let session = SessionContext::new();
    let rows = async { session.sql(sql).await?.collect().await };
    let met = PgWireError::ApiError(Box::new(rows.await.unwrap_err()));
    match explained(met) {
        PgWireError::UserError(info) => info.code.clone(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn each_mistake_has_its_code() {
    for (sql, code) in [
        ("SELECT nothing FROM (VALUES (1)) t (a)", "42703"),
        ("SELECT * FROM nothing", "42P01"),
        ("SELEC 1", "42601"),
        ("SELECT 1 FROM", "42601"),
        ("SELECT a / 0 FROM (VALUES (1)) t (a)", "22012"),
        ("SELECT $1", "42P02"),
        ("SELECT nothing(1)", "42883"),
        ("SELECT CAST(a AS int) FROM (VALUES ('x')) t (a)", "22P02"),
        ("SELECT a FROM (VALUES (1)) t (a), (VALUES (1)) u (a)", "42702"),
    ] {
        assert_eq!(code_of(sql).await, code, "{sql}");
    }
    let memory = DataFusionError::ResourcesExhausted("no more".into()).context("sorting");
    assert_eq!(of(&memory), "53200");
}

#[test]
fn what_has_a_code_keeps_it() {
    let PgWireError::UserError(info) = explained(error("25006", "no")) else { panic!() };
    assert_eq!((info.code.as_str(), info.message.as_str()), ("25006", "no"));
}
