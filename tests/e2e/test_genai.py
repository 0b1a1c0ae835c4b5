"""AI telemetry of real clients in one vocabulary: columns, explanations, own rules."""

import json
import time

import pytest

import otlp
from harness import ROOT, Server, cli
from test_captures import MANIFEST, bodies, shared_server, spans_of  # noqa: F401

CAPTURES = ROOT / "fixtures" / "captures"
CALLS = ("chat", "embeddings", "generate_content", "text_completion")
COLUMNS = {
    "gen_ai.operation.name": "operation",
    "gen_ai.provider.name": "provider",
    "gen_ai.request.model": "request_model",
    "gen_ai.response.model": "response_model",
    "gen_ai.response.id": "response_id",
    "gen_ai.conversation.id": "conversation_id",
    "gen_ai.agent.name": "agent_name",
    "gen_ai.tool.name": "tool_name",
}
RULES = """
[[dialect]]
id = "house"
name = "Our own client"
detect = { attributes = ["acme.op"] }
rules = [
  { from = "acme.op", to = "gen_ai.operation.name", as = "map:operation" },
  { from = "acme.model", to = "gen_ai.request.model" },
]
"""


def explained(server, trace_id, span_id):
    response = server.api.get(f"/api/v1/traces/{trace_id}/spans/{span_id}/explain")
    assert response.status_code == 200, response.text
    return response.json()["spans"]


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_every_client_is_understood(name, shared_server):  # noqa: F811
    ids = set()
    for signal, raw, message in bodies(name):
        assert shared_server.export(signal, raw).status_code == 200
        if signal == "traces":
            ids |= {(span.trace_id.hex(), span.span_id.hex()) for _, span in spans_of(message)}
    columns = ", ".join(COLUMNS.values())
    rows = [
        row
        for trace_id, span_id in sorted(ids)
        for row in shared_server.sql(
            f"SELECT trace_id, span_id, {columns} FROM spans WHERE trace_id = $1 AND span_id = $2",
            trace_id,
            span_id,
        )
    ]
    assert len(rows) == len(ids)
    operations = {row[2] for row in rows}
    assert operations & set(CALLS), f"no call is recognised: {operations}"
    for row in rows:
        if row[2] in CALLS:
            provider, models = row[3], row[4:6]
            assert provider and any(models), f"a call without provider or model: {row}"
    # What the columns hold is what the explanation says, and it names an attribute for it.
    for row in rows:
        for span in explained(shared_server, row[0], row[1]):
            said = {
                d["field"]: d for d in span["decisions"] if d["outcome"] in ("used", "derived")
            }
            for field, value in zip(COLUMNS, row[2:]):
                if value is not None:
                    assert said[field]["value"] == value[:120], f"{field}: {said.get(field)}"
                    assert said[field]["rule"] or said[field]["outcome"] == "derived"


def test_what_has_no_rule_is_listed(server):
    request = otlp.traces(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    for key in ("gen_ai.operation.name", "gen_ai.brand.new", "http.route"):
        span.attributes.add(key=key).value.string_value = "chat"
    assert server.export("traces", request.SerializeToString()).status_code == 200
    listed = server.api.get("/api/v1/genai/unmapped").json()["attributes"]
    assert [(a["table"], a["key"]) for a in listed] == [("spans", "gen_ai.brand.new")]


def test_a_file_is_explained_without_a_server():
    file = CAPTURES / "openinference_openai" / "0001-traces.bin"
    done = cli("normalize", "--json", file)
    assert done.returncode == 0, done.stderr
    assert any(
        d["field"] == "gen_ai.provider.name" and d["value"] == "openai"
        for span in json.loads(done.stdout)["spans"]
        for d in span["decisions"]
    )


def test_stored_spans_follow_own_rules(make_server, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    server = make_server()
    request = otlp.traces(2)
    for key, value in (("acme.op", "completion"), ("acme.model", "acme-1")):
        span = request.resource_spans[0].scope_spans[0].spans[0]
        span.attributes.add(key=key).value.string_value = value
    assert server.export("traces", request.SerializeToString()).status_code == 200
    query = "SELECT operation, request_model FROM spans WHERE attributes ->> 'acme.op' IS NOT NULL"
    assert server.sql(query) == [[None, None]]
    assert server.terminate() == 0

    server = make_server(genai_rules=str(rules))
    deadline = time.monotonic() + 30
    while server.sql(query) != [["text_completion", "acme-1"]]:
        assert time.monotonic() < deadline, server.sql(query)
        time.sleep(0.1)
    assert server.count("spans") == 2
    assert server.value("SELECT count(*) FROM spans WHERE operation IS NOT NULL") == 1


def test_rules_that_are_wrong_stop_the_start_and_the_check(tmp_path):
    rules = tmp_path / "rules.toml"
    for text, expect in (("x = [", "rules.toml"), (RULES.replace("as =", "has ="), "has")):
        rules.write_text(text)
        for command in ("check-config", "serve"):
            done = cli(command, data_dir=tmp_path / "data", genai_rules=str(rules), http="127.0.0.1:0")
            assert done.returncode != 0 and expect in done.stderr, done.stderr
