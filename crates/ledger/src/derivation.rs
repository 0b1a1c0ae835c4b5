//! What one export changes in the ledger, made when its place in the log is known.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use arrow::record_batch::RecordBatch;
use telltale_base::{Project, UnixNanos};
use telltale_genai::ledger::{Booked, Call, Changes, LinkKey, Report};
use telltale_otlp::{Context, partition};
use telltale_schema::Table;
use telltale_store::{Change, Correction, Derive, Derived, Scalar};

use crate::call::{CallRecord, Kept, batch, key, record_id, row_of};
use crate::columns::{SpanFigures, call_scalars, with_figures};
use crate::known::Lesson;
use crate::ledger::{Counters, ODD_DAYS_MAX, ProjectBook, lock};
use crate::pricing::Pricing;

/// A report of the export and its row.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) table: Table,
    pub(crate) ordinal: i64,
    pub(crate) report: Report,
}

/// What has to be settled.
#[derive(Debug)]
pub(crate) enum Work {
    /// The reports of an export.
    New(Vec<Entry>),
    /// Stored reports, as they read by now, with the calls they were settled to.
    Again { keys: BTreeSet<LinkKey>, lesson: Lesson },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Derivation {
    pub(crate) project: Project,
    pub(crate) book: Arc<Mutex<ProjectBook>>,
    pub(crate) work: Work,
    pub(crate) now: u64,
    pub(crate) days: Context,
    pub(crate) pricing: Pricing,
    pub(crate) counters: Arc<Counters>,
}

impl Derive for Derivation {
    fn derive(&mut self, seq: u64, batches: &[(Table, RecordBatch)]) -> Result<Derived, String> {
        // Others go on with the book: after a failure it must not be half changed.
        let work = AssertUnwindSafe(|| self.settle(seq, batches));
        let outcome = catch_unwind(work).unwrap_or_else(|_| Err("settling panicked".to_owned()));
        if outcome.is_err() {
            self.undo();
        }
        outcome
    }

    fn undo(&mut self) {
        lock(&self.book).reset(self.now);
    }
}

impl ProjectBook {
    /// Forgets everything: what is needed again is read back from the tables.
    fn reset(&mut self, now: u64) {
        self.book.reset(now);
        self.odd_days.clear();
    }

    fn note_day(&mut self, key: u128, start_unix_nano: u64, day: i32) {
        if UnixNanos(start_unix_nano.cast_signed()).day() != day {
            if self.odd_days.len() >= ODD_DAYS_MAX {
                self.odd_days.clear();
            }
            self.odd_days.insert(key, day);
        }
    }

    /// The partition of a row: a hint for folding, so that an odd day that was forgotten only
    /// delays it.
    fn day(&self, key: u128, start_unix_nano: u64) -> i32 {
        let own = || UnixNanos(start_unix_nano.cast_signed()).day();
        self.odd_days.get(&key).copied().unwrap_or_else(own)
    }
}

impl Derivation {
    fn settle(&mut self, seq: u64, batches: &[(Table, RecordBatch)]) -> Result<Derived, String> {
        let book = Arc::clone(&self.book);
        let mut book = lock(&book);
        let mut out = Output::new(seq);
        let mut next = 0_i64;
        let next_id = || {
            next += 1;
            record_id(seq, next - 1)
        };
        let changes = match std::mem::replace(&mut self.work, Work::New(Vec::new())) {
            Work::New(entries) => {
                let reports: Vec<Report> = entries.into_iter().map(|e| e.report_of(seq)).collect();
                for Report { key, start_unix_nano: start, .. } in &reports {
                    out.own.insert(*key);
                    book.note_day(*key, *start, partition(&self.days, *start).0);
                }
                book.book.add(reports, next_id)
            }
            Work::Again { keys, lesson } => {
                let Lesson { reports, kinds, stored } = lesson;
                out.stored = stored;
                let now: Vec<Report> = reports.iter().map(|(report, _)| report.clone()).collect();
                book.book.learn(keys, reports);
                book.book.learn_kinds(kinds);
                book.book.resettle(now, next_id)
            }
        };
        self.calls(&mut book, &changes, &mut out)?;
        spans(&book, &changes, &mut out);
        self.count(&changes, out.unchanged.len());
        out.derived(batches)
    }

    fn count(&self, changes: &Changes, unchanged: usize) {
        let Changes { new, changed, gone, .. } = changes;
        let later = changed.len() - unchanged + gone.len();
        self.counters.calls.fetch_add(new.len() as u64, Ordering::Relaxed);
        self.counters.changes.fetch_add(later as u64, Ordering::Relaxed);
    }

    fn record(&self, call: &Call) -> CallRecord {
        let cost = self.pricing.cost(&self.project, call);
        CallRecord::new(call, cost, partition(&self.days, call.start_unix_nano))
    }

    /// Rows of `calls` that are new, different or gone.
    fn calls(
        &self,
        book: &mut ProjectBook,
        changes: &Changes,
        out: &mut Output,
    ) -> Result<(), String> {
        for Booked { id, call } in &changes.new {
            let record = self.record(call);
            book.note_day(key(Table::Calls, *id), call.start_unix_nano, record.date());
            out.figures.insert(*id, record.figures.clone());
            out.kept.calls.push(record);
        }
        let mut corrections = Vec::new();
        let changed: Vec<CallRecord> =
            changes.changed.iter().map(|booked| self.record(&booked.call)).collect();
        let rows = batch(&changed).map_err(|error| error.to_string())?;
        let changed = changes.changed.iter().zip(changed).enumerate();
        for (place, (Booked { id, call }, record)) in changed {
            out.figures.insert(*id, record.figures);
            let columns = call_scalars(&rows, place);
            if out.stored.get(id).is_some_and(|stored| *stored == columns) {
                out.unchanged.insert(*id);
                continue;
            }
            let date = book.day(key(Table::Calls, *id), call.start_unix_nano);
            let change = Change::Set(columns);
            corrections.push(Correction { record_id: *id, date, change });
        }
        for (id, start) in &changes.gone {
            let date = book.day(key(Table::Calls, *id), *start);
            corrections.push(Correction { record_id: *id, date, change: Change::Delete });
        }
        out.corrections.push((Table::Calls, corrections));
        Ok(())
    }
}

/// Spans that bear a call now, which is one of those that changed, or none any more.
fn spans(book: &ProjectBook, changes: &Changes, out: &mut Output) {
    let mut corrections = Vec::new();
    for (bearer, id) in &changes.bearers {
        let Some((Table::Spans, record)) = row_of(*bearer) else { continue };
        if id.is_some_and(|id| out.unchanged.contains(&id)) {
            continue;
        }
        let figures = id.and_then(|id| out.figures.remove(&id)).unwrap_or_default();
        if out.own.contains(bearer) {
            if figures != SpanFigures::default() {
                out.kept.spans.push((record - record_id(out.seq, 0), figures));
            }
            continue;
        }
        let start = book.book.start(*bearer).or_else(|| {
            let call = id.and_then(|id| book.book.call(id))?;
            Some(call.start_unix_nano)
        });
        let date = book.day(*bearer, start.unwrap_or_default());
        let change = Change::Set(figures.scalars());
        corrections.push(Correction { record_id: record, date, change });
    }
    out.corrections.push((Table::Spans, corrections));
}

impl Entry {
    /// The report under the key that its row has in a frame.
    fn report_of(self, seq: u64) -> Report {
        let key = key(self.table, record_id(seq, self.ordinal));
        Report { key, ..self.report }
    }
}

/// What was made so far.
struct Output {
    seq: u64,
    /// Keys of the export's own reports.
    own: HashSet<u128>,
    /// Figures of new and changed calls, by id.
    figures: HashMap<i64, SpanFigures>,
    /// Columns of stored calls, by id.
    stored: HashMap<i64, Vec<(String, Scalar)>>,
    /// Calls that came out as they are stored.
    unchanged: HashSet<i64>,
    kept: Kept,
    corrections: Vec<(Table, Vec<Correction>)>,
}

impl Output {
    fn new(seq: u64) -> Self {
        Self {
            seq,
            own: HashSet::new(),
            figures: HashMap::new(),
            stored: HashMap::new(),
            unchanged: HashSet::new(),
            kept: Kept::default(),
            corrections: Vec::new(),
        }
    }

    fn derived(self, batches: &[(Table, RecordBatch)]) -> Result<Derived, String> {
        let kept = &self.kept;
        let mut rows = batches.to_vec();
        for (table, batch) in &mut rows {
            if *table == Table::Spans {
                *batch = with_figures(batch, &kept.spans).map_err(|error| error.to_string())?;
            }
        }
        if !kept.calls.is_empty() {
            let calls = batch(&kept.calls).map_err(|error| error.to_string())?;
            rows.push((Table::Calls, calls));
        }
        let is_empty = kept.calls.is_empty() && kept.spans.is_empty();
        let payload = if is_empty { Vec::new() } else { kept.encode()? };
        let corrections = self.corrections.into_iter().filter(|(_, list)| !list.is_empty());
        Ok(Derived { payload, batches: rows, corrections: corrections.collect() })
    }
}
