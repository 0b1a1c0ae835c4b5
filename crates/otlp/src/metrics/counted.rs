//! Data points that count tokens, for the ledger.

use telltale_genai::{Normaliser, Temporality};
use telltale_schema::Table;

use super::{Head, data};
use crate::ai::notes::{Counted, Note};
use crate::envelope::Around;
use crate::wire::{Reader, WireError};

/// The note of a point that became the row `ordinal`; `None` unless it counts tokens.
pub(super) fn note(
    kind: u32,
    point: &[u8],
    head: &Head<'_>,
    ordinal: usize,
    around: &Around<'_>,
    names: Normaliser<'_>,
) -> Result<Option<Note>, WireError> {
    let temporality = match head.temporality.as_deref() {
        Some("delta") => Temporality::Delta,
        Some("cumulative") => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    };
    let mut counted = Counted { name: head.name, temporality, ..Counted::default() };
    let (table, attributes) = match kind {
        data::SUM => (Table::Metrics, 7),
        data::HISTOGRAM => (Table::Histograms, 9),
        data::EXPONENTIAL_HISTOGRAM => (Table::Histograms, 1),
        // A gauge counts nothing, and summaries do not add up.
        _ => return Ok(None),
    };
    let mut reader = Reader::new(point);
    while let Some(field) = reader.field()? {
        match (field.number, table) {
            (2, _) => counted.start = field.fixed64()?,
            (3, _) => counted.time = field.fixed64()?,
            (4, Table::Metrics) | (5, Table::Histograms) => counted.sum = field.double()?,
            #[expect(clippy::cast_precision_loss, reason = "counts of tokens are far below 2^53")]
            (6, Table::Metrics) => counted.sum = field.fixed64()?.cast_signed() as f64,
            (4, Table::Histograms) => counted.count = Some(field.fixed64()?),
            _ => {}
        }
    }
    counted.note(table, ordinal, (point, attributes), around, names)
}
