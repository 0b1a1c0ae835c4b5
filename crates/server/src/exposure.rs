//! Whether a server may be reached by others: not without a key.

use std::net::{IpAddr, SocketAddr};

use crate::config::ServerConfig;

/// A port that others could reach while no key exists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{role} would listen on {address}, which other machines can reach, and no API key exists: \
     anyone could read and write everything. Either create a key first with \
     `{first_key}`, or stay local with \
     `{role} = \"{local}\"`"
)]
pub struct Exposed {
    /// The configuration key of the port.
    pub role: &'static str,
    /// Where it would listen.
    pub address: SocketAddr,
    /// The address that would be allowed.
    pub local: SocketAddr,
    /// The command that makes a key.
    pub first_key: String,
}

/// Refuses to open ports beyond loopback when no key exists.
///
/// # Errors
/// Names the first such port and the lines that fix it.
pub fn check_exposure(config: &ServerConfig, has_keys: bool) -> Result<(), Exposed> {
    if has_keys {
        return Ok(());
    }
    let ports =
        [("http", config.http), ("otlp_http", config.otlp_http), ("otlp_grpc", config.otlp_grpc)];
    for (role, listen) in ports {
        let Some(address) = listen.address() else { continue };
        if !is_loopback(address.ip()) {
            let local = SocketAddr::from(([127, 0, 0, 1], address.port()));
            let first_key = config.first_key.clone();
            return Err(Exposed { role, address, local, first_key });
        }
    }
    Ok(())
}

/// Loopback in either family, an IPv4 address written as IPv6 included.
pub(crate) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
