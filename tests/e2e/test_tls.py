"""TLS on every port, with certificates made here, and TLS that cannot work."""

import socket
import subprocess

import grpc
import httpx
import psycopg
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import otlp
from harness import cli


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def curve_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A folder with an authority, a certificate for localhost, its key, and things that do not fit."""
    folder = tmp_path_factory.mktemp("pem")
    curve_key(folder / "ca-key.pem")
    ca = ("req", "-x509", "-new", "-key", folder / "ca-key.pem", "-days", 1, "-subj", "/CN=e2e authority")
    openssl(*ca, "-out", folder / "ca.pem")
    curve_key(folder / "key.pem")
    curve_key(folder / "other-key.pem")
    request, names = folder / "request.pem", folder / "names"
    openssl("req", "-new", "-key", folder / "key.pem", "-subj", "/CN=localhost", "-out", request)
    names.write_text("subjectAltName = DNS:localhost, IP:127.0.0.1\nbasicConstraints = CA:FALSE\n")
    by = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca-key.pem", "-CAcreateserial")
    openssl("x509", "-req", "-in", request, *by, "-days", 1, "-extfile", names, "-out", folder / "cert.pem")
    (folder / "garbage.pem").write_bytes(bytes(range(256)) * 8)
    broken = (folder / "cert.pem").read_text().replace("MII", "!!!", 1)
    (folder / "broken.pem").write_text(broken)
    (folder / "empty.pem").write_text("")
    return folder


def tls(pem, cert="cert.pem", key="key.pem"):
    return {"server_tls_cert": pem / cert, "server_tls_key": pem / key}


@pytest.fixture
def secure(make_server, pem):
    return make_server(ca=pem / "ca.pem", **tls(pem))


def port(server, name):
    return int(server.ports[name].rsplit(":", 1)[1])


def test_the_api_speaks_https_and_nothing_else(secure):
    assert secure.export("traces", otlp.traces(3).SerializeToString()).status_code == 200
    assert secure.count("spans") == 3
    with pytest.raises(httpx.ConnectError, match="(?i)certificate"):
        httpx.get(f"{secure.url}/healthz")
    for name in ("Telltale", "OTLP over HTTP", "OTLP over gRPC"):
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port(secure, name)}/healthz")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_python_sdk_exports_over_tls(protocol, secure, pem, monkeypatch):
    # The exporter's HTTP client would prefer what these name over the certificate it is given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if protocol == "grpc":
        trusted = grpc.ssl_channel_credentials((pem / "ca.pem").read_bytes())
        address = f"https://localhost:{port(secure, 'OTLP over gRPC')}"
        exporter = GrpcSpans(endpoint=address, credentials=trusted)
    else:
        address = f"https://localhost:{port(secure, 'OTLP over HTTP')}/v1/traces"
        exporter = HttpSpans(endpoint=address, certificate_file=str(pem / "ca.pem"))
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    with tracers.get_tracer("e2e").start_as_current_span(f"over {protocol}"):
        pass
    tracers.shutdown()
    assert secure.sql("SELECT name FROM spans") == [[f"over {protocol}"]]


def pg(server, host="localhost", address="127.0.0.1", password=None, **options):
    return psycopg.connect(
        host=host, hostaddr=address, port=port(server, "PostgreSQL wire"), user="anyone",
        password=password, dbname="telltale", autocommit=True, connect_timeout=10, **options,
    )


def test_the_postgresql_wire_speaks_tls(secure, pem):
    with pg(secure, sslmode="verify-full", sslrootcert=str(pem / "ca.pem")) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT count(*) FROM spans").fetchone() == (0,)


def own_address():
    """An address of this machine that is not loopback, or none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def test_the_postgresql_wire_wants_tls_from_other_machines(make_server, pem, tmp_path):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    create = ("keys", "create", "--create", "--project", "default", "--scope", "query")
    key = cli(*create, data_dir=tmp_path / "data").stdout.splitlines()[0]
    plain = make_server(pg="0.0.0.0:0")
    with pytest.raises(psycopg.OperationalError, match="need TLS: set server.tls_cert and server.tls_key"):
        pg(plain, address=address, password=key, sslmode="prefer")
    assert plain.terminate() == 0
    secure = make_server(ca=pem / "ca.pem", pg="0.0.0.0:0", **tls(pem))
    with pytest.raises(psycopg.OperationalError):
        pg(secure, address=address, password=key, sslmode="disable")
    trust = {"sslmode": "verify-full", "sslrootcert": str(pem / "ca.pem")}
    with pg(secure, address=address, password=key, **trust) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        pg(secure, address=address, password="tt_wrong", **trust)


@pytest.mark.parametrize(
    "cert, key, said",
    [
        ("none.pem", "key.pem", "server.tls_cert: cannot use {cert}: .*No such file.*name a PEM file"),
        ("cert.pem", "none.pem", "server.tls_key: cannot use {key}: .*No such file.*name a PEM file"),
        ("garbage.pem", "key.pem", "server.tls_cert: cannot use {cert}: .*name a PEM file"),
        ("broken.pem", "key.pem", "server.tls_cert: cannot use {cert}: .*name a PEM file"),
        ("empty.pem", "key.pem", "server.tls_cert: cannot use {cert}: it holds no certificate"),
        ("key.pem", "key.pem", "server.tls_cert: cannot use {cert}: it holds no certificate"),
        ("cert.pem", "garbage.pem", "server.tls_key: cannot use {key}: .*name a PEM file"),
        ("cert.pem", "cert.pem", "server.tls_key: cannot use {key}: .*name a PEM file"),
        ("cert.pem", "other-key.pem", "server.tls_key: cannot use {key}: it is not the key of .*server.tls_cert"),
    ],
)
def test_tls_that_cannot_work_is_refused_with_the_key_and_the_fix(cert, key, said, make_server, pem):
    files = tls(pem, cert, key)
    said = said.format(cert=files["server_tls_cert"], key=files["server_tls_key"])
    with pytest.raises(RuntimeError, match=said):
        make_server(**files)
    checked = cli("check-config", **files)
    assert checked.returncode != 0
    assert f"server.tls_{'cert' if 'tls_cert:' in said else 'key'}: " in checked.stderr, checked.stderr


@pytest.mark.parametrize("key, missing", [("tls_cert", "tls_key"), ("tls_key", "tls_cert")])
def test_half_of_tls_is_refused(key, missing, make_server, pem):
    config = {f"server_{key}": pem / "cert.pem"}
    with pytest.raises(RuntimeError, match=f"`server.{missing}`: is missing: {key} is set"):
        make_server(**config)
