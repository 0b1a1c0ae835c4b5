//! The token ledger: from reports of provider calls, by whichever signal and however often, to the
//! calls that were made, each once.
//!
//! [`settle`] is a pure function of a *set* of reports: their order, their split into exports and
//! repetitions of the same record change nothing.
//!
//! | module | what it does |
//! |---|---|
//! | `report` | a report, how it is made from a canonical record, the keys that link reports |
//! | `agree` | whether two reports can be of one call: model, usage, time, source |
//! | `forest` | the span trees, whatever is wrong with them |
//! | `clusters` | sets of reports of one call |
//! | `join` | the ways in which reports are found to be of one call |
//! | `metrics` | calls known only as sums |
//! | `book` | the same as reports come in: what each new one changes |
//! | `call` | the call of a set: its bearer, its usage, the verdict on each report |
//!
//! # What is a component
//!
//! Two reports are neighbours if [`links`] gives them a common key. A component is a smallest set of
//! reports that holds every neighbour of each of its members. Settling the components one by one
//! gives the same calls as settling everything, so that a new report needs only its component:
//! gather by its keys, then by the keys of what was found, until nothing new is found. Keys carry
//! time windows, so that ids which are used again do not tie the whole history together.
//!
//! Metric points are the exception. They count only if their service has no calls from spans or
//! logs, so they form one component with the service: to settle them, give [`settle`] every metric
//! report of the service and as witnesses its call reports ([`LinkKey::Service`]), at least one for
//! each model.

mod agree;
mod book;
mod call;
mod clusters;
mod forest;
mod join;
mod metrics;
mod report;

pub use book::{Book, BookLimits, Booked, Changes};
pub use call::{Call, Settlement, Verdict, Why};
pub use report::{Labels, LinkKey, MetricPart, Report, Signal, SpanIds, links};

use clusters::Clusters;
use forest::Forest;

/// Settles a set of reports.
pub fn settle(reports: &[Report]) -> Settlement {
    let reports = in_order(reports);
    let forest = Forest::new(&reports);
    let mut clusters = Clusters::new(&reports);
    join::all(&reports, &forest, &mut clusters);
    let mut settlement = call::calls(&reports, &forest, &clusters);
    metrics::settle(&reports, &mut settlement);
    settlement.sort();
    settlement
}

/// The set in an order that does not depend on how it was given. The key comes last: it may depend
/// on the order of arrival, and then only tells apart what is the same in every other way.
fn in_order(reports: &[Report]) -> Vec<&Report> {
    let mut ordered: Vec<&Report> = reports.iter().collect();
    ordered.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.order().cmp(&b.order())));
    ordered.dedup_by_key(|report| report.key);
    ordered.sort_by(|a, b| a.order().cmp(&b.order()).then_with(|| a.key.cmp(&b.key)));
    ordered
}

#[cfg(test)]
mod tests;
