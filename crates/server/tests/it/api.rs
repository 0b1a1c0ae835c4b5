//! `/api/v1`, resource by resource.

mod backups;
mod genai;
mod health;
mod keys;
mod schema;
mod sql;
mod tail;
mod traces;
