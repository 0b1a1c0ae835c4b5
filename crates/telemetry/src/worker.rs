//! Takes spans from the queue in batches and hands them to the sink, with bounded patience.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;
use crate::sink::{Sink, SinkError};

/// Bounds of the way from a span to the sink.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most spans that wait; more are dropped and counted.
    pub queue_spans_max: usize,
    /// Most spans of one export.
    pub export_spans_max: usize,
    /// Longest wait of a span for others to be sent with it.
    pub gather: Duration,
    /// Longest time that the sink may take for one export.
    pub answer_timeout: Duration,
    /// How often an export is tried that may be taken later.
    pub attempts_max: u32,
    /// The wait after the first failed attempt; it doubles with each.
    pub retry_after: Duration,
    /// How long sending may go on once the process is to stop.
    pub stop_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_spans_max: 4096,
            export_spans_max: 512,
            gather: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(10),
            attempts_max: 4,
            retry_after: Duration::from_secs(1),
            stop_grace: Duration::from_secs(2),
        }
    }
}

/// Spans on their way out.
pub struct Spans {
    queue: Receiver<SpanData>,
    resource: ResourceAttributesWithSchema,
    limits: Limits,
    counters: Counters,
    failing: bool,
}

impl std::fmt::Debug for Spans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spans").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Spans {
    pub(crate) fn new(
        queue: Receiver<SpanData>,
        resource: ResourceAttributesWithSchema,
        limits: Limits,
        counters: Counters,
    ) -> Self {
        Self { queue, resource, limits, counters, failing: false }
    }

    /// Hands spans to `sink` until `stop`, then what is in the queue, for at most
    /// [`Limits::stop_grace`]. Ends in any case, whatever the sink does.
    pub async fn run(mut self, sink: Arc<dyn Sink>, stop: CancellationToken) {
        let grace = self.limits.stop_grace;
        let late = async {
            stop.cancelled().await;
            sleep(grace).await;
        };
        tokio::select! {
            () = self.work(sink.as_ref(), &stop) => {}
            () = late => tracing::warn!(?grace, "own spans were left behind: the sink is too slow"),
        }
    }

    async fn work(&mut self, sink: &dyn Sink, stop: &CancellationToken) {
        loop {
            let batch = self.gather(stop).await;
            if !batch.is_empty() {
                self.send(sink, batch, stop).await;
            } else if stop.is_cancelled() || self.queue.is_closed() {
                return;
            }
        }
    }

    /// Waits for a span, then for others to come. Once stopped it only takes what is there.
    async fn gather(&mut self, stop: &CancellationToken) -> Vec<SpanData> {
        let (mut batch, most) = (Vec::new(), self.limits.export_spans_max);
        tokio::select! {
            biased;
            _ = self.queue.recv_many(&mut batch, most) => {}
            () = stop.cancelled() => self.queue.close(),
        }
        let more = async {
            while batch.len() < most {
                let room = most - batch.len();
                if self.queue.recv_many(&mut batch, room).await == 0 {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = more => {}
            () = sleep(self.limits.gather) => {}
            () = stop.cancelled() => {}
        }
        batch
    }

    async fn send(&mut self, sink: &dyn Sink, batch: Vec<SpanData>, stop: &CancellationToken) {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let body = encode(batch, &self.resource);
        let mut wait = self.limits.retry_after;
        for attempt in 1.. {
            let answer = timeout(self.limits.answer_timeout, sink.export(body.clone())).await;
            let error = match answer {
                Ok(Ok(refused)) => return self.taken(spans, refused),
                Ok(Err(error)) => error,
                Err(_) => SinkError::Later("there was no answer in time".to_owned()),
            };
            self.failed(&error);
            let last = attempt >= self.limits.attempts_max || stop.is_cancelled();
            if last || matches!(error, SinkError::Never(_)) {
                break;
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = stop.cancelled() => {}
            }
            wait *= 2;
        }
        self.counters.dropped(spans);
    }

    fn taken(&mut self, spans: u64, refused: u64) {
        let refused = refused.min(spans);
        self.counters.exported(spans - refused);
        self.counters.dropped(refused);
        if std::mem::take(&mut self.failing) {
            tracing::info!("own spans are exported again");
        }
    }

    /// Says so once, not with every export: a receiver may be down for days.
    fn failed(&mut self, error: &SinkError) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(%error, "own spans cannot be exported; those that find no room are dropped and counted");
        }
    }
}

fn encode(batch: Vec<SpanData>, resource: &ResourceAttributesWithSchema) -> Bytes {
    let resource_spans = group_spans_by_resource_and_scope(batch, resource);
    ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
}

#[cfg(test)]
mod tests;
