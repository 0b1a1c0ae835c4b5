//! The books of all projects, and what has to be known before an export can be settled.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use telltale_base::{Clock, Project, UnixNanos};
use telltale_genai::Rules;
use telltale_genai::ledger::{Book, BookLimits, LinkKey, Report};
use telltale_otlp::{Context, Limits, Note};
use telltale_schema::Table;
use telltale_store::Derive;

use crate::derivation::{Derivation, Entry, Work};
use crate::known::{Known, lesson, span_links};
use crate::pricing::Pricing;

/// Reports that the book of one project holds, about 1 KB each.
const BOOK: BookLimits = BookLimits { reports_max: 50_000, links_max: 200_000 };

/// Days that reports have which are not their own, by project.
pub(crate) const ODD_DAYS_MAX: usize = 100_000;

/// The book of one project.
#[derive(Debug)]
pub(crate) struct ProjectBook {
    pub(crate) book: Book,
    /// Partitions of rows that are not the day of their time, by key.
    pub(crate) odd_days: HashMap<u128, i32>,
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerStats {
    /// Rows of `calls` made.
    pub calls: u64,
    /// Rows of `calls` changed or removed later.
    pub changes: u64,
    /// Times that older reports were looked up.
    pub lookups: u64,
    /// Times that this failed: a call may then be counted twice.
    pub lookups_failed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) changes: AtomicU64,
    lookups: AtomicU64,
    lookups_failed: AtomicU64,
}

/// The ledger.
pub struct Ledger {
    books: Mutex<HashMap<Project, Arc<Mutex<ProjectBook>>>>,
    rules: Arc<Rules>,
    pricing: Pricing,
    clock: Arc<dyn Clock>,
    /// Set once the tables can be read.
    known: std::sync::OnceLock<Arc<dyn Known>>,
    counters: Arc<Counters>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("counters", &self.counters).finish_non_exhaustive()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanos(time: UnixNanos) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

impl Ledger {
    /// A ledger with empty books.
    pub fn new(rules: Arc<Rules>, pricing: Pricing, clock: Arc<dyn Clock>) -> Self {
        Self {
            books: Mutex::default(),
            rules,
            pricing,
            clock,
            known: std::sync::OnceLock::new(),
            counters: Arc::default(),
        }
    }

    /// A ledger with the built-in rules and prices.
    pub fn builtin(clock: Arc<dyn Clock>) -> Self {
        Self::new(Rules::shared(), Pricing::default(), clock)
    }

    /// Says where older reports are found. Before it is said, and without any, the books start
    /// from nothing.
    pub fn reads(&self, known: Arc<dyn Known>) {
        self.known.set(known).ok();
    }

    /// A reading of the counters.
    pub fn stats(&self) -> LedgerStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LedgerStats {
            calls: read(&self.counters.calls),
            changes: read(&self.counters.changes),
            lookups: read(&self.counters.lookups),
            lookups_failed: read(&self.counters.lookups_failed),
        }
    }

    /// Prepares an export that is about to be kept: looks up what its reports may belong to, and
    /// gives what settles them once their place in the log is known. `None` when nothing follows
    /// from it.
    pub async fn prepare(
        &self,
        project: &Project,
        notes: Vec<Note>,
        batches: &[(Table, RecordBatch)],
        (arrival, retention): (UnixNanos, Option<Duration>),
    ) -> Option<Box<dyn Derive>> {
        let book = self.book(project, !notes.is_empty())?;
        let now = nanos(self.clock.now());
        let entries = entries(notes, batches);
        if entries.is_empty() {
            return None;
        }
        self.teach(project, &book, &entries).await;
        let limits = Limits::none();
        let rules = Arc::clone(&self.rules);
        Some(Box::new(Derivation {
            project: project.clone(),
            book,
            work: Work::New(entries),
            now,
            days: Context { arrival, retention, limits, rules },
            pricing: self.pricing.clone(),
            counters: Arc::clone(&self.counters),
        }))
    }

    /// What settles stored traces again, because records read differently by the rules of now.
    /// `None` when nothing is known of them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn again(
        &self,
        project: &Project,
        traces: impl IntoIterator<Item = u128>,
    ) -> Result<Option<Box<dyn Derive>>, String> {
        let Some(known) = self.known.get() else { return Ok(None) };
        let keys: BTreeSet<LinkKey> = traces.into_iter().map(LinkKey::Trace).collect();
        let lesson = lesson(known.as_ref(), project, &keys, &self.rules).await?;
        let Some(book) = self.book(project, true).filter(|_| !lesson.reports.is_empty()) else {
            return Ok(None);
        };
        let arrival = self.clock.now();
        let rules = Arc::clone(&self.rules);
        Ok(Some(Box::new(Derivation {
            project: project.clone(),
            book,
            work: Work::Again { keys, lesson },
            now: nanos(arrival),
            days: Context { arrival, retention: None, limits: Limits::none(), rules },
            pricing: self.pricing.clone(),
            counters: Arc::clone(&self.counters),
        })))
    }

    /// The book of a project; a project without AI telemetry has none until it is `wanted`.
    fn book(&self, project: &Project, wanted: bool) -> Option<Arc<Mutex<ProjectBook>>> {
        let mut books = lock(&self.books);
        if let Some(book) = books.get(project) {
            return Some(Arc::clone(book));
        }
        if !wanted {
            return None;
        }
        // Of a project without records nothing can be missing, whenever it happened.
        let is_new = self.known.get().is_none_or(|known| known.is_empty(project));
        let since = if is_new { 0 } else { nanos(self.clock.now()) };
        let book = Book::new(BOOK, since);
        let book = Arc::new(Mutex::new(ProjectBook { book, odd_days: HashMap::new() }));
        books.insert(project.clone(), Arc::clone(&book));
        Some(book)
    }

    /// Teaches the book what it lacks of what the reports may belong to.
    async fn teach(&self, project: &Project, book: &Mutex<ProjectBook>, entries: &[Entry]) {
        let missing = lock(book).book.missing(entries.iter().map(|entry| &entry.report));
        let Some(known) = self.known.get().filter(|_| !missing.is_empty()) else { return };
        self.counters.lookups.fetch_add(1, Ordering::Relaxed);
        match lesson(known.as_ref(), project, &missing, &self.rules).await {
            Ok(lesson) => {
                let mut book = lock(book);
                book.book.learn(missing, lesson.reports);
                book.book.learn_kinds(lesson.kinds);
            }
            Err(error) => {
                self.counters.lookups_failed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%project, %error, "cannot look up earlier reports of calls; one may be counted twice");
            }
        }
    }
}

/// The reports of an export with their rows: its notes, and its other spans as mere links.
fn entries(notes: Vec<Note>, batches: &[(Table, RecordBatch)]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut noted: HashMap<(Table, i64), Report> = HashMap::new();
    for Note { table, ordinal, report } in notes {
        noted.insert((table, i64::try_from(ordinal).unwrap_or(i64::MAX)), report);
    }
    for (table, rows) in batches {
        let ordinals = rows.column_by_name("record_id");
        let Some(ordinals) = ordinals.and_then(|c| c.as_primitive_opt::<Int64Type>()) else {
            continue;
        };
        if *table == Table::Spans {
            let links = span_links(rows).filter_map(|(place, report)| {
                let ordinal = *ordinals.values().get(place)?;
                let is_link = !noted.contains_key(&(*table, ordinal));
                is_link.then_some(Entry { table: *table, ordinal, report })
            });
            entries.extend(links);
        }
        // Notes of rows that were left out, because they were stored before, have no row here.
        for ordinal in ordinals.values().iter().copied() {
            if let Some(report) = noted.remove(&(*table, ordinal)) {
                entries.push(Entry { table: *table, ordinal, report });
            }
        }
    }
    entries
}
