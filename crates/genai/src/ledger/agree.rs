//! Whether two reports can be of one call. What one of them does not say never speaks against it.

use super::report::{Report, Signal};
use crate::usage::Usage;

/// Bytes of a response id from which on it is not drawn from a few hundred values: such an id is
/// proof enough that a difference in one count is a client's mistake.
const STRONG_ID_BYTES: usize = 20;

/// Whether both can be of one model: any name of one and any of the other are spellings of one.
pub(super) fn models(a: &Report, b: &Report) -> bool {
    let names = |report: &Report| {
        [&report.request_model, &report.response_model]
            .map(|name| name.clone().filter(|n| !n.is_empty()))
    };
    let (a, b) = (names(a), names(b));
    if a.iter().all(Option::is_none) || b.iter().all(Option::is_none) {
        return true;
    }
    a.iter().flatten().any(|a| b.iter().flatten().any(|b| one_model(a, b)))
}

/// Spellings of one model differ in router prefix, case and date.
pub(super) fn one_model(a: &str, b: &str) -> bool {
    let plain = |name: &str| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let (a, b) = (plain(a), plain(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    match long.strip_prefix(short.as_str()) {
        Some("") => true,
        Some(rest) => {
            let dated = rest.strip_prefix('-').is_some_and(|date| {
                date == "latest" || date.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
            });
            dated || rest.starts_with(['@', ':'])
        }
        // Regions and vendors before the name: `us.anthropic.claude-...`.
        None => long.ends_with(&format!(".{short}")) || long.contains(&format!(".{short}-")),
    }
}

/// Whether both can be the tokens of one call.
pub(super) fn usage(a: Option<&Usage>, b: Option<&Usage>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => input(a, b) && output(a, b),
        _ => true,
    }
}

/// As [`usage`]; two counts of one call under an id that cannot repeat may differ on one side.
pub(super) fn usage_by_id(id: &str, a: Option<&Usage>, b: Option<&Usage>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) if id.len() >= STRONG_ID_BYTES => input(a, b) || output(a, b),
        _ => usage(a, b),
    }
}

/// The same input, or the same but for cached tokens that one side does not know of.
fn input(a: &Usage, b: &Usage) -> bool {
    same(a.input, b.input, a.cached(), b.cached())
}

/// The same output, or the same but for reasoning that one side does not know of or counts twice.
fn output(a: &Usage, b: &Usage) -> bool {
    let (ra, rb) = (a.reasoning.unwrap_or(0), b.reasoning.unwrap_or(0));
    let twice = |one: &Usage, other: &Usage, reasoning: u64| {
        reasoning > 0 && one.output.zip(other.output).is_some_and(|(x, y)| x == y + reasoning)
    };
    same(a.output, b.output, ra, rb) || (ra == rb && (twice(a, b, rb) || twice(b, a, ra)))
}

fn same(a: Option<u64>, b: Option<u64>, subset_a: u64, subset_b: u64) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return true;
    };
    a == b
        || (subset_a == 0 && a.checked_add(subset_b) == Some(b))
        || (subset_b == 0 && b.checked_add(subset_a) == Some(a))
}

/// Whether the times overlap or touch, give or take.
pub(super) fn times(a: &Report, b: &Report, slack: u64) -> bool {
    a.start_unix_nano <= b.end_unix_nano.saturating_add(slack)
        && b.start_unix_nano <= a.end_unix_nano.saturating_add(slack)
}

/// Whether both come from the same place, which reports a call only once.
pub(super) fn one_source(a: &Report, b: &Report) -> bool {
    a.signal == b.signal && a.service == b.service && a.scope == b.scope && a.event == b.event
}

/// Whether they are one record that was sent twice under different keys.
pub(super) fn one_record(a: &Report, b: &Report) -> bool {
    let times = |report: &Report| (report.start_unix_nano, report.end_unix_nano);
    one_source(a, b)
        && a.ids == b.ids
        && times(a) == times(b)
        && a.response_id == b.response_id
        && a.operation == b.operation
        && (a.signal != Signal::Span || a.ids.span != 0)
        && match (&a.usage, &b.usage) {
            (Some(a), Some(b)) => a.input == b.input && a.output == b.output,
            (a, b) => a.is_none() && b.is_none(),
        }
}
