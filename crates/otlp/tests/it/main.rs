//! Tests of the crate through its public surface, against the types that `prost` generates.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test helper a failure is the test's failure"
)]

mod arbitrary;
mod arbitrary_metrics;
mod bad_input;
mod captures;
mod flatten;
mod fuzz;
mod json;
mod limits;
mod masking;
mod round_trip;
mod support;
