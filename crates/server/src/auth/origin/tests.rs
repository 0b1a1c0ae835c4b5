//! Which requests of which pages pass.

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, Uri};
use telltale_base::Project;
use telltale_meta::Scope;

use super::{Origins, check};
use crate::auth::authorise::Role;
use crate::auth::credentials::Credentials;
use crate::auth::principal::Principal;

struct Case {
    role: Role,
    credentials: Credentials,
    method: Method,
}

const OPEN: Case = Case { role: Role::Open, credentials: Credentials::None, method: Method::POST };

fn cookie(method: Method) -> Case {
    let credentials = Credentials::Session("s".to_owned());
    Case { role: Role::Key(Scope::Admin), credentials, method }
}

fn passes(case: &Case, headers: &[(HeaderName, &str)]) -> bool {
    let principal = Principal {
        project: Project::default_project(),
        role: case.role,
        key: None,
        credentials: case.credentials.clone(),
    };
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    let listed = Origins::new(&["https://app.example.com/".to_owned()], "server.api_origins");
    let hosts = ["telltale.internal".to_owned()];
    let uri = Uri::from_static("/api/v1/sql");
    check(&principal, &case.method, &uri, &headers, &listed, &hosts).is_ok()
}

#[test]
fn an_open_server_answers_to_its_own_names_only() {
    for host in [
        "localhost",
        "LOCALHOST:7070",
        "127.0.0.1:7070",
        "127.8.8.8",
        "[::1]:7070",
        "telltale.internal:1",
    ] {
        assert!(passes(&OPEN, &[(header::HOST, host)]), "{host}");
    }
    for host in [
        "evil.example:7070",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "0.0.0.0",
    ] {
        assert!(!passes(&OPEN, &[(header::HOST, host)]), "{host}");
    }
    assert!(!passes(&OPEN, &[]));
}

#[test]
fn an_open_server_serves_its_own_pages_and_listed_ones() {
    let host = (header::HOST, "localhost:7070");
    for (origin, expect) in [
        ("http://localhost:7070", true),
        ("https://app.example.com", true),
        ("http://localhost:3000", false),
        ("http://127.0.0.1:7070", false),
        ("https://evil.example", false),
        ("https://app.example.com.evil.example", false),
        ("null", false),
        ("file://", false),
    ] {
        assert_eq!(passes(&OPEN, &[host.clone(), (header::ORIGIN, origin)]), expect, "{origin}");
    }
}

#[test]
fn a_cookie_changes_things_for_pages_of_this_server_only() {
    let host = (header::HOST, "t.example");
    let site = HeaderName::from_static("sec-fetch-site");
    let same = (header::ORIGIN, "https://t.example");
    let foreign = (header::ORIGIN, "https://other.t.example");
    for method in [Method::POST, Method::DELETE, Method::PUT] {
        let case = cookie(method);
        assert!(passes(&case, &[host.clone(), same.clone()]));
        assert!(passes(&case, &[host.clone(), (site.clone(), "same-origin")]));
        assert!(!passes(&case, std::slice::from_ref(&host)));
        assert!(!passes(&case, &[host.clone(), (site.clone(), "same-site")]));
        assert!(!passes(&case, &[host.clone(), foreign.clone()]));
    }
    assert!(passes(&cookie(Method::GET), std::slice::from_ref(&host)));
    assert!(!passes(&cookie(Method::GET), &[host, foreign]));
}

#[test]
fn a_key_is_not_ambient() {
    let credentials = Credentials::Key("tt_a".to_owned());
    let case = Case { role: Role::Key(Scope::Admin), credentials, method: Method::POST };
    let foreign = (header::ORIGIN, "https://elsewhere.example");
    assert!(passes(&case, &[(header::HOST, "t.example"), foreign]));
}

#[test]
fn default_ports_are_equal_to_none() {
    let case = cookie(Method::POST);
    for (host, origin, expect) in [
        ("t.example", "https://t.example:443", true),
        ("t.example:80", "http://t.example", true),
        ("t.example:7070", "https://t.example", false),
    ] {
        assert_eq!(passes(&case, &[(header::HOST, host), (header::ORIGIN, origin)]), expect);
    }
}
