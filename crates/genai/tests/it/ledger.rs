//! The ledger over what real clients sent, against what can be known of what they used.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use proptest::prelude::*;
use telltale_genai::Tag;
use telltale_genai::ledger::{LinkKey, Report, Settlement, Signal, Verdict, links, settle};

use crate::support::{Capture, load, manifest, names, reports};

fn recoverable(client: &str) -> (u64, u64) {
    let manifest = manifest();
    let figure = |name: &str| manifest[client][name].as_u64().expect("a figure");
    (figure("recoverable_input"), figure("recoverable_output"))
}

fn totals(settlement: &Settlement) -> (u64, u64, usize, usize) {
    (settlement.input(), settlement.output(), settlement.calls.len(), settlement.missing())
}

/// All clients in one project, each report with a key of its own.
fn mixed() -> Vec<Report> {
    let mut all = Vec::new();
    for client in names() {
        let next = all.len() as u128 * 1000 + 1;
        all.extend(reports(&load(&client), next));
    }
    all
}

/// The same records again under other keys, as exports that were cut differently bring them.
pub(crate) fn again(reports: &[Report]) -> Vec<Report> {
    reports.iter().map(|report| Report { key: report.key + (1 << 100), ..report.clone() }).collect()
}

/// A shuffle that a number decides.
pub(crate) fn shuffled(reports: &[Report], seed: u64) -> Vec<Report> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut shuffled = reports.to_vec();
    for place in (1..shuffled.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from((state >> 33) % (place as u64 + 1)).expect("within the list");
        shuffled.swap(place, other);
    }
    shuffled
}

#[test]
fn the_ledger_equals_what_can_be_known() {
    let mut table = String::new();
    let mut wrong = Vec::new();
    for client in names() {
        let settlement = settle(&reports(&load(&client), 1));
        let (input, output, calls, missing) = totals(&settlement);
        if (input, output) != recoverable(&client) {
            wrong.push(format!("{client}: {input}, {output}, not {:?}", recoverable(&client)));
        }
        writeln!(table, "{client}: {calls} calls, {missing} missing, {input} in, {output} out")
            .expect("write");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    insta::assert_snapshot!("ledger", table);
}

/// The committed table, rewritten when `TELLTALE_UPDATE_DOCS` is set.
#[test]
#[expect(clippy::disallowed_methods, reason = "writes documentation, not data")]
fn the_table_in_the_docs_is_what_the_ledger_counts() {
    let manifest = manifest();
    let mut table = String::from(TRUTH_HEAD);
    for client in names() {
        let settlement = settle(&reports(&load(&client), 1));
        let (input, output, calls, missing) = totals(&settlement);
        let figures = |kind: &str| {
            let figure = |side: &str| manifest[&client][format!("{kind}_{side}")].to_string();
            format!("{} / {}", figure("input"), figure("output"))
        };
        let (naive, recoverable, truth) =
            (figures("naive"), figures("recoverable"), figures("true"));
        writeln!(
            table,
            "| {client} | {naive} | {input} / {output} | {recoverable} | {truth} | {calls} | {missing} |"
        )
        .expect("write");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/token-truth.md");
    if std::env::var_os("TELLTALE_UPDATE_DOCS").is_some() {
        std::fs::write(path, &table).expect("write the table");
    }
    let committed = std::fs::read_to_string(path).expect("the committed table");
    assert_eq!(committed, table, "run this test with TELLTALE_UPDATE_DOCS=1");
}

const TRUTH_HEAD: &str = "\
# Token truth

What the ledger makes of the telemetry that 19 real clients sent, input / output tokens in one recorded run
each. `crates/genai/tests/it/ledger.rs` compares this table with the ledger; run it with
`TELLTALE_UPDATE_DOCS=1` to write it anew.

- **naive**: every token attribute on every record added up.
- **ledger**: what Telltale counts.
- **recoverable**: all that anybody can know from what the client sent. The end-to-end tests ask the built
  binary for the same figures, in any order of arrival, one record an export, across a restart, and with all
  clients mixed in one project.
- **truth**: what the provider billed in that run.
- **calls**, **missing**: calls in the ledger, and those of them whose tokens nobody reported: failed calls,
  streams that the client does not count.

| client | naive | ledger | recoverable | truth | calls | missing |
|---|---|---|---|---|---|---|
";

#[test]
fn every_call_has_one_bearer_and_it_is_a_span_where_there_is_one() {
    for client in names() {
        let reports = reports(&load(&client), 1);
        let by_key: BTreeMap<u128, &Report> = reports.iter().map(|r| (r.key, r)).collect();
        let settlement = settle(&reports);
        let keys: BTreeSet<u128> = by_key.keys().copied().collect();
        assert_eq!(settlement.verdicts.keys().copied().collect::<BTreeSet<_>>(), keys, "{client}");
        let bearers: Vec<u128> = settlement.calls.iter().map(|call| call.bearer).collect();
        let said: Vec<u128> = settlement
            .verdicts
            .iter()
            .filter(|(_, verdict)| **verdict == Verdict::Bearer)
            .map(|(key, _)| *key)
            .collect();
        assert_eq!(bearers.iter().copied().collect::<BTreeSet<_>>(), said.into_iter().collect());
        for call in &settlement.calls {
            let has_span = call.reports.iter().any(|key| by_key[key].signal == Signal::Span);
            assert_eq!(has_span, by_key[&call.bearer].signal == Signal::Span, "{client}");
        }
    }
}

#[test]
fn all_clients_in_one_project_disturb_nobody() {
    let all = mixed();
    let expected = names().into_iter().map(|client| recoverable(&client));
    let expected = expected.fold((0, 0), |sum, (input, output)| (sum.0 + input, sum.1 + output));
    let settlement = settle(&all);
    assert_eq!((settlement.input(), settlement.output()), expected);

    let twice: Vec<Report> = all.iter().cloned().chain(again(&all)).collect();
    assert_eq!(totals(&settle(&twice)), totals(&settlement));
    let repeated: Vec<Report> = all.iter().cloned().chain(all.iter().cloned()).collect();
    assert_eq!(settle(&repeated), settlement);
}

#[test]
fn repeated_records_of_each_client_change_nothing() {
    for client in names() {
        let once = reports(&load(&client), 1);
        let twice: Vec<Report> = once.iter().cloned().chain(again(&once)).collect();
        assert_eq!(totals(&settle(&twice)), totals(&settle(&once)), "{client}");
    }
}

#[test]
fn a_client_that_sends_only_one_signal_is_counted_by_it() {
    let only = |client: &str, signal: Signal| {
        let all = reports(&load(client), 1);
        settle(&all.into_iter().filter(|report| report.signal == signal).collect::<Vec<_>>())
    };
    for (client, expected) in [
        ("claude_code", (272, 60)),
        ("google_adk", (240, 60)),
        ("otel_genai_openai", (720, 180)),
        ("openlit_openai", (766, 180)),
        ("otel_openai_v2_latest", (480, 120)),
    ] {
        let settlement = only(client, Signal::Log);
        assert_eq!((settlement.input(), settlement.output()), expected, "logs of {client}");
    }
    for (client, expected) in [
        ("claude_code", (272, 60)),
        ("litellm_otel", (385, 90)),
        ("ms_agent_framework", (240, 60)),
        ("otel_genai_openai", (729, 180)),
        ("pydantic_ai_agent", (480, 120)),
        ("strands_agent", (240, 60)),
    ] {
        let settlement = only(client, Signal::Metric);
        assert_eq!((settlement.input(), settlement.output()), expected, "metrics of {client}");
    }
}

#[test]
fn spans_and_logs_are_joined_even_if_spans_above_are_lost() {
    // Whatever single span is lost, nothing is counted twice and only its own call can go.
    for client in names() {
        let all = reports(&load(&client), 1);
        let whole = settle(&all);
        for lost in all.iter().filter(|report| report.signal == Signal::Span) {
            let rest: Vec<Report> = all.iter().filter(|r| r.key != lost.key).cloned().collect();
            let settlement = settle(&rest);
            assert!(settlement.input() <= whole.input(), "{client} without {:?}", lost.operation);
            if !matches!(lost.tag, Tag::Call | Tag::StreamEnd) {
                assert_eq!(settlement.input(), whole.input(), "{client}: {:?}", lost.operation);
            }
        }
    }
}

/// Components by the keys that reports share.
fn components(reports: &[Report]) -> Vec<Vec<Report>> {
    let mut component: Vec<usize> = (0..reports.len()).collect();
    let mut by_key: BTreeMap<LinkKey, usize> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        for key in links(report) {
            let other = *by_key.entry(key).or_insert(place);
            let (keep, give) = (component[other], component[place]);
            component.iter_mut().filter(|c| **c == give).for_each(|c| *c = keep);
        }
    }
    let mut groups: BTreeMap<usize, Vec<Report>> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        groups.entry(component[place]).or_default().push(report.clone());
    }
    groups.into_values().collect()
}

#[test]
fn components_settled_one_by_one_give_the_same_calls() {
    let all: Vec<Report> =
        mixed().into_iter().filter(|report| report.signal != Signal::Metric).collect();
    let whole = settle(&all);
    let groups = components(&all);
    assert!(groups.len() > 20, "{}", groups.len());
    let mut parts = Settlement::default();
    for group in groups {
        let part = settle(&group);
        parts.calls.extend(part.calls);
        parts.verdicts.extend(part.verdicts);
    }
    parts.calls.sort_by_key(|call| (call.start_unix_nano, call.bearer));
    assert_eq!(parts, whole);
}

#[test]
fn metrics_need_one_witness_of_their_service() {
    let all = reports(&load("otel_genai_openai"), 1);
    let metrics = all.iter().filter(|report| report.signal == Signal::Metric).cloned();
    let witness = all.iter().find(|report| report.tag == Tag::Call).cloned();
    let settlement = settle(&metrics.chain(witness).collect::<Vec<_>>());
    assert_eq!(settlement.calls.len(), 1);
    assert_eq!(settlement.calls[0].signal, Signal::Span);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn order_and_split_do_not_matter(seed in any::<u64>()) {
        let all = mixed();
        prop_assert_eq!(settle(&shuffled(&all, seed)), settle(&all));
    }

    #[test]
    fn a_part_of_the_records_is_never_more_than_all(
        client in 0_usize..19,
        seed in any::<u64>(),
        share in 0.0_f64..1.0,
    ) {
        let all = reports(&load(&names()[client]), 1);
        let whole = settle(&all);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        #[expect(clippy::cast_precision_loss, reason = "a few records")]
        let some = (all.len() as f64 * share) as usize;
        let part = settle(&shuffled(&all, seed)[..some]);
        prop_assert!(part.calls.iter().all(|call| call.reports.contains(&call.bearer)));
        let spans = all.iter().filter(|report| report.signal == Signal::Span);
        // Sums of metrics stand for every call, and wrappers for what they lost.
        if spans.count() == all.len() {
            prop_assert!(part.input() <= whole.input());
        }
    }
}

#[test]
fn an_empty_set_has_no_calls() {
    assert_eq!(settle(&reports(&Capture::default(), 1)), Settlement::default());
}
