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


@pytest.mark.parametrize("end", ["terminate", "kill"])
@pytest.mark.parametrize("good", [2, 0])
def test_a_retry_is_told_again_what_was_refused(good, end, server):
    """The answer to the first may have been lost, with the server that gave it."""
    request = otlp.traces(3 + good)
    for span in request.resource_spans[0].scope_spans[0].spans[:3]:
        span.trace_id = bytes(16)
    body = request.SerializeToString()
    first = otlp.answer("traces", server.export("traces", body))
    assert first.partial_success.rejected_spans == 3
    assert otlp.answer("traces", server.export("traces", body)) == first
    getattr(server, end)()
    server.start()
    again = otlp.answer("traces", server.export("traces", body)).partial_success
    assert again.rejected_spans == 3 and again.error_message
    assert server.count("spans") == good


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
