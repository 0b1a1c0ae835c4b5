//! The client of the server's API: addresses, the key, and errors in the terms of this crate.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::connect::Connect;
use crate::error::CliError;

/// How long a server may take to accept a connection. Answers have no limit here: the server
/// bounds each, and a tail never ends.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// A server, and the key to show it.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<String>,
}

/// The error body of the API (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
}

impl Client {
    pub(crate) fn new(connect: &Connect) -> Result<Self, CliError> {
        let text = connect.url();
        let base = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut base = base.ok_or_else(|| {
            CliError::Usage(format!(
                "--url is {text:?}, not an address such as http://127.0.0.1:7070"
            ))
        })?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("telltale/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| CliError::Transport { url: base.to_string(), source })?;
        Ok(Self { http, base, key: connect.key.clone() })
    }

    /// The server's address, for messages.
    pub(crate) fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Reads a resource. `segments` are escaped, so that an id cannot reach another path.
    pub(crate) async fn get(
        &self,
        segments: &[&str],
        query: &[(&str, String)],
        accept: &str,
    ) -> Result<Response, CliError> {
        let request = self.request(Method::GET, segments, query)?;
        self.send(request.header(ACCEPT, accept)).await
    }

    pub(crate) async fn post(
        &self,
        segments: &[&str],
        body: &Value,
        accept: &str,
    ) -> Result<Response, CliError> {
        let request = self.request(Method::POST, segments, &[])?;
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        self.send(request.header(ACCEPT, accept)).await
    }

    pub(crate) async fn delete(&self, segments: &[&str]) -> Result<(), CliError> {
        let request = self.request(Method::DELETE, segments, &[])?;
        self.send(request).await.map(drop)
    }

    /// Whether a server listens at the address, whatever it thinks of the caller.
    pub(crate) async fn is_there(&self) -> bool {
        let Ok(request) = self.request(Method::GET, &["healthz"], &[]) else { return false };
        request.timeout(CONNECT_TIMEOUT).send().await.is_ok()
    }

    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        response: Response,
    ) -> Result<T, CliError> {
        let body = response.bytes().await.map_err(|source| self.broken(source))?;
        serde_json::from_slice(&body).map_err(|error| self.unexpected(&error))
    }

    /// The next part of a streamed answer, `None` at its end.
    pub(crate) async fn part(&self, response: &mut Response) -> Result<Option<Vec<u8>>, CliError> {
        let part = response.chunk().await.map_err(|source| self.broken(source))?;
        Ok(part.map(|part| part.to_vec()))
    }

    pub(crate) fn unexpected(&self, reason: &impl ToString) -> CliError {
        CliError::Protocol { url: self.address(), reason: reason.to_string() }
    }

    fn broken(&self, source: reqwest::Error) -> CliError {
        CliError::Transport { url: self.address(), source: source.without_url() }
    }

    fn request(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, CliError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| CliError::Usage(format!("--url is {}, which has no path", self.base)))?
            .pop_if_empty()
            .extend(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        Ok(match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CliError> {
        let response = request.send().await.map_err(|source| {
            if source.is_connect() {
                CliError::NoServer { url: self.address(), source: source.without_url() }
            } else {
                self.broken(source)
            }
        })?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.refused(response).await)
        }
    }

    async fn refused(&self, mut response: Response) -> CliError {
        let status = response.status();
        let mut body = Vec::new();
        while body.len() < REFUSAL_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(part)) => body.extend_from_slice(&part),
                Ok(None) => break,
                Err(source) => return self.broken(source),
            }
        }
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        if problem.detail.is_empty() && problem.title.is_empty() {
            return self.unexpected(&format!("HTTP status {status}"));
        }
        CliError::Refused { status: status.as_u16(), title: problem.title, detail: problem.detail }
    }
}
