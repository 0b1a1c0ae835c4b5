//! What a client reported: one count a part, each with the attribute it came from.

use std::sync::Arc;

use super::COUNT_MAX;
use super::convention::Reading;
use crate::value::Value;

/// A part of usage that a client may report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Input tokens; whether cached ones are in it depends on the client.
    Input,
    /// Output tokens; whether reasoning is in it depends on the client.
    Output,
    /// Input tokens read from a cache.
    CacheRead,
    /// Input tokens written to a cache, all of them.
    CacheWrite,
    /// Those written for five minutes.
    CacheWrite5m,
    /// Those written for an hour.
    CacheWrite1h,
    /// Output tokens of reasoning.
    Reasoning,
    /// Input tokens of audio.
    AudioInput,
    /// Output tokens of audio.
    AudioOutput,
    /// Audio tokens read from a cache.
    AudioCacheRead,
    /// Input tokens of images.
    ImageInput,
    /// Output tokens of images.
    ImageOutput,
    /// Image tokens read from a cache.
    ImageCacheRead,
    /// Input tokens of text.
    TextInput,
    /// Output tokens of text.
    TextOutput,
    /// Text tokens read from a cache.
    TextCacheRead,
    /// Input and output together: only checks the others.
    Total,
    /// Input tokens that are in no cache: only checks the others.
    Fresh,
    /// Input tokens of tool prompts that stand outside the input (Gemini).
    ToolInput,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 19] = [
        Self::Input,
        Self::Output,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite5m,
        Self::CacheWrite1h,
        Self::Reasoning,
        Self::AudioInput,
        Self::AudioOutput,
        Self::AudioCacheRead,
        Self::ImageInput,
        Self::ImageOutput,
        Self::ImageCacheRead,
        Self::TextInput,
        Self::TextOutput,
        Self::TextCacheRead,
        Self::Total,
        Self::Fresh,
        Self::ToolInput,
    ];

    /// The canonical attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "gen_ai.usage.input_tokens",
            Self::Output => "gen_ai.usage.output_tokens",
            Self::CacheRead => "gen_ai.usage.cache_read.input_tokens",
            Self::CacheWrite => "gen_ai.usage.cache_write.input_tokens",
            Self::CacheWrite5m => "telltale.usage.cache_write_5m.input_tokens",
            Self::CacheWrite1h => "telltale.usage.cache_write_1h.input_tokens",
            Self::Reasoning => "gen_ai.usage.reasoning.output_tokens",
            Self::AudioInput => "gen_ai.usage.audio.input_tokens",
            Self::AudioOutput => "gen_ai.usage.audio.output_tokens",
            Self::AudioCacheRead => "gen_ai.usage.audio.cache_read.input_tokens",
            Self::ImageInput => "gen_ai.usage.image.input_tokens",
            Self::ImageOutput => "gen_ai.usage.image.output_tokens",
            Self::ImageCacheRead => "gen_ai.usage.image.cache_read.input_tokens",
            Self::TextInput => "gen_ai.usage.text.input_tokens",
            Self::TextOutput => "gen_ai.usage.text.output_tokens",
            Self::TextCacheRead => "gen_ai.usage.text.cache_read.input_tokens",
            Self::Total => "telltale.usage.total_tokens",
            Self::Fresh => "telltale.usage.fresh.input_tokens",
            Self::ToolInput => "telltale.usage.tool.input_tokens",
        }
    }
}

/// Why a count is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WhyInvalid {
    /// Neither a number nor text that is one.
    NotANumber,
    /// Not a whole number.
    NotWhole,
    /// Below zero.
    Negative,
    /// Over [`COUNT_MAX`].
    Absurd,
}

/// A count that was sent and cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Invalid {
    /// What it was meant to count.
    pub part: Part,
    /// The attribute.
    pub attribute: Arc<str>,
    /// What is wrong with it.
    pub why: WhyInvalid,
}

/// One reported count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What it counts.
    pub part: Part,
    /// The count.
    pub count: u64,
    /// The attribute (and path within it) that said so.
    pub attribute: Arc<str>,
    /// How the rule says the count is to be read, where the spelling of the attribute decides.
    pub(crate) reading: Option<Reading>,
}

/// Everything a client reported about one call's tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportedUsage {
    counts: Vec<Reported>,
    invalid: Vec<Invalid>,
}

impl ReportedUsage {
    /// The count of a part, if it was reported and can be one.
    pub fn count(&self, part: Part) -> Option<u64> {
        self.reported(part).map(|reported| reported.count)
    }

    /// The counts, in the order in which they were found.
    pub fn counts(&self) -> &[Reported] {
        &self.counts
    }

    /// What was sent and cannot be a count.
    pub fn invalid(&self) -> &[Invalid] {
        &self.invalid
    }

    pub(crate) fn reported(&self, part: Part) -> Option<&Reported> {
        self.counts.iter().find(|reported| reported.part == part)
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.reported(part).is_some()
    }

    /// Takes a value as the count of a part. Says whether it was one; a second one is not taken.
    pub(crate) fn put(
        &mut self,
        part: Part,
        value: &Value<'_>,
        attribute: &Arc<str>,
        reading: Option<Reading>,
    ) -> bool {
        match count(value) {
            Ok(count) => {
                if !self.has(part) {
                    let attribute = Arc::clone(attribute);
                    self.counts.push(Reported { part, count, attribute, reading });
                }
                true
            }
            Err(why) => {
                self.invalid.push(Invalid { part, attribute: Arc::clone(attribute), why });
                false
            }
        }
    }

    /// Puts a count that is known to be one.
    pub(crate) fn put_count(&mut self, part: Part, count: u64, attribute: &Arc<str>) {
        self.counts.push(Reported { part, count, attribute: Arc::clone(attribute), reading: None });
    }
}

/// The value as a count of tokens.
fn count(value: &Value<'_>) -> Result<u64, WhyInvalid> {
    let number = match value {
        Value::Int(number) => *number,
        Value::Double(_) | Value::Str(_) => {
            let number = value.to_double().ok_or(WhyInvalid::NotANumber)?;
            if number < 0.0 {
                return Err(WhyInvalid::Negative);
            }
            #[expect(clippy::cast_precision_loss, reason = "2^40 is exact in a double")]
            if number > COUNT_MAX as f64 {
                return Err(WhyInvalid::Absurd);
            }
            value.to_int().ok_or(WhyInvalid::NotWhole)?
        }
        _ => return Err(WhyInvalid::NotANumber),
    };
    let number = u64::try_from(number).map_err(|_| WhyInvalid::Negative)?;
    if number > COUNT_MAX { Err(WhyInvalid::Absurd) } else { Ok(number) }
}
