//! The server's ports that no other crate can implement: they join two that do not know each other.

mod amend;
mod backup;
mod known;
mod own_traces;
mod pg;
mod rows;
mod tail;
mod vital;

pub(crate) use amend::IngestAmend;
pub(crate) use backup::DataBackup;
pub(crate) use known::EngineKnown;
pub(crate) use own_traces::OwnProject;
pub(crate) use pg::PgSessions;
pub(crate) use rows::EngineRows;
pub(crate) use tail::StoreTail;
pub(crate) use vital::StoreVital;
