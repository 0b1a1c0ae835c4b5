"""The OpenTelemetry Python SDK, as applications use it, over gRPC and over HTTP."""

import json
import logging

import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode


def exporters(protocol, server):
    if protocol == "grpc":
        options = {"endpoint": server.otlp_grpc, "insecure": True}
        return GrpcSpans(**options), GrpcLogs(**options), GrpcMetrics(**options)
    gzip = {"compression": Compression.Gzip if protocol == "http gzip" else None}
    kinds = [(HttpSpans, "traces"), (HttpLogs, "logs"), (HttpMetrics, "metrics")]
    return [kind(endpoint=f"{server.otlp_http}/v1/{path}", **gzip) for kind, path in kinds]


@pytest.fixture(params=["grpc", "http", "http gzip"])
def exported(request, server):
    """A server that has what one run of an instrumented program sent."""
    spans, logs, metrics = exporters(request.param, server)
    resource = Resource.create({"service.name": "py-shop", "service.version": "1.2"})

    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    tracer = tracers.get_tracer("e2e.tracer", "0.1")
    with tracer.start_as_current_span("agent.run", attributes={"user.id": "u-1"}) as root:
        with tracer.start_as_current_span("chat model-x") as chat:
            chat.set_attribute("gen_ai.usage.input_tokens", 9007199254740993)
            chat.set_attribute("ratio", 1.0)
            chat.set_attribute("tags", ["a", "b"])
            chat.add_event("retry", {"attempt": 2})
        with tracer.start_as_current_span("tool.call") as tool:
            tool.set_status(Status(StatusCode.ERROR, "no such tool"))
        context = root.get_span_context()

    loggers = LoggerProvider(resource=resource)
    loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
    logger = logging.getLogger("e2e.python")
    handler = LoggingHandler(logger_provider=loggers)
    logger.addHandler(handler)
    logger.propagate = False
    logger.warning("cart %s is empty", "c-7")
    logger.removeHandler(handler)

    reader = PeriodicExportingMetricReader(metrics, export_interval_millis=60_000)
    meters = MeterProvider(resource=resource, metric_readers=[reader])
    meter = meters.get_meter("e2e.meter")
    meter.create_counter("orders", unit="1").add(3, {"currency": "EUR"})
    histogram = meter.create_histogram("latency", unit="ms")
    for value in (5.0, 50.0, 500.0):
        histogram.record(value)

    for provider in (tracers, loggers, meters):
        assert provider.force_flush()
        provider.shutdown()
    server.trace_id = f"{context.trace_id:032x}"
    return server


def test_spans_read_back_by_sql_and_as_a_tree(exported):
    rows = exported.sql("SELECT name, service_name, status_code, attributes FROM spans ORDER BY start_unix_nano")
    assert [row[0] for row in rows] == ["agent.run", "chat model-x", "tool.call"]
    assert {row[1] for row in rows} == {"py-shop"}
    assert [row[2] for row in rows] == ["unset", "unset", "error"]
    chat = json.loads(rows[1][3])
    assert chat["gen_ai.usage.input_tokens"] == 9007199254740993
    assert chat["tags"] == ["a", "b"]

    trace = exported.api.get(f"/api/v1/traces/{exported.trace_id}").json()
    assert (trace["span_count"], trace["error_count"]) == (3, 1)
    assert not trace.get("missing_parents")
    assert [(span["depth"], span["name"]) for span in trace["spans"]] == [
        (0, "agent.run"),
        (1, "chat model-x"),
        (1, "tool.call"),
    ]
    found = exported.api.get("/api/v1/traces", params={"service": "py-shop", "status": "error"}).json()
    assert [trace["trace_id"] for trace in found["traces"]] == [exported.trace_id]


def test_logs_and_metrics_read_back(exported):
    ((body, severity, service),) = exported.sql("SELECT body, severity_text, service_name FROM logs")
    assert (body, service) == ("cart c-7 is empty", "py-shop")
    assert severity.upper().startswith("WARN")
    # The SDK reports cumulative values, once when flushed and once when shut down.
    ((value, exact, attributes),) = exported.sql(
        "SELECT DISTINCT value, value_int, attributes FROM metrics WHERE name = 'orders'"
    )
    assert (value, exact, json.loads(attributes)) == (3.0, 3, {"currency": "EUR"})
    query = "SELECT DISTINCT count, sum, min, max FROM histograms WHERE name = 'latency'"
    assert exported.sql(query) == [[3, 555.0, 5.0, 500.0]]
