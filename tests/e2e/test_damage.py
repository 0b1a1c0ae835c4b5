"""A data file that is damaged while the server runs: set aside, reported, and the rest is served."""

import psycopg
import pytest

import otlp

ZSTD = bytes.fromhex("28b52ffd")
PLAIN = "SELECT service_name FROM spans WHERE attributes <> 'x' AND service_name <> 'later'"
QUERY = "SELECT service_name, count(attributes) FROM spans WHERE attributes <> 'x' GROUP BY 1 ORDER BY 1"


def flip(path):
    """Turns one bit at the start of every compressed page."""
    data = bytearray(path.read_bytes())
    at = data.find(ZSTD)
    assert at >= 0
    while at >= 0:
        data[at] ^= 1
        at = data.find(ZSTD, at)
    with path.open("r+b") as file:
        file.write(data)


def cut(path):
    """Leaves less than the first column."""
    with path.open("r+b") as file:
        file.truncate(50)


def files(server):
    return set((server.data_dir / "tables" / "spans").rglob("part-*.parquet"))


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "read before"])
@pytest.mark.parametrize("spoil", [flip, cut])
@pytest.mark.parametrize("rows_at_once", [False, True], ids=["sum", "rows"])
def test_a_query_sets_it_aside_and_answers_from_the_rest(rows_at_once, spoil, warm, make_server):
    server = make_server(storage_flush_interval="100ms")
    made = []
    for service in ("damaged", "sound"):
        before = files(server)
        request = otlp.traces(200, service=service, text="prompt " * 20)
        assert server.export("traces", request.SerializeToString()).status_code == 200
        server.wait_until_flushed()
        (new,) = files(server) - before
        made.append(new)
    if warm:
        assert server.sql(QUERY) == [["damaged", 200], ["sound", 200]]
    spoil(made[0])
    if rows_at_once:
        assert server.sql(PLAIN) == [["sound"]] * 200
    assert server.sql(QUERY) == [["sound", 200]]
    ready = server.api.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded"), ready.text
    assert [reason["check"] for reason in ready.json()["reasons"]] == ["quarantine"], ready.text
    (quarantined,) = server.api.get("/api/v1/health").json()["quarantined"]
    assert made[0].name in quarantined
    assert made[0].name in server.log_text()
    assert server.export("traces", otlp.traces(3, service="later").SerializeToString()).status_code == 200
    assert server.sql(QUERY) == [["later", 3], ["sound", 200]]
    server.restart()
    assert server.sql(QUERY) == [["later", 3], ["sound", 200]]
    assert server.api.get("/readyz").json()["status"] == "degraded"
    assert made[0].exists(), "damaged files are evidence"


def test_the_postgresql_wire_names_it_once(make_server):
    server = make_server(storage_flush_interval="100ms")
    for service in ("damaged", "sound"):
        before = files(server)
        request = otlp.traces(200, service=service, text="prompt " * 20)
        assert server.export("traces", request.SerializeToString()).status_code == 200
        server.wait_until_flushed()
        if service == "damaged":
            (damaged,) = files(server) - before
    flip(damaged)
    host, port = server.ports["PostgreSQL wire"].rsplit(":", 1)
    with psycopg.connect(host=host, port=int(port), user="anyone", dbname="telltale", autocommit=True) as connection:
        with pytest.raises(psycopg.Error, match=f"{damaged.name} is damaged .* set aside"):
            connection.execute(QUERY)
        assert connection.execute(QUERY).fetchall() == [("sound", 200)]
    assert server.api.get("/readyz").json()["status"] == "degraded"
