//! Who could reach what, with and without keys.

use std::net::SocketAddr;

use super::check_exposure;
use crate::config::{Listen, ServerConfig};

fn check(http: &str, has_keys: bool) -> Result<(), String> {
    let address: SocketAddr = http.parse().unwrap();
    let config = ServerConfig { http: Listen::Asked(address), ..ServerConfig::default() };
    check_exposure(&config, has_keys).map_err(|error| error.to_string())
}

#[test]
fn loopback_needs_no_key() {
    for address in ["127.0.0.1:7070", "127.1.2.3:7070", "[::1]:7070", "[::ffff:127.0.0.1]:7070"] {
        assert_eq!(check(address, false), Ok(()), "{address}");
    }
}

#[test]
fn beyond_loopback_needs_a_key() {
    for address in ["0.0.0.0:7070", "[::]:7070", "192.168.1.2:7070", "[::ffff:10.0.0.1]:7070"] {
        let error = check(address, false).unwrap_err();
        assert!(error.contains("http would listen on"), "{error}");
        assert!(error.contains("telltale keys create --project default --scope admin"), "{error}");
        assert!(error.contains("`http = \"127.0.0.1:7070\"`"), "{error}");
        assert_eq!(check(address, true), Ok(()), "{address}");
    }
}

#[test]
fn a_closed_port_is_not_exposed() {
    let config = ServerConfig { http: Listen::Off, ..ServerConfig::default() };
    assert_eq!(check_exposure(&config, false), Ok(()));
}
