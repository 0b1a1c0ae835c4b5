"""What one server exports, another imports: the same rows, also when the export was interrupted."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

import otlp
from harness import cli

TABLES = ("spans", "logs", "metrics", "histograms")
ENDING = {"parquet": "parquet", "jsonl": "jsonl", "otlp": "otlp"}
# More than one page: the first page has 500 rows.
SPANS = 1200


class Proxy(ThreadingHTTPServer):
    """Forwards to a server. `script` holds the answers that are given instead: None forwards."""

    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target
        self.script = []
        self.forwarded = 0
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        instead = self.server.script.pop(0) if self.server.script else None
        if instead is not None:
            status, headers, *content = instead
            self.answer(status, headers, *(content or [b"interrupted"]))
            return
        names = ("content-type", "accept", "authorization")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        done = httpx.post(self.server.target + self.path, content=body, headers=headers, timeout=60)
        self.server.forwarded += 1
        self.answer(done.status_code, {"content-type": done.headers["content-type"]}, done.content)

    def answer(self, status, headers, content):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def make_proxy():
    proxies = []

    def make(target):
        proxies.append(Proxy(target))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.shutdown()
        proxy.server_close()


@pytest.fixture
def source(make_server, tmp_path):
    return make_server(tmp_path / "source")


@pytest.fixture
def target(make_server, tmp_path):
    return make_server(tmp_path / "target")


def fill(server, spans=20):
    metrics = otlp.metrics(5)
    metrics.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points[0].as_double = float("nan")
    metric = metrics.resource_metrics[0].scope_metrics[0].metrics.add(name="e2e.histogram")
    metric.histogram.aggregation_temporality = 1
    metric.histogram.data_points.add(
        time_unix_nano=time.time_ns(), count=3, sum=0.1, explicit_bounds=[0.5], bucket_counts=[1, 2]
    )
    traces = otlp.traces(spans, size=2**53 + 1, text='a "quoted"\nline \N{CRAB}')
    first = traces.resource_spans[0].scope_spans[0].spans[0]
    first.attributes.add(key="bytes").value.bytes_value = b"\0\xff"
    first.events.add(name="event", time_unix_nano=7)
    for signal, request in (("traces", traces), ("logs", otlp.logs(7)), ("metrics", metrics)):
        assert server.export(signal, request.SerializeToString()).status_code == 200


def rows(server, table):
    """All rows without what the server gives them, in an order of their content."""
    body = {"query": f"SELECT * FROM {table}"}
    answer = server.api.post("/api/v1/sql", json=body).json()
    names = [column["name"] for column in answer["columns"]]
    own = names.index("record_id")
    return sorted(json.dumps(row[:own] + row[own + 1 :]) for row in answer["rows"])


def succeeds(*args, **kwargs):
    done = cli(*args, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


def export(server, table, format, *args):
    return cli("export", "--table", table, "--format", format, *args, server=server)


@pytest.mark.parametrize("format", ENDING)
@pytest.mark.parametrize("flushed", [False, True], ids=["memory", "files"])
def test_rows_are_the_same_on_another_server(format, flushed, source, target, tmp_path):
    fill(source)
    if flushed:
        # A stop flushes what is in memory.
        source.restart()
    files = [tmp_path / f"{table}.{ENDING[format]}" for table in TABLES]
    for table, file in zip(TABLES, files):
        done = export(source, table, format, "--out", file)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{source.count(table)} row") and str(file) in done.stdout
        assert not file.with_name(file.name + ".parts").exists()
    printed = succeeds("import", *files, server=target)
    assert len(printed.splitlines()) == len(TABLES)
    for table in TABLES:
        assert source.count(table) > 0
        assert rows(target, table) == rows(source, table)
    succeeds("import", *files, server=target)
    for table in TABLES:
        assert target.count(table) == source.count(table), "a repeated import is recognised"


def test_rows_are_sent_to_another_endpoint(source, target):
    fill(source)
    for table in TABLES:
        done = export(source, table, "otlp", "--to", target.url)
        assert done.returncode == 0, done.stderr
        assert rows(target, table) == rows(source, table)


def test_time_and_condition_choose_rows(source, tmp_path):
    fill(source)
    out = tmp_path / "some.jsonl"
    span = source.value("SELECT min(span_id) FROM spans")
    condition = ("--since", "2026-01-01", "--where", f"span_id = '{span}' -- only this one")
    assert export(source, "spans", "jsonl", "--out", out, *condition).stdout.startswith("1 row ")
    (line,) = out.read_text().splitlines()
    assert json.loads(line)["span_id"] == span
    none = export(source, "spans", "jsonl", "--out", tmp_path / "none.jsonl", "--until", "2026-01-01")
    assert none.returncode == 0 and none.stdout.startswith("0 rows ")
    wrong = export(source, "spans", "jsonl", "--out", tmp_path / "wrong.jsonl", "--where", "nothing = 1")
    assert wrong.returncode != 0 and "nothing" in wrong.stderr


@pytest.mark.parametrize("format", ENDING)
def test_an_interrupted_file_is_resumed(format, source, target, make_proxy, tmp_path):
    fill(source, SPANS)
    proxy = make_proxy(source.url)
    out = tmp_path / f"spans.{ENDING[format]}"
    args = ("export", "--table", "spans", "--format", format, "--out", out, "--url", proxy.url)
    # Extent, ids and rows of the first page; then the server fails.
    proxy.script = [None, None, None, (500, {})]
    failed = cli(*args)
    assert failed.returncode != 0 and "500" in failed.stderr
    position = tmp_path / (out.name + ".position")
    assert json.loads(position.read_text())["rows"] == 500
    assert not (format == "parquet" and out.exists()), "a Parquet file is whole or absent"
    again = cli(*args)
    assert again.returncode != 0 and "--resume" in again.stderr
    if format != "parquet":
        # What was written behind the position is not trusted.
        with out.open("ab") as file:
            file.write(b"torn")
    assert succeeds(*args, "--resume").startswith(f"{SPANS} rows of spans")
    succeeds("import", out, server=target)
    assert rows(target, "spans") == rows(source, "spans")


def test_interrupted_sending_is_resumed_and_patient(source, target, make_proxy, tmp_path):
    fill(source, SPANS)
    proxy = make_proxy(target.url)
    position = tmp_path / "position"
    args = ("--to", proxy.url, "--position", position)
    proxy.script = [(503, {"retry-after": "0"}), (429, {"retry-after": "0"}), None, (400, {})]
    failed = export(source, "spans", "otlp", *args)
    assert failed.returncode != 0 and "400" in failed.stderr
    assert target.count("spans") == 500
    resumed = export(source, "spans", "otlp", *args, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert f"{SPANS} rows" in resumed.stdout and f"{SPANS - 500} of them now" in resumed.stdout
    assert rows(target, "spans") == rows(source, "spans")
    fill(source, 3)
    later = export(source, "spans", "otlp", *args, "--resume")
    assert "3 of them now" in later.stdout
    assert rows(target, "spans") == rows(source, "spans")
    assert proxy.forwarded == 3, "nothing was sent twice"


def test_a_small_limit_of_rows_cuts_nothing_off(make_server, tmp_path):
    server = make_server(tmp_path / "small", query_rows_max=100)
    fill(server, 250)
    out = tmp_path / "spans.jsonl"
    done = export(server, "spans", "jsonl", "--out", out)
    assert done.returncode == 0, done.stderr
    ids = [json.loads(line)["span_id"] for line in out.read_text().splitlines()]
    assert len(ids) == len(set(ids)) == 250


def test_a_page_that_is_too_much_for_the_server_is_asked_for_in_halves(source, make_proxy, tmp_path):
    fill(source, SPANS)
    proxy = make_proxy(source.url)
    problem = b'{"title":"The request is over a limit","detail":"memory"}'
    proxy.script = [None, None, (413, {}, problem), (413, {}, problem)]
    out = tmp_path / "spans.jsonl"
    succeeds("export", "--table", "spans", "--format", "jsonl", "--out", out, "--url", proxy.url)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len({line["span_id"] for line in lines}) == len(lines) == SPANS
    position = json.loads((tmp_path / "spans.jsonl.position").read_text())
    # 125 rows, a quarter of the first page, then the rest at the pace that its size allows.
    assert (position["rows"], position["pages"]) == (SPANS, 2)


def test_refused_records_are_told(target, tmp_path):
    request = otlp.traces(3)
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    file = tmp_path / "traces.bin"
    file.write_bytes(request.SerializeToString())
    done = cli("import", file, server=target)
    assert done.returncode == 1
    assert "1 record refused" in done.stdout and "trace_id" in done.stdout
    assert target.count("spans") == 2


def test_json_requests_behind_each_other_are_imported(target, tmp_path):
    lines = [
        '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%032x","spanId":"%016x","name":"a"}]}]}]}' % (1, 2),
        '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"b"}}]}]}]}',
    ]
    file = tmp_path / "collected.json"
    file.write_text("\n".join(lines))
    assert "2 requests sent" in succeeds("import", file, server=target)
    assert (target.count("spans"), target.count("logs")) == (1, 1)


def test_files_that_cannot_be_imported_are_told(target, tmp_path):
    for name, content, told in (
        ("spans.parquet", b"no", "cannot import"),
        ("rows.jsonl", b'{"a":1}\n', "none of our tables"),
        ("what.bin", b"", "--signal"),
        ("traces.bin", b"\x0a\x7f", "cut off"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        done = cli("import", file, server=target)
        assert done.returncode != 0 and told in done.stderr, (name, done.stderr)
    assert target.count("spans") == 0
