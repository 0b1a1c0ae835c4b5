//! What a record may hold at most. A record over a limit is refused whole, with the limit's name;
//! nothing is ever cut.

use telltale_schema::RECORD_ORDINAL_BITS;

/// Deepest nesting that is decoded whatever the configuration says: it bounds the stack.
pub(crate) const DEPTH_CEILING: usize = 100;

/// Largest record that is decoded whatever the configuration says: text columns address their
/// data with 32 bits, and JSON escapes can make a value six times as long.
pub(crate) const RECORD_CEILING: usize = 256 << 20;

/// Limits on one record: a span, a log record, a metric data point. They hold for the resource and
/// the scope above it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attributes in one list: a record's own, one event's, one nested map's.
    pub attributes_max: usize,
    /// Bytes of an attribute key, at any depth.
    pub key_bytes_max: usize,
    /// Bytes of one attribute's value, or of a log body, as encoded.
    pub value_bytes_max: usize,
    /// Arrays and maps inside each other in one value; at most 100.
    pub depth_max: usize,
    /// Events of a span.
    pub events_max: usize,
    /// Links of a span.
    pub links_max: usize,
    /// Exemplars of a data point.
    pub exemplars_max: usize,
    /// Bytes of a resource, of a scope, and of what a metric says of itself, as encoded. They
    /// stand in each row below them.
    pub around_bytes_max: usize,
    /// Records of one export; at most 2^24, which is what a record's identity has room for.
    pub records_max: usize,
    /// Bytes of one record as encoded; at most 256 MiB.
    pub record_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attributes_max: 16_384,
            key_bytes_max: 4_096,
            value_bytes_max: 16 << 20,
            depth_max: 32,
            events_max: 65_536,
            links_max: 65_536,
            exemplars_max: 65_536,
            around_bytes_max: 1 << 20,
            records_max: 1 << 20,
            record_bytes_max: 32 << 20,
        }
    }
}

impl Limits {
    /// Nothing is refused but what cannot be represented: for records that were admitted before.
    #[must_use]
    pub fn none() -> Self {
        Self {
            attributes_max: usize::MAX,
            key_bytes_max: usize::MAX,
            value_bytes_max: usize::MAX,
            depth_max: usize::MAX,
            events_max: usize::MAX,
            links_max: usize::MAX,
            exemplars_max: usize::MAX,
            around_bytes_max: usize::MAX,
            records_max: usize::MAX,
            record_bytes_max: usize::MAX,
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth_max.min(DEPTH_CEILING)
    }

    pub(crate) fn records(&self) -> u64 {
        (self.records_max as u64).min(1 << RECORD_ORDINAL_BITS)
    }

    pub(crate) fn record_bytes(&self) -> usize {
        self.record_bytes_max.min(RECORD_CEILING)
    }
}
