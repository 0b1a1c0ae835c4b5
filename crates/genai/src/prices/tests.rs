use super::*;

fn at(day: &str) -> UnixNanos {
    UnixNanos(i64::from(Day::parse(day).unwrap().0) * UnixNanos::DAY)
}

const TODAY: &str = "2026-11-27";

/// Prices a call with the built-in table and gives dollars and the source.
fn check(
    (provider, model): (Option<&str>, &str),
    day: &str,
    buckets: Buckets,
    context: &Context,
) -> Result<(String, String), Unpriced> {
    let call = Call { provider, model, at: at(day), duration_ns: None };
    let (priced, source) = price(bundled(), &Overrides::default(), call, &buckets, context)?;
    Ok((format_usd(priced.nano_usd), source.to_string()))
}

const MILLION: u64 = 1_000_000;

#[test]
fn the_built_in_table_is_valid_and_large() {
    let table = PriceTable::parse(BUNDLED).unwrap();
    assert_eq!(table.as_of, bundled().as_of);
    assert!(table.models().len() > 2_500, "{}", table.models().len());
    assert!(BUNDLED.len() < 600 * 1_024, "{}", BUNDLED.len());
    assert!(table.sources.iter().all(|source| source.licence == "MIT"));
    for id in ["openai", "anthropic", "gcp.gemini", "aws.bedrock", "azure.ai.openai", "mistral_ai"]
    {
        let models = table.models().iter().filter(|model| model.provider == id);
        assert!(models.count() > 20, "{id}");
    }
    for model in table.models() {
        assert!(providers::by_id(&model.provider).is_some(), "{}", model.provider);
        let known = |letter: char| table.sources.iter().any(|s| s.id.starts_with(letter));
        assert!(!model.source.is_empty() && model.source.chars().all(known), "{}", model.source);
    }
}

#[test]
fn every_listed_name_is_found_at_its_own_provider() {
    for model in bundled().models() {
        for name in model.all_names() {
            let row = model.row(at(TODAY)).unwrap();
            let found = bundled().lookup(Some(&model.provider), name, at(TODAY));
            // A maker's name beside a name of Bedrock's form says Bedrock.
            if let Some(found) = found.filter(|found| found.model.provider == model.provider) {
                assert_eq!((found.row, found.how().as_str()), (row, "exact"), "{name}");
            } else {
                assert!(providers::is_bedrock_name(name), "{}: {name}", model.provider);
            }
        }
    }
}

#[test]
fn known_models_cost_what_their_providers_publish() {
    let plain = Context::default();
    let million = Buckets { fresh_input: MILLION / 10, output: MILLION / 10, ..Buckets::default() };
    for (provider, model, usd) in [
        ("openai", "gpt-4o", "1.25"),
        ("openai", "gpt-4o-2024-05-13", "2"),
        ("openai", "gpt-4o-mini", "0.075"),
        ("openai", "gpt-4.1-nano", "0.05"),
        ("anthropic", "claude-opus-4-6", "3"),
        ("anthropic", "claude-sonnet-4-5-20250929", "1.8"),
        ("anthropic", "claude-haiku-4-5", "0.6"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.98"),
        ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.8"),
        ("gcp.gemini", "gemini-2.5-pro", "1.125"),
        ("gcp.gemini", "gemini-2.5-flash", "0.28"),
        ("groq", "llama-3.3-70b-versatile", "0.138"),
    ] {
        let priced = check((Some(provider), model), TODAY, million, &plain);
        assert_eq!(priced.map(|(usd, _)| usd), Ok(usd.to_owned()), "{provider} {model}");
    }
}

#[test]
fn caches_are_priced_by_their_own_rates() {
    let cached = Buckets {
        fresh_input: 1_000,
        cache_read: 10_000,
        cache_write_5m: 100,
        cache_write_1h: 10,
        cache_write_unknown: 1,
        output: 50,
        ..Buckets::default()
    };
    let (usd, source) =
        check((None, "claude-haiku-4-5"), TODAY, cached, &Context::default()).unwrap();
    // 1000 * 1 + 10000 * 0.1 + 101 * 1.25 + 10 * 2 + 50 * 5 dollars for a million
    assert_eq!(usd, "0.00239625");
    assert_eq!(source, "table anthropic/claude-haiku-4-5@2026-10-14 (inferred)");
}

#[test]
fn long_context_reprices_the_whole_request() {
    let long = |fresh_input| Buckets { fresh_input, output: 1_000, ..Buckets::default() };
    let gemini = (Some("gcp.gemini"), "gemini-2.5-pro");
    let plain = Context::default();
    let usd = |fresh| check(gemini, TODAY, long(fresh), &plain).unwrap().0;
    assert_eq!(usd(200_000), "0.26");
    assert_eq!(usd(200_001), "0.5150025");
}

#[test]
fn tiers_and_batches_have_their_prices() {
    let used = Buckets { fresh_input: MILLION / 10, ..Buckets::default() };
    let tier = |name: &str| Context { batch: false, tier: Some(name.into()) };
    let openai = (Some("openai"), "gpt-5.4");
    let usd = |context: &Context| check(openai, TODAY, used, context).unwrap().0;
    assert_eq!(usd(&tier("default")), "0.25");
    assert_eq!(usd(&tier("Flex")), "0.125");
    assert_eq!(usd(&tier("priority")), "0.5");
    assert_eq!(usd(&Context { batch: true, tier: Some("priority".into()) }), "0.125");
}

#[test]
fn the_row_of_the_day_and_the_hour_applies() {
    let used = Buckets { fresh_input: MILLION, ..Buckets::default() };
    let deepseek = |moment: UnixNanos| {
        let call = Call {
            provider: Some("deepseek"),
            model: "deepseek-v4-flash",
            at: moment,
            duration_ns: None,
        };
        let priced = price(bundled(), &Overrides::default(), call, &used, &Context::default());
        format_usd(priced.unwrap().0.nano_usd)
    };
    let hours = |day: &str, hours: i64| UnixNanos(at(day).0 + hours * UnixNanos::DAY / 24);
    assert_eq!(deepseek(at("2026-08-16")), "0.14");
    assert_eq!(deepseek(at("2026-08-17")), "0.22");
    assert_eq!(deepseek(hours("2026-09-10", 0)), "0.15");
    assert_eq!(deepseek(hours("2026-09-10", 1)), "0.3");
    assert_eq!(deepseek(hours("2026-09-10", 4)), "0.15");
    assert_eq!(deepseek(hours("2026-08-17", 1)), "0.22");
}

#[test]
fn units_other_than_tokens_are_exact() {
    let plain = Context::default();
    let rerank = Buckets { fresh_input: 5_000, requests: 3, ..Buckets::default() };
    let priced = check((Some("cohere"), "rerank-v3.5"), TODAY, rerank, &plain);
    assert_eq!(priced.map(|(usd, _)| usd), Ok("0.006".into()));
    let audio = Buckets { audio_seconds: 10, ..Buckets::default() };
    let priced = check((Some("openai"), "whisper-1"), TODAY, audio, &plain);
    assert_eq!(priced.map(|(usd, _)| usd), Ok("0.001".into()));
}

#[test]
fn what_is_not_known_is_unpriced_and_what_is_free_is_zero() {
    let used = Buckets { fresh_input: 100, output: 100, ..Buckets::default() };
    let plain = Context::default();
    let call = |provider, model| check((provider, model), TODAY, used, &plain);
    assert_eq!(call(None, "gpt-4-foo-unknown"), Err(Unpriced::NoRow));
    assert_eq!(call(Some("vllm"), "gpt-4o"), Err(Unpriced::NoRow));
    let no_rate = CostError::NoRate(Bucket::FreshInput);
    assert_eq!(call(Some("openai"), "whisper-1"), Err(Unpriced::Cost(no_rate)));
    let free = call(Some("openrouter"), "deepseek/deepseek-r1:free").map(|(usd, _)| usd);
    assert_eq!(free, Ok("0".into()));
    assert_eq!(call(Some("openrouter"), "some/paid-model:free"), Err(Unpriced::NoRow));
}

#[test]
fn own_prices_win_and_say_so() {
    let specs: Vec<OverrideSpec> = serde_json::from_str(
        r#"[{"provider": "openai", "model": "gpt-4o*", "from": "2026-01-01", "rates": {"in": "2", "out": "8"}},
            {"provider": "vllm", "model": "llama-*", "gpu_second": "0.0011", "gpus": 2}]"#,
    )
    .unwrap();
    let own = Overrides::new(&specs).unwrap();
    let used = Buckets { fresh_input: MILLION, ..Buckets::default() };
    let priced = |provider, model, day, duration_ns| {
        let call = Call { provider: Some(provider), model, at: at(day), duration_ns };
        price(bundled(), &own, call, &used, &Context::default())
            .map(|(priced, source)| (format_usd(priced.nano_usd), source.to_string()))
    };
    let own_price = Ok(("2".into(), "override 1 (gpt-4o*)".into()));
    assert_eq!(priced("openai", "gpt-4o-mini", TODAY, None), own_price);
    let before = priced("openai", "gpt-4o-mini", "2025-12-31", None).unwrap();
    assert_eq!(before, ("0.15".into(), "table openai/gpt-4o-mini (exact)".into()));
    let half_second = priced("vLLM", "llama-3-70b", TODAY, Some(500_000_000));
    assert_eq!(half_second, Ok(("0.0011".into(), "override 2 (llama-*)".into())));
    assert_eq!(priced("vllm", "llama-3-70b", TODAY, None), Err(Unpriced::NoDuration));
}

#[test]
fn a_few_lines_of_the_table() {
    let wanted = [
        ("anthropic", "claude-opus-4-6"),
        ("aws.bedrock", "amazon.nova-micro-v1:0"),
        ("deepseek", "deepseek-v4-flash"),
        ("gcp.gemini", "gemini-2.5-pro"),
        ("openai", "gpt-4o-mini"),
    ];
    let beginning = |(provider, model)| format!(r#"{{"provider":"{provider}","model":"{model}","#);
    let beginnings: Vec<String> = wanted.into_iter().map(beginning).collect();
    let is_wanted = |line: &&str| beginnings.iter().any(|beginning| line.starts_with(beginning));
    let lines: Vec<&str> = BUNDLED.lines().filter(is_wanted).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
