//! One export, from body to receipt.

use std::sync::Arc;

use bytes::Bytes;
use telltale_base::{Clock, Project, Signal, UnixNanos};
use telltale_ledger::Ledger;
use telltale_otlp::{Admitted, Context, Encoding};
use telltale_schema::Table;
use telltale_store::{Append, Derive, Store};
use tokio::sync::Semaphore;

use crate::config::IngestConfig;
use crate::dedup::{Claim, Dedup, Fingerprint, Key, Refused, Spans};
use crate::error::IngestError;
use crate::frame::Header;
use crate::replay::{Replay, leave_out};
use crate::span_hash::span_keys;
use crate::stats::{IngestStats, Outcome, Recorder};

/// Bodies above this are decoded on a blocking thread, so that they do not hold up small ones.
const DECODE_INLINE_BYTES_MAX: usize = 1 << 20;

/// What an acknowledged export came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records stored, now or by the export that this one repeats.
    pub accepted: u64,
    /// Records refused; the client must not send them again.
    pub rejected: u64,
    /// Why records were refused.
    pub message: Option<String>,
    /// Whether the whole export was stored before.
    pub duplicate: bool,
}

impl Receipt {
    /// The answer to an export that was stored before: the client may never have seen the first.
    fn of_retry(refused: Option<Refused>) -> Self {
        let Some(Refused { records, reason }) = refused else {
            return Self { duplicate: true, ..Self::default() };
        };
        let message = reason.map_or_else(
            || format!("refused {records}, as when the same export came before the last start"),
            |reason| reason.to_string(),
        );
        let rejected = u64::from(records);
        Self { rejected, message: Some(message), duplicate: true, ..Self::default() }
    }

    /// What a retry must be told.
    fn refused(&self) -> Option<Refused> {
        let records = u32::try_from(self.rejected).unwrap_or(u32::MAX);
        let reason = self.message.as_deref().map(Arc::from);
        (records > 0).then_some(Refused { records, reason })
    }
}

/// Admission of exports. Cheap to clone through its `Arc`.
#[derive(Debug)]
pub struct Ingest {
    replay: Arc<Replay>,
    store: Arc<Store>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    stats: Recorder,
    turns: Semaphore,
}

impl Ingest {
    /// Ingest into `store`, which was opened with `replay` as its decoder.
    #[must_use]
    pub fn new(
        replay: Arc<Replay>,
        store: Arc<Store>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let turns = Semaphore::new(replay.config.concurrent_exports_max);
        Arc::new(Self { replay, store, ledger, clock, stats: Recorder::default(), turns })
    }

    /// Stores one export. When this returns a receipt, everything in it is fsynced and visible.
    ///
    /// Dropping the future does not undo the export: once begun it runs to its end, so that its
    /// outcome is remembered for the client's retry.
    ///
    /// # Errors
    /// Kind `Invalid` when the body is malformed, `Busy` when the client must try again later.
    pub async fn export(
        self: &Arc<Self>,
        project: &Project,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
    ) -> Result<Receipt, IngestError> {
        let (ingest, project) = (Arc::clone(self), project.clone());
        let work = async move { ingest.admit(&project, signal, encoding, body).await };
        // Bounded by `turns` below, and by the server's limit on connections.
        tokio::spawn(work).await.unwrap_or(Err(IngestError::Interrupted))
    }

    /// Keeps what follows from records that are stored already: an export without records of its
    /// own.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn amend(
        &self,
        project: &Project,
        derive: Box<dyn Derive>,
    ) -> Result<(), IngestError> {
        let header = Header {
            project: project.clone(),
            signal: Signal::Traces,
            arrival: self.clock.now(),
            fingerprint: fingerprint(project, Signal::Traces, Encoding::Protobuf, &Bytes::new()),
            refused: 0,
            masked: false,
            rules: telltale_otlp::MASK_RULES_VERSION,
            repeated: Vec::new(),
        };
        let append = Append {
            project: project.clone(),
            payload: vec![header.encode()],
            batches: Vec::new(),
            derive: Some(derive),
        };
        self.store.append(append).await?;
        Ok(())
    }

    /// A reading of the counters.
    #[must_use]
    pub fn stats(&self) -> IngestStats {
        self.stats.read(self.replay.dedup.sizes())
    }

    pub(crate) fn config(&self) -> &IngestConfig {
        &self.replay.config
    }

    fn dedup(&self) -> &Dedup {
        &self.replay.dedup
    }

    async fn admit(
        &self,
        project: &Project,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
    ) -> Result<Receipt, IngestError> {
        let limit = self.config().concurrent_exports_max;
        let turn = tokio::time::timeout(self.config().admission_wait, self.turns.acquire());
        let _turn = turn.await.map_err(|_| IngestError::TooManyExports { limit })?;
        self.store.admit_pressure(body.len())?;
        let now = self.clock.now();
        let bytes = body.len();
        let fingerprint = fingerprint(project, signal, encoding, &body);
        let recognised = signal == Signal::Traces || self.config().dedup_logs_and_metrics;
        let claim = loop {
            match self.dedup().claim(recognised.then_some(fingerprint), now) {
                Fingerprint::New(claim) => break claim,
                Fingerprint::Stored(refused) => {
                    let outcome = Outcome { bytes, duplicate_export: true, ..Outcome::default() };
                    self.stats.acknowledged(signal, &outcome);
                    return Ok(Receipt::of_retry(refused));
                }
                // An error only says that the export waited for has ended.
                Fingerprint::Pending(mut outcome) => drop(outcome.changed().await),
            }
        };
        let mut claim = ClaimGuard { dedup: self.dedup(), claim: Some(claim) };
        let header = Header {
            project: project.clone(),
            signal,
            arrival: now,
            fingerprint,
            refused: 0,
            masked: false,
            rules: telltale_otlp::MASK_RULES_VERSION,
            repeated: Vec::new(),
        };
        let admitted = self.decode(project, signal, encoding, body, now).await?;
        let receipt = self.store(&mut claim, header, admitted, bytes).await?;
        claim.settle(&receipt);
        Ok(receipt)
    }

    async fn decode(
        &self,
        project: &Project,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
        arrival: UnixNanos,
    ) -> Result<Admitted, IngestError> {
        let context = Context {
            arrival,
            retention: self.replay.retention.retention(project, signal),
            limits: self.config().limits.clone(),
            rules: Arc::clone(&self.config().rules),
        };
        let masker = Arc::clone(&self.config().masker);
        let large = body.len() > DECODE_INLINE_BYTES_MAX;
        let work = move || telltale_otlp::admit(signal, encoding, body, &masker, &context);
        let admitted = if large {
            tokio::task::spawn_blocking(work).await.map_err(|_| IngestError::Interrupted)?
        } else {
            work()
        };
        Ok(admitted?)
    }

    async fn store(
        &self,
        claim: &mut ClaimGuard<'_>,
        mut header: Header,
        admitted: Admitted,
        bytes: usize,
    ) -> Result<Receipt, IngestError> {
        let spans = admitted.batches.iter().find(|(table, _)| *table == Table::Spans);
        if let (Some((_, batch)), Some(claim)) = (spans, claim.claim.as_mut()) {
            let keys = span_keys(header.project.as_str(), batch);
            header.repeated = loop {
                match self.dedup().claim_spans(claim, &keys, header.arrival) {
                    Spans::Repeated(places) => break places,
                    Spans::Pending(mut outcome) => drop(outcome.changed().await),
                }
            };
        }
        let (project, signal) = (header.project.clone(), header.signal);
        header.refused = u32::try_from(admitted.rejected).unwrap_or(u32::MAX);
        header.masked = !admitted.masked.is_empty();
        let repeated = u64::try_from(header.repeated.len()).unwrap_or(0);
        let message = refusal_message(&admitted);
        if admitted.accepted > repeated {
            let batches = leave_out(admitted.batches, &header.repeated)
                .map_err(|e| telltale_store::StoreError::internal(e.to_string()))?;
            let retention = self.replay.retention.retention(&project, signal);
            let kept = (header.arrival, retention);
            let derive = self.ledger.prepare(&project, admitted.notes, &batches, kept).await;
            let payload = vec![header.encode(), admitted.body];
            self.store.append(Append { project, payload, batches, derive }).await?;
        }
        self.stats.masked(&admitted.masked);
        let outcome = Outcome {
            bytes,
            accepted: admitted.accepted - repeated,
            rejected: admitted.rejected,
            duplicate_export: false,
            duplicate_records: repeated,
        };
        self.stats.acknowledged(signal, &outcome);
        Ok(Receipt {
            accepted: admitted.accepted,
            rejected: admitted.rejected,
            message,
            duplicate: false,
        })
    }
}

fn fingerprint(project: &Project, signal: Signal, encoding: Encoding, body: &[u8]) -> Key {
    let encoding = match encoding {
        Encoding::Protobuf => 'p',
        Encoding::Json => 'j',
    };
    Key::of(body, format!("{project}/{}/{encoding}", signal.name()).as_bytes())
}

/// Releases the claim when the export does not get through, however it ends.
struct ClaimGuard<'a> {
    dedup: &'a Dedup,
    claim: Option<Claim>,
}

impl ClaimGuard<'_> {
    fn settle(mut self, receipt: &Receipt) {
        if let Some(claim) = self.claim.take() {
            self.dedup.settle(claim, receipt.refused());
        }
    }
}

impl Drop for ClaimGuard<'_> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.dedup.release(claim);
        }
    }
}

fn refusal_message(admitted: &Admitted) -> Option<String> {
    let reasons: Vec<String> = admitted
        .reasons
        .iter()
        .map(|reason| format!("{} ({} records)", reason.reason, reason.count))
        .collect();
    (admitted.rejected > 0)
        .then(|| format!("refused {}: {}", admitted.rejected, reasons.join("; ")))
}
