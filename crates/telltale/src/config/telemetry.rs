//! `[telemetry]`: Telltale's own traces.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::units::{Share, flexible, optional};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TelemetrySection {
    /// Where own traces go.
    #[serde(deserialize_with = "flexible")]
    pub(crate) traces: Traces,
    /// The API key that the receiver wants.
    #[serde(deserialize_with = "optional")]
    pub(crate) traces_key: Option<Secret>,
    /// The project that own traces are stored in here.
    pub(crate) traces_project: String,
    /// Share of the traces that are kept.
    #[serde(deserialize_with = "flexible")]
    pub(crate) traces_ratio: Share,
}

impl Default for TelemetrySection {
    fn default() -> Self {
        Self {
            traces: Traces::Off,
            traces_key: None,
            traces_project: "telltale".to_owned(),
            traces_ratio: Share(1.0),
        }
    }
}

/// Where own traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Traces {
    /// Nowhere: none are made.
    Off,
    /// Into a project of this server.
    Own,
    /// To the OTLP receiver at this address.
    To(String),
}

impl FromStr for Traces {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "off" => Self::Off,
            "self" => Self::Own,
            address => Self::To(address.to_owned()),
        })
    }
}

/// A text that is never shown.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}
