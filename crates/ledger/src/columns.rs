//! The token columns of spans: figures of the call that a span bears.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray};
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use telltale_schema::Table;
use telltale_store::Scalar;

/// Figures of a call, as `spans` and `calls` both show them. All `None` on a span that bears none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SpanFigures {
    pub(crate) usage_source: Option<String>,
    pub(crate) input_tokens: Option<i64>,
    pub(crate) cache_read_tokens: Option<i64>,
    pub(crate) cache_write_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) reasoning_tokens: Option<i64>,
    pub(crate) cost_nano_usd: Option<i64>,
    pub(crate) price_source: Option<String>,
}

/// A figure that is text.
type TextFigure = (&'static str, fn(&SpanFigures) -> Option<&str>);
/// A figure that is a number.
type IntFigure = (&'static str, fn(&SpanFigures) -> Option<i64>);

const TEXTS: [TextFigure; 2] = [
    ("usage_source", |figures| figures.usage_source.as_deref()),
    ("price_source", |figures| figures.price_source.as_deref()),
];

const INTS: [IntFigure; 6] = [
    ("input_tokens", |figures| figures.input_tokens),
    ("cache_read_tokens", |figures| figures.cache_read_tokens),
    ("cache_write_tokens", |figures| figures.cache_write_tokens),
    ("output_tokens", |figures| figures.output_tokens),
    ("reasoning_tokens", |figures| figures.reasoning_tokens),
    ("cost_nano_usd", |figures| figures.cost_nano_usd),
];

impl SpanFigures {
    /// The columns of a row of `spans`, all of them.
    pub(crate) fn scalars(&self) -> Vec<(String, Scalar)> {
        let text = |text: Option<&str>| text.map_or(Scalar::Null, |t| Scalar::Text(t.to_owned()));
        let int = |int: Option<i64>| int.map_or(Scalar::Null, Scalar::Int);
        let texts = TEXTS.iter().map(|(name, of)| ((*name).to_owned(), text(of(self))));
        let ints = INTS.iter().map(|(name, of)| ((*name).to_owned(), int(of(self))));
        texts.chain(ints).collect()
    }
}

/// Rows of `spans` with the figures of those that bear a call, by the ordinal in `record_id`.
pub(crate) fn with_figures(
    spans: &RecordBatch,
    figures: &[(i64, SpanFigures)],
) -> Result<RecordBatch, ArrowError> {
    if figures.is_empty() {
        return Ok(spans.clone());
    }
    let by_ordinal: HashMap<i64, &SpanFigures> = figures.iter().map(|(o, f)| (*o, f)).collect();
    let ordinals = spans.column_by_name("record_id");
    let ordinals = ordinals.and_then(|column| column.as_primitive_opt::<Int64Type>());
    let Some(ordinals) = ordinals else {
        return Err(ArrowError::SchemaError("spans without record_id".to_owned()));
    };
    let rows: Vec<Option<&SpanFigures>> =
        ordinals.values().iter().map(|ordinal| by_ordinal.get(ordinal).copied()).collect();
    let mut columns = spans.columns().to_vec();
    let mut put = |name: &str, column: ArrayRef| {
        if let Some((place, _)) = spans.schema_ref().column_with_name(name)
            && let Some(slot) = columns.get_mut(place)
            && column.null_count() < column.len()
        {
            *slot = column;
        }
    };
    for (name, of) in TEXTS {
        let texts: StringViewArray = rows.iter().map(|row| row.and_then(of)).collect();
        put(name, Arc::new(texts));
    }
    for (name, of) in INTS {
        let ints: Int64Array = rows.iter().map(|row| row.and_then(of)).collect();
        put(name, Arc::new(ints));
    }
    RecordBatch::try_new(spans.schema(), columns)
}

/// The correctable columns of one row of `calls`.
pub(crate) fn call_scalars(row: &RecordBatch, place: usize) -> Vec<(String, Scalar)> {
    let columns = Table::Calls.columns().iter().filter(|column| column.correctable);
    columns
        .filter_map(|column| {
            let values = row.column_by_name(column.name)?;
            Some((column.name.to_owned(), Scalar::of(values, place)?))
        })
        .collect()
}
