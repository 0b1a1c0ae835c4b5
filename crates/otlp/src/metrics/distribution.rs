//! Data points of histograms, exponential histograms and summaries; knows the row, not what stands
//! around it.

use std::marker::PhantomData;

use telltale_schema::HistogramRow;

use super::{Head, Metrics, Point, data};
use crate::context::micros;
use crate::envelope::Around;
use crate::record::{Stop, check_record_bytes, some_count};
use crate::wire::{Reader, WireError, unzigzag};

/// Lists under construction, kept from point to point for their memory.
#[derive(Debug, Default)]
pub(super) struct Lists {
    bounds: Vec<f64>,
    counts: Vec<i64>,
    positive: Vec<i64>,
    negative: Vec<i64>,
    quantiles: Vec<f64>,
    quantile_values: Vec<f64>,
}

#[derive(Debug, Default)]
struct Fields {
    start: u64,
    time: u64,
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    scale: Option<i64>,
    zero_count: Option<i64>,
    zero_threshold: Option<f64>,
    positive_offset: Option<i64>,
    negative_offset: Option<i64>,
    flags: u32,
}

impl Metrics<'_> {
    pub(super) fn distribution(
        &mut self,
        kind: u32,
        message: &[u8],
        head: &Head<'_>,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        check_record_bytes(message, self.limits.record_bytes(), "data_point")?;
        self.lists.clear();
        let (metric_type, fields) = match kind {
            data::HISTOGRAM => ("histogram", self.lists.histogram(message, &mut self.point)?),
            data::EXPONENTIAL_HISTOGRAM => {
                ("exponential_histogram", self.lists.exponential(message, &mut self.point)?)
            }
            _ => ("summary", self.lists.summary(message, &mut self.point)?),
        };
        let (date, date_source) = self.days.partition(fields.time);
        let (resource, scope) = (&around.resource, &around.scope);
        self.distributions.append(&HistogramRow {
            date,
            date_source,
            name: head.name,
            metric_type,
            time: micros(fields.time),
            time_unix_nano: fields.time.cast_signed(),
            start_unix_nano: fields.start.cast_signed(),
            service_name: &resource.service_name,
            count: fields.count.cast_signed(),
            sum: fields.sum,
            min: fields.min,
            max: fields.max,
            unit: head.unit,
            description: head.description,
            temporality: head.temporality.as_deref(),
            explicit_bounds: some_list(&self.lists.bounds),
            bucket_counts: some_list(&self.lists.counts),
            scale: fields.scale,
            zero_count: fields.zero_count,
            zero_threshold: fields.zero_threshold,
            positive_offset: fields.positive_offset,
            positive_counts: some_list(&self.lists.positive),
            negative_offset: fields.negative_offset,
            negative_counts: some_list(&self.lists.negative),
            quantiles: some_list(&self.lists.quantiles),
            quantile_values: some_list(&self.lists.quantile_values),
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

fn some_list<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

impl Lists {
    fn clear(&mut self) {
        self.bounds.clear();
        self.counts.clear();
        self.positive.clear();
        self.negative.clear();
        self.quantiles.clear();
        self.quantile_values.clear();
    }

    fn histogram(&mut self, message: &[u8], point: &mut Point<'_>) -> Result<Fields, Stop> {
        let mut list = point.begin("data_point.attributes");
        let mut fields = Fields::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                2 => fields.start = field.fixed64()?,
                3 => fields.time = field.fixed64()?,
                4 => fields.count = field.fixed64()?,
                5 => fields.sum = Some(field.double()?),
                6 => field.each_fixed64(|count| self.counts.push(count.cast_signed()))?,
                7 => field.each_fixed64(|bits| self.bounds.push(f64::from_bits(bits)))?,
                8 => point.exemplars.push(field.bytes()?)?,
                9 => list.push(&mut point.attributes, field.bytes()?)?,
                10 => fields.flags = field.uint32()?,
                11 => fields.min = Some(field.double()?),
                12 => fields.max = Some(field.double()?),
                _ => {}
            }
        }
        point.end();
        Ok(fields)
    }

    fn exponential(&mut self, message: &[u8], point: &mut Point<'_>) -> Result<Fields, Stop> {
        let mut list = point.begin("data_point.attributes");
        let mut fields = Fields { scale: Some(0), zero_count: Some(0), ..Fields::default() };
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => list.push(&mut point.attributes, field.bytes()?)?,
                2 => fields.start = field.fixed64()?,
                3 => fields.time = field.fixed64()?,
                4 => fields.count = field.fixed64()?,
                5 => fields.sum = Some(field.double()?),
                6 => fields.scale = Some(unzigzag(u64::from(field.uint32()?))),
                7 => fields.zero_count = Some(field.fixed64()?.cast_signed()),
                8 => buckets(field.bytes()?, &mut fields.positive_offset, &mut self.positive)?,
                9 => buckets(field.bytes()?, &mut fields.negative_offset, &mut self.negative)?,
                10 => fields.flags = field.uint32()?,
                11 => point.exemplars.push(field.bytes()?)?,
                12 => fields.min = Some(field.double()?),
                13 => fields.max = Some(field.double()?),
                14 => fields.zero_threshold = Some(field.double()?).filter(|t| t.to_bits() != 0),
                _ => {}
            }
        }
        point.end();
        Ok(fields)
    }

    fn summary(&mut self, message: &[u8], point: &mut Point<'_>) -> Result<Fields, Stop> {
        let mut list = point.begin("data_point.attributes");
        let mut fields = Fields { sum: Some(0.0), ..Fields::default() };
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                2 => fields.start = field.fixed64()?,
                3 => fields.time = field.fixed64()?,
                4 => fields.count = field.fixed64()?,
                5 => fields.sum = Some(field.double()?),
                6 => self.quantile(field.bytes()?)?,
                7 => list.push(&mut point.attributes, field.bytes()?)?,
                8 => fields.flags = field.uint32()?,
                _ => {}
            }
        }
        point.end();
        Ok(fields)
    }

    fn quantile(&mut self, message: &[u8]) -> Result<(), WireError> {
        let (mut quantile, mut value) = (0.0, 0.0);
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => quantile = field.double()?,
                2 => value = field.double()?,
                _ => {}
            }
        }
        self.quantiles.push(quantile);
        self.quantile_values.push(value);
        Ok(())
    }
}

fn buckets(
    message: &[u8],
    offset: &mut Option<i64>,
    counts: &mut Vec<i64>,
) -> Result<(), WireError> {
    let mut found = offset.unwrap_or(0);
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match field.number {
            1 => found = unzigzag(u64::from(field.uint32()?)),
            2 => field.each_varint(|count| counts.push(count.cast_signed()))?,
            _ => {}
        }
    }
    *offset = Some(found);
    Ok(())
}
