//! What AI records report to the token ledger, beside the rows that they become.

use telltale_genai::ledger::{Report, SpanIds};
use telltale_genai::{
    Attribute, Canonical, LogInput, MetricInput, Normaliser, SpanInput, Temporality, Value,
};
use telltale_schema::Table;

use super::{attribute, text, value};
use crate::envelope::Around;
use crate::wire::{Reader, WireError};

/// A report and the row that it is of.
#[derive(Clone, Debug)]
pub struct Note {
    /// The table of the row.
    pub table: Table,
    /// The row's ordinal within the export.
    pub ordinal: usize,
    /// What it reports; its key is not set.
    pub report: Report,
}

/// The ids of a record, zero for none.
pub(crate) fn ids(trace: &[u8], span: &[u8], parent: &[u8]) -> SpanIds {
    let number = |id: &[u8]| id.try_into().map(u64::from_be_bytes).unwrap_or_default();
    SpanIds {
        trace: trace.try_into().map(u128::from_be_bytes).unwrap_or_default(),
        span: number(span),
        parent: number(parent),
    }
}

/// The note of an AI span.
pub(crate) fn of_span(
    ordinal: usize,
    ids: SpanIds,
    around: &Around<'_>,
    span: &SpanInput<'_>,
    canonical: &Canonical<'_>,
) -> Note {
    let (scope, service) = (around.scope.name.unwrap_or_default(), &around.resource.service_name);
    let report = Report::from_span(0, ids, scope, service, span, canonical);
    Note { table: Table::Spans, ordinal, report }
}

/// A log record's message as far as AI telemetry is concerned.
#[derive(Debug, Default)]
pub(crate) struct LogMessage<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    event_name: &'a str,
    time: u64,
    observed: u64,
    body: Option<Value<'a>>,
    attributes: Vec<Attribute<'a>>,
}

impl<'a> LogMessage<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut log = Self::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => log.time = field.fixed64()?,
                5 => log.body = Some(value(field.bytes()?)?),
                6 => log.attributes.extend(attribute(field.bytes()?)?),
                9 => log.trace_id = field.bytes()?,
                10 => log.span_id = field.bytes()?,
                11 => log.observed = field.fixed64()?,
                12 => log.event_name = text(field.bytes()?),
                _ => {}
            }
        }
        Ok(log)
    }

    /// The note of the record; `None` unless it reports a call.
    pub(crate) fn note(
        &self,
        ordinal: usize,
        around: &Around<'_>,
        names: Normaliser<'_>,
    ) -> Option<Note> {
        let time = if self.time == 0 { self.observed } else { self.time };
        let input = LogInput {
            event_name: self.event_name,
            body: self.body.as_ref(),
            time_unix_nano: time,
            attributes: &self.attributes,
            resource: &around.ai.resource,
        };
        let canonical = names.log(around.ai.scope, &input, None)?;
        let scope = around.scope.name.unwrap_or_default();
        let service = &around.resource.service_name;
        let ids = ids(self.trace_id, self.span_id, &[]);
        let report = Report::from_log(0, ids, scope, service, &input, &canonical)?;
        Some(Note { table: Table::Logs, ordinal, report })
    }
}

/// What of a data point counts tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted<'a> {
    /// Name of the metric.
    pub(crate) name: &'a str,
    /// How points relate to the ones before.
    pub(crate) temporality: Temporality,
    /// The value of a number, the sum of a distribution.
    pub(crate) sum: f64,
    /// Recordings of a distribution.
    pub(crate) count: Option<u64>,
    /// Start of the series or interval.
    pub(crate) start: u64,
    /// Time of the point.
    pub(crate) time: u64,
}

impl Counted<'_> {
    /// The note of the point, whose attributes stand in field `attributes`; `None` unless it
    /// counts tokens.
    pub(crate) fn note(
        &self,
        table: Table,
        ordinal: usize,
        (point, attributes): (&[u8], u32),
        around: &Around<'_>,
        names: Normaliser<'_>,
    ) -> Result<Option<Note>, WireError> {
        let mut read = Vec::new();
        crate::envelope::each(point, attributes, |bytes| {
            read.extend(attribute(bytes)?);
            Ok::<(), WireError>(())
        })?;
        let input = MetricInput {
            name: self.name,
            temporality: self.temporality,
            sum: self.sum,
            count: self.count,
            start_unix_nano: self.start,
            time_unix_nano: self.time,
            attributes: &read,
            resource: &around.ai.resource,
        };
        let Some(usage) = names.metric(around.ai.scope, &input, None) else { return Ok(None) };
        let scope = around.scope.name.unwrap_or_default();
        let service = &around.resource.service_name;
        let report = Report::from_metric(0, scope, service, &input, &usage);
        Ok(Some(Note { table, ordinal, report }))
    }
}
