//! The ports over ingest and query. Only this folder knows how those two name things.

mod export;
mod queries;
mod traces;
