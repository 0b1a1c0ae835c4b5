"""kill -9 at random moments under load: every acknowledged record is there exactly once.

The rows go through every stage meanwhile: flush thresholds are small, so that kills hit the log,
the flush, the commit and the trim. The seed is printed; give it as E2E_SEED to repeat a run.
"""

import os
import random
import threading
import time

import httpx
import pytest

import otlp
from harness import LONG

ROUNDS = 50 if LONG else 5
WRITERS = 4
SMALL = {
    "storage_flush_bytes": "64KiB",
    "storage_flush_interval": "100ms",
    "storage_wal_max": "1MiB",
}


class Writer(threading.Thread):
    """Exports until the server is gone. Remembers what was acknowledged and what is in doubt."""

    def __init__(self, url, marker, rng):
        super().__init__(daemon=True)
        self.url, self.marker, self.rng = url, marker, rng
        self.acked = []
        self.in_doubt = None
        self.unexpected = None

    def run(self):
        headers = {"content-type": "application/x-protobuf"}
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while True:
                request = otlp.traces(self.rng.randint(1, 60), name=self.marker)
                self.in_doubt = request
                try:
                    response = client.post(
                        "/v1/traces", content=request.SerializeToString(), headers=headers
                    )
                except httpx.TransportError:
                    return
                if response.status_code == 200:
                    self.acked += otlp.span_ids(request)
                    self.in_doubt = None
                elif response.status_code not in (429, 503):
                    self.unexpected = response.text
                    return


def check_round(server, marker, writers):
    stored = [span_id for (span_id,) in server.sql("SELECT span_id FROM spans WHERE name = $1", marker)]
    acked = {span_id for writer in writers for span_id in writer.acked}
    doubtful = {span_id for w in writers if w.in_doubt for span_id in otlp.span_ids(w.in_doubt)}
    assert len(stored) == len(set(stored)), "a span is there twice"
    assert not acked - set(stored), f"{len(acked - set(stored))} of {len(acked)} acked spans are lost"
    assert not set(stored) - acked - doubtful, "spans that nobody sent"
    # An export is atomic: in doubt means all of it or none of it.
    for writer in writers:
        if writer.in_doubt:
            ids = set(otlp.span_ids(writer.in_doubt))
            assert ids & set(stored) in (set(), ids), "half an export is there"
    return acked


@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_kill_under_load_loses_and_duplicates_nothing(make_server):
    seed = int(os.environ.get("E2E_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"E2E_SEED={seed}")
    rng = random.Random(seed)
    server = make_server(**SMALL)
    total = 0
    for number in range(ROUNDS):
        marker = f"round-{number}"
        writers = [Writer(server.url, marker, random.Random(rng.random())) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        # A round counts only when something was acknowledged that could be lost.
        deadline = time.monotonic() + 30
        while not any(writer.acked for writer in writers):
            assert time.monotonic() < deadline, "nothing is acknowledged"
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 2.0))
        server.kill()
        for writer in writers:
            writer.join(40)
            assert not writer.is_alive()
            assert writer.unexpected is None
        server.start()
        check_round(server, marker, writers)
        # What a client does with an export in doubt: it sends the same bytes again.
        for writer in writers:
            if writer.in_doubt:
                assert server.export("traces", writer.in_doubt.SerializeToString()).status_code == 200
                writer.acked += otlp.span_ids(writer.in_doubt)
                writer.in_doubt = None
        total += len(check_round(server, marker, writers))
    # Earlier rounds went through later crashes too.
    assert server.count("spans") == total
    assert server.value("SELECT count(DISTINCT span_id) FROM spans") == total
    server.restart()
    assert server.count("spans") == total
