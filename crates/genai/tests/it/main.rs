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
mod capture;
mod dialects;
mod fragments;
mod ledger;
mod messages;
mod run_frameworks;
mod run_shapes;
mod run_sizes;
mod run_text;
mod runs;
mod support;
