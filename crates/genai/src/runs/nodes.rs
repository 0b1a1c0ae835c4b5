//! What each span is within its run: which agent, workflow, tool, model call or retriever it is,
//! and which of them called it.
//!
//! Two instrumentations, or the asking and the answering side, report one thing by two spans, one
//! within the other: these are one node, the outer one. A model call within another is its twin
//! unless the ledger says that both are calls of their own.

use super::column::Column;
use super::figures::Figures;
use super::forest::{Forest, Layout};
use super::group::Grouped;
use super::span::{Class, Span};
use crate::input::SpanKind;

/// Where a span stands; each is a place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// The node that the span reports; `None` if none.
    pub(super) node: Option<usize>,
    /// The nearest node above that can call others; `None` below the missing top of a run.
    pub(super) caller: Option<usize>,
    /// The nearest agent, workflow or root of a run, itself included; `None` as above.
    pub(super) execution: Option<usize>,
}

/// What a span hands down to those below it.
#[derive(Debug, Clone, Copy, Default)]
struct Inner {
    caller: Option<usize>,
    call: Option<usize>,
    execution: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) standing: Column<Standing>,
    /// What the ledger says of each span itself.
    pub(super) own: Column<Figures>,
    /// Of each span and everything below it in its run.
    pub(super) total: Column<Figures>,
    /// Of the spans that report each node.
    pub(super) of_node: Column<Figures>,
    /// The ledger was asked: model spans that bear no call are none.
    pub(super) has_ledger: bool,
}

impl Nodes {
    pub(super) fn new(forest: &Forest<'_>, layout: &Layout, grouped: &Grouped) -> Self {
        let own: Column<Figures> = forest
            .iter()
            .map(|(place, span)| span.ledger.filter(|_| !forest.repeated.at(place)))
            .map(|ledger| ledger.map(Figures::of).unwrap_or_default())
            .collect();
        let mut nodes = Self {
            standing: Column::new(forest.len()),
            total: own.clone(),
            of_node: Column::new(forest.len()),
            has_ledger: forest.iter().any(|(_, span)| span.ledger.is_some()),
            own,
        };
        nodes.find(forest, layout, grouped);
        nodes.sum_up(forest, layout, grouped);
        nodes
    }

    /// Whether the span is the one by which a node is known.
    pub(super) fn is_node(&self, place: usize) -> bool {
        self.standing.at(place).node == Some(place)
    }

    /// Whether a node is a call that was made, as far as is known.
    pub(super) fn is_call(&self, place: usize) -> bool {
        !self.has_ledger || self.of_node.at(place).calls > 0
    }

    fn find(&mut self, forest: &Forest<'_>, layout: &Layout, grouped: &Grouped) {
        let mut handed: Column<Inner> = Column::new(forest.len());
        for place in layout.preorder.iter().copied() {
            let (Some(span), Some(run)) = (forest.span(place), grouped.runs.at(place)) else {
                continue;
            };
            let parent = forest.parents.at(place);
            let parent = parent.filter(|parent| grouped.runs.at(*parent) == Some(run));
            let above = parent.map(|parent| handed.at(parent)).unwrap_or_default();
            let is_root = grouped.seeds.get(run).is_some_and(|seed| seed.root == Some(place));
            let (standing, inner) = if forest.duplicates.at(place) {
                (Standing { node: None, caller: above.caller, execution: above.execution }, above)
            } else if is_root {
                root(place, forest.classes.at(place))
            } else {
                self.stand(place, span, above, forest)
            };
            self.standing.set(place, standing);
            handed.set(place, inner);
        }
    }

    fn stand(
        &self,
        place: usize,
        span: &Span<'_>,
        above: Inner,
        forest: &Forest<'_>,
    ) -> (Standing, Inner) {
        let class = forest.classes.at(place);
        let stands = |node, execution| Standing { node, caller: above.caller, execution };
        match class {
            Class::Plain | Class::Other => (stands(None, above.execution), above),
            Class::Turn | Class::Model => {
                let calls = |place: usize| self.own.at(place).calls > 0;
                let twin = above.call.filter(|call| !(calls(place) && calls(*call)));
                let node = twin.unwrap_or(place);
                let standing = Standing {
                    node: Some(node),
                    caller: if twin.is_some() { above.caller } else { above.call.or(above.caller) },
                    execution: above.execution,
                };
                (standing, Inner { call: Some(node), ..above })
            }
            Class::Agent | Class::Workflow | Class::Tool | Class::Retriever => {
                let is_twin = |caller: &usize| {
                    forest.classes.at(*caller) == class
                        && forest.span(*caller).is_some_and(|caller| is_twin(class, caller, span))
                };
                let node = above.caller.filter(is_twin).unwrap_or(place);
                let is_new = class.is_execution() && node == place;
                let execution = if is_new { Some(place) } else { above.execution };
                let inner = Inner { caller: Some(node), call: None, execution };
                (stands(Some(node), execution), inner)
            }
        }
    }

    fn sum_up(&mut self, forest: &Forest<'_>, layout: &Layout, grouped: &Grouped) {
        for place in layout.preorder.iter().rev().copied() {
            let figures = self.total.at(place);
            let parent = forest.parents.at(place);
            let in_run = |parent: &usize| grouped.runs.at(*parent) == grouped.runs.at(place);
            if let Some(parent) = parent.filter(in_run) {
                self.total.change(parent, |sum| sum.add(&figures));
            }
            let own = self.own.at(place);
            if let Some(node) = self.standing.at(place).node {
                self.of_node.change(node, |sum| sum.add(&own));
            }
        }
    }
}

/// The root of a run is a node whatever it is.
fn root(place: usize, class: Class) -> (Standing, Inner) {
    let node = Some(place);
    let inner = Inner {
        caller: node.filter(|_| !class.is_model()),
        call: node.filter(|_| class.is_model()),
        execution: node,
    };
    (Standing { node, caller: None, execution: node }, inner)
}

/// Whether a span reports the same as the node right above it, which is of the same class.
fn is_twin(class: Class, outer: &Span<'_>, inner: &Span<'_>) -> bool {
    let same = |a: Option<&str>, b: Option<&str>| a.zip(b).map(|(a, b)| a == b);
    match class {
        Class::Tool => same(outer.tool_call_id, inner.tool_call_id)
            .unwrap_or_else(|| same(outer.tool_name, inner.tool_name) == Some(true)),
        Class::Agent | Class::Workflow => {
            let is_remote = outer.kind == SpanKind::Client && inner.kind != SpanKind::Client;
            is_remote && outer.execution_name() == inner.execution_name()
        }
        _ => false,
    }
}
