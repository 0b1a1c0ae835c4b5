//! The dated price list: the module `data.py` of the Python package `genai-prices`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::amount;
use super::line::{Line, Rate, Rates, Row, Set, fold};
use super::python::{self, Py};

/// The letter of this source in the table.
pub(super) const SOURCE: &str = "g";

/// Providers to take, and what the table calls them. The rest resell the same models to few.
const PROVIDERS: &[(&str, &str)] = &[
    ("anthropic", "anthropic"),
    ("aws", "aws.bedrock"),
    ("azure", "azure.ai.openai"),
    ("cerebras", "cerebras"),
    ("cloudflare", "cloudflare"),
    ("cohere", "cohere"),
    ("databricks", "databricks"),
    ("deepseek", "deepseek"),
    ("fireworks", "fireworks"),
    ("google", "gcp.gemini"),
    ("groq", "groq"),
    ("meta", "meta"),
    ("minimax", "minimax"),
    ("mistral", "mistral_ai"),
    ("moonshotai", "moonshot_ai"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together", "together"),
    ("voyageai", "voyage"),
    ("x-ai", "x_ai"),
    ("zai", "zai"),
];

/// Its price keys, and ours. All are for the same number of units.
const KEYS: &[(&str, &str)] = &[
    ("input_mtok", "in"),
    ("output_mtok", "out"),
    ("cache_read_mtok", "read"),
    ("cache_write_mtok", "w5m"),
    ("cache_write_1h_mtok", "w1h"),
    ("output_reasoning_mtok", "think"),
    ("input_audio_mtok", "audio_in"),
    ("output_audio_mtok", "audio_out"),
    ("input_image_mtok", "image_in"),
    ("output_image_mtok", "image_out"),
    ("requests_kcount", "request"),
    ("web_searches_kcount", "search"),
    ("input_mchars", "char"),
    ("audio_hours", "audio_hour"),
    ("input_audio_hours", "audio_hour"),
    ("input_document_kpages", "page"),
];

/// Open weights that the list prices under their maker, who sells no use of them: such a name in
/// telemetry is a server of someone else.
const NOT_SOLD: &[(&str, &str)] = &[("openai", "gpt-oss")];

/// A line, and the rules by which the list recognises its model.
#[derive(Debug)]
pub(super) struct Dated {
    pub(super) line: Line,
    rule: Py,
}

/// What was read, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) models: Vec<Dated>,
    pub(super) left_out: BTreeSet<String>,
}

/// Reads the module.
pub(super) fn read(module: &str) -> Result<Read> {
    let providers = python::parse_after(module, "providers: list[Provider] = ")?;
    let mut read = Read::default();
    for provider in providers.items() {
        let id = provider.field("id").and_then(Py::text).context("a provider without id")?;
        let Some((_, ours)) = PROVIDERS.iter().find(|(theirs, _)| *theirs == id) else {
            read.left_out.insert(format!("provider {id}"));
            continue;
        };
        for model in provider.field("models").map(Py::items).unwrap_or_default() {
            read_model(ours, model, &mut read).with_context(|| format!("{id}: {model:?}"))?;
        }
    }
    Ok(read)
}

fn read_model(provider: &str, model: &Py, read: &mut Read) -> Result<()> {
    let id = model.field("id").and_then(Py::text).context("no id")?;
    let rule = model.field("match").context("no match")?;
    if NOT_SOLD.iter().any(|(at, start)| *at == provider && id.starts_with(start)) {
        read.left_out
            .insert(format!("{provider}/{id}: open weights that {provider} does not sell"));
        return Ok(());
    }
    // Google's list holds both of its APIs; models of others are sold by the second one only.
    let of_vertex = provider == "gcp.gemini" && (id.starts_with("claude") || id.ends_with("-maas"));
    let provider = if of_vertex { "gcp.vertex_ai" } else { provider };
    let mut rows = read_rows(model, &mut read.left_out).with_context(|| format!("model {id}"))?;
    if id.ends_with(":free") {
        // The list has no rates for these; their name is the promise that they cost nothing.
        let zero = |key| Rate::of_key(key).map(|rate| (rate, 0));
        for row in rows.iter_mut().filter(|row| row.standard.rates.is_empty()) {
            row.standard.rates.extend(["in", "out"].into_iter().filter_map(zero));
        }
    }
    if rows.iter().all(|row| row.standard.rates.is_empty()) {
        read.left_out.insert(format!("{provider}/{id}: no rate that the table knows"));
        return Ok(());
    }
    let mut names = BTreeSet::new();
    collect_names(rule, &mut names);
    // The list's own mark for "called in one region", which is what a name without region means.
    names.extend(id.strip_prefix("regional.").map(str::to_ascii_lowercase));
    names.retain(|name| fold(name) != fold(id));
    let line = Line {
        provider: provider.into(),
        model: id.to_ascii_lowercase(),
        names,
        source: SOURCE.into(),
        rows,
    };
    read.models.push(Dated { line, rule: rule.clone() });
    Ok(())
}

/// Names that a rule speaks of in full. Beginnings that stop in the middle of a name are none.
fn collect_names(rule: &Py, names: &mut BTreeSet<String>) {
    for nested in rule.field("or_").map(Py::items).unwrap_or_default() {
        collect_names(nested, names);
    }
    for key in ["equals", "starts_with", "contains", "ends_with"] {
        let Some(name) = rule.field(key).and_then(Py::text) else { continue };
        let name = name.trim_start_matches('/').to_ascii_lowercase();
        let cut = name.ends_with(['-', '@', '.', ':', '_', '/']) || name.ends_with("-0");
        let cut = cut
            || name.rsplit('-').next().is_some_and(|end| end.starts_with("20") && end.len() < 8);
        // `gpt-5-0`-like ends are names when they are compared whole.
        if key == "equals" || !cut || name.ends_with("-4-0") {
            names.insert(name);
        }
    }
}

/// The rows of a model: base prices and variants, each with its first day, cut at all these days.
fn read_rows(model: &Py, left_out: &mut BTreeSet<String>) -> Result<Vec<Row>> {
    let prices = model.field("prices").context("no prices")?;
    let entries = match prices {
        Py::List(entries) => entries.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut base: Vec<(Option<String>, Option<String>, Set)> = Vec::new();
    for entry in entries {
        let (from, hours) = constraint(entry)?;
        // Hours are given without a day; they belong to the prices that they follow.
        let from = from.or_else(|| base.last().and_then(|(from, ..)| from.clone()));
        let prices =
            if entry.call_name() == "ModelPrice" { Some(entry) } else { entry.field("prices") };
        base.push((from, hours, read_set(prices.context("no prices")?, left_out)?));
    }
    let variants = model.field("price_variants").map(Py::items).unwrap_or_default();
    let mut tiers = Vec::new();
    for variant in variants {
        let (from, hours) = constraint(variant)?;
        let set = read_set(variant.field("prices").context("no prices")?, left_out)?;
        match tier_of(variant.field("when")) {
            Some(name) if hours.is_none() => tiers.push((from, name, set)),
            _ => {
                left_out.insert(format!("variant {:?}", variant.field("when")));
            }
        }
    }
    Ok(cut_at_days(&base, &tiers))
}

fn cut_at_days(
    base: &[(Option<String>, Option<String>, Set)],
    tiers: &[(Option<String>, String, Set)],
) -> Vec<Row> {
    let days = base.iter().map(|(from, ..)| from).chain(tiers.iter().map(|(from, ..)| from));
    let days: BTreeSet<_> = days.collect();
    let mut rows: Vec<Row> = Vec::new();
    for day in days {
        let mut row = Row { from: day.clone(), ..Row::default() };
        // Of several variants of one tier, the first one wins; the sets are never mixed in practice.
        for (from, name, set) in tiers.iter().rev() {
            if from <= day && !set.rates.is_empty() {
                row.tiers.insert(name.clone(), set.clone());
            }
        }
        let applies = |(from, hours, _): &&(Option<String>, Option<String>, Set)| {
            from <= day && hours.is_none()
        };
        if let Some((.., set)) = base.iter().rev().find(applies) {
            row.standard = set.clone();
            rows.push(row.clone());
        }
        for (from, hours, set) in base {
            if from == day && hours.is_some() {
                rows.push(Row { hours: hours.clone(), standard: set.clone(), ..row.clone() });
            }
        }
    }
    rows
}

/// First day and daily hours of a price.
fn constraint(entry: &Py) -> Result<(Option<String>, Option<String>)> {
    let Some(constraint) = entry.field("constraint") else { return Ok((None, None)) };
    let numbers = |key: &str| -> Result<Vec<u32>> {
        let parts = constraint.field(key).with_context(|| format!("no {key}"))?.items();
        let number = |part: &Py| part.text()?.parse().ok();
        parts.iter().map(|part| number(part).context("no number")).collect()
    };
    match constraint.call_name() {
        "StartDateConstraint" => match numbers("start_date")?.as_slice() {
            [year, month, day] => Ok((Some(format!("{year:04}-{month:02}-{day:02}")), None)),
            _ => bail!("a date has three parts"),
        },
        "TimeOfDateConstraint" => {
            let time = |key: &str| -> Result<String> {
                let parts = numbers(key)?;
                let at = |place: usize| parts.get(place).copied().unwrap_or_default();
                Ok(format!("{:02}:{:02}", at(0), at(1)))
            };
            Ok((None, Some(format!("{}-{}", time("start_time")?, time("end_time")?))))
        }
        other => bail!("unknown constraint {other}"),
    }
}

fn tier_of(when: Option<&Py>) -> Option<String> {
    let Some(Py::Dict(entries)) = when else { return None };
    let [(key, value)] = entries.as_slice() else { return None };
    match (key.text()?, value.text()?) {
        ("service_tier" | "speed", tier) => Some(tier.to_ascii_lowercase()),
        ("processing", "batch") => Some("batch".into()),
        _ => None,
    }
}

fn read_set(prices: &Py, left_out: &mut BTreeSet<String>) -> Result<Set> {
    let Py::Call { named, .. } = prices else { bail!("prices are no call") };
    let mut set = Set::default();
    for (key, value) in named.iter().filter(|(_, value)| *value != Py::None) {
        let ours = KEYS.iter().find(|(theirs, _)| theirs == key);
        let Some(rate) = ours.and_then(|(_, ours)| Rate::of_key(ours)) else {
            left_out.insert(format!("rate {key}"));
            continue;
        };
        let base = value.field("base").unwrap_or(value);
        set.rates.insert(rate, amount::nano_usd(base.text().context("no amount")?, 1)?);
        for tier in value.field("tiers").map(Py::items).unwrap_or_default() {
            let start = tier.field("start").and_then(Py::text).context("no start")?;
            let price = tier.field("price").and_then(Py::text).context("no price")?;
            let step: &mut Rates = set.long.entry(start.parse().context("start")?).or_default();
            step.insert(rate, amount::nano_usd(price, 1)?);
        }
    }
    Ok(set)
}

impl Dated {
    /// True if the list's own rules say that a name is this model. Patterns are not understood.
    pub(super) fn covers(&self, name: &str) -> bool {
        covers(&self.rule, &name.to_ascii_lowercase())
    }
}

fn covers(rule: &Py, name: &str) -> bool {
    let text = |key: &str| rule.field(key).and_then(Py::text).map(str::to_ascii_lowercase);
    text("equals").is_some_and(|whole| name == whole)
        || text("starts_with").is_some_and(|start| name.starts_with(&start))
        || text("ends_with").is_some_and(|end| name.ends_with(&end))
        || text("contains").is_some_and(|part| name.contains(&part))
        || rule.field("or_").is_some_and(|any| any.items().iter().any(|rule| covers(rule, name)))
}
