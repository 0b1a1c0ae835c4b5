//! What one call used, in disjoint buckets: nothing is in two of them.

use super::rate::Rate;

/// A kind of use. Every bucket is disjoint from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Input tokens that were neither read from a cache nor written to one.
    FreshInput,
    /// Input tokens read from a cache.
    CacheRead,
    /// Input tokens written to a cache of five minutes.
    CacheWrite5m,
    /// Input tokens written to a cache of one hour.
    CacheWrite1h,
    /// Input tokens written to a cache whose lifetime was not reported.
    CacheWriteUnknown,
    /// Output tokens without reasoning.
    Output,
    /// Reasoning tokens.
    Reasoning,
    /// Audio tokens of the input, uncached.
    AudioInput,
    /// Audio tokens of the output.
    AudioOutput,
    /// Image tokens of the input, uncached.
    ImageInput,
    /// Image tokens of the output.
    ImageOutput,
    /// Requests.
    Requests,
    /// Images made, where they are charged by the piece.
    Images,
    /// Web searches that the provider ran.
    Searches,
    /// Characters of input, where speech is charged by them.
    Characters,
    /// Seconds of audio, where it is charged by time.
    AudioSeconds,
    /// Pages of documents.
    Pages,
    /// Nanoseconds of a self-hosted model's time. Only overrides price it.
    Time,
}

impl Bucket {
    /// The rates that may price it: its own, then those that stand in for it.
    pub(super) fn rates(self) -> &'static [Rate] {
        match self {
            Self::FreshInput => &[Rate::Input],
            Self::CacheRead => &[Rate::CacheRead, Rate::Input],
            Self::CacheWrite5m | Self::CacheWriteUnknown => &[Rate::CacheWrite5m, Rate::Input],
            Self::CacheWrite1h => &[Rate::CacheWrite1h, Rate::CacheWrite5m, Rate::Input],
            Self::Output => &[Rate::Output],
            Self::Reasoning => &[Rate::Reasoning, Rate::Output],
            Self::AudioInput => &[Rate::AudioInput, Rate::Input],
            Self::AudioOutput => &[Rate::AudioOutput, Rate::Output],
            Self::ImageInput => &[Rate::ImageInput, Rate::Input],
            Self::ImageOutput => &[Rate::ImageOutput, Rate::Output],
            Self::Requests => &[Rate::Request],
            Self::Images => &[Rate::Image],
            Self::Searches => &[Rate::Search],
            Self::Characters => &[Rate::Character],
            Self::AudioSeconds => &[Rate::AudioSecond],
            Self::Pages => &[Rate::Page],
            Self::Time => &[],
        }
    }
}

/// Units by bucket. The default is one request that used nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is described at the bucket of its name")]
pub struct Buckets {
    pub fresh_input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    pub cache_write_unknown: u64,
    pub output: u64,
    pub reasoning: u64,
    pub audio_input: u64,
    pub audio_output: u64,
    pub image_input: u64,
    pub image_output: u64,
    pub requests: u64,
    pub images: u64,
    pub searches: u64,
    pub characters: u64,
    pub audio_seconds: u64,
    pub pages: u64,
}

impl Default for Buckets {
    fn default() -> Self {
        Self { requests: 1, ..Self::NONE }
    }
}

impl Buckets {
    /// Nothing at all, not even a request.
    pub const NONE: Self = Self {
        fresh_input: 0,
        cache_read: 0,
        cache_write_5m: 0,
        cache_write_1h: 0,
        cache_write_unknown: 0,
        output: 0,
        reasoning: 0,
        audio_input: 0,
        audio_output: 0,
        image_input: 0,
        image_output: 0,
        requests: 0,
        images: 0,
        searches: 0,
        characters: 0,
        audio_seconds: 0,
        pages: 0,
    };

    /// Every bucket with its units.
    pub fn iter(&self) -> impl Iterator<Item = (Bucket, u64)> {
        [
            (Bucket::FreshInput, self.fresh_input),
            (Bucket::CacheRead, self.cache_read),
            (Bucket::CacheWrite5m, self.cache_write_5m),
            (Bucket::CacheWrite1h, self.cache_write_1h),
            (Bucket::CacheWriteUnknown, self.cache_write_unknown),
            (Bucket::Output, self.output),
            (Bucket::Reasoning, self.reasoning),
            (Bucket::AudioInput, self.audio_input),
            (Bucket::AudioOutput, self.audio_output),
            (Bucket::ImageInput, self.image_input),
            (Bucket::ImageOutput, self.image_output),
            (Bucket::Requests, self.requests),
            (Bucket::Images, self.images),
            (Bucket::Searches, self.searches),
            (Bucket::Characters, self.characters),
            (Bucket::AudioSeconds, self.audio_seconds),
            (Bucket::Pages, self.pages),
        ]
        .into_iter()
    }

    /// All input tokens, which decide the long-context step. Saturates.
    #[must_use]
    pub fn input_tokens(&self) -> u64 {
        let parts = [
            self.fresh_input,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.cache_write_unknown,
            self.audio_input,
            self.image_input,
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}
