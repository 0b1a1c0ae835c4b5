//! A client that reports what a stream brought apart from the request: the end is a sibling of the
//! request, and says how long the stream took.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::agree;
use super::super::call::Why;
use super::super::clusters::Clusters;
use super::super::report::Report;
use crate::canonical::Tag;

/// Each end joins the request without usage, of the same parent, scope and model, whose end is
/// nearest to the start of the stream. A request takes one end.
pub(super) fn join(reports: &[&Report], clusters: &mut Clusters) {
    let key = |report: &Report| {
        let place = (Arc::clone(&report.scope), Arc::clone(&report.service));
        (report.ids.trace, report.ids.parent, place)
    };
    let mut ends: HashMap<_, Vec<usize>> = HashMap::new();
    for (place, report) in reports.iter().enumerate() {
        if report.tag == Tag::StreamEnd && report.ids.trace != 0 && is_first(clusters, place) {
            ends.entry(key(report)).or_default().push(place);
        }
    }
    if ends.is_empty() {
        return;
    }
    let mut requests: HashMap<_, Vec<usize>> = HashMap::new();
    for (place, report) in reports.iter().enumerate() {
        let is_open = report.tag == Tag::Call && report.usage.is_none() && !report.failed;
        if is_open && is_first(clusters, place) && ends.contains_key(&key(report)) {
            requests.entry(key(report)).or_default().push(place);
        }
    }
    let mut groups: Vec<_> = ends.into_iter().collect();
    groups.sort_by(|a, b| a.1.cmp(&b.1));
    for (key, ends) in groups {
        let Some(open) = requests.get_mut(&key) else { continue };
        for end in ends {
            let Some(report) = reports.get(end) else { continue };
            let distance =
                |request: &Report| request.end_unix_nano.abs_diff(report.start_unix_nano);
            let fitting = open.iter().enumerate().filter_map(|(at, place)| {
                let request = reports.get(*place)?;
                let is_before = request.start_unix_nano <= report.end_unix_nano;
                (is_before && agree::models(request, report))
                    .then(|| (distance(request), *place, at))
            });
            if let Some((_, request, at)) = fitting.min() {
                clusters.join(request, end, Why::StreamEnd);
                open.swap_remove(at);
            }
        }
    }
}

/// Of one record under several keys only the first takes part.
fn is_first(clusters: &Clusters, place: usize) -> bool {
    clusters.members(place).first() == Some(&place)
}
