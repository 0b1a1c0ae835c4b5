//! Token counts: what a client reported, and what that means. A client's figures are read by the
//! convention of its dialect, checked against each other, and split into buckets that do not
//! overlap; every change has a reason that can be shown. A count that cannot be one is marked and
//! never used. No usage is `None`, which is not zero.

mod convention;
mod reported;
mod settle;

pub use convention::Convention;
pub use reported::{Invalid, Part, Reported, ReportedUsage, WhyInvalid};
pub use settle::{Adjustment, Buckets, Usage};

pub(crate) use convention::{Accounting, Reading};
pub(crate) use settle::{Context, settle};

/// Largest count of tokens that is believed: 2^40.
pub const COUNT_MAX: u64 = 1 << 40;

#[cfg(test)]
mod tests;
