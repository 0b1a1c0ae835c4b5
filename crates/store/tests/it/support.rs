//! A data directory, a decoder for a toy payload, and reading everything back naively.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use telltale_base::{Project, UnixNanos};
use telltale_schema::{LogRow, LogsBuilder, SpanRow, SpansBuilder, Table};
use telltale_store::{
    Append, DecodedFrame, FrameDecoder, Snapshot, Store, StoreConfig, StoreError,
};
use telltale_testkit::FakeClock;
use telltale_wal::{Fs, WalConfig};

/// 2025-06-15 in days since 1970.
pub(crate) const TODAY: i32 = 20_254;

/// A record of the toy payload: everything in it follows from its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) table: Table,
    pub(crate) number: i64,
    pub(crate) date: i32,
}

pub(crate) fn span(number: i64) -> Record {
    Record { table: Table::Spans, number, date: TODAY }
}

pub(crate) fn project(name: &str) -> Project {
    Project::new(name).unwrap()
}

/// Encodes as lines `table number date` behind the project's name.
fn encode(project: &Project, records: &[Record]) -> Vec<Bytes> {
    let line = |r: &Record| format!("{} {} {}\n", r.table.name(), r.number, r.date);
    let lines = records.iter().map(line).collect::<Vec<_>>().concat();
    vec![Bytes::from(format!("{project}\n")), Bytes::from(lines)]
}

fn batches(records: &[Record]) -> Vec<(Table, RecordBatch)> {
    let (mut spans, mut logs) = (SpansBuilder::new(), LogsBuilder::new());
    for record in records {
        let time = i64::from(record.date) * UnixNanos::DAY + record.number;
        let trace = [&[7; 8], record.number.to_be_bytes().as_slice()].concat();
        let name = format!("operation {}", record.number % 5);
        let service = format!("service {}", record.number % 3);
        let attributes =
            format!("{{\"number\":{},\"parity\":\"{}\"}}", record.number, record.number % 2);
        match record.table {
            Table::Spans => spans.append(&SpanRow {
                date: record.date,
                trace_id: &trace,
                span_id: &record.number.to_be_bytes(),
                name: &name,
                kind: "internal",
                service_name: &service,
                start_time: time / 1000,
                start_unix_nano: time,
                duration_ns: record.number,
                status_code: "unset",
                attributes: &attributes,
                resource: "{}",
                ..SpanRow::default()
            }),
            Table::Logs => logs.append(&LogRow {
                date: record.date,
                time: time / 1000,
                time_unix_nano: time,
                observed_unix_nano: record.number,
                trace_id: Some(&trace),
                service_name: &service,
                body: Some(&name),
                attributes: &attributes,
                resource: "{}",
                ..LogRow::default()
            }),
            Table::Metrics | Table::Histograms | Table::Calls => {
                panic!("not in the toy payload")
            }
        }
    }
    let mut batches = Vec::new();
    if !spans.is_empty() {
        batches.push((Table::Spans, spans.finish().unwrap()));
    }
    if !logs.is_empty() {
        batches.push((Table::Logs, logs.finish().unwrap()));
    }
    batches
}

#[derive(Debug)]
struct ToyDecoder;

impl FrameDecoder for ToyDecoder {
    fn decode(&self, payload: &[u8], _derived: &[u8]) -> Result<DecodedFrame, String> {
        let text = std::str::from_utf8(payload).map_err(|e| e.to_string())?;
        let mut lines = text.lines();
        let project = Project::new(lines.next().ok_or("empty")?).map_err(|e| e.to_string())?;
        let record = |line: &str| -> Option<Record> {
            let mut words = line.split(' ');
            Some(Record {
                table: Table::from_name(words.next()?)?,
                number: words.next()?.parse().ok()?,
                date: words.next()?.parse().ok()?,
            })
        };
        let records: Option<Vec<Record>> = lines.map(record).collect();
        Ok(DecodedFrame { project, batches: batches(&records.ok_or("not a record")?) })
    }

    fn before_trim(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Small limits, so that tests reach them.
pub(crate) fn config(dir: &Path) -> StoreConfig {
    StoreConfig {
        wal: WalConfig { segment_bytes: 64 << 10, ..WalConfig::default() },
        disk_reserve_bytes: 0,
        row_group_rows: 64,
        fold_interval: Duration::ZERO,
        vacuum_grace: Duration::ZERO,
        checkpoint_commits: 3,
        ..StoreConfig::new(dir)
    }
}

pub(crate) fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::new(UnixNanos(i64::from(TODAY) * UnixNanos::DAY + UnixNanos::DAY / 2)))
}

pub(crate) async fn open(
    config: StoreConfig,
    fs: impl Fs + 'static,
) -> Result<Arc<Store>, StoreError> {
    open_at(config, fs, clock()).await
}

pub(crate) async fn open_at(
    config: StoreConfig,
    fs: impl Fs + 'static,
    clock: Arc<FakeClock>,
) -> Result<Arc<Store>, StoreError> {
    Store::open(config, Arc::new(fs), clock, Arc::new(ToyDecoder)).await
}

pub(crate) async fn append(
    store: &Store,
    project: &Project,
    records: &[Record],
) -> Result<u64, StoreError> {
    let payload = encode(project, records);
    store
        .append(Append {
            project: project.clone(),
            payload,
            batches: batches(records),
            derive: None,
        })
        .await
}

/// What reading a row gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) record_id: i64,
    pub(crate) kind: String,
    pub(crate) status_message: Option<String>,
    pub(crate) flags: Option<i64>,
}

/// All rows of a snapshot by their number, corrected.
pub(crate) fn read(snapshot: &Snapshot) -> BTreeMap<i64, Vec<Row>> {
    let mut rows = BTreeMap::new();
    for batch in &snapshot.memory {
        collect(snapshot, batch, &mut rows);
    }
    for file in &snapshot.files {
        let mut found = 0;
        for batch in read_file(snapshot.table, &file.path) {
            found += batch.num_rows() as u64;
            collect(snapshot, &batch, &mut rows);
        }
        assert_eq!(found, file.rows, "{}", file.path.display());
    }
    rows
}

pub(crate) fn read_file(table: Table, path: &Path) -> Vec<RecordBatch> {
    let file = std::fs::File::open(path).unwrap();
    let fields: Vec<_> = table.file_schema().fields().iter().cloned().collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options);
    reader.unwrap().build().unwrap().map(Result::unwrap).collect()
}

fn collect(snapshot: &Snapshot, batch: &RecordBatch, rows: &mut BTreeMap<i64, Vec<Row>>) {
    let batch = snapshot.corrections.apply(batch).unwrap();
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let ints = |name: &str| column(name).as_primitive::<Int64Type>().clone();
    let number = match snapshot.table {
        Table::Spans => ints("duration_ns"),
        _ => ints("observed_unix_nano"),
    };
    let (ids, flags) = (ints("record_id"), ints("flags"));
    for row in 0..batch.num_rows() {
        let text = |name: &str| {
            let column = batch.column_by_name(name)?.as_string_view();
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        rows.entry(number.value(row)).or_default().push(Row {
            record_id: ids.value(row),
            kind: text("kind").unwrap_or_default(),
            status_message: text("status_message"),
            flags: flags.is_valid(row).then(|| flags.value(row)),
        });
    }
}

/// The numbers of a table's rows, each of which must be there once.
pub(crate) fn numbers(store: &Store, project: &Project, table: Table) -> Vec<i64> {
    let rows = read(&store.snapshot(project, table));
    for (number, rows) in &rows {
        assert_eq!(rows.len(), 1, "row {number} is there {} times", rows.len());
    }
    rows.into_keys().collect()
}
