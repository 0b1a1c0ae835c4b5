//! The ledger as reports come in, against the ledger of all reports at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use telltale_genai::Tag;
use telltale_genai::ledger::{
    Book, BookLimits, Booked, Call, Changes, LinkKey, Report, Signal, SpanIds, links, settle,
};

use crate::support::{load, names, reports};

const PLENTY: BookLimits = BookLimits { reports_max: 1 << 20, links_max: 1 << 20 };

/// What a store keeps of the changes, and every report that was ever added.
#[derive(Default)]
struct Kept {
    calls: BTreeMap<i64, Call>,
    bearers: BTreeMap<u128, i64>,
    reports: Vec<Report>,
}

impl Kept {
    fn apply(&mut self, changes: Changes) {
        for Booked { id, call } in changes.new {
            assert!(self.calls.insert(id, call).is_none(), "ids are new");
        }
        for Booked { id, call } in changes.changed {
            assert!(self.calls.insert(id, call).is_some(), "what changes was there");
        }
        for (id, _) in changes.gone {
            assert!(self.calls.remove(&id).is_some(), "what goes was there");
        }
        for (key, id) in changes.bearers {
            match id {
                Some(id) => self.bearers.insert(key, id),
                None => self.bearers.remove(&key),
            };
        }
    }

    /// Everything with one of the keys, and what belongs to that, with its calls.
    fn find(&self, keys: &BTreeSet<LinkKey>) -> Vec<(Report, Option<Booked>)> {
        let mut keys = keys.clone();
        loop {
            let has = |report: &Report| links(report).iter().any(|key| keys.contains(key));
            let more: BTreeSet<LinkKey> =
                self.reports.iter().filter(|report| has(report)).flat_map(links).collect();
            let before = keys.len();
            keys.extend(more);
            if keys.len() == before {
                break;
            }
        }
        let wanted = |report: &Report| {
            links(report).iter().any(|key| keys.contains(key))
                || keys.contains(&LinkKey::Trace(report.ids.trace))
                || keys.contains(&LinkKey::Service(Arc::clone(&report.service)))
        };
        let booked = |report: &Report| {
            let (id, call) = self.calls.iter().find(|(_, c)| c.reports.contains(&report.key))?;
            Some(Booked { id: *id, call: call.clone() })
        };
        let found = self.reports.iter().filter(|report| wanted(report));
        found.map(|report| (report.clone(), booked(report))).collect()
    }

    fn check(&self) {
        let expected = settle(&self.reports);
        let mut calls: Vec<Call> = self.calls.values().cloned().collect();
        calls.sort_by_key(|call| (call.start_unix_nano, call.bearer));
        equal(&calls, &expected.calls);
        let bearers: BTreeMap<u128, i64> =
            self.calls.iter().map(|(id, call)| (call.bearer, *id)).collect();
        assert_eq!(self.bearers, bearers);
    }
}

fn equal(ours: &[Call], theirs: &[Call]) {
    for (a, b) in ours.iter().zip(theirs) {
        assert_eq!(a, b);
    }
    assert_eq!(ours.len(), theirs.len());
}

/// Adds reports export by export, with a book that forgets beyond `limits`.
fn run(exports: &[Vec<Report>], limits: BookLimits) -> Kept {
    let mut kept = Kept::default();
    let mut book = Book::new(limits, 0);
    let mut next = 0;
    for export in exports {
        let missing = book.missing(export);
        let found = kept.find(&missing);
        book.learn(missing, found);
        let changes = book.add(export.clone(), || {
            next += 1;
            next
        });
        kept.apply(changes);
        for report in export {
            if !kept.reports.iter().any(|known| known.key == report.key) {
                kept.reports.push(report.clone());
            }
        }
    }
    kept
}

fn captured(client: &str) -> Vec<Report> {
    reports(&load(client), 1)
}

#[test]
fn every_client_one_report_at_a_time() {
    for client in names() {
        let exports: Vec<Vec<Report>> = captured(&client).into_iter().map(|r| vec![r]).collect();
        run(&exports, PLENTY).check();
        let backwards: Vec<Vec<Report>> = exports.into_iter().rev().collect();
        run(&backwards, PLENTY).check();
    }
}

#[test]
fn a_book_that_forgets_asks_for_what_it_needs() {
    for client in names() {
        let exports: Vec<Vec<Report>> = captured(&client).into_iter().map(|r| vec![r]).collect();
        run(&exports, BookLimits { reports_max: 2, links_max: 2 }).check();
    }
}

/// Spans of a huge trace: turns one after the other, each a call that is reported twice.
fn huge(turns: u64) -> Vec<Report> {
    let template = captured("otel_openai_v2_latest");
    let call = template.iter().find(|r| r.tag == Tag::Call && r.signal == Signal::Span);
    let call = call.expect("a call").clone();
    let second = 1_000_000_000;
    let turn = |turn: u64| {
        let start = call.start_unix_nano + turn * 60 * second;
        let ids = |span, parent| SpanIds { trace: 7, span, parent };
        let id = format!("chatcmpl-{turn:030}");
        let outer = Report {
            key: u128::from(turn * 3 + 1),
            ids: ids(turn * 3 + 2, 1),
            response_id: Some(id.as_str().into()),
            start_unix_nano: start,
            end_unix_nano: start + second,
            ..call.clone()
        };
        let link = Report::link(outer.key + 1, ids(turn * 3 + 3, outer.ids.span), start, start);
        let inner = Report {
            key: outer.key + 2,
            ids: ids(turn * 3 + 4, link.ids.span),
            scope: "another".into(),
            ..outer.clone()
        };
        [inner, link, outer]
    };
    (0..turns).flat_map(turn).collect()
}

#[test]
fn a_huge_trace_is_settled_near_what_is_new() {
    let reports = huge(1_500);
    let exports: Vec<Vec<Report>> = reports.chunks(50).map(<[Report]>::to_vec).collect();
    let kept = run(&exports, PLENTY);
    assert_eq!(kept.calls.len(), 1_500);
    kept.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_and_split_of_several_clients(
        order in any::<u64>(),
        cut in 1_usize..20,
        first in 0_usize..19,
        second in 0_usize..19,
        held in prop_oneof![Just(3_usize), Just(20), Just(1 << 20)],
    ) {
        let names = names();
        let mut all = captured(&names[first % names.len()]);
        let next = all.iter().map(|report| report.key).max().unwrap_or(0) + 1;
        all.extend(reports(&load(&names[second % names.len()]), next));
        let shuffled = crate::ledger::shuffled(&all, order);
        // Some come twice, as other records.
        let again = crate::ledger::again(&shuffled[..shuffled.len() / 3]);
        let exports: Vec<Vec<Report>> =
            shuffled.into_iter().chain(again).collect::<Vec<_>>().chunks(cut).map(<[Report]>::to_vec).collect();
        run(&exports, BookLimits { reports_max: held, links_max: held * 4 }).check();
    }
}

/// What the same records report by rules that know nothing of tokens.
fn blind(report: &Report) -> Report {
    Report { usage: None, response_id: None, ..report.clone() }
}

#[test]
fn reports_that_read_differently_are_settled_again() {
    for client in names() {
        let reports: Vec<Report> =
            captured(&client).into_iter().filter(|r| r.signal != Signal::Metric).collect();
        let mut kept = Kept::default();
        let mut book = Book::new(PLENTY, 0);
        let mut next = 0;
        let mut next_id = || {
            next += 1;
            next
        };
        kept.apply(book.add(reports.iter().map(blind), &mut next_id));
        kept.apply(book.resettle(reports.iter().cloned(), &mut next_id));
        kept.reports = reports;
        kept.check();
    }
}

#[test]
fn calls_go_when_their_records_report_none_any_more() {
    for client in names() {
        let reports: Vec<Report> =
            captured(&client).into_iter().filter(|r| r.signal == Signal::Span).collect();
        let now = reports.iter().map(|report| report.end_unix_nano).max().unwrap_or(0);
        let mut kept = Kept::default();
        let mut next = 0;
        let mut next_id = || {
            next += 1;
            next
        };
        kept.apply(Book::new(PLENTY, 0).add(reports.clone(), &mut next_id));
        kept.reports.clone_from(&reports);
        // Another book, which is taught what is stored, as after a restart.
        let mut book = Book::new(PLENTY, now);
        let silent = |r: &Report| Report::link(r.key, r.ids, r.start_unix_nano, r.end_unix_nano);
        let traces = reports.iter().map(|report| LinkKey::Trace(report.ids.trace)).collect();
        let known = kept.find(&traces).into_iter();
        let known: Vec<_> = known.map(|(report, booked)| (silent(&report), booked)).collect();
        let again: Vec<Report> = known.iter().map(|(report, _)| report.clone()).collect();
        book.learn(traces, known);
        kept.apply(book.resettle(again, &mut next_id));
        assert_eq!((kept.calls.len(), kept.bearers.len()), (0, 0), "{client}");
    }
}
