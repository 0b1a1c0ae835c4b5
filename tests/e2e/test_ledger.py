"""The token ledger on the built binary: `calls` and the token columns of `spans`, each call once."""

import json
import random
import time

import pytest

import otlp
from harness import Server, cli
from test_captures import MANIFEST, bodies, spans_of

TOTALS = (
    "SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), count(*), "
    "coalesce(sum(CASE WHEN usage_source = 'missing' THEN 1 ELSE 0 END), 0) FROM "
)


# Captures are as old as they are: nothing here is about retention.
KEEP = {f"retention_{table}": "forever" for table in ("spans", "logs", "metrics")}


def recoverable(name):
    return [MANIFEST[name]["recoverable_input"], MANIFEST[name]["recoverable_output"]]


def requests(name):
    """Every export of a capture, cut into exports of one record."""
    return [
        (signal, single)
        for signal, _, message in bodies(name)
        for single in otlp.single_records(signal, message)
    ]


def send(server, exports):
    for signal, raw in exports:
        response = server.export(signal, raw)
        assert response.status_code == 200, response.text


def whole(name):
    return [(signal, raw) for signal, raw, _ in bodies(name)]


def totals(server, table="calls"):
    return server.sql(TOTALS + table)[0]


def span_totals(server):
    """What the spans that bear a call say."""
    return server.sql(TOTALS + "spans WHERE usage_source IS NOT NULL")[0]


def calls(server):
    """The calls without what depends on the order of arrival."""
    return server.sql(
        "SELECT signal, service_name, operation, provider, request_model, response_model, "
        "response_id, usage_source, input_tokens, cache_read_tokens, output_tokens, "
        "reasoning_tokens, cost_nano_usd, price_source FROM calls "
        "ORDER BY start_unix_nano, service_name, response_id, input_tokens, output_tokens, signal"
    )


def check(server, names):
    expected = [sum(recoverable(name)[part] for name in names) for part in (0, 1)]
    assert totals(server)[:2] == expected
    borne = server.sql(TOTALS + "calls WHERE signal = 'span'")[0]
    assert span_totals(server) == borne


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_the_ledger_equals_what_can_be_known(name, make_server):
    server = make_server(**KEEP)
    send(server, whole(name))
    check(server, [name])
    expected = calls(server)
    priced = server.sql("SELECT DISTINCT price_source FROM calls WHERE usage_source = 'reported'")
    assert all(source in ("table", "unpriced") for (source,) in priced)
    # What a crash leaves is read back as it was decided.
    server.kill()
    server.start()
    check(server, [name])
    assert calls(server) == expected
    # And so are files.
    server.restart()
    check(server, [name])
    assert calls(server) == expected


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_any_order_one_record_an_export(name, make_server):
    server = make_server(**KEEP)
    exports = requests(name)
    random.Random(name).shuffle(exports)
    half = len(exports) // 2
    send(server, exports[:half])
    # The other half arrives after a restart: what belongs to it is read back from files.
    server.restart()
    send(server, exports[half:])
    check(server, [name])
    shuffled = calls(server)
    other = Server(server.data_dir.with_name("other"), **KEEP).start()
    try:
        send(other, whole(name))
        assert calls(other) == shuffled
    finally:
        other.close()


def test_all_clients_in_one_project(make_server):
    server = make_server(**KEEP)
    everything = [export for name in sorted(MANIFEST) for export in whole(name)]
    random.Random(7).shuffle(everything)
    send(server, everything)
    check(server, MANIFEST)
    # The same again, cut differently.
    again = [export for name in sorted(MANIFEST) for export in requests(name) if export[0] == "traces"]
    send(server, again)
    check(server, MANIFEST)


def test_a_call_without_usage_is_missing_and_a_model_without_a_price_unpriced(server):
    tokens = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2}
    ai = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
    for model, usage in (("gpt-4o", {}), ("gpt-4o", tokens), ("nobody-knows-me-7", tokens)):
        request = otlp.traces(1, **ai, **{"gen_ai.request.model": model}, **usage)
        assert server.export("traces", request.SerializeToString()).status_code == 200
    rows = server.sql(
        "SELECT request_model, usage_source, input_tokens, cost_nano_usd, price_source, price "
        "FROM calls ORDER BY record_id"
    )
    assert rows[0][:5] == ["gpt-4o", "missing", None, None, None]
    # 10 tokens at 2.50 and 2 at 10 dollars a million.
    assert rows[1][:5] == ["gpt-4o", "reported", 10, 45_000, "table"]
    assert rows[2][:5] == ["nobody-knows-me-7", "reported", 10, None, "unpriced"]
    assert "no price is known" in rows[2][5]


def test_prices_of_a_project_go_before_the_table(make_server, tmp_path):
    config = tmp_path / "telltale.toml"
    config.write_text(
        "[[genai.prices]]\nmodel = 'gpt-4o'\nrates = { in = '1', out = '1' }\n"
        "[[projects.default.prices]]\nmodel = 'gpt-4o'\nrates = { in = '1.25', out = '5' }\n"
    )
    server = make_server(config=config)
    request = otlp.traces(
        1,
        **{
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        },
    )
    assert server.export("traces", request.SerializeToString()).status_code == 200
    ((cost, source),) = server.sql("SELECT cost_nano_usd, price_source FROM calls")
    assert (cost, source) == (1_750_000, "override")
    assert server.value("SELECT sum(cost_nano_usd) FROM spans") == 1_750_000


def test_a_wrong_price_is_told_before_it_is_used(tmp_path):
    config = tmp_path / "telltale.toml"
    config.write_text("[[genai.prices]]\nmodel = 'gpt-4o'\nrates = { in = 'much' }\n")
    done = cli("check-config", "--config", config)
    assert done.returncode != 0
    assert "genai.prices" in done.stderr and "gpt-4o" in done.stderr


def test_ids_that_are_used_again_are_other_calls(server):
    """Some servers draw response ids from a few hundred values."""
    requests = []
    for number in range(300):
        requests.append(
            otlp.traces(
                1,
                trace_id=number.to_bytes(16, "big", signed=False) if number else b"\x01" * 16,
                **{
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "llama3",
                    "gen_ai.response.id": f"chatcmpl-{number % 30}",
                    "gen_ai.usage.input_tokens": 100 + number,
                    "gen_ai.usage.output_tokens": 1,
                },
            )
        )
    for request in requests:
        assert server.export("traces", request.SerializeToString()).status_code == 200
    assert totals(server) == [sum(100 + n for n in range(300)), 300, 300, 0]


def test_evidence_names_the_records_of_a_call(make_server):
    server = make_server(**KEEP)
    send(server, whole("openlit_openai"))
    for signal, evidence in server.sql("SELECT signal, evidence FROM calls"):
        evidence = json.loads(evidence)
        assert evidence["bearer"] in evidence["reports"]
        table, record_id = evidence["bearer"]["table"], evidence["bearer"]["record_id"]
        assert {"span": "spans", "log": "logs"}[signal] == table
        assert server.value(f"SELECT count(*) FROM {table} WHERE record_id = $1", record_id) == 1


def test_calls_are_exported_but_not_as_otlp(make_server, tmp_path):
    server = make_server(**KEEP)
    send(server, whole("otel_genai_openai"))
    target = tmp_path / "calls.jsonl"
    done = cli("export", "--table", "calls", "--format", "jsonl", "--out", target, server=server)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert sum(row.get("input_tokens", 0) for row in rows) == 729
    done = cli("export", "--table", "calls", "--format", "otlp", "--out", tmp_path / "x", server=server)
    assert done.returncode != 0 and "calls" in done.stderr


def job_is_done(server, name):
    tasks = server.api.get("/api/v1/health").json()["tasks"]
    return all(task["name"] != name for task in tasks)


def wait_for_job(server, name):
    deadline = time.monotonic() + 60
    while not job_is_done(server, name):
        assert time.monotonic() < deadline, f"{name} does not end"
        time.sleep(0.1)


def test_calls_follow_rules_and_prices_that_came_later(make_server, tmp_path):
    server = make_server(**KEEP)
    request = otlp.traces(
        2, **{"acme.op": "chat", "acme.model": "gpt-4o", "acme.in": 1000, "acme.out": 100}
    )
    assert server.export("traces", request.SerializeToString()).status_code == 200
    assert server.count("calls") == 0
    server.terminate()
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[dialect]]\nid = "house"\nname = "Our own client"\n'
        'detect = { attributes = ["acme.op"] }\nrules = [\n'
        '  { from = "acme.op", to = "gen_ai.operation.name", as = "map:operation" },\n'
        '  { from = "acme.model", to = "gen_ai.request.model" },\n'
        '  { from = "acme.in", to = "gen_ai.usage.input_tokens" },\n'
        '  { from = "acme.out", to = "gen_ai.usage.output_tokens" },\n]\n'
    )
    server.config["genai_rules"] = rules
    server.start()
    wait_for_job(server, "resettle")
    # The root and its child say the same: they are one call, as they would have been on arrival.
    assert totals(server) == [1000, 100, 1, 0]
    assert span_totals(server) == totals(server)
    assert server.value("SELECT sum(cost_nano_usd) FROM calls") == 3_500_000
    # What a job decided is read back from the log as well.
    server.kill()
    server.start()
    assert totals(server) == span_totals(server) == [1000, 100, 1, 0]
    # Prices that came later.
    server.terminate()
    config = tmp_path / "telltale.toml"
    config.write_text("[[genai.prices]]\nmodel = 'gpt-4o'\nrates = { in = '1', out = '1' }\n")
    server.config["config"] = config
    server.start()
    wait_for_job(server, "reprice")
    assert server.value("SELECT sum(cost_nano_usd) FROM calls") == 1_100_000
    assert server.value("SELECT sum(cost_nano_usd) FROM spans") == 1_100_000
    # And everything taken back.
    server.terminate()
    del server.config["genai_rules"]
    server.start()
    wait_for_job(server, "resettle")
    assert server.count("calls") == 0
    assert server.value("SELECT count(usage_source) FROM spans") == 0
