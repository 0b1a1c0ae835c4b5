use super::*;

fn spec(model: &str) -> OverrideSpec {
    let rates = [("in".to_owned(), "1".to_owned())].into();
    OverrideSpec { model: model.into(), rates, ..OverrideSpec::default() }
}

fn from_to(model: &str, from: Option<&str>, until: Option<&str>) -> OverrideSpec {
    let day = |text: Option<&str>| text.and_then(Day::parse);
    OverrideSpec { from: day(from), until: day(until), ..spec(model) }
}

fn problem(specs: &[OverrideSpec]) -> Option<(usize, OverrideProblem)> {
    Overrides::new(specs).err().map(|error| (error.number, error.problem))
}

fn found(specs: &[OverrideSpec], provider: Option<&str>, model: &str, day: i64) -> Option<usize> {
    let own = Overrides::new(specs).unwrap();
    own.find(provider, model, UnixNanos(day * UnixNanos::DAY)).map(|one| one.number)
}

#[test]
fn the_one_that_says_most_applies() {
    let at_azure = OverrideSpec { provider: Some("Azure".into()), ..spec("*") };
    let specs = [spec("*"), spec("gpt-*"), spec("gpt-4o*"), spec("gpt-4o-mini"), at_azure];
    let found = |provider, model| found(&specs, provider, model, 0);
    assert_eq!(found(None, "gpt-4o-mini"), Some(4));
    assert_eq!(found(None, "gpt-4o-mini-2024-07-18"), Some(3));
    assert_eq!(found(None, "openai/GPT-4.1"), Some(2));
    assert_eq!(found(Some("openai"), "other"), Some(1));
    assert_eq!(found(Some("az.ai.openai"), "gpt-4o-mini"), Some(5));
    assert_eq!(found(None, ""), None);
}

#[test]
fn periods_begin_on_their_first_day_and_end_before_their_last() {
    let specs = [
        from_to("m", Some("1970-01-11"), Some("1970-01-21")),
        from_to("m", Some("1970-01-21"), None),
    ];
    let found = |day| found(&specs, None, "m", day);
    assert_eq!([found(9), found(10), found(19), found(20)], [None, Some(1), Some(1), Some(2)]);
}

#[test]
fn a_later_price_follows_an_open_earlier_one() {
    let specs = [from_to("m", None, None), from_to("m", Some("1970-01-11"), None)];
    assert_eq!(found(&specs, None, "m", 9), Some(1));
    assert_eq!(found(&specs, None, "m", 10), Some(2));
}

#[test]
fn two_for_the_same_time_are_refused() {
    let twice = [spec("m"), spec("M")];
    assert_eq!(problem(&twice), Some((2, OverrideProblem::Overlap(1))));
    let crossing = [
        from_to("m", Some("2026-01-01"), Some("2026-03-01")),
        from_to("m", Some("2026-02-01"), Some("2026-04-01")),
    ];
    assert_eq!(problem(&crossing), Some((2, OverrideProblem::Overlap(1))));
    assert_eq!(problem(&[spec("m"), spec("m*")]), None);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason() {
    let check = |spec: OverrideSpec, expected: OverrideProblem| {
        assert_eq!(problem(&[spec]), Some((1, expected)));
    };
    check(spec(""), OverrideProblem::Pattern);
    check(spec("a*b"), OverrideProblem::Pattern);
    check(spec("a**"), OverrideProblem::Pattern);
    check(spec(&"a".repeat(MODEL_NAME_MAX + 1)), OverrideProblem::Pattern);
    check(from_to("m", Some("2026-01-02"), Some("2026-01-02")), OverrideProblem::Period);
    let rate = |key: &str, usd: &str| OverrideSpec {
        rates: [(key.to_owned(), usd.to_owned())].into(),
        ..spec("m")
    };
    check(rate("input", "1"), OverrideProblem::UnknownRate("input".into()));
    let money = OverrideProblem::Money { key: "in".into(), error: MoneyError::NotDecimal };
    check(rate("in", "-1"), money);
    check(OverrideSpec { rates: BTreeMap::new(), ..spec("m") }, OverrideProblem::RatesOrTime);
    let time = OverrideSpec { gpu_second: Some("0.1".into()), ..spec("m") };
    check(time.clone(), OverrideProblem::RatesOrTime);
    let time = OverrideSpec { rates: BTreeMap::new(), ..time };
    check(OverrideSpec { gpus: Some(0), ..time.clone() }, OverrideProblem::Gpus);
    check(OverrideSpec { gpus: Some(GPUS_MAX + 1), ..time.clone() }, OverrideProblem::Gpus);
    check(OverrideSpec { gpus: Some(1), ..spec("m") }, OverrideProblem::Gpus);
    assert_eq!(problem(&[OverrideSpec { gpus: Some(GPUS_MAX), ..time }]), None);
}

#[test]
fn the_number_of_overrides_is_limited() {
    let mut specs: Vec<_> = (0..OVERRIDES_MAX).map(|at| spec(&format!("m{at}"))).collect();
    assert_eq!(problem(&specs), None);
    specs.push(spec("one-more"));
    assert_eq!(problem(&specs), Some((OVERRIDES_MAX + 1, OverrideProblem::TooMany)));
}

#[test]
fn time_costs_devices_times_duration() {
    let cost = |ns, price, gpus| cost_of_time(ns, price, gpus).map(|priced| priced.nano_usd);
    assert_eq!(cost(1_500_000_000, 1_000, 4), Ok(6_000));
    assert_eq!(cost(500_000, 1_000, 1), Ok(1));
    assert_eq!(cost(499_999, 1_000, 1), Ok(0));
    let overflow = Err(CostError::Overflow(Bucket::Time));
    assert_eq!(cost(u64::MAX, i64::MAX, 1), overflow);
    assert_eq!(cost(1, i64::MAX, 2), overflow);
}

#[test]
fn the_example_in_the_docs_is_accepted() {
    #[derive(Deserialize)]
    struct File {
        price: Vec<OverrideSpec>,
    }
    let docs = include_str!("../../../prices/README.md");
    let example = docs.split("```toml").nth(1).and_then(|rest| rest.split("```").next());
    let file: File = toml::from_str(example.unwrap()).unwrap();
    let day = i64::from(Day::parse("2026-06-01").unwrap().0);
    assert_eq!(found(&file.price, Some("openai"), "gpt-4o-mini", day), Some(1));
    assert_eq!(found(&file.price, Some("vllm"), "llama-3-70b", day), Some(2));
}
