//! Attribute values as OTLP has them, borrowed where the caller can, and the lenient readings of
//! them that clients make necessary: numbers as text, booleans as `"True"`, empty text for unset.

use std::borrow::Cow;

use crate::scan::{self, Scalar};

/// One attribute value, in the shapes of OTLP's `AnyValue`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// A value that was sent without content.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Text.
    Str(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A list of values of any kind.
    Array(Vec<Value<'a>>),
    /// Named values in the order sent; a name may repeat, and then the first one counts.
    Map(Vec<Attribute<'a>>),
}

/// A named value.
pub type Attribute<'a> = (Cow<'a, str>, Value<'a>);

impl<'a> Value<'a> {
    /// Whether nothing was said: null, empty text, an empty list or map. Clients send these for
    /// parameters that were not set.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Str(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Double(_) => false,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as text; lists, maps, bytes and null have none.
    pub(crate) fn to_text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Str(text) => Some(text.clone()),
            Self::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Self::Int(number) => Some(Cow::Owned(number.to_string())),
            Self::Double(number) => Some(Cow::Owned(number.to_string())),
            Self::Null | Self::Bytes(_) | Self::Array(_) | Self::Map(_) => None,
        }
    }

    /// A whole number, also from decimal text and from a double without a fraction.
    pub(crate) fn to_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Double(number) => whole(*number),
            Self::Str(text) => text.trim().parse().ok().or_else(|| whole(parse_double(text)?)),
            _ => None,
        }
    }

    /// A finite number, also from text.
    pub(crate) fn to_double(&self) -> Option<f64> {
        let number = match self {
            Self::Double(number) => *number,
            #[expect(clippy::cast_precision_loss, reason = "a double is what was asked for")]
            Self::Int(number) => *number as f64,
            Self::Str(text) => parse_double(text)?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A boolean, also from `"true"`, `"True"`, `"1"` and their opposites.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Int(0) => Some(false),
            Self::Int(1) => Some(true),
            Self::Str(text) => match text.trim() {
                "1" => Some(true),
                "0" => Some(false),
                word if word.eq_ignore_ascii_case("true") => Some(true),
                word if word.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A list of texts: a scalar is a list of one, a text that holds a JSON list is that list.
    pub(crate) fn to_texts(&self) -> Vec<Cow<'a, str>> {
        match self {
            Self::Array(items) => items.iter().filter_map(Self::to_text).collect(),
            Self::Str(text) if text.trim_start().starts_with('[') => list_in_text(text),
            other => other.to_text().into_iter().filter(|text| !text.is_empty()).collect(),
        }
    }

    /// The value at a path of names and list positions, through maps, lists and JSON or Python
    /// text. A path that is not there, or leads to null, is `None`.
    pub(crate) fn at(&self, path: &[Box<str>]) -> Option<Value<'a>> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.clone());
        };
        match self {
            Self::Map(entries) => {
                let (_, inner) = entries.iter().find(|(name, _)| **name == **step)?;
                inner.at(rest)
            }
            Self::Array(items) => items.get(step.parse::<usize>().ok()?)?.at(rest),
            Self::Str(Cow::Borrowed(text)) => scan::at(text, path).map(Value::from_scalar),
            Self::Str(Cow::Owned(text)) => {
                scan::at(text, path).map(|scalar| Value::from_scalar(scalar).into_owned())
            }
            _ => None,
        }
    }

    /// What a JSON text says, one level: text without its quotes, numbers, booleans. Lists and
    /// maps stay the text they are.
    pub(crate) fn unquoted(&self) -> Option<Value<'a>> {
        match self {
            Self::Str(Cow::Borrowed(text)) => scan::root(text).map(Value::from_scalar),
            Self::Str(Cow::Owned(text)) => {
                scan::root(text).map(|scalar| Value::from_scalar(scalar).into_owned())
            }
            other => Some(other.clone()),
        }
    }

    fn from_scalar(scalar: Scalar<'a>) -> Self {
        match scalar {
            Scalar::Bool(flag) => Self::Bool(flag),
            Scalar::Text(text) => Self::Str(text),
            Scalar::Structure(text) => Self::Str(Cow::Borrowed(text)),
            Scalar::Number(text) => match text.parse() {
                Ok(number) => Self::Int(number),
                Err(_) => text.parse().map_or(Self::Str(Cow::Borrowed(text)), Self::Double),
            },
        }
    }

    fn into_owned<'b>(self) -> Value<'b> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) => Value::Int(number),
            Self::Double(number) => Value::Double(number),
            Self::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Self::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }
}

/// The double as a whole number, if it is one that a double can hold exactly.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

fn parse_double(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

fn list_in_text<'a>(text: &Cow<'a, str>) -> Vec<Cow<'a, str>> {
    let as_text = |scalar: Scalar<'_>| match scalar {
        Scalar::Text(text) => Some(text.into_owned()),
        Scalar::Number(text) => Some(text.to_owned()),
        Scalar::Bool(flag) => Some(flag.to_string()),
        Scalar::Structure(_) => None,
    };
    match scan::items(text) {
        Some(items) => items.into_iter().filter_map(as_text).map(Cow::Owned).collect(),
        None => vec![text.clone()],
    }
}

#[cfg(test)]
mod tests;
