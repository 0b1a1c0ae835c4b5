//! A run: its tree, and the figures of the run and of the agents in it.

use super::figures::Figures;
use super::forest::Cut;
use super::graph::Graph;
use super::stitch::Evidence;

/// How a run or an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunStatus {
    /// No error came up to its root.
    Ok,
    /// Its root failed.
    Error,
}

/// One span in its place. Rows stand in the order shown: each span before what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Place of the span among those given.
    pub span: usize,
    /// Levels below the top of the run.
    pub depth: u32,
    /// Whether the span is one of AI. Others can be collapsed.
    pub is_ai: bool,
    /// AI spans below it. Another span without any leads nowhere.
    pub ai_below: u32,
    /// Why it has no parent, where it names one.
    pub cut: Option<Cut>,
    /// Why it stands below a span that it does not name as parent.
    pub stitched: Option<Evidence<'a>>,
    /// An earlier span has the same id; it counts for nothing but what the ledger says of it.
    pub is_duplicate: bool,
}

/// How often a tool was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUse<'a> {
    /// Name of the tool; empty if nobody said it.
    pub name: &'a str,
    /// Calls.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
}

/// One call of an agent to its language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Place of the span among those given.
    pub span: usize,
    /// Start, nanoseconds since the Unix epoch.
    pub start_unix_nano: i64,
    /// What the ledger says of it.
    pub figures: Figures,
    /// Whether it failed.
    pub failed: bool,
}

/// An agent or workflow within a run; the first of a run is the root, whatever that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution<'a> {
    /// Place of its span among those given; `None` if the root was not given.
    pub span: Option<usize>,
    /// The execution that it is in, by place in the run; `None` for the first.
    pub within: Option<usize>,
    /// Name of the agent or workflow; else of the span.
    pub name: &'a str,
    /// Whether it is an agent.
    pub is_agent: bool,
    /// How it ended.
    pub status: RunStatus,
    /// Its own turns, earliest first; not those of executions within it.
    pub turns: Vec<Turn>,
    /// Tools that it called itself, by name.
    pub tools: Vec<ToolUse<'a>>,
    /// Calls that it made itself, to whatever model.
    pub own: Figures,
    /// With what is below it.
    pub total: Figures,
    /// Start, nanoseconds since the Unix epoch.
    pub start_unix_nano: i64,
    /// Nanoseconds.
    pub duration_ns: u64,
}

/// One agent or workflow execution, with everything below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// Trace id of the root.
    pub trace: u128,
    /// Span id of the root, which may not have been given.
    pub root_span: u64,
    /// Place of the root among the spans given.
    pub root: Option<usize>,
    /// The span right above the root, which belongs to no run or to another one.
    pub above: Option<usize>,
    /// Name of its agent or workflow; else of the root; empty if that was not given.
    pub name: &'a str,
    /// `service.name` of the root.
    pub service: &'a str,
    /// How it ended. If the root was not given: as the last span at the top.
    pub status: RunStatus,
    /// Failures, counted where they began and not again in what failed with them.
    pub errors: u64,
    /// Failures that did not come up to the root.
    pub swallowed_errors: u64,
    /// LLM calls of the agent itself, or of the topmost agents below a root that makes none.
    pub turns: Vec<Turn>,
    /// LLM calls of all agents.
    pub llm_calls: u64,
    /// Tools called by any agent, by name.
    pub tools: Vec<ToolUse<'a>>,
    /// What the ledger says of everything in it.
    pub figures: Figures,
    /// Start of the root, or of its first span, nanoseconds since the Unix epoch.
    pub start_unix_nano: i64,
    /// Duration of the root, or the time that its spans cover, nanoseconds.
    pub duration_ns: u64,
    /// Names of its agents, sorted.
    pub agents: Vec<&'a str>,
    /// Names of its models, sorted: as asked for, or as answered where only that is said.
    pub models: Vec<&'a str>,
    /// Conversation of the root, or the first one in the order shown.
    pub conversation: Option<&'a str>,
    /// User of the root, or the first one in the order shown.
    pub user: Option<&'a str>,
    /// Agents and workflows in the order shown.
    pub executions: Vec<Execution<'a>>,
    /// Every span of it, each once.
    pub rows: Vec<Row<'a>>,
    /// Who called whom.
    pub graph: Graph,
}
