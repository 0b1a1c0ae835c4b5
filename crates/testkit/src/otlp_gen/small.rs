//! HTTP and database spans, of about 0.4 KB.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::OtlpGen;
use super::attributes::{int, text};
use super::tree::{Draft, Place, Trace};

const TABLES: [&str; 8] =
    ["orders", "customers", "invoices", "items", "sessions", "documents", "chunks", "events"];
const HOSTS: [&str; 6] = ["inventory", "pricing", "profile", "payments", "shipping", "search"];
const MILLI: u64 = 1_000_000;

impl OtlpGen {
    /// An HTTP or database call; answers its end.
    pub(super) fn small(&mut self, trace: &mut Trace, place: Place) -> u64 {
        if self.rng.chance(0.5) {
            let draft = self.database();
            let own = self.rng.within(1..=8) * MILLI;
            return self.leaf(trace, place, draft, own);
        }
        let draft = self.http_client();
        let own = self.rng.within(2..=60) * MILLI;
        self.leaf(trace, place, draft, own)
    }

    pub(super) fn http_server(&mut self, route: &str) -> Draft {
        let status = if self.rng.chance(self.config.error_rate) { 500 } else { 200 };
        let path = route.replace("{id}", &self.rng.below(10_000_000).to_string());
        let client =
            format!("10.{}.{}.{}", self.rng.below(4), self.rng.below(256), self.rng.below(256));
        Draft {
            scope: "opentelemetry.instrumentation.fastapi",
            name: format!("POST {route}"),
            kind: SpanKind::Server,
            attributes: vec![
                text("http.request.method", "POST"),
                text("http.route", route),
                text("url.path", path),
                text("url.scheme", "https"),
                text("network.protocol.version", "1.1"),
                text("server.address", "shop.example.com"),
                text("client.address", client),
                text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) Firefox/147.0"),
                int("http.response.status_code", status),
            ],
            error: (status == 500).then_some("500"),
        }
    }

    fn http_client(&mut self) -> Draft {
        let host = self.rng.pick(&HOSTS).copied().unwrap_or("search");
        let method = if self.rng.chance(0.8) { "GET" } else { "POST" };
        let failed = self.rng.chance(self.config.error_rate);
        let id = self.rng.below(10_000_000);
        Draft {
            scope: "opentelemetry.instrumentation.httpx",
            name: method.to_owned(),
            kind: SpanKind::Client,
            attributes: vec![
                text("http.request.method", method),
                text("url.full", format!("http://{host}.internal:8080/v2/{host}/{id}?expand=full")),
                text("server.address", format!("{host}.internal")),
                int("server.port", 8080),
                int("http.response.status_code", if failed { 503 } else { 200 }),
                text("network.protocol.version", "1.1"),
                text("network.peer.address", format!("10.0.{}.{}", id % 16, id % 251)),
            ],
            error: failed.then_some("503"),
        }
    }

    fn database(&mut self) -> Draft {
        let table = self.rng.pick(&TABLES).copied().unwrap_or("orders");
        let failed = self.rng.chance(self.config.error_rate);
        let rows = self.rng.below(50);
        Draft {
            scope: "opentelemetry.instrumentation.psycopg",
            name: format!("SELECT {table}"),
            kind: SpanKind::Client,
            attributes: vec![
                text("db.system.name", "postgresql"),
                text("db.namespace", "shop"),
                text("db.operation.name", "SELECT"),
                text("db.collection.name", table),
                text(
                    "db.query.text",
                    format!(
                        "SELECT id, state, updated_at FROM {table} WHERE tenant = $1 AND id = $2"
                    ),
                ),
                int("db.response.returned_rows", rows),
                text("server.address", "db-primary.internal"),
                int("server.port", 5432),
            ],
            error: failed.then_some("57014"),
        }
    }
}
