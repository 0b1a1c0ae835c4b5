//! Accept headers in, forms out.

use http::header::{self, HeaderMap};

use telltale_query::encode::Format;

use super::format;

fn check(accept: &str, expect: Option<Format>) {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, accept.parse().unwrap());
    assert_eq!(format(&headers).ok(), expect, "{accept}");
}

#[test]
fn the_greatest_weight_wins() {
    assert_eq!(format(&HeaderMap::new()).ok(), Some(Format::Json));
    for (accept, expect) in [
        ("", Some(Format::Json)),
        ("*/*", Some(Format::Json)),
        ("application/*", Some(Format::Json)),
        ("text/*", Some(Format::Csv)),
        ("text/csv", Some(Format::Csv)),
        ("TEXT/CSV", Some(Format::Csv)),
        ("application/vnd.apache.arrow.stream", Some(Format::Arrow)),
        ("text/csv;q=0.5, application/json;q=0.4", Some(Format::Csv)),
        ("text/csv, */*;q=0.1", Some(Format::Csv)),
        ("application/json;q=0, */*;q=0.1", Some(Format::Csv)),
        ("text/html, application/json;q=0.9", Some(Format::Json)),
        ("text/html", None),
        ("application/json;q=0", None),
    ] {
        check(accept, expect);
    }
}
