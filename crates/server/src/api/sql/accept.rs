//! Which form of an answer the client wants.

use http::header::{self, HeaderMap};
use telltale_query::encode::Format;

use crate::fault::{Fault, Reason};

/// In the order of preference when the client has none.
const ALL: [Format; 3] = [Format::Json, Format::Csv, Format::Arrow];

/// The form with the greatest weight in `Accept`.
pub(super) fn format(headers: &HeaderMap) -> Result<Format, Fault> {
    let accept: Vec<_> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .map(weighted)
        .collect();
    if accept.is_empty() {
        return Ok(Format::Json);
    }
    let mut best: Option<(Format, f32)> = None;
    for form in ALL {
        let weight = weight(form, &accept);
        if weight > best.map_or(0.0, |(_, best)| best) {
            best = Some((form, weight));
        }
    }
    best.map(|(form, _)| form).ok_or_else(|| {
        let known = ALL.map(bare).join(", ");
        Fault::new(Reason::NotAcceptable, format!("rows can be had as {known}"))
    })
}

fn bare(format: Format) -> &'static str {
    format.content_type().split(';').next().unwrap_or_default()
}

/// The weight of the most specific range that names this form.
fn weight(format: Format, accept: &[(&str, f32)]) -> f32 {
    let family = bare(format).split('/').next().unwrap_or_default();
    let named = |wanted: &str| {
        accept.iter().find(|(range, _)| range.eq_ignore_ascii_case(wanted)).map(|(_, q)| *q)
    };
    named(bare(format))
        .or_else(|| named(&format!("{family}/*")))
        .or_else(|| named("*/*"))
        .unwrap_or(0.0)
}

fn weighted(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map(str::parse);
    (name, weight.map_or(1.0, |weight| weight.unwrap_or(0.0)))
}

#[cfg(test)]
mod tests;
