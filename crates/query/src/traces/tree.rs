//! The order in which spans are shown, and where each stands: pure, whatever the parents say.
//!
//! Every span is shown exactly once. Children follow their parent, earliest first. At top level
//! stand, in this order: roots; orphans, whose parent is not there; and spans that hang together
//! in a circle, which is cut at its earliest span. Of several spans with one id the earliest gets
//! the children. Nothing recurses: a trace can be a chain of any length.

use std::collections::HashMap;

/// What the tree needs to know of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) span_id: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    /// Order among siblings.
    pub(super) start: i64,
    /// Order among siblings that start together, unique.
    pub(super) record_id: i64,
}

/// Why a span with a parent stands at top level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Its parent is not in the trace.
    Orphan,
    /// Its ancestors lead back to itself.
    Cycle,
}

/// One span in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Place of the span in the input.
    pub(super) index: usize,
    pub(super) depth: u32,
    /// Direct children.
    pub(super) children: u32,
    pub(super) cut: Option<Cut>,
    /// Whether an earlier span has the same id.
    pub(super) duplicate: bool,
}

/// Where each span belongs.
struct Links {
    /// Of each span, its parent.
    parents: Vec<Parent>,
    /// Of each span, its children, earliest first. The children of circles are among them.
    children: Vec<Vec<usize>>,
    duplicates: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Parent {
    None,
    Missing,
    Span(usize),
}

/// All spans in display order.
pub(super) fn place(nodes: &[Node]) -> Vec<Placed> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|at| nodes.get(*at).map(|node| (node.start, node.record_id)));
    let links = link(nodes, &order);
    let mut display = Display { links: &links, seen: vec![false; nodes.len()], placed: Vec::new() };
    let with = |parent: Parent| {
        let links = &links;
        order.iter().copied().filter(move |at| links.parents.get(*at) == Some(&parent))
    };
    with(Parent::None).for_each(|root| display.show(root, None));
    with(Parent::Missing).for_each(|orphan| display.show(orphan, Some(Cut::Orphan)));
    // What is left hangs on circles.
    let rank = ranks(&order);
    for at in order.iter().copied() {
        if display.seen.get(at) == Some(&false) {
            let first = earliest_of_circle(&links, &rank, at);
            display.show(first, Some(Cut::Cycle));
        }
    }
    display.placed
}

fn link(nodes: &[Node], order: &[usize]) -> Links {
    let mut by_id: HashMap<[u8; 8], usize> = HashMap::with_capacity(nodes.len());
    let mut duplicates = vec![false; nodes.len()];
    for at in order {
        let Some(node) = nodes.get(*at) else { continue };
        if *by_id.entry(node.span_id).or_insert(*at) != *at
            && let Some(duplicate) = duplicates.get_mut(*at)
        {
            *duplicate = true;
        }
    }
    let parent_of = |node: &Node| match node.parent {
        None => Parent::None,
        Some(id) => by_id.get(&id).map_or(Parent::Missing, |at| Parent::Span(*at)),
    };
    let parents: Vec<Parent> = nodes.iter().map(parent_of).collect();
    let mut children = vec![Vec::new(); nodes.len()];
    for at in order {
        if let Some(Parent::Span(parent)) = parents.get(*at)
            && let Some(siblings) = children.get_mut(*parent)
        {
            siblings.push(*at);
        }
    }
    Links { parents, children, duplicates }
}

/// Of each span, its place in time.
fn ranks(order: &[usize]) -> Vec<usize> {
    let mut ranks = vec![0; order.len()];
    for (rank, at) in order.iter().enumerate() {
        if let Some(slot) = ranks.get_mut(*at) {
            *slot = rank;
        }
    }
    ranks
}

/// Follows parents from a span that no root leads to, until they repeat, and takes the earliest of
/// those that do.
fn earliest_of_circle(links: &Links, rank: &[usize], from: usize) -> usize {
    let mut steps: HashMap<usize, usize> = HashMap::new();
    let mut path = Vec::new();
    let mut at = from;
    while !steps.contains_key(&at) {
        steps.insert(at, path.len());
        path.push(at);
        match links.parents.get(at) {
            Some(Parent::Span(parent)) => at = *parent,
            _ => return from,
        }
    }
    let circle = path.iter().skip(steps.get(&at).copied().unwrap_or(0));
    circle.copied().min_by_key(|span| rank.get(*span)).unwrap_or(from)
}

struct Display<'a> {
    links: &'a Links,
    seen: Vec<bool>,
    placed: Vec<Placed>,
}

impl Display<'_> {
    /// Shows a span and everything below it that is not shown yet.
    fn show(&mut self, top: usize, cut: Option<Cut>) {
        let mut waiting = vec![(top, 0_u32, cut)];
        while let Some((index, depth, cut)) = waiting.pop() {
            let Some(seen) = self.seen.get_mut(index).filter(|seen| !**seen) else { continue };
            *seen = true;
            let children = self.links.children.get(index).map_or(&[][..], Vec::as_slice);
            // The span at which a circle is cut is no child of what leads back to it.
            let children: Vec<usize> =
                children.iter().copied().filter(|at| self.seen.get(*at) == Some(&false)).collect();
            self.placed.push(Placed {
                index,
                depth,
                children: u32::try_from(children.len()).unwrap_or(u32::MAX),
                cut,
                duplicate: self.links.duplicates.get(index).copied().unwrap_or(false),
            });
            waiting.extend(children.into_iter().rev().map(|at| (at, depth + 1, None)));
        }
    }
}

#[cfg(test)]
mod tests;
