//! The graph of one run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use super::{EdgeId, EdgeKind, EdgeStats, Graph, NodeId, NodeKind, NodeStats, handoff};
use crate::runs::build::Analysis;
use crate::runs::figures::Figures;
use crate::runs::group::Seed;
use crate::runs::span::{Class, Span};

/// A node of the run: one agent execution, one tool call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Its span.
    pub(super) place: usize,
    /// Number of its name and kind.
    pub(super) id: usize,
    /// What called it, by number in the list of members; `None` at the top.
    pub(super) caller: Option<usize>,
    /// Stands for a span that was not given.
    is_absent: bool,
}

/// The members of a run, in the order shown, and who they are.
pub(super) struct Members<'r, 'f, 'a> {
    pub(super) of: &'r Analysis<'f, 'a>,
    pub(super) list: Vec<Member>,
    ids: Vec<NodeId>,
    numbers: HashMap<(NodeKind, &'a str), usize>,
}

/// Everything of a run as nodes and edges.
pub(in crate::runs) fn graph(of: &Analysis<'_, '_>, seed: &Seed, places: &[usize]) -> Graph {
    let members = Members::new(of, seed, places);
    let mut sums = Sums::default();
    members.count_nodes(&mut sums);
    members.count_calls(&mut sums);
    members.count_siblings(&mut sums);
    for handed in handoff::find(&members, places) {
        let Some(edge) = members.edge(handed.from, handed.to, EdgeKind::HandOff) else { continue };
        let edge = sums.edges.entry(edge).or_default();
        edge.stats.count(handed.failed, 0, &Figures::default());
        edge.loops += u64::from(handed.is_back);
    }
    sums.named(&members.ids)
}

/// Figures by the numbers of names; names are put in at the end.
#[derive(Default)]
struct Sums {
    nodes: HashMap<usize, NodeStats>,
    edges: HashMap<(usize, usize, EdgeKind), EdgeStats>,
}

impl Sums {
    fn named(self, ids: &[NodeId]) -> Graph {
        let node = |(id, node): (usize, NodeStats)| Some((ids.get(id)?.clone(), node));
        let edge = |((from, to, kind), edge): ((usize, usize, EdgeKind), EdgeStats)| {
            let id = EdgeId { from: ids.get(from)?.clone(), to: ids.get(to)?.clone(), kind };
            Some((id, edge))
        };
        Graph {
            runs: 1,
            nodes: self.nodes.into_iter().filter_map(node).collect(),
            edges: self.edges.into_iter().filter_map(edge).collect(),
        }
    }
}

impl<'r, 'f, 'a> Members<'r, 'f, 'a> {
    fn new(of: &'r Analysis<'f, 'a>, seed: &Seed, places: &[usize]) -> Self {
        let mut members = Self { of, list: Vec::new(), ids: Vec::new(), numbers: HashMap::new() };
        let mut at: HashMap<usize, usize> = HashMap::new();
        let mut absent = None;
        for place in places.iter().copied() {
            let class = of.forest.classes.at(place);
            let is_root = seed.root == Some(place);
            let Some(span) = of.forest.span(place).filter(|_| of.nodes.is_node(place)) else {
                continue;
            };
            if class.is_model() && !of.nodes.is_call(place) {
                continue;
            }
            let caller = of.nodes.standing.at(place).caller;
            let mut caller = caller.and_then(|caller| at.get(&caller).copied());
            if caller.is_none() && !is_root {
                caller = Some(*absent.get_or_insert_with(|| members.add_absent()));
            }
            let (kind, name) = node_of(class, span, of.ai_below.at(place) > 0);
            let id = members.number(kind, name);
            at.insert(place, members.list.len());
            members.list.push(Member { place, id, caller, is_absent: false });
        }
        members
    }

    fn add_absent(&mut self) -> usize {
        let id = self.number(NodeKind::Origin, "");
        self.list.push(Member { place: usize::MAX, id, caller: None, is_absent: true });
        self.list.len() - 1
    }

    fn number(&mut self, kind: NodeKind, name: &'a str) -> usize {
        let next = self.ids.len();
        let number = *self.numbers.entry((kind, name)).or_insert(next);
        if number == next {
            self.ids.push(NodeId { kind, name: Arc::from(name) });
        }
        number
    }

    pub(super) fn span(&self, member: usize) -> Option<&'a Span<'a>> {
        let member = self.list.get(member).filter(|member| !member.is_absent)?;
        self.of.forest.span(member.place)
    }

    pub(super) fn class(&self, member: usize) -> Class {
        let place = self.list.get(member).map_or(usize::MAX, |member| member.place);
        self.of.forest.classes.at(place)
    }

    fn id(&self, member: usize) -> Option<usize> {
        self.list.get(member).map(|member| member.id)
    }

    fn edge(&self, from: usize, to: usize, kind: EdgeKind) -> Option<(usize, usize, EdgeKind)> {
        Some((self.id(from)?, self.id(to)?, kind))
    }

    fn count_nodes(&self, sums: &mut Sums) {
        let mut own: Vec<Figures> = Vec::with_capacity(self.list.len());
        for (number, member) in self.list.iter().enumerate() {
            let figures = self.of.nodes.of_node.at(member.place);
            own.push(figures);
            // A call is also its caller's; one model below another is not.
            if self.class(number).is_model()
                && let Some(caller) = self.caller_of_model(number)
                && let Some(sum) = own.get_mut(caller)
            {
                sum.add(&figures);
            }
        }
        for (number, figures) in own.iter().enumerate() {
            let Some(id) = self.id(number) else { continue };
            let node = sums.nodes.entry(id).or_default();
            match self.span(number) {
                Some(span) => node.stats.count(span.failed, span.duration(), figures),
                None => node.stats.figures.add(figures),
            }
        }
    }

    /// What made a model call: never another model.
    fn caller_of_model(&self, member: usize) -> Option<usize> {
        let mut caller = self.list.get(member)?.caller;
        while let Some(above) = caller.filter(|above| self.class(*above).is_model()) {
            caller = self.list.get(above)?.caller;
        }
        caller
    }

    fn count_calls(&self, sums: &mut Sums) {
        // How often each name stands on the way from the top to the member at hand.
        let mut on_way: HashMap<usize, u32> = HashMap::new();
        let mut way: Vec<usize> = Vec::new();
        for (number, member) in self.list.iter().enumerate() {
            while way.last().copied() != member.caller {
                let Some(left) = way.pop().and_then(|left| self.list.get(left)) else { break };
                on_way.entry(left.id).and_modify(|count| *count -= 1);
            }
            let is_loop = on_way.get(&member.id).is_some_and(|count| *count > 0);
            way.push(number);
            *on_way.entry(member.id).or_default() += 1;
            let edge = member.caller.and_then(|from| self.edge(from, number, EdgeKind::Call));
            if let (Some(edge), Some(span)) = (edge, self.span(number)) {
                let total = self.of.nodes.total.at(member.place);
                let edge = sums.edges.entry(edge).or_default();
                edge.stats.count(span.failed, span.duration(), &total);
                edge.loops += u64::from(is_loop);
            }
        }
    }

    /// What shows only among the calls of one caller: retries, and calls side by side.
    fn count_siblings(&self, sums: &mut Sums) {
        let mut calls: BTreeMap<usize, Vec<(usize, &Span<'_>)>> = BTreeMap::new();
        for (number, member) in self.list.iter().enumerate() {
            if let (Some(caller), Some(span)) = (member.caller, self.span(number)) {
                calls.entry(caller).or_default().push((number, span));
            }
        }
        for (caller, mut calls) in calls {
            calls.sort_by_key(|(number, span)| (span.start_unix_nano, *number));
            for pair in calls.windows(2) {
                let [(before, failed), (after, next)] = pair else { continue };
                let is_same = self.id(*before) == self.id(*after);
                let is_after = failed.end() <= next.start_unix_nano;
                if is_same
                    && failed.failed
                    && is_after
                    && let Some(edge) = self.edge(caller, *after, EdgeKind::Call)
                {
                    sums.edges.entry(edge).or_default().retries += 1;
                }
            }
            if let Some(id) = self.id(caller) {
                let node = sums.nodes.entry(id).or_default();
                // What some clients show below a model call is not beside it.
                let mut model = None;
                calls.retain(|(number, _)| {
                    let place = self.list.get(*number).map_or(usize::MAX, |member| member.place);
                    let is_below = model.is_some_and(|model| self.of.layout.is_above(model, place));
                    if !is_below {
                        model = Some(place).filter(|_| self.class(*number).is_model());
                    }
                    !is_below
                });
                node.parallel_max = node.parallel_max.max(at_once(&calls));
            }
        }
    }
}

fn node_of<'a>(class: Class, span: &Span<'a>, has_ai_below: bool) -> (NodeKind, &'a str) {
    match class {
        Class::Agent => (NodeKind::Agent, span.execution_name()),
        Class::Workflow => (NodeKind::Workflow, span.execution_name()),
        Class::Other if has_ai_below => (NodeKind::Workflow, span.execution_name()),
        Class::Tool => (NodeKind::Tool, span.tool_name.unwrap_or(span.name)),
        Class::Retriever => (NodeKind::Retriever, span.name),
        Class::Turn | Class::Model => (NodeKind::Model, span.model().unwrap_or_default()),
        Class::Plain | Class::Other => (NodeKind::Origin, span.name),
    }
}

/// The most spans under way at one moment; they are given earliest first.
fn at_once(calls: &[(usize, &Span<'_>)]) -> u64 {
    let mut ends: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let mut most = 0;
    for (_, span) in calls {
        while ends.peek().is_some_and(|Reverse(end)| *end <= span.start_unix_nano) {
            ends.pop();
        }
        ends.push(Reverse(span.end()));
        most = most.max(ends.len());
    }
    most as u64
}
