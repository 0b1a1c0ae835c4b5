//! Hand-offs between the agents of a run, by what the spans show:
//!
//! - a span of a hand-off within an agent, and the agent beside it that comes next. Frameworks
//!   make it a tool call or a span of its own, called `transfer_to_...`, `handoff_to_...`, or
//!   `handoff to ...`; if an agent of the run has the name that follows, it is that one;
//! - a link from an agent to a span within another one;
//! - if there is neither, an agent right below another one that makes model calls itself, with
//!   nothing between but a span of the hand-off. An agent without calls only holds others together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::build::Members;
use crate::runs::span::{Class, Span};

/// Starts of names of spans and tools that hand over, in lower case with `_` between words.
const PREFIXES: &[&str] = &["transfer_to_", "transfer_back_to_", "handoff_to_", "hand_off_to_"];

/// One agent to another, by number in the list of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HandedOver {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The agent that took over failed.
    pub(super) failed: bool,
    /// The agent that took over had handed over before.
    pub(super) is_back: bool,
}

/// The hand-offs of a run, in the order of the members that took over.
pub(super) fn find(members: &Members<'_, '_, '_>, places: &[usize]) -> Vec<HandedOver> {
    let agents = Agents::new(members);
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    agents.beside(places, &mut pairs);
    agents.linked(&mut pairs);
    agents.nested(&mut pairs);
    let name = |agent: usize| members.span(agent).map_or("", |span| span.execution_name());
    let mut handed_over: HashSet<&str> = HashSet::new();
    let mut found = Vec::with_capacity(pairs.len());
    for (to, from) in pairs {
        handed_over.insert(name(from));
        found.push(HandedOver {
            from,
            to,
            failed: members.span(to).is_some_and(|span| span.failed),
            is_back: handed_over.contains(name(to)),
        });
    }
    found
}

struct Agents<'m, 'r, 'f, 'a> {
    members: &'m Members<'r, 'f, 'a>,
    /// Members that are agents, in the order shown.
    list: Vec<usize>,
    /// Of each member, the nearest agent above.
    above: Vec<Option<usize>>,
    /// Of each span that is a member, its number.
    numbers: HashMap<usize, usize>,
    /// The agents right below each agent, or below none, by start.
    beside: BTreeMap<Option<usize>, Vec<(i64, usize)>>,
}

impl<'m, 'r, 'f, 'a> Agents<'m, 'r, 'f, 'a> {
    fn new(members: &'m Members<'r, 'f, 'a>) -> Self {
        let mut above: Vec<Option<usize>> = Vec::with_capacity(members.list.len());
        let mut beside: BTreeMap<Option<usize>, Vec<(i64, usize)>> = BTreeMap::new();
        let is_agent = |member: usize| members.class(member) == Class::Agent;
        for (number, member) in members.list.iter().enumerate() {
            let nearest = member.caller.and_then(|caller| {
                if is_agent(caller) { Some(caller) } else { above.get(caller).copied().flatten() }
            });
            above.push(nearest);
            if let Some(span) = members.span(number).filter(|_| is_agent(number)) {
                beside.entry(nearest).or_default().push((span.start_unix_nano, number));
            }
        }
        for agents in beside.values_mut() {
            agents.sort_unstable();
        }
        Self {
            list: (0..members.list.len()).filter(|member| is_agent(*member)).collect(),
            numbers: members.list.iter().map(|one| one.place).zip(0..).collect(),
            members,
            above,
            beside,
        }
    }

    fn above(&self, member: usize) -> Option<usize> {
        self.above.get(member).copied().flatten()
    }

    fn nested(&self, pairs: &mut BTreeSet<(usize, usize)>) {
        let members = self.members;
        let is_turn = |number: &usize| members.class(*number) == Class::Turn;
        let turns = (0..members.list.len()).filter(is_turn);
        let callers: HashSet<usize> =
            turns.filter_map(|turn| members.list.get(turn)?.caller).collect();
        let taken: HashSet<usize> = pairs.iter().map(|(to, _)| *to).collect();
        for to in self.list.iter().copied().filter(|to| !taken.contains(to)) {
            let caller = members.list.get(to).and_then(|member| member.caller);
            let Some((caller, from)) = caller.zip(self.above(to)) else { continue };
            let is_by_handing = members.span(caller).is_some_and(|span| target(span).is_some());
            if callers.contains(&from) && (caller == from || is_by_handing) {
                pairs.insert((to, from));
            }
        }
    }

    fn beside(&self, places: &[usize], pairs: &mut BTreeSet<(usize, usize)>) {
        let of = self.members.of;
        for place in places.iter().copied().filter(|place| !of.forest.duplicates.at(*place)) {
            let Some(span) = of.forest.span(place).filter(|_| of.forest.classes.at(place).is_ai())
            else {
                continue;
            };
            let Some(name) = target(span) else { continue };
            let Some(from) = self.agent_of(place) else { continue };
            // Within the agent first, then beside it.
            let next = self
                .next(Some(from), span, &name)
                .or_else(|| self.next(self.above(from), span, &name).filter(|next| *next != from));
            pairs.extend(next.map(|to| (to, from)));
        }
    }

    /// The agent that a span is in.
    fn agent_of(&self, place: usize) -> Option<usize> {
        let execution = self.members.of.nodes.standing.at(place).execution?;
        let number = self.numbers.get(&execution).copied()?;
        let is_agent = self.members.class(number) == Class::Agent;
        if is_agent { Some(number) } else { self.above(number) }
    }

    /// The next agent right below another one that began after a span; one of that name, if any.
    fn next(&self, below: Option<usize>, span: &Span<'_>, name: &str) -> Option<usize> {
        let agents = self.beside.get(&below)?;
        let first = agents.partition_point(|(start, _)| *start < span.start_unix_nano);
        let later = agents.get(first..)?;
        let is_named = |(_, agent): &&(i64, usize)| {
            let agent = self.members.span(*agent);
            agent.is_some_and(|agent| plain(agent.execution_name()) == name)
        };
        // A short look ahead: an agent that comes much later was handed over to by another one.
        let named = later.iter().take(LOOK_AHEAD_MAX).find(is_named);
        named.or_else(|| later.first()).map(|(_, agent)| *agent)
    }

    fn linked(&self, pairs: &mut BTreeSet<(usize, usize)>) {
        for to in self.list.iter().copied() {
            let links = self.members.span(to).map_or(&[][..], |span| span.links);
            for link in links {
                let target = self.members.of.forest.find(link.trace, link.span);
                let from = target.and_then(|target| self.agent_of(target));
                pairs.extend(from.filter(|from| *from != to).map(|from| (to, from)));
            }
        }
    }
}

/// Agents after a hand-off among which the one that it names is looked for.
const LOOK_AHEAD_MAX: usize = 16;

/// The name of the agent that a span hands over to, as far as its own name says it; `None` if the
/// span is no hand-off.
fn target(span: &Span<'_>) -> Option<String> {
    if matches!(span.operation, Some("invoke_agent" | "invoke_workflow")) {
        return None;
    }
    let name = span.tool_name.unwrap_or(span.name);
    // Most names are ruled out by their first letter.
    if !name.starts_with(['t', 'T', 'h', 'H']) {
        return None;
    }
    let name = plain(name);
    let rest = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
    rest.map(str::to_owned)
}

/// Lower case, with one `_` for everything that is neither letter nor digit.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for char in name.chars() {
        if char.is_alphanumeric() {
            plain.extend(char.to_lowercase());
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain
}
