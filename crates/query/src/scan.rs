//! From one snapshot to a physical plan.
//!
//! | file | what |
//! |---|---|
//! | `filters` | filters of SQL as filters over stored columns; what they say about pruning |
//! | `prune` | which files can match, by the statistics of the Delta log |
//! | `access` | which row groups can match, by cached bloom filters and attribute indexes |
//! | `reader` | reads Parquet bytes from open files |
//! | `branch` | the plan of one source of rows: memory or files, with corrections or without |
//! | `corrections` | the plan node that applies corrections |
//!
//! *Stored* columns are those of the files, then `date`: ids are bytes, and there is no `project`.

pub(crate) mod access;
pub(crate) mod branch;
pub(crate) mod corrections;
pub(crate) mod filters;
pub(crate) mod prune;
pub(crate) mod reader;
