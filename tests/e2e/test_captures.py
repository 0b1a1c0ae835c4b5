"""Bodies that real LLM clients sent, byte for byte: all records arrive whole."""

import json

import pytest

from harness import ROOT, Server
from otlp import REQUESTS

CAPTURES = ROOT / "fixtures" / "captures"
MANIFEST = json.loads((CAPTURES / "manifest.json").read_text())
POINTS = ("gauge", "sum", "histogram", "exponential_histogram", "summary")


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    # Captures are as old as they are: nothing here is about retention.
    keep = {f"retention_{table}": "forever" for table in ("spans", "logs", "metrics")}
    server = Server(tmp_path_factory.mktemp("captures") / "data", **keep).start()
    yield server
    server.close()


def bodies(name):
    """Signal and message of each body of a capture."""
    for file in MANIFEST[name]["files"]:
        signal = file.rsplit("-", 1)[1].removesuffix(".bin")
        raw = (CAPTURES / name / file).read_bytes()
        message = REQUESTS[signal]()
        message.ParseFromString(raw)
        yield signal, raw, message


def spans_of(message):
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield scope_spans.scope.name, span


def points_of(message):
    """Name, kind and number of data points of each metric."""
    for resource_metrics in message.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                assert kind in POINTS
                yield metric.name, kind, len(getattr(metric, kind).data_points)


def counts(server):
    tables = ("spans", "logs", "metrics", "histograms")
    return {table: server.count(table) for table in tables}


def test_the_manifest_lists_every_capture():
    folders = {path.name for path in CAPTURES.iterdir() if path.is_dir()}
    assert folders == set(MANIFEST)
    assert len(folders) == 19


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_capture_arrives_whole(name, shared_server):
    server, expected = shared_server, {"spans": 0, "logs": 0, "metrics": 0, "histograms": 0}
    before = counts(server)
    metric_names = []
    for signal, raw, message in bodies(name):
        response = server.export(signal, raw)
        assert response.status_code == 200, response.text
        assert response.content == b"", "a partial success was reported"
        if signal == "traces":
            expected["spans"] += len(list(spans_of(message)))
        elif signal == "logs":
            expected["logs"] += sum(
                len(scope.log_records) for r in message.resource_logs for scope in r.scope_logs
            )
        else:
            for metric, kind, points in points_of(message):
                expected["metrics" if kind in ("gauge", "sum") else "histograms"] += points
                metric_names.append(metric)
    after = counts(server)
    assert {table: after[table] - before[table] for table in after} == expected
    assert expected["spans"] == MANIFEST[name]["spans"]
    assert expected["logs"] == MANIFEST[name]["logs"]
    assert set(metric_names) == set(MANIFEST[name]["metrics"])


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_each_span_reads_back_equal(name, shared_server):
    for signal, raw, message in bodies(name):
        if signal != "traces":
            continue
        # Sent before, or sent first when this test runs alone: a retry is stored once.
        assert shared_server.export(signal, raw).status_code == 200
        for scope, span in spans_of(message):
            ((row),) = shared_server.sql(
                "SELECT parent_span_id, name, start_unix_nano, duration_ns, scope_name, attributes,"
                " events FROM spans WHERE trace_id = $1 AND span_id = $2",
                span.trace_id.hex(),
                span.span_id.hex(),
            )
            parent, span_name, start, duration, scope_name, attributes, events = row
            assert (parent or "") == span.parent_span_id.hex()
            assert span_name == span.name
            assert start == span.start_time_unix_nano
            assert duration == span.end_time_unix_nano - span.start_time_unix_nano
            assert (scope_name or "") == scope
            assert len(json.loads(events or "[]")) == len(span.events)
            assert json.loads(attributes) == {a.key: plain(a.value) for a in span.attributes}


def plain(value):
    """An attribute value as JSON shows it."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {entry.key: plain(entry.value) for entry in value.kvlist_value.values}
    return None if kind is None else getattr(value, kind)
