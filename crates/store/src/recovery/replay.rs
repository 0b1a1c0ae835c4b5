//! Frames of the log back into memory: decoded on several threads, applied in order, each table
//! taking only what it does not have in its files.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use telltale_base::Project;
use telltale_schema::{Table, assign_record_ids, coalesce};
use telltale_wal::{Frame, Fs, Recovery, Wal, WalConfig, write_atomic};

use crate::committer::record_base;
use crate::corrections::{CorrectionFrame, codec};
use crate::frame::{KIND_CORRECTIONS, KIND_DERIVED, KIND_RECORDS, decode_derived};
use crate::health::HealthBoard;
use crate::state::State;
use crate::{DecodedFrame, FrameDecoder, StoreError};

/// Payload bytes that are decoded at once.
const DECODE_BYTES: usize = 16 << 20;
/// Frames that are decoded at once, at most.
const DECODE_FRAMES: usize = 8192;

/// See the module.
pub(super) struct Replayer {
    pub(super) decoder: Arc<dyn FrameDecoder>,
    pub(super) quarantine: PathBuf,
    pub(super) fs: Arc<dyn Fs>,
    /// Frames that each table has all rows of.
    pub(super) positions: BTreeMap<Table, u64>,
    /// Frames that each table's saved corrections have.
    pub(super) corrections: BTreeMap<Table, u64>,
    pub(super) now: Duration,
    pub(super) state: State,
    pub(super) health: HealthBoard,
    pub(super) frames: Vec<Frame>,
    pub(super) bytes: usize,
}

impl Replayer {
    /// Opens the log and replays it.
    pub(super) fn run(
        mut self,
        config: WalConfig,
        directory: PathBuf,
    ) -> Result<(Wal, State, HealthBoard), StoreError> {
        let oldest = self.positions.values().chain(self.corrections.values()).min();
        let newest = self.positions.values().chain(self.corrections.values()).max();
        let (from, newest) = (oldest.copied().unwrap_or(0), newest.copied().unwrap_or(0));
        let fs = Arc::clone(&self.fs);
        let (mut wal, recovery) =
            Wal::open(Arc::clone(&fs), directory.clone(), config.clone(), from, &mut |frame| {
                Ok(self.take(frame)?)
            })?;
        self.decode_pending()?;
        if wal.next_seq() <= newest {
            // The log was lost or replaced by an older one. Numbers that tables are past must not
            // be given out again: their rows would be taken for rows that are in files already.
            drop(wal);
            (wal, _) = Wal::open(fs, directory, config, newest, &mut |_| Ok(()))?;
        }
        self.report(&recovery);
        self.join_small_batches()?;
        Ok((wal, self.state, self.health))
    }

    /// Tells people what of the log does not count.
    fn report(&self, recovery: &Recovery) {
        let copy = |copy: &Result<PathBuf, String>| match copy {
            Ok(path) => format!("a copy is {}", path.display()),
            Err(error) => format!("there is no copy: {error}"),
        };
        for damage in &recovery.damaged {
            let certain = if damage.certain { "records are lost" } else { "records may be lost" };
            let (Range { start, end }, copy) = (&damage.range, copy(&damage.copy));
            let reason = format!("bytes {start}..{end} are damaged, {certain}; {copy}");
            self.health.quarantined(damage.path.clone(), reason);
        }
        for torn in &recovery.torn {
            let (Range { start, end }, copy) = (&torn.range, copy(&torn.copy));
            tracing::warn!(
                path = %torn.path.display(), start, end, %copy,
                "the end of the log holds no whole record; a crash leaves such an end behind"
            );
            self.health.log_dropped(end.saturating_sub(*start));
            if torn.broken {
                let reason = format!(
                    "bytes {start}..{end} at the end of the log have a wrong checksum, acknowledged records may be lost; {copy}"
                );
                self.health.quarantined(torn.path.clone(), reason);
            }
        }
    }

    fn take(&mut self, frame: Frame) -> Result<(), StoreError> {
        self.bytes += frame.payload.len();
        self.frames.push(frame);
        if self.bytes >= DECODE_BYTES || self.frames.len() >= DECODE_FRAMES {
            self.decode_pending()?;
        }
        Ok(())
    }

    fn decode_pending(&mut self) -> Result<(), StoreError> {
        let frames = std::mem::take(&mut self.frames);
        self.bytes = 0;
        for (frame, content) in frames.iter().zip(self.decode(&frames)) {
            let outcome = content.and_then(|content| self.apply(frame.seq, content));
            if let Err(reason) = outcome {
                self.set_aside(frame, &reason)?;
            }
        }
        Ok(())
    }

    /// The contents of frames, in their order.
    fn decode(&self, frames: &[Frame]) -> Vec<Result<Content, String>> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = frames.len().div_ceil(threads).max(1);
        let decoder = self.decoder.as_ref();
        std::thread::scope(|scope| {
            let work: Vec<_> = frames
                .chunks(share)
                .map(|part| {
                    let decode = move || part.iter().map(|f| Content::of(f, decoder)).collect();
                    (part.len(), scope.spawn::<_, Vec<_>>(decode))
                })
                .collect();
            let results = work.into_iter().flat_map(|(frames, thread)| {
                let failed = |_| (0..frames).map(|_| Err("the decoder failed".into())).collect();
                thread.join().unwrap_or_else(failed)
            });
            results.collect()
        })
    }

    fn apply(&mut self, seq: u64, content: Content) -> Result<(), String> {
        match content {
            Content::Records(DecodedFrame { project, batches }, corrections) => {
                let base = record_base(seq).map_err(|e| e.to_string())?;
                for (table, batch) in batches {
                    if seq > self.positions.get(&table).copied().unwrap_or(0) {
                        let batch = assign_record_ids(&batch, base).map_err(|e| e.to_string())?;
                        self.state.add_rows(&project, table, batch, seq, self.now);
                    }
                }
                for frame in corrections {
                    self.correct(seq, frame);
                }
            }
            Content::Corrections(frame) => self.correct(seq, frame),
        }
        Ok(())
    }

    fn correct(&mut self, seq: u64, frame: CorrectionFrame) {
        if seq > self.corrections.get(&frame.table).copied().unwrap_or(0) {
            let CorrectionFrame { project, table, corrections } = frame;
            self.state.add_corrections(&project, table, corrections, seq);
        }
    }

    /// Keeps the bytes of a frame that cannot be understood, so that it may leave the log.
    fn set_aside(&self, frame: &Frame, reason: &str) -> Result<(), StoreError> {
        let path = self.quarantine.join(format!("frame-{}.bin", frame.seq));
        write_atomic(self.fs.as_ref(), &path, &frame.payload)
            .map_err(StoreError::io("write", &path))?;
        self.health.quarantined(path, format!("frame {} of the log: {reason}", frame.seq));
        Ok(())
    }

    fn join_small_batches(&mut self) -> Result<(), StoreError> {
        let keys: BTreeSet<(Project, Table)> = self.state.shelves.keys().cloned().collect();
        for (project, table) in keys {
            while let Some(join) = self.state.crowded(&project, table) {
                let whole = coalesce(table, &join.batches)?;
                self.state.joined(&project, table, &join, whole);
            }
        }
        Ok(())
    }
}

/// A decoded frame.
enum Content {
    Records(DecodedFrame, Vec<CorrectionFrame>),
    Corrections(CorrectionFrame),
}

impl Content {
    fn of(frame: &Frame, decoder: &dyn FrameDecoder) -> Result<Self, String> {
        let (kind, payload) = frame.payload.split_first().ok_or("an empty frame")?;
        match *kind {
            KIND_RECORDS => Ok(Self::Records(decoder.decode(payload, &[])?, Vec::new())),
            KIND_DERIVED => {
                let frame = decode_derived(payload)?;
                let records = decoder.decode(frame.records, frame.derived)?;
                Ok(Self::Records(records, frame.corrections))
            }
            KIND_CORRECTIONS => codec::decode_frame(payload).map(Self::Corrections),
            other => Err(format!("unknown kind {other}")),
        }
    }
}
