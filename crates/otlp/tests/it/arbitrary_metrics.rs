//! Any metrics request that OTLP can say, over all its fields.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, number_data_point,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::arbitrary::{
    Doubles, attributes, count, double, enumeration, resource, scope, some_id, text, time,
};

fn exemplar(doubles: Doubles) -> impl Strategy<Value = Exemplar> {
    let value = prop_oneof![
        double(doubles).prop_map(exemplar::Value::AsDouble),
        any::<i64>().prop_map(exemplar::Value::AsInt),
    ];
    (attributes(doubles), time(), option::of(value), some_id(8), some_id(16)).prop_map(
        |(filtered_attributes, time_unix_nano, value, span_id, trace_id)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    )
}

fn number_point(doubles: Doubles) -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        double(doubles).prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt),
    ];
    let exemplars = vec(exemplar(doubles), 0..3);
    (attributes(doubles), time(), time(), exemplars, count(), option::of(value)).prop_map(
        |(attributes, start, time, exemplars, flags, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            exemplars,
            flags,
            value,
        },
    )
}

fn histogram_point(doubles: Doubles) -> impl Strategy<Value = HistogramDataPoint> {
    let some = move || option::of(double(doubles));
    let lists = (vec(any::<u64>(), 0..4), vec(double(doubles), 0..4), vec(exemplar(doubles), 0..2));
    let head = (attributes(doubles), time(), time(), any::<u64>(), count());
    (head, (some(), some(), some()), lists).prop_map(|(head, stats, lists)| HistogramDataPoint {
        attributes: head.0,
        start_time_unix_nano: head.1,
        time_unix_nano: head.2,
        count: head.3,
        flags: head.4,
        sum: stats.0,
        min: stats.1,
        max: stats.2,
        bucket_counts: lists.0,
        explicit_bounds: lists.1,
        exemplars: lists.2,
    })
}

fn buckets() -> impl Strategy<Value = Option<Buckets>> {
    let buckets = (any::<i32>(), vec(any::<u64>(), 0..4))
        .prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts });
    option::of(prop_oneof![Just(Buckets::default()), buckets])
}

fn exponential_point(doubles: Doubles) -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let some = move || option::of(double(doubles));
    let head = (attributes(doubles), time(), time(), any::<u64>(), count());
    let zero = (any::<u64>(), prop_oneof![Just(0.0), double(doubles)], any::<i32>());
    let lists = (buckets(), buckets(), vec(exemplar(doubles), 0..2));
    (head, (some(), some(), some()), zero, lists).prop_map(|(head, stats, zero, lists)| {
        ExponentialHistogramDataPoint {
            attributes: head.0,
            start_time_unix_nano: head.1,
            time_unix_nano: head.2,
            count: head.3,
            flags: head.4,
            sum: stats.0,
            min: stats.1,
            max: stats.2,
            zero_count: zero.0,
            zero_threshold: zero.1,
            scale: zero.2,
            positive: lists.0,
            negative: lists.1,
            exemplars: lists.2,
        }
    })
}

fn summary_point(doubles: Doubles) -> impl Strategy<Value = SummaryDataPoint> {
    let quantile = (double(doubles), double(doubles))
        .prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    let head = (attributes(doubles), time(), time(), any::<u64>(), double(doubles), count());
    (head, vec(quantile, 0..4)).prop_map(|(head, quantile_values)| SummaryDataPoint {
        attributes: head.0,
        start_time_unix_nano: head.1,
        time_unix_nano: head.2,
        count: head.3,
        sum: head.4,
        flags: head.5,
        quantile_values,
    })
}

fn data(doubles: Doubles) -> impl Strategy<Value = Data> {
    prop_oneof![
        vec(number_point(doubles), 0..4).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(doubles), 0..4), enumeration(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| Data::Sum(Sum {
                data_points,
                aggregation_temporality,
                is_monotonic,
            })
        ),
        (vec(histogram_point(doubles), 0..4), enumeration()).prop_map(
            |(data_points, aggregation_temporality)| Data::Histogram(Histogram {
                data_points,
                aggregation_temporality,
            })
        ),
        (vec(exponential_point(doubles), 0..4), enumeration()).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::ExponentialHistogram(ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }
        ),
        vec(summary_point(doubles), 0..4)
            .prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
}

pub(crate) fn metrics(doubles: Doubles) -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let metric =
        (text(), text(), text(), attributes(doubles), option::weighted(0.95, data(doubles)))
            .prop_map(|(name, description, unit, metadata, data)| Metric {
                name,
                description,
                unit,
                metadata,
                data,
            });
    let scopes = (scope(doubles), vec(metric, 0..4), text())
        .prop_map(|(scope, metrics, schema_url)| ScopeMetrics { scope, metrics, schema_url });
    let resources = (resource(doubles), vec(scopes, 0..3), text()).prop_map(
        |(resource, scope_metrics, schema_url)| ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        },
    );
    vec(resources, 0..3)
        .prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
