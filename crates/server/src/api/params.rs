//! Parameters of a URL: each known, each at most as often as it makes sense, none ignored.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::DateTime;
use telltale_base::UnixNanos;

use crate::fault::Fault;

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Params(BTreeMap<String, Vec<String>>);

impl Params {
    /// Parses a query string.
    ///
    /// # Errors
    /// When a parameter is not in `known`: a misspelt filter must not silently find everything.
    pub(super) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Fault> {
        let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let known = known.join(", ");
                let detail = format!("there is no parameter {name:?}; known are {known}");
                return Err(Fault::invalid(detail));
            }
            params.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Self(params))
    }

    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }

    pub(super) fn one(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let mut values = self.all(name);
        if values.len() > 1 {
            return Err(Fault::invalid(format!("{name} is given {} times", values.len())));
        }
        Ok(values.pop().filter(|value| !value.is_empty()))
    }

    pub(super) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let wrong = || Fault::invalid(format!("{name} is {text:?}, not {what}"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// A page size between 1 and `max`; `default` when absent.
    pub(super) fn limit(&mut self, default: usize, max: usize) -> Result<usize, Fault> {
        let limit = self.parsed("limit", "a number")?.unwrap_or(default);
        if (1..=max).contains(&limit) {
            Ok(limit)
        } else {
            Err(Fault::invalid(format!("limit is {limit}, not between 1 and {max}")))
        }
    }

    /// A time as RFC 3339 or as nanoseconds since 1970.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<UnixNanos>, Fault> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let nanos = text.parse::<i64>().ok().or_else(|| {
            // A plus sign in a URL is a space; a time zone has one.
            let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
            time.timestamp_nanos_opt()
        });
        nanos.map(|nanos| Some(UnixNanos(nanos))).ok_or_else(|| {
            let detail = format!(
                "{name} is {text:?}, not a time such as 2025-01-31T12:00:00Z or nanoseconds since 1970"
            );
            Fault::invalid(detail)
        })
    }
}

#[cfg(test)]
mod tests;
