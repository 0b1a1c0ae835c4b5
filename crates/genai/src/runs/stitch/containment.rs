//! The weakest evidence: the same conversation, and the time of a tree within that of a span.

use std::collections::BTreeMap;

use super::{Tree, Trees};
use crate::input::SpanKind;
use crate::runs::span::{Class, Span};

/// Spans under way at one moment of a conversation that are looked at; with more nothing is clear.
const OPEN_MAX: usize = 64;

/// How far up the names of agents are looked at.
const NAMES_MAX: usize = 64;

/// Trees, the span that each is put below, and the conversation that says so.
pub(super) fn find<'a>(trees: &Trees<'_, 'a>) -> Vec<(Tree, usize, &'a str)> {
    let mut conversations: BTreeMap<&'a str, Conversation<'_>> = BTreeMap::new();
    for tree in &trees.list {
        if let Some(id) = conversation_of(trees, tree) {
            conversations.entry(id).or_default().trees.push(tree);
        }
    }
    for (place, span) in trees.forest.iter() {
        let can_hold = trees.forest.classes.at(place).is_container();
        if can_hold
            && !trees.forest.duplicates.at(place)
            && let Some(conversation) =
                span.conversation_id.and_then(|id| conversations.get_mut(id))
        {
            conversation.containers.push(place);
        }
    }
    let mut found = Vec::new();
    for (id, conversation) in conversations {
        let placed = conversation.place(trees).into_iter();
        found.extend(placed.map(|(tree, parent)| (tree.clone(), parent, id)));
    }
    found
}

/// The conversation of the spans that speak for a tree. One that somebody else asked for is a run
/// of its own.
fn conversation_of<'a>(trees: &Trees<'_, 'a>, tree: &Tree) -> Option<&'a str> {
    let is_asked_for = trees.span(tree.top).is_some_and(|top| top.kind == SpanKind::Server);
    let speakers = trees.speakers(tree, Class::is_ai);
    let mut ids = speakers.iter().filter_map(|(_, span)| span.conversation_id);
    let first = ids.next().filter(|id| !is_asked_for && !id.is_empty())?;
    ids.all(|id| id == first).then_some(first)
}

/// Trees and spans of one conversation, each earliest first.
#[derive(Default)]
struct Conversation<'t> {
    trees: Vec<&'t Tree>,
    containers: Vec<usize>,
}

impl<'t> Conversation<'t> {
    fn place(&self, trees: &Trees<'_, '_>) -> Vec<(&'t Tree, usize)> {
        let start = |place: usize| trees.span(place).map(|span| span.start_unix_nano);
        let mut containers = self.containers.iter().copied().peekable();
        let mut open = Open { places: Vec::new(), crowded_until: i64::MIN };
        let mut placed = Vec::new();
        for tree in &self.trees {
            let Some(top) = trees.span(tree.top) else { continue };
            while let Some(next) = containers.next_if(|next| start(*next) <= start(tree.top)) {
                open.push(trees, next, top.start_unix_nano);
            }
            if open.crowded_until >= top.start_unix_nano {
                continue;
            }
            let holds = |place: usize| trees.span(place).is_some_and(|span| top.is_within(span));
            let open = open.places.iter().copied();
            let holding: Vec<usize> =
                open.filter(|place| holds(*place) && trees.is_elsewhere(tree, *place)).collect();
            if let Some(parent) = tightest(trees, &holding)
                && is_part_of(trees, tree, parent)
            {
                placed.push((*tree, parent));
            }
        }
        placed
    }
}

/// Spans that began and may be under way.
struct Open {
    places: Vec<usize>,
    /// Until then more are under way than are looked at.
    crowded_until: i64,
}

impl Open {
    fn push(&mut self, trees: &Trees<'_, '_>, place: usize, now: i64) {
        let end = |place: usize| trees.span(place).map_or(i64::MIN, Span::end);
        self.places.push(place);
        if self.places.len() > OPEN_MAX {
            self.places.retain(|place| end(*place) >= now);
        }
        if self.places.len() > OPEN_MAX {
            let oldest = self.places.remove(0);
            self.crowded_until = self.crowded_until.max(end(oldest));
        }
    }
}

/// Of spans that hold a tree, the tightest; none if two of different trees overlap
/// without one holding the other.
fn tightest(trees: &Trees<'_, '_>, holding: &[usize]) -> Option<usize> {
    let mut chain: Vec<(usize, &Span<'_>)> =
        holding.iter().filter_map(|place| Some((*place, trees.span(*place)?))).collect();
    chain.sort_by_key(|(place, span)| (span.duration_ns, std::cmp::Reverse(*place)));
    let is_clear = chain.windows(2).all(|pair| match pair {
        [(inner, inner_span), (outer, outer_span)] => {
            let tops = &trees.layout.tops;
            tops.at(*inner) == tops.at(*outer) || inner_span.is_within(outer_span)
        }
        _ => true,
    });
    chain.first().filter(|_| is_clear).map(|(place, _)| *place)
}

/// Whether users agree, and the tree is not one more run of an agent that holds it: that is how a
/// second request of the conversation looks.
fn is_part_of(trees: &Trees<'_, '_>, tree: &Tree, parent: usize) -> bool {
    let speakers = trees.speakers(tree, Class::is_ai);
    let names: Vec<&str> = speakers
        .iter()
        .filter(|(place, _)| trees.forest.classes.at(*place).is_execution())
        .map(|(_, span)| span.execution_name())
        .collect();
    let mut above = Some(parent);
    for _ in 0..NAMES_MAX {
        let Some((place, span)) = above.and_then(|place| Some((place, trees.span(place)?))) else {
            break;
        };
        let is_other_user = |speaker: &Span<'_>| matches!((speaker.user_id, span.user_id), (Some(a), Some(b)) if a != b);
        let is_same_agent =
            trees.forest.classes.at(place).is_execution() && names.contains(&span.execution_name());
        if is_same_agent || speakers.iter().any(|(_, speaker)| is_other_user(speaker)) {
            return false;
        }
        above = trees.forest.parents.at(place);
    }
    true
}
