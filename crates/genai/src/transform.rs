//! The steps that turn a client's value into a canonical one: `unquote | map:finish_reason`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::scan;
use crate::value::Value;

/// A value map: lower-cased spelling to canonical spelling.
pub(crate) type ValueMap = Arc<HashMap<Box<str>, Arc<str>>>;

/// One step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// JSON text to what it says.
    Unquote,
    /// Looked up in any case; unknown spellings stay, lower-cased.
    Map(Box<str>, ValueMap),
    /// Milliseconds to seconds.
    FromMillis,
    /// Microseconds to seconds.
    FromMicros,
    /// Without a literal start.
    Strip(Box<str>),
    /// A constant, whatever the value.
    Constant(Arc<str>),
    /// Length of a list.
    Length,
    /// Host of a URL.
    UrlHost,
    /// Port of a URL.
    UrlPort,
    /// Seconds from the start of the span to this time (ISO text or nanoseconds).
    SinceStart,
    /// The last member of a list.
    Last,
}

/// Steps by name, for the table of rules.
pub(crate) fn parse(name: &str, maps: &HashMap<String, ValueMap>) -> Option<Step> {
    let (head, argument) = name.split_once(':').unwrap_or((name, ""));
    Some(match head {
        "unquote" => Step::Unquote,
        "map" => Step::Map(argument.into(), Arc::clone(maps.get(argument)?)),
        "ms" => Step::FromMillis,
        "us" => Step::FromMicros,
        "strip" if !argument.is_empty() => Step::Strip(argument.into()),
        "const" if !argument.is_empty() => Step::Constant(argument.into()),
        "len" => Step::Length,
        "url_host" => Step::UrlHost,
        "url_port" => Step::UrlPort,
        "since_start" => Step::SinceStart,
        "last" => Step::Last,
        _ => return None,
    })
}

impl Step {
    /// The step as the table writes it.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Unquote => "unquote".into(),
            Self::Map(map, _) => format!("map:{map}").into(),
            Self::FromMillis => "ms".into(),
            Self::FromMicros => "us".into(),
            Self::Strip(start) => format!("strip:{start}").into(),
            Self::Constant(value) => format!("const:{value}").into(),
            Self::Length => "len".into(),
            Self::UrlHost => "url_host".into(),
            Self::UrlPort => "url_port".into(),
            Self::SinceStart => "since_start".into(),
            Self::Last => "last".into(),
        }
    }

    /// The value after this step; `None` if it makes no sense for the value.
    pub(crate) fn apply<'a>(&self, value: Value<'a>, start_unix_nano: u64) -> Option<Value<'a>> {
        match self {
            Self::Unquote => value.unquoted(),
            Self::Map(_, map) => Some(mapped(value, map)),
            Self::FromMillis => Some(Value::Double(value.to_double()? / 1e3)),
            Self::FromMicros => Some(Value::Double(value.to_double()? / 1e6)),
            Self::Strip(start) => Some(each_text(value, &|text| match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix(&**start).unwrap_or(text)),
                Cow::Owned(text) => {
                    Cow::Owned(text.strip_prefix(&**start).unwrap_or(&text).to_owned())
                }
            })),
            Self::Constant(constant) => Some(Value::Str(Cow::Owned(constant.to_string()))),
            Self::Length => match &value {
                Value::Array(items) => i64::try_from(items.len()).ok().map(Value::Int),
                Value::Str(text) => {
                    scan::length(text).and_then(|n| i64::try_from(n).ok()).map(Value::Int)
                }
                _ => None,
            },
            Self::UrlHost => url(value.as_str()?).map(|(host, _)| owned(host)),
            Self::UrlPort => url(value.as_str()?)?.1.map(|port| Value::Int(i64::from(port))),
            Self::SinceStart => since_start(&value, start_unix_nano).map(Value::Double),
            Self::Last => value.to_texts().pop().map(Value::Str),
        }
    }
}

fn owned<'a>(text: &str) -> Value<'a> {
    Value::Str(Cow::Owned(text.to_owned()))
}

fn each_text<'a>(value: Value<'a>, change: &dyn Fn(Cow<'a, str>) -> Cow<'a, str>) -> Value<'a> {
    match value {
        Value::Str(text) => Value::Str(change(text)),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| each_text(item, change)).collect())
        }
        other => other,
    }
}

fn mapped<'a>(value: Value<'a>, map: &ValueMap) -> Value<'a> {
    let is_list = |text: &str| text.trim_start().starts_with('[');
    let value = match value {
        Value::Str(ref text) if is_list(text) => {
            Value::Array(value.to_texts().into_iter().map(Value::Str).collect())
        }
        other => other,
    };
    each_text(value, &|text| spelling(text, map))
}

/// The canonical spelling. Nothing is allocated for a text that is one already.
fn spelling<'a>(text: Cow<'a, str>, map: &ValueMap) -> Cow<'a, str> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = if is_lower { text } else { Cow::Owned(text.to_ascii_lowercase()) };
    match map.get(&*lower) {
        Some(canonical) if **canonical == *lower => lower,
        Some(canonical) => Cow::Owned(canonical.to_string()),
        None => lower,
    }
}

/// Host and port of a URL, or of `host:port`.
fn url(text: &str) -> Option<(&str, Option<u16>)> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit('@').next()?;
    let default = match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    // Several colons without brackets are an IPv6 address, not a port.
    let is_v6 = !host_port.starts_with('[') && host_port.matches(':').count() > 1;
    let (host, port) = match host_port.rsplit_once(':').filter(|_| !is_v6) {
        Some((host, port)) if !host.is_empty() && !port.contains(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (host_port, default),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some((host, port))
}

fn since_start(value: &Value<'_>, start_unix_nano: u64) -> Option<f64> {
    let time = match value {
        Value::Int(nanos) => u64::try_from(*nanos).ok()?,
        Value::Str(text) => iso_nanos(text)?,
        _ => return None,
    };
    let nanos = time.checked_sub(start_unix_nano)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds with nanoseconds suffice")]
    Some(nanos as f64 / 1e9)
}

/// `2026-11-21T04:23:58.063441Z` (or with `+hh:mm`) as nanoseconds since the Unix epoch.
fn iso_nanos(text: &str) -> Option<u64> {
    let text = text.trim().trim_matches('"');
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1970..=2262).contains(&year) {
        return None;
    }
    let rest = text.get(19..)?;
    let digits = rest.strip_prefix('.').map_or("", |fraction| {
        let end = fraction.bytes().position(|byte| !byte.is_ascii_digit());
        end.and_then(|end| fraction.get(..end)).unwrap_or(fraction)
    });
    let nanos = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = zone_seconds(zone)?;
    // Days since the epoch, with years that begin in March so that the leap day is the last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    u64::try_from(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?).ok()
}

fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.bytes().next() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let hours: i64 = zone.get(1..3)?.parse().ok()?;
    let minutes: i64 = zone.get(3..)?.trim_start_matches(':').parse().ok()?;
    Some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests;
