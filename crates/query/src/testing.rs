//! What tests share: spans in short form, snapshots by hand, a real store.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{Date32Type, Int64Type};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use serde_json::Value;
use telltale_base::{Project, SystemClock, UnixNanos};
use telltale_schema::{RECORD_ORDINAL_BITS, SpanRow, SpansBuilder, Table, assign_record_ids};
use telltale_store::{
    Append, AttributeCatalogue, CatalogueConfig, Correction, Corrections, DataFile, DecodedFrame,
    FileCheck, FrameDecoder, Snapshot, Store, StoreConfig, StoredCatalogue,
};
use telltale_wal::RealFs;
use tempfile::TempDir;

use crate::encode::{Format, encode};
use crate::{Engine, QueryConfig, QueryError, Source, SqlRequest};

/// 2026-01-01T00:00:00Z.
pub(crate) const T0: i64 = 1_767_225_600_000_000_000;

/// A span in short form: ids repeat one byte, parent 0 is none, starts count seconds from [`T0`].
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "a span has a span id")]
pub(crate) struct Span {
    pub(crate) trace: u8,
    pub(crate) span: u8,
    pub(crate) parent: u8,
    pub(crate) name: &'static str,
    pub(crate) service: &'static str,
    pub(crate) status: &'static str,
    pub(crate) start: i64,
    pub(crate) duration_ns: i64,
    pub(crate) attributes: String,
    pub(crate) resource: String,
}

pub(crate) fn span(trace: u8, span: u8, parent: u8, start: i64) -> Span {
    Span {
        trace,
        span,
        parent,
        name: "op",
        service: "api",
        status: "unset",
        start,
        duration_ns: 1_000_000,
        attributes: "{}".into(),
        resource: r#"{"service.name":"api"}"#.into(),
    }
}

/// Spans as a batch with ordinals.
pub(crate) fn batch(spans: &[Span]) -> RecordBatch {
    let mut builder = SpansBuilder::new();
    for span in spans {
        let start = T0 + span.start * 1_000_000_000;
        let parent = [span.parent; 8];
        builder.append(&SpanRow {
            date: UnixNanos(start).day(),
            trace_id: &[span.trace; 16],
            span_id: &[span.span; 8],
            parent_span_id: (span.parent != 0).then_some(&parent),
            name: span.name,
            kind: "internal",
            service_name: span.service,
            start_time: UnixNanos(start).micros(),
            start_unix_nano: start,
            duration_ns: span.duration_ns,
            status_code: span.status,
            attributes: &span.attributes,
            resource: &span.resource,
            ..SpanRow::default()
        });
    }
    builder.finish().unwrap()
}

/// The same with the ids of frame `seq`.
pub(crate) fn batch_of(seq: i64, spans: &[Span]) -> RecordBatch {
    assign_record_ids(&batch(spans), seq << RECORD_ORDINAL_BITS).unwrap()
}

/// Record id of a span of a frame.
pub(crate) fn record_id(seq: i64, ordinal: i64) -> i64 {
    (seq << RECORD_ORDINAL_BITS) + ordinal
}

/// Writes rows of one day as a data file with small row groups and bloom filters on trace ids.
pub(crate) fn write_file(dir: &Path, name: &str, batch: &RecordBatch) -> Arc<DataFile> {
    let path = dir.join(name);
    let schema = Table::Spans.file_schema();
    let places: Vec<usize> =
        schema.fields().iter().map(|f| batch.schema().index_of(f.name()).unwrap()).collect();
    let rows = batch.project(&places).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(3))
        .set_column_bloom_filter_enabled(ColumnPath::from("trace_id"), true)
        .build();
    let file = OpenOptions::new().create_new(true).write(true).open(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let ints = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
    let (times, records) = (ints("start_unix_nano"), ints("record_id"));
    let dates = batch.column_by_name("date").unwrap().as_primitive::<Date32Type>();
    assert_eq!(min(dates), max(dates), "a file is of one day");
    Arc::new(DataFile {
        bytes: std::fs::metadata(&path).unwrap().len(),
        path,
        date: min(dates).unwrap(),
        rows: batch.num_rows() as u64,
        time_min: min(&times).unwrap(),
        time_max: max(&times).unwrap(),
        record_min: min(&records).unwrap(),
        record_max: max(&records).unwrap(),
    })
}

/// Snapshots set by hand; everything else is empty.
#[derive(Debug, Default)]
pub(crate) struct ByHand(Mutex<HashMap<(Project, Table), Snapshot>>);

impl ByHand {
    pub(crate) fn set(&self, snapshot: Snapshot) {
        let key = (snapshot.project.clone(), snapshot.table);
        self.0.lock().unwrap().insert(key, snapshot);
    }

    pub(crate) fn spans(
        &self,
        project: &Project,
        memory: Vec<RecordBatch>,
        files: Vec<Arc<DataFile>>,
        corrections: impl IntoIterator<Item = Correction>,
    ) {
        self.set(Snapshot {
            project: project.clone(),
            table: Table::Spans,
            memory,
            files,
            corrections: Arc::new(corrections.into_iter().collect::<Corrections>()),
        });
    }
}

#[async_trait::async_trait]
impl Source for ByHand {
    fn snapshot(&self, project: &Project, table: Table) -> Snapshot {
        let found = self.0.lock().unwrap().get(&(project.clone(), table)).cloned();
        found.unwrap_or_else(|| Snapshot {
            project: project.clone(),
            table,
            memory: Vec::new(),
            files: Vec::new(),
            corrections: Arc::default(),
        })
    }

    async fn check_file(&self, _path: &Path) -> FileCheck {
        FileCheck::Sound
    }

    fn catalogue(&self, _: &Project, _: Table) -> StoredCatalogue {
        StoredCatalogue {
            version: 0,
            position: 0,
            complete: true,
            corrected: false,
            catalogue: AttributeCatalogue::new(CatalogueConfig::default()),
        }
    }

    fn catalogue_version(&self, _: &Project, _: Table) -> u64 {
        0
    }
}

/// Limits small enough for tests.
pub(crate) fn config() -> QueryConfig {
    QueryConfig { threads: 2, ..QueryConfig::default() }
}

pub(crate) fn project() -> Project {
    Project::default_project()
}

/// An engine over spans in memory.
pub(crate) fn engine_of(spans: &[Span]) -> Arc<Engine> {
    let source = ByHand::default();
    source.spans(&project(), vec![batch_of(1, spans)], Vec::new(), []);
    Engine::new(Arc::new(source), config()).unwrap()
}

/// The rows of a query.
pub(crate) async fn rows(engine: &Engine, query: &str) -> Result<Vec<Value>, QueryError> {
    let answer = json(engine, &project(), query, Vec::new()).await?;
    Ok(answer["rows"].as_array().unwrap().clone())
}

/// The whole JSON answer of a query.
pub(crate) async fn json(
    engine: &Engine,
    project: &Project,
    query: &str,
    params: Vec<Value>,
) -> Result<Value, QueryError> {
    let request = SqlRequest { query: query.into(), params, ..SqlRequest::default() };
    let bytes = bytes(engine.sql(project, request).await?, Format::Json).await?;
    Ok(serde_json::from_slice(&bytes).unwrap())
}

/// All bytes of an encoded result.
pub(crate) async fn bytes(stream: crate::SqlStream, format: Format) -> Result<Vec<u8>, QueryError> {
    let chunks: Vec<bytes::Bytes> = encode(stream, format).try_collect().await?;
    Ok(chunks.concat())
}

/// A store in a folder of its own, with row groups of four rows.
pub(crate) struct RealStore {
    pub(crate) store: Arc<Store>,
    _dir: TempDir,
}

#[derive(Debug)]
struct NeverReplays;

impl FrameDecoder for NeverReplays {
    fn decode(&self, _: &[u8], _: &[u8]) -> Result<DecodedFrame, String> {
        Err("these tests do not reopen".into())
    }

    fn before_trim(&self) -> Result<(), String> {
        Ok(())
    }
}

impl RealStore {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::new(dir.path());
        config.row_group_rows = 4;
        config.disk_reserve_bytes = 0;
        let clock = Arc::new(SystemClock::new());
        let opening =
            Box::pin(Store::open(config, Arc::new(RealFs), clock, Arc::new(NeverReplays)));
        Self { store: opening.await.unwrap(), _dir: dir }
    }

    /// Appends spans as one frame; its sequence number.
    pub(crate) async fn append(&self, project: &Project, spans: &[Span]) -> u64 {
        let append = Append {
            project: project.clone(),
            payload: vec![bytes::Bytes::from_static(b"x")],
            batches: vec![(Table::Spans, batch(spans))],
            derive: None,
        };
        self.store.append(append).await.unwrap()
    }

    pub(crate) fn engine(&self) -> Arc<Engine> {
        Engine::new(Arc::clone(&self.store), config()).unwrap()
    }
}

/// The first two digits of an id, which say all of it in tests.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(2).collect()
}
