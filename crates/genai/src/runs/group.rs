//! Which run each span belongs to.
//!
//! An *execution* is a topmost AI span that is an agent or a workflow, or a chain with other AI
//! spans below it: each is the root of a run. AI spans beside executions are *loose*: those of one
//! tree are one run, whose root is the lowest span above all of them, so that a request which calls
//! models without a framework is one run and not as many as it makes calls. Orphans of one missing
//! parent are one tree and one run, because that parent may have been their agent; those that serve
//! a request of their own are not. Orphans of a trace join its run if it has exactly one, as further
//! roots. Everything else is outside.

use std::collections::{BTreeMap, HashMap};

use super::column::Column;
use super::forest::{Cut, Forest, Layout};
use super::span::Class;
use crate::input::SpanKind;

/// A run before its figures.
#[derive(Debug, Clone, Default)]
pub(super) struct Seed {
    /// Its root; `None` if that was not given.
    pub(super) root: Option<usize>,
    /// The spans at its top: the root, then orphans.
    pub(super) tops: Vec<usize>,
    /// Trace id and span id of the root, given or not.
    pub(super) id: (u128, u64),
}

#[derive(Debug)]
pub(super) struct Grouped {
    pub(super) seeds: Vec<Seed>,
    /// Of each span, its run.
    pub(super) runs: Column<Option<usize>>,
}

pub(super) fn group(forest: &Forest<'_>, layout: &Layout) -> Grouped {
    let mut grouping = Grouping {
        forest,
        layout,
        ai_below: ai_below(forest, layout),
        seeds: Vec::new(),
        starts: Column::new(forest.len()),
        runs_of_trace: HashMap::new(),
    };
    let (whole, broken): (Vec<Group>, Vec<Group>) =
        grouping.groups().into_iter().partition(|group| !group.is_broken);
    for group in &whole {
        grouping.make_runs(group);
    }
    for group in &broken {
        grouping.join_or_make_runs(group);
    }
    let mut runs: Column<Option<usize>> = Column::new(forest.len());
    for place in layout.preorder.iter().copied() {
        let above = forest.parents.at(place).and_then(|parent| runs.at(parent));
        runs.set(place, grouping.starts.at(place).or(above));
    }
    Grouped { seeds: grouping.seeds, runs }
}

/// How many AI spans are below each, itself not counted.
pub(super) fn ai_below(forest: &Forest<'_>, layout: &Layout) -> Column<u32> {
    let mut below: Column<u32> = Column::new(forest.len());
    for place in layout.preorder.iter().rev().copied() {
        let count = below.at(place) + u32::from(forest.classes.at(place).is_ai());
        if let Some(parent) = forest.parents.at(place) {
            below.change(parent, |sum| *sum = sum.saturating_add(count));
        }
    }
    below
}

/// Trees under one top, or under one missing parent.
#[derive(Debug)]
struct Group {
    tops: Vec<usize>,
    id: (u128, u64),
    is_broken: bool,
}

struct Grouping<'f, 'a> {
    forest: &'f Forest<'a>,
    layout: &'f Layout,
    ai_below: Column<u32>,
    seeds: Vec<Seed>,
    starts: Column<Option<usize>>,
    /// Runs that began in a trace.
    runs_of_trace: HashMap<u128, Vec<usize>>,
}

impl Grouping<'_, '_> {
    fn has_ai(&self, place: usize) -> bool {
        self.forest.classes.at(place).is_ai() || self.ai_below.at(place) > 0
    }

    /// All trees; those of one missing parent together. The earliest tree with AI of a trace that
    /// has no whole one counts as whole: its parent is in a service that sends nothing.
    fn groups(&self) -> Vec<Group> {
        let mut orphans: BTreeMap<(u128, u64), usize> = BTreeMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (place, span) in self.forest.iter() {
            if self.layout.tops.at(place) != place {
                continue;
            }
            let cut = self.forest.cuts.at(place);
            if cut == Some(Cut::Orphan) && span.kind != SpanKind::Server {
                let id = (span.ids.trace, span.ids.parent);
                let at = *orphans.entry(id).or_insert(groups.len());
                if let Some(group) = groups.get_mut(at) {
                    group.tops.push(place);
                    continue;
                }
            }
            let is_orphan = cut == Some(Cut::Orphan);
            let span_id = if is_orphan { span.ids.parent } else { span.ids.span };
            let id = (span.ids.trace, span_id);
            groups.push(Group { tops: vec![place], id, is_broken: cut.is_some() });
        }
        let has_ai = |group: &Group| group.tops.iter().any(|top| self.has_ai(*top));
        let mut has_whole: HashMap<u128, bool> = HashMap::new();
        for group in &groups {
            *has_whole.entry(group.id.0).or_default() |= !group.is_broken && has_ai(group);
        }
        for group in &mut groups {
            let whole = has_whole.entry(group.id.0).or_default();
            if !*whole && has_ai(group) {
                (group.is_broken, *whole) = (false, true);
            }
        }
        groups
    }

    fn make_runs(&mut self, group: &Group) {
        let is_ai = |place: usize| self.forest.classes.at(place).is_ai();
        let upper = group.tops.iter().flat_map(|top| self.layout.down_to(*top, is_ai));
        let upper: Vec<usize> = upper.filter(|place| is_ai(*place)).collect();
        let mut tops = upper.iter().map(|place| self.layout.tops.at(*place));
        let first = tops.next();
        let is_one_tree = tops.all(|top| Some(top) == first);
        let (executions, loose): (Vec<usize>, Vec<usize>) =
            upper.into_iter().partition(|place| is_one_tree && self.is_execution(*place));
        if !loose.is_empty() {
            let root = self.above_all(group, &loose);
            let tops = root.map_or_else(|| group.tops.clone(), |root| vec![root]);
            self.add(group, root, tops);
        }
        for root in executions {
            self.add(group, Some(root), vec![root]);
        }
    }

    fn is_execution(&self, place: usize) -> bool {
        let class = self.forest.classes.at(place);
        // Steps are parts of an agent, even where that is not shown.
        let operation = self.forest.span(place).and_then(|span| span.operation);
        let is_chain = class == Class::Other && operation != Some("agent_step");
        class.is_execution() || (is_chain && self.ai_below.at(place) > 0)
    }

    fn add(&mut self, group: &Group, root: Option<usize>, tops: Vec<usize>) {
        let run = self.seeds.len();
        for top in &tops {
            self.starts.set(*top, Some(run));
        }
        let root_id = root.and_then(|root| self.forest.span(root));
        let id = root_id.map_or(group.id, |span| (span.ids.trace, span.ids.span));
        self.runs_of_trace.entry(id.0).or_default().push(run);
        self.seeds.push(Seed { root, tops, id });
    }

    /// The lowest span above all loose ones; `None` if that is the missing parent.
    fn above_all(&self, group: &Group, loose: &[usize]) -> Option<usize> {
        let holds_all =
            |place: &usize| loose.iter().all(|lower| self.layout.is_above(*place, *lower));
        let (first, last) = (*loose.first()?, *loose.last()?);
        let mut root = group.tops.iter().copied().find(holds_all)?;
        // What holds the first and the last in order holds all between.
        while let Some(lower) =
            self.layout.children_of(root).iter().copied().find(|child| {
                self.layout.is_above(*child, first) && self.layout.is_above(*child, last)
            })
        {
            root = lower;
        }
        Some(root)
    }

    fn join_or_make_runs(&mut self, group: &Group) {
        let runs = self.runs_of_trace.get(&group.id.0).map_or(&[][..], Vec::as_slice);
        let [run] = runs else { return self.make_runs(group) };
        let run = *run;
        let Some(seed) = self.seeds.get_mut(run) else { return };
        let is_whole_trace = seed.root.is_none_or(|root| self.forest.parents.at(root).is_none());
        let tops = group.tops.iter().copied();
        let joining: Vec<usize> = tops
            .filter(|top| {
                let is_ai = self.forest.classes.at(*top).is_ai() || self.ai_below.at(*top) > 0;
                is_ai || is_whole_trace
            })
            .collect();
        for top in &joining {
            self.starts.set(*top, Some(run));
        }
        seed.tops.extend(joining);
    }
}
