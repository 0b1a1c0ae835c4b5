"""A backup of a serving server, restored: what was acknowledged before is there, exactly once."""

import json
import os
import tempfile
import threading
import time

import httpx
from deltalake import DeltaTable

import otlp
from harness import Server, cli
from test_keys import create

import pytest

WRITERS = 3
# Rows go through files and merges all the time, so that a backup meets every stage.
SMALL = {
    "storage_flush_bytes": "64KiB",
    "storage_flush_interval": "100ms",
    "storage_wal_max": "1MiB",
}


class Writer(threading.Thread):
    """Exports until told to stop. Remembers the requests sent and those acknowledged."""

    def __init__(self, server, key):
        super().__init__(daemon=True)
        self.url, self.key = server.url, key
        self.sent, self.acked = [], []
        self.unexpected = None
        self.enough = threading.Event()

    def run(self):
        headers = {"content-type": "application/x-protobuf", "authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.url, timeout=30, headers=headers) as client:
            while not self.enough.is_set():
                request = otlp.traces(20, name="backed-up")
                self.sent.append(request)
                response = client.post("/v1/traces", content=request.SerializeToString())
                if response.status_code == 200:
                    self.acked.append(request)
                elif response.status_code not in (429, 503):
                    self.unexpected = response.text
                    return


def wait_for_acks(writers, count):
    """Waits until each writer has so many more acknowledged exports."""
    targets = [len(writer.acked) + count for writer in writers]
    deadline = time.monotonic() + 60
    while any(len(w.acked) < target for w, target in zip(writers, targets)):
        assert all(writer.unexpected is None for writer in writers)
        assert time.monotonic() < deadline, "exports are not acknowledged"
        time.sleep(0.01)


def ids(requests):
    return {span_id for request in requests for span_id in otlp.span_ids(request)}


def stored_ids(server, key=None):
    """The ids of the stored spans; each must be there once, with a record id of its own."""
    rows = server.sql("SELECT span_id, record_id FROM spans", key=key)
    stored = {span_id for span_id, _ in rows}
    assert len(rows) == len(stored), "a span is there twice"
    assert len(rows) == len({record_id for _, record_id in rows}), "a record id is there twice"
    return stored


def backup(server, to, key=None):
    done = cli("backup", "--to", to, "--json", server=server, key=key)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def restore(source, to):
    done = cli("restore", "--from", source, "--data-dir", to, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_backups_under_load_have_every_acknowledged_record_once(make_server, tmp_path):
    server = make_server(**SMALL)
    keys = {scope: create(server, "red", scope) for scope in ("ingest", "query", "admin")}
    server.restart()
    writers = [Writer(server, keys["ingest"]) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    taken = []
    for number in range(3):
        wait_for_acks(writers, 15)
        acked = [request for writer in writers for request in list(writer.acked)]
        made = backup(server, tmp_path / f"backup-{number}", keys["admin"])
        sent = [request for writer in writers for request in list(writer.sent)]
        taken.append((made, acked, sent))
    # The original goes on, and what comes after a backup does not get into it.
    wait_for_acks(writers, 5)
    for writer in writers:
        writer.enough.set()
    for writer in writers:
        writer.join(40)
        assert not writer.is_alive() and writer.unexpected is None
    later = ids(request for writer in writers for request in writer.acked)
    assert stored_ids(server, keys["query"]) == later

    for number, (made, acked, sent) in enumerate(taken):
        in_tables = DeltaTable(f"{made['path']}/tables/spans").to_pyarrow_table(columns=["span_id"])
        restored = restore(made["path"], tmp_path / f"restored-{number}")
        assert (restored["files"], restored["bytes"]) == (made["files"], made["bytes"])
        copy = make_server(tmp_path / f"restored-{number}", **SMALL)
        assert copy.api.get("/readyz").json()["status"] == "ready"
        stored = stored_ids(copy, keys["query"])
        assert not ids(acked) - stored, "acknowledged before the backup, and not in it"
        assert not stored - ids(sent), "in the backup before it was sent"
        assert in_tables.num_rows == len(stored)
        # Keys are those of the original: none, one of another scope, and the right one.
        new = otlp.traces(4)
        body = new.SerializeToString()
        assert copy.export("traces", body).status_code == 401
        assert copy.export("traces", body, authorization=f"Bearer {keys['query']}").status_code == 403
        send = {"authorization": f"Bearer {keys['ingest']}"}
        assert copy.export("traces", body, **send).status_code == 200
        # A client that repeats an export from before the backup is recognised.
        assert copy.export("traces", acked[-1].SerializeToString(), **send).status_code == 200
        assert stored_ids(copy, keys["query"]) == stored | ids([new])
        copy.restart()
        assert stored_ids(copy, keys["query"]) == stored | ids([new])
        assert copy.terminate() == 0
    assert stored_ids(server, keys["query"]) == later


def test_all_signals_come_back(server, make_server, tmp_path):
    for signal in ("traces", "logs", "metrics"):
        body = getattr(otlp, signal)(9).SerializeToString()
        assert server.export(signal, body).status_code == 200
    made = backup(server, tmp_path / "backup")
    server.terminate()
    restore(made["path"], tmp_path / "new")
    copy = make_server(tmp_path / "new")
    assert [copy.count(table) for table in ("spans", "logs", "metrics")] == [9, 9, 9]


def test_a_backup_on_another_file_system_is_a_copy(server, make_server, tmp_path):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == os.stat(tmp_path).st_dev:
            pytest.skip("the test's directories are in memory too")
        request = otlp.traces(50)
        assert server.export("traces", request.SerializeToString()).status_code == 200
        # Parents are made, and a link to the place is followed.
        (tmp_path / "link").symlink_to(elsewhere)
        made = backup(server, tmp_path / "link" / "a" / "b")
        restore(f"{elsewhere}/a/b", tmp_path / "new")
        assert made["bytes"] > 0
        assert stored_ids(make_server(tmp_path / "new")) == ids([request])


def test_a_backup_of_nothing_is_a_server_without_records(server, make_server, tmp_path):
    made = backup(server, tmp_path / "backup")
    restore(made["path"], tmp_path / "new")
    assert make_server(tmp_path / "new").count("spans") == 0


def test_where_a_backup_cannot_go(server, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for to, part in [
        ("backup", "absolute path"),
        (server.data_dir / "backup", "lies in the data directory"),
        (server.data_dir, "lies in the data directory"),
        (tmp_path / "full", "not empty"),
        (tmp_path / "full" / "file", "cannot back up to"),
    ]:
        done = cli("backup", "--to", to, server=server)
        assert done.returncode != 0 and part in done.stderr, done.stderr
        answer = server.api.post("/api/v1/backups", json={"path": str(to)})
        assert answer.status_code == 400, answer.text
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["file"]
    assert not (server.data_dir / "backup").exists()


@pytest.mark.parametrize("scope", ["ingest", "query"])
def test_a_backup_needs_an_admin_key(make_server, tmp_path, scope):
    server = make_server()
    key = create(server, "red", scope)
    server.restart()
    done = cli("backup", "--to", tmp_path / "backup", server=server, key=key)
    assert done.returncode != 0 and "scope admin" in done.stderr, done.stderr
    assert not (tmp_path / "backup").exists()


def test_what_cannot_be_restored(server, tmp_path):
    made = backup(server, tmp_path / "backup")
    for source, to, part in [
        (made["path"], server.data_dir, "a server is running on it"),
        (made["path"], made["path"], "it lies in the backup"),
        (server.data_dir, tmp_path / "new", "no backup"),
    ]:
        done = cli("restore", "--from", source, "--data-dir", to)
        assert done.returncode != 0 and part in done.stderr, done.stderr
    (tmp_path / "backup" / "meta.db").unlink()
    done = cli("restore", "--from", made["path"], "--data-dir", tmp_path / "new")
    assert done.returncode != 0 and "when it was complete" in done.stderr, done.stderr
    assert not (tmp_path / "new").exists()


def test_a_server_does_not_open_half_a_restore(server, tmp_path):
    made = backup(server, tmp_path / "backup")
    # The version file as an interrupted restore leaves it.
    restore(made["path"], tmp_path / "new")
    (tmp_path / "new" / "version.json").write_text('{"unfinished": "run telltale restore again"}')
    half = Server(tmp_path / "new")
    with pytest.raises(RuntimeError, match="version.json"):
        half.start()
