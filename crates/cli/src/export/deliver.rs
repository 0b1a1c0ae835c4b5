//! Sends OTLP requests over HTTP, with the patience that OTLP asks for, and reads what the receiver
//! says it refused.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use telltale_base::Signal;
use url::Url;

use crate::error::CliError;
use crate::text::printable;

/// How often a request is sent before it fails, the first time included.
const ATTEMPTS_MAX: u32 = 8;
/// The wait after the first refusal that names none; it doubles with each.
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait, whatever the receiver asks for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How long a receiver may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// Bytes of an answer after which no more is read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How a request is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Protobuf,
    Json,
}

impl Media {
    fn name(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Records that the receiver did not take, of requests that it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rejected: u64,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn add(&mut self, other: Self) {
        self.rejected += other.rejected;
        if !other.message.is_empty() {
            self.message = other.message;
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.rejected == 1 { "" } else { "s" };
        write!(f, "{} record{plural} refused: {}", self.rejected, printable(&self.message))
    }
}

/// An OTLP/HTTP endpoint.
#[derive(Debug)]
pub(crate) struct Receiver {
    http: reqwest::Client,
    base: Url,
    key: Option<String>,
}

impl Receiver {
    /// `flag` is the argument that the address came from.
    pub(crate) fn new(flag: &str, address: &str, key: Option<String>) -> Result<Self, CliError> {
        let base = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| {
            CliError::Usage(format!(
                "{flag} is {address:?}, not an address such as http://127.0.0.1:4318"
            ))
        })?;
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(ANSWER_TIMEOUT)
            .user_agent(concat!("telltale/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| CliError::Transport { url: base.to_string(), source })?;
        Ok(Self { http, base, key })
    }

    /// Sends one request. When it returns, the receiver has taken it, apart from what it refused.
    pub(crate) async fn send(
        &self,
        signal: Signal,
        media: Media,
        body: Vec<u8>,
    ) -> Result<Refusal, CliError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["v1", signal.name()]);
        }
        let broken = |source: reqwest::Error| CliError::Transport {
            url: self.base.to_string(),
            source: source.without_url(),
        };
        let mut attempt = 1;
        loop {
            let request = self.http.post(url.clone()).header(CONTENT_TYPE, media.name());
            let request = match &self.key {
                Some(key) => request.bearer_auth(key),
                None => request,
            };
            let response = request.body(body.clone()).send().await.map_err(broken)?;
            let status = response.status();
            if status.is_success() {
                let answer = beginning(response).await.map_err(broken)?;
                return Ok(match media {
                    Media::Protobuf => of_protobuf(&answer),
                    Media::Json => of_json(&answer),
                });
            }
            if !retryable(status) || attempt == ATTEMPTS_MAX {
                let detail = beginning(response).await.unwrap_or_default();
                return Err(self.refused(status, &reason(media, &detail), attempt));
            }
            tokio::time::sleep(wait(&response, attempt)).await;
            attempt += 1;
        }
    }

    fn refused(&self, status: StatusCode, detail: &str, attempts: u32) -> CliError {
        let times =
            if attempts > 1 { format!(", after {attempts} attempts") } else { String::new() };
        CliError::Refused {
            status: status.as_u16(),
            title: format!("{} refused the export with {status}{times}", self.base),
            detail: printable(detail),
        }
    }
}

/// An answer, as far as it is reasonably long.
async fn beginning(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES_MAX {
        let Some(part) = response.chunk().await? else { break };
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// The statuses on which OTLP says to send again.
fn retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn wait(response: &Response, attempt: u32) -> Duration {
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let own = WAIT_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    asked.unwrap_or(own).min(WAIT_MAX)
}

/// The message of a refusal: OTLP answers `google.rpc.Status` (message: 2), others what they like.
pub(crate) fn reason(media: Media, detail: &[u8]) -> String {
    let message = match media {
        Media::Protobuf => Fields(detail).find_map(|field| match field {
            (2, Field::Bytes(text)) => std::str::from_utf8(text).ok().map(str::to_owned),
            _ => None,
        }),
        Media::Json => serde_json::from_slice::<Value>(detail)
            .ok()
            .and_then(|status| status.get("message")?.as_str().map(str::to_owned)),
    };
    message.unwrap_or_else(|| String::from_utf8_lossy(detail).into_owned())
}

/// `partialSuccess` of the JSON answer: counts are texts or numbers.
pub(crate) fn of_json(answer: &[u8]) -> Refusal {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let Some(Value::Object(partial)) = answer.get("partialSuccess") else {
        return Refusal::default();
    };
    let count = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let rejected = partial.iter().filter(|(key, _)| key.starts_with("rejected"));
    let rejected = rejected.filter_map(|(_, value)| count(value)).sum();
    let message = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    Refusal { rejected, message: message.to_owned() }
}

/// `partial_success` (field 1) of the protobuf answer, the same in all signals: how many (1), why
/// (2). An answer that is not one says nothing.
pub(crate) fn of_protobuf(answer: &[u8]) -> Refusal {
    let mut refusal = Refusal::default();
    for (number, value) in Fields(answer) {
        let (1, Field::Bytes(partial)) = (number, value) else { continue };
        for (number, value) in Fields(partial) {
            match (number, value) {
                (1, Field::Number(count)) => refusal.rejected = count,
                (2, Field::Bytes(text)) => {
                    refusal.message = String::from_utf8_lossy(text).into_owned();
                }
                _ => {}
            }
        }
    }
    refusal
}

/// A field of a protobuf message, of the kinds that OTLP's envelopes have.
#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, up to the first that cannot be read.
#[derive(Debug)]
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, rest) = varint(self.0)?;
        let (number, rest) = varint(rest)?;
        let (field, rest) = match tag & 7 {
            0 => (Field::Number(number), rest),
            2 => {
                let (bytes, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
                (Field::Bytes(bytes), rest)
            }
            _ => return None,
        };
        self.0 = rest;
        Some((tag >> 3, field))
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}
