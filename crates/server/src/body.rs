//! Reads a request's body, never holding more of it than allowed and never waiting for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use crate::fault::{Fault, Reason};

/// What one body may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) bytes_max: usize,
    pub(crate) idle: Duration,
    pub(crate) total: Duration,
}

/// Bytes of all bodies together. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    used: Arc<AtomicUsize>,
    max: usize,
}

/// A share of `InFlight`, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: InFlight,
    bytes: usize,
}

impl InFlight {
    pub(crate) fn new(max: usize) -> Self {
        Self { used: Arc::default(), max }
    }

    pub(crate) fn share(&self) -> Share {
        Share { of: self.clone(), bytes: 0 }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Takes `bytes` more, or says that the client must come back.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Fault> {
        let max = self.of.max;
        let taken = self.of.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|sum| *sum <= max)
        });
        if taken.is_err() {
            let detail = format!("{max} bytes of exports are being received already");
            return Err(Fault::new(Reason::Busy, detail));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a whole body.
pub(crate) async fn read<B>(
    mut body: B,
    limits: BodyLimits,
    share: &mut Share,
) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let announced = body.size_hint();
    let limit = u64::try_from(limits.bytes_max).unwrap_or(u64::MAX);
    if announced.lower() > limit {
        return Err(too_large(limits.bytes_max));
    }
    let deadline = Instant::now() + limits.total;
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let frame = timeout(limits.idle.min(left), body.frame()).await;
        let frame = frame.map_err(|_| slow(limits))?;
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| Fault::invalid(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        let so_far = whole.len() + first.as_ref().map_or(0, Bytes::len);
        if so_far.saturating_add(data.len()) > limits.bytes_max {
            return Err(too_large(limits.bytes_max));
        }
        share.grow(data.len())?;
        // A body in one piece, which most are, is passed on without a copy.
        match (first.take(), whole.is_empty()) {
            (None, true) => first = Some(data),
            (Some(piece), _) => {
                let announced = usize::try_from(announced.lower()).unwrap_or(0);
                whole.reserve(announced.min(limits.bytes_max).max(piece.len() + data.len()));
                whole.extend_from_slice(&piece);
                whole.extend_from_slice(&data);
            }
            (None, false) => whole.extend_from_slice(&data),
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

fn too_large(limit: usize) -> Fault {
    Fault::new(Reason::TooLarge, format!("the body is larger than {limit} bytes"))
}

fn slow(limits: BodyLimits) -> Fault {
    let (idle, total) = (limits.idle.as_secs_f32(), limits.total.as_secs_f32());
    let detail = format!("nothing of the body came for {idle} s, or all of it took {total} s");
    Fault::new(Reason::SlowBody, detail)
}

#[cfg(test)]
mod tests;
