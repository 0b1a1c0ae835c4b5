//! The surface of Telltale: OTLP over HTTP and gRPC, the API, health, and who may do what.
//!
//! ```text
//! listen (TCP, TLS, HTTP/1 and 2) -> router -> around (count, trace, catch) -> guard (host, origin, key,
//! permission) -> otlp | api | probes | page -> ports -> the rest of the house
//! ```
//!
//! Never knows: Parquet, file layout, how exports are stored. What it needs it asks of the traits
//! in [`ports`]; those over ingest and query are implemented here, the others by the binary.

#![forbid(unsafe_code)]

mod adapters;
mod api;
mod auth;
mod body;
mod config;
mod error;
mod exposure;
mod fault;
mod listen;
mod metrics;
mod openapi;
mod otlp;
mod own_trace;
mod page;
pub mod ports;
mod probes;
mod proto;
mod router;
mod routes;
mod rpc_status;
mod server;
mod state;
mod tls;
mod unread;
mod wire;

pub use adapters::Explainer;
pub use auth::SignInLimits;
pub use config::{Listen, Readiness, ServerConfig, ServerLimits, TlsFiles};
pub use error::ServerError;
pub use exposure::{Exposed, check_exposure};
pub use openapi::openapi_json;
pub use server::{OpenPort, Server, check_settings};
pub use state::Ports;
pub use tls::tls_config;
