//! Headers in, credentials out.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Credentials, SCHEMES, credentials};

fn check(headers: &[(&str, &str)], expect: &Credentials) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    assert_eq!(&credentials(&map), expect, "{headers:?}");
}

#[test]
fn keys_come_in_three_forms() {
    let key = Credentials::Key("tt_a".to_owned());
    check(&[("authorization", "Bearer tt_a")], &key);
    check(&[("authorization", "bearer  tt_a ")], &key);
    check(&[("x-api-key", "tt_a")], &key);
    // Of any user, and of none.
    check(&[("authorization", "Basic dXNlcjp0dF9h")], &key);
    check(&[("authorization", "basic OnR0X2E=")], &key);
}

#[test]
fn the_explicit_stands_before_the_implicit() {
    let cookie = ("cookie", "a=b; telltale_session=s; c=d");
    check(&[cookie], &Credentials::Session("s".to_owned()));
    check(&[cookie, ("x-api-key", "k")], &Credentials::Key("k".to_owned()));
    check(
        &[cookie, ("x-api-key", "k"), ("authorization", "Bearer b")],
        &Credentials::Key("b".to_owned()),
    );
    check(&[("cookie", "xtelltale_session=s")], &Credentials::None);
    check(&[], &Credentials::None);
}

#[test]
fn what_is_malformed_does_not_fall_through_to_the_cookie() {
    let cookie = ("cookie", "telltale_session=s");
    for value in ["tt_a", "Digest x", "Basic ***", "Basic bm9jb2xvbg==", ""] {
        check(&[cookie, ("authorization", value)], &Credentials::Malformed(SCHEMES));
    }
}
