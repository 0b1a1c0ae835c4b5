"""Which attributes there are: known at once, for ever, and after a crash."""

import shutil
import time

import otlp
from test_keys import keyed, send  # noqa: F401 (a fixture)


def attributes(server, token=None, **params):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = server.api.get("/api/v1/attributes", params=params, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def counts(server, **params):
    return {key["key"]: key["count"] for key in attributes(server, **params)["keys"]}


def export(server, count, **values):
    request = otlp.traces(count, **values)
    assert server.export("traces", request.SerializeToString()).status_code == 200


def wait_until_complete(server, seconds=60):
    deadline = time.monotonic() + seconds
    while not attributes(server)["complete"]:
        assert time.monotonic() < deadline, "the catalogue is never complete"
        time.sleep(0.2)


def test_keys_are_known_at_once_and_survive_a_kill_and_the_loss_of_the_catalogue(make_server):
    server = make_server(storage_flush_bytes="1KiB")
    export(server, 5, early="yes", route="/items/1")
    assert counts(server, prefix="early") == {"early": 5}
    server.wait_until_flushed()
    export(server, 3, late="yes", route="/items/2")
    expected = {"early": 5, "late": 3, "route": 8, "service.name": 8}
    assert counts(server) == expected
    server.kill()
    server.start()
    wait_until_complete(server)
    assert counts(server) == expected
    server.terminate()
    shutil.rmtree(server.data_dir / "catalogue")
    server.start()
    wait_until_complete(server)
    found = attributes(server, prefix="r")
    assert found["keys_left_out"] == 0
    (route,) = found["keys"]
    assert (route["count"], route["exact"], route["types"]) == (8, True, ["string"])
    assert counts(server) == expected


def test_values_of_a_key_are_completed(server):
    for number in range(30):
        export(server, 1, route=f"/items/{number}", status=200 + number % 2)
    (route,) = attributes(server, key="route", prefix="/items/2")["keys"]
    values = sorted(value["value"] for value in route["values"])
    assert values == ["/items/2", *(f"/items/{number}" for number in range(20, 30))]
    assert (route["count"], route["other_values_max"]) == (30, 0)
    (status,) = attributes(server, key="status", limit=1)["keys"]
    assert status["types"] == ["int"]
    assert status["values"] == [{"value": "200", "count": 15, "error": 0}]
    assert attributes(server, key="rout")["keys"] == []


def test_a_project_sees_only_its_own_attributes(keyed):  # noqa: F811
    assert send(keyed, keyed.keys["red", "ingest"], 3) == 200
    for project, expected in (("red", [3]), ("blue", [])):
        found = attributes(keyed, keyed.keys[project, "query"], prefix="service")
        assert [key["count"] for key in found["keys"]] == expected
