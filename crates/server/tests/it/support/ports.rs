//! What stands behind the server, played: it remembers what it was asked and answers as told.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, StringViewArray};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use telltale_base::{ErrorKind, Project, Signal, SpanId, TraceId};
use telltale_server::ports::{
    Arrival, Arrivals, AttributeKey, AttributeQuery, Attributes, Backup, BackupReport, ColumnInfo,
    Dialects, Encoding, Explanation, ExportStats, Exporter, Format, Pieces, Queries, QueryStats,
    Receipt, Refusal, SpanExplanation, SqlRequest, TableInfo, Tail, TracePage, TraceRequest,
    TraceSearch, TraceSummary, TraceView, Vital, Vitals,
};
use tokio::sync::{Notify, Semaphore, broadcast};

/// One export that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exported {
    pub(crate) project: String,
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) body: Bytes,
}

#[derive(Debug, Default)]
pub(crate) struct FakeExporter {
    pub(crate) exports: Mutex<Vec<Exported>>,
    /// Answers to give, in order; afterwards full success.
    pub(crate) answers: Mutex<VecDeque<Result<Receipt, Refusal>>>,
    pub(crate) stats: Mutex<ExportStats>,
    /// When set, an export waits for `release`.
    pub(crate) hold: AtomicUsize,
    pub(crate) holding: Notify,
    pub(crate) release: Notify,
    /// When set, an export is a bug.
    pub(crate) panics: AtomicUsize,
}

impl FakeExporter {
    pub(crate) fn answer(&self, answer: Result<Receipt, Refusal>) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn seen(&self) -> Vec<Exported> {
        self.exports.lock().unwrap().clone()
    }
}

#[async_trait]
impl Exporter for FakeExporter {
    async fn export(
        &self,
        project: &Project,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
    ) -> Result<Receipt, Refusal> {
        assert_eq!(self.panics.load(Ordering::SeqCst), 0, "a bug, on purpose");
        if self.hold.load(Ordering::SeqCst) > 0 {
            self.holding.notify_one();
            self.release.notified().await;
        }
        let export = Exported { project: project.to_string(), signal, encoding, body };
        self.exports.lock().unwrap().push(export);
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Receipt::default()))
    }

    fn stats(&self) -> ExportStats {
        self.stats.lock().unwrap().clone()
    }
}

pub(crate) fn batch(from: i64, rows: i64) -> RecordBatch {
    let ids = Int64Array::from_iter_values(from..from + rows);
    let names = (from..from + rows).map(|n| Some(format!("row {n}")));
    RecordBatch::try_from_iter([
        ("n", Arc::new(ids) as ArrayRef),
        ("text", Arc::new(names.collect::<StringViewArray>())),
    ])
    .unwrap()
}

/// A piece of an answer.
pub(crate) const PIECE: &[u8] = &[b'x'; 10_000];

/// Answers to SQL by its text: `pieces N`, `wrong` and `busy` (refused), `soon` and `late` (refused
/// after one and after many pieces), `again N` (refused after one piece the first N times, as one
/// that can be asked again at once), `endless`.
#[derive(Debug, Default)]
pub(crate) struct FakeQueries {
    pub(crate) asked: Mutex<Vec<(String, SqlRequest, Format)>>,
    pub(crate) searched: Mutex<Vec<(String, TraceSearch)>>,
    pub(crate) traced: Mutex<Vec<(String, TraceRequest)>>,
    /// Pieces that endless answers have produced.
    pub(crate) produced: Arc<AtomicU64>,
    /// Told when an endless answer is dropped.
    pub(crate) dropped: Arc<Notify>,
}

struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl FakeQueries {
    fn endless(&self) -> Pieces {
        let state = (Arc::clone(&self.produced), OnDrop(Arc::clone(&self.dropped)));
        let pieces = stream::unfold(state, |(produced, on_drop)| async move {
            produced.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Some((Ok(Bytes::from_static(PIECE)), (produced, on_drop)))
        });
        pieces.boxed()
    }
}

fn pieces(count: usize, end: Option<Refusal>) -> Pieces {
    let pieces = stream::iter(vec![Ok(Bytes::from_static(PIECE)); count]);
    pieces.chain(stream::iter(end.map(Err))).boxed()
}

#[async_trait]
impl Queries for FakeQueries {
    async fn sql(
        &self,
        project: &Project,
        request: SqlRequest,
        format: Format,
    ) -> Result<Pieces, Refusal> {
        let query = request.query.clone();
        let before = {
            let mut asked = self.asked.lock().unwrap();
            asked.push((project.to_string(), request, format));
            asked.len() - 1
        };
        match query.split_once(' ').unwrap_or((&query, "")) {
            ("pieces", count) => Ok(pieces(count.parse().unwrap(), None)),
            ("wrong", _) => Err(Refusal::new(ErrorKind::Invalid, "there is no column \"nmae\"")),
            ("busy", _) => Err(Refusal::busy("all is in use", Duration::from_millis(1500))),
            ("soon", _) => {
                let refusal = Refusal::new(ErrorKind::TooLarge, "memory is used up");
                Ok(pieces(1, Some(refusal)))
            }
            ("again", times) if before < times.parse().unwrap() => {
                let mut refusal = Refusal::new(ErrorKind::Corrupt, "file x was set aside");
                refusal.retry_after = Some(Duration::ZERO);
                Ok(pieces(1, Some(refusal)))
            }
            ("again", _) => Ok(pieces(2, None)),
            ("late", _) => {
                let refusal = Refusal::new(ErrorKind::Cancelled, "longer than 30 s");
                Ok(pieces(200, Some(refusal)))
            }
            _ => Ok(self.endless()),
        }
    }

    async fn search_traces(
        &self,
        project: &Project,
        search: TraceSearch,
    ) -> Result<TracePage, Refusal> {
        self.searched.lock().unwrap().push((project.to_string(), search));
        let trace_id = "0af7651916cd43dd8448eb211c80319c".to_owned();
        let start_unix_nano = "1700000000000000001".to_owned();
        let found = TraceSummary { trace_id, start_unix_nano, ..TraceSummary::default() };
        Ok(TracePage { traces: vec![found], next_cursor: Some("next".to_owned()) })
    }

    async fn trace(&self, project: &Project, request: TraceRequest) -> Result<TraceView, Refusal> {
        let id = request.trace_id.to_string();
        self.traced.lock().unwrap().push((project.to_string(), request));
        if id.starts_with("dead") {
            return Err(Refusal::new(ErrorKind::NotFound, format!("no span of trace {id}")));
        }
        Ok(TraceView { trace_id: id, span_count: 3, ..TraceView::default() })
    }

    fn schema(&self) -> Vec<TableInfo> {
        let column = ColumnInfo {
            name: "trace_id".to_owned(),
            data_type: "text".to_owned(),
            nullable: false,
            description: "Id.".to_owned(),
        };
        let description = "One row a span.".to_owned();
        vec![TableInfo { name: "spans".to_owned(), description, columns: vec![column] }]
    }

    async fn attributes(
        &self,
        project: &Project,
        query: AttributeQuery,
    ) -> Result<Attributes, Refusal> {
        let key = AttributeKey {
            key: format!("{}:{}", project, query.prefix.unwrap_or_default()),
            scope: query.table,
            types: query.key.into_iter().collect(),
            ..AttributeKey::default()
        };
        Ok(Attributes { keys: vec![key], keys_left_out: 3, complete: true })
    }

    fn stats(&self) -> QueryStats {
        QueryStats { memory_bytes: 7, panics: 2 }
    }
}

/// Explains a body by its length; knows one span, and that `gen_ai.new` has no rule.
#[derive(Debug, Default)]
pub(crate) struct FakeDialects;

impl FakeDialects {
    fn explanation(name: String) -> Explanation {
        let span = SpanExplanation {
            trace_id: "07".repeat(16),
            span_id: "01".repeat(8),
            name,
            scope_name: String::new(),
            dialects: vec!["otel".to_owned()],
            decisions: Vec::new(),
            unmapped: Vec::new(),
        };
        Explanation { rules_version: 1, spans: vec![span] }
    }
}

#[async_trait]
impl Dialects for FakeDialects {
    async fn explain(&self, encoding: Encoding, body: Bytes) -> Result<Explanation, Refusal> {
        Ok(Self::explanation(format!("{encoding:?} {}", body.len())))
    }

    async fn explain_span(
        &self,
        project: &Project,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> Result<Explanation, Refusal> {
        if span_id != SpanId([1; 8]) {
            return Err(Refusal::new(ErrorKind::NotFound, "there is no such span"));
        }
        Ok(Self::explanation(format!("{project} {trace_id}")))
    }

    fn is_unmapped(&self, attribute: &str) -> bool {
        attribute.starts_with("default:")
    }
}

#[derive(Debug)]
pub(crate) struct FakeTail(pub(crate) broadcast::Sender<Arrival>);

impl Default for FakeTail {
    fn default() -> Self {
        Self(broadcast::channel(16).0)
    }
}

impl Tail for FakeTail {
    fn arrivals(&self) -> Arrivals {
        let receiver = self.0.subscribe();
        stream::unfold(receiver, |mut receiver| async move {
            match receiver.recv().await {
                Ok(arrival) => Some((arrival, receiver)),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    Some((Arrival::Missed(missed), receiver))
                }
                Err(broadcast::error::RecvError::Closed) => None,
            }
        })
        .boxed()
    }
}

#[derive(Debug, Default)]
pub(crate) struct FakeVital(pub(crate) Mutex<Vitals>);

impl Vital for FakeVital {
    fn read(&self) -> Vitals {
        self.0.lock().unwrap().clone()
    }
}

/// Makes no backups, but takes as long as it is told and remembers where.
#[derive(Debug)]
pub(crate) struct FakeBackup {
    pub(crate) asked: Mutex<Vec<PathBuf>>,
    /// A backup ends when it gets a permit.
    pub(crate) may_end: Semaphore,
    /// Backups that ran to their end.
    pub(crate) ended: AtomicUsize,
}

impl Default for FakeBackup {
    fn default() -> Self {
        Self { asked: Mutex::default(), may_end: Semaphore::new(0), ended: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Backup for FakeBackup {
    async fn backup(&self, directory: &Path) -> Result<BackupReport, Refusal> {
        self.asked.lock().unwrap().push(directory.to_owned());
        self.may_end.acquire().await.unwrap().forget();
        self.ended.fetch_add(1, Ordering::SeqCst);
        if directory.ends_with("full") {
            return Err(Refusal::new(ErrorKind::Invalid, "it is not empty"));
        }
        Ok(BackupReport { files: 3, bytes: 7 })
    }
}
