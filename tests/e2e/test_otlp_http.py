"""How the OTLP endpoints answer what is wrong, or large, or empty."""

import gzip
import json

import pytest
import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

import otlp

JSON = "application/json"


def test_codings_and_encodings(server):
    zstd = zstandard.ZstdCompressor().compress
    assert server.export("traces", otlp.traces(5).SerializeToString()).status_code == 200
    for coding, squeeze in (("gzip", gzip.compress), ("zstd", zstd)):
        squeezed = squeeze(otlp.traces(5).SerializeToString())
        assert server.export("traces", squeezed, content_encoding=coding).status_code == 200
    message = json_format.MessageToDict(otlp.logs(5), use_integers_for_enums=True)
    response = server.export("logs", json.dumps(message).encode(), JSON)
    assert (response.status_code, response.json()) == (200, {})
    assert response.headers["content-type"].startswith(JSON)
    assert (server.count("spans"), server.count("logs")) == (15, 5)


@pytest.mark.parametrize("signal", otlp.REQUESTS)
def test_empty_requests_succeed(signal, server):
    assert server.export(signal, b"").status_code == 200
    assert server.export(signal, b"{}", JSON).status_code == 200


@pytest.mark.parametrize(
    "content, media, headers, status",
    [
        (b"\xff\xff\xff", "application/x-protobuf", {}, 400),
        (b"{", JSON, {}, 400),
        (b"[]", JSON, {}, 400),
        (b"{}", "text/plain", {}, 415),
        (b"not gzip", "application/x-protobuf", {"content_encoding": "gzip"}, 400),
        (b"x", "application/x-protobuf", {"content_encoding": "br"}, 415),
    ],
)
def test_what_is_wrong_is_refused(content, media, headers, status, server):
    response = server.export("traces", content, media, **headers)
    assert response.status_code == status, response.text
    assert server.count("spans") == 0


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_bomb_is_refused_and_the_server_lives(coding, make_server):
    server = make_server(server_body_max="1MiB")
    zeros = bytes(64 << 20)
    squeeze = gzip.compress if coding == "gzip" else zstandard.ZstdCompressor().compress
    bomb = squeeze(zeros)
    assert len(bomb) < 1 << 20
    assert server.export("traces", bomb, content_encoding=coding).status_code == 413
    assert server.export("traces", otlp.traces(1).SerializeToString()).status_code == 200


def test_a_record_that_is_wrong_does_not_take_others_with_it(server):
    request = otlp.traces(3)
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    response = server.export("traces", request.SerializeToString())
    assert response.status_code == 200
    partial = ExportTraceServiceResponse.FromString(response.content).partial_success
    assert partial.rejected_spans == 1
    assert "trace" in partial.error_message
    assert server.count("spans") == 2


def test_a_secret_is_masked_before_it_is_written(server):
    secret = "sk-proj-" + "a1B2c3D4e5" * 5
    request = otlp.traces(1, prompt=f"my key is {secret}, keep it")
    assert server.export("traces", request.SerializeToString()).status_code == 200
    (attributes,) = server.sql("SELECT attributes FROM spans")[0]
    assert secret not in attributes
    assert "keep it" in attributes
    server.terminate()
    for file in server.data_dir.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file


def test_unknown_api_paths_are_not_the_page(server):
    for path in ("/api/v1/nothing", "/v1/nothing", "/api/nothing"):
        response = server.api.get(path)
        assert response.status_code == 404, path
        assert "html" not in response.headers.get("content-type", ""), path


def test_sql_cannot_write_or_reach_out(server):
    for query in (
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE spans",
        "INSERT INTO spans SELECT * FROM spans",
        "COPY spans TO '/tmp/x.csv'",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "SELECT * FROM '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
    ):
        response = server.api.post("/api/v1/sql", json={"query": query})
        assert response.status_code in (400, 403), (query, response.status_code, response.text)
        assert response.headers["content-type"] == "application/problem+json"
