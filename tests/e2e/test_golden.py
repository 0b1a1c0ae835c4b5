"""Data directories written by earlier versions open, and hold what they held."""

import json
import shutil

import pytest

import test_attributes
from harness import ROOT

GOLDEN = ROOT / "fixtures" / "golden"
VERSIONS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
FOREVER = {f"retention_{signal}": "forever" for signal in ("spans", "logs", "metrics")}


def read(server):
    found = {table: server.count(table) for table in ("spans", "logs", "metrics", "histograms")}
    found["duration_ns"] = server.value("SELECT sum(duration_ns) FROM spans")
    found["traces"] = server.value("SELECT count(DISTINCT trace_id) FROM spans")
    found["histogram_count"] = server.value("SELECT sum(count) FROM histograms")
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_data_directory_opens_whole(make_server, tmp_path, version):
    expected = json.loads((GOLDEN / f"{version}.expected.json").read_text())
    shutil.copytree(GOLDEN / version, tmp_path / "data")
    server = make_server(**FOREVER)
    assert read(server) == expected
    assert server.api.get("/readyz").json() == {"status": "ready", "reasons": []}
    # What was in the log only is in files after an orderly stop, and nothing is there twice.
    server.restart()
    assert read(server) == expected
    # A directory that had no catalogue of attributes gets one.
    test_attributes.wait_until_complete(server)
    keys = test_attributes.attributes(server, prefix="service.name")["keys"]
    # Some records have an attribute of that name of their own.
    found = {key["scope"]: key["count"] for key in keys if key["key"] == "service.name"}
    assert found["resource"] == expected["spans"]
