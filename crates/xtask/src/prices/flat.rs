//! The flat price list: the JSON file in the Python package `litellm`. It has no dates, and more
//! regions, tiers and kinds of models than the dated one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::amount;
use super::line::{Line, Rate, Row, Set, fold};

/// The letter of this source in the table.
pub(super) const SOURCE: &str = "l";

/// Its providers, what the table calls them, and the prefixes that its keys have.
const PROVIDERS: &[(&str, &str, &[&str])] = &[
    ("anthropic", "anthropic", &["anthropic/"]),
    ("azure", "azure.ai.openai", &["azure/"]),
    ("azure_ai", "azure.ai.openai", &["azure_ai/"]),
    ("azure_text", "azure.ai.openai", &["azure/"]),
    ("bedrock", "aws.bedrock", &["bedrock/"]),
    ("bedrock_converse", "aws.bedrock", &["bedrock/"]),
    ("cerebras", "cerebras", &["cerebras/"]),
    ("codestral", "mistral_ai", &["codestral/"]),
    ("cohere", "cohere", &["cohere/"]),
    ("cohere_chat", "cohere", &["cohere/"]),
    ("dashscope", "alibaba", &["dashscope/"]),
    ("deepinfra", "deepinfra", &["deepinfra/"]),
    ("deepseek", "deepseek", &["deepseek/"]),
    ("fireworks_ai", "fireworks", &["fireworks_ai/"]),
    ("fireworks_ai-embedding-models", "fireworks", &["fireworks_ai/"]),
    ("gemini", "gcp.gemini", &["gemini/"]),
    ("groq", "groq", &["groq/"]),
    ("jina_ai", "jina", &["jina_ai/"]),
    ("minimax", "minimax", &["minimax/"]),
    ("mistral", "mistral_ai", &["mistral/"]),
    ("moonshot", "moonshot_ai", &["moonshot/"]),
    ("openai", "openai", &["openai/"]),
    ("perplexity", "perplexity", &["perplexity/"]),
    ("text-completion-openai", "openai", &["text-completion-openai/"]),
    ("together_ai", "together", &["together_ai/"]),
    ("vertex_ai", "gcp.vertex_ai", &["vertex_ai/"]),
    ("voyage", "voyage", &["voyage/"]),
    ("watsonx", "ibm.watsonx.ai", &["watsonx/"]),
    ("xai", "x_ai", &["xai/"]),
    ("zai", "zai", &["zai/"]),
];

/// Kinds of models whose use is counted in units that the table has.
const MODES: &[&str] = &[
    "audio_speech",
    "audio_transcription",
    "chat",
    "completion",
    "embedding",
    "image_generation",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "responses",
];

/// Its price keys, longest first where one begins another; ours; units that ours is for.
const KEYS: &[(&str, &str, u64)] = &[
    ("cache_creation_input_token_cost_above_1hr", "w1h", 1_000_000),
    ("cache_creation_input_token_cost", "w5m", 1_000_000),
    ("cache_read_input_token_cost", "read", 1_000_000),
    ("input_cost_per_audio_token", "audio_in", 1_000_000),
    ("input_cost_per_character", "char", 1_000_000),
    ("input_cost_per_image_token", "image_in", 1_000_000),
    ("input_cost_per_query", "request", 1_000),
    ("input_cost_per_request", "request", 1_000),
    ("input_cost_per_token_cache_hit", "read", 1_000_000),
    ("input_cost_per_token", "in", 1_000_000),
    ("ocr_cost_per_page", "page", 1_000),
    ("output_cost_per_audio_token", "audio_out", 1_000_000),
    ("output_cost_per_image_token", "image_out", 1_000_000),
    ("output_cost_per_image", "image", 1),
    ("output_cost_per_reasoning_token", "think", 1_000_000),
    ("output_cost_per_token", "out", 1_000_000),
];

/// The same for transcription only: elsewhere, a second is one of a machine's time.
const TRANSCRIPTION: &[(&str, &str, u64)] = &[
    ("input_cost_per_second", "audio_hour", 3_600),
    ("output_cost_per_second", "audio_hour", 3_600),
];

/// The same for models that make images: elsewhere, it is an image that is looked at.
const IMAGES: &[(&str, &str, u64)] = &[("input_cost_per_image", "image", 1)];

/// Endings of price keys that are tiers, and what the table calls them.
const TIERS: &[(&str, &str)] = &[
    ("_balanced", "balanced"),
    ("_batches", "batch"),
    ("_flex", "flex"),
    ("_priority", "priority"),
    ("_ultrafast", "ultrafast"),
];

/// What was read, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) lines: Vec<Line>,
    pub(super) left_out: BTreeSet<String>,
}

/// Reads the file.
pub(super) fn read(json: &str) -> Result<Read> {
    let file: BTreeMap<String, Value> = serde_json::from_str(json).context("not JSON")?;
    let mut read = Read::default();
    let mut taken = BTreeSet::new();
    for (key, entry) in &file {
        let Some((provider, model)) = place(key, entry) else {
            let theirs = entry.get("litellm_provider").and_then(Value::as_str).unwrap_or("?");
            read.left_out.insert(format!("provider or kind {theirs} {}", mode(entry)));
            continue;
        };
        let row = read_row(entry).with_context(|| key.clone())?;
        if row.standard.rates.is_empty() || (row.is_free() && !model.contains(":free")) {
            // Zero means "not charged by use" here far more often than "free".
            read.left_out.insert(format!("{key}: no rates, or all of them 0"));
            continue;
        }
        if taken.insert((provider, fold(&model))) {
            let line = Line {
                provider: provider.into(),
                model,
                source: SOURCE.into(),
                rows: vec![row],
                ..Line::default()
            };
            read.lines.push(line);
        }
    }
    Ok(read)
}

fn mode(entry: &Value) -> &str {
    entry.get("mode").and_then(Value::as_str).unwrap_or_default()
}

/// Provider and name in the table; `None` for what does not belong there.
fn place<'a>(key: &str, entry: &'a Value) -> Option<(&'a str, String)> {
    let theirs = entry.get("litellm_provider")?.as_str()?;
    let vertex = ("", "gcp.vertex_ai", &["vertex_ai/"][..]);
    let known = PROVIDERS.iter().find(|(name, ..)| *name == theirs).copied();
    let (_, provider, prefixes) =
        known.or_else(|| theirs.starts_with("vertex_ai-").then_some(vertex))?;
    let model = prefixes.iter().find_map(|prefix| key.strip_prefix(prefix)).unwrap_or(key);
    let model = model.to_ascii_lowercase();
    // Sizes and qualities of images in front of the name, commitments, and gateways in gateways.
    let path = model.contains('/');
    let sized = key.contains("-x-") || key.contains("/50-steps/") || key.contains("max-steps");
    let odd = sized || key.contains('*') || (provider == "aws.bedrock" && path);
    let passed_on = provider == "perplexity" && path;
    let graded =
        ["low/", "medium/", "high/", "hd/", "standard/"].iter().any(|g| key.starts_with(g));
    let by_size = model.ends_with('b')
        && (model.starts_with("together-ai-") || model.starts_with("fireworks-ai-"));
    let default = model.starts_with("fireworks-ai-") || model.starts_with("together-ai-");
    let usable = MODES.contains(&mode(entry)) && model.is_ascii();
    (usable && !odd && !passed_on && !graded && !by_size && !default).then_some((provider, model))
}

fn read_row(entry: &Value) -> Result<Row> {
    let mut row = Row::default();
    let more = match mode(entry) {
        "audio_transcription" => TRANSCRIPTION,
        "image_generation" => IMAGES,
        _ => &[],
    };
    for (key, value) in entry.as_object().into_iter().flatten() {
        let Value::Number(number) = value else { continue };
        let mut keys = KEYS.iter().chain(more);
        let Some((theirs, ours, units)) = keys.find(|(theirs, ..)| key.starts_with(theirs)) else {
            continue;
        };
        let Some(rate) = Rate::of_key(ours) else { continue };
        let Some((above, tier)) = key.strip_prefix(theirs).and_then(qualifiers) else { continue };
        let nano = amount::nano_usd(&number.to_string(), *units)?;
        let set = match tier {
            Some(tier) => row.tiers.entry(tier.to_owned()).or_default(),
            None => &mut row.standard,
        };
        match above {
            Some(above) => set.long.entry(above).or_default().insert(rate, nano),
            None => set.rates.insert(rate, nano),
        };
    }
    read_ranges(entry, &mut row.standard)?;
    simplify(&mut row);
    Ok(row)
}

/// Prices by ranges of the input's length: the first range is plain, the others are steps.
fn read_ranges(entry: &Value, set: &mut Set) -> Result<()> {
    for range in entry.get("tiered_pricing").and_then(Value::as_array).into_iter().flatten() {
        let start = range.get("range").and_then(|range| range.get(0)).context("no range")?;
        let above = amount::nano_usd(&start.to_string(), 1)? / 1_000_000_000;
        let above = u64::try_from(above).context("range")?;
        for (theirs, ours, units) in KEYS {
            let Some(Value::Number(number)) = range.get(theirs) else { continue };
            let Some(rate) = Rate::of_key(ours) else { continue };
            let rates =
                if above == 0 { &mut set.rates } else { set.long.entry(above).or_default() };
            rates.insert(rate, amount::nano_usd(&number.to_string(), *units)?);
        }
    }
    Ok(())
}

/// `_above_200k_tokens_flex`: threshold and tier; `None` for anything that is not understood.
fn qualifiers(mut rest: &str) -> Option<(Option<u64>, Option<&'static str>)> {
    let (mut above, mut tier) = (None, None);
    if let Some(after) = rest.strip_prefix("_above_") {
        let (thousands, after) = after.split_once("k_tokens")?;
        above = Some(thousands.parse::<u64>().ok()?.checked_mul(1_000)?);
        rest = after;
    }
    if let Some((ending, name)) = TIERS.iter().find(|(ending, _)| rest.starts_with(ending)) {
        tier = Some(*name);
        rest = rest.strip_prefix(ending)?;
    }
    rest.is_empty().then_some((above, tier))
}

/// Takes out what says nothing: steps without a plain price, reasoning at the price of output, zero
/// rates of things that are priced otherwise.
fn simplify(row: &mut Row) {
    let same = |set: &Set| {
        let get = |key: &str| Rate::of_key(key).and_then(|rate| set.rates.get(&rate).copied());
        get("think") == get("out") || get("think") == Some(0)
    };
    for set in std::iter::once(&mut row.standard).chain(row.tiers.values_mut()) {
        if same(set)
            && let Some(think) = Rate::of_key("think")
        {
            set.rates.remove(&think);
        }
        let priced_at_all = set.rates.values().any(|nano| *nano > 0);
        for key in ["read", "w5m", "w1h", "audio_in", "audio_out", "image_in", "image_out"] {
            let rate = Rate::of_key(key).filter(|rate| set.rates.get(rate) == Some(&0));
            if let Some(rate) = rate.filter(|_| priced_at_all) {
                set.rates.remove(&rate);
            }
        }
        set.tidy();
    }
    row.tiers.retain(|_, set| !set.rates.is_empty());
}
