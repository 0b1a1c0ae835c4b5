//! The columns of `logs`.

use super::{Table, table};

table! {
    /// One log record on its way into the table.
    row LogRow;
    /// Builds batches of `logs`.
    builder LogsBuilder for Table::Logs;
    date_source: OptText(fixed) = "`arrival` when `date` is the day of arrival because the record's own time is older than retention or over a day ahead; else null.",
    time: Time(fixed) = "When it happened (or was observed, when the client gave no time), to the microsecond.",
    time_unix_nano: Int(fixed) = "The client's time in nanoseconds since 1970; 0 when it gave none.",
    observed_unix_nano: Int(fixed) = "When it was observed, in nanoseconds since 1970; 0 when not said.",
    trace_id: OptId(fixed) = "Trace that the record belongs to (hex in SQL).",
    span_id: OptId(fixed) = "Span that the record belongs to (hex in SQL).",
    flags: OptInt = "W3C trace flags; null for zero.",
    service_name: SharedText(fixed) = "`service.name` of the resource; empty when the client sent none.",
    severity_number: OptInt = "OTLP severity, 1 (trace) to 24 (fatal); null when not said.",
    severity_text: OptText = "Severity in the client's own words.",
    event_name: OptText = "Name of the event that the record is; null for a plain log.",
    body: OptText = "The message; JSON text when the client sent a structure, see `body_types`.",
    body_types: OptText = "Null when `body` is the text itself; else `json` and the types that JSON cannot say.",
    attributes: Text = "The record's attributes as JSON text; ask with `attributes ->> 'key'`.",
    attributes_types: OptText = "Types that JSON cannot say, by place in `attributes`; null when none are needed.",
    dropped_attributes_count: OptInt = "Attributes that the client dropped; null for none.",
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
