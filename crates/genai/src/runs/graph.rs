//! Who called whom: agents, workflows, tools, models and retrievers as nodes, calls and hand-offs as
//! edges. It comes from structure alone: parents, links, the order of siblings.
//!
//! Graphs of many runs add up in any order. An edge of calls has the figures of everything below
//! the callee, so that edges do not add up; the figures of nodes do, those of models by themselves and
//! those of callers by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::figures::Figures;
use super::sketch::Sketch;

pub(super) mod build;
mod handoff;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// Where a run began that has no agent or workflow at its root: a request, a chain. Without a
    /// name: a span that was not given.
    Origin,
    /// A workflow, or a chain at the root of a run.
    Workflow,
    /// An agent.
    Agent,
    /// A tool.
    Tool,
    /// A retriever or a memory.
    Retriever,
    /// A model.
    Model,
}

/// A node is known by its kind and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// Its kind.
    pub kind: NodeKind,
    /// Its name; empty if nobody said it.
    pub name: Arc<str>,
}

/// How one node came to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeKind {
    /// It called it, and waited.
    Call,
    /// An agent handed its work to another one. Beside the calls; without figures of its own.
    HandOff,
}

/// An edge is known by its kind and ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeId {
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
    /// How.
    pub kind: EdgeKind,
}

/// What happened, how often, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// How often.
    pub count: u64,
    /// How often it failed.
    pub errors: u64,
    /// Tokens and cost.
    pub figures: Figures,
    /// All durations together, nanoseconds.
    pub duration_sum_ns: u64,
    /// The longest, nanoseconds.
    pub duration_max_ns: u64,
    /// Each.
    pub durations: Sketch,
}

impl Stats {
    fn count(&mut self, failed: bool, duration_ns: u64, figures: &Figures) {
        self.count = self.count.saturating_add(1);
        self.errors = self.errors.saturating_add(u64::from(failed));
        self.figures.add(figures);
        self.duration_sum_ns = self.duration_sum_ns.saturating_add(duration_ns);
        self.duration_max_ns = self.duration_max_ns.max(duration_ns);
        self.durations.add(duration_ns);
    }

    fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.errors = self.errors.saturating_add(other.errors);
        self.figures.add(&other.figures);
        self.duration_sum_ns = self.duration_sum_ns.saturating_add(other.duration_sum_ns);
        self.duration_max_ns = self.duration_max_ns.max(other.duration_max_ns);
        self.durations.merge(&other.durations);
    }
}

/// A node's figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeStats {
    /// Of a model, its calls. Of anything else, the calls that it made itself.
    pub stats: Stats,
    /// The most calls that it had under way at once.
    pub parallel_max: u64,
}

/// An edge's figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgeStats {
    /// Of the callee and everything below it.
    pub stats: Stats,
    /// Calls that followed a failed one of the same caller to the same callee, with no other call
    /// between.
    pub retries: u64,
    /// Calls to what already stood above the caller, and hand-offs back to an agent that had
    /// handed over before.
    pub loops: u64,
}

/// The graph of one run, or of many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// Runs that it is of.
    pub runs: u64,
    /// Nodes.
    pub nodes: BTreeMap<NodeId, NodeStats>,
    /// Edges.
    pub edges: BTreeMap<EdgeId, EdgeStats>,
}

impl Graph {
    /// Adds another graph. The order of adding changes nothing.
    pub fn merge(&mut self, other: &Self) {
        self.runs = self.runs.saturating_add(other.runs);
        for (id, node) in &other.nodes {
            let mine = self.nodes.entry(id.clone()).or_default();
            mine.stats.merge(&node.stats);
            mine.parallel_max = mine.parallel_max.max(node.parallel_max);
        }
        for (id, edge) in &other.edges {
            let mine = self.edges.entry(id.clone()).or_default();
            mine.stats.merge(&edge.stats);
            mine.retries = mine.retries.saturating_add(edge.retries);
            mine.loops = mine.loops.saturating_add(edge.loops);
        }
    }
}
