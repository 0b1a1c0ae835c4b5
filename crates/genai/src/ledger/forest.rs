//! The span trees of a set of reports. Parents may be missing, be the span itself, or go round in a
//! circle: then a span has no parent that counts, and nothing else happens.

use std::collections::HashMap;

use super::report::{Report, Signal};

/// Parents, and what stands above.
#[derive(Debug)]
pub(super) struct Forest {
    spans: HashMap<(u128, u64), usize>,
    parents: Vec<Option<usize>>,
    /// The nearest call above, with no tool, agent or workflow between.
    calls_above: Vec<Option<usize>>,
    depths: Vec<u32>,
}

impl Forest {
    pub(super) fn new(reports: &[&Report]) -> Self {
        let mut spans = HashMap::with_capacity(reports.len());
        for (place, report) in reports.iter().enumerate() {
            if report.signal == Signal::Span && report.ids.trace != 0 && report.ids.span != 0 {
                spans.entry((report.ids.trace, report.ids.span)).or_insert(place);
            }
        }
        let parent = |(place, report): (usize, &&Report)| {
            let ids = report.ids;
            let is_known = report.signal == Signal::Span && ids.parent != 0 && ids.trace != 0;
            let parent = is_known.then(|| spans.get(&(ids.trace, ids.parent)).copied()).flatten();
            parent.filter(|parent| *parent != place)
        };
        let mut parents: Vec<Option<usize>> = reports.iter().enumerate().map(parent).collect();
        let order = cut_circles(&mut parents);
        let mut forest = Self {
            spans,
            calls_above: vec![None; parents.len()],
            depths: vec![0; parents.len()],
            parents,
        };
        // Parents come before children, so what stands above a parent is known.
        for place in order {
            let Some(parent) = forest.parent(place) else { continue };
            let above = match reports.get(parent) {
                Some(report) if report.is_call() => Some(parent),
                Some(report) if report.is_boundary() => None,
                _ => forest.call_above(parent),
            };
            let depth = forest.depth(parent).saturating_add(1);
            if let (Some(call), Some(slot)) =
                (forest.calls_above.get_mut(place), forest.depths.get_mut(place))
            {
                (*call, *slot) = (above, depth);
            }
        }
        forest
    }

    pub(super) fn span(&self, trace: u128, span: u64) -> Option<usize> {
        self.spans.get(&(trace, span)).copied()
    }

    pub(super) fn parent(&self, place: usize) -> Option<usize> {
        self.parents.get(place).copied().flatten()
    }

    pub(super) fn call_above(&self, place: usize) -> Option<usize> {
        self.calls_above.get(place).copied().flatten()
    }

    pub(super) fn depth(&self, place: usize) -> u32 {
        self.depths.get(place).copied().unwrap_or(0)
    }

    /// Whether one call is above the other.
    pub(super) fn is_nested(&self, a: usize, b: usize) -> bool {
        let above = |lower: usize, upper: usize| {
            let mut place = lower;
            while let Some(call) = self.call_above(place) {
                if call == upper {
                    return true;
                }
                place = call;
            }
            false
        };
        above(a, b) || above(b, a)
    }

    /// The top of the tree that a span is in.
    pub(super) fn roots(&self) -> Vec<usize> {
        let mut roots: Vec<usize> = (0..self.parents.len()).collect();
        for start in 0..self.parents.len() {
            let mut path = vec![start];
            let mut top = start;
            while let Some(parent) = self.parent(top) {
                // Below a span whose top is known already.
                if roots.get(parent).is_some_and(|root| *root != parent) {
                    top = roots.get(parent).copied().unwrap_or(parent);
                    break;
                }
                path.push(parent);
                top = parent;
            }
            for place in path {
                if let Some(root) = roots.get_mut(place) {
                    *root = top;
                }
            }
        }
        roots
    }
}

/// Takes the parents away from spans that are above themselves, and gives an order in which parents
/// come before children.
fn cut_circles(parents: &mut [Option<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    // 0: not seen, the number of a walk: on its path, usize::MAX: in the order.
    let mut seen = vec![0_usize; parents.len()];
    for start in 0..parents.len() {
        let walk = start + 1;
        let mut path = Vec::new();
        let mut place = start;
        loop {
            match seen.get_mut(place) {
                Some(mark @ 0) => *mark = walk,
                Some(mark) if *mark == walk => {
                    // The circle is opened at its first span in the order of the set.
                    let circle = path.iter().rposition(|seen| *seen == place).unwrap_or(0);
                    let first = path.get(circle..).and_then(|circle| circle.iter().min().copied());
                    if let Some(parent) = first.and_then(|first| parents.get_mut(first)) {
                        *parent = None;
                    }
                    break;
                }
                _ => break,
            }
            path.push(place);
            match parents.get(place).copied().flatten() {
                Some(parent) => place = parent,
                None => break,
            }
        }
        place_in_order(&path, parents, &mut seen, &mut order);
    }
    order
}

/// Puts a path into the order from its top; a circle that was opened turns its path.
fn place_in_order(
    path: &[usize],
    parents: &[Option<usize>],
    seen: &mut [usize],
    order: &mut Vec<usize>,
) {
    let opened = path.iter().position(|place| parents.get(*place).copied().flatten().is_none());
    let turned = match opened {
        Some(top) if top + 1 < path.len() => {
            // After the top of an opened circle come the spans from it down.
            let (lower, rest) = path.split_at(top + 1);
            lower.iter().rev().chain(rest.iter().rev()).copied().collect::<Vec<_>>()
        }
        _ => path.iter().rev().copied().collect(),
    };
    for place in turned {
        if let Some(mark) = seen.get_mut(place).filter(|mark| **mark != usize::MAX) {
            *mark = usize::MAX;
            order.push(place);
        }
    }
}
