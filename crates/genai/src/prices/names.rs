//! The many spellings of one model: prefixes of routers, regions, dates, versions.
//!
//! Nothing is ever matched by a common beginning. A spelling is taken apart into what is known to
//! be decoration, and what is left must be a listed name, whole. Suffixes that change the price
//! (`:free`, `:online`, `-mini`, `-preview`) are no decoration.

use super::providers::{self, Provider};

/// Longest model name that is looked up, in bytes. Longer ones are not names.
pub const MODEL_NAME_MAX: usize = 512;

/// Prefixes taken off one name at most.
const PREFIXES_MAX: usize = 4;

/// Suffixes taken off one name at most.
const SUFFIXES_MAX: usize = 4;

/// What had to be done to a name to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A router's or provider's prefix was taken off (`openrouter/`, `azure/`, an ARN).
    Prefix,
    /// A region was taken off (`us.`, `eu/`); the listed price is the one without region.
    Region,
    /// A version was taken off (`-v1:0`, `[1m]`).
    Version,
    /// `-latest`, `@latest` or `@default` was taken off.
    Latest,
    /// A date was taken off (`-20250514`, `-2024-08-06`, `@20250514`).
    Date,
    /// The model is listed only with a date or version, and under one such name.
    Undated,
}

impl Step {
    /// A word for people and for the `price_source` column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix-stripped",
            Self::Region => "region-stripped",
            Self::Version => "version-stripped",
            Self::Latest => "latest-stripped",
            Self::Date => "date-stripped",
            Self::Undated => "undated",
        }
    }
}

/// One way to read a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) text: String,
    pub(super) steps: Vec<Step>,
    /// The first provider that a prefix, or the shape of the name, speaks of.
    pub(super) implied: Option<&'static Provider>,
}

impl Form {
    pub(super) fn is_whole(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Step::Version | Step::Latest | Step::Date))
    }
}

/// Lower case, and points between digits as dashes: `Claude-Sonnet-4.5` is `claude-sonnet-4-5`.
pub(super) fn fold(name: &str) -> String {
    let mut folded = name.trim().to_ascii_lowercase();
    // A point between digits is rare, and one byte replaces one byte.
    while let Some(at) = point_within_number(&folded) {
        folded.replace_range(at..=at, "-");
    }
    folded
}

fn point_within_number(name: &str) -> Option<usize> {
    let digits =
        |window: &[u8]| matches!(window, [a, b'.', b] if a.is_ascii_digit() && b.is_ascii_digit());
    name.as_bytes().windows(3).position(digits).map(|at| at + 1)
}

/// All ways to read a name, the least changed first. Empty for what cannot be a name.
pub(super) fn forms(name: &str) -> Vec<Form> {
    if name.trim().is_empty() || name.len() > MODEL_NAME_MAX {
        return Vec::new();
    }
    let folded = fold(name);
    let mut forms = Vec::new();
    let mut rest = folded.as_str();
    let mut implied = None;
    for taken in 0..=PREFIXES_MAX {
        let of_shape = providers::is_bedrock_name(rest).then(|| providers::by_id("aws.bedrock"));
        let steps = if taken == 0 { &[][..] } else { &[Step::Prefix] };
        with_suffixes(&mut forms, rest, steps, implied.or(of_shape.flatten()));
        if let Some(bare) = without_region(rest) {
            let steps = [steps, &[Step::Region]].concat();
            with_suffixes(&mut forms, bare, &steps, implied.or(of_shape.flatten()));
        }
        let Some((shorter, provider)) = without_prefix(rest) else { break };
        rest = shorter;
        implied = implied.or(provider);
    }
    forms
}

fn with_suffixes(
    forms: &mut Vec<Form>,
    name: &str,
    steps: &[Step],
    implied: Option<&'static Provider>,
) {
    let mut steps = steps.to_vec();
    forms.push(Form { text: name.to_owned(), steps: steps.clone(), implied });
    for (shorter, step) in suffixes(name) {
        if !steps.contains(&step) {
            steps.push(step);
        }
        forms.push(Form { text: shorter.to_owned(), steps: steps.clone(), implied });
    }
}

/// Ever shorter forms of a folded name, without its dates and versions.
pub(super) fn without_suffixes(name: &str) -> impl Iterator<Item = &str> {
    suffixes(name).map(|(shorter, _)| shorter)
}

fn suffixes(name: &str) -> impl Iterator<Item = (&str, Step)> {
    std::iter::successors(without_suffix(name), |(shorter, _)| without_suffix(shorter))
        .take(SUFFIXES_MAX)
}

fn without_suffix(name: &str) -> Option<(&str, Step)> {
    // Every suffix ends in a digit, `k`, `t` or `]`, or stands behind `ft:`.
    let last = name.bytes().next_back()?;
    if !last.is_ascii_digit() && !b"kt]".contains(&last) && !name.starts_with("ft:") {
        return None;
    }
    let fine_tune = || fine_tuned(name).map(|base| (base, Step::Version));
    let latest = || {
        let shorter = ["-latest", "@latest", "@default"].iter().find_map(|s| name.strip_suffix(s));
        shorter.map(|shorter| (shorter, Step::Latest))
    };
    let date = || without_date(name).map(|shorter| (shorter, Step::Date));
    let version = || without_version(name).map(|shorter| (shorter, Step::Version));
    let found = fine_tune().or_else(latest).or_else(date).or_else(version);
    found.filter(|(shorter, _)| !shorter.is_empty())
}

/// `ft:gpt-4o-mini-2024-07-18:org::id` is priced as `ft:gpt-4o-mini-2024-07-18`.
fn fine_tuned(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("ft:")?;
    let (base, _) = rest.split_once(':')?;
    name.get(.."ft:".len() + base.len())
}

fn without_date(name: &str) -> Option<&str> {
    let compact = || {
        let (rest, date) = split_at_end(name, 8)?;
        let parts = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        is_date(parts).then_some(rest)
    };
    let dashed = || {
        let (rest, date) = split_at_end(name, 10)?;
        let mut parts = date.split('-');
        let parts = (parts.next()?, parts.next()?, parts.next()?);
        is_date(parts).then_some(rest)
    };
    dashed().or_else(compact)?.strip_suffix(['-', '@'])
}

fn split_at_end(name: &str, length: usize) -> Option<(&str, &str)> {
    name.split_at_checked(name.len().checked_sub(length)?)
}

fn is_date((year, month, day): (&str, &str, &str)) -> bool {
    let number = |text: &str, length: usize| {
        let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u32>().unwrap_or_default() } else { 0 }
    };
    (2019..2100).contains(&number(year, 4))
        && (1..=12).contains(&number(month, 2))
        && (1..=31).contains(&number(day, 2))
}

/// Versions that do not change the price: a context variant `[1m]`, Bedrock's `:0`, `:48k` and
/// `-v1:0`, the stable releases `-001` of Gemini. A version above 1 is another model unless a date says which one is meant.
fn without_version(name: &str) -> Option<&str> {
    let of_gemini = || {
        let stable = ["-001", "-002"].iter().find_map(|number| name.strip_suffix(number));
        stable.filter(|_| name.starts_with("gemini-"))
    };
    if let Some(rest) = name.strip_suffix("[1m]").or_else(of_gemini) {
        return Some(rest);
    }
    if !providers::is_bedrock_name(name.rsplit('/').next().unwrap_or(name)) {
        return None;
    }
    if let Some((rest, last)) = name.rsplit_once(':') {
        let number = last.strip_suffix('k').unwrap_or(last);
        return (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest);
    }
    let (rest, version) = name.rsplit_once("-v")?;
    let of_dated = version.len() == 1 && version.bytes().all(|byte| byte.is_ascii_digit());
    (version == "1" || (of_dated && without_date(rest).is_some())).then_some(rest)
}

fn without_region(name: &str) -> Option<&str> {
    const DOTTED: &[&str] =
        &["af", "ap", "apac", "au", "ca", "eu", "global", "in", "jp", "me", "sa", "us", "us-gov"];
    const SLASHED: &[&str] = &["data-zone", "eu", "global", "global-standard", "us"];
    let cut = |separator, regions: &[&str]| {
        name.split_once(separator).filter(|(head, _)| regions.contains(head)).map(|(_, rest)| rest)
    };
    cut('.', DOTTED).filter(|rest| providers::is_bedrock_name(rest)).or_else(|| cut('/', SLASHED))
}

/// Takes one prefix off, and says which provider it speaks of. A prefix that is not known stays:
/// what stands behind it may be anyone's.
fn without_prefix(name: &str) -> Option<(&str, Option<&'static Provider>)> {
    if let Some(arn) = name.strip_prefix("arn:") {
        let (arn, rest) = arn.rsplit_once('/')?;
        return arn.contains(":bedrock:").then(|| (rest, providers::by_id("aws.bedrock")));
    }
    if let Some((head, rest)) = name.split_once("/models/") {
        if head == "accounts/fireworks" {
            return Some((rest, providers::by_id("fireworks")));
        }
        if head.starts_with("projects/") || head.starts_with("publishers/") {
            return Some((rest, providers::by_id("gcp.vertex_ai")));
        }
    }
    if let Some(rest) = name.strip_prefix("models/") {
        return Some((rest, providers::by_id("gcp.gemini")));
    }
    let (head, rest) = name.split_once(['/', ':'])?;
    let provider = providers::of_prefix(head);
    let gateway = matches!(head, "litellm" | "litellm_proxy" | "litellm-proxy" | "portkey");
    (provider.is_some() || gateway).then_some((rest, provider))
}

#[cfg(test)]
mod tests;
