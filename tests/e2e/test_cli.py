"""The command line against a running server."""

import json
import subprocess
import threading

import otlp
from harness import SERVER, clean_environment, cli


def fill(server):
    request = otlp.traces(3, service="shop", name="checkout")
    assert server.export("traces", request.SerializeToString()).status_code == 200
    return request


def test_sql_prints_a_table_json_and_csv(server):
    fill(server)
    query = "SELECT service_name, count(*) AS n FROM spans WHERE name = $1 GROUP BY 1"
    args = ("sql", query, "--param", "checkout")
    table = cli(*args, server=server)
    assert table.returncode == 0, table.stderr
    assert "service_name" in table.stdout and "shop" in table.stdout and "1 row" in table.stdout
    answer = json.loads(cli(*args, "--json", server=server).stdout)
    assert [column["name"] for column in answer["columns"]] == ["service_name", "n"]
    assert answer["rows"] == [["shop", 3]]
    assert cli(*args, "--csv", server=server).stdout.split() == ["service_name,n", "shop,3"]


def test_commands_work_on_a_directory_without_a_server(server, tmp_path):
    """The rows are in the log only; a key is asked for by the server, not by the directory."""
    fill(server)
    count = ("sql", "--csv", "SELECT count(*) AS n FROM spans", "--data-dir", server.data_dir)
    busy = cli(*count)
    assert busy.returncode != 0 and "--url" in busy.stderr, busy.stderr
    made = cli("keys", "create", "--scope", "admin", data_dir=server.data_dir)
    assert made.returncode == 0, made.stderr
    server.kill()
    done = cli(*count)
    assert (done.stdout.split(), done.returncode) == (["n", "3"], 0), done.stderr
    assert cli(*count, "--project", "other").stdout.split() == ["n", "0"]
    out = tmp_path / "spans.jsonl"
    args = ("--table", "spans", "--format", "jsonl", "--out", out, "--data-dir", server.data_dir)
    exported = cli("export", *args)
    assert exported.returncode == 0, exported.stderr
    assert len(out.read_text().splitlines()) == 3
    more = tmp_path / "more.bin"
    more.write_bytes(otlp.traces(2).SerializeToString())
    imported = cli("import", "--signal", "traces", more, "--data-dir", server.data_dir)
    assert imported.returncode == 0, imported.stderr
    assert cli(*count).stdout.split() == ["n", "5"]
    listed = json.loads(cli("keys", "list", "--json", data_dir=server.data_dir).stdout)["keys"]
    assert [key["revoked_unix_nano"] for key in listed] == [None], "keys stay as they are"
    assert list((server.data_dir / "tmp").iterdir()) == []
    elsewhere = cli("sql", "SELECT 1", "--data-dir", tmp_path)
    assert elsewhere.returncode != 0 and "not a data directory" in elsewhere.stderr
    tail = cli("tail", "--data-dir", server.data_dir)
    assert tail.returncode != 0 and "running server" in tail.stderr


def test_an_export_that_fails_leaves_nothing(server, tmp_path):
    out = tmp_path / "out.jsonl"
    args = ("--table", "spans", "--format", "jsonl", "--out", out, "--where", "nonsense = 1")
    failed = cli("export", *args, server=server)
    assert failed.returncode != 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == []


def test_sql_reports_errors(server):
    done = cli("sql", "SELECT nothing FROM nowhere", server=server)
    assert done.returncode != 0
    assert "nowhere" in done.stderr


def test_trace_prints_a_tree(server):
    request = fill(server)
    trace_id = request.resource_spans[0].scope_spans[0].spans[0].trace_id.hex()
    tree = cli("trace", trace_id, server=server)
    assert tree.returncode == 0, tree.stderr
    assert f"trace {trace_id}: 3 spans, 0 errors" in tree.stdout
    assert tree.stdout.count("checkout [shop]") == 3
    spans = json.loads(cli("trace", trace_id, "--json", server=server).stdout)["spans"]
    assert [span["depth"] for span in spans] == [0, 1, 1]
    unknown = cli("trace", "0" * 31 + "1", server=server)
    assert unknown.returncode != 0


def test_tail_prints_records_as_they_arrive(server):
    args = [SERVER, "tail", "--signal", "traces", "--service", "shop", "--json", "--url", server.url]
    tail = subprocess.Popen(args, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    try:
        # Records from before the subscription are not shown: send until the first one is.
        done = threading.Event()

        def send():
            while not done.wait(0.1):
                fill(server)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            line = json.loads(tail.stdout.readline())
        finally:
            done.set()
            sender.join()
        assert line["table"] == "spans"
        assert (line["record"]["name"], line["record"]["service_name"]) == ("checkout", "shop")
        assert len(line["record"]["trace_id"]) == 32
    finally:
        tail.kill()
        tail.wait()


def test_keys_over_the_api_and_on_the_directory(server):
    created = json.loads(cli("keys", "create", "--scope", "admin", "--json", server=server).stdout)
    admin = created["secret"]
    listed = cli("keys", "list", server=server, key=admin)
    assert created["id"] in listed.stdout and admin not in listed.stdout
    on_disk = json.loads(cli("keys", "list", "--json", data_dir=server.data_dir).stdout)
    assert [key["id"] for key in on_disk["keys"]] == [created["id"]]


def test_no_server_says_how_to_start_one():
    done = cli("sql", "SELECT 1", "--url", "http://127.0.0.1:1")
    assert done.returncode != 0
    assert "telltale serve" in done.stderr
