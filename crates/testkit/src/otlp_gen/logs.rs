//! Log records: lines of services, and events of model calls with a structured body.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};

use super::attributes::{any, int, resource, scope, text};
use super::{OtlpGen, Reference, SCHEMA_URL};

const LEVELS: [(SeverityNumber, &str, f64); 4] = [
    (SeverityNumber::Debug, "DEBUG", 0.15),
    (SeverityNumber::Info, "INFO", 0.75),
    (SeverityNumber::Warn, "WARN", 0.95),
    (SeverityNumber::Error, "ERROR", 1.0),
];

impl OtlpGen {
    pub(super) fn resource_logs(&mut self, records: usize) -> Vec<ResourceLogs> {
        let mut services: BTreeMap<usize, Vec<LogRecord>> = BTreeMap::new();
        for _ in 0..records {
            let (service, record) = self.log_record();
            services.entry(service).or_default().push(record);
        }
        services
            .into_iter()
            .map(|(service, log_records)| ResourceLogs {
                resource: Some(resource(&self.config, service)),
                scope_logs: vec![ScopeLogs {
                    scope: Some(scope("app.logging")),
                    log_records,
                    schema_url: String::new(),
                }],
                schema_url: SCHEMA_URL.into(),
            })
            .collect()
    }

    fn log_record(&mut self) -> (usize, LogRecord) {
        let place = self.rng.index(self.recent.len());
        let about = self.recent.get(place).cloned().unwrap_or_else(|| Reference {
            service: 0,
            trace_id: Vec::new(),
            span_id: Vec::new(),
            time: self.next_start,
        });
        let time = about.time + self.rng.below(50_000_000);
        let dice = self.rng.unit();
        let level = LEVELS.iter().find(|(_, _, upto)| dice < *upto).or(LEVELS.last());
        let (number, name, _) = level.copied().unwrap_or((SeverityNumber::Info, "INFO", 1.0));
        let is_event = self.rng.chance(0.1);
        let (event_name, body) =
            if is_event { ("app.answer.shown", self.event_body()) } else { ("", self.line()) };
        let thread = self.rng.below(32);
        let record = LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: time + 1_000_000,
            severity_number: number.into(),
            severity_text: name.into(),
            body: Some(body),
            attributes: vec![
                text(
                    "code.function.name",
                    format!("shop.handlers.handle_{}", self.words.word(&mut self.rng)),
                ),
                int("code.line.number", self.rng.within(10..=900)),
                int("thread.id", thread),
            ],
            flags: u32::from(!about.trace_id.is_empty()),
            trace_id: about.trace_id,
            span_id: about.span_id,
            event_name: event_name.into(),
            dropped_attributes_count: 0,
        };
        (about.service, record)
    }

    fn line(&mut self) -> AnyValue {
        let mut line = String::new();
        let bytes = usize::try_from(self.rng.within(30..=160)).unwrap_or(30);
        self.words.prose(&mut self.rng, bytes, &mut line);
        any(Value::StringValue(line.trim_end().to_owned()))
    }

    fn event_body(&mut self) -> AnyValue {
        let values = vec![
            text("role", "assistant"),
            text("finish_reason", "stop"),
            int("index", self.rng.below(3)),
        ];
        any(Value::KvlistValue(KeyValueList { values }))
    }
}
