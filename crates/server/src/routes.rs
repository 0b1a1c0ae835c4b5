//! Every route with what it does, as far as permission goes. A route that the router knows and this
//! table does not is denied to everyone.

use http::Method;

use crate::auth::Action;

/// A method of a path.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) action: Action,
}

const fn route(method: Method, path: &'static str, action: Action) -> Route {
    Route { method, path, action }
}

/// The table. Paths are written as the router writes them.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/v1/traces", Action::Export),
    route(Method::POST, "/v1/logs", Action::Export),
    route(Method::POST, "/v1/metrics", Action::Export),
    route(Method::POST, GRPC_TRACES, Action::Export),
    route(Method::POST, GRPC_LOGS, Action::Export),
    route(Method::POST, GRPC_METRICS, Action::Export),
    route(Method::POST, "/api/v1/sql", Action::Read),
    route(Method::GET, "/api/v1/schema", Action::Read),
    route(Method::GET, "/api/v1/attributes", Action::Read),
    route(Method::GET, "/api/v1/traces", Action::Read),
    route(Method::GET, "/api/v1/traces/{trace_id}", Action::Read),
    route(Method::GET, "/api/v1/traces/{trace_id}/spans/{span_id}/explain", Action::Read),
    route(Method::POST, "/api/v1/genai/explain", Action::Read),
    route(Method::GET, "/api/v1/genai/unmapped", Action::Read),
    route(Method::GET, "/api/v1/tail", Action::Read),
    route(Method::GET, "/api/v1/health", Action::Read),
    route(Method::POST, "/api/v1/backups", Action::Manage),
    route(Method::GET, "/api/v1/keys", Action::Manage),
    route(Method::POST, "/api/v1/keys", Action::Manage),
    route(Method::DELETE, "/api/v1/keys/{id}", Action::Manage),
    route(Method::GET, "/api/v1/session", Action::Known),
    route(Method::POST, "/api/v1/session", Action::Public),
    route(Method::DELETE, "/api/v1/session", Action::Public),
    route(Method::GET, "/api/v1/openapi.json", Action::Public),
    route(Method::GET, "/healthz", Action::Public),
    route(Method::GET, "/readyz", Action::Public),
    route(Method::GET, "/metrics", Action::Public),
    route(Method::GET, "/", Action::Public),
];

pub(crate) const GRPC_TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub(crate) const GRPC_LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
pub(crate) const GRPC_METRICS: &str =
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// What the table says of a request.
#[derive(Debug)]
pub(crate) enum Found {
    Route(&'static Route),
    /// The path is listed, the method is not.
    NoMethod,
    /// The router knows the path, the table does not.
    Unlisted,
    /// Nobody knows the path.
    NoPath,
}

/// Looks up a request by the path that the router matched, never by the raw one: what is authorised
/// must be what is run.
pub(crate) fn find(method: &Method, matched: Option<&str>) -> Found {
    let Some(path) = matched else { return Found::NoPath };
    // The router answers HEAD with the handler of GET.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut listed = ROUTES.iter().filter(|route| route.path == path).peekable();
    if listed.peek().is_none() {
        return Found::Unlisted;
    }
    listed.find(|route| route.method == *method).map_or(Found::NoMethod, Found::Route)
}

#[cfg(test)]
mod tests;
