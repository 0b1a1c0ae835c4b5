"""The PostgreSQL wire, through the client library that BI tools and scripts use."""

import psycopg
import pytest

import otlp
from harness import cli


def connect(server, key=None, user="anyone"):
    host, port = server.ports["PostgreSQL wire"].rsplit(":", 1)
    return psycopg.connect(
        host=host, port=int(port), user=user, password=key, dbname="telltale", autocommit=True,
        connect_timeout=10, sslmode="prefer",
    )


def fill(server, **headers):
    request = otlp.traces(5, service="shop", name="checkout")
    assert server.export("traces", request.SerializeToString(), **headers).status_code == 200
    return request


def test_rows_and_parameters(server):
    request = fill(server)
    with connect(server) as connection:
        assert connection.execute("SELECT count(*) FROM spans").fetchall() == [(5,)]
        query = "SELECT name, service_name, duration_ns FROM spans WHERE span_id = %s"
        (row,) = connection.execute(query, [otlp.span_ids(request)[0]]).fetchall()
        assert row == ("checkout", "shop", 1_000_000)
        types = connection.execute("SELECT start_time, date, attributes FROM spans LIMIT 1").fetchone()
        assert types[0].year == types[1].year and types[2] == "{}"


def test_it_is_the_same_data_as_the_api_at_any_moment(server):
    with connect(server) as connection:
        for number in range(1, 4):
            fill(server)
            assert connection.execute("SELECT count(*) FROM spans").fetchone() == (number * 5,)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x (a int)",
        "DROP TABLE spans",
        "INSERT INTO spans SELECT * FROM spans",
        "DELETE FROM spans",
        "COPY spans TO '/tmp/x.csv'",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "SELECT * FROM '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
    ],
)
def test_nothing_can_be_written_and_the_connection_lives(statement, server):
    fill(server)
    with connect(server) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute(statement)
        assert connection.execute("SELECT count(*) FROM spans").fetchone() == (5,)


@pytest.mark.parametrize(
    "statement, code",
    [
        ("SELECT nothing FROM spans", "42703"),
        ("SELECT * FROM nothing", "42P01"),
        ("SELEC 1", "42601"),
        ("SELECT duration_ns / 0 FROM spans", "22012"),
        ("DROP TABLE spans", "25006"),
        ("SET TRANSACTION READ WRITE", "25006"),
        ("SELECT repeat('x', 1000000000)", "54000"),
        ("SELECT * FROM generate_series(1, 10000000)", "54000"),
    ],
)
def test_tools_can_tell_errors_apart(statement, code, server):
    fill(server)
    with connect(server) as connection:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement)
        assert refused.value.sqlstate == code, refused.value
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_statement_timeout_of_a_connection_holds(server):
    with connect(server) as connection:
        connection.execute("SET statement_timeout = '300ms'")
        query = "SELECT a.value FROM generate_series(1,100000) a, generate_series(1,100000) b ORDER BY random()"
        with pytest.raises(psycopg.errors.QueryCanceled) as refused:
            connection.execute(query)
        assert "the query took longer than 300ms" in str(refused.value)
        assert "ErrorInfo" not in str(refused.value)
        connection.execute("DISCARD ALL")
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_tools_can_read_the_version_and_the_settings(server):
    with connect(server) as connection:
        assert connection.info.server_version == 170000
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute("SHOW server_version").fetchone()[0].startswith("17.0 (Telltale ")


def test_a_setting_of_one_connection_is_not_seen_by_another(server):
    with connect(server) as one, connect(server) as other:
        before = other.execute("SHOW timezone").fetchone()
        one.execute("SET timezone = 'Asia/Tokyo'")
        assert other.execute("SHOW timezone").fetchone() == before


def test_the_key_is_the_password_and_decides_the_project(make_server):
    server = make_server()
    keys = {}
    for project in ("red", "blue"):
        args = ("--project", project, "--scope", "admin")
        done = cli("keys", "create", *args, data_dir=server.data_dir)
        keys[project] = done.stdout.splitlines()[0]
    server.restart()
    fill(server, x_api_key=keys["red"])
    with connect(server, keys["red"]) as connection:
        assert connection.execute("SELECT count(*) FROM spans").fetchone() == (5,)
    with connect(server, keys["blue"]) as connection:
        assert connection.execute("SELECT count(*) FROM spans").fetchone() == (0,)
        query = "SELECT count(*) FROM spans WHERE project = 'red' OR true"
        assert connection.execute(query).fetchone() == (0,)
    for wrong in (None, "", "tt_wrong", keys["red"][:-1]):
        with pytest.raises(psycopg.OperationalError):
            connect(server, wrong).close()
