use std::sync::Arc;

use telltale_base::ErrorKind;

use super::*;
use crate::testing::*;

fn request(limit: usize) -> TraceRequest {
    TraceRequest { trace_id: TraceId([1; 16]), detail: Detail::Summary, limit, cursor: None }
}

async fn all(engine: &Engine, limit: usize) -> Vec<SpanView> {
    let mut spans = Vec::new();
    let mut request = request(limit);
    loop {
        let view = engine.trace(&project(), request.clone()).await.unwrap();
        assert!(view.spans.len() <= limit);
        spans.extend(view.spans);
        request.cursor = view.next_cursor;
        if request.cursor.is_none() {
            return spans;
        }
    }
}

fn lines(spans: &[SpanView]) -> Vec<String> {
    spans
        .iter()
        .map(|s| {
            let marks = [(s.orphan, "orphan"), (s.cycle, "cycle"), (s.duplicate, "duplicate")];
            let marks: Vec<&str> = marks.iter().filter(|(on, _)| *on).map(|(_, m)| *m).collect();
            let missing =
                s.missing_parent.as_deref().map_or(String::new(), |m| format!(" {}", short(m)));
            format!(
                "{} {} {}{missing} {}",
                s.depth,
                short(&s.span_id),
                s.child_count,
                marks.join(",")
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

fn messy() -> Vec<Span> {
    vec![
        span(1, 2, 1, 20),
        span(1, 1, 0, 10),
        span(1, 3, 1, 15),
        span(1, 4, 9, 5),
        span(1, 5, 4, 6),
        span(1, 6, 6, 1),
        span(1, 2, 1, 30),
        span(2, 7, 0, 0),
    ]
}

#[tokio::test]
async fn the_tree_is_the_same_in_pages_of_any_size() {
    let expected = [
        "0 01 3",
        "1 03 0",
        "1 02 0",
        "1 02 0 duplicate",
        "0 04 1 09 orphan",
        "1 05 0",
        "0 06 0 cycle",
    ];
    let engine = engine_of(&messy());
    for limit in [1, 2, 3, 7, 100] {
        assert_eq!(lines(&all(&engine, limit).await), expected, "pages of {limit}");
    }
    let view = engine.trace(&project(), request(2)).await.unwrap();
    assert_eq!((view.span_count, view.orphan_count), (7, 1));
    assert_eq!(view.start_unix_nano, T0 + 1_000_000_000);
    assert_eq!(view.duration_ns, 29_001_000_000);
}

#[tokio::test]
async fn full_detail_brings_attributes_as_they_are() {
    let mut one = span(1, 1, 0, 1);
    one.attributes = r#"{"n":9007199254740993,"d":1.0,"s":"x"}"#.into();
    let engine = engine_of(&[one]);
    let full = TraceRequest { detail: Detail::Full, ..request(5) };
    let view = engine.trace(&project(), full).await.unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&view).unwrap());
    let summary = engine.trace(&project(), request(5)).await.unwrap();
    assert!(!serde_json::to_string(&summary).unwrap().contains("attributes"));
}

#[tokio::test]
async fn pages_agree_while_spans_arrive() {
    let source = Arc::new(ByHand::default());
    source.spans(&project(), vec![batch_of(1, &messy())], Vec::new(), []);
    let engine = Engine::new(Arc::clone(&source), config()).unwrap();
    let first = engine.trace(&project(), request(3)).await.unwrap();
    // A new first root would shift everything.
    let more = [span(1, 8, 0, 0), span(1, 9, 8, 1)];
    source.spans(&project(), vec![batch_of(1, &messy()), batch_of(2, &more)], Vec::new(), []);
    let next = TraceRequest { cursor: first.next_cursor, ..request(10) };
    let next = engine.trace(&project(), next).await.unwrap();
    assert_eq!(
        lines(&next.spans),
        ["1 02 0 duplicate", "0 04 1 09 orphan", "1 05 0", "0 06 0 cycle"]
    );
    assert_eq!(engine.trace(&project(), request(3)).await.unwrap().span_count, 9);
}

#[tokio::test]
async fn errors_say_what_is_wrong() {
    let mut config = config();
    config.trace_spans_max = 7;
    let source = ByHand::default();
    source.spans(&project(), vec![batch_of(1, &messy())], Vec::new(), []);
    let engine = Engine::new(Arc::new(source), config).unwrap();
    engine.trace(&project(), request(1)).await.unwrap();
    let check = async |request: TraceRequest, kind: ErrorKind, message: &str| {
        let error = engine.trace(&project(), request).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    };
    let missing = TraceRequest { trace_id: TraceId([5; 16]), ..request(1) };
    let message = format!("there is no trace {} in this project", "05".repeat(16));
    check(missing, ErrorKind::NotFound, &message).await;
    check(request(0), ErrorKind::Invalid, "limit must be from 1 to 5000").await;
    check(request(5001), ErrorKind::Invalid, "limit must be from 1 to 5000").await;
    for cursor in ["", "1", "a.b", "1.2.3", "-1.5"] {
        let foreign = TraceRequest { cursor: Some(cursor.into()), ..request(1) };
        check(foreign, ErrorKind::Invalid, "the cursor is not one that this server returned").await;
    }
    let mut small = self::config();
    small.trace_spans_max = 6;
    let source = ByHand::default();
    source.spans(&project(), vec![batch_of(1, &messy())], Vec::new(), []);
    let engine = Engine::new(Arc::new(source), small).unwrap();
    let error = engine.trace(&project(), request(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the trace has more than 6 spans");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

fn config() -> crate::QueryConfig {
    crate::testing::config()
}
