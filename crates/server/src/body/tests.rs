//! Limits of a body at their edges.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;

use super::{BodyLimits, InFlight, read};
use crate::fault::Reason;

const LIMITS: BodyLimits = BodyLimits {
    bytes_max: 8,
    idle: Duration::from_millis(500),
    total: Duration::from_millis(1200),
};

async fn check(pieces: &[&'static str], in_flight: &InFlight) -> Result<Bytes, Reason> {
    let frames: Vec<_> = pieces
        .iter()
        .map(|p| Ok::<_, Infallible>(Frame::data(Bytes::from_static(p.as_bytes()))))
        .collect();
    let mut share = in_flight.share();
    let body = StreamBody::new(stream::iter(frames));
    read(body, LIMITS, &mut share).await.map_err(|fault| fault.reason)
}

#[tokio::test]
async fn pieces_are_put_together_up_to_the_limit() {
    let in_flight = InFlight::new(100);
    for (pieces, expect) in [
        (&[][..], Ok("")),
        (&["abc"][..], Ok("abc")),
        (&["abc", "", "d", "efgh"][..], Ok("abcdefgh")),
        (&["abcdefgh"][..], Ok("abcdefgh")),
        (&["abcdefghi"][..], Err(Reason::TooLarge)),
        (&["abcdefgh", "i"][..], Err(Reason::TooLarge)),
    ] {
        assert_eq!(check(pieces, &in_flight).await, expect.map(Bytes::from), "{pieces:?}");
    }
    assert_eq!(in_flight.used(), 0);
}

#[tokio::test]
async fn all_bodies_together_have_a_limit() {
    let in_flight = InFlight::new(10);
    let mut other = in_flight.share();
    other.grow(5).unwrap();
    assert_eq!(check(&["abc", "de"], &in_flight).await, Ok(Bytes::from("abcde")));
    assert_eq!(check(&["abc", "def"], &in_flight).await, Err(Reason::Busy));
    drop(other);
    assert_eq!(check(&["abc", "def"], &in_flight).await, Ok(Bytes::from("abcdef")));
}

#[tokio::test]
async fn a_body_that_stalls_or_trickles_is_given_up() {
    let in_flight = InFlight::new(100);
    for (pause, expect) in [
        (Duration::from_millis(700), Err(Reason::SlowBody)),
        (Duration::from_millis(350), Err(Reason::SlowBody)),
        (Duration::from_millis(1), Ok(Bytes::from("xxxxx"))),
    ] {
        let frames = stream::iter(0..5).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x")))
        });
        let mut share = in_flight.share();
        let body = StreamBody::new(Box::pin(frames));
        let result = read(body, LIMITS, &mut share).await.map_err(|fault| fault.reason);
        assert_eq!(result, expect, "{pause:?}");
    }
}
