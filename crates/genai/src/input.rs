//! What the caller hands in: a span, a log record or a metric point as plain borrowed structs.
//! Times are nanoseconds since the Unix epoch; ids of all zeros mean none.

use crate::value::{Attribute, Value};

/// The kind of a span, as OTLP numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpanKind {
    /// Not said.
    #[default]
    Unspecified,
    /// Work within a process.
    Internal,
    /// The serving side of a request.
    Server,
    /// The asking side of a request.
    Client,
    /// Sends a message.
    Producer,
    /// Takes a message.
    Consumer,
}

impl From<i32> for SpanKind {
    fn from(number: i32) -> Self {
        match number {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }
}

/// An event within a span.
#[derive(Debug, Clone, Default)]
pub struct SpanEvent<'a> {
    /// Name of the event.
    pub name: &'a str,
    /// When it happened.
    pub time_unix_nano: u64,
    /// Its attributes.
    pub attributes: &'a [Attribute<'a>],
}

/// A span.
#[derive(Debug, Clone, Default)]
pub struct SpanInput<'a> {
    /// Name of the span.
    pub name: &'a str,
    /// Kind of the span.
    pub kind: SpanKind,
    /// Start.
    pub start_unix_nano: u64,
    /// End.
    pub end_unix_nano: u64,
    /// Whether its status is an error.
    pub failed: bool,
    /// Its attributes.
    pub attributes: &'a [Attribute<'a>],
    /// Its events, in the order sent.
    pub events: &'a [SpanEvent<'a>],
    /// Attributes of the resource.
    pub resource: &'a [Attribute<'a>],
}

/// A log record.
#[derive(Debug, Clone, Default)]
pub struct LogInput<'a> {
    /// The record's own event name; empty if it has none.
    pub event_name: &'a str,
    /// Its body, if it has one.
    pub body: Option<&'a Value<'a>>,
    /// When it happened, or was observed if the record does not say.
    pub time_unix_nano: u64,
    /// Its attributes.
    pub attributes: &'a [Attribute<'a>],
    /// Attributes of the resource.
    pub resource: &'a [Attribute<'a>],
}

/// How the points of a metric relate to the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Temporality {
    /// Not said.
    #[default]
    Unspecified,
    /// Each point counts what happened since the last one.
    Delta,
    /// Each point counts everything since the start of the series.
    Cumulative,
}

/// One point of a sum or histogram.
#[derive(Debug, Clone, Default)]
pub struct MetricInput<'a> {
    /// Name of the metric.
    pub name: &'a str,
    /// Its temporality.
    pub temporality: Temporality,
    /// The sum: the value of a counter, the sum of a histogram.
    pub sum: f64,
    /// How many recordings a histogram holds.
    pub count: Option<u64>,
    /// Start of the series or interval.
    pub start_unix_nano: u64,
    /// Time of the point.
    pub time_unix_nano: u64,
    /// Attributes of the point.
    pub attributes: &'a [Attribute<'a>],
    /// Attributes of the resource.
    pub resource: &'a [Attribute<'a>],
}
