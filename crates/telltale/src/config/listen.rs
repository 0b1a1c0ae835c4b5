//! An address to listen on, or none.

use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;

/// Where a port listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Listen {
    /// Closed.
    Off,
    /// The default, which gives way when the port is taken.
    Default(SocketAddr),
    /// Asked for: a taken port is an error.
    Asked(SocketAddr),
}

impl Listen {
    pub(crate) fn default_port(port: u16) -> Self {
        Self::Default(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    pub(crate) fn addr(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::Default(addr) | Self::Asked(addr) => Some(addr),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::Asked).map_err(|_| {
            format!("{text:?} is not an address such as 127.0.0.1:7070 or [::1]:7070, nor `off`")
        })
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
