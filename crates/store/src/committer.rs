//! The one writer of the log and the memtables: takes all waiting requests as a group, makes them
//! durable with one write and one sync, makes them visible in order, and answers the callers.
//!
//! It runs on a thread of its own, because a sync blocks. Never knows files of tables.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use telltale_base::Project;
use telltale_schema::{RECORD_ORDINAL_BITS, Table, assign_record_ids, coalesce};
use telltale_wal::{Wal, WalError};
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::corrections::{Correction, CorrectionFrame, codec};
use crate::frame::{Derive, KIND_CORRECTIONS, KIND_DERIVED, KIND_RECORDS, encode_derived};
use crate::shared::Shared;

/// Records to keep.
#[derive(Debug)]
pub struct Append {
    /// Whose they are.
    pub project: Project,
    /// What the log keeps of them, in parts that are written one after the other. The decoder
    /// must be able to make the batches from it again.
    pub payload: Vec<Bytes>,
    /// The records in memory schema; `record_id` holds ordinals that are unique per table.
    pub batches: Vec<(Table, RecordBatch)>,
    /// Makes what follows from them, once their place in the log is known.
    pub derive: Option<Box<dyn Derive>>,
}

/// Records that have just become durable and visible.
#[derive(Debug)]
pub struct Appended {
    /// Sequence number of their frame.
    pub seq: u64,
    /// Whose they are.
    pub project: Project,
    /// The records, `record_id` being final.
    pub batches: Vec<(Table, RecordBatch)>,
}

/// First parts of payloads.
const RECORDS: &[u8] = &[KIND_RECORDS];
const CORRECTIONS: &[u8] = &[KIND_CORRECTIONS];
const DERIVED: &[u8] = &[KIND_DERIVED];

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

#[derive(Debug)]
pub(crate) enum Request {
    Append(Append, Answer<u64>),
    Correct(CorrectionFrame, Answer<u64>),
    /// Frames up to this one may leave the log.
    Trim(u64, Answer<()>),
    /// Stop serving, once everything before is done.
    Close(Answer<()>),
}

/// What ends a group.
enum Last {
    Trim(u64, Answer<()>),
    Close(Answer<()>),
}

impl Request {
    fn payload_bytes(&self) -> usize {
        match self {
            Self::Append(append, _) => append.payload.iter().map(Bytes::len).sum(),
            Self::Correct(..) | Self::Trim(..) | Self::Close(..) => 0,
        }
    }
}

/// Record ids hold the sequence number in the bits above the ordinal.
pub(crate) fn record_base(seq: u64) -> Result<i64, ArrowError> {
    i64::try_from(seq)
        .ok()
        .filter(|seq| seq.leading_zeros() > RECORD_ORDINAL_BITS)
        .map(|seq| seq << RECORD_ORDINAL_BITS)
        .ok_or_else(|| ArrowError::ComputeError(format!("sequence number {seq} is too large")))
}

#[derive(Debug)]
pub(crate) struct Committer {
    shared: Arc<Shared>,
    wal: Wal,
    queue: mpsc::Receiver<Request>,
}

/// A request whose payload is ready to be written.
enum Ready {
    Append { append: Append, derived: Option<Kept>, answer: Answer<u64> },
    Correct { frame: CorrectionFrame, encoded: Vec<u8>, answer: Answer<u64> },
}

/// What was derived from an append.
struct Kept {
    encoded: Vec<u8>,
    corrections: Vec<(Table, Vec<Correction>)>,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, wal: Wal, queue: mpsc::Receiver<Request>) -> Self {
        shared.gauges.wal_bytes.store(wal.bytes(), Ordering::Relaxed);
        Self { shared, wal, queue }
    }

    /// Serves requests until it is told to close or the last sender is gone.
    pub(crate) fn run(mut self) {
        let mut touched = Vec::new();
        while let Some(first) = self.queue.blocking_recv() {
            let (group, last) = self.gather(first);
            self.commit(group, &mut touched);
            match last {
                // A caller that went away does not need the answer.
                Some(Last::Trim(up_to, answer)) => {
                    let trimmed = self.wal.trim(up_to).map_err(StoreError::from);
                    // Before the answer, so that whoever waits for it sees the size that is left.
                    self.shared.gauges.wal_bytes.store(self.wal.bytes(), Ordering::Relaxed);
                    answer.send(trimmed).ok();
                }
                Some(Last::Close(answer)) => {
                    self.queue.close();
                    answer.send(Ok(())).ok();
                    return;
                }
                None => {}
            }
            self.shared.gauges.wal_bytes.store(self.wal.bytes(), Ordering::Relaxed);
            self.join_small_batches(&mut touched);
            self.want_flush();
        }
    }

    /// All requests that wait, up to the limits of a group; stops at what ends one.
    fn gather(&mut self, first: Request) -> (Vec<Ready>, Option<Last>) {
        let config = &self.shared.config;
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(request) = next.take() {
            bytes += request.payload_bytes();
            match request {
                Request::Append(append, answer) => {
                    group.push(Ready::Append { append, derived: None, answer });
                }
                Request::Correct(frame, answer) => {
                    let encoded = codec::encode_frame(&frame);
                    bytes += encoded.len();
                    group.push(Ready::Correct { frame, encoded, answer });
                }
                Request::Trim(up_to, answer) => return (group, Some(Last::Trim(up_to, answer))),
                Request::Close(answer) => return (group, Some(Last::Close(answer))),
            }
            if group.len() < config.group_appends && bytes < config.group_bytes {
                next = self.queue.try_recv().ok();
            }
        }
        (group, None)
    }

    fn commit(&mut self, mut group: Vec<Ready>, touched: &mut Vec<(Project, Table)>) {
        if group.is_empty() {
            return;
        }
        for (seq, ready) in (self.wal.next_seq()..).zip(&mut group) {
            ready.derive(seq);
        }
        match self.log(&group) {
            Ok(first) => {
                self.shared.gauges.log_failing.store(false, Ordering::Relaxed);
                for (seq, ready) in (first..).zip(group) {
                    self.apply(seq, ready, touched);
                }
            }
            Err(error) => {
                self.shared.gauges.log_failing.store(true, Ordering::Relaxed);
                tracing::error!(%error, "the write-ahead log failed; records were refused");
                for mut ready in group {
                    ready.undo();
                    let refused = StoreError::NotLogged {
                        kind: error.kind(),
                        retry_after: self.shared.config.retry_after,
                        message: error.to_string(),
                    };
                    ready.answer().send(Err(refused)).ok();
                }
            }
        }
    }

    /// Makes the group durable; answers the sequence number of its first frame.
    fn log(&mut self, group: &[Ready]) -> Result<u64, WalError> {
        let payloads: Vec<Vec<&[u8]>> = group.iter().map(Ready::parts).collect();
        let payloads: Vec<&[&[u8]]> = payloads.iter().map(Vec::as_slice).collect();
        self.wal.append(&payloads).map(|seqs| seqs.start)
    }

    fn apply(&self, seq: u64, ready: Ready, touched: &mut Vec<(Project, Table)>) {
        match ready {
            Ready::Append { append, derived, answer } => {
                let corrections = derived.map(|kept| kept.corrections).unwrap_or_default();
                let result = self.apply_append(seq, append, corrections, touched);
                answer.send(result.map(|()| seq)).ok();
            }
            Ready::Correct { frame, answer, .. } => {
                let CorrectionFrame { project, table, corrections } = frame;
                let mut state = self.shared.write();
                state.add_corrections(&project, table, corrections, seq);
                state.applied = seq;
                self.shared.update_memory_gauge(&state);
                drop(state);
                answer.send(Ok(seq)).ok();
            }
        }
    }

    fn apply_append(
        &self,
        seq: u64,
        append: Append,
        corrections: Vec<(Table, Vec<Correction>)>,
        touched: &mut Vec<(Project, Table)>,
    ) -> Result<(), StoreError> {
        let base = record_base(seq)?;
        let batches = append
            .batches
            .into_iter()
            .map(|(table, batch)| Ok((table, assign_record_ids(&batch, base)?)))
            .collect::<Result<Vec<_>, ArrowError>>()?;
        let now = self.shared.clock.monotonic();
        let mut state = self.shared.write();
        for (table, batch) in &batches {
            state.add_rows(&append.project, *table, batch.clone(), seq, now);
        }
        for (table, corrections) in corrections {
            state.add_corrections(&append.project, table, corrections, seq);
        }
        state.applied = seq;
        self.shared.update_memory_gauge(&state);
        drop(state);
        for (table, _) in &batches {
            let key = (append.project.clone(), *table);
            if !touched.contains(&key) {
                touched.push(key);
            }
        }
        if self.shared.tail.receiver_count() > 0 {
            let appended = Appended { seq, project: append.project, batches };
            // The last subscriber may just have gone.
            self.shared.tail.send(Arc::new(appended)).ok();
        }
        Ok(())
    }

    /// After the callers were answered: they need not wait for tidiness.
    fn join_small_batches(&self, touched: &mut Vec<(Project, Table)>) {
        for (project, table) in touched.drain(..) {
            loop {
                let Some(join) = self.shared.read().crowded(&project, table) else { break };
                match coalesce(table, &join.batches) {
                    Ok(whole) => {
                        let mut state = self.shared.write();
                        state.joined(&project, table, &join, whole);
                        self.shared.update_memory_gauge(&state);
                    }
                    Err(error) => {
                        tracing::error!(%error, table = table.name(), "cannot join batches");
                        break;
                    }
                }
            }
        }
    }

    fn want_flush(&self) {
        let config = &self.shared.config;
        let wal_full = self.shared.gauges.wal_bytes.load(Ordering::Relaxed) > config.wal_bytes_max;
        let state = self.shared.read();
        if wal_full
            || Table::ALL.iter().any(|t| state.progress(*t).active_bytes >= config.flush_bytes)
        {
            self.shared.flush_wanted.notify_one();
        }
    }
}

impl Ready {
    fn parts(&self) -> Vec<&[u8]> {
        match self {
            Self::Append { append, derived, .. } => {
                let head = match derived {
                    None => vec![RECORDS],
                    Some(kept) => vec![DERIVED, kept.encoded.as_slice()],
                };
                head.into_iter().chain(append.payload.iter().map(AsRef::as_ref)).collect()
            }
            Self::Correct { encoded, .. } => vec![CORRECTIONS, encoded],
        }
    }

    fn answer(self) -> Answer<u64> {
        match self {
            Self::Append { answer, .. } | Self::Correct { answer, .. } => answer,
        }
    }

    /// Makes what follows from the records of an append.
    fn derive(&mut self, seq: u64) {
        let Self::Append { append, derived: kept, .. } = self else { return };
        let Some(derive) = &mut append.derive else { return };
        match derive.derive(seq, &append.batches) {
            Ok(derived) => {
                let encoded = encode_derived(&append.project, &derived);
                append.batches = derived.batches;
                *kept = Some(Kept { encoded, corrections: derived.corrections });
            }
            Err(error) => {
                tracing::error!(%error, seq, "records are kept without what follows from them");
                append.derive = None;
            }
        }
    }

    fn undo(&mut self) {
        if let Self::Append { append: Append { derive: Some(derive), .. }, .. } = self {
            derive.undo();
        }
    }
}
