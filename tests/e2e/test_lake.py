"""Other engines read the tables on disk while the server runs."""

import duckdb
import pytest
from deltalake import DeltaTable

import otlp

SMALL = {"storage_flush_bytes": "64KiB", "storage_flush_interval": "100ms"}
SUMS = {
    "spans": "count(*), sum(duration_ns), min(start_unix_nano), max(start_unix_nano)",
    "logs": "count(*), sum(severity_number), min(time_unix_nano), max(time_unix_nano)",
    "metrics": "count(*), sum(value), min(time_unix_nano), max(time_unix_nano)",
}


@pytest.fixture
def filled(make_server):
    """A server that wrote several files to each table and keeps receiving."""
    server = make_server(**SMALL)
    for _ in range(4):
        for request in (otlp.traces(500), otlp.logs(300), otlp.metrics(200)):
            signal = next(s for s, kind in otlp.REQUESTS.items() if isinstance(request, kind))
            assert server.export(signal, request.SerializeToString()).status_code == 200
        server.wait_until_flushed()
    return server


@pytest.mark.parametrize("table", SUMS)
def test_deltalake_and_duckdb_agree_with_the_server(table, filled):
    (ours,) = filled.sql(f"SELECT {SUMS[table]} FROM {table}")
    assert ours[0] > 0

    delta = DeltaTable(str(filled.data_dir / "tables" / table))
    rows = delta.to_pyarrow_table()
    assert rows.num_rows == ours[0]
    (by_arrow,) = duckdb.sql(f"SELECT {SUMS[table]} FROM rows").fetchall()
    assert list(by_arrow) == ours

    files = delta.file_uris()
    (by_duckdb,) = duckdb.sql(
        f"SELECT {SUMS[table]} FROM read_parquet({files}, hive_partitioning = true)"
    ).fetchall()
    assert list(by_duckdb) == ours
    assert set(rows.column("project").to_pylist()) == {"default"}


def test_the_table_says_how_far_the_log_is_in_it(filled):
    delta = DeltaTable(str(filled.data_dir / "tables" / "spans"))
    assert delta.transaction_version("telltale-wal") > 0
