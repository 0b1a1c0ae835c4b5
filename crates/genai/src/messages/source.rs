//! From a reference to content to the values that it points at.

use std::borrow::Cow;

use crate::content::ContentSource;
use crate::input::SpanEvent;
use crate::value::{Attribute, Value};

/// Where the content of a record is.
pub(super) struct Source<'s, 'a> {
    pub(super) attributes: &'s [Attribute<'a>],
    pub(super) events: &'s [SpanEvent<'a>],
    pub(super) body: Option<&'s Value<'a>>,
    /// Name of the event that a log record is.
    pub(super) event_name: &'s str,
}

/// What a reference points at.
pub(super) enum Found<'s, 'a> {
    /// A value.
    One(Cow<'s, Value<'a>>),
    /// Attributes below one name: what comes after its number, by number. Names that have no
    /// number are numbered as they stand.
    Many(Vec<(u64, &'s str, &'s Value<'a>)>),
}

impl<'s, 'a> Source<'s, 'a> {
    /// What is at a place; `None` if there is nothing.
    pub(super) fn find(&self, place: &ContentSource<'_>) -> Option<Found<'s, 'a>> {
        match place {
            ContentSource::Attribute { name, path } => {
                let value = named(self.attributes, name)?;
                if path.is_empty() {
                    return Some(Found::One(Cow::Borrowed(value)));
                }
                Some(Found::One(match value.at(path) {
                    Some(inner) => Cow::Owned(inner),
                    None => Cow::Borrowed(value),
                }))
            }
            ContentSource::Attributes { pattern } => {
                Some(Found::Many(matching(self.attributes, pattern)))
            }
            ContentSource::SpanEvent { index, attribute } => {
                let event = self.events.get(*index)?;
                named(event.attributes, attribute).map(|value| Found::One(Cow::Borrowed(value)))
            }
            ContentSource::Body => Some(Found::One(Cow::Borrowed(self.body?))),
        }
    }

    /// The role of the event at a place, if its name tells one.
    pub(super) fn event_at(&self, place: &ContentSource<'_>) -> &'s str {
        match place {
            ContentSource::SpanEvent { index, .. } => {
                self.events.get(*index).map_or("", |event| event.name)
            }
            _ => self.event_name,
        }
    }
}

fn named<'s, 'a>(attributes: &'s [Attribute<'a>], wanted: &str) -> Option<&'s Value<'a>> {
    attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// The attributes that match a pattern, in the order of their numbers. A pattern has one number
/// at most.
fn matching<'s, 'a>(
    attributes: &'s [Attribute<'a>],
    pattern: &str,
) -> Vec<(u64, &'s str, &'s Value<'a>)> {
    let (prefix, after) = match pattern.split_once('#') {
        Some((prefix, after)) => (prefix, Some(after)),
        None => (pattern.trim_end_matches('*'), None),
    };
    let mut found = Vec::new();
    for (name, value) in attributes {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        let Some(after) = after else {
            found.push((found.len() as u64, rest, value));
            continue;
        };
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let Some((digits, rest)) = rest.split_at_checked(end) else { continue };
        let is_meant = match after.strip_suffix('*') {
            Some(start) => rest.starts_with(start),
            None => rest == after,
        };
        if let (true, Ok(number)) = (is_meant, digits.parse::<u64>()) {
            found.push((number, rest.trim_start_matches('.'), value));
        }
    }
    found.sort_by_key(|(number, ..)| *number);
    found
}
