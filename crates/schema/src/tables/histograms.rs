//! The columns of `histograms`.

use super::{Table, table};

table! {
    /// One distribution data point on its way into the table.
    row HistogramRow;
    /// Builds batches of `histograms`.
    builder HistogramsBuilder for Table::Histograms;
    date_source: OptText(fixed) = "`arrival` when `date` is the day of arrival because the record's own time is older than retention or over a day ahead; else null.",
    name: Text(fixed) = "Name of the metric.",
    metric_type: Text(fixed) = "`histogram`, `exponential_histogram` or `summary`.",
    time: Time(fixed) = "Time of the data point, to the microsecond.",
    time_unix_nano: Int(fixed) = "Time of the data point in nanoseconds since 1970.",
    start_unix_nano: Int(fixed) = "Start of the point's interval in nanoseconds since 1970; 0 when not said.",
    service_name: SharedText(fixed) = "`service.name` of the resource; empty when the client sent none.",
    count: Int = "Number of observations (unsigned 64 bits, kept bit for bit).",
    sum: OptFloat = "Sum of the observations; null when not said.",
    min: OptFloat = "Smallest observation; null when not said.",
    max: OptFloat = "Largest observation; null when not said.",
    unit: OptSharedText = "UCUM unit.",
    description: OptSharedText = "The client's description of the metric.",
    temporality: OptText = "`delta`, `cumulative` or `unspecified`; null for summaries.",
    explicit_bounds: OptFloats = "Upper bounds of the buckets of a histogram.",
    bucket_counts: OptInts = "Counts of the buckets of a histogram (one more than bounds).",
    scale: OptInt = "Scale of an exponential histogram; base is 2^(2^-scale).",
    zero_count: OptInt = "Observations in the zero bucket of an exponential histogram.",
    zero_threshold: OptFloat = "Half width of the zero bucket; null for zero.",
    positive_offset: OptInt = "Index of the first positive bucket; null when the client sent no positive buckets.",
    positive_counts: OptInts = "Counts of the positive buckets.",
    negative_offset: OptInt = "Index of the first negative bucket; null when the client sent no negative buckets.",
    negative_counts: OptInts = "Counts of the negative buckets.",
    quantiles: OptFloats = "Quantiles of a summary, each from 0 to 1.",
    quantile_values: OptFloats = "Values at the quantiles of a summary.",
    flags: OptInt = "OTLP data point flags (1 = no recorded value); null for zero.",
    attributes: Text = "The record's attributes as JSON text; ask with `attributes ->> 'key'`.",
    attributes_types: OptText = "Types that JSON cannot say, by place in `attributes`; null when none are needed.",
    exemplars: OptText = "Exemplars as a JSON array of `time_unix_nano`, `value`, `trace_id`, `span_id`, `filtered_attributes`; null when none.",
    exemplars_types: OptText = "Types that JSON cannot say, by place in `exemplars`.",
    metadata: OptSharedText = "Metric metadata as JSON text; null when none.",
    metadata_types: OptSharedText = "Types that JSON cannot say, by place in `metadata`.",
    resource: SharedText = "Resource attributes as JSON text.",
    resource_types: OptSharedText = "Types that JSON cannot say, by place in `resource`.",
    resource_dropped_attributes_count: OptInt = "Resource attributes that the client dropped; null for none.",
    resource_schema_url: OptSharedText = "Schema URL of the resource.",
    scope_name: OptSharedText = "Name of the instrumentation scope; null when the scope is absent or unnamed.",
    scope_version: OptSharedText = "Version of the instrumentation scope.",
    scope_attributes: OptSharedText = "Scope attributes as JSON text; null when none.",
    scope_attributes_types: OptSharedText = "Types that JSON cannot say, by place in `scope_attributes`.",
    scope_dropped_attributes_count: OptInt = "Scope attributes that the client dropped; null for none.",
    scope_schema_url: OptSharedText = "Schema URL of the scope.",
}
