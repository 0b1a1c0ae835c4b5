//! Exemplars of a data point as one JSON array; knows nothing of the point.

use telltale_base::{SpanId, TraceId};
use telltale_schema::json::JsonWriter;

use super::number::Number;
use crate::attributes::List;
use crate::envelope::each;
use crate::limits::Limits;
use crate::record::{Cause, Refusal, Stop};
use crate::traces::write_id;
use crate::wire::Reader;

/// The exemplars of the point at hand.
#[derive(Debug)]
pub(super) struct Exemplars<'c> {
    writer: JsonWriter,
    count: usize,
    limits: &'c Limits,
}

impl<'c> Exemplars<'c> {
    pub(super) fn new(limits: &'c Limits) -> Self {
        Self { writer: JsonWriter::new(), count: 0, limits }
    }

    pub(super) fn clear(&mut self) {
        self.writer.clear();
        self.count = 0;
        self.writer.begin_array();
    }

    pub(super) fn end(&mut self) {
        self.writer.end_array();
    }

    /// The array, `None` when the point has no exemplar.
    pub(super) fn text(&self) -> Option<&str> {
        (self.count > 0).then(|| self.writer.text())
    }

    pub(super) fn types(&self) -> Option<&str> {
        self.writer.types()
    }

    pub(super) fn push(&mut self, exemplar: &[u8]) -> Result<(), Stop> {
        let limit = self.limits.exemplars_max;
        if self.count >= limit {
            let cause = Cause::Count(limit, "exemplars_max");
            return Err(Refusal::new("data_point.exemplars", cause).into());
        }
        self.count += 1;
        let (mut time, mut value, mut span_id, mut trace_id) = (0, None, &[][..], &[][..]);
        let mut reader = Reader::new(exemplar);
        while let Some(field) = reader.field()? {
            match field.number {
                2 => time = field.fixed64()?,
                3 => value = Some(Number::Double(field.double()?)),
                4 => span_id = field.bytes()?,
                5 => trace_id = field.bytes()?,
                6 => value = Some(Number::Int(field.fixed64()?.cast_signed())),
                _ => {}
            }
        }
        let writer = &mut self.writer;
        writer.begin_object();
        writer.key("time_unix_nano");
        writer.int(time.cast_signed());
        writer.key("value");
        match value {
            Some(Number::Int(value)) => writer.int(value),
            Some(Number::Double(value)) => writer.double(value),
            None => writer.null(),
        }
        let place = "data_point.exemplars[].trace_id";
        write_id(writer, "trace_id", trace_id, TraceId::LEN, place)?;
        let place = "data_point.exemplars[].span_id";
        write_id(writer, "span_id", span_id, SpanId::LEN, place)?;
        writer.key("filtered_attributes");
        writer.begin_object();
        let mut list = List::new("data_point.exemplars[].filtered_attributes", self.limits);
        each(exemplar, 7, |attribute| list.push(writer, attribute))?;
        writer.end_object();
        writer.end_object();
        Ok(())
    }
}
