//! The commands against a server of canned answers: what they ask, what they print, how they fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test helper a failure is the test's failure"
)]

mod failures;
mod requests;
mod support;
