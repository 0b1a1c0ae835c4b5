//! `opentelemetry.proto.metrics.v1` and its request.

use super::Kind::{
    Bool, Double, Enum, Fixed64, Id, Message as Sub, Sfixed64, Sint32, String, Uint32, Uint64,
};
use super::common::{KEY_VALUE, RESOURCE, SCOPE};
use super::{Field, Message, Rule, message};

message! {
    REQUEST {
        1 resource_metrics resourceMetrics: Sub(&RESOURCE_METRICS), Repeated;
    }
    RESOURCE_METRICS {
        1 resource resource: Sub(&RESOURCE), Explicit;
        2 scope_metrics scopeMetrics: Sub(&SCOPE_METRICS), Repeated;
        3 schema_url schemaUrl: String, Plain;
    }
    SCOPE_METRICS {
        1 scope scope: Sub(&SCOPE), Explicit;
        2 metrics metrics: Sub(&METRIC), Repeated;
        3 schema_url schemaUrl: String, Plain;
    }
    METRIC {
        1 name name: String, Plain;
        2 description description: String, Plain;
        3 unit unit: String, Plain;
        5 gauge gauge: Sub(&GAUGE), Explicit;
        7 sum sum: Sub(&SUM), Explicit;
        9 histogram histogram: Sub(&HISTOGRAM), Explicit;
        10 exponential_histogram exponentialHistogram: Sub(&EXPONENTIAL_HISTOGRAM), Explicit;
        11 summary summary: Sub(&SUMMARY), Explicit;
        12 metadata metadata: Sub(&KEY_VALUE), Repeated;
    }
    GAUGE {
        1 data_points dataPoints: Sub(&NUMBER_POINT), Repeated;
    }
    SUM {
        1 data_points dataPoints: Sub(&NUMBER_POINT), Repeated;
        2 aggregation_temporality aggregationTemporality: Enum, Plain;
        3 is_monotonic isMonotonic: Bool, Plain;
    }
    HISTOGRAM {
        1 data_points dataPoints: Sub(&HISTOGRAM_POINT), Repeated;
        2 aggregation_temporality aggregationTemporality: Enum, Plain;
    }
    EXPONENTIAL_HISTOGRAM {
        1 data_points dataPoints: Sub(&EXPONENTIAL_POINT), Repeated;
        2 aggregation_temporality aggregationTemporality: Enum, Plain;
    }
    SUMMARY {
        1 data_points dataPoints: Sub(&SUMMARY_POINT), Repeated;
    }
    NUMBER_POINT {
        2 start_time_unix_nano startTimeUnixNano: Fixed64, Plain;
        3 time_unix_nano timeUnixNano: Fixed64, Plain;
        4 as_double asDouble: Double, Explicit;
        5 exemplars exemplars: Sub(&EXEMPLAR), Repeated;
        6 as_int asInt: Sfixed64, Explicit;
        7 attributes attributes: Sub(&KEY_VALUE), Repeated;
        8 flags flags: Uint32, Plain;
    }
    HISTOGRAM_POINT {
        2 start_time_unix_nano startTimeUnixNano: Fixed64, Plain;
        3 time_unix_nano timeUnixNano: Fixed64, Plain;
        4 count count: Fixed64, Plain;
        5 sum sum: Double, Explicit;
        6 bucket_counts bucketCounts: Fixed64, Repeated;
        7 explicit_bounds explicitBounds: Double, Repeated;
        8 exemplars exemplars: Sub(&EXEMPLAR), Repeated;
        9 attributes attributes: Sub(&KEY_VALUE), Repeated;
        10 flags flags: Uint32, Plain;
        11 min min: Double, Explicit;
        12 max max: Double, Explicit;
    }
    EXPONENTIAL_POINT {
        1 attributes attributes: Sub(&KEY_VALUE), Repeated;
        2 start_time_unix_nano startTimeUnixNano: Fixed64, Plain;
        3 time_unix_nano timeUnixNano: Fixed64, Plain;
        4 count count: Fixed64, Plain;
        5 sum sum: Double, Explicit;
        6 scale scale: Sint32, Plain;
        7 zero_count zeroCount: Fixed64, Plain;
        8 positive positive: Sub(&BUCKETS), Explicit;
        9 negative negative: Sub(&BUCKETS), Explicit;
        10 flags flags: Uint32, Plain;
        11 exemplars exemplars: Sub(&EXEMPLAR), Repeated;
        12 min min: Double, Explicit;
        13 max max: Double, Explicit;
        14 zero_threshold zeroThreshold: Double, Plain;
    }
    BUCKETS {
        1 offset offset: Sint32, Plain;
        2 bucket_counts bucketCounts: Uint64, Repeated;
    }
    SUMMARY_POINT {
        2 start_time_unix_nano startTimeUnixNano: Fixed64, Plain;
        3 time_unix_nano timeUnixNano: Fixed64, Plain;
        4 count count: Fixed64, Plain;
        5 sum sum: Double, Plain;
        6 quantile_values quantileValues: Sub(&QUANTILE_VALUE), Repeated;
        7 attributes attributes: Sub(&KEY_VALUE), Repeated;
        8 flags flags: Uint32, Plain;
    }
    QUANTILE_VALUE {
        1 quantile quantile: Double, Plain;
        2 value value: Double, Plain;
    }
    EXEMPLAR {
        2 time_unix_nano timeUnixNano: Fixed64, Plain;
        3 as_double asDouble: Double, Explicit;
        4 span_id spanId: Id, Plain;
        5 trace_id traceId: Id, Plain;
        6 as_int asInt: Sfixed64, Explicit;
        7 filtered_attributes filteredAttributes: Sub(&KEY_VALUE), Repeated;
    }
}
