//! The server over real sockets, with its ports played by the tests.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in a test helper a failure is the test's failure"
)]

mod api;
mod auth;
mod listen;
mod metrics;
mod openapi;
mod otlp;
mod page;
mod problem;
mod real;
mod router;
mod support;
mod tls;
