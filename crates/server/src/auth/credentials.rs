//! What a request presents to say who it is from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap};

/// The cookie of a browser session.
pub(crate) const SESSION_COOKIE: &str = "telltale_session";

/// The presented secret and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Nothing.
    None,
    /// An API key.
    Key(String),
    /// A browser session. The browser adds it by itself, whoever made the page.
    Session(String),
    /// Something that is neither.
    Malformed(&'static str),
}

/// The first of `Authorization`, `x-api-key` and the cookie counts; what a program says explicitly
/// stands before what a browser adds.
pub(crate) fn credentials(headers: &HeaderMap) -> Credentials {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return value.to_str().ok().map_or(Credentials::Malformed(SCHEMES), authorization);
    }
    if let Some(value) = headers.get("x-api-key") {
        let key = value.to_str().ok().map(|key| Credentials::Key(key.trim().to_owned()));
        return key.unwrap_or(Credentials::Malformed("x-api-key is not text"));
    }
    cookie(headers, SESSION_COOKIE).map_or(Credentials::None, Credentials::Session)
}

const SCHEMES: &str = "Authorization must be `Bearer KEY`, or Basic with the key as password";

fn authorization(value: &str) -> Credentials {
    let Some((scheme, rest)) = value.trim().split_once(' ') else {
        return Credentials::Malformed(SCHEMES);
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return Credentials::Key(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Credentials::Malformed(SCHEMES);
    }
    let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded.and_then(|text| text.split_once(':').map(|(_, key)| key.to_owned()));
    password.map_or(Credentials::Malformed(SCHEMES), Credentials::Key)
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests;
