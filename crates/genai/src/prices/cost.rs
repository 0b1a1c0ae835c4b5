//! What a call cost: buckets times rates, in whole nano-dollars.
//!
//! Each bucket is rounded once, half up, to a nano-dollar; the total is the sum of the rounded
//! parts, so that parts shown beside a total always add up to it. Products are computed in `i128`,
//! and a part or total beyond `i64` is an error.

use super::buckets::{Bucket, Buckets};
use super::card::{RateCard, RateSet};
use super::rate::Rate;

/// The tier of a batch request.
pub const BATCH: &str = "batch";

/// What service tiers are called when nothing special was asked for or given.
const PLAIN_TIERS: &[&str] = &["", "auto", "default", "none", "on_demand", "standard"];

/// What else decides the price of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// It ran as part of a batch. Wins over `tier`.
    pub batch: bool,
    /// The service tier that the provider reports, such as `flex`, `priority` or `fast`.
    pub tier: Option<String>,
}

/// Which tier's rates were used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierUse {
    /// A plain call.
    Standard,
    /// The tier has rates of its own. Those that it does not name are the standard ones.
    Applied(String),
    /// The call ran in this tier, the row has no rates for it, and the standard ones were used.
    NotListed(String),
}

/// The price of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What was used.
    pub bucket: Bucket,
    /// How much of it.
    pub units: u64,
    /// The rate that priced it; `None` for time.
    pub rate: Option<Rate>,
    /// Nano-dollars for `per` units.
    pub price: i64,
    /// Units that `price` is for.
    pub per: i64,
    /// What it cost.
    pub nano_usd: i64,
    /// The rate is of something else, for want of one for this bucket: cached input at the input
    /// rate, audio at the text rate. The true price may be lower or higher.
    pub stands_in: bool,
}

/// The price of a call and how it comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The sum of the parts.
    pub nano_usd: i64,
    /// One part a bucket that is not empty and is charged for.
    pub parts: Vec<Part>,
    /// The tier that was used.
    pub tier: TierUse,
    /// The highest long-context threshold whose rates were used.
    pub long_above: Option<u64>,
}

/// Why a call cannot be priced with a row. The call is then unpriced, never partly priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// Something was used that the row has no rate for, nor one that may stand in.
    #[error("the price row has no rate for {0:?}")]
    NoRate(Bucket),
    /// More than 9.2 billion dollars: the counts are absurd.
    #[error("the cost of {0:?} does not fit: its count is absurd")]
    Overflow(Bucket),
}

impl Context {
    fn tier_name(&self) -> Option<String> {
        if self.batch {
            return Some(BATCH.into());
        }
        let name = self.tier.as_deref()?.trim().to_ascii_lowercase();
        (!PLAIN_TIERS.contains(&name.as_str())).then_some(name)
    }
}

/// Prices the buckets of one call with one row.
pub fn cost(card: &RateCard, buckets: &Buckets, context: &Context) -> Result<Priced, CostError> {
    let wanted = context.tier_name();
    let set = wanted.as_deref().and_then(|name| card.tier(name));
    let mut priced = Priced {
        nano_usd: 0,
        parts: Vec::new(),
        tier: match (wanted, set) {
            (None, _) => TierUse::Standard,
            (Some(name), Some(_)) => TierUse::Applied(name),
            (Some(name), None) => TierUse::NotListed(name),
        },
        long_above: None,
    };
    let input = buckets.input_tokens();
    for (bucket, units) in buckets.iter().filter(|(_, units)| *units > 0) {
        let Some((part, above)) = part(card, set, bucket, units, input)? else { continue };
        priced.add(part)?;
        priced.long_above = priced.long_above.max(above);
    }
    Ok(priced)
}

impl Priced {
    pub(super) fn add(&mut self, part: Part) -> Result<(), CostError> {
        let sum = self.nano_usd.checked_add(part.nano_usd);
        self.nano_usd = sum.ok_or(CostError::Overflow(part.bucket))?;
        self.parts.push(part);
        Ok(())
    }
}

fn part(
    card: &RateCard,
    tier: Option<&RateSet>,
    bucket: Bucket,
    units: u64,
    input: u64,
) -> Result<Option<(Part, Option<u64>)>, CostError> {
    let rates = bucket.rates().iter();
    let mut found = rates.filter_map(|rate| Some((*rate, card.find(*rate, tier, input)?)));
    let Some((rate, found)) = found.next() else {
        // Few providers charge for the request itself; where none is listed, it costs nothing.
        let charged = bucket != Bucket::Requests;
        return if charged { Err(CostError::NoRate(bucket)) } else { Ok(None) };
    };
    let per = rate.per();
    let part = Part {
        bucket,
        units,
        rate: Some(rate),
        price: found.nano_usd,
        per,
        nano_usd: product(units, found.nano_usd, per).ok_or(CostError::Overflow(bucket))?,
        stands_in: bucket.rates().first() != Some(&rate) && bucket != Bucket::Reasoning,
    };
    Ok(Some((part, found.above)))
}

/// `units * price / per`, half up; `None` if it does not fit.
pub(super) fn product(units: u64, price: i64, per: i64) -> Option<i64> {
    let (units, price, per) = (i128::from(units), i128::from(price), i128::from(per.max(1)));
    let exact = units.checked_mul(price)?.checked_add(per / 2)?;
    i64::try_from(exact.div_euclid(per)).ok()
}

#[cfg(test)]
mod tests;
