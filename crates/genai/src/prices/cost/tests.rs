use proptest::prelude::*;

use super::super::card::Long;
use super::super::rate::Rates;
use super::*;

fn rates(list: &[(Rate, &str)]) -> Rates {
    let mut rates = Rates::default();
    for (rate, usd) in list {
        rates.set(*rate, usd).unwrap();
    }
    rates
}

fn card(list: &[(Rate, &str)]) -> RateCard {
    RateCard { standard: RateSet { rates: rates(list), long: Vec::new() }, tiers: Vec::new() }
}

fn total(card: &RateCard, buckets: &Buckets) -> Result<i64, CostError> {
    cost(card, buckets, &Context::default()).map(|priced| priced.nano_usd)
}

#[test]
fn each_part_is_rounded_half_up_once() {
    let card = card(&[(Rate::Input, "0.0005"), (Rate::Output, "0.000499")]);
    let one = Buckets { fresh_input: 1, output: 1, ..Buckets::NONE };
    let priced = cost(&card, &one, &Context::default()).unwrap();
    let parts: Vec<i64> = priced.parts.iter().map(|part| part.nano_usd).collect();
    assert_eq!((parts, priced.nano_usd), (vec![1, 0], 1));
}

#[test]
fn a_bucket_without_a_rate_of_its_own_is_flagged_or_refused() {
    let card = card(&[(Rate::Input, "2"), (Rate::Output, "8")]);
    let used = Buckets {
        cache_read: 5,
        cache_write_1h: 4,
        reasoning: 3,
        audio_input: 2,
        requests: 1,
        ..Buckets::NONE
    };
    let priced = cost(&card, &used, &Context::default()).unwrap();
    let flagged: Vec<_> =
        priced.parts.iter().map(|part| (part.bucket, part.rate, part.stands_in)).collect();
    let expected = [
        (Bucket::CacheRead, Some(Rate::Input), true),
        (Bucket::CacheWrite1h, Some(Rate::Input), true),
        (Bucket::Reasoning, Some(Rate::Output), false),
        (Bucket::AudioInput, Some(Rate::Input), true),
    ];
    assert_eq!(flagged, expected);
    assert_eq!(priced.nano_usd, (5 + 4 + 2) * 2_000 + 3 * 8_000);
    let images = Buckets { images: 1, ..Buckets::NONE };
    assert_eq!(total(&card, &images), Err(CostError::NoRate(Bucket::Images)));
}

#[test]
fn cache_writes_take_the_nearest_rate() {
    let card = card(&[(Rate::Input, "1"), (Rate::CacheWrite5m, "1.25"), (Rate::CacheWrite1h, "2")]);
    let of = |buckets: Buckets| total(&card, &buckets).unwrap();
    assert_eq!(of(Buckets { cache_write_5m: 1_000, ..Buckets::NONE }), 1_250_000);
    assert_eq!(of(Buckets { cache_write_1h: 1_000, ..Buckets::NONE }), 2_000_000);
    assert_eq!(of(Buckets { cache_write_unknown: 1_000, ..Buckets::NONE }), 1_250_000);
}

#[test]
fn a_tier_changes_what_it_names_and_long_contexts_step_within_it() {
    let step = |usd| vec![Long { above: 100, rates: rates(&[(Rate::Input, usd)]) }];
    let mut card = card(&[(Rate::Input, "2"), (Rate::Output, "8")]);
    card.standard.long = step("4");
    let flex = RateSet { rates: rates(&[(Rate::Input, "1")]), long: step("2") };
    let flat = RateSet { rates: rates(&[(Rate::Input, "3")]), long: Vec::new() };
    card.tiers = vec![("flat".into(), flat), ("flex".into(), flex)];
    let of = |fresh_input, tier: &str| {
        let used = Buckets { fresh_input, output: 1, ..Buckets::NONE };
        let priced =
            cost(&card, &used, &Context { batch: false, tier: Some(tier.into()) }).unwrap();
        (priced.nano_usd, priced.tier, priced.long_above)
    };
    let flex = || TierUse::Applied("flex".into());
    assert_eq!(of(100, "auto"), (100 * 2_000 + 8_000, TierUse::Standard, None));
    assert_eq!(of(101, "auto"), (101 * 4_000 + 8_000, TierUse::Standard, Some(100)));
    assert_eq!(of(100, "flex"), (100 * 1_000 + 8_000, flex(), None));
    assert_eq!(of(101, "flex"), (101 * 2_000 + 8_000, flex(), Some(100)));
    assert_eq!(of(101, "flat"), (101 * 3_000 + 8_000, TierUse::Applied("flat".into()), None));
    assert_eq!(of(1, "scale"), (2_000 + 8_000, TierUse::NotListed("scale".into()), None));
}

#[test]
fn every_kind_of_input_counts_towards_the_long_context() {
    let long = Long { above: 6, rates: rates(&[(Rate::Input, "10")]) };
    let mut card = card(&[(Rate::Input, "1")]);
    card.standard.long = vec![long];
    let used = Buckets {
        fresh_input: 1,
        cache_read: 1,
        cache_write_5m: 1,
        cache_write_1h: 1,
        cache_write_unknown: 1,
        audio_input: 1,
        image_input: 1,
        ..Buckets::NONE
    };
    assert_eq!(total(&card, &used), Ok(70_000));
    let fewer = Buckets { image_input: 0, ..used };
    assert_eq!(total(&card, &fewer), Ok(6_000));
}

#[test]
fn absurd_counts_are_an_error_and_never_wrap() {
    let card = card(&[(Rate::Input, "1000000000"), (Rate::Output, "1000000000")]);
    let absurd = Buckets { fresh_input: u64::MAX, ..Buckets::NONE };
    assert_eq!(total(&card, &absurd), Err(CostError::Overflow(Bucket::FreshInput)));
    // Each part fits, their sum does not.
    let (fresh_input, output) = (6_000_000_u64, 6_000_000_u64);
    let large = Buckets { fresh_input, output, ..Buckets::NONE };
    assert_eq!(total(&card, &large), Err(CostError::Overflow(Bucket::Output)));
}

/// Another way to the same number: whole and remainder, compared with half by doubling.
fn oracle(units: u64, price: i64, per: i64) -> i128 {
    let exact = i128::from(units) * i128::from(price);
    let (whole, rest) = (exact / i128::from(per), exact % i128::from(per));
    whole + i128::from(2 * rest >= i128::from(per))
}

fn any_buckets() -> impl Strategy<Value = Buckets> {
    let counts = || 0..1_000_000_000_u64;
    (counts(), counts(), counts(), counts(), counts(), counts()).prop_map(|(a, b, c, d, e, f)| {
        Buckets {
            fresh_input: a,
            cache_read: b,
            cache_write_5m: c,
            output: d,
            reasoning: e,
            audio_seconds: f,
            ..Buckets::NONE
        }
    })
}

const PRICED: [Rate; 5] =
    [Rate::Input, Rate::CacheRead, Rate::CacheWrite5m, Rate::Output, Rate::AudioSecond];

fn any_card() -> impl Strategy<Value = RateCard> {
    proptest::collection::vec(0..1_000_000_000_000_i64, PRICED.len()).prop_map(|prices| {
        let mut rates = Rates::default();
        for (rate, nano) in PRICED.into_iter().zip(prices) {
            rates.set(rate, &super::super::format_usd(nano)).unwrap();
        }
        RateCard { standard: RateSet { rates, long: Vec::new() }, tiers: Vec::new() }
    })
}

proptest! {
    #[test]
    fn the_cost_is_the_sum_of_what_each_bucket_costs(card in any_card(), buckets in any_buckets()) {
        let priced = cost(&card, &buckets, &Context::default()).unwrap();
        let rate = |rate| card.standard.rates.get(rate).unwrap();
        let expected = oracle(buckets.fresh_input, rate(Rate::Input), 1_000_000)
            + oracle(buckets.cache_read, rate(Rate::CacheRead), 1_000_000)
            + oracle(buckets.cache_write_5m, rate(Rate::CacheWrite5m), 1_000_000)
            + oracle(buckets.output, rate(Rate::Output), 1_000_000)
            + oracle(buckets.reasoning, rate(Rate::Output), 1_000_000)
            + oracle(buckets.audio_seconds, rate(Rate::AudioSecond), 3_600);
        prop_assert_eq!(i128::from(priced.nano_usd), expected);
        let parts: i64 = priced.parts.iter().map(|part| part.nano_usd).sum();
        prop_assert_eq!(priced.nano_usd, parts);
    }

    #[test]
    fn using_more_never_costs_less(card in any_card(), buckets in any_buckets(), more in any_buckets()) {
        let larger = Buckets {
            fresh_input: buckets.fresh_input + more.fresh_input,
            cache_read: buckets.cache_read + more.cache_read,
            cache_write_5m: buckets.cache_write_5m + more.cache_write_5m,
            output: buckets.output + more.output,
            reasoning: buckets.reasoning + more.reasoning,
            audio_seconds: buckets.audio_seconds + more.audio_seconds,
            ..Buckets::NONE
        };
        let [small, extra, all] = [&buckets, &more, &larger].map(|b| total(&card, b).unwrap());
        prop_assert!(all >= small);
        // Two calls cost what one call of both would, but for one rounding a bucket.
        prop_assert!((small + extra - all).abs() <= 6);
    }
}
