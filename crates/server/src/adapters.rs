//! The ports over ingest and query. Only this folder knows how those two name things.

mod dialects;
mod export;
mod queries;
mod traces;

pub use dialects::Explainer;
