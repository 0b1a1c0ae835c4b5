//! The traffic is well-formed, realistic in size and entropy, and the same for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::{GenConfig, Mix, OtlpGen};

fn generator(mix: Mix) -> OtlpGen {
    OtlpGen::new(42, GenConfig { mix, ..GenConfig::default() })
}

fn spans(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|r| r.scope_spans);
    scopes.flat_map(|s| s.spans).collect()
}

fn string<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let value = span.attributes.iter().find(|a| a.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn int(span: &Span, key: &str) -> Option<i64> {
    let value = span.attributes.iter().find(|a| a.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        Value::IntValue(n) => Some(*n),
        _ => None,
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bodies = |seed| {
        let mut generator = OtlpGen::new(seed, GenConfig::default());
        [generator.next_traces(300), generator.next_logs(50), generator.next_metrics(100)]
    };
    assert!(bodies(1) == bodies(1));
    assert!(bodies(1) != bodies(2));
}

#[test]
fn exports_hold_exactly_what_was_asked_for() {
    let mut generator = generator(Mix::Mixed);
    for n in [0, 1, 7, 512] {
        assert_eq!(spans(&generator.next_traces(n)).len(), n);
        let logs = ExportLogsServiceRequest::decode(generator.next_logs(n).as_slice()).unwrap();
        let records = logs.resource_logs.iter().flat_map(|r| &r.scope_logs);
        assert_eq!(records.map(|s| s.log_records.len()).sum::<usize>(), n);
        let metrics =
            ExportMetricsServiceRequest::decode(generator.next_metrics(n).as_slice()).unwrap();
        let metrics =
            metrics.resource_metrics.iter().flat_map(|r| &r.scope_metrics).flat_map(|s| &s.metrics);
        assert_eq!(metrics.map(|m| points(m.data.as_ref().unwrap())).sum::<usize>(), n);
    }
}

fn points(data: &Data) -> usize {
    match data {
        Data::Gauge(d) => d.data_points.len(),
        Data::Sum(d) => d.data_points.len(),
        Data::Histogram(d) => d.data_points.len(),
        Data::ExponentialHistogram(d) => d.data_points.len(),
        Data::Summary(d) => d.data_points.len(),
    }
}

#[test]
fn traces_are_trees_whose_children_lie_within_their_parents() {
    for mix in [Mix::Mixed, Mix::SmallSpans, Mix::LlmSpans] {
        let mut generator = generator(mix);
        let mut traces: BTreeMap<Vec<u8>, Vec<Span>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for _ in 0..200 {
            for span in generator.trace() {
                assert!(ids.insert(span.span.span_id.clone()), "a span id twice");
                assert_eq!((span.span.trace_id.len(), span.span.span_id.len()), (16, 8));
                traces.entry(span.span.trace_id.clone()).or_default().push(span.span);
            }
        }
        assert_eq!(traces.len(), 200);
        for spans in traces.values() {
            assert!((5..=200).contains(&spans.len()), "{mix:?}: {} spans", spans.len());
            assert!(spans.is_sorted_by_key(|s| s.end_time_unix_nano));
            assert_eq!(spans.iter().filter(|s| s.parent_span_id.is_empty()).count(), 1);
            for span in spans {
                assert!(span.start_time_unix_nano < span.end_time_unix_nano);
                let parent = spans.iter().find(|p| p.span_id == span.parent_span_id);
                let Some(parent) = parent else {
                    assert!(span.parent_span_id.is_empty(), "an orphan");
                    continue;
                };
                assert!(parent.start_time_unix_nano <= span.start_time_unix_nano);
                assert!(parent.end_time_unix_nano >= span.end_time_unix_nano);
            }
        }
        let sizes: BTreeSet<usize> = traces.values().map(Vec::len).collect();
        assert!(
            sizes.len() > 20 && sizes.iter().any(|n| *n > 100) && sizes.iter().any(|n| *n < 10)
        );
    }
}

#[test]
fn spans_have_the_sizes_of_real_ones() {
    let average =
        |spans: &[&Span]| spans.iter().map(|s| s.encoded_len()).sum::<usize>() / spans.len();
    let small = spans(&generator(Mix::SmallSpans).next_traces(5000));
    let size = average(&small.iter().collect::<Vec<_>>());
    assert!((330..=470).contains(&size), "a small span has {size} bytes");

    let llm = spans(&generator(Mix::LlmSpans).next_traces(2000));
    let chats: Vec<&Span> =
        llm.iter().filter(|s| string(s, "gen_ai.operation.name") == Some("chat")).collect();
    assert!(chats.len() * 10 > llm.len() * 9);
    let bytes: BTreeSet<usize> = chats.iter().map(|s| s.encoded_len()).collect();
    assert!(bytes.first() > Some(&1700) && bytes.last() < Some(&13_000), "{bytes:?}");
    let size = average(&chats);
    assert!((6000..=8000).contains(&size), "an LLM span has {size} bytes");

    let mixed = spans(&generator(Mix::Mixed).next_traces(5000));
    let chats = mixed.iter().filter(|s| string(s, "gen_ai.operation.name") == Some("chat")).count();
    assert!((500..2000).contains(&chats), "{chats} LLM spans of 5000");
}

#[test]
fn llm_spans_follow_the_conventions() {
    let all = spans(&generator(Mix::Mixed).next_traces(5000));
    let models: BTreeSet<&str> =
        all.iter().filter_map(|s| string(s, "gen_ai.request.model")).collect();
    assert_eq!(models.len(), 6);
    let mut checked = 0;
    for span in all.iter().filter(|s| string(s, "gen_ai.operation.name") == Some("chat")) {
        assert!(span.name.starts_with("chat "));
        assert!(string(span, "gen_ai.provider.name").is_some());
        let input = int(span, "gen_ai.usage.input_tokens").unwrap();
        assert!(
            int(span, "gen_ai.usage.cache_read.input_tokens").is_none_or(|cached| cached <= input)
        );
        let output = int(span, "gen_ai.usage.output_tokens").unwrap();
        assert!(int(span, "gen_ai.usage.reasoning.output_tokens").is_none_or(|r| r <= output));
        for (key, role) in
            [("gen_ai.input.messages", None), ("gen_ai.output.messages", Some("assistant"))]
        {
            let messages: serde_json::Value =
                serde_json::from_str(string(span, key).unwrap()).unwrap();
            let messages = messages.as_array().unwrap();
            assert!(!messages.is_empty());
            assert!(
                messages
                    .iter()
                    .all(|m| m["parts"][0]["content"].as_str().is_some_and(|c| c.len() > 5))
            );
            assert!(role.is_none_or(|role| messages[0]["role"] == role));
        }
        checked += 1;
    }
    assert!(checked > 100);
}

#[test]
fn errors_come_at_the_rate_asked_for() {
    let failed = |error_rate| {
        let config = GenConfig { error_rate, mix: Mix::SmallSpans, ..GenConfig::default() };
        let all = spans(&OtlpGen::new(1, config).next_traces(5000));
        all.iter().filter(|s| s.status.as_ref().is_some_and(|status| status.code == 2)).count()
    };
    assert_eq!(failed(0.0), 0);
    assert!((400..600).contains(&failed(0.1)));
}

#[test]
fn text_compresses_like_prose() {
    let mut ratio = Vec::new();
    for mix in [Mix::LlmSpans, Mix::Mixed] {
        let spans: Vec<String> = spans(&generator(mix).next_traces(400))
            .iter()
            .filter_map(|s| string(s, "gen_ai.output.messages").map(str::to_owned))
            .collect();
        let text = spans.concat();
        let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
        // In tenths.
        ratio.push(text.len() * 10 / packed.len());
    }
    assert!(ratio.iter().all(|r| (20..45).contains(r)), "{ratio:?}");
}

#[test]
fn every_kind_of_metric_occurs_and_adds_up() {
    let mut generator = generator(Mix::Mixed);
    generator.next_traces(100);
    let body = generator.next_metrics(2000);
    let request = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    let metrics = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics);
    let mut kinds = BTreeSet::new();
    let mut exemplars = 0;
    for metric in metrics.flat_map(|s| s.metrics) {
        kinds.insert(match metric.data.as_ref().unwrap() {
            Data::Gauge(_) => "gauge",
            Data::Sum(_) => "sum",
            Data::Histogram(_) => "histogram",
            Data::ExponentialHistogram(_) => "exponential",
            Data::Summary(_) => "summary",
        });
        if let Some(Data::Histogram(h)) = &metric.data {
            for point in &h.data_points {
                assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
                assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
                exemplars += point.exemplars.len();
            }
        }
        if let Some(Data::ExponentialHistogram(h)) = &metric.data {
            for point in &h.data_points {
                let counted = point.positive.as_ref().unwrap().bucket_counts.iter().sum::<u64>();
                assert_eq!(counted + point.zero_count, point.count);
            }
        }
    }
    assert_eq!(kinds.len(), 5);
    assert!(exemplars > 0);
}

#[test]
fn logs_refer_to_spans_that_exist() {
    let mut generator = generator(Mix::Mixed);
    let ids: BTreeSet<Vec<u8>> =
        (0..20).flat_map(|_| generator.trace()).map(|s| s.span.span_id).collect();
    let logs = ExportLogsServiceRequest::decode(generator.next_logs(200).as_slice()).unwrap();
    let records =
        logs.resource_logs.iter().flat_map(|r| &r.scope_logs).flat_map(|s| &s.log_records);
    assert!(records.clone().all(|r| ids.contains(&r.span_id)));
    assert!(records.clone().any(|r| !r.event_name.is_empty()));
    let severities: BTreeSet<i32> = records.map(|r| r.severity_number).collect();
    assert_eq!(severities.len(), 4);
}

#[test]
fn an_empty_configuration_still_works() {
    let config = GenConfig {
        services: Vec::new(),
        models: Vec::new(),
        spans_per_trace: 1..=1,
        llm_bytes: 0..=0,
        traces_per_second: 0.0,
        ..GenConfig::default()
    };
    let mut generator = OtlpGen::new(0, config);
    assert_eq!(spans(&generator.next_traces(20)).len(), 20);
    generator.next_logs(5);
    generator.next_metrics(20);
}
