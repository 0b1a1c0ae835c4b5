//! A server that gives canned answers in turn and remembers what it was asked.

use clap::Parser;
use telltale_cli::{CliError, Command};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The binary's command line, as far as this crate provides it.
#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// A server with its answers.
pub(crate) struct Canned {
    pub(crate) url: String,
    requests: JoinHandle<Vec<String>>,
}

impl Canned {
    /// Serves one connection for each answer: status, media type, body.
    pub(crate) async fn start(answers: Vec<(u16, &'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = tokio::spawn(async move {
            let mut requests = Vec::new();
            for (status, media, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut part = [0; 4096];
                    let read = stream.read(&mut part).await.unwrap();
                    assert_ne!(read, 0, "the request broke off");
                    request.extend_from_slice(&part[..read]);
                }
                requests.push(String::from_utf8(request).unwrap());
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(body.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
            requests
        });
        Self { url, requests }
    }

    /// What was asked, once every answer was given.
    pub(crate) async fn requests(self) -> Vec<String> {
        self.requests.await.unwrap()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// Runs a command line and returns what it printed.
pub(crate) async fn run(args: &[&str]) -> Result<String, CliError> {
    let line = Line::try_parse_from([&["telltale"], args].concat()).unwrap();
    let mut out = Vec::new();
    telltale_cli::run(line.command, &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}
