//! How commands fail: each message says what to do.

use telltale_base::ErrorKind;

use crate::support::{Canned, run};

async fn check(status: u16, media: &'static str, body: &str, kind: ErrorKind, text: &str) {
    let server = Canned::start(vec![(status, media, body.to_owned())]).await;
    let error = run(&["sql", "SELECT 1", "--url", &server.url]).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(text), "{error}");
}

#[tokio::test]
async fn refusals_are_told_in_the_servers_words() {
    let media = "application/problem+json";
    let problem = |status: u16| {
        format!(r#"{{"type":"t","title":"Refused","status":{status},"detail":"because"}}"#)
    };
    for (status, kind) in [
        (400, ErrorKind::Invalid),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::Denied),
        (503, ErrorKind::Busy),
        (504, ErrorKind::Cancelled),
        (500, ErrorKind::Internal),
    ] {
        check(status, media, &problem(status), kind, "Refused: because").await;
    }
    check(401, media, &problem(401), ErrorKind::Unauthenticated, "TELLTALE_KEY").await;
}

#[tokio::test]
async fn another_kind_of_server_is_recognised() {
    check(404, "text/html", "<h1>no</h1>", ErrorKind::Internal, "HTTP status 404").await;
    check(200, "text/html", "<h1>yes</h1>", ErrorKind::Internal, "does not answer as").await;
}

#[tokio::test]
async fn no_server_says_how_to_start_one() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let error = run(&["sql", "SELECT 1", "--url", &url]).await.unwrap_err();
    assert!(error.to_string().contains("telltale serve"), "{error}");
}

#[tokio::test]
async fn arguments_are_checked_before_anything_is_sent() {
    for args in [
        ["trace", "xyz", "--url", "http://127.0.0.1:1"],
        ["sql", "SELECT 1", "--url", "ftp://h"],
        ["sql", "SELECT 1", "--url", "not an address"],
    ] {
        let error = run(&args).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{args:?}: {error}");
    }
}
