//! The shape of traces: which span calls which, and when. A span's children run one after another
//! within it; a child may stand in another service.

use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::attributes::{boolean, text};
use super::llm::Conversation;
use super::{GenSpan, Mix, OtlpGen};

/// A trace that is being generated.
#[derive(Debug)]
pub(super) struct Trace {
    id: Vec<u8>,
    /// Spans that may still be added.
    pub(super) left: u64,
    pub(super) spans: Vec<GenSpan>,
    pub(super) conversation: Conversation,
}

/// Where a span is added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Place of the parent in [`Trace::spans`].
    pub(super) parent: Option<usize>,
    /// Place of the service in the configuration.
    pub(super) service: usize,
    /// When it starts, ns.
    pub(super) start: u64,
}

/// What a span is before its time and ids are known.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) scope: &'static str,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>,
    /// The error, if it fails.
    pub(super) error: Option<&'static str>,
}

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;

impl OtlpGen {
    /// One whole trace, in order of ends.
    pub(super) fn trace(&mut self) -> Vec<GenSpan> {
        let start = self.advance();
        let (low, high) = self.config.spans_per_trace.clone().into_inner();
        // Most traces are small: the square pulls towards the lower end.
        let wide = self.rng.unit();
        let left = low + scaled((high + 1).saturating_sub(low), wide * wide);
        let mut trace = Trace {
            id: self.id(16),
            left: left.max(1),
            spans: Vec::new(),
            conversation: Conversation::default(),
        };
        let place = Place { parent: None, service: 0, start };
        match self.config.mix {
            Mix::SmallSpans => self.small_root(&mut trace, place),
            Mix::LlmSpans => self.agent(&mut trace, place),
            Mix::Mixed => self.request(&mut trace, place),
        };
        let mut spans = trace.spans;
        spans.sort_by_key(|s| s.span.end_time_unix_nano);
        for span in spans.iter().rev().take(8) {
            self.remember(span);
        }
        spans
    }

    /// Starts a span; its end is set by [`Self::finish`].
    pub(super) fn start(&mut self, trace: &mut Trace, place: Place, draft: Draft) -> usize {
        let parent = place.parent.and_then(|at| trace.spans.get(at));
        let parent_span_id = parent.map(|p| p.span.span_id.clone()).unwrap_or_default();
        let mut attributes = draft.attributes;
        let status = draft.error.map(|error| {
            attributes.push(text("error.type", error));
            Status { message: format!("{error}: the call failed"), code: StatusCode::Error.into() }
        });
        let events = draft.error.map(|error| exception(error, place.start));
        let span = Span {
            trace_id: trace.id.clone(),
            span_id: self.id(8),
            parent_span_id,
            flags: 0x101,
            name: draft.name,
            kind: draft.kind.into(),
            start_time_unix_nano: place.start,
            end_time_unix_nano: place.start,
            attributes,
            events: events.into_iter().collect(),
            status,
            ..Span::default()
        };
        trace.left = trace.left.saturating_sub(1);
        trace.spans.push(GenSpan { service: place.service, scope: draft.scope, span });
        trace.spans.len() - 1
    }

    /// Ends a span some time after `inner`, when its last child ended; answers its end.
    pub(super) fn finish(&mut self, trace: &mut Trace, at: usize, inner: u64, own: u64) -> u64 {
        let end = inner + self.rng.within(own / 2..=own * 2).max(MICRO);
        if let Some(span) = trace.spans.get_mut(at) {
            span.span.end_time_unix_nano = end;
            for event in &mut span.span.events {
                event.time_unix_nano = end - MICRO;
            }
        }
        end
    }

    /// A span without children; answers its end.
    pub(super) fn leaf(&mut self, trace: &mut Trace, place: Place, draft: Draft, own: u64) -> u64 {
        let at = self.start(trace, place, draft);
        self.finish(trace, at, place.start, own)
    }

    /// A web request that an agent or a RAG pipeline answers.
    fn request(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let draft = self.http_server("/api/v1/chat");
        let at = self.start(trace, place, draft);
        let below = self.below(place, at, 1);
        let mut end =
            if self.rng.chance(0.4) { self.rag(trace, below) } else { self.agent(trace, below) };
        while trace.left > 0 {
            let next = Place { start: end + 20 * MICRO, ..below };
            end = self.agent(trace, next);
        }
        self.finish(trace, at, end, MILLI)
    }

    /// An agent that thinks and uses tools until the trace is large enough.
    fn agent(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let draft = self.agent_draft(trace);
        let at = self.start(trace, place, draft);
        let below = self.below(place, at, 0);
        let mut end = place.start + 50 * MICRO;
        // A step or two are enough for a while: then the caller may start another agent.
        let steps = self.rng.within(2..=12);
        for _ in 0..steps {
            if trace.left == 0 {
                break;
            }
            end = self.llm(trace, Place { start: end + 30 * MICRO, ..below });
            if self.config.mix == Mix::Mixed && trace.left > 0 {
                end = self.tool(trace, Place { start: end + 30 * MICRO, ..below });
            }
        }
        while self.config.mix == Mix::LlmSpans && trace.left > 0 {
            end = self.llm(trace, Place { start: end + 30 * MICRO, ..below });
        }
        self.finish(trace, at, end, MILLI)
    }

    /// A tool that calls other services and databases.
    fn tool(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let draft = self.tool_draft();
        let at = self.start(trace, place, draft);
        let mut end = place.start;
        for _ in 0..self.rng.within(1..=6) {
            if trace.left == 0 {
                break;
            }
            let below = Place { start: end + 10 * MICRO, ..self.below(place, at, 1) };
            end = self.small(trace, below);
        }
        self.finish(trace, at, end, MILLI / 4)
    }

    /// Embedding, vector search, then an answer from what was found.
    fn rag(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let draft = self.retrieval_draft();
        let at = self.start(trace, place, draft);
        let below = self.below(place, at, 0);
        let mut end = place.start + 40 * MICRO;
        if trace.left > 0 {
            end = self.embedding(trace, Place { start: end, ..below });
        }
        for _ in 0..self.rng.within(1..=3) {
            if trace.left > 0 {
                end = self.small(trace, Place { start: end + 10 * MICRO, ..below });
            }
        }
        end = self.finish(trace, at, end, MILLI / 4);
        if trace.left == 0 {
            return end;
        }
        self.llm(trace, Place { start: end + 30 * MICRO, ..place })
    }

    /// A web request that is answered without any model.
    fn small_root(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let draft = self.http_server("/api/v1/orders/{id}");
        let at = self.start(trace, place, draft);
        let mut end = place.start + 20 * MICRO;
        while trace.left > 0 {
            let below = Place { start: end + 10 * MICRO, ..self.below(place, at, 1) };
            end = self.small(trace, below);
        }
        self.finish(trace, at, end, MILLI / 2)
    }

    /// The place below a span, in the same service or, `hop` being 1, mostly in another one.
    fn below(&mut self, place: Place, at: usize, hop: usize) -> Place {
        let services = self.config.services.len().max(1);
        let service = if hop == 0 { place.service } else { self.rng.index(services) };
        Place { parent: Some(at), service, start: place.start + 20 * MICRO }
    }

    /// The next trace's start; generated time moves on.
    fn advance(&mut self) -> u64 {
        let start = self.next_start;
        let gap = 1e9 / self.config.traces_per_second.max(1e-6) * (0.5 + self.rng.unit());
        self.next_start = start.saturating_add(nanos(gap));
        start
    }

    /// Random and never all zeros; collisions are as likely as with an SDK's ids.
    pub(super) fn id(&mut self, bytes: usize) -> Vec<u8> {
        let mut id = Vec::with_capacity(bytes);
        while id.len() < bytes {
            id.extend_from_slice(&(self.rng.bits() | 1).to_be_bytes());
        }
        id
    }
}

fn exception(error: &str, time: u64) -> Event {
    Event {
        time_unix_nano: time,
        name: "exception".into(),
        attributes: vec![
            text("exception.type", error),
            text("exception.message", "upstream did not answer in time"),
            text(
                "exception.stacktrace",
                "Traceback (most recent call last):\n  File \"/app/client.py\", line 212, in call\n    \
                 return await self._send(request)\n  File \"/app/transport.py\", line 88, in _send\n    \
                 raise UpstreamError(response)\n",
            ),
            boolean("exception.escaped", false),
        ],
        dropped_attributes_count: 0,
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small number"
)]
fn scaled(n: u64, share: f64) -> u64 {
    (n as f64 * share) as u64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn nanos(value: f64) -> u64 {
    value as u64
}
