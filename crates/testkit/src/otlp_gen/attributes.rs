//! Short ways to write OTLP attributes, resources and scopes.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::GenConfig;

pub(super) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

pub(super) fn int(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

pub(super) fn double(key: &str, value: f64) -> KeyValue {
    attribute(key, Value::DoubleValue(value))
}

pub(super) fn boolean(key: &str, value: bool) -> KeyValue {
    attribute(key, Value::BoolValue(value))
}

pub(super) fn texts(key: &str, values: &[&str]) -> KeyValue {
    let values = values.iter().map(|v| any(Value::StringValue((*v).to_owned()))).collect();
    attribute(key, Value::ArrayValue(ArrayValue { values }))
}

pub(super) fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any(value)), key_strindex: 0 }
}

/// What runs the service at this place of the configuration.
pub(super) fn resource(config: &GenConfig, service: usize) -> Resource {
    let name = config.services.get(service).cloned().unwrap_or_default();
    let attributes = vec![
        text("service.name", name.clone()),
        text("service.namespace", "shop"),
        text("service.version", format!("2.{}.1", service + 3)),
        text("service.instance.id", format!("{name}-7c9d6f5b8-{service:05}")),
        text("deployment.environment.name", "production"),
        text("host.name", format!("node-{:02}.eu-west-1.internal", service % 7)),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.version", "1.39.1"),
    ];
    Resource { attributes, dropped_attributes_count: 0, entity_refs: Vec::new() }
}

pub(super) fn scope(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.to_owned(),
        version: "0.60b1".to_owned(),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
    }
}
