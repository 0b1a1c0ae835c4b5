//! The store over a real directory: what is promised holds through restarts, crashes and faults.

#![expect(
    clippy::clone_on_ref_ptr,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test a failure is the test's failure, and damage is done behind the back of Fs"
)]

mod basics;
mod catalogue;
mod corrections;
mod crashes;
mod damage;
mod sizes;
mod support;
mod upkeep;
