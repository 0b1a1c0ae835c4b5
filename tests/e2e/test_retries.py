"""An export that a client sends again is stored once."""

import pytest

import otlp

MAKE = {"traces": otlp.traces, "logs": otlp.logs, "metrics": otlp.metrics}
TABLE = {"traces": "spans", "logs": "logs", "metrics": "metrics"}


@pytest.mark.parametrize("signal", MAKE)
def test_an_identical_export_is_stored_once(signal, server):
    body = MAKE[signal](7).SerializeToString()
    for _ in range(3):
        assert server.export(signal, body).status_code == 200
    assert server.count(TABLE[signal]) == 7


@pytest.mark.parametrize("signal", MAKE)
@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_retry_after_a_restart_is_stored_once(signal, end, server):
    body = MAKE[signal](7).SerializeToString()
    assert server.export(signal, body).status_code == 200
    getattr(server, end)()
    server.start()
    assert server.export(signal, body).status_code == 200
    assert server.count(TABLE[signal]) == 7


def test_a_span_repeated_in_another_export_is_one_span(server):
    first = otlp.traces(3)
    second = otlp.traces(1)
    second.resource_spans.add().CopyFrom(first.resource_spans[0])
    for request in (first, second):
        assert server.export("traces", request.SerializeToString()).status_code == 200
    assert server.count("spans") == 4


def test_other_exports_are_not_taken_for_retries(server):
    for _ in range(3):
        assert server.export("logs", otlp.logs(2).SerializeToString()).status_code == 200
    assert server.count("logs") == 6
