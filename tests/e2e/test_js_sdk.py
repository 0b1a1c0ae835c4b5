"""The OpenTelemetry JS SDK, over HTTP with protobuf and JSON and over gRPC."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "js" / "export.mjs"
NODE = Path(os.environ["E2E_NODE"])


@pytest.mark.parametrize("protocol", ["proto", "json", "grpc"])
def test_an_instrumented_program_reads_back(protocol, server):
    endpoint = f"http://{server.otlp_grpc}" if protocol == "grpc" else server.otlp_http
    # Modules are found beside the script, which is where the packages are installed.
    script = shutil.copy(SCRIPT, NODE / "export.mjs")
    done = subprocess.run(
        ["node", script, protocol, endpoint], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    trace_id = done.stdout.strip()

    assert server.sql("SELECT name, service_name, status_code FROM spans ORDER BY name") == [
        ["agent.run", "js-shop", "unset"],
        ["tool.call", "js-shop", "error"],
    ]
    trace = server.api.get(f"/api/v1/traces/{trace_id}").json()
    assert [(span["depth"], span["name"]) for span in trace["spans"]] == [
        (0, "agent.run"),
        (1, "tool.call"),
    ]
    assert server.sql("SELECT body, severity_text FROM logs") == [["cart is empty", "WARN"]]
    # The SDK reports cumulative sums, once when flushed and once when shut down.
    assert server.sql("SELECT DISTINCT name, value FROM metrics") == [["orders", 3.0]]
    query = "SELECT DISTINCT name, count, sum FROM histograms"
    assert server.sql(query) == [["latency", 1, 42.0]]
