//! Rows of `metrics` and `histograms` back to metrics and their data points.

use telltale_schema::json::Value;

use super::columns::{Bools, Columns, Doubles, Ints, Lists, Texts};
use super::node::{self, Node};
use super::traces::number;
use super::{Around, values};
use crate::enums::TEMPORALITY;
use crate::error::EncodeError;
use crate::metrics::data;
use crate::wire::Writer;

/// The columns that both tables have.
#[derive(Debug)]
struct Common {
    around: Around,
    name: Texts,
    metric_type: Texts,
    unit: Texts,
    description: Texts,
    temporality: Texts,
    metadata: Texts,
    metadata_types: Texts,
    time: Ints,
    start: Ints,
    flags: Ints,
    attributes: Texts,
    attributes_types: Texts,
    exemplars: Texts,
    exemplars_types: Texts,
}

/// Fields of a data point that differ in number from kind to kind of point.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    attributes: u32,
    exemplars: u32,
    flags: u32,
}

impl Common {
    fn new(columns: Columns<'_>) -> Result<Self, EncodeError> {
        Ok(Self {
            around: Around::new(columns)?,
            name: columns.texts("name")?,
            metric_type: columns.texts("metric_type")?,
            unit: columns.texts("unit")?,
            description: columns.texts("description")?,
            temporality: columns.texts("temporality")?,
            metadata: columns.texts("metadata")?,
            metadata_types: columns.texts("metadata_types")?,
            time: columns.ints("time_unix_nano")?,
            start: columns.ints("start_unix_nano")?,
            flags: columns.ints("flags")?,
            attributes: columns.texts("attributes")?,
            attributes_types: columns.texts("attributes_types")?,
            exemplars: columns.texts("exemplars")?,
            exemplars_types: columns.texts("exemplars_types")?,
        })
    }

    /// The message that holds a row's point, and the number of its field in `Metric`.
    fn holder<'n>(
        &self,
        root: &'n mut Node,
        is_monotonic: Option<bool>,
        row: usize,
    ) -> Result<(&'n mut Node, u32), EncodeError> {
        let metric_type = self.metric_type.get(row).unwrap_or_default();
        let kind = match metric_type {
            "gauge" => data::GAUGE,
            "sum" => data::SUM,
            "histogram" => data::HISTOGRAM,
            "exponential_histogram" => data::EXPONENTIAL_HISTOGRAM,
            "summary" => data::SUMMARY,
            _ => {
                let problem = "not a kind of metric".to_owned();
                return Err(EncodeError::Text { column: "metric_type", row, problem });
            }
        };
        let mut key = node::key(
            &[
                &self.name,
                &self.metric_type,
                &self.unit,
                &self.description,
                &self.temporality,
                &self.metadata,
                &self.metadata_types,
            ],
            &[],
            row,
        );
        key.push(if is_monotonic == Some(true) { 'm' } else { '-' });
        let metric = self.around.scope(root, row)?.child(key, 2, |out| {
            out.text(1, self.name.get(row).unwrap_or_default());
            out.text(2, self.description.get(row).unwrap_or_default());
            out.text(3, self.unit.get(row).unwrap_or_default());
            values::attributes(out, 12, &self.metadata, &self.metadata_types, row)
        })?;
        let holder = metric.child(String::new(), kind, |out| {
            out.some_enum(2, number(TEMPORALITY, "temporality", &self.temporality, row)?);
            out.some_varint(3, u64::from(is_monotonic == Some(true)));
            Ok(())
        })?;
        Ok((holder, kind))
    }

    /// Writes what all points have.
    fn write(&self, out: &mut Writer, numbers: Numbers, row: usize) -> Result<(), EncodeError> {
        out.some_fixed64(2, self.start.unsigned(row));
        out.some_fixed64(3, self.time.unsigned(row));
        values::attributes(out, numbers.attributes, &self.attributes, &self.attributes_types, row)?;
        out.count(numbers.flags, self.flags.get(row));
        let types = &self.exemplars_types;
        values::each_object("exemplars", &self.exemplars, types, row, |exemplar| {
            let open = out.begin(numbers.exemplars);
            out.some_fixed64(2, exemplar.unsigned("time_unix_nano"));
            match exemplar.get("value") {
                Some(Value::Double(value)) => out.double(3, *value),
                Some(Value::Int(value)) => out.fixed64(6, value.cast_unsigned()),
                _ => {}
            }
            exemplar.write_id(out, 4, "span_id");
            exemplar.write_id(out, 5, "trace_id");
            values::write_members(out, 7, exemplar.members("filtered_attributes"));
            out.end(open);
        })
    }
}

pub(super) fn add_numbers(root: &mut Node, columns: Columns<'_>) -> Result<(), EncodeError> {
    let common = Common::new(columns)?;
    let value: Doubles = columns.doubles("value")?;
    let value_int: Ints = columns.ints("value_int")?;
    let is_monotonic: Bools = columns.bools("is_monotonic")?;
    for row in 0..columns.rows() {
        let (holder, _) = common.holder(root, is_monotonic.get(row), row)?;
        let out = &mut holder.records;
        let open = out.begin(1);
        common.write(out, Numbers { attributes: 7, exemplars: 5, flags: 8 }, row)?;
        match (value_int.get(row), value.get(row)) {
            (Some(value), _) => out.fixed64(6, value.cast_unsigned()),
            (None, Some(value)) => out.double(4, value),
            (None, None) => {}
        }
        out.end(open);
    }
    Ok(())
}

pub(super) fn add_distributions(root: &mut Node, columns: Columns<'_>) -> Result<(), EncodeError> {
    let common = Common::new(columns)?;
    let points = Distributions::new(columns)?;
    for row in 0..columns.rows() {
        let (holder, kind) = common.holder(root, None, row)?;
        let out = &mut holder.records;
        let open = out.begin(1);
        out.some_fixed64(4, points.count.unsigned(row));
        match kind {
            data::HISTOGRAM => {
                common.write(out, Numbers { attributes: 9, exemplars: 8, flags: 10 }, row)?;
                points.write_histogram(out, row);
            }
            data::EXPONENTIAL_HISTOGRAM => {
                common.write(out, Numbers { attributes: 1, exemplars: 11, flags: 10 }, row)?;
                points.write_exponential(out, row);
            }
            _ => {
                // Summaries have no exemplars: the number is never used.
                common.write(out, Numbers { attributes: 7, exemplars: 0, flags: 8 }, row)?;
                points.write_summary(out, row);
            }
        }
        out.end(open);
    }
    Ok(())
}

/// The columns of `histograms` alone.
#[derive(Debug)]
struct Distributions {
    count: Ints,
    sum: Doubles,
    min: Doubles,
    max: Doubles,
    explicit_bounds: Lists,
    bucket_counts: Lists,
    scale: Ints,
    zero_count: Ints,
    zero_threshold: Doubles,
    positive_offset: Ints,
    positive_counts: Lists,
    negative_offset: Ints,
    negative_counts: Lists,
    quantiles: Lists,
    quantile_values: Lists,
}

impl Distributions {
    fn new(columns: Columns<'_>) -> Result<Self, EncodeError> {
        Ok(Self {
            count: columns.ints("count")?,
            sum: columns.doubles("sum")?,
            min: columns.doubles("min")?,
            max: columns.doubles("max")?,
            explicit_bounds: columns.lists("explicit_bounds")?,
            bucket_counts: columns.lists("bucket_counts")?,
            scale: columns.ints("scale")?,
            zero_count: columns.ints("zero_count")?,
            zero_threshold: columns.doubles("zero_threshold")?,
            positive_offset: columns.ints("positive_offset")?,
            positive_counts: columns.lists("positive_counts")?,
            negative_offset: columns.ints("negative_offset")?,
            negative_counts: columns.lists("negative_counts")?,
            quantiles: columns.lists("quantiles")?,
            quantile_values: columns.lists("quantile_values")?,
        })
    }

    fn write_histogram(&self, out: &mut Writer, row: usize) {
        out.some_double(5, self.sum.get(row));
        out.packed_fixed64(6, self.bucket_counts.unsigned(row).into_iter());
        let bounds = self.explicit_bounds.doubles(row).into_iter();
        out.packed_fixed64(7, bounds.map(f64::to_bits));
        out.some_double(11, self.min.get(row));
        out.some_double(12, self.max.get(row));
    }

    fn write_exponential(&self, out: &mut Writer, row: usize) {
        out.some_double(5, self.sum.get(row));
        out.some_sint32(6, self.scale.get(row).unwrap_or(0));
        out.some_fixed64(7, self.zero_count.unsigned(row));
        write_buckets(out, 8, &self.positive_offset, &self.positive_counts, row);
        write_buckets(out, 9, &self.negative_offset, &self.negative_counts, row);
        out.some_double(12, self.min.get(row));
        out.some_double(13, self.max.get(row));
        out.some_double(14, self.zero_threshold.get(row));
    }

    fn write_summary(&self, out: &mut Writer, row: usize) {
        out.some_fixed64(5, self.sum.get(row).unwrap_or(0.0).to_bits());
        let (quantiles, values) = (self.quantiles.doubles(row), self.quantile_values.doubles(row));
        for (quantile, value) in quantiles.into_iter().zip(values) {
            let open = out.begin(6);
            out.some_fixed64(1, quantile.to_bits());
            out.some_fixed64(2, value.to_bits());
            out.end(open);
        }
    }
}

fn write_buckets(out: &mut Writer, number: u32, offset: &Ints, counts: &Lists, row: usize) {
    if let Some(offset) = offset.get(row) {
        let open = out.begin(number);
        out.some_sint32(1, offset);
        out.packed_varint(2, counts.unsigned(row).into_iter());
        out.end(open);
    }
}
