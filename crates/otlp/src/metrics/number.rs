//! Data points of gauges and sums; knows the row, not what stands around it.

use std::marker::PhantomData;

use telltale_schema::MetricRow;

use super::{Head, Metrics, Point, data};
use crate::context::micros;
use crate::envelope::Around;
use crate::record::{Stop, check_record_bytes, some_count};
use crate::wire::Reader;

/// A number as OTLP says it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i64),
    Double(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "the exact integer stands beside the double")]
    fn as_double(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Double(value) => value,
        }
    }

    fn as_int(self) -> Option<i64> {
        if let Self::Int(value) = self { Some(value) } else { None }
    }
}

#[derive(Debug, Default)]
struct Fields {
    start: u64,
    time: u64,
    value: Option<Number>,
    flags: u32,
}

impl Metrics<'_> {
    pub(super) fn number(
        &mut self,
        kind: u32,
        message: &[u8],
        head: &Head<'_>,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        check_record_bytes(message, self.limits.record_bytes(), "data_point")?;
        let fields = read(message, &mut self.point)?;
        let is_sum = kind == data::SUM;
        let (date, date_source) = self.days.partition(fields.time);
        let (resource, scope) = (&around.resource, &around.scope);
        self.numbers.append(&MetricRow {
            date,
            date_source,
            name: head.name,
            metric_type: if is_sum { "sum" } else { "gauge" },
            time: micros(fields.time),
            time_unix_nano: fields.time.cast_signed(),
            start_unix_nano: fields.start.cast_signed(),
            service_name: &resource.service_name,
            value: fields.value.map(Number::as_double),
            value_int: fields.value.and_then(Number::as_int),
            unit: head.unit,
            description: head.description,
            temporality: head.temporality.as_deref(),
            is_monotonic: is_sum.then_some(head.is_monotonic),
            flags: some_count(fields.flags),
            attributes: self.point.attributes.text(),
            attributes_types: self.point.attributes.types(),
            exemplars: self.point.exemplars.text(),
            exemplars_types: self.point.exemplars.types(),
            metadata: head.has_metadata.then(|| self.metadata.text()),
            metadata_types: self.metadata.types(),
            resource: resource.attributes.text(),
            resource_types: resource.attributes.types(),
            resource_dropped_attributes_count: resource.dropped_attributes,
            resource_schema_url: resource.schema_url,
            scope_name: scope.name,
            scope_version: scope.version,
            scope_attributes: scope.attributes(),
            scope_attributes_types: scope.attributes_types(),
            scope_dropped_attributes_count: scope.dropped_attributes,
            scope_schema_url: scope.schema_url,
            _borrow: PhantomData,
        });
        Ok(())
    }
}

fn read(message: &[u8], point: &mut Point<'_>) -> Result<Fields, Stop> {
    let mut list = point.begin("data_point.attributes");
    let mut fields = Fields::default();
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match field.number {
            2 => fields.start = field.fixed64()?,
            3 => fields.time = field.fixed64()?,
            4 => fields.value = Some(Number::Double(field.double()?)),
            5 => point.exemplars.push(field.bytes()?)?,
            6 => fields.value = Some(Number::Int(field.fixed64()?.cast_signed())),
            7 => list.push(&mut point.attributes, field.bytes()?)?,
            8 => fields.flags = field.uint32()?,
            _ => {}
        }
    }
    point.end();
    Ok(fields)
}
