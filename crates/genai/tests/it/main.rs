//! The crate from outside: genuine exports of real clients in, canonical forms and calls out.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod book;
mod calls;
mod canonical;
mod dialects;
mod ledger;
mod run_frameworks;
mod run_shapes;
mod run_sizes;
mod run_text;
mod runs;
mod support;
