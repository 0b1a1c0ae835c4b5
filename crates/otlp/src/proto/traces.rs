//! `opentelemetry.proto.trace.v1` and its request.

use super::Kind::{Enum, Fixed32, Fixed64, Id, Message as Sub, String, Uint32};
use super::common::{KEY_VALUE, RESOURCE, SCOPE};
use super::{Field, Message, Rule, message};

message! {
    REQUEST {
        1 resource_spans resourceSpans: Sub(&RESOURCE_SPANS), Repeated;
    }
    RESOURCE_SPANS {
        1 resource resource: Sub(&RESOURCE), Explicit;
        2 scope_spans scopeSpans: Sub(&SCOPE_SPANS), Repeated;
        3 schema_url schemaUrl: String, Plain;
    }
    SCOPE_SPANS {
        1 scope scope: Sub(&SCOPE), Explicit;
        2 spans spans: Sub(&SPAN), Repeated;
        3 schema_url schemaUrl: String, Plain;
    }
    SPAN {
        1 trace_id traceId: Id, Plain;
        2 span_id spanId: Id, Plain;
        3 trace_state traceState: String, Plain;
        4 parent_span_id parentSpanId: Id, Plain;
        5 name name: String, Plain;
        6 kind kind: Enum, Plain;
        7 start_time_unix_nano startTimeUnixNano: Fixed64, Plain;
        8 end_time_unix_nano endTimeUnixNano: Fixed64, Plain;
        9 attributes attributes: Sub(&KEY_VALUE), Repeated;
        10 dropped_attributes_count droppedAttributesCount: Uint32, Plain;
        11 events events: Sub(&EVENT), Repeated;
        12 dropped_events_count droppedEventsCount: Uint32, Plain;
        13 links links: Sub(&LINK), Repeated;
        14 dropped_links_count droppedLinksCount: Uint32, Plain;
        15 status status: Sub(&STATUS), Explicit;
        16 flags flags: Fixed32, Plain;
    }
    EVENT {
        1 time_unix_nano timeUnixNano: Fixed64, Plain;
        2 name name: String, Plain;
        3 attributes attributes: Sub(&KEY_VALUE), Repeated;
        4 dropped_attributes_count droppedAttributesCount: Uint32, Plain;
    }
    LINK {
        1 trace_id traceId: Id, Plain;
        2 span_id spanId: Id, Plain;
        3 trace_state traceState: String, Plain;
        4 attributes attributes: Sub(&KEY_VALUE), Repeated;
        5 dropped_attributes_count droppedAttributesCount: Uint32, Plain;
        6 flags flags: Fixed32, Plain;
    }
    STATUS {
        2 message message: String, Plain;
        3 code code: Enum, Plain;
    }
}
