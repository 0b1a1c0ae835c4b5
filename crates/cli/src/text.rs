//! How values look to a person in a terminal.

use chrono::{DateTime, SecondsFormat};

/// Most characters of a value in a table or tree; `--json` gives all.
pub(crate) const VALUE_CHARS_MAX: usize = 200;

/// A text that came from outside, safe to print on one line: control characters are escaped, so
/// that a span's name cannot drive the reader's terminal, and long texts are cut with a mark.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == VALUE_CHARS_MAX {
            out.push_str("...");
            break;
        }
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}

/// Controls drive the terminal; marks of direction reorder what stands around them.
fn is_plain(c: char) -> bool {
    let reorders =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !reorders
}

/// A duration in the unit that leaves one to three digits before the point.
pub(crate) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    for (unit, size) in [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)] {
        if nanos >= size {
            let thousandths = nanos % size * 1_000 / size;
            return format!("{sign}{}.{thousandths:03} {unit}", nanos / size);
        }
    }
    format!("{sign}{nanos} ns")
}

/// A time as RFC 3339 in UTC with milliseconds; `never` for none.
pub(crate) fn time(unix_nanos: Option<i64>) -> String {
    unix_nanos.map_or_else(
        || "never".to_owned(),
        |nanos| DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

#[cfg(test)]
mod tests;
