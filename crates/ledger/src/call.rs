//! A call as a row of `calls`, and as it stands in the log.

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use telltale_genai::ledger::{Call, Labels, Signal};
use telltale_genai::{Buckets, Usage};
use telltale_schema::{CallRow, CallsBuilder, RECORD_ORDINAL_BITS, Table};

use crate::columns::{SpanFigures, with_figures};
use crate::pricing::Cost;

/// Reports that the evidence of one call names; a metric can be a call of very many.
const REPORTS_MAX: usize = 64;

/// Bits of a report's key below its table's code.
const RECORD_BITS: u32 = 64;

/// The key of a report: its row.
pub(crate) fn key(table: Table, record_id: i64) -> u128 {
    u128::from(table.code()) << RECORD_BITS | u128::from(record_id.cast_unsigned())
}

/// The row of a key.
pub(crate) fn row_of(key: u128) -> Option<(Table, i64)> {
    let table = Table::from_code(u8::try_from(key >> RECORD_BITS).ok()?)?;
    let record_id = u64::try_from(key & u128::from(u64::MAX)).ok()?;
    Some((table, record_id.cast_signed()))
}

/// A record id made of a frame's number and an ordinal.
pub(crate) fn record_id(seq: u64, ordinal: i64) -> i64 {
    (seq.cast_signed() << RECORD_ORDINAL_BITS) + ordinal
}

/// A call as it stands in the log and, under the same names, in the table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CallRecord {
    date: i32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    date_is_arrival: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<u64>,
    signal: String,
    service_name: String,
    start_unix_nano: i64,
    duration_ns: i64,
    calls: Option<i64>,
    failed: bool,
    client: Option<String>,
    operation: Option<String>,
    provider: Option<String>,
    request_model: Option<String>,
    response_model: Option<String>,
    response_id: Option<String>,
    conversation_id: Option<String>,
    user_id: Option<String>,
    agent_name: Option<String>,
    workflow_name: Option<String>,
    prompt_name: Option<String>,
    prompt_version: Option<String>,
    finish_reasons: Option<String>,
    ttft_ms: Option<f64>,
    pub(crate) figures: SpanFigures,
    fresh_input_tokens: Option<i64>,
    cache_write_1h_tokens: Option<i64>,
    audio_input_tokens: Option<i64>,
    image_input_tokens: Option<i64>,
    audio_output_tokens: Option<i64>,
    image_output_tokens: Option<i64>,
    price: Option<String>,
    evidence: String,
}

/// A count as a column has it.
pub(crate) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl CallRecord {
    pub(crate) fn new(
        call: &Call,
        cost: Option<Cost>,
        (date, date_source): (i32, Option<&'static str>),
    ) -> Self {
        let owned = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        let Labels { user_id, agent_name, workflow_name, .. } = &call.labels;
        let Labels { prompt_name, prompt_version, finish_reasons, ttft_ms, .. } = &call.labels;
        let usage = call.usage.as_ref().filter(|usage| usage.is_known());
        let buckets = usage.map(Usage::buckets).unwrap_or_default();
        let some = |known: Option<u64>, bucket: u64| known.map(|_| count(bucket));
        let input = |usage: &Usage| usage.input.map(|_| count(buckets.fresh_input));
        let duration = call.end_unix_nano.saturating_sub(call.start_unix_nano);
        Self {
            date,
            date_is_arrival: date_source.is_some(),
            trace_id: Some(call.ids.trace).filter(|id| *id != 0),
            span_id: Some(call.ids.span).filter(|id| *id != 0),
            signal: signal(call.signal).to_owned(),
            service_name: call.service.to_string(),
            start_unix_nano: call.start_unix_nano.cast_signed(),
            duration_ns: count(duration),
            calls: call.count.map(count),
            failed: call.failed,
            client: Some(call.family.to_string()).filter(|family| !family.is_empty()),
            operation: owned(&call.operation),
            provider: owned(&call.provider),
            request_model: owned(&call.request_model),
            response_model: owned(&call.response_model),
            response_id: owned(&call.response_id),
            conversation_id: owned(&call.conversation_id),
            user_id: owned(user_id),
            agent_name: owned(agent_name),
            workflow_name: owned(workflow_name),
            prompt_name: owned(prompt_name),
            prompt_version: owned(prompt_version),
            finish_reasons: owned(finish_reasons),
            ttft_ms: *ttft_ms,
            figures: figures(usage, &buckets, cost.as_ref()),
            fresh_input_tokens: usage.and_then(input),
            cache_write_1h_tokens: usage
                .and_then(|usage| some(usage.cache_write_1h, buckets.cache_write_1h)),
            audio_input_tokens: usage.and_then(|u| some(u.audio_input, buckets.audio_input)),
            image_input_tokens: usage.and_then(|u| some(u.image_input, buckets.image_input)),
            audio_output_tokens: usage.and_then(|u| some(u.audio_output, buckets.audio_output)),
            image_output_tokens: usage.and_then(|u| some(u.image_output, buckets.image_output)),
            price: cost.map(|cost| cost.price),
            evidence: evidence(call),
        }
    }

    /// Partition of the row.
    pub(crate) fn date(&self) -> i32 {
        self.date
    }

    fn append(&self, builder: &mut CallsBuilder) {
        let (trace, span) =
            (self.trace_id.map(u128::to_be_bytes), self.span_id.map(u64::to_be_bytes));
        let figures = &self.figures;
        builder.append(&CallRow {
            date: self.date,
            date_source: self.date_is_arrival.then_some("arrival"),
            trace_id: trace.as_ref().map(<[u8; 16]>::as_slice),
            span_id: span.as_ref().map(<[u8; 8]>::as_slice),
            signal: &self.signal,
            service_name: &self.service_name,
            start_time: self.start_unix_nano.div_euclid(1_000),
            start_unix_nano: self.start_unix_nano,
            duration_ns: self.duration_ns,
            calls: self.calls,
            failed: Some(self.failed),
            client: self.client.as_deref(),
            operation: self.operation.as_deref(),
            provider: self.provider.as_deref(),
            model: self.response_model.as_deref().or(self.request_model.as_deref()),
            request_model: self.request_model.as_deref(),
            response_model: self.response_model.as_deref(),
            response_id: self.response_id.as_deref(),
            conversation_id: self.conversation_id.as_deref(),
            user_id: self.user_id.as_deref(),
            agent_name: self.agent_name.as_deref(),
            workflow_name: self.workflow_name.as_deref(),
            prompt_name: self.prompt_name.as_deref(),
            prompt_version: self.prompt_version.as_deref(),
            finish_reasons: self.finish_reasons.as_deref(),
            ttft_ms: self.ttft_ms,
            usage_source: figures.usage_source.as_deref().unwrap_or_default(),
            input_tokens: figures.input_tokens,
            fresh_input_tokens: self.fresh_input_tokens,
            cache_read_tokens: figures.cache_read_tokens,
            cache_write_tokens: figures.cache_write_tokens,
            cache_write_1h_tokens: self.cache_write_1h_tokens,
            audio_input_tokens: self.audio_input_tokens,
            image_input_tokens: self.image_input_tokens,
            output_tokens: figures.output_tokens,
            reasoning_tokens: figures.reasoning_tokens,
            audio_output_tokens: self.audio_output_tokens,
            image_output_tokens: self.image_output_tokens,
            cost_nano_usd: figures.cost_nano_usd,
            price_source: figures.price_source.as_deref(),
            price: self.price.as_deref(),
            evidence: &self.evidence,
            ..CallRow::default()
        });
    }
}

/// Calls as rows; `record_id` counts from zero.
pub(crate) fn batch(calls: &[CallRecord]) -> Result<RecordBatch, ArrowError> {
    let mut builder = CallsBuilder::new();
    for call in calls {
        call.append(&mut builder);
    }
    builder.finish()
}

fn figures(usage: Option<&Usage>, buckets: &Buckets, cost: Option<&Cost>) -> SpanFigures {
    let Some(usage) = usage else {
        return SpanFigures { usage_source: Some("missing".into()), ..SpanFigures::default() };
    };
    let written = buckets.cache_write_5m + buckets.cache_write_1h + buckets.cache_write_unknown;
    SpanFigures {
        usage_source: Some("reported".into()),
        input_tokens: usage.input.map(|_| count(buckets.input_total())),
        cache_read_tokens: usage.cache_read.map(|_| count(buckets.cache_read)),
        cache_write_tokens: usage.cache_write.map(|_| count(written)),
        output_tokens: usage.output.map(|_| count(buckets.output_total())),
        reasoning_tokens: usage.reasoning.map(|_| count(buckets.reasoning)),
        cost_nano_usd: cost.and_then(|cost| cost.nano_usd),
        price_source: cost.map(|cost| cost.source.into()),
    }
}

fn signal(signal: Signal) -> &'static str {
    match signal {
        Signal::Span => "span",
        Signal::Log => "log",
        Signal::Metric => "metric",
    }
}

/// What a call was made of, as JSON. Its forms are read back by `known`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// The row that bears the call.
    pub(crate) bearer: RowRef,
    /// All rows that report it.
    pub(crate) reports: Vec<RowRef>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reports_left_out: bool,
    /// Which attributes the counts came from: (count, attribute).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<(String, String)>,
    /// What was changed, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<String>,
    /// Counts that were sent and cannot be ones: (count, attribute).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    invalid: Vec<(String, String)>,
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RowRef {
    pub(crate) table: String,
    pub(crate) record_id: i64,
}

impl RowRef {
    fn of(key: u128) -> Option<Self> {
        let (table, record_id) = row_of(key)?;
        Some(Self { table: table.name().to_owned(), record_id })
    }

    pub(crate) fn key(&self) -> Option<u128> {
        Some(key(Table::from_name(&self.table)?, self.record_id))
    }
}

fn evidence(call: &Call) -> String {
    let usage = call.usage.as_ref();
    let sources = usage.map(|usage| usage.sources.as_slice()).unwrap_or_default();
    let adjustments = usage.map(|usage| usage.adjustments.as_slice()).unwrap_or_default();
    let invalid = usage.map(|usage| usage.invalid.as_slice()).unwrap_or_default();
    let reports = call.reports.iter().filter_map(|key| RowRef::of(*key));
    let evidence = Evidence {
        bearer: RowRef::of(call.bearer).unwrap_or_default(),
        reports: reports.take(REPORTS_MAX).collect(),
        reports_left_out: call.reports.len() > REPORTS_MAX,
        sources: sources
            .iter()
            .map(|(part, name)| (part.name().to_owned(), name.to_string()))
            .collect(),
        adjustments: adjustments.iter().map(|adjustment| adjustment.name().to_owned()).collect(),
        invalid: invalid
            .iter()
            .map(|invalid| (invalid.part.name().to_owned(), invalid.attribute.to_string()))
            .collect(),
    };
    // Texts and numbers always have a form.
    serde_json::to_string(&evidence).unwrap_or_default()
}

/// What stands in the log beside the records of an export.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// New calls, in the order of their ordinals.
    pub(crate) calls: Vec<CallRecord>,
    /// Figures of the export's own spans, by ordinal.
    pub(crate) spans: Vec<(i64, SpanFigures)>,
}

impl Kept {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }
}

/// Puts what was derived back beside the records of a frame, as at a replay. `kept` is empty when
/// nothing was derived.
///
/// # Errors
/// Says what is wrong with the bytes.
pub fn restore(
    mut batches: Vec<(Table, RecordBatch)>,
    kept: &[u8],
) -> Result<Vec<(Table, RecordBatch)>, String> {
    if kept.is_empty() {
        return Ok(batches);
    }
    let kept: Kept = serde_json::from_slice(kept).map_err(|e| format!("derived rows: {e}"))?;
    for (table, rows) in &mut batches {
        if *table == Table::Spans {
            *rows = with_figures(rows, &kept.spans).map_err(|e| e.to_string())?;
        }
    }
    if !kept.calls.is_empty() {
        batches.push((Table::Calls, batch(&kept.calls).map_err(|e| e.to_string())?));
    }
    Ok(batches)
}
