use super::*;

const DATED: &str = r"
providers: list[Provider] = [
    Provider(id='unknown', models=[]),
    Provider(
        id='openai',
        models=[
            ModelInfo(
                id='gpt-a',
                match=ClauseOr(or_=[
                    ClauseEquals(equals='gpt-a'), ClauseEquals(equals='gpt-a-2025-01-01'),
                    ClauseStartsWith(starts_with='gpt-a-2025'), ClauseStartsWith(starts_with='gpt-a-next-'),
                    ClauseRegex(regex='^gpt-a-\\d{8}$'),
                ]),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('2'), output_mtok=Decimal('8'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2025, 3, 1)),
                        prices=ModelPrice(
                            input_mtok=TieredPrices(
                                base=Decimal('1'), tiers=[Tier(start=200000, price=Decimal('2'))]
                            ),
                            output_mtok=Decimal('8'),
                            storage_searches_kcount=Decimal('2.5'),
                        ),
                    ),
                ],
                price_variants=[
                    PriceVariant(
                        when={'processing': 'batch'},
                        prices=ModelPrice(input_mtok=Decimal('0.5')),
                        constraint=StartDateConstraint(start_date=datetime.date(2025, 6, 1)),
                    ),
                    PriceVariant(when={'service_tier': 'default'}, prices=ModelPrice(), constraint=None),
                ],
            ),
            ModelInfo(id='gpt-b', match=ClauseStartsWith(starts_with='gpt-b'),
                prices=ModelPrice(input_mtok=Decimal('3'), output_mtok=Decimal('9'))),
            ModelInfo(id='gpt-c:free', match=ClauseEquals(equals='gpt-c:free'), prices=ModelPrice()),
        ],
    ),
    Provider(
        id='deepseek',
        models=[
            ModelInfo(
                id='deepseek-x', match=ClauseEquals(equals='deepseek-x'),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('0.1'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 1, 2)),
                        prices=ModelPrice(input_mtok=Decimal('0.15')),
                    ),
                    ConditionalPrice(
                        constraint=TimeOfDateConstraint(
                            start_time=datetime.time(1, 0, tzinfo=datetime.UTC),
                            end_time=datetime.time(4, 30, tzinfo=datetime.UTC),
                        ),
                        prices=ModelPrice(input_mtok=Decimal('0.3')),
                    ),
                ],
            ),
        ],
    ),
]
";

const FLAT: &str = r#"{
  "sample_spec": {"litellm_provider": "one of ..."},
  "gpt-a": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06,
    "output_cost_per_token": 8e-06, "cache_read_input_token_cost": 1e-07, "input_cost_per_token_batches": 5e-07,
    "input_cost_per_token_flex": 6e-07, "output_cost_per_token_above_200k_tokens_flex": 1e-06},
  "gpt-b": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 4e-06, "output_cost_per_token": 9e-06},
  "gpt-b-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
  "gpt-b-again": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 9e-06},
  "dashscope/qwen-y": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
    {"input_cost_per_token": 1e-06, "range": [0, 32000.0]}, {"input_cost_per_token": 2e-06, "range": [32000.0, 64000.0]}]},
  "rerank-z": {"litellm_provider": "cohere", "mode": "rerank", "input_cost_per_query": 0.002, "input_cost_per_token": 0.0},
  "ollama-like": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
  "whisper-w": {"litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": 0.0001},
  "1024-x-1024/dall-e": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 1e-08},
  "dall-e": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04}
}"#;

fn package(name: &'static str, text: &str) -> Package {
    Package { name, version: "1.2.3".into(), licence: "MIT".into(), text: text.into() }
}

fn converted() -> (String, String) {
    let (dated, flat) = (package(DATED_PACKAGE, DATED), package(FLAT_PACKAGE, FLAT));
    convert(&dated, &flat, "2026-02-01").unwrap()
}

#[test]
fn both_lists_become_one_table_with_a_model_a_line() {
    let (table, _) = converted();
    let expected = r#"{
"format":1,
"as_of":"2026-02-01",
"sources":[
{"id":"g","package":"genai-prices","version":"1.2.3","licence":"MIT"},
{"id":"l","package":"litellm","version":"1.2.3","licence":"MIT"}
],
"models":[
{"provider":"alibaba","model":"qwen-y","src":"l","prices":[{"in":"1","long":[{"above":32000,"in":"2"}]}]},
{"provider":"cohere","model":"rerank-z","src":"l","prices":[{"in":"0","request":"2"}]},
{"provider":"deepseek","model":"deepseek-x","src":"g","prices":[{"in":"0.1"},{"from":"2026-01-02","in":"0.15"},{"from":"2026-01-02","hours":"01:00-04:30","in":"0.3"}]},
{"provider":"openai","model":"dall-e","src":"l","prices":[{"image":"0.04"}]},
{"provider":"openai","model":"gpt-a","names":["gpt-a-2025-01-01"],"src":"gl","prices":[{"in":"2","out":"8"},{"from":"2025-03-01","in":"1","out":"8","long":[{"above":200000,"in":"2"}]},{"from":"2025-06-01","in":"1","out":"8","read":"0.1","long":[{"above":200000,"in":"2"}],"tiers":{"batch":{"in":"0.5"},"flex":{"in":"0.6"}}}]},
{"provider":"openai","model":"gpt-b","names":["gpt-b-again"],"src":"g","prices":[{"in":"3","out":"9"}]},
{"provider":"openai","model":"gpt-b-mini","src":"l","prices":[{"in":"1","out":"2"}]},
{"provider":"openai","model":"gpt-c:free","src":"g","free":true,"prices":[{"in":"0","out":"0"}]},
{"provider":"openai","model":"whisper-w","src":"l","prices":[{"audio_hour":"0.36"}]}
]
}
"#;
    assert_eq!(table, expected);
}

#[test]
fn what_differs_and_what_is_left_out_is_reported() {
    let (_, report) = converted();
    for line in [
        "openai/gpt-b: in 3 or 4; dated taken",
        "openai/gpt-b-mini (not gpt-b)",
        "ollama-like: no rates, or all of them 0",
        "provider unknown",
        "rate storage_searches_kcount",
        "models: 9, both lists agree on 2",
    ] {
        assert!(report.contains(line), "{line:?} is missing in\n{report}");
    }
}

#[test]
fn a_list_that_cannot_be_read_names_its_file() {
    let good = package(FLAT_PACKAGE, FLAT);
    let error = convert(&package(DATED_PACKAGE, "providers = 3"), &good, "2026-02-01").unwrap_err();
    assert!(format!("{error:#}").contains(DATED_FILE), "{error:#}");
    let good = package(DATED_PACKAGE, DATED);
    let error = convert(&good, &package(FLAT_PACKAGE, "{"), "2026-02-01").unwrap_err();
    assert!(format!("{error:#}").contains(FLAT_FILE), "{error:#}");
}
