//! Prices of a project's own: what was negotiated, and what its own hardware costs.
//!
//! An override applies to the names that its pattern covers and wins over the table. Of several,
//! the one that says most applies: with a provider before without, a whole name before a
//! beginning, a longer beginning before a shorter one, a later start before an earlier one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;
use telltale_base::UnixNanos;

use super::card::{RateCard, RateSet};
use super::cost::{CostError, Part, Priced, TierUse, product};
use super::day::Day;
use super::money::{MoneyError, parse_usd};
use super::names::{self, Step};
use super::providers::{self, Named};
use super::rate::{Rate, Rates};
use super::{Bucket, MODEL_NAME_MAX};

/// Overrides that a project may have.
pub const OVERRIDES_MAX: usize = 10_000;

/// Devices that one self-hosted model may run on.
pub const GPUS_MAX: u32 = 100_000;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// An override as it is written in a configuration file or sent to the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideSpec {
    /// Only calls of this provider; any if absent.
    #[serde(default)]
    pub provider: Option<String>,
    /// A model's name, or its beginning followed by `*`.
    pub model: String,
    /// First day (UTC).
    #[serde(default)]
    pub from: Option<Day>,
    /// First day on which it no longer holds.
    #[serde(default)]
    pub until: Option<Day>,
    /// Decimal dollars by the keys of the table (`in`, `out`, `read`, ...).
    #[serde(default)]
    pub rates: BTreeMap<String, String>,
    /// The same for tiers (`batch`, `flex`, ...).
    #[serde(default)]
    pub tiers: BTreeMap<String, BTreeMap<String, String>>,
    /// Decimal dollars for a second of one device, instead of rates.
    #[serde(default)]
    pub gpu_second: Option<String>,
    /// Devices that a call occupies; 1 if absent.
    #[serde(default)]
    pub gpus: Option<u32>,
}

/// Why an override cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("price override {number} ({model}): {problem}")]
pub struct OverrideError {
    /// Place in the list, from 1.
    pub number: usize,
    /// Its pattern.
    pub model: String,
    /// What is wrong.
    pub problem: OverrideProblem,
}

/// What can be wrong with an override.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideProblem {
    /// An empty or overlong pattern, or a `*` that is not its end.
    #[error("the model is a name, or the beginning of one followed by *")]
    Pattern,
    /// `until` is not after `from`.
    #[error("it ends before it begins")]
    Period,
    /// A key that no rate has.
    #[error("unknown rate {0:?}")]
    UnknownRate(String),
    /// Not an amount.
    #[error("{key}: {error}")]
    Money {
        /// The key.
        key: String,
        /// What is wrong with its value.
        error: MoneyError,
    },
    /// Neither rates nor time, or both.
    #[error("give either rates or gpu_second")]
    RatesOrTime,
    /// No device, or more than [`GPUS_MAX`].
    #[error("gpus is from 1 to {GPUS_MAX}, and goes with gpu_second")]
    Gpus,
    /// Another one holds for the same calls at the same time.
    #[error("it overlaps with override {0}, which says no less")]
    Overlap(usize),
    /// The list is longer than [`OVERRIDES_MAX`].
    #[error("a project may have {OVERRIDES_MAX} overrides")]
    TooMany,
}

/// An override that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Place in the list, from 1.
    pub number: usize,
    provider: Option<String>,
    pattern: String,
    any_ending: bool,
    from: Option<Day>,
    until: Option<Day>,
    /// What it charges.
    pub price: OverridePrice,
}

/// What an override charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverridePrice {
    /// By use, as in the table.
    Rates(RateCard),
    /// By the time that the call took.
    Time {
        /// For one device and second.
        nano_usd_per_second: i64,
        /// Devices.
        gpus: u32,
    },
}

/// The overrides of one project, most specific first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(Vec<Override>);

impl Overrides {
    /// Checks overrides; the first that cannot be used is the error.
    pub fn new(specs: &[OverrideSpec]) -> Result<Self, OverrideError> {
        let mut checked = Vec::with_capacity(specs.len().min(OVERRIDES_MAX));
        for (number, spec) in (1..).zip(specs) {
            let error = |problem| OverrideError { number, model: spec.model.clone(), problem };
            if number > OVERRIDES_MAX {
                return Err(error(OverrideProblem::TooMany));
            }
            let new = spec.check(number).map_err(error)?;
            checked.push(new);
        }
        checked.sort_by_key(Override::rank);
        // Those that cover the same names have the same rank but for their start, so they stand
        // together; each is compared with the next later one.
        for (later, earlier) in checked.iter().zip(checked.iter().skip(1)) {
            if later.same_names(earlier) && earlier.until.is_none_or(|end| Some(end) > later.from) {
                let bounded = earlier.from == later.from || earlier.until.is_some();
                if bounded {
                    let (number, other) = (later.number, earlier.number);
                    return Err(OverrideError {
                        number: number.max(other),
                        model: later.pattern.clone(),
                        problem: OverrideProblem::Overlap(number.min(other)),
                    });
                }
            }
        }
        Ok(Self(checked))
    }

    /// The override that applies to a call.
    #[must_use]
    pub fn find(&self, provider: Option<&str>, model: &str, at: UnixNanos) -> Option<&Override> {
        if self.0.is_empty() {
            return None;
        }
        let mut forms = names::forms(model);
        forms.retain(|form| form.steps.iter().all(|step| *step == Step::Prefix));
        let provider = provider.map(canonical);
        self.0.iter().find(|one| {
            one.in_force(Day::of(at))
                && (one.provider.is_none() || one.provider == provider)
                && forms.iter().any(|form| one.covers(&form.text))
        })
    }
}

impl OverrideSpec {
    fn check(&self, number: usize) -> Result<Override, OverrideProblem> {
        let (pattern, any_ending) = match self.model.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (self.model.as_str(), false),
        };
        let empty = pattern.trim().is_empty() && !any_ending;
        if empty || pattern.contains('*') || pattern.len() > MODEL_NAME_MAX {
            return Err(OverrideProblem::Pattern);
        }
        if self.until.is_some_and(|until| self.from.is_some_and(|from| until <= from)) {
            return Err(OverrideProblem::Period);
        }
        Ok(Override {
            number,
            provider: self.provider.as_deref().map(canonical),
            pattern: names::fold(pattern),
            any_ending,
            from: self.from,
            until: self.until,
            price: self.price()?,
        })
    }

    fn price(&self) -> Result<OverridePrice, OverrideProblem> {
        let Some(usd) = &self.gpu_second else {
            if self.gpus.is_some() {
                return Err(OverrideProblem::Gpus);
            }
            if self.rates.is_empty() {
                return Err(OverrideProblem::RatesOrTime);
            }
            let mut card = RateCard { standard: set(&self.rates)?, tiers: Vec::new() };
            for (name, rates) in &self.tiers {
                card.tiers.push((name.to_ascii_lowercase(), set(rates)?));
            }
            return Ok(OverridePrice::Rates(card));
        };
        if !self.rates.is_empty() || !self.tiers.is_empty() {
            return Err(OverrideProblem::RatesOrTime);
        }
        let gpus = self.gpus.unwrap_or(1);
        if gpus == 0 || gpus > GPUS_MAX {
            return Err(OverrideProblem::Gpus);
        }
        let money = |error| OverrideProblem::Money { key: "gpu_second".into(), error };
        Ok(OverridePrice::Time { nano_usd_per_second: parse_usd(usd).map_err(money)?, gpus })
    }
}

impl Override {
    /// The pattern as it was matched, such as `gpt-4o*`.
    #[must_use]
    pub fn pattern(&self) -> String {
        format!("{}{}", self.pattern, if self.any_ending { "*" } else { "" })
    }

    fn rank(&self) -> impl Ord + use<> {
        let names = (self.provider.is_none(), self.any_ending, Reverse(self.pattern.len()));
        (names, self.pattern.clone(), self.provider.clone(), Reverse(self.from), self.number)
    }

    fn same_names(&self, other: &Self) -> bool {
        (&self.provider, &self.pattern, self.any_ending)
            == (&other.provider, &other.pattern, other.any_ending)
    }

    fn in_force(&self, day: Day) -> bool {
        self.from.is_none_or(|from| day >= from) && self.until.is_none_or(|until| day < until)
    }

    fn covers(&self, name: &str) -> bool {
        if self.any_ending { name.starts_with(&self.pattern) } else { name == self.pattern }
    }
}

/// The cost of a call's time on hardware of the user's own.
pub(super) fn cost_of_time(
    duration_ns: u64,
    nano_usd_per_second: i64,
    gpus: u32,
) -> Result<Priced, CostError> {
    let overflow = CostError::Overflow(Bucket::Time);
    let price = nano_usd_per_second.checked_mul(i64::from(gpus)).ok_or(overflow)?;
    let part = Part {
        bucket: Bucket::Time,
        units: duration_ns,
        rate: None,
        price,
        per: NANOS_PER_SECOND,
        nano_usd: product(duration_ns, price, NANOS_PER_SECOND).ok_or(overflow)?,
        stands_in: false,
    };
    let (tier, long_above) = (TierUse::Standard, None);
    Ok(Priced { nano_usd: part.nano_usd, parts: vec![part], tier, long_above })
}

fn set(usd: &BTreeMap<String, String>) -> Result<RateSet, OverrideProblem> {
    let mut rates = Rates::default();
    for (key, usd) in usd {
        let unknown = || OverrideProblem::UnknownRate(key.clone());
        let rate = Rate::of_key(key).ok_or_else(unknown)?;
        let money = |error| OverrideProblem::Money { key: key.clone(), error };
        rates.set(rate, usd).map_err(money)?;
    }
    Ok(RateSet { rates, long: Vec::new() })
}

fn canonical(provider: &str) -> String {
    match providers::named(provider) {
        Named::Known(known) => known.id.to_owned(),
        Named::Unlisted | Named::Nothing => provider.trim().to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests;
