//! What a price list can charge for, and how much.

use super::money::{MoneyError, parse_usd};

/// One thing that is charged for. The order is the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// Input tokens that have no rate of their own.
    Input,
    /// Output tokens that have no rate of their own.
    Output,
    /// Input tokens read from a prompt cache.
    CacheRead,
    /// Input tokens written to a cache that lives five minutes, or as long as the provider says.
    CacheWrite5m,
    /// Input tokens written to a cache that lives an hour.
    CacheWrite1h,
    /// Reasoning tokens, where they are not charged as output.
    Reasoning,
    /// Audio tokens of the input.
    AudioInput,
    /// Audio tokens of the output.
    AudioOutput,
    /// Image tokens of the input.
    ImageInput,
    /// Image tokens of the output.
    ImageOutput,
    /// One request.
    Request,
    /// One image made.
    Image,
    /// One search that the model made in the web.
    Search,
    /// One character of input text (speech).
    Character,
    /// One second of audio (transcription).
    AudioSecond,
    /// One page of a document (text recognition).
    Page,
}

/// Key in the file, and how many units the price is for: prices are kept in the unit in which
/// providers publish them, so that every one is a short exact decimal.
const TABLE: [(Rate, &str, i64); 16] = [
    (Rate::Input, "in", 1_000_000),
    (Rate::Output, "out", 1_000_000),
    (Rate::CacheRead, "read", 1_000_000),
    (Rate::CacheWrite5m, "w5m", 1_000_000),
    (Rate::CacheWrite1h, "w1h", 1_000_000),
    (Rate::Reasoning, "think", 1_000_000),
    (Rate::AudioInput, "audio_in", 1_000_000),
    (Rate::AudioOutput, "audio_out", 1_000_000),
    (Rate::ImageInput, "image_in", 1_000_000),
    (Rate::ImageOutput, "image_out", 1_000_000),
    (Rate::Request, "request", 1_000),
    (Rate::Image, "image", 1),
    (Rate::Search, "search", 1_000),
    (Rate::Character, "char", 1_000_000),
    (Rate::AudioSecond, "audio_hour", 3_600),
    (Rate::Page, "page", 1_000),
];

impl Rate {
    /// All of them, in the order of the file.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.into_iter().map(|(rate, _, _)| rate)
    }

    /// The key in the table and in overrides, such as `w5m`.
    #[must_use]
    pub fn key(self) -> &'static str {
        TABLE.iter().find(|(rate, _, _)| *rate == self).map_or("", |(_, key, _)| key)
    }

    /// How many units the price is for: a million tokens or characters, a thousand requests,
    /// searches or pages, an hour of seconds, one image.
    #[must_use]
    pub fn per(self) -> i64 {
        TABLE.iter().find(|(rate, _, _)| *rate == self).map_or(1, |(_, _, per)| *per)
    }

    /// The rate of a key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        TABLE.iter().find(|(_, known, _)| *known == key).map(|(rate, _, _)| *rate)
    }
}

/// Prices by what they are for, in nano-dollars for [`Rate::per`] units. Zero is a price (free);
/// absent means not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(Vec<(Rate, i64)>);

impl Rates {
    /// The price of one thing.
    #[must_use]
    pub fn get(&self, rate: Rate) -> Option<i64> {
        self.0.iter().find(|(known, _)| *known == rate).map(|(_, nano)| *nano)
    }

    /// All prices, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (Rate, i64)> + '_ {
        self.0.iter().copied()
    }

    /// True without any price.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the price of one thing, given in decimal dollars for [`Rate::per`] units.
    pub fn set(&mut self, rate: Rate, usd: &str) -> Result<(), MoneyError> {
        let nano = parse_usd(usd)?;
        self.0.retain(|(known, _)| *known != rate);
        let at = self.0.partition_point(|(known, _)| *known < rate);
        self.0.insert(at, (rate, nano));
        Ok(())
    }
}
