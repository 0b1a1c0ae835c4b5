//! Tests of naming places.

use telltale_base::Signal;

use super::*;
use crate::proto::request;

/// `resource_spans { scope_spans { spans { name: "ab" } spans { name: "cd" } } }`
const BODY: &[u8] =
    &[0x0a, 14, 0x12, 12, 0x12, 4, 0x2a, 2, b'a', b'b', 0x12, 4, 0x2a, 2, b'c', b'd'];

#[test]
fn a_byte_is_named_by_its_path() {
    for (at, expected) in [
        (0, "resource_spans[0]"),
        (3, "resource_spans[0].scope_spans[0]"),
        (8, "resource_spans[0].scope_spans[0].spans[0].name"),
        (14, "resource_spans[0].scope_spans[0].spans[1].name"),
        (99, "the request"),
    ] {
        assert_eq!(path(request(Signal::Traces), BODY, at), expected, "byte {at}");
    }
}

#[test]
fn fields_that_nobody_knows_have_a_number() {
    assert_eq!(path(request(Signal::Traces), &[0x12, 1, 0], 2), "unknown field 2");
}
