//! `/api/v1`, resource by resource.

mod health;
mod keys;
mod schema;
mod sql;
mod tail;
mod traces;
