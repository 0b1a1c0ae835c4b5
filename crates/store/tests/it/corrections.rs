//! Corrections read the same whatever happens between them, against a naive oracle.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use telltale_base::{ErrorKind, UnixNanos};
use telltale_schema::{RECORD_ORDINAL_BITS, Table};
use telltale_store::{Change, CompactionConfig, Correction, Scalar, Store, StoreConfig};
use telltale_wal::RealFs;

use crate::support::{Record, Row, TODAY, append, config, numbers, open, project, read, span};

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    /// Corrects the row at a place, modulo the rows there are.
    Correct(Vec<(u16, Edit)>),
    Flush,
    Maintain,
    Reopen,
}

#[derive(Clone, Debug)]
enum Edit {
    Kind(u8),
    Message(Option<u8>),
    Flags(Option<i64>),
    Delete,
    /// With a hint at a partition where the row is not.
    Astray(u8),
}

fn kinds() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => any::<u8>().prop_map(Edit::Kind),
        3 => any::<Option<u8>>().prop_map(Edit::Message),
        3 => any::<Option<i64>>().prop_map(Edit::Flags),
        1 => Just(Edit::Delete),
        1 => any::<u8>().prop_map(Edit::Astray),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..6_u8).prop_map(Step::Append),
        6 => prop::collection::vec((any::<u16>(), kinds()), 1..5).prop_map(Step::Correct),
        2 => Just(Step::Flush),
        2 => Just(Step::Maintain),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

/// What every row should read as, deleted ones being gone.
#[derive(Default)]
struct Oracle {
    /// Number and id of every row ever.
    ids: Vec<(i64, i64, i32)>,
    rows: BTreeMap<i64, Row>,
}

fn settings(dir: &Path) -> StoreConfig {
    // Every two files of a date are worth merging, so that merging happens at all.
    let compaction = CompactionConfig { files_max: 2, ..CompactionConfig::default() };
    StoreConfig { compaction, ..config(dir) }
}

impl Oracle {
    async fn append(&mut self, store: &Store, count: u8) {
        let first = i64::try_from(self.ids.len()).unwrap();
        let records: Vec<Record> = (0..i64::from(count))
            .map(|n| Record {
                table: Table::Spans,
                number: first + n,
                date: TODAY - i32::from((first + n) % 3 == 0),
            })
            .collect();
        let seq = append(store, &project("p"), &records).await.unwrap();
        for (ordinal, record) in (0_i64..).zip(records) {
            let record_id = (i64::try_from(seq).unwrap() << RECORD_ORDINAL_BITS) + ordinal;
            self.ids.push((record.number, record_id, record.date));
            let row = Row { record_id, kind: "internal".into(), status_message: None, flags: None };
            self.rows.insert(record.number, row);
        }
    }

    async fn correct(&mut self, store: &Store, changes: &[(u16, Edit)]) {
        let mut corrections = Vec::new();
        for (at, kind) in changes {
            let Some((number, record_id, date)) =
                self.ids.get(usize::from(*at) % self.ids.len().max(1)).copied()
            else {
                return;
            };
            let mut date = date;
            let row = self.rows.get_mut(&number);
            let set = |name: &str, value| Change::Set(vec![(name.to_owned(), value)]);
            let text = |v: &u8| Scalar::Text(format!("a text that is long enough, {v}"));
            let change = match kind {
                Edit::Kind(v) | Edit::Astray(v) => {
                    if matches!(kind, Edit::Astray(_)) {
                        date = TODAY + 7;
                    }
                    if let Some(row) = row {
                        row.kind = format!("a text that is long enough, {v}");
                    }
                    set("kind", text(v))
                }
                Edit::Message(v) => {
                    if let Some(row) = row {
                        row.status_message = v.map(|v| format!("a text that is long enough, {v}"));
                    }
                    set("status_message", v.as_ref().map_or(Scalar::Null, text))
                }
                Edit::Flags(v) => {
                    if let Some(row) = row {
                        row.flags = *v;
                    }
                    set("flags", v.map_or(Scalar::Null, Scalar::Int))
                }
                Edit::Delete => {
                    self.rows.remove(&number);
                    Change::Delete
                }
            };
            corrections.push(Correction { record_id, date, change });
        }
        store.correct(&project("p"), Table::Spans, corrections).await.unwrap();
    }

    fn check(&self, store: &Store) {
        let rows = read(&store.snapshot(&project("p"), Table::Spans));
        let expected: BTreeMap<_, _> =
            self.rows.iter().map(|(number, row)| (*number, vec![row.clone()])).collect();
        assert_eq!(rows, expected);
    }
}

async fn run(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let mut store: Arc<Store> = open(settings(dir.path()), RealFs).await.unwrap();
    let mut oracle = Oracle::default();
    for step in steps {
        match step {
            Step::Append(count) => oracle.append(&store, count).await,
            Step::Correct(changes) => oracle.correct(&store, &changes).await,
            Step::Flush => store.flush().await.unwrap(),
            Step::Maintain => store.maintain().await.unwrap(),
            Step::Reopen => {
                store.close().await;
                store = open(settings(dir.path()), RealFs).await.unwrap();
            }
        }
        oracle.check(&store);
    }
    // In the end nothing is pending: the files alone say the same.
    store.flush().await.unwrap();
    store.maintain().await.unwrap();
    assert!(store.snapshot(&project("p"), Table::Spans).corrections.is_empty());
    oracle.check(&store);
    assert!(store.health().problems(UnixNanos::default(), std::time::Duration::MAX).is_empty());
    store.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn corrections_read_the_same_in_any_interleaving(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(steps));
    }
}

#[tokio::test]
async fn what_cannot_be_corrected_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let seq = append(&store, &p, &[span(1)]).await.unwrap();
    let record_id = i64::try_from(seq).unwrap() << RECORD_ORDINAL_BITS;
    let set = |name: &str, value| Correction {
        record_id,
        date: TODAY,
        change: Change::Set(vec![(name.to_owned(), value)]),
    };
    let fine = set("kind", Scalar::Text("server".into()));
    for (wrong, says) in [
        (set("nonsense", Scalar::Null), "no column"),
        (set("trace_id", Scalar::Bytes(vec![1; 16])), "cannot be corrected"),
        (set("kind", Scalar::Null), "kind of value"),
        (set("flags", Scalar::Text("1".into())), "kind of value"),
    ] {
        let error = store.correct(&p, Table::Spans, vec![fine.clone(), wrong]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(store.snapshot(&p, Table::Spans).corrections.is_empty());
    // A row that does not exist yet must not be changed when it comes.
    let future = Correction { record_id: record_id << 4, ..fine };
    store.correct(&p, Table::Spans, vec![future]).await.unwrap();
    assert!(store.snapshot(&p, Table::Spans).corrections.is_empty());
    assert_eq!(numbers(&store, &p, Table::Spans), [1]);
    store.close().await;
}
