//! What a call cost: a dated price table, overrides of a project, and exact arithmetic.
//!
//! | question | answered in |
//! |---|---|
//! | which spelling means which model | `names`, `providers` |
//! | which row applies to a call at its time | `lookup`, `table` |
//! | which rate applies to a bucket | `card`, `rate` |
//! | what that makes | `cost` |
//! | what a project pays instead | `overrides` |
//!
//! The table is `prices/prices.json`, made by `cargo xtask prices` from public packages that the
//! file names. A call without a row is *unpriced*: that is an answer of its own and never zero.
//! Knows nothing about where usage comes from.

use std::fmt;
use std::sync::LazyLock;

use telltale_base::UnixNanos;

mod buckets;
mod card;
mod cost;
mod day;
mod lookup;
mod money;
mod names;
mod overrides;
mod providers;
mod rate;
mod table;

pub use buckets::{Bucket, Buckets};
pub use card::{Long, RateCard, RateSet};
pub use cost::{BATCH, Context, CostError, Part, Priced, TierUse, cost};
pub use day::Day;
pub use lookup::{Listed, Match, ProviderMatch};
pub use money::{AMOUNT_USD_MAX, MoneyError, NANO_USD, format_usd, parse_usd};
pub use names::{MODEL_NAME_MAX, Step};
pub use overrides::{
    GPUS_MAX, OVERRIDES_MAX, Override, OverrideError, OverridePrice, OverrideProblem, OverrideSpec,
    Overrides,
};
pub use rate::{Rate, Rates};
pub use table::{FORMAT, Hours, ModelPrices, PriceRow, PriceTable, Source, TableError};

/// The text of the table that is built in.
pub const BUNDLED: &str = include_str!("../prices/prices.json");

static TABLE: LazyLock<PriceTable> = LazyLock::new(|| {
    // A test reads the same text, so that this cannot fail; if it did, all calls were unpriced.
    PriceTable::parse(BUNDLED).unwrap_or_default()
});

/// The table that is built in, read at the first use.
#[must_use]
pub fn bundled() -> &'static PriceTable {
    &TABLE
}

/// What decides which price applies to a call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The provider as telemetry names it.
    pub provider: Option<&'a str>,
    /// The model, best as the response names it.
    pub model: &'a str,
    /// When the call began.
    pub at: UnixNanos,
    /// How long it took, in nanoseconds.
    pub duration_ns: Option<u64>,
}

/// Where a price comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PriceSource {
    /// The table.
    Table {
        /// [`Match::row_id`].
        row: String,
        /// [`Match::how`].
        how: String,
        /// When the table was read from its sources.
        as_of: Option<Day>,
    },
    /// A project's own price.
    Override {
        /// Its place in the list, from 1.
        number: usize,
        /// Its pattern.
        pattern: String,
    },
}

/// Why a call has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpriced {
    /// No row is known to be right for this model and time.
    #[error("no price is known for this model at this time")]
    NoRow,
    /// The model is priced by time, and the call has no duration.
    #[error("priced by time, and the call has no duration")]
    NoDuration,
    /// There is a row, and it does not cover what the call used.
    #[error(transparent)]
    Cost(#[from] CostError),
}

/// Prices a call: by the project's own price if one covers it, else by the table.
pub fn price(
    table: &PriceTable,
    overrides: &Overrides,
    call: Call<'_>,
    buckets: &Buckets,
    context: &Context,
) -> Result<(Priced, PriceSource), Unpriced> {
    if let Some(own) = overrides.find(call.provider, call.model, call.at) {
        let priced = match &own.price {
            OverridePrice::Rates(card) => cost(card, buckets, context)?,
            OverridePrice::Time { nano_usd_per_second, gpus } => {
                let duration = call.duration_ns.ok_or(Unpriced::NoDuration)?;
                overrides::cost_of_time(duration, *nano_usd_per_second, *gpus)?
            }
        };
        let source = PriceSource::Override { number: own.number, pattern: own.pattern() };
        return Ok((priced, source));
    }
    let found = table.lookup(call.provider, call.model, call.at).ok_or(Unpriced::NoRow)?;
    let priced = cost(&found.row.card, buckets, context)?;
    let (row, how) = (found.row_id(), found.how());
    Ok((priced, PriceSource::Table { row, how, as_of: table.as_of }))
}

impl fmt::Display for PriceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { row, how, .. } => write!(f, "table {row} ({how})"),
            Self::Override { number, pattern } => write!(f, "override {number} ({pattern})"),
        }
    }
}

#[cfg(test)]
mod tests;
