//! The dated price table: what it holds, and the file it is read from.
//!
//! The file is JSON with one model a line, sorted by provider and name, so that a refresh is a diff
//! that can be read. Amounts are decimal dollars for [`super::Rate::per`] units, in quotes.

use std::collections::HashMap;

use serde::Deserialize;
use telltale_base::UnixNanos;

use super::card::RateCard;
use super::day::Day;
use super::names;

mod check;
mod format;

/// The version of the file's form that this code reads.
pub const FORMAT: u32 = 1;

/// Seconds in a day.
const DAY_SECONDS: i64 = 86_400;

/// Why a price table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The text is not the JSON that a table is.
    #[error("price table: {0}")]
    Json(#[from] serde_json::Error),
    /// A later form of the file.
    #[error("price table: format {found}, this version reads {FORMAT}")]
    Format {
        /// What the file says.
        found: u32,
    },
    /// A line that contradicts itself or another one.
    #[error("price table: {provider}/{model}: {problem}")]
    Line {
        /// Provider of the line.
        provider: String,
        /// Model of the line.
        model: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// A package that prices were read from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The letter that stands in the lines.
    pub id: String,
    /// Name in its registry.
    pub package: String,
    /// Version that was read.
    pub version: String,
    /// Its licence (SPDX).
    pub licence: String,
}

/// All prices of one model at one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrices {
    /// Provider, spelled as `gen_ai.provider.name` where the conventions have a name for it.
    pub provider: String,
    /// The model's main name at that provider.
    pub model: String,
    /// Other names of exactly the same thing.
    pub names: Vec<String>,
    /// Letters of the [`Source`]s that the prices come from.
    pub source: String,
    /// Costs nothing, on purpose. Only then may all rates be zero.
    pub free: bool,
    /// Rows; the last one in force at a moment applies.
    pub rows: Vec<PriceRow>,
}

/// Prices in force from a day, perhaps only at some hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// First day (UTC); absent for "as far back as is known".
    pub from: Option<Day>,
    /// Hours of the day; absent for all of them.
    pub hours: Option<Hours>,
    /// The rates.
    pub card: RateCard,
}

/// A daily interval in UTC, end excluded; it may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Start, in seconds after midnight.
    pub from: u32,
    /// End, in seconds after midnight.
    pub until: u32,
}

/// Every known price.
#[derive(Debug, Default)]
pub struct PriceTable {
    /// Day on which the sources were read.
    pub as_of: Option<Day>,
    /// Where the prices come from.
    pub sources: Vec<Source>,
    pub(super) models: Vec<ModelPrices>,
    /// Folded names, as listed, to the models that have them (at different providers).
    pub(super) listed: HashMap<String, Vec<u32>>,
    /// Folded names without date and version, of models that are listed only with them.
    pub(super) undated: HashMap<String, Vec<u32>>,
}

impl Hours {
    fn contain(self, second: u32) -> bool {
        if self.until < self.from {
            second >= self.from || second < self.until
        } else {
            (self.from..self.until).contains(&second)
        }
    }
}

impl PriceRow {
    fn in_force(&self, at: UnixNanos) -> bool {
        let second = at.0.div_euclid(UnixNanos::DAY / DAY_SECONDS).rem_euclid(DAY_SECONDS);
        let second = u32::try_from(second).unwrap_or_default();
        self.from.is_none_or(|from| Day::of(at) >= from)
            && self.hours.is_none_or(|hours| hours.contain(second))
    }
}

impl ModelPrices {
    /// The row in force at a moment; `None` before the first known day.
    #[must_use]
    pub fn row(&self, at: UnixNanos) -> Option<&PriceRow> {
        self.rows.iter().rev().find(|row| row.in_force(at))
    }

    /// The main name and the others.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.model.as_str()).chain(self.names.iter().map(String::as_str))
    }
}

impl PriceTable {
    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let file: format::File = serde_json::from_str(text)?;
        if file.format != FORMAT {
            return Err(TableError::Format { found: file.format });
        }
        let mut table = Self {
            as_of: Some(file.as_of),
            sources: file.sources,
            models: file.models,
            ..Self::default()
        };
        table.index();
        check::table(&table)?;
        Ok(table)
    }

    /// All models, sorted by provider and name.
    #[must_use]
    pub fn models(&self) -> &[ModelPrices] {
        &self.models
    }

    fn index(&mut self) {
        for (at, model) in (0_u32..).zip(&self.models) {
            for name in model.all_names() {
                let folded = names::fold(name);
                for shorter in names::without_suffixes(&folded) {
                    note(&mut self.undated, shorter, at);
                }
                note(&mut self.listed, &folded, at);
            }
        }
    }

    pub(super) fn models_at<'a>(
        &'a self,
        found: Option<&'a Vec<u32>>,
    ) -> impl Iterator<Item = &'a ModelPrices> {
        let at = found.into_iter().flatten();
        at.filter_map(|at| self.models.get(usize::try_from(*at).ok()?))
    }
}

fn note(index: &mut HashMap<String, Vec<u32>>, name: &str, at: u32) {
    if let Some(known) = index.get_mut(name) {
        if !known.contains(&at) {
            known.push(at);
        }
    } else {
        index.insert(name.to_owned(), vec![at]);
    }
}

#[cfg(test)]
mod tests;
