//! Bodies: codings, limits, bombs, slow and broken clients.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use telltale_server::{ServerConfig, ServerLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{TestServer, config, raw, raw_open};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn limited(export_bytes_max: usize) -> ServerConfig {
    let limits = ServerLimits { export_bytes_max, ..ServerLimits::default() };
    ServerConfig { limits, ..config() }
}

async fn status(server: &TestServer, coding: &str, body: Vec<u8>) -> u16 {
    let request = server.export(body).header("content-encoding", coding);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_coding_arrives_inflated() {
    let server = TestServer::open().await;
    let plain: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    for (coding, body) in [
        ("identity", plain.clone()),
        ("gzip", gzip(&plain)),
        ("x-gzip", gzip(&plain)),
        ("GZIP", gzip(&plain)),
        ("zstd", zstd(&plain)),
        ("zstd", zstd(&plain[..100])),
    ] {
        assert_eq!(status(&server, coding, body).await, 200, "{coding}");
        let seen = server.behind.exporter.seen().pop().unwrap().body;
        assert!(plain.starts_with(&seen) && seen.len() >= 100, "{coding}");
    }
}

#[tokio::test]
async fn unknown_codings_and_types_are_415() {
    let server = TestServer::open().await;
    for coding in ["br", "deflate", "gzip, gzip"] {
        assert_eq!(status(&server, coding, b"x".to_vec()).await, 415, "{coding}");
    }
    for media in ["text/plain", "application/octet-stream", "application/x-protobuf-x"] {
        let request = server.post("/v1/traces").header("content-type", media).body("x");
        assert_eq!(request.send().await.unwrap().status(), 415, "{media}");
    }
    assert_eq!(server.post("/v1/traces").body("x").send().await.unwrap().status(), 415);
    assert_eq!(server.behind.exporter.seen(), []);
}

#[tokio::test]
async fn the_limit_holds_at_its_edge_as_sent_and_inflated() {
    let server = TestServer::with(limited(1000)).await;
    for (length, expect) in [(1000, 200), (1001, 413)] {
        let plain = vec![7; length];
        for (coding, body) in
            [("identity", plain.clone()), ("gzip", gzip(&plain)), ("zstd", zstd(&plain))]
        {
            assert_eq!(status(&server, coding, body).await, expect, "{coding} {length}");
        }
    }
}

#[tokio::test]
async fn a_body_of_unannounced_length_is_limited_too() {
    let server = TestServer::with(limited(1000)).await;
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
        1001
    );
    let mut bytes = head.into_bytes();
    bytes.extend(vec![b'x'; 1001]);
    bytes.extend(b"\r\n0\r\n\r\n");
    let answer = raw(server.http, &bytes).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn bombs_are_413_and_the_server_goes_on() {
    let server = TestServer::open().await;
    let zeros = vec![0; 128 << 20];
    for (coding, body) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        assert!(body.len() < 2 << 20, "{coding} is a bomb");
        assert_eq!(status(&server, coding, body).await, 413, "{coding}");
    }
    assert_eq!(status(&server, "identity", b"x".to_vec()).await, 200);
}

#[tokio::test]
async fn what_is_not_of_its_coding_is_400() {
    let server = TestServer::open().await;
    let (mut cut, mut flipped) = (gzip(&[7; 5000]), zstd(&[7; 5000]));
    cut.truncate(cut.len() - 9);
    flipped[4] ^= 0xff;
    for (coding, body) in
        [("gzip", b"plain".to_vec()), ("zstd", b"plain".to_vec()), ("gzip", cut), ("zstd", flipped)]
    {
        assert_eq!(status(&server, coding, body).await, 400, "{coding}");
    }
}

#[tokio::test]
async fn all_bodies_together_are_limited() {
    let limits = ServerLimits { exports_in_flight_bytes_max: 1000, ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    let response = server.export(vec![0; 1001]).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    // What was taken is given back.
    for _ in 0..3 {
        assert_eq!(server.export(vec![0; 1000]).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let limits =
        ServerLimits { body_idle_timeout: Duration::from_millis(50), ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    let head = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\
        content-type: application/json\r\n\r\nabc";
    let answer = raw(server.http, head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("application/json"), "{answer}");
    assert_eq!(server.behind.exporter.seen(), []);
}

#[tokio::test]
async fn headers_that_stop_coming_are_given_up() {
    let limits =
        ServerLimits { idle_timeout: Duration::from_millis(50), ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    // Cut in the headers, in the preface of HTTP/2, and before everything.
    for start in ["POST /v1/traces HTTP/1.1\r\nhost: loc", "PRI * HT", ""] {
        let mut stream = raw_open(server.http, start.as_bytes()).await;
        let mut answer = Vec::new();
        // The connection ends; without the limit this would wait for ever.
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(!String::from_utf8_lossy(&answer).contains("200"), "{start}");
    }
}

#[tokio::test]
async fn headers_have_a_limit() {
    let server = TestServer::open().await;
    let long = "x".repeat(70 << 10);
    let response = server.export("x").header("x-long", long).send().await.unwrap();
    assert_eq!(response.status(), 431);
}

#[tokio::test]
async fn a_body_in_many_pieces_arrives_whole() {
    let server = TestServer::open().await;
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        (0..100).map(|n| Ok(Bytes::from(vec![n; 1000]))).collect();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    assert_eq!(server.export(body).send().await.unwrap().status(), 200);
    let seen = server.behind.exporter.seen().pop().unwrap().body;
    let expect: Vec<u8> = (0..100).flat_map(|n| vec![n; 1000]).collect();
    assert_eq!(seen, expect);
}

/// Sends headers, waits, and sends the body: after the answer is decided, before it may go out.
async fn refused_late(server: &TestServer, headers: &str, body: &[u8]) -> String {
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n{headers}\r\n"
    );
    let mut stream = raw_open(server.http, head.as_bytes()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.write_all(body).await.unwrap();
    let next = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    // Closed, when the server does not wait for the body.
    stream.write_all(next).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_connection_outlives_a_refused_body_that_comes_late() {
    let server = TestServer::open().await;
    for body in [vec![b'x'; 2], vec![b'x'; 3 << 20]] {
        let length = format!("content-length: {}\r\n", body.len());
        let answer = refused_late(&server, &length, &body).await;
        assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
        assert!(answer.contains("HTTP/1.1 200"), "the next request is answered: {answer}");
        assert_eq!(answer.matches("connection: close").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_read_to_its_end_closes_the_connection_and_says_so() {
    let limits = ServerLimits {
        drain_bytes_max: 1000,
        drain_idle_timeout: Duration::from_millis(100),
        ..ServerLimits::default()
    };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    for (headers, body, drained) in [
        ("content-length: 1000\r\n", vec![b'x'; 1000], true),
        ("content-length: 1001\r\n", vec![], false),
        ("content-length: 1000\r\n", vec![b'x'; 10], false),
        ("content-length: 2\r\nexpect: 100-continue\r\n", vec![], false),
    ] {
        let answer = refused_late(&server, headers, &body).await;
        assert!(answer.starts_with("HTTP/1.1 415"), "{headers}: {answer}");
        let first = answer.split("\r\n\r\n").next().unwrap();
        assert_eq!(!first.contains("connection: close"), drained, "{headers}: {answer}");
        assert!(!answer.contains("100 Continue"), "{headers}: {answer}");
    }
}
