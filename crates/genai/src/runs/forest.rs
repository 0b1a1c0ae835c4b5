//! The spans in an order that does not depend on how they were given, and their parents, whatever
//! is wrong with them. From here on a span is its place in that order.
//!
//! A parent that is the span itself, or leads back to it, is cut at the earliest span of the circle.
//! Of several spans with one id the earliest gets the children. Nothing recurses.

use std::collections::HashMap;

use super::column::Column;
use super::span::{Class, Span};

/// Why a span that names a parent has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cut {
    /// The parent was not given.
    Orphan,
    /// The ancestors lead back to the span.
    Cycle,
}

/// Spans and parents.
#[derive(Debug)]
pub(super) struct Forest<'a> {
    spans: Vec<&'a Span<'a>>,
    /// Of each span, its place among those given.
    given: Column<usize>,
    pub(super) classes: Column<Class>,
    pub(super) parents: Column<Option<usize>>,
    pub(super) cuts: Column<Option<Cut>>,
    /// An earlier span has the same id.
    pub(super) duplicates: Column<bool>,
    /// The same record was given before: its figures count once.
    pub(super) repeated: Column<bool>,
    by_id: HashMap<(u128, u64), usize>,
}

impl<'a> Forest<'a> {
    pub(super) fn new(spans: &'a [Span<'a>]) -> Self {
        let starts = spans.iter().map(|span| span.start_unix_nano);
        let mut order: Vec<(i64, usize)> = starts.zip(0..).collect();
        let rest = |place: usize| spans.get(place).map(|span| (span.ids, span.key, span.name));
        order.sort_unstable_by(|(start, a), (other, b)| {
            start.cmp(other).then_with(|| rest(*a).cmp(&rest(*b))).then(a.cmp(b))
        });
        let sorted: Vec<&Span<'_>> =
            order.iter().filter_map(|(_, place)| spans.get(*place)).collect();
        let mut forest = Self {
            given: order.into_iter().map(|(_, place)| place).collect(),
            classes: sorted.iter().map(|span| span.class()).collect(),
            parents: Column::new(sorted.len()),
            cuts: Column::new(sorted.len()),
            duplicates: Column::new(sorted.len()),
            repeated: Column::new(sorted.len()),
            by_id: HashMap::with_capacity(sorted.len()),
            spans: sorted,
        };
        forest.find_duplicates();
        forest.find_parents();
        forest.cut_circles();
        forest
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn span(&self, place: usize) -> Option<&'a Span<'a>> {
        self.spans.get(place).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &'a Span<'a>)> + '_ {
        self.spans.iter().copied().enumerate()
    }

    /// Place of a span among those given.
    pub(super) fn given(&self, place: usize) -> usize {
        self.given.at(place)
    }

    pub(super) fn find(&self, trace: u128, span: u64) -> Option<usize> {
        self.by_id.get(&(trace, span)).copied()
    }

    fn find_duplicates(&mut self) {
        let mut before: Option<&Span<'_>> = None;
        for (place, span) in self.spans.iter().copied().enumerate() {
            // The same record again comes right after itself.
            let is_same = |before: &Span<'_>| before.key == span.key && before.ids == span.ids;
            self.repeated.set(place, before.is_some_and(is_same));
            before = Some(span);
            let has_id = span.ids.trace != 0 && span.ids.span != 0;
            if has_id
                && *self.by_id.entry((span.ids.trace, span.ids.span)).or_insert(place) != place
            {
                self.duplicates.set(place, true);
            }
        }
    }

    fn find_parents(&mut self) {
        for (place, span) in self.spans.iter().enumerate() {
            if span.ids.parent == 0 {
                continue;
            }
            match self.by_id.get(&(span.ids.trace, span.ids.parent)).copied() {
                Some(parent) => self.parents.set(place, Some(parent)),
                None => self.cuts.set(place, Some(Cut::Orphan)),
            }
        }
    }

    fn cut_circles(&mut self) {
        // Zero is not seen yet; else the number of the walk that came by.
        let mut walks: Column<usize> = Column::new(self.len());
        for start in 0..self.len() {
            let mut path = Vec::new();
            let mut place = start;
            while walks.at(place) == 0 {
                walks.set(place, start + 1);
                path.push(place);
                match self.parents.at(place) {
                    Some(parent) => place = parent,
                    None => break,
                }
            }
            let is_circle = walks.at(place) == start + 1 && self.parents.at(place).is_some();
            if !is_circle {
                continue;
            }
            let circle = path.iter().skip_while(|on_path| **on_path != place);
            if let Some(first) = circle.min().copied() {
                self.parents.set(first, None);
                self.cuts.set(first, Some(Cut::Cycle));
            }
        }
    }
}

/// The trees in the order in which they are shown: each span before what is below it, earliest
/// first.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) preorder: Vec<usize>,
    /// Where a span stands in `preorder`.
    positions: Column<usize>,
    /// Where what is below it ends in `preorder`.
    ends: Column<usize>,
    pub(super) depths: Column<u32>,
    /// The top of the tree that a span is in.
    pub(super) tops: Column<usize>,
    children: Vec<usize>,
    first_child: Column<usize>,
}

impl Layout {
    pub(super) fn new(parents: &Column<Option<usize>>, len: usize) -> Self {
        let (children, first_child) = children(parents, len);
        let mut layout = Self {
            preorder: Vec::with_capacity(len),
            positions: Column::new(len),
            ends: Column::new(len),
            depths: Column::new(len),
            tops: Column::new(len),
            children,
            first_child,
        };
        for top in (0..len).filter(|place| parents.at(*place).is_none()) {
            layout.place(top);
        }
        for position in (0..layout.preorder.len()).rev() {
            let Some(place) = layout.preorder.get(position).copied() else { continue };
            let end = layout.ends.at(place).max(position + 1);
            layout.ends.set(place, end);
            if let Some(parent) = parents.at(place) {
                layout.ends.change(parent, |above| *above = (*above).max(end));
            }
        }
        layout
    }

    fn place(&mut self, top: usize) {
        let mut waiting = vec![(top, 0_u32)];
        while let Some((place, depth)) = waiting.pop() {
            self.positions.set(place, self.preorder.len());
            self.preorder.push(place);
            self.depths.set(place, depth);
            self.tops.set(place, top);
            let children = self.children_of(place).iter().rev();
            waiting.extend(children.map(|child| (*child, depth.saturating_add(1))));
        }
    }

    /// Children, earliest first.
    pub(super) fn children_of(&self, place: usize) -> &[usize] {
        let range = self.first_child.at(place)..self.first_child.at(place + 1);
        self.children.get(range).unwrap_or_default()
    }

    /// Whether one span is another or above it.
    pub(super) fn is_above(&self, upper: usize, lower: usize) -> bool {
        let position = self.positions.at(lower);
        self.positions.at(upper) <= position && position < self.ends.at(upper)
    }

    /// The spans below `top` down to the first for which `stop` holds on each way, these included.
    pub(super) fn down_to(&self, top: usize, stop: impl Fn(usize) -> bool) -> Vec<usize> {
        let (mut found, mut position) = (Vec::new(), self.positions.at(top));
        while position < self.ends.at(top) {
            let Some(place) = self.preorder.get(position).copied() else { break };
            found.push(place);
            position = if stop(place) { self.ends.at(place) } else { position + 1 };
        }
        found
    }
}

/// All children, those of one parent side by side, and where those of each parent begin.
fn children(parents: &Column<Option<usize>>, len: usize) -> (Vec<usize>, Column<usize>) {
    let mut starts: Column<usize> = Column::new(len + 1);
    for parent in (0..len).filter_map(|place| parents.at(place)) {
        starts.change(parent + 1, |count| *count += 1);
    }
    for place in 0..len {
        let before = starts.at(place);
        starts.change(place + 1, |count| *count += before);
    }
    let mut next = starts.clone();
    let mut children = vec![0; starts.at(len)];
    for place in 0..len {
        let Some(parent) = parents.at(place) else { continue };
        if let Some(slot) = children.get_mut(next.at(parent)) {
            *slot = place;
        }
        next.change(parent, |at| *at += 1);
    }
    (children, starts)
}
