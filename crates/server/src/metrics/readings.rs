//! Readings of the ports, as metrics of one scrape.

use std::borrow::Cow;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use telltale_base::Signal;

use super::{Labels, Text};
use crate::ports::{ExportStats, SignalExports, Vitals};
use crate::state::Shared;

pub(super) fn registry(shared: &Shared) -> Registry {
    let mut registry = Registry::with_prefix("telltale");
    exports(&mut registry, &shared.exporter.stats());
    vitals(&mut registry, &shared.vital.read());
    let in_flight = u64::try_from(shared.in_flight.used()).unwrap_or(u64::MAX);
    gauge(&mut registry, "exports_in_flight_bytes", "Bytes of exports being received", in_flight);
    let queries = shared.queries.stats();
    let memory = queries.memory_bytes;
    gauge(&mut registry, "query_memory_bytes", "Bytes of memory held by running queries", memory);
    let panics = Counter::<u64>::default();
    panics.inc_by(shared.metrics.panics.get().saturating_add(queries.panics));
    registry.register("panics", "Requests and queries that hit a bug", panics);
    registry
}

fn exports(registry: &mut Registry, stats: &ExportStats) {
    type Read = fn(&SignalExports) -> u64;
    let by_signal: [(&str, &str, Read); 5] = [
        ("export_bytes", "Bytes of acknowledged exports after decompression", |s| s.bytes),
        ("records_accepted", "Records stored", |s| s.accepted),
        ("records_rejected", "Records refused for good", |s| s.rejected),
        ("records_duplicate", "Records stored before by another export", |s| s.duplicate_records),
        ("exports_duplicate", "Exports recognised as retries", |s| s.duplicate_exports),
    ];
    for (name, help, read) in by_signal {
        let family = Family::<Labels<1>, Counter>::default();
        for (signal, stats) in Signal::ALL.iter().zip(&stats.signals) {
            let label = [("signal", Cow::Borrowed(signal.name()))];
            family.get_or_create(&label).inc_by(read(stats));
        }
        registry.register(name, help, family);
    }
    let masked = Family::<Labels<1>, Counter>::default();
    for (rule, count) in &stats.masked {
        masked.get_or_create(&[("rule", Cow::Owned(rule.clone()))]).inc_by(*count);
    }
    registry.register("values_masked", "Secrets masked before they were stored", masked);
}

fn vitals(registry: &mut Registry, vitals: &Vitals) {
    let quarantined = u64::try_from(vitals.quarantined.len()).unwrap_or(u64::MAX);
    for (name, help, value) in [
        ("wal_bytes", "Bytes of the write-ahead log", vitals.wal_bytes),
        ("memtable_bytes", "Bytes of records in memory", vitals.memtable_bytes),
        ("memtable_rows", "Records in memory", vitals.memtable_rows),
        ("disk_free_bytes", "Bytes free on the data disk", vitals.disk_free_bytes),
        (
            "disk_reserve_bytes",
            "Free bytes below which ingest is refused",
            vitals.disk_reserve_bytes,
        ),
        ("quarantined_items", "Damaged items set aside", quarantined),
    ] {
        gauge(registry, name, help, value);
    }
    let dropped = Counter::<u64>::default();
    dropped.inc_by(vitals.wal_dropped_bytes);
    let help = "Bytes at the end of the write-ahead log that held no whole record at the start";
    registry.register("wal_dropped_bytes", help, dropped);
    let lag = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    lag.set(vitals.ingest_lag.as_secs_f64());
    registry.register("ingest_lag_seconds", "Time from acknowledgement to visibility", lag);
    tables(registry, vitals);
    for (name, help, value) in [
        (
            "own_spans_exported",
            "Spans of this server's own traces that were exported",
            vitals.own_spans_exported,
        ),
        (
            "own_spans_dropped",
            "Spans of this server's own traces that were lost",
            vitals.own_spans_dropped,
        ),
        ("ledger_calls", "Provider calls entered in the ledger", vitals.ledger_calls),
        ("ledger_changes", "Calls changed or removed by later reports", vitals.ledger_changes),
        ("ledger_lookups", "Times earlier reports were read back", vitals.ledger_lookups),
        (
            "ledger_lookups_failed",
            "Times this failed, so that a call may be counted twice",
            vitals.ledger_lookups_failed,
        ),
    ] {
        let counter = Counter::<u64>::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
    let idle = Family::<Labels<1>, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    for task in &vitals.tasks {
        let label = [("task", Cow::Owned(task.name.clone()))];
        idle.get_or_create(&label).set(task.idle.as_secs_f64());
    }
    registry.register("task_idle_seconds", "Time since a background task made progress", idle);
}

fn tables(registry: &mut Registry, vitals: &Vitals) {
    let [files, rows, bytes] = [(); 3].map(|()| Family::<Labels<1>, Gauge>::default());
    for table in &vitals.tables {
        let label = [("table", Text::Owned(table.name.clone()))];
        files.get_or_create(&label).set(signed(table.files));
        rows.get_or_create(&label).set(signed(table.rows));
        bytes.get_or_create(&label).set(signed(table.bytes));
    }
    registry.register("table_files", "Data files of a table", files);
    registry.register("table_rows", "Rows in data files of a table", rows);
    registry.register("table_bytes", "Bytes of data files of a table", bytes);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(signed(value));
    registry.register(name, help, gauge);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
