//! Where a browser's request comes from. A web page must not read prompts off `localhost`: not by
//! calling it from a foreign origin, and not by pointing its own name at 127.0.0.1.

use std::net::{IpAddr, SocketAddr};

use http::header::{self, HeaderMap};
use http::uri::Authority;
use http::{Method, Uri};

use super::authorise::Role;
use super::credentials::Credentials;
use super::principal::Principal;
use crate::exposure::is_loopback;
use crate::fault::{Fault, Reason};

/// The address a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Origins that are allowed by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    listed: Vec<String>,
    /// The configuration key of the list.
    key: &'static str,
}

impl Origins {
    pub(crate) fn new(origins: &[String], key: &'static str) -> Self {
        let trimmed = origins.iter().map(|o| o.trim_end_matches('/').to_ascii_lowercase());
        Self { listed: trimmed.collect(), key }
    }

    pub(crate) fn allow(&self, origin: &str) -> bool {
        self.listed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
    }
}

/// The host and port that the client believes to talk to.
pub(crate) fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    uri.authority().cloned().or_else(|| {
        let host = headers.get(header::HOST)?;
        Authority::try_from(host.as_bytes()).ok()
    })
}

/// Refuses what a browser does in the name of a foreign page.
pub(crate) fn check(
    principal: &Principal,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    listed: &Origins,
    allowed_hosts: &[String],
) -> Result<(), Fault> {
    let authority = authority(uri, headers);
    if principal.role == Role::Open {
        host_is_ours(authority.as_ref(), allowed_hosts)?;
    }
    let by_cookie = matches!(principal.credentials, Credentials::Session(_));
    if principal.role == Role::Open || by_cookie {
        refuse_foreign(uri, headers, listed)?;
    }
    if by_cookie && !method.is_safe() && !is_vouched(headers) {
        let detail = "a change made with a cookie must come from a page of this server";
        return Err(Fault::new(Reason::Denied, detail));
    }
    Ok(())
}

/// Refuses a request that a page of another origin makes. Programs send no origin.
pub(crate) fn refuse_foreign(
    uri: &Uri,
    headers: &HeaderMap,
    listed: &Origins,
) -> Result<(), Fault> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or("null");
    if listed.allow(origin) || is_same(origin, authority(uri, headers).as_ref()) {
        return Ok(());
    }
    let key = listed.key;
    let detail =
        format!("a page of {origin} may not do this; list its origin in {key} to allow it");
    Err(Fault::new(Reason::Denied, detail))
}

/// Whether the browser says where the request comes from: by an origin, which was checked, or by
/// the fetch metadata that pages cannot forge.
fn is_vouched(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

fn host_is_ours(authority: Option<&Authority>, allowed: &[String]) -> Result<(), Fault> {
    let host = authority.map(Authority::host);
    let ours = host.is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok_and(is_loopback)
            || allowed.iter().any(|name| name.eq_ignore_ascii_case(host))
    });
    if ours {
        return Ok(());
    }
    let host = host.unwrap_or("absent");
    let detail = format!(
        "the Host header is {host}; without API keys this server answers to localhost and to \
         server.allowed_hosts only"
    );
    Err(Fault::new(Reason::Denied, detail))
}

/// Whether an origin is the server itself. The scheme does not count: a proxy may add TLS.
fn is_same(origin: &str, authority: Option<&Authority>) -> bool {
    let (Ok(origin), Some(authority)) = (origin.parse::<Uri>(), authority) else { return false };
    let Some(theirs) = origin.authority() else { return false };
    let default = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    theirs.host().eq_ignore_ascii_case(authority.host())
        && theirs.port_u16().unwrap_or(default) == authority.port_u16().unwrap_or(default)
}

#[cfg(test)]
mod tests;
