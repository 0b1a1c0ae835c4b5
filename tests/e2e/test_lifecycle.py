"""Starting, stopping, and what is refused at the start."""

import time

import pytest
from deltalake import DeltaTable

import otlp
from harness import cli


def test_a_graceful_stop_writes_everything_to_files(server):
    assert server.export("traces", otlp.traces(100).SerializeToString()).status_code == 200
    assert server.terminate() == 0
    delta = DeltaTable(str(server.data_dir / "tables" / "spans"))
    assert delta.to_pyarrow_table(columns=["span_id"]).num_rows == 100
    server.start()
    assert server.count("spans") == 100


def test_probes_answer(server):
    assert server.api.get("/healthz").status_code == 200
    ready = server.api.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready"), ready.text
    assert "# EOF" in server.api.get("/metrics").text


def test_a_second_server_on_the_same_data_is_refused(server, make_server):
    with pytest.raises(RuntimeError, match="(?i)another|already|lock|in use"):
        make_server()
    assert server.count("spans") == 0


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(server, make_server, tmp_path):
    with pytest.raises(RuntimeError, match="cannot listen"):
        make_server(tmp_path / "other", http=server.ports["Telltale"])


def test_an_open_port_without_keys_is_refused_with_the_line_that_fixes_it(make_server):
    with pytest.raises(RuntimeError, match="telltale keys create"):
        make_server(http="0.0.0.0:0")


@pytest.mark.parametrize(
    "key, value, part",
    [
        ("storage_flush_bytes", "lots", "storage.flush_bytes"),
        ("query_timeout", "soon", "query.timeout"),
        ("http", "everywhere", "http"),
        ("no_such_key", "1", "no_such_key"),
    ],
)
def test_check_config_names_the_key(key, value, part):
    done = cli("check-config", **{key: value})
    assert done.returncode != 0
    assert part in done.stderr, done.stderr


def test_check_config_accepts_the_defaults():
    done = cli("check-config")
    assert done.returncode == 0, done.stderr


def test_a_slow_start_of_load_is_visible_at_once(server):
    """An acknowledged record is visible to the next query."""
    for number in range(20):
        name = f"visible-{number}"
        request = otlp.traces(2, name=name)
        start = time.monotonic()
        assert server.export("traces", request.SerializeToString()).status_code == 200
        assert server.value("SELECT count(*) FROM spans WHERE name = $1", name) == 2
        assert time.monotonic() - start < 10
