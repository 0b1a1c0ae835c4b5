//! Trees whose context was lost on a border, put where the evidence says that they belong.
//!
//! A tree is put below a span of another one if, in this order, a link, a tool call id, a response
//! id, or a conversation together with time says so, and nothing contradicts: evidence that points
//! into several trees is none. Both trees must have AI spans, and no tree gets below itself. What
//! speaks for a tree are its spans from the top down to the first AI spans.

use std::collections::{BTreeSet, HashMap};

use super::column::Column;
use super::forest::{Forest, Layout};
use super::span::{Class, Span};
use crate::input::SpanKind;

mod containment;

/// An id that more spans than this share identifies nothing.
pub const SAME_ID_MAX: usize = 256;

/// Why a span is shown below another that it does not name as its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence<'a> {
    /// A link from it, or from the first AI spans below it.
    Link,
    /// The id of the tool call that both are of.
    ToolCall(&'a str),
    /// The response id that the asking and the answering side saw.
    Response(&'a str),
    /// The conversation that both belong to, and its time is within that of the other.
    Conversation(&'a str),
}

/// A span and where it was put, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stitch<'a> {
    pub(super) child: usize,
    pub(super) parent: usize,
    pub(super) evidence: Evidence<'a>,
}

/// Finds what belongs together.
pub(super) fn stitch<'a>(forest: &Forest<'a>, layout: &Layout) -> Vec<Stitch<'a>> {
    let trees = Trees::new(forest, layout);
    let mut stitches = Stitches { joined: (0..forest.len()).collect(), made: Vec::new() };
    for tree in &trees.list {
        if let Some(parent) = trees.linked(tree) {
            stitches.make(&trees, tree, parent, Evidence::Link);
        }
    }
    let by_call = index(forest, |_, span| span.tool_call_id);
    for tree in &trees.list {
        let calls = trees.speakers(tree, |class| class.is_ai() && !class.is_model());
        let found = calls.into_iter().filter_map(|(_, span)| {
            let id = span.tool_call_id?;
            Some((trees.asked_for(tree, span, by_call.get(id)?)?, Evidence::ToolCall(id)))
        });
        stitches.make_if_one(&trees, tree, found);
    }
    let of_model = |class: Class, span: &Span<'a>| span.response_id.filter(|_| class.is_model());
    let by_response = index(forest, of_model);
    for tree in &trees.list {
        let calls = trees.speakers(tree, Class::is_model).into_iter();
        let found = calls.filter_map(|(_, span)| {
            let id = span.response_id?;
            Some((trees.answered(tree, span, by_response.get(id)?)?, Evidence::Response(id)))
        });
        stitches.make_if_one(&trees, tree, found);
    }
    for (tree, parent, conversation) in containment::find(&trees) {
        stitches.make(&trees, &tree, parent, Evidence::Conversation(conversation));
    }
    stitches.made
}

/// A tree that can be put somewhere.
#[derive(Debug, Clone)]
struct Tree {
    top: usize,
    /// The spans that speak for it.
    upper: Vec<usize>,
}

struct Trees<'f, 'a> {
    forest: &'f Forest<'a>,
    layout: &'f Layout,
    list: Vec<Tree>,
    has_ai: Column<bool>,
}

impl<'f, 'a> Trees<'f, 'a> {
    fn new(forest: &'f Forest<'a>, layout: &'f Layout) -> Self {
        let is_ai = |place: usize| forest.classes.at(place).is_ai();
        let mut has_ai = Column::new(forest.len());
        (0..forest.len()).filter(|place| is_ai(*place)).for_each(|place| {
            has_ai.set(layout.tops.at(place), true);
        });
        let tops = (0..forest.len()).filter(|top| {
            layout.tops.at(*top) == *top && has_ai.at(*top) && !forest.duplicates.at(*top)
        });
        let list = tops.map(|top| Tree { top, upper: layout.down_to(top, is_ai) }).collect();
        Self { forest, layout, list, has_ai }
    }

    fn span(&self, place: usize) -> Option<&'a Span<'a>> {
        self.forest.span(place)
    }

    /// The spans of a class that speak for a tree.
    fn speakers(
        &self,
        tree: &Tree,
        is_of_class: impl Fn(Class) -> bool,
    ) -> Vec<(usize, &'a Span<'a>)> {
        let of_class =
            tree.upper.iter().filter(|place| is_of_class(self.forest.classes.at(**place)));
        of_class.filter_map(|place| Some((*place, self.span(*place)?))).collect()
    }

    fn is_elsewhere(&self, tree: &Tree, place: usize) -> bool {
        let top = self.layout.tops.at(place);
        top != tree.top && self.has_ai.at(top)
    }

    /// The one of several candidates that started last, if all are in one tree.
    fn latest_of_one_tree(&self, candidates: impl Iterator<Item = usize>) -> Option<usize> {
        let candidates: BTreeSet<usize> = candidates.collect();
        let mut tops = candidates.iter().map(|place| self.layout.tops.at(*place));
        let first = tops.next()?;
        tops.all(|top| top == first).then(|| candidates.last().copied()).flatten()
    }

    fn linked(&self, tree: &Tree) -> Option<usize> {
        let links = tree.upper.iter().filter_map(|place| self.span(*place)).flat_map(|span| {
            let found =
                span.links.iter().filter_map(|link| self.forest.find(link.trace, link.span));
            found
                .filter(|target| self.is_elsewhere(tree, *target) && !self.is_sequel(span, *target))
        });
        self.latest_of_one_tree(links)
    }

    /// An execution that was over is what came before, not what asked for this.
    fn is_sequel(&self, span: &Span<'_>, target: usize) -> bool {
        let is_queued = span.kind == SpanKind::Consumer;
        let is_over = |target: &Span<'_>| target.end() < span.start_unix_nano;
        let is_execution = self.forest.classes.at(target).is_execution();
        is_execution && !is_queued && self.span(target).is_some_and(is_over)
    }

    /// The tool span, or else the model call that asked for the tool, of the same call id.
    fn asked_for(&self, tree: &Tree, span: &Span<'_>, same_id: &[usize]) -> Option<usize> {
        if same_id.len() > SAME_ID_MAX {
            return None;
        }
        let before = |place: &usize| {
            let other = self.span(*place);
            self.is_elsewhere(tree, *place)
                && other.is_some_and(|other| other.start_unix_nano <= span.start_unix_nano)
        };
        let is_running = |place: &usize| {
            !self.forest.classes.at(*place).is_model()
                && self.span(*place).is_some_and(|other| span.start_unix_nano <= other.end())
        };
        let is_model = |place: &usize| self.forest.classes.at(*place).is_model();
        let of = |is: &dyn Fn(&usize) -> bool| {
            self.latest_of_one_tree(same_id.iter().copied().filter(before).filter(|at| is(at)))
        };
        of(&is_running).or_else(|| of(&is_model))
    }

    /// The call that was answered under the same response id.
    fn answered(&self, tree: &Tree, span: &Span<'_>, same_id: &[usize]) -> Option<usize> {
        if same_id.len() > SAME_ID_MAX {
            return None;
        }
        let asks = |other: &Span<'_>| {
            let overlaps =
                other.start_unix_nano <= span.end() && span.start_unix_nano <= other.end();
            let is_server = |span: &Span<'_>| span.kind == SpanKind::Server;
            // Clocks of two hosts differ: who serves is within whom it serves.
            let is_inner = match (is_server(span), is_server(other)) {
                (true, false) => overlaps,
                (false, true) => false,
                _ => span.is_within(other),
            };
            is_inner && models_agree(span, other)
        };
        let fits =
            |place: &usize| self.is_elsewhere(tree, *place) && self.span(*place).is_some_and(asks);
        self.latest_of_one_tree(same_id.iter().copied().filter(fits))
    }
}

/// Whether a model that one names is one that the other names, or one names none. Routers put a
/// provider before the name, and answers put a date behind it.
fn models_agree(a: &Span<'_>, b: &Span<'_>) -> bool {
    let names = |span: &Span<'_>| {
        [span.request_model, span.response_model]
            .into_iter()
            .flatten()
            .map(|name| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let (of_a, of_b) = (names(a), names(b));
    let agree = |a: &String| of_b.iter().any(|b| a.starts_with(b) || b.starts_with(a));
    of_a.is_empty() || of_b.is_empty() || of_a.iter().any(agree)
}

fn index<'a>(
    forest: &Forest<'a>,
    id: impl Fn(Class, &Span<'a>) -> Option<&'a str>,
) -> HashMap<&'a str, Vec<usize>> {
    let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, span) in forest.iter().filter(|(place, _)| !forest.duplicates.at(*place)) {
        if let Some(id) = id(forest.classes.at(place), span).filter(|id| !id.is_empty()) {
            index.entry(id).or_default().push(place);
        }
    }
    index
}

struct Stitches<'a> {
    /// Of each top, a top that it was put together with; itself if none.
    joined: Column<usize>,
    made: Vec<Stitch<'a>>,
}

impl<'a> Stitches<'a> {
    fn make_if_one(
        &mut self,
        trees: &Trees<'_, 'a>,
        tree: &Tree,
        found: impl Iterator<Item = (usize, Evidence<'a>)>,
    ) {
        let found: Vec<_> = found.collect();
        let parent = trees.latest_of_one_tree(found.iter().map(|(parent, _)| *parent));
        let chosen = found.iter().find(|(place, _)| Some(*place) == parent);
        if let Some((parent, evidence)) = chosen {
            self.make(trees, tree, *parent, *evidence);
        }
    }

    /// Puts a tree below a span, unless it has its place, or would get below itself.
    fn make(&mut self, trees: &Trees<'_, 'a>, tree: &Tree, parent: usize, evidence: Evidence<'a>) {
        let below = self.group(trees.layout.tops.at(parent));
        // A tree that has its place is no longer the top of its group.
        if self.joined.at(tree.top) == tree.top && below != tree.top {
            self.joined.set(tree.top, below);
            self.made.push(Stitch { child: tree.top, parent, evidence });
        }
    }

    fn group(&mut self, top: usize) -> usize {
        let mut place = top;
        while self.joined.at(place) != place {
            let above = self.joined.at(self.joined.at(place));
            self.joined.set(place, above);
            place = above;
        }
        place
    }
}
