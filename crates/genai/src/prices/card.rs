//! What one model costs at one time: standard rates, tiers, long contexts.
//!
//! How a rate is found, for a bucket of tokens of one request:
//!
//! 1. The tier's rate where the request ran in a tier (batch, flex, priority, ...) that names it,
//!    otherwise the standard one.
//! 2. In the set that was chosen, the rate of the highest long-context step whose threshold the
//!    *total* input of the request exceeds, otherwise the plain rate. The step reprices the whole
//!    request, not only the part above the threshold: that is how every provider in the table
//!    charges. A rate that a step does not name keeps its plain price.

use super::rate::{Rate, Rates};

/// Rates with their long-context steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateSet {
    /// Rates below the first step.
    pub rates: Rates,
    /// Steps by rising threshold.
    pub long: Vec<Long>,
}

/// A long-context step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Long {
    /// The step applies to requests with more input tokens than this.
    pub above: u64,
    /// Rates that change there.
    pub rates: Rates,
}

/// Standard rates and what differs from them in each tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateCard {
    /// What a plain request pays.
    pub standard: RateSet,
    /// By name, sorted: `batch`, `flex`, `priority`, ...
    pub tiers: Vec<(String, RateSet)>,
}

/// A rate that was found, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) nano_usd: i64,
    pub(super) of_tier: bool,
    pub(super) above: Option<u64>,
}

impl RateSet {
    /// The rate for one thing in a request with that many input tokens, and the threshold of the
    /// step that set it.
    fn find(&self, rate: Rate, input_tokens: u64) -> Option<(i64, Option<u64>)> {
        let exceeded = self.long.iter().rev().filter(|step| input_tokens > step.above);
        let mut named = exceeded.filter_map(|step| Some((step.rates.get(rate)?, Some(step.above))));
        named.next().or_else(|| self.rates.get(rate).map(|nano| (nano, None)))
    }

    /// Every rate in here, steps included.
    pub(super) fn all(&self) -> impl Iterator<Item = (Rate, i64)> + '_ {
        self.rates.iter().chain(self.long.iter().flat_map(|step| step.rates.iter()))
    }
}

impl RateCard {
    /// The rates of a tier, if the card has it.
    #[must_use]
    pub fn tier(&self, name: &str) -> Option<&RateSet> {
        self.tiers.iter().find(|(known, _)| known == name).map(|(_, set)| set)
    }

    pub(super) fn find(&self, rate: Rate, tier: Option<&RateSet>, input: u64) -> Option<Found> {
        let of_tier = tier.filter(|set| set.rates.get(rate).is_some());
        let (nano_usd, above) = of_tier.unwrap_or(&self.standard).find(rate, input)?;
        Some(Found { nano_usd, of_tier: of_tier.is_some(), above })
    }

    /// True if everything in it is explicitly zero.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let sets = || std::iter::once(&self.standard).chain(self.tiers.iter().map(|(_, set)| set));
        sets().all(|set| set.all().all(|(_, nano)| nano == 0)) && !self.standard.rates.is_empty()
    }
}
