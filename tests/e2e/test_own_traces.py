"""The server's own traces: into a project of its own, to another receiver, and to one that is down."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import otlp
from harness import cli

NEEDLE = "needle-4711"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STOP_SECONDS_MAX = 10


def until(read, wanted, seconds=30):
    """What `read` gives once it is as wanted."""
    deadline = time.monotonic() + seconds
    while True:
        found = read()
        if wanted(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def ask(server):
    """A question with a caller's trace and a value that must stay out of the traces."""
    body = {"query": f"SELECT name FROM spans WHERE name <> '{NEEDLE}' LIMIT 3"}
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    answer = server.api.post("/api/v1/sql", json=body, headers=headers)
    assert (answer.status_code, answer.json()["row_count"]) == (200, 3), answer.text


def counted(server, what):
    (line,) = [x for x in server.api.get("/metrics").text.splitlines() if x.startswith(f"telltale_own_spans_{what}_total ")]
    return int(line.split()[1])


@pytest.fixture
def receiver():
    """A small OTLP receiver; `answers` holds the status of its answers, `requests` what came."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            requests.append((self.path, dict(self.headers), body))
            self.send_response(server.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    requests = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.requests = 200, requests
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_own_traces_can_be_asked_for_in_their_project(make_server):
    server = make_server(telemetry_traces="self", storage_flush_interval="200ms")
    assert server.export("traces", otlp.traces(10).SerializeToString()).status_code == 200
    ask(server)
    server.wait_until_flushed()
    made = cli("keys", "create", "--project", "telltale", "--scope", "query", "--data-dir", server.data_dir)
    assert made.returncode == 0, made.stderr
    key = next(word for word in made.stdout.split() if word.startswith("tt_"))

    def sql(query, *params):
        return server.sql(query, *params, key=key)

    query = """SELECT name, kind, span_id, parent_span_id, service_name, attributes FROM spans
               WHERE trace_id = $1 ORDER BY start_unix_nano, name"""
    rows = until(lambda: sql(query, TRACE), lambda rows: len(rows) >= 3)
    spans = {name: (kind, span, parent, service, json.loads(attributes)) for name, kind, span, parent, service, attributes in rows}
    assert sorted(spans) == ["POST /api/v1/sql", "query.plan", "query.run"]
    kind, request, parent, service, attributes = spans["POST /api/v1/sql"]
    assert (kind, parent, service) == ("server", SPAN, "telltale")
    assert attributes["http.request.method"] == "POST"
    assert attributes["http.route"] == "/api/v1/sql"
    assert attributes["http.response.status_code"] == 200
    assert "error.type" not in attributes
    for name in ("query.plan", "query.run"):
        assert spans[name][2] == request
    assert spans["query.plan"][4]["db.operation.name"] == "SELECT"
    assert spans["query.run"][4]["db.response.returned_rows"] == 3
    assert sql(f"SELECT count(*) FROM spans WHERE attributes LIKE '%{NEEDLE}%'") == [[0]]

    flushes = """SELECT attributes ->> 'telltale.table', (attributes ->> 'telltale.rows')::bigint,
                 attributes ->> 'telltale.outcome', parent_span_id FROM spans WHERE name = 'flush'"""
    table, written, outcome, parent = until(lambda: sql(flushes), len)[0]
    assert (table, outcome, parent) == ("spans", "done", None) and written >= 10
    exports = "SELECT count(*) FROM spans WHERE attributes ->> 'http.route' LIKE '/v1/%'"
    assert sql(exports) == [[0]]


def test_storing_own_traces_makes_no_traces(make_server):
    server = make_server(telemetry_traces="self", telemetry_traces_project="default", storage_flush_interval="100ms")
    ask_nothing = lambda: server.value("SELECT count(*) FROM spans")
    until(ask_nothing, lambda count: count > 0)
    # From here on only reads: each makes its own three spans, and their way to disk makes none.
    names = lambda: {row[0] for row in server.sql("SELECT DISTINCT name FROM spans")}
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        server.wait_until_flushed()
    assert names() <= {"POST /api/v1/sql", "GET /api/v1/health", "query.plan", "query.run"}
    assert counted(server, "dropped") == 0


def test_own_traces_can_go_to_another_receiver(make_server, receiver):
    server = make_server(telemetry_traces=receiver.address, telemetry_traces_key="tt_elsewhere")
    assert server.export("traces", otlp.traces(10).SerializeToString()).status_code == 200
    ask(server)
    until(lambda: counted(server, "exported"), lambda count: count >= 3)
    assert server.terminate() == 0
    spans = []
    for path, headers, body in receiver.requests:
        assert path == "/v1/traces"
        assert {k.lower(): v for k, v in headers.items()}["authorization"] == "Bearer tt_elsewhere"
        assert NEEDLE.encode() not in body
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {pair.key: pair.value.string_value for pair in resource_spans.resource.attributes}
            assert resource["service.name"] == "telltale"
            spans += [span for scope in resource_spans.scope_spans for span in scope.spans]
    of_caller = sorted(span.name for span in spans if span.trace_id.hex() == TRACE)
    assert of_caller == ["POST /api/v1/sql", "query.plan", "query.run"]


def test_a_receiver_that_refuses_is_counted_and_said_once(make_server, receiver):
    receiver.status = 400
    server = make_server(telemetry_traces=receiver.address)
    for _ in range(2):
        before = counted(server, "dropped")
        server.count("spans")
        until(lambda: counted(server, "dropped"), lambda count: count > before)
    assert server.log_text().count("own spans cannot be exported") == 1
    receiver.status = 200
    server.count("spans")
    until(lambda: counted(server, "exported"), lambda count: count > 0)


@pytest.mark.parametrize("accepts", [False, True], ids=["refuses connections", "never answers"])
def test_a_receiver_that_is_down_keeps_nothing_from_working(make_server, accepts):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if accepts:
            listener.listen()
        server = make_server(telemetry_traces=f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert server.export("traces", otlp.traces(10).SerializeToString()).status_code == 200
        for _ in range(20):
            assert server.count("spans") == 10
        before = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - before < STOP_SECONDS_MAX


def test_a_share_of_none_keeps_no_trace_that_begins_here(make_server, receiver):
    server = make_server(telemetry_traces=receiver.address, telemetry_traces_ratio="0")
    assert server.export("traces", otlp.traces(3).SerializeToString()).status_code == 200
    server.count("spans")
    ask(server)
    assert server.terminate() == 0
    spans = [
        span
        for _, _, body in receiver.requests
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource_spans.scope_spans
        for span in scope.spans
    ]
    assert {span.trace_id.hex() for span in spans} == {TRACE}, "the caller keeps its own"


@pytest.mark.parametrize(
    "config, key",
    [
        ({"telemetry_traces": "collector:4318"}, "telemetry.traces"),
        ({"telemetry_traces": "self", "telemetry_traces_key": "x"}, "telemetry.traces_key"),
        ({"telemetry_traces_ratio": "2"}, "telemetry.traces_ratio"),
    ],
)
def test_what_cannot_be_used_is_named(config, key):
    done = cli("check-config", **config)
    assert done.returncode != 0
    assert f"`{key}`" in done.stderr, done.stderr
