use datafusion_postgres::datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use datafusion_postgres::testing::MockClient;

use super::*;

async fn ask(client: &mut MockClient, sql: &str) -> Option<PgWireResult<Response>> {
    let statement = PostgresCompatibilityParser::new().parse(sql).unwrap().remove(0);
    Settings.handle_simple_query(&statement, &SessionContext::new(), client).await
}

async fn shown(client: &mut MockClient, name: &str) -> String {
    let Some(Ok(Response::Query(mut answer))) = ask(client, &format!("SHOW {name}")).await else {
        panic!("no answer to SHOW {name}");
    };
    let row = futures::StreamExt::next(&mut answer.data_rows).await.unwrap().unwrap();
    // Four bytes of length, then the text.
    String::from_utf8(row.data[4..].to_vec()).unwrap()
}

#[tokio::test]
async fn a_timeout_is_kept_and_given_back() {
    let mut client = MockClient::new();
    for (value, millis) in [("5000", 5_000), ("'5s'", 5_000), ("'2min'", 120_000), ("'7 ms'", 7)] {
        ask(&mut client, &format!("SET statement_timeout = {value}")).await.unwrap().unwrap();
        assert_eq!(statement_timeout(&client), Some(Duration::from_millis(millis)), "{value}");
    }
    assert_eq!(shown(&mut client, "statement_timeout").await, "7ms");
    assert!(ask(&mut client, "SET statement_timeout = 'soon'").await.unwrap().is_err());
    for back in ["SET statement_timeout = 0", "RESET statement_timeout", "RESET ALL", "DISCARD ALL"]
    {
        ask(&mut client, "SET SESSION statement_timeout = 7").await.unwrap().unwrap();
        ask(&mut client, back).await.unwrap().unwrap();
        assert_eq!(statement_timeout(&client), None, "{back}");
    }
}

#[tokio::test]
async fn what_tools_ask_for_is_shown() {
    let mut client = MockClient::new();
    assert_eq!(shown(&mut client, "timezone").await, "UTC");
    ask(&mut client, "SET timezone = 'Asia/Tokyo'").await.unwrap().unwrap();
    assert_eq!(shown(&mut client, "timezone").await, "Asia/Tokyo");
    assert!(shown(&mut client, "server_version").await.starts_with("17.0 (Telltale "));
    assert_eq!(shown(&mut client, "transaction_read_only").await, "on");
    assert!(ask(&mut client, "SHOW no_such_setting").await.unwrap().is_err());
}
