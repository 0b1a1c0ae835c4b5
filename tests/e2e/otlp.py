"""Builds OTLP bodies with the generated types, independent of any SDK."""

import secrets
import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

REQUESTS = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}

RESPONSES = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}


def answer(signal, response):
    """The OTLP answer to an export over HTTP that was taken."""
    assert response.status_code == 200, response.text
    return RESPONSES[signal].FromString(response.content)


def attribute(owner, key, value):
    """Adds a text or integer attribute to a record."""
    entry = owner.attributes.add(key=key)
    if isinstance(value, int):
        entry.value.int_value = value
    else:
        entry.value.string_value = value


def traces(count, service="e2e", name="work", trace_id=None, **attributes):
    """A request with `count` spans of one trace: a root and its children."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    attribute(resource_spans.resource, "service.name", service)
    scope_spans = resource_spans.scope_spans.add()
    trace_id = trace_id or secrets.token_bytes(16)
    start = time.time_ns()
    root = secrets.token_bytes(8)
    for index in range(count):
        span = scope_spans.spans.add(
            trace_id=trace_id,
            span_id=root if index == 0 else secrets.token_bytes(8),
            parent_span_id=b"" if index == 0 else root,
            name=name,
            start_time_unix_nano=start + index,
            end_time_unix_nano=start + index + 1_000_000 + index,
        )
        for key, value in attributes.items():
            attribute(span, key, value)
    return request


def logs(count, service="e2e"):
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    attribute(resource_logs.resource, "service.name", service)
    records = resource_logs.scope_logs.add().log_records
    for index in range(count):
        record = records.add(time_unix_nano=time.time_ns(), severity_number=9, severity_text="INFO")
        record.body.string_value = f"line {index} {secrets.token_hex(4)}"
    return request


def metrics(count, service="e2e", name="e2e.gauge"):
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    attribute(resource_metrics.resource, "service.name", service)
    metric = resource_metrics.scope_metrics.add().metrics.add(name=name, unit="1")
    for index in range(count):
        metric.gauge.data_points.add(time_unix_nano=time.time_ns(), as_double=index + 0.5)
    return request


def span_ids(request):
    return [
        span.span_id.hex()
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


FIELDS = {
    "traces": ("resource_spans", "scope_spans", "spans"),
    "logs": ("resource_logs", "scope_logs", "log_records"),
    "metrics": ("resource_metrics", "scope_metrics", "metrics"),
}


def single_records(signal, message):
    """The records of a request as requests of one record each, serialised."""
    groups, scopes, records = FIELDS[signal]
    for group in getattr(message, groups):
        for scope in getattr(group, scopes):
            for record in getattr(scope, records):
                request = REQUESTS[signal]()
                own_group = getattr(request, groups).add()
                own_group.resource.CopyFrom(group.resource)
                own_scope = getattr(own_group, scopes).add()
                own_scope.scope.CopyFrom(scope.scope)
                getattr(own_scope, records).add().CopyFrom(record)
                yield request.SerializeToString()
