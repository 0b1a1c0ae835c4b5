//! The text form of a place in a search.

use std::fmt;
use std::str::FromStr;

use telltale_base::TraceId;

use super::Key;
use crate::error::QueryError;

/// The last trace of a page, and the largest record id that the search sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) key: Key,
    pub(super) watermark: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.key.start, self.key.trace_id, self.watermark)
    }
}

impl FromStr for Cursor {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        let mut parts = text.split('.');
        let (Some(start), Some(trace), Some(watermark), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(QueryError::Cursor);
        };
        let int = |text: &str| text.parse::<i64>().map_err(|_| QueryError::Cursor);
        let trace_id = trace.parse::<TraceId>().map_err(|_| QueryError::Cursor)?;
        Ok(Self { key: Key { start: int(start)?, trace_id }, watermark: int(watermark)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let key = Key { start: -5, trace_id: TraceId([7; 16]) };
        let cursor = Cursor { key, watermark: i64::MAX };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
    }

    #[test]
    fn anything_else_is_refused() {
        let id = "07".repeat(16);
        for text in
            ["", "1", "1.2.3", &format!("1.{id}"), &format!("1.{id}.2.3"), &format!("x.{id}.2")]
        {
            assert!(matches!(text.parse::<Cursor>(), Err(QueryError::Cursor)), "{text}");
        }
    }
}
