//! A line of the table, and how it is written. `crates/genai/prices/README.md` describes the form.

use std::collections::{BTreeMap, BTreeSet};

use super::amount;

/// The things that are charged for, in the order of the file; the reader knows the same keys.
const RATES: [&str; 16] = [
    "in",
    "out",
    "read",
    "w5m",
    "w1h",
    "think",
    "audio_in",
    "audio_out",
    "image_in",
    "image_out",
    "request",
    "image",
    "search",
    "char",
    "audio_hour",
    "page",
];

/// One of [`RATES`], by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate(usize);

/// Nano-dollars by rate.
pub(super) type Rates = BTreeMap<Rate, i64>;

/// Plain rates and long-context steps by threshold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) rates: Rates,
    pub(super) long: BTreeMap<u64, Rates>,
}

/// Prices from a day on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) from: Option<String>,
    pub(super) hours: Option<String>,
    pub(super) standard: Set,
    pub(super) tiers: BTreeMap<String, Set>,
}

/// A model at a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) names: BTreeSet<String>,
    pub(super) source: String,
    pub(super) rows: Vec<Row>,
}

impl Rate {
    pub(super) fn of_key(key: &str) -> Option<Self> {
        RATES.iter().position(|known| *known == key).map(Self)
    }

    pub(super) fn key(self) -> &'static str {
        RATES.get(self.0).copied().unwrap_or_default()
    }
}

impl Set {
    /// Takes out steps of rates that have no plain price, which say nothing usable.
    pub(super) fn tidy(&mut self) {
        for step in self.long.values_mut() {
            step.retain(|rate, _| self.rates.contains_key(rate));
        }
        self.long.retain(|_, step| !step.is_empty());
    }

    fn is_zero(&self) -> bool {
        self.rates.values().chain(self.long.values().flat_map(BTreeMap::values)).all(|n| *n == 0)
    }
}

impl Row {
    pub(super) fn is_free(&self) -> bool {
        self.standard.is_zero() && self.tiers.values().all(Set::is_zero)
    }
}

impl Line {
    /// The row of a day, hours aside.
    pub(super) fn row_on(&mut self, day: &str) -> Option<&mut Row> {
        let in_force =
            |row: &Row| row.hours.is_none() && row.from.as_deref().is_none_or(|from| from <= day);
        self.rows.iter_mut().rev().find(|row| in_force(row))
    }

    pub(super) fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.model.as_str()).chain(self.names.iter().map(String::as_str))
    }

    pub(super) fn write(&self) -> String {
        let mut parts = vec![
            format!("\"provider\":{}", quoted(&self.provider)),
            format!("\"model\":{}", quoted(&self.model)),
        ];
        if !self.names.is_empty() {
            let names: Vec<_> = self.names.iter().map(|name| quoted(name)).collect();
            parts.push(format!("\"names\":[{}]", names.join(",")));
        }
        parts.push(format!("\"src\":{}", quoted(&self.source)));
        if self.rows.iter().any(Row::is_free) {
            parts.push("\"free\":true".into());
        }
        let rows: Vec<_> = self.rows.iter().map(write_row).collect();
        parts.push(format!("\"prices\":[{}]", rows.join(",")));
        format!("{{{}}}", parts.join(","))
    }
}

/// As the reader compares names: lower case, points between digits as dashes.
pub(super) fn fold(name: &str) -> String {
    let chars: Vec<char> = name.trim().to_ascii_lowercase().chars().collect();
    let digit =
        |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    let point = |at: usize| digit(at.checked_sub(1)) && digit(at.checked_add(1));
    let folded = chars.iter().enumerate();
    folded.map(|(at, c)| if *c == '.' && point(at) { '-' } else { *c }).collect()
}

fn write_row(row: &Row) -> String {
    let mut parts = Vec::new();
    parts.extend(row.from.as_ref().map(|from| format!("\"from\":{}", quoted(from))));
    parts.extend(row.hours.as_ref().map(|hours| format!("\"hours\":{}", quoted(hours))));
    parts.extend(write_set(&row.standard));
    let tiers = row.tiers.iter();
    let tiers: Vec<_> = tiers
        .map(|(name, set)| format!("{}:{{{}}}", quoted(name), write_set(set).join(",")))
        .collect();
    if !tiers.is_empty() {
        parts.push(format!("\"tiers\":{{{}}}", tiers.join(",")));
    }
    format!("{{{}}}", parts.join(","))
}

fn write_set(set: &Set) -> Vec<String> {
    let rate =
        |(rate, nano): (&Rate, &i64)| format!("\"{}\":\"{}\"", rate.key(), amount::usd(*nano));
    let mut parts: Vec<_> = set.rates.iter().map(rate).collect();
    let steps = set.long.iter().map(|(above, rates)| {
        let rates: Vec<_> = rates.iter().map(rate).collect();
        format!("{{\"above\":{above},{}}}", rates.join(","))
    });
    let steps: Vec<_> = steps.collect();
    if !steps.is_empty() {
        parts.push(format!("\"long\":[{}]", steps.join(",")));
    }
    parts
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
