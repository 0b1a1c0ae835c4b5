//! What a request says, record by record, whatever its grouping and order: each record as bytes
//! together with its resource and scope, sorted. Bytes, because NaN equals NaN there.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, Gauge, Histogram, Metric, Sum, Summary,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Status;
use prost::Message;
use telltale_base::Signal;

pub(crate) type Records = Vec<Vec<Vec<u8>>>;

/// The records of a body of this signal.
pub(crate) fn records(signal: Signal, body: &[u8]) -> Records {
    match signal {
        Signal::Traces => traces(ExportTraceServiceRequest::decode(body).unwrap()),
        Signal::Logs => logs(ExportLogsServiceRequest::decode(body).unwrap()),
        Signal::Metrics => metrics(ExportMetricsServiceRequest::decode(body).unwrap()),
    }
}

/// An absent resource or scope says what an empty one says; entities are not kept in columns.
fn around(
    resource: Option<Resource>,
    resource_url: &str,
    scope: Option<InstrumentationScope>,
    scope_url: &str,
) -> Vec<Vec<u8>> {
    let mut resource = resource.unwrap_or_default();
    resource.entity_refs.clear();
    vec![
        resource.encode_to_vec(),
        resource_url.as_bytes().to_vec(),
        scope.unwrap_or_default().encode_to_vec(),
        scope_url.as_bytes().to_vec(),
    ]
}

pub(crate) fn traces(request: ExportTraceServiceRequest) -> Records {
    let mut records = Records::new();
    for group in request.resource_spans {
        for scope in group.scope_spans {
            let around =
                around(group.resource.clone(), &group.schema_url, scope.scope, &scope.schema_url);
            for mut span in scope.spans {
                span.status = span.status.filter(|status| *status != Status::default());
                if span.parent_span_id.iter().all(|byte| *byte == 0) {
                    span.parent_span_id.clear();
                }
                let record = vec![span.encode_to_vec()];
                records.push(around.iter().cloned().chain(record).collect());
            }
        }
    }
    records.sort();
    records
}

pub(crate) fn logs(request: ExportLogsServiceRequest) -> Records {
    let mut records = Records::new();
    for group in request.resource_logs {
        for scope in group.scope_logs {
            let around =
                around(group.resource.clone(), &group.schema_url, scope.scope, &scope.schema_url);
            for mut log in scope.log_records {
                for id in [&mut log.trace_id, &mut log.span_id] {
                    if id.iter().all(|byte| *byte == 0) {
                        id.clear();
                    }
                }
                let record = vec![log.encode_to_vec()];
                records.push(around.iter().cloned().chain(record).collect());
            }
        }
    }
    records.sort();
    records
}

pub(crate) fn metrics(request: ExportMetricsServiceRequest) -> Records {
    let mut records = Records::new();
    for group in request.resource_metrics {
        for scope in group.scope_metrics {
            let around =
                around(group.resource.clone(), &group.schema_url, scope.scope, &scope.schema_url);
            for metric in scope.metrics {
                for one in single_points(metric) {
                    let record = vec![one.encode_to_vec()];
                    records.push(around.iter().cloned().chain(record).collect());
                }
            }
        }
    }
    records.sort();
    records
}

/// A metric of one point for each point of a metric.
fn single_points(metric: Metric) -> Vec<Metric> {
    let Metric { name, description, unit, metadata, data } = metric;
    let datas: Vec<Data> = match data {
        None => Vec::new(),
        Some(Data::Gauge(all)) => all
            .data_points
            .into_iter()
            .map(|point| Data::Gauge(Gauge { data_points: vec![point] }))
            .collect(),
        Some(Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })) => data_points
            .into_iter()
            .map(|point| {
                Data::Sum(Sum { data_points: vec![point], aggregation_temporality, is_monotonic })
            })
            .collect(),
        Some(Data::Histogram(Histogram { data_points, aggregation_temporality })) => data_points
            .into_iter()
            .map(|point| {
                Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality })
            })
            .collect(),
        Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points,
            aggregation_temporality,
        })) => data_points
            .into_iter()
            .map(|point| {
                Data::ExponentialHistogram(ExponentialHistogram {
                    data_points: vec![point],
                    aggregation_temporality,
                })
            })
            .collect(),
        Some(Data::Summary(all)) => all
            .data_points
            .into_iter()
            .map(|point| Data::Summary(Summary { data_points: vec![point] }))
            .collect(),
    };
    let with = |data| Metric {
        name: name.clone(),
        description: description.clone(),
        unit: unit.clone(),
        metadata: metadata.clone(),
        data: Some(data),
    };
    datas.into_iter().map(with).collect()
}
