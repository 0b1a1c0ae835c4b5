//! The JSON of the table. Rates stand beside the other keys of a row, which serde's derived code
//! reads only through a copy (`flatten`), so rows are read by hand.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::card::{Long, RateCard, RateSet};
use super::super::day::Day;
use super::super::rate::{Rate, Rates};
use super::{Hours, ModelPrices, PriceRow, Source};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) format: u32,
    pub(super) as_of: Day,
    pub(super) sources: Vec<Source>,
    pub(super) models: Vec<ModelPrices>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    provider: String,
    model: String,
    #[serde(default)]
    names: Vec<String>,
    src: String,
    #[serde(default)]
    free: bool,
    prices: Vec<Entry>,
}

/// Everything that a row, a tier or a step may say.
#[derive(Default)]
struct Entry {
    from: Option<Day>,
    hours: Option<Hours>,
    above: Option<u64>,
    rates: Rates,
    long: Vec<Entry>,
    tiers: Vec<(String, Entry)>,
}

impl<'de> Deserialize<'de> for ModelPrices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = Line::deserialize(deserializer)?;
        let rows: Result<_, D::Error> = line.prices.into_iter().map(row).collect();
        Ok(Self {
            provider: line.provider,
            model: line.model,
            names: line.names,
            source: line.src,
            free: line.free,
            rows: rows?,
        })
    }
}

fn row<E: serde::de::Error>(mut entry: Entry) -> Result<PriceRow, E> {
    let mut tiers = Vec::with_capacity(entry.tiers.len());
    for (name, tier) in std::mem::take(&mut entry.tiers) {
        tiers.push((name, plain_set(tier, "a tier")?));
    }
    if entry.above.is_some() {
        return Err(E::custom("`above` belongs into a long-context step"));
    }
    let (from, hours) = (entry.from, entry.hours);
    Ok(PriceRow { from, hours, card: RateCard { standard: set(entry)?, tiers } })
}

fn set<E: serde::de::Error>(entry: Entry) -> Result<RateSet, E> {
    let mut long = Vec::with_capacity(entry.long.len());
    for step in entry.long {
        let above = step.above.ok_or_else(|| E::missing_field("above"))?;
        if !step.long.is_empty() {
            return Err(E::custom("a long-context step has no steps of its own"));
        }
        long.push(Long { above, rates: plain_set(Entry { above: None, ..step }, "a step")?.rates });
    }
    Ok(RateSet { rates: entry.rates, long })
}

fn plain_set<E: serde::de::Error>(entry: Entry, what: &str) -> Result<RateSet, E> {
    let plain = entry.from.is_none() && entry.hours.is_none() && entry.above.is_none();
    if !plain || !entry.tiers.is_empty() {
        return Err(E::custom(format!("{what} holds rates and nothing else")));
    }
    set(entry)
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of rates")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry::default();
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "from" => entry.from = Some(map.next_value()?),
                "hours" => entry.hours = Some(hours(map.next_value()?)?),
                "above" => entry.above = Some(map.next_value()?),
                "long" => entry.long = map.next_value()?,
                "tiers" => entry.tiers = map.next_value::<Tiers>()?.0,
                _ => {
                    let rate = Rate::of_key(key)
                        .ok_or_else(|| A::Error::custom(format!("unknown rate {key:?}")))?;
                    if entry.rates.get(rate).is_some() {
                        return Err(A::Error::custom(format!("the rate {key:?} is there twice")));
                    }
                    let usd: &str = map.next_value()?;
                    let set = entry.rates.set(rate, usd);
                    set.map_err(|error| A::Error::custom(format!("{key} {usd:?}: {error}")))?;
                }
            }
        }
        Ok(entry)
    }
}

/// Tiers in the order of the file.
struct Tiers(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Tiers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TiersVisitor)
    }
}

struct TiersVisitor;

impl<'de> Visitor<'de> for TiersVisitor {
    type Value = Tiers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tiers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tiers, A::Error> {
        let mut tiers = Vec::new();
        while let Some(tier) = map.next_entry()? {
            tiers.push(tier);
        }
        Ok(Tiers(tiers))
    }
}

/// `01:00-04:00`.
fn hours<E: serde::de::Error>(text: &str) -> Result<Hours, E> {
    let parsed = text.split_once('-').and_then(|(from, until)| {
        Some(Hours { from: second_of_day(from)?, until: second_of_day(until)? })
    });
    let differ = parsed.filter(|hours| hours.from != hours.until);
    differ.ok_or_else(|| E::custom(format!("{text:?} are not hours like 01:00-04:00")))
}

fn second_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str, below: u32| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|number| digits && *number < below)
    };
    Some(number(hour, 24)? * 3_600 + number(minute, 60)? * 60)
}
