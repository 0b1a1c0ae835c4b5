//! The bodies that 19 real clients of language models exported, byte for byte as they came.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;
use serde_json::Value;
use telltale_base::Signal;

use crate::flatten::records;
use crate::support::{MASKER, admit, context, encode};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/captures")
}

fn manifest() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(folder().join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn signal(file: &str) -> Signal {
    Signal::ALL.into_iter().find(|signal| file.contains(signal.name())).unwrap()
}

fn bodies(client: &str, entry: &Value) -> Vec<(Signal, Bytes)> {
    let files = entry["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
    files
        .map(|file| (signal(file), std::fs::read(folder().join(client).join(file)).unwrap().into()))
        .collect()
}

#[test]
fn all_captures_arrive_whole_and_come_back_equal() {
    let manifest = manifest();
    assert!(manifest.len() >= 19);
    for (client, entry) in &manifest {
        let (mut spans, mut logs, mut names) = (0, 0, BTreeSet::new());
        for (signal, body) in bodies(client, entry) {
            let admitted = admit(signal, body.clone()).unwrap();
            assert_eq!((admitted.rejected, &admitted.reasons), (0, &Vec::new()), "{client}");
            assert_eq!(admitted.body, body);
            match signal {
                Signal::Traces => spans += admitted.accepted,
                Signal::Logs => logs += admitted.accepted,
                Signal::Metrics => names.extend(metric_names(&encode(&admitted))),
            }
            assert_eq!(records(signal, &encode(&admitted)), records(signal, &body), "{client}");
        }
        assert_eq!(entry["spans"].as_u64(), Some(spans), "{client}");
        assert_eq!(entry["logs"].as_u64(), Some(logs), "{client}");
        let listed = entry["metrics"].as_array().unwrap().iter();
        let listed: BTreeSet<_> = listed.map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(listed, names, "{client}");
    }
}

fn metric_names(body: &[u8]) -> Vec<String> {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let scopes = request.resource_metrics.into_iter().flat_map(|group| group.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name).collect()
}

#[test]
fn masking_leaves_ordinary_traffic_alone() {
    for (client, entry) in &manifest() {
        for (signal, body) in bodies(client, entry) {
            let encoding = telltale_otlp::Encoding::Protobuf;
            let admitted =
                telltale_otlp::admit(signal, encoding, body.clone(), &MASKER, &context()).unwrap();
            assert_eq!(admitted.masked, [], "{client}");
            assert_eq!(admitted.body, body, "{client}");
        }
    }
}
