//! Each trigger at its edge.

use std::time::Duration;

use telltale_schema::Table;

use super::{Load, due};
use crate::StoreConfig;

const AGE: Duration = Duration::from_mins(5);

fn check(spans: (usize, Option<u64>), wal_bytes: u64, tables: Option<&[Table]>) {
    let config = StoreConfig {
        flush_bytes: 1000,
        flush_age: AGE,
        wal_bytes_max: 5000,
        ..StoreConfig::new("unused")
    };
    let loads = [
        Load { table: Table::Spans, bytes: spans.0, since: spans.1.map(Duration::from_secs) },
        Load { table: Table::Logs, bytes: 1, since: Some(Duration::from_mins(15)) },
        Load { table: Table::Metrics, bytes: 0, since: None },
    ];
    let found = due(&loads, wal_bytes, &config, Duration::from_secs(1000));
    assert_eq!(found.as_deref(), tables);
}

#[test]
fn size_age_and_log_each_trigger() {
    check((999, Some(999)), 5000, None);
    check((1000, Some(999)), 5000, Some(&[Table::Spans]));
    check((1, Some(701)), 0, None);
    check((1, Some(700)), 0, Some(&[Table::Spans]));
    check((1, Some(999)), 5001, Some(&[Table::Spans, Table::Logs]));
    check((0, None), 5001, Some(&[Table::Logs]));
}
