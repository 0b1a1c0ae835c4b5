//! The ledger as reports come in: what each new report changes.
//!
//! A book holds the reports of the recent past and the calls they were settled to. Adding reports
//! gathers the components that they belong to, settles those again, and answers the difference.
//! The book forgets what it took up first when it holds too much. [`Book::missing`] says by which
//! keys older reports, which it does not hold, may belong to new ones; the caller then teaches it
//! those before it adds the new ones.

mod component;
mod forgetting;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::call::Call;
use super::report::{LinkKey, Report, Signal, SpanIds, links};
use super::settle;
use crate::canonical::Tag;

/// How far apart the times of reports of one call may be.
const NEAR_NS: u64 = 5_000_000_000;

/// Most kinds of calls that are remembered to supersede metrics, over all services.
const WITNESSES_MAX: usize = 10_000;

/// Most keys that are remembered as taught.
const TAUGHT_MAX: usize = 100_000;

/// How much a book holds.
#[derive(Debug, Clone, Copy)]
pub struct BookLimits {
    /// Reports that are not mere links.
    pub reports_max: usize,
    /// Spans that only link others.
    pub links_max: usize,
}

/// A call in the book, under an id that the caller gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Booked {
    /// Id of the call: stays while the call changes and its bearer stays where it is.
    pub id: i64,
    /// The call as it is now.
    pub call: Call,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// Calls that were not there before.
    pub new: Vec<Booked>,
    /// Calls that are different now.
    pub changed: Vec<Booked>,
    /// Calls that are part of others now, or at another place: ids, and when they started.
    pub gone: Vec<(i64, u64)>,
    /// Reports that bear another call than before, or a changed one: the id of the call, or `None`
    /// if they bear none any more. By key of the report.
    pub bearers: BTreeMap<u128, Option<i64>>,
}

/// A report in the book.
#[derive(Debug, Clone)]
struct Entry {
    report: Report,
    /// The call it is a report of.
    call: Option<i64>,
}

/// A span that only links others.
#[derive(Debug, Clone, Copy)]
struct Link {
    key: u128,
    ids: SpanIds,
    start_unix_nano: u64,
    end_unix_nano: u64,
}

impl Link {
    fn report(&self) -> Report {
        Report::link(self.key, self.ids, self.start_unix_nano, self.end_unix_nano)
    }
}

/// What tells one kind of call of a service from another, to supersede metrics.
type Kind = (Arc<str>, Option<Arc<str>>, Option<Arc<str>>);

/// Recent reports and their calls.
#[derive(Debug)]
pub struct Book {
    limits: BookLimits,
    entries: HashMap<u128, Entry>,
    keys: HashMap<LinkKey, Vec<u128>>,
    links: HashMap<u128, VecDeque<Link>>,
    /// One report of each kind of call, by service.
    witnesses: HashMap<Arc<str>, HashMap<Kind, Report>>,
    witness_count: usize,
    calls: HashMap<i64, Call>,
    /// Keys in the order in which they were taken up.
    order: VecDeque<u128>,
    /// Traces of links in the order in which they were taken up.
    link_order: VecDeque<u128>,
    /// Keys of which everything was taught.
    taught: HashSet<LinkKey>,
    /// Every span and log report that ended at this time or later is here, if it ever was, but for
    /// those that were forgotten.
    complete_since: u64,
    /// When the last of the forgotten reports ended, by window of time.
    forgotten: BTreeMap<u64, u64>,
}

/// What became of a report that was given to the book.
enum Taken {
    /// It was known.
    Known,
    /// It has to be settled.
    Report,
    /// It may link reports of its trace.
    Link,
}

impl Book {
    /// An empty book. It may lack reports that ended before `now`, nanoseconds since the Unix
    /// epoch.
    #[must_use]
    pub fn new(limits: BookLimits, now: u64) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            keys: HashMap::new(),
            links: HashMap::new(),
            witnesses: HashMap::new(),
            witness_count: 0,
            calls: HashMap::new(),
            order: VecDeque::new(),
            link_order: VecDeque::new(),
            taught: HashSet::new(),
            complete_since: now,
            forgotten: BTreeMap::new(),
        }
    }

    /// Forgets everything. Of what ended before `now` it may lack reports.
    pub fn reset(&mut self, now: u64) {
        *self = Self::new(self.limits, now);
    }

    /// When a report in the book started.
    pub fn start(&self, key: u128) -> Option<u64> {
        self.entries.get(&key).map(|entry| entry.report.start_unix_nano)
    }

    /// A call in the book.
    pub fn call(&self, id: i64) -> Option<&Call> {
        self.calls.get(&id)
    }

    /// Keys by which reports that the book does not hold may belong to `reports`, or to what these
    /// would be settled with.
    pub fn missing<'a>(
        &'a self,
        reports: impl IntoIterator<Item = &'a Report>,
    ) -> BTreeSet<LinkKey> {
        let mut missing = BTreeSet::new();
        let mut waiting: Vec<&Report> = reports.into_iter().collect();
        let mut seen: HashSet<u128> = HashSet::new();
        let mut keys: HashSet<LinkKey> = HashSet::new();
        while let Some(report) = waiting.pop() {
            if is_link(report) {
                let trace = LinkKey::Trace(report.ids.trace);
                if keys.insert(trace.clone()) {
                    waiting.extend(self.unseen(&trace, &mut seen));
                }
                continue;
            }
            if report.signal == Signal::Metric || report.is_call() {
                missing.insert(LinkKey::Service(Arc::clone(&report.service)));
            }
            if report.signal == Signal::Metric {
                continue;
            }
            let is_old = self.may_lack(report);
            for key in links(report) {
                if keys.insert(key.clone()) {
                    waiting.extend(self.unseen(&key, &mut seen));
                }
                if is_old {
                    missing.insert(key);
                }
            }
        }
        missing.retain(|key| !self.taught.contains(key));
        missing
    }

    /// Reports with a key that were not seen yet.
    fn unseen<'a>(&'a self, key: &LinkKey, seen: &mut HashSet<u128>) -> Vec<&'a Report> {
        let members = self.keys.get(key).into_iter().flatten().copied();
        let unseen = members.filter(|member| seen.insert(*member));
        unseen.filter_map(|member| self.entries.get(&member)).map(|e| &e.report).collect()
    }

    /// Takes up reports that were settled before, with their calls: everything that has one of
    /// `keys`, and what belongs to that. What is in the book already stays as it is: it is newer.
    /// Forgets nothing, so that the next [`Book::add`] finds it all.
    pub fn learn(
        &mut self,
        keys: impl IntoIterator<Item = LinkKey>,
        known: impl IntoIterator<Item = (Report, Option<Booked>)>,
    ) {
        let mut linked: HashMap<u128, HashSet<u128>> = HashMap::new();
        for (report, booked) in known {
            let key = report.key;
            if is_link(&report) && booked.is_none() {
                let held = linked.entry(report.ids.trace).or_insert_with_key(|trace| {
                    let held = self.links.get(trace).into_iter().flatten();
                    held.map(|link| link.key).collect()
                });
                if !held.insert(key) {
                    continue;
                }
            } else if self.entries.contains_key(&key) {
                continue;
            }
            let id = booked.as_ref().map(|booked| booked.id);
            if let Some(Booked { id, call }) = booked {
                self.calls.entry(id).or_insert(call);
            }
            self.insert(report, id);
            self.witness(key);
        }
        if self.taught.len() > TAUGHT_MAX {
            self.taught.clear();
        }
        self.taught.extend(keys);
    }

    /// Takes up kinds of calls that a service is known to make, for its metrics: of a report only
    /// service, family and models count.
    pub fn learn_kinds(&mut self, kinds: impl IntoIterator<Item = Report>) {
        for report in kinds {
            let known = self.witnesses.entry(Arc::clone(&report.service)).or_default();
            if self.witness_count < WITNESSES_MAX
                && known.insert(kind_of(&report), report).is_none()
            {
                self.witness_count += 1;
            }
        }
    }

    /// Adds reports and settles what they touch. New calls get ids from `next_id`.
    pub fn add(
        &mut self,
        reports: impl IntoIterator<Item = Report>,
        mut next_id: impl FnMut() -> i64,
    ) -> Changes {
        let mut new = HashSet::new();
        let mut linked = BTreeSet::new();
        let mut services = BTreeSet::new();
        for report in reports {
            let (key, trace) = (report.key, report.ids.trace);
            match self.insert(report, None) {
                Taken::Known => continue,
                Taken::Link => {
                    linked.insert(trace);
                }
                Taken::Report => {}
            }
            new.insert(key);
            services.extend(self.witness(key));
        }
        self.settle_all(&new, &linked, services, &mut next_id)
    }

    /// Settles reports again that may read differently by now, because the rules have changed.
    pub fn resettle(
        &mut self,
        reports: impl IntoIterator<Item = Report>,
        mut next_id: impl FnMut() -> i64,
    ) -> Changes {
        let mut new = HashSet::new();
        let mut services = BTreeSet::new();
        for report in reports {
            let (key, trace) = (report.key, report.ids.trace);
            let held = self.entries.get_mut(&key).map(|entry| {
                let before = std::mem::replace(&mut entry.report, report.clone());
                (links(&before), links(&entry.report))
            });
            match held {
                Some((before, after)) => {
                    self.unlink(key, &before);
                    for link in after {
                        self.keys.entry(link).or_default().push(key);
                    }
                }
                None if is_link(&report) => continue,
                None => {
                    // It was a mere link before.
                    if let Some(links) = self.links.get_mut(&trace) {
                        links.retain(|link| link.key != key);
                    }
                    self.insert(report, None);
                }
            }
            new.insert(key);
            services.extend(self.witness(key));
        }
        self.settle_all(&new, &BTreeSet::new(), services, &mut next_id)
    }

    fn settle_all(
        &mut self,
        new: &HashSet<u128>,
        linked: &BTreeSet<u128>,
        services: BTreeSet<Arc<str>>,
        next_id: &mut impl FnMut() -> i64,
    ) -> Changes {
        let mut changes = Changes::default();
        for component in self.components(new, linked) {
            self.settle(&component, false, next_id, &mut changes);
        }
        for service in services {
            let component = self.metric_component(&service);
            self.settle(&component, true, next_id, &mut changes);
        }
        self.forget(new);
        changes
    }

    /// Notes a report of a kind of call that was not seen before. Answers the service whose metrics
    /// have to be settled because of the report: that of a metric, or of such a call where there
    /// are metrics.
    fn witness(&mut self, key: u128) -> Option<Arc<str>> {
        let report = &self.entries.get(&key)?.report;
        let service = Arc::clone(&report.service);
        if report.signal == Signal::Metric {
            return Some(service);
        }
        if !report.is_call() {
            return None;
        }
        let kind = kind_of(report);
        let known = self.witnesses.entry(Arc::clone(&service)).or_default();
        if known.contains_key(&kind) || self.witness_count >= WITNESSES_MAX {
            return None;
        }
        self.witness_count += 1;
        known.insert(kind, report.clone());
        self.keys.contains_key(&LinkKey::Service(Arc::clone(&service))).then_some(service)
    }

    fn insert(&mut self, report: Report, call: Option<i64>) -> Taken {
        // What a call rests on is held as a report, also when it is a mere link by now.
        if is_link(&report) && call.is_none() {
            return self.insert_link(&report);
        }
        let key = report.key;
        if self.entries.contains_key(&key) {
            return Taken::Known;
        }
        for link in links(&report) {
            self.keys.entry(link).or_default().push(key);
        }
        self.order.push_back(key);
        self.entries.insert(key, Entry { report, call });
        Taken::Report
    }

    fn insert_link(&mut self, report: &Report) -> Taken {
        let trace = report.ids.trace;
        if trace == 0 || report.ids.span == 0 {
            return Taken::Known;
        }
        let link = Link {
            key: report.key,
            ids: report.ids,
            start_unix_nano: report.start_unix_nano,
            end_unix_nano: report.end_unix_nano,
        };
        self.links.entry(trace).or_default().push_back(link);
        self.link_order.push_back(trace);
        if self.keys.contains_key(&LinkKey::Trace(trace)) { Taken::Link } else { Taken::Known }
    }

    /// Settles a component and notes the difference. Of a component of metrics only their calls
    /// count: the others are witnesses.
    fn settle(
        &mut self,
        component: &[Report],
        of_metrics: bool,
        next_id: &mut impl FnMut() -> i64,
        changes: &mut Changes,
    ) {
        let is_ours = |report: &&Report| (report.signal == Signal::Metric) == of_metrics;
        let ours: HashSet<u128> = component.iter().filter(is_ours).map(|r| r.key).collect();
        let known = |key: &u128| Some((*key, self.entries.get(key)?.call?));
        let before: HashMap<u128, i64> = ours.iter().filter_map(known).collect();
        let mut left: BTreeSet<i64> = before.values().copied().collect();
        let calls = settle(component).calls.into_iter();
        let calls: Vec<Call> = calls.filter(|call| ours.contains(&call.bearer)).collect();
        // A call keeps the id under which its bearer, or else any report of it, is known. Bearers
        // choose first, so that a call that was split stays where its tokens are.
        let stays = |id: &i64, call: &Call| self.calls.get(id).is_some_and(|c| c.is_at(call));
        let mut ids: Vec<Option<i64>> = calls
            .iter()
            .map(|call| {
                let known = before.get(&call.bearer).copied();
                known.filter(|id| stays(id, call) && left.remove(id))
            })
            .collect();
        for (call, id) in calls.iter().zip(&mut ids).filter(|(_, id)| id.is_none()) {
            let known = call.reports.iter().filter_map(|key| before.get(key));
            *id = known.copied().find(|known| stays(known, call) && left.remove(known));
        }
        let mut now: HashMap<u128, i64> = HashMap::new();
        for (call, id) in calls.into_iter().zip(ids) {
            let fresh = id.is_none();
            let id = id.unwrap_or_else(&mut *next_id);
            now.extend(call.reports.iter().map(|key| (*key, id)));
            self.book(id, call, fresh, changes);
        }
        for id in left {
            let Some(call) = self.calls.remove(&id) else { continue };
            changes.bearers.entry(call.bearer).or_insert(None);
            changes.gone.push((id, call.start_unix_nano));
        }
        for key in ours {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.call = now.get(&key).copied();
            }
        }
    }

    /// Enters a call as it is now.
    fn book(&mut self, id: i64, call: Call, fresh: bool, changes: &mut Changes) {
        let before = self.calls.get(&id);
        if before == Some(&call) {
            return;
        }
        if let Some(before) = before.filter(|before| before.bearer != call.bearer) {
            changes.bearers.entry(before.bearer).or_insert(None);
        }
        changes.bearers.insert(call.bearer, Some(id));
        self.calls.insert(id, call.clone());
        let booked = Booked { id, call };
        if fresh { changes.new.push(booked) } else { changes.changed.push(booked) }
    }
}

fn kind_of(report: &Report) -> Kind {
    (Arc::clone(&report.family), report.request_model.clone(), report.response_model.clone())
}

/// Whether a report only links others.
fn is_link(report: &Report) -> bool {
    report.tag == Tag::Link && report.signal == Signal::Span && report.family.is_empty()
}
