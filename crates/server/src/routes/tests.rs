//! Lookups that decide between a handler, an answer for everyone, and a denial.

use http::Method;

use super::{Found, ROUTES, find};
use crate::auth::Action;

#[test]
fn a_path_that_only_the_router_knows_is_unlisted() {
    assert!(matches!(find(&Method::GET, Some("/api/v1/new")), Found::Unlisted));
    assert!(matches!(find(&Method::GET, None), Found::NoPath));
    assert!(matches!(find(&Method::PUT, Some("/api/v1/keys")), Found::NoMethod));
}

#[test]
fn head_asks_for_the_permission_of_get() {
    let Found::Route(route) = find(&Method::HEAD, Some("/api/v1/schema")) else {
        panic!("HEAD is not found");
    };
    assert_eq!(route.action, Action::Read);
}

#[test]
fn no_route_is_listed_twice() {
    let mut seen: Vec<_> = ROUTES.iter().map(|r| (r.path, r.method.as_str())).collect();
    seen.sort_unstable();
    let count = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), count);
}
