//! Functions of our own.

pub(crate) mod bounded;
pub(crate) mod hex;
