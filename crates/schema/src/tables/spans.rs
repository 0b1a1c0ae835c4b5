//! The columns of `spans`.

use super::{Table, table};

table! {
    /// One span on its way into the table.
    row SpanRow;
    /// Builds batches of `spans`.
    builder SpansBuilder for Table::Spans;
    date_source: OptText(fixed) = "`arrival` when `date` is the day of arrival because the record's own time is older than retention or over a day ahead; else null.",
    trace_id: Id(fixed) = "Trace id (16 bytes; hex in SQL).",
    span_id: Id(fixed) = "Span id (8 bytes; hex in SQL).",
    parent_span_id: OptId = "Id of the parent span; null for a root.",
    name: Text(fixed) = "What the span did, as the client named it.",
    kind: Text = "`internal`, `server`, `client`, `producer`, `consumer` or `unspecified`; a number when OTLP does not name it.",
    service_name: SharedText(fixed) = "`service.name` of the resource; empty when the client sent none.",
    start_time: Time(fixed) = "When the span started, to the microsecond.",
    start_unix_nano: Int(fixed) = "When the span started, in nanoseconds since 1970.",
    duration_ns: Int(fixed) = "End minus start, in nanoseconds; negative when the client's clock ran backwards.",
    status_code: Text = "`unset`, `ok` or `error`; a number when OTLP does not name it.",
    status_message: OptText = "The client's description of an error.",
    trace_state: OptText = "W3C trace state.",
    flags: OptInt = "W3C trace flags and OTLP's remote bits; null for zero.",
    attributes: Text = "The record's attributes as JSON text; ask with `attributes ->> 'key'`.",
    attributes_types: OptText = "Types that JSON cannot say, by place in `attributes`; null when none are needed.",
    dropped_attributes_count: OptInt = "Attributes that the client dropped; null for none.",
    events: OptText = "Span events as a JSON array of `name`, `time_unix_nano`, `attributes`, `dropped_attributes_count`; null when none.",
    events_types: OptText = "Types that JSON cannot say, by place in `events`.",
    dropped_events_count: OptInt = "Events that the client dropped; null for none.",
    links: OptText = "Links to other spans as a JSON array of `trace_id`, `span_id`, `trace_state`, `attributes`, `flags`, `dropped_attributes_count`; null when none.",
    links_types: OptText = "Types that JSON cannot say, by place in `links`.",
    dropped_links_count: OptInt = "Links that the client dropped; null for none.",
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
