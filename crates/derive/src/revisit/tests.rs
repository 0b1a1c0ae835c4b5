//! The job over a real store: what it changes, what it leaves alone, and that it keeps its place.

use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, AsArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use telltale_base::{Signal, SystemClock, UnixNanos};
use telltale_genai::{RuleFile, Rules};
use telltale_otlp::{Context, Encoding, Limits, Masker};
use telltale_store::{Append, DecodedFrame, FrameDecoder, StoreConfig};
use telltale_wal::RealFs;
use tempfile::TempDir;

use super::*;
use crate::Renormalise;

const USER_RULES: &str = r#"
[[dialect]]
id = "house"
name = "A client of our own"
detect = { attributes = ["house.op"] }
rules = [
  { from = "house.op", to = "gen_ai.operation.name" },
  { from = "house.model", to = "gen_ai.request.model" },
]
"#;

/// Payloads are OTLP bodies; the log is not replayed here.
#[derive(Debug)]
struct Bodies;

impl FrameDecoder for Bodies {
    fn decode(&self, _: &[u8], _: &[u8]) -> Result<DecodedFrame, String> {
        Err("no replay in this test".to_owned())
    }

    fn before_trim(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Reads rows that are in memory.
#[derive(Debug)]
struct MemoryRows {
    store: Arc<Store>,
    fails: AtomicBool,
}

impl MemoryRows {
    fn all(&self, project: &Project) -> RecordBatch {
        let snapshot = self.store.snapshot(project, Table::Spans);
        let schema = Table::Spans.memory_schema();
        let rows = concat_batches(&schema, &snapshot.memory).unwrap();
        snapshot.corrections.apply(&rows).unwrap()
    }
}

#[async_trait]
impl StoredRows for MemoryRows {
    async fn page(
        &self,
        project: &Project,
        _: Table,
        after: i64,
        upto: i64,
        limit: usize,
    ) -> Result<Option<Page>, String> {
        if self.fails.swap(false, Ordering::SeqCst) {
            return Err("on purpose".to_owned());
        }
        let all = self.all(project);
        let ids = all.column(0).as_primitive::<Int64Type>().values().to_vec();
        let (mut rows, mut last) = (Vec::new(), None);
        for (row, id) in ids.iter().enumerate().filter(|(_, id)| **id > after && **id <= upto) {
            if rows.len() < limit {
                rows.push(all.slice(row, 1));
                last = Some(*id);
            }
        }
        Ok(last.map(|last| Page { rows, last }))
    }
}

struct Bench {
    folder: TempDir,
    store: Arc<Store>,
    rows: Arc<MemoryRows>,
    project: Project,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (fs, clock) = (Arc::new(RealFs), Arc::new(SystemClock::new()));
        let config = StoreConfig::new(folder.path().join("data"));
        let store = Store::open(config, fs, clock, Arc::new(Bodies)).await.unwrap();
        let rows =
            Arc::new(MemoryRows { store: Arc::clone(&store), fails: AtomicBool::new(false) });
        Self { folder, store, rows, project: Project::new("default").unwrap() }
    }

    async fn append(&self, rules: &Arc<Rules>, spans: &[(&str, &[(&str, &str)])]) {
        let spans: Vec<_> = spans
            .iter()
            .enumerate()
            .map(|(at, (name, attributes))| {
                let attributes: Vec<_> = attributes
                    .iter()
                    .map(|(key, value)| serde_json::json!({"key": key, "value": {"stringValue": value}}))
                    .collect();
                serde_json::json!({
                    "traceId": "07".repeat(16), "spanId": format!("{:016x}", at + 1), "name": name,
                    "startTimeUnixNano": "1767323045000000000", "endTimeUnixNano": "1767323046000000000",
                    "attributes": attributes,
                })
            })
            .collect();
        let body = serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
        let context = Context {
            arrival: UnixNanos(1_767_323_047_000_000_000),
            retention: None,
            limits: Limits::default(),
            rules: Arc::clone(rules),
        };
        let body = Bytes::from(body.to_string());
        let admitted =
            telltale_otlp::admit(Signal::Traces, Encoding::Json, body, &Masker::off(), &context)
                .unwrap();
        let project = self.project.clone();
        let append = Append {
            project,
            payload: vec![admitted.body],
            batches: admitted.batches,
            derive: None,
        };
        self.store.append(append).await.unwrap();
    }

    fn job(&self, rules: &Arc<Rules>) -> Revisit {
        Revisit::new(
            Arc::clone(&self.store),
            Arc::clone(&self.rows) as _,
            Arc::new(Renormalise(Arc::clone(rules))),
            Arc::new(RealFs),
            self.folder.path(),
        )
    }

    /// `name operation model` of each row.
    fn shown(&self) -> Vec<String> {
        let rows = self.rows.all(&self.project);
        let text = |name: &str, row: usize| {
            let column = rows.column_by_name(name).unwrap().as_string_view();
            if column.is_valid(row) { column.value(row).to_owned() } else { "-".to_owned() }
        };
        (0..rows.num_rows())
            .map(|row| {
                let cells = ["name", "operation", "request_model"].map(|column| text(column, row));
                cells.join(" ")
            })
            .collect()
    }
}

async fn finish(job: &Revisit) -> RevisitStatus {
    job.run(CancellationToken::new()).await;
    job.status()
}

fn user_rules() -> Arc<Rules> {
    let file = RuleFile::parse("house", USER_RULES).unwrap();
    Arc::new(Rules::with_user(&[file]).unwrap())
}

#[tokio::test]
async fn stored_spans_follow_rules_that_came_later() {
    let bench = Bench::new().await;
    let builtin = Rules::shared();
    let spans: &[(&str, &[(&str, &str)])] = &[
        ("ours", &[("house.op", "chat"), ("house.model", "m-1")]),
        ("plain", &[("http.route", "/")]),
        ("known", &[("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m-2")]),
    ];
    bench.append(&builtin, spans).await;
    assert_eq!(bench.shown(), ["ours - -", "plain - -", "known chat m-2"]);

    let user = user_rules();
    let status = finish(&bench.job(&user)).await;
    assert_eq!((status.done, status.visited, status.changed), (true, 3, 1));
    assert_eq!(bench.shown(), ["ours chat m-1", "plain - -", "known chat m-2"]);

    // Done is done, also after a restart.
    assert_eq!(finish(&bench.job(&user)).await.visited, 0);

    // Rules that are taken back take their values with them.
    let status = finish(&bench.job(&builtin)).await;
    assert_eq!((status.visited, status.changed), (3, 1));
    assert_eq!(bench.shown(), ["ours - -", "plain - -", "known chat m-2"]);
}

#[tokio::test]
async fn only_rows_of_before_the_change_are_visited() {
    let bench = Bench::new().await;
    let user = user_rules();
    assert_eq!(finish(&bench.job(&user)).await.visited, 0);
    bench.append(&user, &[("late", &[("house.op", "chat")])]).await;
    assert_eq!(finish(&bench.job(&user)).await.visited, 0);
    assert_eq!(bench.shown(), ["late chat -"]);
}

#[tokio::test]
async fn a_job_that_was_stopped_goes_on_from_its_place() {
    let bench = Bench::new().await;
    bench.append(&Rules::shared(), &[("ours", &[("house.op", "chat")])]).await;
    let user = user_rules();
    bench.rows.fails.store(true, Ordering::SeqCst);
    let job = bench.job(&user);
    assert!(job.step().await.is_err(), "a page that cannot be read");
    assert_eq!(bench.shown(), ["ours - -"]);
    assert_eq!(job.step().await.unwrap(), Step::Page);
    assert_eq!(bench.shown(), ["ours chat -"]);
    job.note(&Err(DeriveError::Rows("on purpose".to_owned())));
    assert_eq!(job.status().failing_for, RETRY_PAUSE);
    job.note(&Ok(Step::Page));
    assert_eq!(job.status().failing_for, Duration::ZERO, "what failed once is not stalled");
    let again = bench.job(&user);
    assert_eq!(finish(&again).await.visited, 0, "the page is behind its place");
}
