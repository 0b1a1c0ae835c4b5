"""Median milliseconds of one query in DuckDB over the live files of a Delta table.

Arguments: table folder, SQL over `spans`, runs, threads. The file list comes from the Delta log,
so that files already replaced are not counted.
"""

import statistics
import sys
import time

import deltalake
import duckdb


def main() -> None:
    folder, sql, runs, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    files = deltalake.DeltaTable(folder).file_uris()
    connection = duckdb.connect(config={"threads": threads})
    listed = ", ".join("'" + name.removeprefix("file://") + "'" for name in files)
    connection.execute(f"CREATE VIEW spans AS SELECT * FROM read_parquet([{listed}])")
    sql = sql.replace("approx_percentile_cont(", "approx_quantile(")
    times = []
    for run in range(runs + 1):
        start = time.perf_counter()
        # A table, because times with a zone become Python objects only with a package more.
        connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")
        if run > 0:
            times.append((time.perf_counter() - start) * 1000)
    print(statistics.median(times))


main()
