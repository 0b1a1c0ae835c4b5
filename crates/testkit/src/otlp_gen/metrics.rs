//! Metrics of every kind, each a fixed definition with a fixed set of series.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    Summary, SummaryDataPoint, exemplar, number_data_point,
};

use super::attributes::{resource, scope, text};
use super::{OtlpGen, SCHEMA_URL};

/// Name, unit and kind. Their order is the order of points.
const METRICS: [(&str, &str, Kind); 8] = [
    ("gen_ai.client.operation.duration", "s", Kind::Histogram),
    ("gen_ai.client.token.usage", "{token}", Kind::ExponentialHistogram),
    ("http.server.request.count", "{request}", Kind::Cumulative),
    ("shop.orders.created", "{order}", Kind::Delta),
    ("process.memory.usage", "By", Kind::UpDown),
    ("hw.gpu.utilization", "1", Kind::GaugeDouble),
    ("hw.temperature", "Cel", Kind::GaugeInt),
    ("rpc.server.duration", "ms", Kind::Summary),
];
/// Series of each metric.
const SERIES: u64 = 24;
/// Time between two points of a series, ns.
const INTERVAL: u64 = 10_000_000_000;
const BOUNDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Histogram,
    ExponentialHistogram,
    Cumulative,
    Delta,
    UpDown,
    GaugeDouble,
    GaugeInt,
    Summary,
}

/// Which point of which series is generated.
#[derive(Debug)]
struct Point {
    metric: usize,
    series: u64,
    attributes: Vec<KeyValue>,
    start: u64,
    time: u64,
}

impl OtlpGen {
    pub(super) fn resource_metrics(&mut self, points: usize) -> Vec<ResourceMetrics> {
        let mut services: BTreeMap<usize, BTreeMap<usize, Metric>> = BTreeMap::new();
        for _ in 0..points {
            let point = self.next_point();
            let service =
                usize::try_from(point.series).unwrap_or(0) % self.config.services.len().max(1);
            let metric = services.entry(service).or_default().entry(point.metric);
            let data = &mut metric.or_insert_with(|| empty(point.metric)).data;
            self.push(data, point);
        }
        services
            .into_iter()
            .map(|(service, metrics)| ResourceMetrics {
                resource: Some(resource(&self.config, service)),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(scope("app.metrics")),
                    metrics: metrics.into_values().collect(),
                    schema_url: String::new(),
                }],
                schema_url: SCHEMA_URL.into(),
            })
            .collect()
    }

    fn next_point(&mut self) -> Point {
        let number = self.metrics.points;
        self.metrics.points += 1;
        let metrics = METRICS.len() as u64;
        let series = number / metrics % SERIES;
        let round = number / (metrics * SERIES);
        let start = u64::try_from(self.config.start.0).unwrap_or(0);
        let models = self.config.models.len().max(1);
        let model = self.config.models.get(usize::try_from(series).unwrap_or(0) % models);
        Point {
            metric: usize::try_from(number % metrics).unwrap_or(0),
            series,
            attributes: vec![
                text("gen_ai.request.model", model.map(|m| m.name.clone()).unwrap_or_default()),
                text("http.route", format!("/api/v1/resource-{series:02}")),
            ],
            start: start + round * INTERVAL,
            time: start + (round + 1) * INTERVAL,
        }
    }

    fn push(&mut self, data: &mut Option<Data>, point: Point) {
        match data {
            Some(Data::Histogram(h)) => h.data_points.push(self.histogram(point)),
            Some(Data::ExponentialHistogram(h)) => h.data_points.push(self.exponential(point)),
            Some(Data::Sum(s)) => s.data_points.push(self.sum(point, s.aggregation_temporality)),
            Some(Data::Gauge(g)) => g.data_points.push(self.gauge(point)),
            Some(Data::Summary(s)) => s.data_points.push(self.summary(point)),
            None => {}
        }
    }

    fn gauge(&mut self, point: Point) -> NumberDataPoint {
        let is_int = METRICS.get(point.metric).is_some_and(|m| m.2 == Kind::GaugeInt);
        let value = if is_int {
            number_data_point::Value::AsInt(i64::try_from(self.rng.within(35..=88)).unwrap_or(0))
        } else {
            number_data_point::Value::AsDouble(self.rng.unit())
        };
        number(point, Some(value))
    }

    fn sum(&mut self, mut point: Point, temporality: i32) -> NumberDataPoint {
        let grown = self.rng.below(400);
        let is_total = temporality == i32::from(AggregationTemporality::Cumulative);
        let value = if is_total {
            point.start = u64::try_from(self.config.start.0).unwrap_or(0);
            let total = self.metrics.totals.entry((point.metric, point.series)).or_default();
            *total += grown;
            *total
        } else {
            grown
        };
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        number(point, Some(number_data_point::Value::AsInt(value)))
    }

    fn histogram(&mut self, point: Point) -> HistogramDataPoint {
        let mut bucket_counts = vec![0; BOUNDS.len() + 1];
        let (mut sum, mut min, mut max) = (0.0, f64::INFINITY, 0.0_f64);
        let count = self.rng.within(1..=60);
        for _ in 0..count {
            let value = 0.01 * 9000_f64.powf(self.rng.unit() * self.rng.unit());
            let bucket = BOUNDS.partition_point(|bound| *bound < value);
            if let Some(n) = bucket_counts.get_mut(bucket) {
                *n += 1;
            }
            sum += value;
            min = min.min(value);
            max = max.max(value);
        }
        let exemplars = self.exemplar(max, point.time);
        HistogramDataPoint {
            attributes: point.attributes,
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count,
            sum: Some(sum),
            bucket_counts,
            explicit_bounds: BOUNDS.to_vec(),
            exemplars,
            flags: 0,
            min: Some(min),
            max: Some(max),
        }
    }

    fn exponential(&mut self, point: Point) -> ExponentialHistogramDataPoint {
        let bucket_counts: Vec<u64> =
            (0..self.rng.within(4..=30)).map(|_| self.rng.below(9)).collect();
        let zero_count = self.rng.below(3);
        let count = zero_count + bucket_counts.iter().sum::<u64>();
        ExponentialHistogramDataPoint {
            attributes: point.attributes,
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count,
            sum: Some(self.rng.unit() * 100_000.0),
            scale: 3,
            zero_count,
            positive: Some(Buckets { offset: 40, bucket_counts }),
            negative: None,
            flags: 0,
            exemplars: self.exemplar(812.0, point.time),
            min: Some(0.0),
            max: Some(9000.0),
            zero_threshold: 0.0,
        }
    }

    fn summary(&mut self, point: Point) -> SummaryDataPoint {
        let count = self.rng.within(1..=500);
        let median = 1.0 + self.rng.unit() * 20.0;
        let quantile_values = [(0.5, 1.0), (0.9, 2.5), (0.99, 6.0)]
            .map(|(quantile, factor)| ValueAtQuantile { quantile, value: median * factor })
            .to_vec();
        let sum = (0..count).map(|_| median * (0.5 + self.rng.unit())).sum();
        SummaryDataPoint {
            attributes: point.attributes,
            start_time_unix_nano: point.start,
            time_unix_nano: point.time,
            count,
            sum,
            quantile_values,
            flags: 0,
        }
    }

    /// At times a pointer to a span.
    fn exemplar(&mut self, value: f64, time: u64) -> Vec<Exemplar> {
        let place = self.rng.index(self.recent.len());
        let about = self.recent.get(place).cloned();
        about
            .filter(|_| self.rng.chance(0.3))
            .map(|about| Exemplar {
                filtered_attributes: vec![text("user.id", "u17")],
                time_unix_nano: time,
                span_id: about.span_id,
                trace_id: about.trace_id,
                value: Some(exemplar::Value::AsDouble(value)),
            })
            .into_iter()
            .collect()
    }
}

fn number(point: Point, value: Option<number_data_point::Value>) -> NumberDataPoint {
    NumberDataPoint {
        attributes: point.attributes,
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        exemplars: Vec::new(),
        flags: 0,
        value,
    }
}

/// The metric at this place without points.
fn empty(metric: usize) -> Metric {
    let (name, unit, kind) = METRICS.get(metric).copied().unwrap_or(("", "", Kind::GaugeInt));
    let delta = AggregationTemporality::Delta.into();
    let cumulative = AggregationTemporality::Cumulative.into();
    let sum = |aggregation_temporality, is_monotonic| {
        Data::Sum(Sum { data_points: Vec::new(), aggregation_temporality, is_monotonic })
    };
    let data = match kind {
        Kind::Histogram => {
            Data::Histogram(Histogram { data_points: Vec::new(), aggregation_temporality: delta })
        }
        Kind::ExponentialHistogram => Data::ExponentialHistogram(ExponentialHistogram {
            data_points: Vec::new(),
            aggregation_temporality: delta,
        }),
        Kind::Cumulative => sum(cumulative, true),
        Kind::Delta => sum(delta, true),
        Kind::UpDown => sum(cumulative, false),
        Kind::GaugeDouble | Kind::GaugeInt => Data::Gauge(Gauge { data_points: Vec::new() }),
        Kind::Summary => Data::Summary(Summary { data_points: Vec::new() }),
    };
    Metric {
        name: name.into(),
        description: format!("The {name} of the shop."),
        unit: unit.into(),
        metadata: Vec::new(),
        data: Some(data),
    }
}
