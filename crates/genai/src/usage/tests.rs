//! What reported counts mean: conventions, the arbiter, the net, and counts that cannot be ones.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;

use super::{
    Accounting, Adjustment, COUNT_MAX, Context, Part, Reading, ReportedUsage, Usage, WhyInvalid,
    settle,
};
use crate::value::Value;

fn reported(counts: &[(Part, u64)]) -> ReportedUsage {
    let mut reported = ReportedUsage::default();
    for (part, count) in counts {
        reported.put_count(*part, *count, &Arc::from(part.name()));
    }
    reported
}

fn context(input: Reading, output: Reading) -> Context<'static> {
    let accounting = Accounting { input, output, ..Accounting::default() };
    Context { accounting, ..Context::default() }
}

/// Input, output and adjustments of what was reported.
fn check(
    counts: &[(Part, u64)],
    context: &Context<'_>,
    expected: (u64, u64),
    adjustments: &[Adjustment],
) {
    let usage = settle(&reported(counts), context).expect("something is known");
    assert_eq!((usage.input, usage.output), (Some(expected.0), Some(expected.1)), "{counts:?}");
    assert_eq!(usage.adjustments, adjustments, "{counts:?}");
    let buckets = usage.buckets();
    assert_eq!((buckets.input_total(), buckets.output_total()), expected, "{counts:?}");
}

use Part::{CacheRead, CacheWrite, Fresh, Input, Output, Reasoning, Total};
use Reading::{Buckets, ByProvider, Exclusive, Inclusive};

#[test]
fn the_convention_of_the_client_decides() {
    let counts = [(Input, 56), (Output, 30), (CacheRead, 40), (CacheWrite, 10)];
    check(&counts, &context(Inclusive, Inclusive), (56, 30), &[]);
    check(&counts, &context(Exclusive, Inclusive), (106, 30), &[Adjustment::CacheAdded]);
    let by = context(ByProvider, Inclusive);
    check(&counts, &by, (56, 30), &[]);
    let anthropic = Context { provider: Some("anthropic"), ..by };
    check(&counts, &anthropic, (106, 30), &[Adjustment::CacheAdded]);
    let openai = Context { provider: Some("openai"), ..by };
    check(&counts, &openai, (56, 30), &[]);
    let thoughts = [(Input, 56), (Output, 18), (Reasoning, 12)];
    check(&thoughts, &context(Inclusive, Exclusive), (56, 30), &[Adjustment::ReasoningAdded]);
}

#[test]
fn a_reported_total_arbitrates() {
    let counts = |total| [(Input, 56), (Output, 30), (CacheRead, 40), (Total, total)];
    check(&counts(86), &context(Exclusive, Inclusive), (56, 30), &[]);
    check(&counts(126), &context(Inclusive, Inclusive), (96, 30), &[Adjustment::CacheAddedByTotal]);
    // A total that suits neither, or that the client made itself, proves nothing.
    check(&counts(1), &context(Inclusive, Inclusive), (56, 30), &[]);
    let own = Accounting { input: Exclusive, total_is_sum: true, ..Accounting::default() };
    let own = Context { accounting: own, ..Context::default() };
    check(&counts(86), &own, (96, 30), &[Adjustment::CacheAdded]);

    let thoughts = [(Input, 56), (Output, 18), (Reasoning, 12), (Total, 86)];
    let added = [Adjustment::ReasoningAddedByTotal];
    check(&thoughts, &context(Inclusive, Inclusive), (56, 30), &added);
    // Twelve cached and twelve of reasoning: the total cannot tell which one stands beside.
    let both = [(Input, 56), (Output, 18), (CacheRead, 12), (Reasoning, 12), (Total, 86)];
    check(&both, &context(Inclusive, Inclusive), (56, 18), &[]);
}

#[test]
fn the_fresh_part_arbitrates() {
    let counts = |fresh| [(Input, 100), (Output, 1), (CacheRead, 60), (Fresh, fresh)];
    check(&counts(40), &context(Exclusive, Inclusive), (100, 1), &[]);
    check(&counts(100), &context(Inclusive, Inclusive), (160, 1), &[Adjustment::CacheAddedByTotal]);
    let parts = [(Fresh, 40), (Output, 1), (CacheRead, 60)];
    check(&parts, &context(Exclusive, Inclusive), (100, 1), &[Adjustment::InputFromParts]);
}

#[test]
fn subsets_larger_than_their_whole_stand_beside_it() {
    let counts = [(Input, 56), (Output, 10), (CacheRead, 64), (CacheWrite, 16), (Reasoning, 12)];
    let adjustments = [Adjustment::CacheAddedByInvariant, Adjustment::ReasoningAddedByInvariant];
    check(&counts, &context(Inclusive, Inclusive), (136, 22), &adjustments);
}

#[test]
fn reasoning_that_a_client_adds_twice_is_taken_off_once() {
    let accounting = Accounting { routed_reasoning_twice: true, ..Accounting::default() };
    let of = |model| Context { accounting, request_model: model, provider: Some("openai") };
    let counts = [(Input, 120), (Output, 42), (Reasoning, 12)];
    let twice = [Adjustment::ReasoningCountedTwice];
    check(&counts, &of(Some("openai/gpt-4o-mini")), (120, 30), &twice);
    check(&counts, &of(None), (120, 30), &twice);
    check(&counts, &of(Some("gemini-2.5-pro")), (120, 42), &[]);
    // Less than twice the reasoning cannot have it twice.
    check(&[(Input, 1), (Output, 20), (Reasoning, 12)], &of(Some("a/b")), (1, 20), &[]);
}

#[test]
fn buckets_of_a_client_that_counts_every_kind_apart_are_added() {
    let counts = [(Input, 10), (Output, 5), (CacheRead, 4), (Part::AudioInput, 3), (Reasoning, 2)];
    let adjustments =
        [Adjustment::CacheAdded, Adjustment::ModalityAdded, Adjustment::ReasoningAdded];
    check(&counts, &context(Buckets, Buckets), (17, 7), &adjustments);
}

#[test]
fn cache_writes_are_split_by_time_where_the_client_says() {
    let counts = [
        (Input, 100),
        (Output, 1),
        (CacheWrite, 50),
        (Part::CacheWrite5m, 30),
        (Part::CacheWrite1h, 15),
    ];
    let usage = settle(&reported(&counts), &Context::default()).expect("known");
    let buckets = usage.buckets();
    let split = (buckets.cache_write_5m, buckets.cache_write_1h, buckets.cache_write_unknown);
    assert_eq!(split, (30, 15, 5));
    let without = [(Input, 100), (Output, 1), (Part::CacheWrite1h, 15)];
    let usage = settle(&reported(&without), &Context::default()).expect("known");
    assert_eq!((usage.cache_write, usage.buckets().cache_write_1h), (Some(15), 15));
}

#[test]
fn no_usage_is_not_zero() {
    assert_eq!(settle(&ReportedUsage::default(), &Context::default()), None);
    assert_eq!(settle(&reported(&[(CacheRead, 5)]), &Context::default()), None);
    let only_input = settle(&reported(&[(Input, 9)]), &Context::default()).expect("known");
    assert_eq!((only_input.input, only_input.output), (Some(9), None));
    let zero = settle(&reported(&[(Input, 0)]), &Context::default()).expect("known");
    assert_eq!(zero.input, Some(0));
}

#[test]
fn what_cannot_be_a_count_is_marked_and_not_used() {
    let text = |text: &'static str| Value::Str(Cow::Borrowed(text));
    #[expect(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "2^40 fits")]
    let (most, most_double) = (COUNT_MAX as i64, COUNT_MAX as f64);
    for (value, expected) in [
        (Value::Int(120), Ok(120)),
        (Value::Double(120.0), Ok(120)),
        (text("120"), Ok(120)),
        (text("120.0"), Ok(120)),
        (Value::Int(most), Ok(COUNT_MAX)),
        (Value::Double(most_double), Ok(COUNT_MAX)),
        (Value::Int(most + 1), Err(WhyInvalid::Absurd)),
        (Value::Double(1e300), Err(WhyInvalid::Absurd)),
        (Value::Int(i64::MAX), Err(WhyInvalid::Absurd)),
        (Value::Int(-1), Err(WhyInvalid::Negative)),
        (Value::Double(-0.5), Err(WhyInvalid::Negative)),
        (text("-5"), Err(WhyInvalid::Negative)),
        (Value::Double(1.5), Err(WhyInvalid::NotWhole)),
        (Value::Double(f64::NAN), Err(WhyInvalid::NotANumber)),
        (text("NaN"), Err(WhyInvalid::NotANumber)),
        (text("many"), Err(WhyInvalid::NotANumber)),
        (Value::Bool(true), Err(WhyInvalid::NotANumber)),
        (Value::Array(vec![]), Err(WhyInvalid::NotANumber)),
    ] {
        let mut reported = ReportedUsage::default();
        let taken = reported.put(Input, &value, &Arc::from("a"), None);
        assert_eq!(taken, expected.is_ok(), "{value:?}");
        assert_eq!(reported.count(Input), expected.ok(), "{value:?}");
        let why = reported.invalid().first().map(|invalid| invalid.why);
        assert_eq!(why, expected.err(), "{value:?}");
    }
}

proptest! {
    #[test]
    fn buckets_always_add_up(
        counts in proptest::collection::vec((0..Part::ALL.len(), 0..=COUNT_MAX), 0..12),
        small in proptest::collection::vec((0..Part::ALL.len(), 0_u64..50), 0..12),
        input in 0..4_usize, output in 0..4_usize, quirk in any::<bool>(),
    ) {
        let readings = [Inclusive, Exclusive, Buckets, ByProvider];
        let accounting = Accounting {
            input: readings[input], output: readings[output],
            total_is_sum: quirk, routed_reasoning_twice: quirk,
        };
        let context =
            Context { accounting, provider: Some("anthropic"), request_model: Some("a/b") };
        for counts in [counts, small] {
            let counts: Vec<_> = counts.iter().map(|(p, n)| (Part::ALL[*p], *n)).collect();
            if let Some(usage) = settle(&reported(&counts), &context) {
                let buckets = usage.buckets();
                prop_assert_eq!(buckets.input_total(), usage.input.unwrap_or(0));
                prop_assert_eq!(buckets.output_total(), usage.output.unwrap_or(0));
                prop_assert!(usage.input.is_none() || usage.cached() <= usage.input.unwrap_or(0));
                let reasoning = usage.reasoning.filter(|_| usage.output.is_some());
                prop_assert!(reasoning.unwrap_or(0) <= usage.output.unwrap_or(0));
            }
        }
    }
}

#[test]
fn usage_that_someone_else_made_has_buckets_too() {
    // Read back from storage with subsets that do not fit: the sums hold all the same.
    let usage = Usage {
        input: Some(10),
        cache_read: Some(8),
        cache_write: Some(8),
        output: None,
        reasoning: Some(3),
        ..Usage::default()
    };
    let buckets = usage.buckets();
    assert_eq!((buckets.input_total(), buckets.cache_read, buckets.output_total()), (10, 8, 0));
}
