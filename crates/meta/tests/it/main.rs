//! The metadata database on real files, under a clock that the tests turn.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "in a test helper a failure is the test's failure"
)]

mod database;
mod keys;
mod sessions;
mod support;
