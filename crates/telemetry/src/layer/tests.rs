use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::{Counts, Sink, SinkError, continue_trace};

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<Span>>);

#[async_trait]
impl Sink for Kept {
    async fn export(&self, body: Bytes) -> Result<u64, SinkError> {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|r| r.scope_spans);
        self.0.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(0)
    }
}

/// What arrives of the spans that `code` makes.
async fn check(sampling: Sampling, code: impl FnOnce()) -> (Vec<Span>, Counts) {
    let resource = Resource { service: "telltale", version: "1.2.3" };
    let counters = Counters::default();
    let limits = Limits { queue_spans_max: 4, ..Limits::default() };
    let (layer, spans) = traces(&resource, sampling, limits, counters.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, code);
    let (kept, stop) = (Arc::new(Kept::default()), CancellationToken::new());
    stop.cancel();
    spans.run(Arc::clone(&kept) as Arc<dyn Sink>, stop).await;
    let spans = std::mem::take(&mut *kept.0.lock().unwrap());
    (spans, counters.read())
}

fn all() -> Sampling {
    Sampling { ratio: 1.0, own_project: Some("telltale".into()) }
}

#[tokio::test]
async fn a_span_arrives_with_its_parent_and_attributes() {
    let (spans, counts) = check(all(), || {
        let request = info_span!("request", otel.name = "GET /x", otel.kind = "server", rows = 7);
        let _entered = request.enter();
        drop(info_span!("inner"));
        tracing::error!("an event quotes what a user asked: it stays here");
    })
    .await;
    let [inner, request] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((request.name.as_str(), request.kind), ("GET /x", 2));
    assert_eq!((&inner.trace_id, &inner.parent_span_id), (&request.trace_id, &request.span_id));
    assert!(request.parent_span_id.is_empty() && request.events.is_empty());
    let names: Vec<&str> = request.attributes.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(names, ["rows"], "nothing is added by itself");
    let rows = request.attributes[0].value.as_ref().and_then(|value| value.value.as_ref());
    assert_eq!(rows, Some(&Value::IntValue(7)));
    assert_eq!(counts, Counts { exported: 2, dropped: 0 });
}

#[tokio::test]
async fn spans_of_other_crates_are_not_taken() {
    let (spans, _) = check(all(), || {
        drop(info_span!(target: "hyper::client", "connection"));
        drop(info_span!(target: "telltale_query", "query"));
    })
    .await;
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].name, "query");
}

#[tokio::test]
async fn background_work_for_the_own_project_alone_makes_no_span() {
    let (spans, counts) = check(all(), || {
        drop(info_span!("flush", telltale.task = "flush", telltale.project = "telltale"));
        drop(info_span!("flush", telltale.task = "flush", telltale.project = "shop"));
        drop(info_span!("request", telltale.project = "telltale"));
    })
    .await;
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["flush", "request"]);
    assert_eq!(counts.dropped, 0);
}

#[tokio::test]
async fn what_does_not_fit_is_counted() {
    let five = || (0..5).for_each(|_| drop(info_span!("one")));
    let (spans, counts) = check(all(), five).await;
    assert_eq!((spans.len(), counts), (4, Counts { exported: 4, dropped: 1 }));
}

#[tokio::test]
async fn a_caller_decides_over_its_own_trace() {
    const CALLER: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
    let never = || Sampling { ratio: 0.0, own_project: None };
    for (sampling, flags, arrives) in [(all(), "01", 1), (all(), "00", 0), (never(), "01", 1)] {
        let (spans, _) = check(sampling, || {
            let span = info_span!("request");
            continue_trace(&span, &format!("00-{CALLER}-{flags}"), Some("a=b"));
        })
        .await;
        assert_eq!(spans.len(), arrives, "{flags}");
        for span in spans {
            assert_eq!(span.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes());
            assert_eq!(span.parent_span_id, 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
            assert_eq!(span.trace_state, "a=b");
        }
    }
    let (spans, _) = check(never(), || drop(info_span!("request"))).await;
    assert_eq!(spans.len(), 0);
}

#[tokio::test]
async fn headers_that_are_wrong_are_passed_over() {
    let long = "x".repeat(2000);
    for (parent, state) in [("", None), ("00-zz-zz-01", None), ("nonsense", Some(long.as_str()))] {
        let (spans, _) = check(all(), || {
            continue_trace(&info_span!("request"), parent, state);
        })
        .await;
        assert_eq!(spans.len(), 1);
        assert!(spans[0].parent_span_id.is_empty() && spans[0].trace_state.is_empty());
    }
}
