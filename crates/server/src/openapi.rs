//! The API's description, generated from the handlers. The committed copy is the review of every
//! change to it.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::api::{attributes, backups, genai, health, keys, schema, session, sql, tail, traces};
use crate::auth::SESSION_COOKIE;

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Telltale",
        description = "AI observability in one binary. Telemetry comes in over OTLP; this is how to ask, watch and manage. Errors are application/problem+json. A key decides the project: send it as `Authorization: Bearer`, as `x-api-key`, or as the password of Basic.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        version = "1",
    ),
    paths(
        attributes::list,
        backups::create,
        genai::explain,
        genai::explain_span,
        genai::unmapped,
        health::get,
        keys::create,
        keys::list,
        keys::revoke,
        schema::get,
        session::create,
        session::delete,
        session::get,
        sql::run,
        tail::listen,
        traces::get,
        traces::search,
    ),
    modifiers(&Keys),
    security(("bearer" = []), ("header" = []), ("basic" = []), ("session" = []), ())
)]
struct Document;

/// The ways in which a key may come.
#[derive(Debug)]
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [
            ("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
            ("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic))),
            ("header", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key")))),
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)))),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

static JSON: LazyLock<String> = LazyLock::new(|| {
    let json = Document::openapi().to_pretty_json().unwrap_or_default();
    format!("{json}\n")
});

/// The document as pretty JSON, with a newline at its end.
#[must_use]
pub fn openapi_json() -> &'static str {
    &JSON
}

/// `GET /api/v1/openapi.json`
pub(crate) async fn get() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi_json()).into_response()
}
