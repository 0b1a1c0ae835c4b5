use std::sync::Mutex;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::{Counts, Resource, Sampling, traces};

/// Answers in turn, then takes everything; notes when it was asked.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<Vec<Result<u64, SinkError>>>,
    asked: Mutex<Vec<Instant>>,
    hangs: bool,
}

#[async_trait]
impl Sink for Scripted {
    async fn export(&self, _body: Bytes) -> Result<u64, SinkError> {
        self.asked.lock().unwrap().push(Instant::now());
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.answers.lock().unwrap().pop().unwrap_or(Ok(0))
    }
}

struct Running {
    sink: Arc<Scripted>,
    counters: Counters,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

const RETRY_AFTER: Duration = Duration::from_millis(20);

fn limits() -> Limits {
    Limits {
        gather: Duration::from_millis(1),
        retry_after: RETRY_AFTER,
        stop_grace: Duration::from_millis(100),
        ..Limits::default()
    }
}

/// Three spans and a sink.
fn start(sink: Scripted, limits: Limits) -> Running {
    let counters = Counters::default();
    let resource = Resource { service: "telltale", version: "0" };
    let sampling = Sampling { ratio: 1.0, own_project: None };
    let (layer, spans) = traces(&resource, sampling, limits, counters.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        (0..3).for_each(|_| drop(info_span!("one")));
    });
    let (sink, stop) = (Arc::new(sink), CancellationToken::new());
    let task = tokio::spawn(spans.run(Arc::clone(&sink) as Arc<dyn Sink>, stop.clone()));
    Running { sink, counters, stop, task }
}

fn script(answers: &[Result<u64, SinkError>]) -> Scripted {
    let answers = Mutex::new(answers.iter().rev().cloned().collect());
    Scripted { answers, ..Scripted::default() }
}

fn later() -> Result<u64, SinkError> {
    Err(SinkError::Later("down".into()))
}

impl Running {
    /// Waits until the sink was asked so often.
    async fn asked(&self, times: usize) {
        while self.sink.asked.lock().unwrap().len() < times {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The queue is closed with its three spans in it, so that the worker ends by itself.
async fn check(answers: &[Result<u64, SinkError>], attempts: usize, counts: Counts) -> Running {
    let mut running = start(script(answers), limits());
    (&mut running.task).await.unwrap();
    assert_eq!(running.sink.asked.lock().unwrap().len(), attempts, "{answers:?}");
    assert_eq!(running.counters.read(), counts, "{answers:?}");
    running
}

#[tokio::test]
async fn what_may_be_taken_later_is_tried_again_and_in_the_end_dropped() {
    check(&[], 1, Counts { exported: 3, dropped: 0 }).await;
    check(&[later(), later(), later()], 4, Counts { exported: 3, dropped: 0 }).await;
    check(&[later(), later(), later(), later()], 4, Counts { exported: 0, dropped: 3 }).await;
    let never = Err(SinkError::Never("no".into()));
    check(&[never], 1, Counts { exported: 0, dropped: 3 }).await;
    check(&[Ok(1)], 1, Counts { exported: 2, dropped: 1 }).await;
}

#[tokio::test]
async fn waits_double() {
    let counts = Counts { exported: 3, dropped: 0 };
    let running = check(&[later(), later(), later()], 4, counts).await;
    let asked = running.sink.asked.lock().unwrap().clone();
    for (pair, least) in asked.windows(2).zip([1, 2, 4]) {
        assert!(pair[1] - pair[0] >= RETRY_AFTER * least, "{asked:?}");
    }
}

#[tokio::test]
async fn an_export_holds_no_more_than_its_limit() {
    let mut running = start(Scripted::default(), Limits { export_spans_max: 2, ..limits() });
    (&mut running.task).await.unwrap();
    assert_eq!(running.sink.asked.lock().unwrap().len(), 2);
    assert_eq!(running.counters.read(), Counts { exported: 3, dropped: 0 });
}

#[tokio::test]
async fn stopping_sends_what_waits() {
    let running = start(Scripted::default(), Limits { gather: Duration::MAX / 4, ..limits() });
    running.stop.cancel();
    running.task.await.unwrap();
    assert_eq!(running.counters.read(), Counts { exported: 3, dropped: 0 });
}

#[tokio::test]
async fn a_sink_that_hangs_is_given_up_when_its_time_is_over() {
    let limits = Limits { answer_timeout: Duration::from_millis(1), ..limits() };
    let mut running = start(Scripted { hangs: true, ..Scripted::default() }, limits);
    (&mut running.task).await.unwrap();
    assert_eq!(running.counters.read(), Counts { exported: 0, dropped: 3 });
}

#[tokio::test]
async fn a_sink_that_hangs_does_not_keep_the_process_from_stopping() {
    let running = start(Scripted { hangs: true, ..Scripted::default() }, limits());
    running.asked(1).await;
    running.stop.cancel();
    // Without the grace this would last as long as the answer may take.
    timeout(Duration::from_secs(5), running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_sink_that_fails_does_not_keep_the_process_from_stopping() {
    let limits = Limits { retry_after: Duration::from_hours(1), ..limits() };
    let running = start(script(&vec![later(); 100]), limits);
    running.asked(1).await;
    running.stop.cancel();
    timeout(Duration::from_secs(5), running.task).await.unwrap().unwrap();
    assert_eq!(running.counters.read(), Counts { exported: 0, dropped: 3 });
}
