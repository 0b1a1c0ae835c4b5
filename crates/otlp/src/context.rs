//! What decoding needs to know beside the bytes: when they arrived and what may be kept. Decoding
//! is a pure function of both, so that a replay gives the same rows.

use std::sync::Arc;
use std::time::Duration;

use telltale_base::UnixNanos;
use telltale_genai::Rules;

use crate::limits::Limits;

/// How far ahead of its arrival a record's own time is believed.
const AHEAD_MAX: Duration = Duration::from_hours(24);

/// What decoding needs to know beside the bytes.
#[derive(Clone, Debug)]
pub struct Context {
    /// When the export arrived.
    pub arrival: UnixNanos,
    /// How long records are kept; `None` keeps them for ever.
    pub retention: Option<Duration>,
    /// What a record may hold.
    pub limits: Limits,
    /// The dialects of AI telemetry.
    pub rules: Arc<Rules>,
}

/// Chooses the partition of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    earliest: i64,
    latest: i64,
    arrival: UnixNanos,
}

/// A record's partition: the day, and `arrival` when it is not the record's own.
pub(crate) type Partition = (i32, Option<&'static str>);

impl Days {
    pub(crate) fn new(context: &Context) -> Self {
        let arrival = context.arrival;
        Self {
            earliest: context.retention.map_or(i64::MIN, |kept| arrival.minus(kept).0),
            latest: arrival.plus(AHEAD_MAX).0,
            arrival,
        }
    }

    /// The partition of a record of this time. Zero is OTLP's "not said", never the year 1970.
    pub(crate) fn partition(&self, unix_nano: u64) -> Partition {
        let own = i64::try_from(unix_nano)
            .ok()
            .filter(|t| *t != 0 && (self.earliest..=self.latest).contains(t));
        match own {
            Some(time) => (UnixNanos(time).day(), None),
            None => (self.arrival.day(), Some("arrival")),
        }
    }

    pub(crate) fn arrival_nanos(&self) -> u64 {
        u64::try_from(self.arrival.0).unwrap_or(0)
    }
}

/// The partition that a record of this time goes to, days since 1970, and `arrival` when that is
/// not the record's own day.
pub fn partition(context: &Context, unix_nano: u64) -> (i32, Option<&'static str>) {
    Days::new(context).partition(unix_nano)
}

/// Microseconds of an OTLP time; times beyond 2262 fit too.
pub(crate) fn micros(unix_nano: u64) -> i64 {
    (unix_nano / 1_000).cast_signed()
}

#[cfg(test)]
mod tests;
