//! Query strings in, values or reasons out.

use telltale_base::UnixNanos;

use super::Params;

fn params(query: &str) -> Params {
    Params::parse(Some(query), &["a", "limit", "from"]).unwrap()
}

#[test]
fn a_misspelt_parameter_is_named() {
    let fault = Params::parse(Some("servcie=x"), &["service", "limit"]).unwrap_err();
    assert!(fault.detail.contains("\"servcie\""), "{}", fault.detail);
    assert!(fault.detail.contains("service, limit"), "{}", fault.detail);
}

#[test]
fn one_means_at_most_one() {
    assert_eq!(params("a=x%20y").one("a").unwrap().as_deref(), Some("x y"));
    assert_eq!(params("a=").one("a").unwrap(), None);
    assert_eq!(params("").one("a").unwrap(), None);
    assert!(params("a=1&a=2").one("a").is_err());
    assert_eq!(params("a=1&a=2").all("a"), ["1", "2"]);
}

#[test]
fn limits_hold_at_their_edges() {
    for (query, expect) in [("", Some(20)), ("limit=1", Some(1)), ("limit=50", Some(50))] {
        assert_eq!(params(query).limit(20, 50).ok(), expect, "{query}");
    }
    for query in ["limit=0", "limit=51", "limit=x", "limit=-1"] {
        assert!(params(query).limit(20, 50).is_err(), "{query}");
    }
}

#[test]
fn times_come_in_two_forms() {
    let time = |text: &str| params(&format!("from={text}")).time("from").ok().flatten();
    assert_eq!(time("1700000000000000001"), Some(UnixNanos(1_700_000_000_000_000_001)));
    let expect = Some(UnixNanos(1_700_000_000_000_000_000));
    assert_eq!(time("2023-11-14T22:13:20Z"), expect);
    assert_eq!(time("2023-11-14T23:13:20+01:00"), expect);
    assert_eq!(time("2023-11-14T23:13:20%2B01:00"), expect);
    for wrong in ["yesterday", "2023-11-14", "1e18"] {
        assert!(params(&format!("from={wrong}")).time("from").is_err(), "{wrong}");
    }
}
