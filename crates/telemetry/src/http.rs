//! Exports over HTTP, to any OTLP receiver.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode, redirect};
use url::Url;

use crate::sink::{Sink, SinkError};

/// How long a receiver may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const PATH: &str = "/v1/traces";

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpSinkError {
    /// Not an address.
    #[error("{address:?} is not an address such as http://collector:4318")]
    Address {
        /// What was given.
        address: String,
    },
    /// The client cannot be made.
    #[error("the HTTP client cannot be started")]
    Client(#[source] reqwest::Error),
}

/// An OTLP/HTTP receiver.
#[derive(Debug)]
pub struct HttpSink {
    client: reqwest::Client,
    url: Url,
    key: Option<Key>,
}

/// Never shown.
struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(...)")
    }
}

impl HttpSink {
    /// A receiver at `address`, the base that `/v1/traces` is put after. The key is presented as
    /// `Authorization: Bearer`.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(address: &str, key: Option<String>) -> Result<Self, HttpSinkError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("telltale/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HttpSinkError::Client)?;
        Ok(Self { client, url: Self::url(address)?, key: key.map(Key) })
    }

    /// Where exports to `address` go.
    ///
    /// # Errors
    /// When it is no address of HTTP.
    pub fn url(address: &str) -> Result<Url, HttpSinkError> {
        let wrong = || HttpSinkError::Address { address: address.to_owned() };
        let mut url = Url::parse(address).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            return Err(wrong());
        }
        let base = url.path().trim_end_matches('/');
        let path = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") };
        url.set_path(&path);
        Ok(url)
    }
}

#[async_trait]
impl Sink for HttpSink {
    async fn export(&self, body: Bytes) -> Result<u64, SinkError> {
        let request = self.client.post(self.url.clone());
        let request = request.header(CONTENT_TYPE, "application/x-protobuf").body(body);
        let request = match &self.key {
            Some(key) => request.bearer_auth(&key.0),
            None => request,
        };
        let response = request.send().await.map_err(|error| later(&error))?;
        let status = response.status();
        match status {
            _ if status.is_success() => Ok(refused(&beginning(response).await)),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(SinkError::Later(format!("it answers {status}"))),
            _ => Err(SinkError::Never(format!("it answers {status}"))),
        }
    }
}

/// The error and its causes: reqwest's own text only says that sending failed.
fn later(error: &reqwest::Error) -> SinkError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    SinkError::Later(text)
}

/// An answer that breaks off is one without a partial success: the export was taken.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Vec::new();
        }
    }
    bytes
}

fn refused(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let rejected = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
    u64::try_from(rejected).unwrap_or(0)
}

#[cfg(test)]
mod tests;
