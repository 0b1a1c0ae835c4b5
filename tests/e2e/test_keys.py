"""Keys: who may do what, and that no project sees another."""

import base64

import pytest

import otlp
from harness import cli


def create(server, project, scope):
    """A key made by the operator, on the data directory of a running server."""
    done = cli("keys", "create", "--project", project, "--scope", scope, data_dir=server.data_dir)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[0]


@pytest.fixture
def keyed(make_server, tmp_path):
    """A server with keys for two projects, by project and scope."""
    server = make_server()
    server.keys = {
        (project, scope): create(server, project, scope)
        for project in ("red", "blue")
        for scope in ("ingest", "query", "admin")
    }
    # A first key created beside a running server is noticed within a second; a restart is surer.
    return server.restart()


def send(server, key, count=3, **headers):
    headers = headers or {"authorization": f"Bearer {key}"}
    return server.export("traces", otlp.traces(count).SerializeToString(), **headers).status_code


def test_without_a_key_nothing_is_read_or_written(keyed):
    assert keyed.export("traces", otlp.traces(1).SerializeToString()).status_code == 401
    assert keyed.api.post("/api/v1/sql", json={"query": "SELECT 1"}).status_code == 401
    assert keyed.api.get("/healthz").status_code == 200


def test_a_project_sees_only_its_own_records(keyed):
    assert send(keyed, keyed.keys["red", "ingest"], 3) == 200
    assert send(keyed, keyed.keys["blue", "ingest"], 5) == 200
    for project, count in (("red", 3), ("blue", 5)):
        key = keyed.keys[project, "query"]
        assert keyed.sql("SELECT count(*) FROM spans", key=key) == [[count]]
        query = "SELECT count(*) FROM spans WHERE project = 'red' OR project = 'blue' OR true"
        assert keyed.sql(query, key=key) == [[count]]


def test_the_three_ways_to_show_a_key(keyed):
    key = keyed.keys["red", "ingest"]
    assert send(keyed, key, x_api_key=key) == 200
    assert send(keyed, key, authorization=f"Bearer {key}") == 200
    basic = base64.b64encode(f"anyone:{key}".encode()).decode()
    assert send(keyed, key, authorization=f"Basic {basic}") == 200


def test_a_key_does_only_what_it_is_for(keyed):
    assert send(keyed, keyed.keys["red", "query"]) == 403
    headers = {"authorization": f"Bearer {keyed.keys['red', 'ingest']}"}
    assert keyed.api.post("/api/v1/sql", json={"query": "SELECT 1"}, headers=headers).status_code == 403
    assert keyed.api.get("/api/v1/keys", headers=headers).status_code == 403
    headers = {"authorization": f"Bearer {keyed.keys['red', 'admin']}"}
    listed = keyed.api.get("/api/v1/keys", headers=headers).json()["keys"]
    assert {key["project"] for key in listed} == {"red"}


def test_a_revoked_key_ends_at_once(keyed):
    admin, ingest = keyed.keys["red", "admin"], keyed.keys["red", "ingest"]
    headers = {"authorization": f"Bearer {admin}"}
    listed = keyed.api.get("/api/v1/keys", headers=headers).json()["keys"]
    (target,) = [key["id"] for key in listed if key["scope"] == "ingest"]
    assert send(keyed, ingest) == 200
    done = cli("keys", "revoke", target, server=keyed, key=admin)
    assert done.returncode == 0, done.stderr
    assert send(keyed, ingest) == 401


def test_secrets_are_not_on_disk(keyed):
    for file in keyed.data_dir.glob("meta.db*"):
        data = file.read_bytes()
        for key in keyed.keys.values():
            assert key.encode() not in data, file.name
