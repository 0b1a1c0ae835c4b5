//! From seeds to runs: one pass over the spans of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::figures::Figures;
use super::forest::{Forest, Layout};
use super::graph::build as graph;
use super::group::{Grouped, Seed};
use super::nodes::Nodes;
use super::run::{Execution, Row, Run, RunStatus, ToolUse, Turn};
use super::span::{Class, Span};
use super::stitch::Evidence;

/// Everything that is known of the spans before runs are made of them.
pub(super) struct Analysis<'f, 'a> {
    pub(super) forest: &'f Forest<'a>,
    pub(super) layout: &'f Layout,
    pub(super) grouped: &'f Grouped,
    pub(super) nodes: &'f Nodes,
    pub(super) stitched: &'f HashMap<usize, Evidence<'a>>,
    pub(super) ai_below: &'f super::column::Column<u32>,
}

type Tools<'a> = BTreeMap<&'a str, (u64, u64)>;

impl<'a> Analysis<'_, 'a> {
    /// The run of a seed.
    pub(super) fn run(&self, number: usize, seed: &Seed) -> Run<'a> {
        let places = self.places(number, seed);
        let executions = self.executions(seed, &places);
        let root = seed.root.and_then(|root| self.forest.span(root));
        let tools = merge_tools(&executions);
        let turns = main_turns(&executions);
        let (errors, swallowed_errors) = self.errors(seed, &places);
        let (start_unix_nano, duration_ns) = self.extent(seed, &places);
        let first = executions.first();
        Run {
            trace: seed.id.0,
            root_span: seed.id.1,
            root: seed.root.map(|root| self.forest.given(root)),
            above: seed
                .root
                .and_then(|root| self.forest.parents.at(root))
                .map(|above| self.forest.given(above)),
            name: first.map_or("", |first| first.name),
            service: root.or_else(|| self.first(&places)).map_or("", |span| span.service),
            status: first.map_or(RunStatus::Ok, |first| first.status),
            errors,
            swallowed_errors,
            llm_calls: executions.iter().fold(0, |sum, one| sum + one.turns.len() as u64),
            turns,
            tools,
            figures: self.sum(&places),
            start_unix_nano,
            duration_ns,
            agents: self.agents(&places),
            models: self.models(&places),
            conversation: self.said(&places, |place| self.forest.span(place)?.conversation_id),
            user: self.said(&places, |place| self.forest.span(place)?.user_id),
            executions,
            rows: self.rows(seed, &places),
            graph: graph::graph(self, seed, &places),
        }
    }

    /// The spans of a run in the order shown.
    fn places(&self, run: usize, seed: &Seed) -> Vec<usize> {
        let is_other = |place: usize| self.grouped.runs.at(place) != Some(run);
        let of_top = |top: &usize| self.layout.down_to(*top, is_other);
        seed.tops.iter().flat_map(of_top).filter(|place| !is_other(*place)).collect()
    }

    fn first(&self, places: &[usize]) -> Option<&'a Span<'a>> {
        places.first().and_then(|place| self.forest.span(*place))
    }

    fn sum(&self, places: &[usize]) -> Figures {
        let mut sum = Figures::default();
        for place in places {
            sum.add(&self.nodes.own.at(*place));
        }
        sum
    }

    fn said(&self, places: &[usize], of: impl Fn(usize) -> Option<&'a str>) -> Option<&'a str> {
        let ai = places.iter().filter(|place| self.forest.classes.at(**place).is_ai());
        ai.copied().find_map(&of).or_else(|| places.iter().copied().find_map(of))
    }

    fn agents(&self, places: &[usize]) -> Vec<&'a str> {
        let agents = places.iter().filter(|place| self.forest.classes.at(**place) == Class::Agent);
        let names = agents.filter_map(|place| Some(self.forest.span(*place)?.execution_name()));
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn models(&self, places: &[usize]) -> Vec<&'a str> {
        let is_call = |place: &&usize| {
            self.forest.classes.at(**place).is_model()
                && self.nodes.is_node(**place)
                && self.nodes.is_call(**place)
        };
        let calls = places.iter().filter(is_call);
        let names = calls.filter_map(|place| self.forest.span(*place)?.model());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn rows(&self, seed: &Seed, places: &[usize]) -> Vec<Row<'a>> {
        let base = seed.root.map_or(0, |root| self.layout.depths.at(root));
        // Orphans stand at the top: their depth is their own already.
        let top_of_root = seed.root.map(|root| self.layout.tops.at(root));
        let row = |place: &usize| {
            let is_below_root = Some(self.layout.tops.at(*place)) == top_of_root;
            let base = if is_below_root { base } else { 0 };
            Row {
                span: self.forest.given(*place),
                depth: self.layout.depths.at(*place).saturating_sub(base),
                is_ai: self.forest.classes.at(*place).is_ai(),
                ai_below: self.ai_below.at(*place),
                cut: self.forest.cuts.at(*place),
                stitched: self.stitched.get(place).copied(),
                is_duplicate: self.forest.duplicates.at(*place),
            }
        };
        places.iter().map(row).collect()
    }

    /// Failures where they began, and those of them that stopped before the root.
    fn errors(&self, seed: &Seed, places: &[usize]) -> (u64, u64) {
        let failed = |place: usize| {
            !self.forest.duplicates.at(place)
                && self.forest.span(place).is_some_and(|span| span.failed)
        };
        let root_failed = seed.root.is_some_and(failed);
        let last_top = self.last_top(seed);
        // Whether the failure of a span came up to the top, parents before children.
        let mut surfaced: HashMap<usize, bool> = HashMap::new();
        let mut caused: BTreeSet<usize> = BTreeSet::new();
        for place in places.iter().copied().filter(|place| failed(*place)) {
            let is_root = seed.root == Some(place);
            let parent = self.forest.parents.at(place).filter(|_| !is_root);
            let failed_parent = parent.filter(|parent| failed(*parent));
            caused.extend(failed_parent);
            let came_up = match failed_parent {
                Some(parent) => surfaced.get(&parent).copied().unwrap_or(false),
                // Nobody knows what became of the failure of an orphan.
                None if seed.root.is_some() => is_root || (parent.is_none() && root_failed),
                None => Some(place) == last_top,
            };
            surfaced.insert(place, came_up);
        }
        let began = surfaced.iter().filter(|(place, _)| !caused.contains(place));
        let swallowed = began.clone().filter(|(_, came_up)| !**came_up).count();
        (began.count() as u64, swallowed as u64)
    }

    /// Without a root its last span at the top says how a run ended.
    fn last_top(&self, seed: &Seed) -> Option<usize> {
        let end = |top: &usize| (self.forest.span(*top).map(Span::end), *top);
        seed.tops.iter().copied().max_by_key(end)
    }

    fn extent(&self, seed: &Seed, places: &[usize]) -> (i64, u64) {
        if let Some(root) = seed.root.and_then(|root| self.forest.span(root)) {
            return (root.start_unix_nano, root.duration());
        }
        let spans = || places.iter().filter_map(|place| self.forest.span(*place));
        let start = spans().map(|span| span.start_unix_nano).min().unwrap_or(0);
        let end = spans().map(Span::end).max().unwrap_or(0);
        (start, u64::try_from(end.saturating_sub(start)).unwrap_or(0))
    }

    fn executions(&self, seed: &Seed, places: &[usize]) -> Vec<Execution<'a>> {
        let mut executions = vec![self.first_execution(seed, places)];
        let mut tools: Vec<Tools<'a>> = vec![Tools::new()];
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        numbers.extend(seed.root.map(|root| (root, 0)));
        for place in places.iter().copied() {
            let Some(span) = self.forest.span(place) else { continue };
            let (class, standing) = (self.forest.classes.at(place), self.nodes.standing.at(place));
            if standing.execution == Some(place) && seed.root != Some(place) {
                let above = self.forest.parents.at(place);
                let above = above.and_then(|above| self.nodes.standing.at(above).execution);
                let within = above.and_then(|above| numbers.get(&above).copied()).unwrap_or(0);
                numbers.insert(place, executions.len());
                executions.push(self.execution(place, class, Some(within)));
                tools.push(Tools::new());
            }
            let number = standing.execution.and_then(|execution| numbers.get(&execution).copied());
            let number = number.unwrap_or(0);
            let (Some(execution), Some(tools)) =
                (executions.get_mut(number), tools.get_mut(number))
            else {
                continue;
            };
            execution.own.add(&self.nodes.own.at(place));
            if class == Class::Tool && self.nodes.is_node(place) {
                let used = tools.entry(span.tool_name.unwrap_or(span.name)).or_default();
                *used = (used.0 + 1, used.1 + u64::from(span.failed));
            }
            if class == Class::Turn && self.nodes.is_node(place) && self.nodes.is_call(place) {
                execution.turns.push(Turn {
                    span: self.forest.given(place),
                    start_unix_nano: span.start_unix_nano,
                    figures: self.nodes.of_node.at(place),
                    failed: span.failed,
                });
            }
        }
        for (execution, tools) in executions.iter_mut().zip(tools) {
            execution.turns.sort_by_key(|turn| turn.start_unix_nano);
            execution.tools = tool_list(tools);
        }
        executions
    }

    fn execution(&self, place: usize, class: Class, within: Option<usize>) -> Execution<'a> {
        let span = self.forest.span(place);
        let failed = span.is_some_and(|span| span.failed);
        Execution {
            span: Some(self.forest.given(place)),
            within,
            name: span.map_or("", |span| span.execution_name()),
            is_agent: class == Class::Agent,
            status: if failed { RunStatus::Error } else { RunStatus::Ok },
            turns: Vec::new(),
            tools: Vec::new(),
            own: Figures::default(),
            total: self.nodes.total.at(place),
            start_unix_nano: span.map_or(0, |span| span.start_unix_nano),
            duration_ns: span.map_or(0, Span::duration),
        }
    }

    /// That of the root, or of the run as a whole where the root was not given.
    fn first_execution(&self, seed: &Seed, places: &[usize]) -> Execution<'a> {
        let place = seed.root.unwrap_or(usize::MAX);
        let mut first = self.execution(place, self.forest.classes.at(place), None);
        first.total = self.sum(places);
        if seed.root.is_none() {
            let last = self.last_top(seed).and_then(|top| self.forest.span(top));
            let ended_badly = last.is_some_and(|span| span.failed);
            first.span = None;
            first.status = if ended_badly { RunStatus::Error } else { RunStatus::Ok };
            (first.start_unix_nano, first.duration_ns) = self.extent(seed, places);
        }
        first
    }
}

/// The turns of the topmost agents, and of what is in none. An agent without turns of its own only
/// holds others together.
fn main_turns(executions: &[Execution<'_>]) -> Vec<Turn> {
    let mut in_agent = Vec::with_capacity(executions.len());
    let mut turns = Vec::new();
    for execution in executions {
        let is_below_agent = execution.within.is_some_and(|above| {
            in_agent.get(above).copied().unwrap_or(false)
                || executions
                    .get(above)
                    .is_some_and(|above| above.is_agent && !above.turns.is_empty())
        });
        in_agent.push(is_below_agent);
        if !is_below_agent {
            turns.extend_from_slice(&execution.turns);
        }
    }
    turns.sort_by_key(|turn| turn.start_unix_nano);
    turns
}

fn merge_tools<'a>(executions: &[Execution<'a>]) -> Vec<ToolUse<'a>> {
    let mut tools = Tools::new();
    for tool in executions.iter().flat_map(|execution| &execution.tools) {
        let used = tools.entry(tool.name).or_default();
        *used = (used.0 + tool.calls, used.1 + tool.errors);
    }
    tool_list(tools)
}

fn tool_list(tools: Tools<'_>) -> Vec<ToolUse<'_>> {
    let tool = |(name, (calls, errors))| ToolUse { name, calls, errors };
    tools.into_iter().map(tool).collect()
}
