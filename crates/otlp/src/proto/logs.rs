//! `opentelemetry.proto.logs.v1` and its request.

use super::Kind::{Enum, Fixed32, Fixed64, Id, Message as Sub, String, Uint32};
use super::common::{ANY_VALUE, KEY_VALUE, RESOURCE, SCOPE};
use super::{Field, Message, Rule, message};

message! {
    REQUEST {
        1 resource_logs resourceLogs: Sub(&RESOURCE_LOGS), Repeated;
    }
    RESOURCE_LOGS {
        1 resource resource: Sub(&RESOURCE), Explicit;
        2 scope_logs scopeLogs: Sub(&SCOPE_LOGS), Repeated;
        3 schema_url schemaUrl: String, Plain;
    }
    SCOPE_LOGS {
        1 scope scope: Sub(&SCOPE), Explicit;
        2 log_records logRecords: Sub(&LOG_RECORD), Repeated;
        3 schema_url schemaUrl: String, Plain;
    }
    LOG_RECORD {
        1 time_unix_nano timeUnixNano: Fixed64, Plain;
        2 severity_number severityNumber: Enum, Plain;
        3 severity_text severityText: String, Plain;
        5 body body: Sub(&ANY_VALUE), Explicit;
        6 attributes attributes: Sub(&KEY_VALUE), Repeated;
        7 dropped_attributes_count droppedAttributesCount: Uint32, Plain;
        8 flags flags: Fixed32, Plain;
        9 trace_id traceId: Id, Plain;
        10 span_id spanId: Id, Plain;
        11 observed_time_unix_nano observedTimeUnixNano: Fixed64, Plain;
        12 event_name eventName: String, Plain;
    }
}
