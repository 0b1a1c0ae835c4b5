//! When to flush which tables. Pure.

use std::time::Duration;

use telltale_schema::Table;

use crate::StoreConfig;

/// What one table holds in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) table: Table,
    pub(crate) bytes: usize,
    /// When its oldest row came, in monotonic time; `None` when it has none.
    pub(crate) since: Option<Duration>,
}

/// The tables to flush now. `None` when there is nothing to do; an empty list when only the log
/// must be trimmed.
pub(crate) fn due(
    loads: &[Load],
    wal_bytes: u64,
    config: &StoreConfig,
    now: Duration,
) -> Option<Vec<Table>> {
    if wal_bytes > config.wal_bytes_max {
        return Some(loads.iter().filter(|l| l.since.is_some()).map(|l| l.table).collect());
    }
    let old =
        |load: &Load| load.since.is_some_and(|since| now.saturating_sub(since) >= config.flush_age);
    let tables: Vec<Table> = loads
        .iter()
        .filter(|load| load.bytes >= config.flush_bytes || old(load))
        .map(|load| load.table)
        .collect();
    (!tables.is_empty()).then_some(tables)
}

#[cfg(test)]
mod tests;
