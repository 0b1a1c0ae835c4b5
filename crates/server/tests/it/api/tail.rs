//! Listening to arrivals.

use std::time::Duration;

use telltale_base::Project;
use telltale_meta::Scope;
use telltale_server::ports::{Arrival, TailRecords};
use telltale_server::{ServerConfig, ServerLimits};
use tokio::time::timeout;

use crate::support::{Behind, TestServer, batch, config};

fn arrival(project: &str, from: i64) -> Arrival {
    let project = Project::new(project).unwrap();
    Arrival::Records(TailRecords { project, batches: vec![("spans", batch(from, 1))] })
}

/// Reads until `wanted` stands in what came.
async fn until(response: &mut reqwest::Response, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let piece = timeout(Duration::from_secs(10), response.chunk()).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    text
}

#[tokio::test]
async fn records_of_the_own_project_come_as_events() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Query).await;
    let server = TestServer::start(config(), behind).await.unwrap();
    let request = server.get("/api/v1/tail?signal=traces").header("x-api-key", key);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    until(&mut response, ": listening").await;
    server.behind.tail.0.send(arrival("bank", 0)).unwrap();
    server.behind.tail.0.send(arrival("shop", 2)).unwrap();
    let text = until(&mut response, "\n\n").await;
    assert_eq!(text, "event: spans\ndata: {\"n\":2,\"text\":\"row 2\"}\n\n");
}

#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed() {
    let server = TestServer::open().await;
    let mut response = server.get("/api/v1/tail").send().await.unwrap();
    until(&mut response, ": listening").await;
    server.behind.tail.0.send(Arrival::Missed(12)).unwrap();
    let text = until(&mut response, "\n\n").await;
    assert_eq!(text, "event: missed\ndata: {\"exports\":12}\n\n");
}

#[tokio::test]
async fn readers_have_a_limit_and_a_place_is_given_back() {
    let limits = ServerLimits { tails_max: 1, ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    let mut first = server.get("/api/v1/tail").send().await.unwrap();
    until(&mut first, ": listening").await;
    assert_eq!(server.get("/api/v1/tail").send().await.unwrap().status(), 503);
    drop(first);
    let again = async {
        while server.get("/api/v1/tail").send().await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), again).await.unwrap();
}

#[tokio::test]
async fn listening_ends_when_the_server_stops() {
    let server = TestServer::open().await;
    let mut response = server.get("/api/v1/tail").send().await.unwrap();
    until(&mut response, ": listening").await;
    server.begin_shutdown();
    assert_eq!(response.chunk().await.unwrap(), None);
    timeout(Duration::from_secs(10), server.stopped()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_signal_is_refused() {
    let server = TestServer::open().await;
    assert_eq!(server.get("/api/v1/tail?signal=spans").send().await.unwrap().status(), 400);
}
