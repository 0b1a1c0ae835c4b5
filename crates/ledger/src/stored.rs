//! Rows of `calls` read back.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use telltale_genai::Usage;
use telltale_genai::ledger::{Call, Labels, Signal, SpanIds};

use crate::call::{Evidence, RowRef};

/// The rows with their ids. What no price and no place depends on is left out: it follows from the
/// reports when they are settled again.
pub(crate) fn calls_of(rows: &RecordBatch) -> Vec<(i64, Call)> {
    let stored = Stored(rows);
    (0..rows.num_rows()).filter_map(|row| stored.call(row)).collect()
}

/// Columns of `calls` by name.
pub(crate) struct Stored<'a>(pub(crate) &'a RecordBatch);

impl<'a> Stored<'a> {
    pub(crate) fn text(&self, name: &str, row: usize) -> Option<&'a str> {
        let column = self.0.column_by_name(name)?.as_string_view_opt()?;
        (!column.is_null(row)).then(|| column.value(row))
    }

    pub(crate) fn int(&self, name: &str, row: usize) -> Option<i64> {
        let column = self.0.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        (!column.is_null(row)).then(|| column.value(row))
    }

    pub(crate) fn date(&self, row: usize) -> Option<i32> {
        Some(self.0.column_by_name("date")?.as_primitive_opt::<Date32Type>()?.value(row))
    }

    fn id(&self, name: &str, row: usize) -> Option<&'a [u8]> {
        let column = self.0.column_by_name(name)?.as_binary_view_opt()?;
        (!column.is_null(row)).then(|| column.value(row))
    }

    fn shared(&self, name: &str, row: usize) -> Option<Arc<str>> {
        self.text(name, row).map(Arc::from)
    }

    fn count(&self, name: &str, row: usize) -> Option<u64> {
        u64::try_from(self.int(name, row)?).ok()
    }

    fn usage(&self, row: usize) -> Option<Usage> {
        let count = |name: &str| self.count(name, row);
        (self.text("usage_source", row)? == "reported").then(|| Usage {
            input: count("input_tokens"),
            output: count("output_tokens"),
            cache_read: count("cache_read_tokens"),
            cache_write: count("cache_write_tokens"),
            cache_write_1h: count("cache_write_1h_tokens"),
            reasoning: count("reasoning_tokens"),
            audio_input: count("audio_input_tokens"),
            audio_output: count("audio_output_tokens"),
            image_input: count("image_input_tokens"),
            image_output: count("image_output_tokens"),
            ..Usage::default()
        })
    }

    fn call(&self, row: usize) -> Option<(i64, Call)> {
        let evidence: Evidence = serde_json::from_str(self.text("evidence", row)?).ok()?;
        let start = self.int("start_unix_nano", row)?.cast_unsigned();
        let duration = self.count("duration_ns", row).unwrap_or(0);
        let trace = self.id("trace_id", row).and_then(|id| id.try_into().ok());
        let span = self.id("span_id", row).and_then(|id| id.try_into().ok());
        let call = Call {
            bearer: evidence.bearer.key()?,
            reports: evidence.reports.iter().filter_map(RowRef::key).collect(),
            signal: match self.text("signal", row)? {
                "span" => Signal::Span,
                "log" => Signal::Log,
                _ => Signal::Metric,
            },
            ids: SpanIds {
                trace: trace.map(u128::from_be_bytes).unwrap_or_default(),
                span: span.map(u64::from_be_bytes).unwrap_or_default(),
                parent: 0,
            },
            count: self.count("calls", row),
            usage: self.usage(row),
            operation: self.shared("operation", row),
            provider: self.shared("provider", row),
            request_model: self.shared("request_model", row),
            response_model: self.shared("response_model", row),
            response_id: self.shared("response_id", row),
            conversation_id: self.shared("conversation_id", row),
            service: self.text("service_name", row)?.into(),
            family: self.text("client", row).unwrap_or_default().into(),
            start_unix_nano: start,
            end_unix_nano: start.saturating_add(duration),
            failed: false,
            labels: Labels::default(),
        };
        Some((self.int("record_id", row)?, call))
    }
}
