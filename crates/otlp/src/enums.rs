//! OTLP's enumerations as words. A number that OTLP does not name stays a decimal number, so that
//! what a newer client says is kept.

use std::borrow::Cow;

/// Names of one enumeration, from zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names(&'static [&'static str]);

pub(crate) const SPAN_KIND: Names =
    Names(&["unspecified", "internal", "server", "client", "producer", "consumer"]);
pub(crate) const STATUS_CODE: Names = Names(&["unset", "ok", "error"]);
pub(crate) const TEMPORALITY: Names = Names(&["unspecified", "delta", "cumulative"]);

impl Names {
    /// The word of a number.
    #[inline]
    pub(crate) fn name(self, number: i32) -> Cow<'static, str> {
        let known = usize::try_from(number).ok().and_then(|index| self.0.get(index));
        known.map_or_else(|| Cow::Owned(number.to_string()), |name| Cow::Borrowed(*name))
    }

    /// The number of a word.
    pub(crate) fn number(self, name: &str) -> Option<i32> {
        let known = self.0.iter().position(|known| *known == name);
        known.and_then(|index| i32::try_from(index).ok()).or_else(|| name.parse().ok())
    }
}
