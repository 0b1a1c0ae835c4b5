//! From reported counts to usage: the convention first, a reported total as the arbiter, then the
//! invariants as a net below.

use std::sync::Arc;

use super::convention::{Accounting, Convention, Reading};
use super::reported::{Invalid, Part, ReportedUsage};

/// A change that was made to what the client reported, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Adjustment {
    /// Cached tokens were added to input, because this client counts them beside it.
    CacheAdded,
    /// Cached tokens were added to input, because there were more of them than input.
    CacheAddedByInvariant,
    /// Cached tokens were added to input, because only so the reported total is right.
    CacheAddedByTotal,
    /// Reasoning was added to output, because this client counts it beside it.
    ReasoningAdded,
    /// Reasoning was added to output, because there was more of it than output.
    ReasoningAddedByInvariant,
    /// Reasoning was added to output, because only so the reported total is right.
    ReasoningAddedByTotal,
    /// Reasoning was taken off output, because this client adds it twice for routed models.
    ReasoningCountedTwice,
    /// Audio or image tokens were added, because this client counts every kind apart.
    ModalityAdded,
    /// Tool prompt tokens were added to input, because this provider counts them beside it.
    ToolPromptAdded,
    /// Input is the sum of its reported parts; the client sent no input count.
    InputFromParts,
    /// A count that one report left out was taken from another report of the same call.
    RaisedByTwin,
}

impl Adjustment {
    /// A short name of what was changed and why.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CacheAdded => "cached tokens added to input: counted beside it",
            Self::CacheAddedByInvariant => "cached tokens added to input: more than input",
            Self::CacheAddedByTotal => "cached tokens added to input: as the total says",
            Self::ReasoningAdded => "reasoning added to output: counted beside it",
            Self::ReasoningAddedByInvariant => "reasoning added to output: more than output",
            Self::ReasoningAddedByTotal => "reasoning added to output: as the total says",
            Self::ReasoningCountedTwice => "reasoning taken off output: counted twice",
            Self::ModalityAdded => "audio or image tokens added: every kind is counted apart",
            Self::ToolPromptAdded => "tool prompt tokens added to input: counted beside it",
            Self::InputFromParts => "input is the sum of its parts: no count was sent",
            Self::RaisedByTwin => "a count was taken from another report of the call",
        }
    }
}

/// The tokens of one call. `input` includes cached tokens and `output` includes reasoning, as the
/// conventions say; the other counts are subsets of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Input tokens, cached ones included.
    pub input: Option<u64>,
    /// Output tokens, reasoning included.
    pub output: Option<u64>,
    /// Input tokens read from a cache.
    pub cache_read: Option<u64>,
    /// Input tokens written to a cache, for whatever time.
    pub cache_write: Option<u64>,
    /// Those written for five minutes, where the client says.
    pub cache_write_5m: Option<u64>,
    /// Those written for an hour, where the client says.
    pub cache_write_1h: Option<u64>,
    /// Output tokens of reasoning.
    pub reasoning: Option<u64>,
    /// Input tokens of audio.
    pub audio_input: Option<u64>,
    /// Output tokens of audio.
    pub audio_output: Option<u64>,
    /// Input tokens of images.
    pub image_input: Option<u64>,
    /// Output tokens of images.
    pub image_output: Option<u64>,
    /// How the client's input was read.
    pub input_convention: Convention,
    /// How the client's output was read.
    pub output_convention: Convention,
    /// What was changed, and why.
    pub adjustments: Vec<Adjustment>,
    /// The attributes the counts came from.
    pub sources: Vec<(Part, Arc<str>)>,
    /// Counts that were sent and cannot be ones.
    pub invalid: Vec<Invalid>,
}

/// Counts that do not overlap: the input ones add up to input, the output ones to output. A
/// modality that was not reported is in the text buckets `fresh_input` and `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Buckets {
    /// Input that came from no cache and went to none; audio and images apart.
    pub fresh_input: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache for five minutes.
    pub cache_write_5m: u64,
    /// Input written to a cache for an hour.
    pub cache_write_1h: u64,
    /// Input written to a cache for a time that the client did not say.
    pub cache_write_unknown: u64,
    /// Input of audio.
    pub audio_input: u64,
    /// Input of images.
    pub image_input: u64,
    /// Output without reasoning, audio and images.
    pub output: u64,
    /// Output of reasoning.
    pub reasoning: u64,
    /// Output of audio.
    pub audio_output: u64,
    /// Output of images.
    pub image_output: u64,
}

impl Buckets {
    /// All input.
    pub fn input_total(&self) -> u64 {
        self.fresh_input
            + self.cache_read
            + self.cache_write_5m
            + self.cache_write_1h
            + self.cache_write_unknown
            + self.audio_input
            + self.image_input
    }

    /// All output.
    pub fn output_total(&self) -> u64 {
        self.output + self.reasoning + self.audio_output + self.image_output
    }
}

impl Usage {
    /// Whether any count is known.
    pub fn is_known(&self) -> bool {
        self.input.is_some() || self.output.is_some()
    }

    /// The counts without overlap. A subset that would be larger than what is left of its whole is
    /// cut to that, so that the sums always hold.
    pub fn buckets(&self) -> Buckets {
        let mut input = Rest(self.input.unwrap_or(0));
        let cache_read = input.take(self.cache_read);
        let mut write = Rest(input.take(self.cache_write));
        let cache_write_1h = write.take(self.cache_write_1h);
        let cache_write_5m = write.take(self.cache_write_5m);
        let mut output = Rest(self.output.unwrap_or(0));
        Buckets {
            cache_read,
            cache_write_5m,
            cache_write_1h,
            cache_write_unknown: write.0,
            audio_input: input.take(self.audio_input),
            image_input: input.take(self.image_input),
            fresh_input: input.0,
            reasoning: output.take(self.reasoning),
            audio_output: output.take(self.audio_output),
            image_output: output.take(self.image_output),
            output: output.0,
        }
    }

    /// The known counts under their canonical names.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = [
            (Part::Input, self.input),
            (Part::Output, self.output),
            (Part::CacheRead, self.cache_read),
            (Part::CacheWrite, self.cache_write),
            (Part::CacheWrite5m, self.cache_write_5m),
            (Part::CacheWrite1h, self.cache_write_1h),
            (Part::Reasoning, self.reasoning),
            (Part::AudioInput, self.audio_input),
            (Part::AudioOutput, self.audio_output),
            (Part::ImageInput, self.image_input),
            (Part::ImageOutput, self.image_output),
        ];
        counts.into_iter().filter_map(|(part, count)| Some((part.name(), count?)))
    }

    pub(crate) fn cached(&self) -> u64 {
        self.cache_read.unwrap_or(0) + self.cache_write.unwrap_or(0)
    }
}

struct Rest(u64);

impl Rest {
    fn take(&mut self, wanted: Option<u64>) -> u64 {
        let taken = wanted.unwrap_or(0).min(self.0);
        self.0 -= taken;
        taken
    }
}

/// What beside the counts decides how they are read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context<'a> {
    pub(crate) accounting: Accounting,
    pub(crate) provider: Option<&'a str>,
    pub(crate) request_model: Option<&'a str>,
}

/// Usage from what was reported; `None` if neither input nor output is known.
pub(crate) fn settle(reported: &ReportedUsage, context: &Context<'_>) -> Option<Usage> {
    let mut usage = Usage {
        input: reported.count(Part::Input),
        output: reported.count(Part::Output),
        cache_read: reported.count(Part::CacheRead),
        cache_write: cache_write(reported),
        cache_write_5m: reported.count(Part::CacheWrite5m),
        cache_write_1h: reported.count(Part::CacheWrite1h),
        reasoning: reported.count(Part::Reasoning),
        audio_input: reported.count(Part::AudioInput),
        audio_output: reported.count(Part::AudioOutput),
        image_input: reported.count(Part::ImageInput),
        image_output: reported.count(Part::ImageOutput),
        sources: reported.counts().iter().map(|c| (c.part, Arc::clone(&c.attribute))).collect(),
        invalid: reported.invalid().to_vec(),
        ..Usage::default()
    };
    if usage.input.is_none() {
        input_from_parts(&mut usage, reported);
    }
    read_input(&mut usage, reported, context);
    read_output(&mut usage, reported, context);
    usage.is_known().then_some(usage)
}

/// The reported sum, unless the split by time says more.
fn cache_write(reported: &ReportedUsage) -> Option<u64> {
    let by_time = [Part::CacheWrite5m, Part::CacheWrite1h].map(|part| reported.count(part));
    let sum = by_time.iter().flatten().sum::<u64>();
    match reported.count(Part::CacheWrite) {
        Some(whole) => Some(whole.max(sum)),
        None => by_time.iter().any(Option::is_some).then_some(sum),
    }
}

/// Some clients send only the parts.
fn input_from_parts(usage: &mut Usage, reported: &ReportedUsage) {
    if let Some(fresh) = reported.count(Part::Fresh) {
        usage.input = Some(fresh.saturating_add(usage.cached()));
        usage.adjustments.push(Adjustment::InputFromParts);
    }
}

fn read_input(usage: &mut Usage, reported: &ReportedUsage, context: &Context<'_>) {
    let (Some(input), cached) = (usage.input, usage.cached()) else {
        return;
    };
    let reading = reading(reported, Part::Input, &[Part::CacheRead, Part::CacheWrite])
        .unwrap_or(context.accounting.input);
    let wanted = reading.of_input(context.provider);
    let proven = fresh_says(reported, input, cached)
        .or_else(|| total_says(usage, reported, context).and_then(|(input, _)| input));
    let by_total = proven.is_some_and(|proven| proven != wanted);
    usage.input_convention = proven.unwrap_or(wanted);
    let from_parts = usage.adjustments.contains(&Adjustment::InputFromParts);
    let added = if cached == 0 || from_parts {
        None
    } else if usage.input_convention == Convention::Exclusive {
        Some(if by_total { Adjustment::CacheAddedByTotal } else { Adjustment::CacheAdded })
    } else if cached > input {
        usage.input_convention = Convention::Exclusive;
        Some(Adjustment::CacheAddedByInvariant)
    } else {
        None
    };
    if let Some(adjustment) = added {
        usage.input = Some(input + cached);
        usage.adjustments.push(adjustment);
    }
    let modality = usage.audio_input.unwrap_or(0) + usage.image_input.unwrap_or(0);
    if reading == Reading::Buckets && modality > 0 {
        usage.input = usage.input.map(|input| input + modality);
        usage.adjustments.push(Adjustment::ModalityAdded);
    }
    if let Some(tool) = reported.count(Part::ToolInput).filter(|tool| *tool > 0) {
        usage.input = usage.input.map(|input| input + tool);
        usage.adjustments.push(Adjustment::ToolPromptAdded);
    }
}

fn read_output(usage: &mut Usage, reported: &ReportedUsage, context: &Context<'_>) {
    let (Some(output), reasoning) = (usage.output, usage.reasoning.unwrap_or(0)) else {
        return;
    };
    let reading =
        reading(reported, Part::Output, &[Part::Reasoning]).unwrap_or(context.accounting.output);
    let wanted = reading.of_output();
    let proven = total_says(usage, reported, context).and_then(|(_, output)| output);
    let by_total = proven.is_some_and(|proven| proven != wanted);
    usage.output_convention = proven.unwrap_or(wanted);
    if reading == Reading::Buckets {
        let modality = usage.audio_output.unwrap_or(0) + usage.image_output.unwrap_or(0);
        if modality > 0 {
            usage.output = Some(output + modality);
            usage.adjustments.push(Adjustment::ModalityAdded);
        }
    }
    if reasoning == 0 {
        return;
    }
    let routed = match (context.request_model, context.provider) {
        (Some(model), _) => model.contains('/'),
        (None, Some(provider)) => !provider.starts_with("gcp."),
        (None, None) => false,
    };
    let (changed, adjustment) = if usage.output_convention == Convention::Exclusive {
        let why =
            if by_total { Adjustment::ReasoningAddedByTotal } else { Adjustment::ReasoningAdded };
        (usage.output.unwrap_or(0) + reasoning, why)
    } else if reasoning > output {
        usage.output_convention = Convention::Exclusive;
        (output + reasoning, Adjustment::ReasoningAddedByInvariant)
    } else if context.accounting.routed_reasoning_twice && routed && output >= 2 * reasoning {
        (output - reasoning, Adjustment::ReasoningCountedTwice)
    } else {
        return;
    };
    usage.output = Some(changed);
    usage.adjustments.push(adjustment);
}

/// What the spelling of the attributes says; that of a subset decides over that of the whole.
fn reading(reported: &ReportedUsage, whole: Part, subsets: &[Part]) -> Option<Reading> {
    let of = |part: &Part| reported.reported(*part).and_then(|found| found.reading);
    subsets.iter().find_map(of).or_else(|| of(&whole))
}

/// A client that says how much input was fresh says whether input includes the rest.
fn fresh_says(reported: &ReportedUsage, input: u64, cached: u64) -> Option<Convention> {
    let fresh = reported.count(Part::Fresh).filter(|_| cached > 0)?;
    if fresh + cached == input {
        Some(Convention::Inclusive)
    } else {
        (fresh == input).then_some(Convention::Exclusive)
    }
}

/// What the reported total says about input and about output: the reading that adds up to it. A
/// total that the client made itself proves nothing, and where it suits both readings the
/// convention stays as it is.
fn total_says(
    usage: &Usage,
    reported: &ReportedUsage,
    context: &Context<'_>,
) -> Option<(Option<Convention>, Option<Convention>)> {
    use Convention::{Exclusive, Inclusive};
    let total = reported.count(Part::Total).filter(|_| !context.accounting.total_is_sum)?;
    let sum = reported.count(Part::Input)? + reported.count(Part::Output)?;
    let (cached, reasoning) = (usage.cached(), usage.reasoning.unwrap_or(0));
    let readings = [
        (sum, Inclusive, Inclusive),
        (sum + cached, Exclusive, Inclusive),
        (sum + reasoning, Inclusive, Exclusive),
        (sum + cached + reasoning, Exclusive, Exclusive),
    ];
    let fitting = || readings.iter().filter(|(sum, ..)| *sum == total);
    let input = only(fitting().map(|(_, input, _)| *input)).filter(|_| cached > 0);
    let output = only(fitting().map(|(.., output)| *output)).filter(|_| reasoning > 0);
    Some((input, output))
}

/// The one value that all have.
fn only(mut values: impl Iterator<Item = Convention>) -> Option<Convention> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
