//! The columns of `metrics`.

use super::{Table, table};

table! {
    /// One number data point on its way into the table.
    row MetricRow;
    /// Builds batches of `metrics`.
    builder MetricsBuilder for Table::Metrics;
    date_source: OptText(fixed) = "`arrival` when `date` is the day of arrival because the record's own time is older than retention or over a day ahead; else null.",
    name: Text(fixed) = "Name of the metric.",
    metric_type: Text(fixed) = "`gauge` or `sum`.",
    time: Time(fixed) = "Time of the data point, to the microsecond.",
    time_unix_nano: Int(fixed) = "Time of the data point in nanoseconds since 1970.",
    start_unix_nano: Int(fixed) = "Start of the point's interval in nanoseconds since 1970; 0 when not said.",
    service_name: SharedText(fixed) = "`service.name` of the resource; empty when the client sent none.",
    value: OptFloat = "The value; null when the client recorded none.",
    value_int: OptInt = "The exact value when the client sent an integer; else null.",
    unit: OptSharedText = "UCUM unit.",
    description: OptSharedText = "The client's description of the metric.",
    temporality: OptText = "`delta`, `cumulative` or `unspecified` for sums; null for gauges.",
    is_monotonic: OptBool = "Whether a sum only grows; null for gauges.",
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
