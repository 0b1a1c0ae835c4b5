"""A Telltale server under test: started on free ports with a data directory of its own."""

import os
import re
import signal
import ssl
import subprocess
import time
from pathlib import Path

import httpx

SERVER = Path(os.environ["E2E_SERVER"])
ROOT = Path(__file__).resolve().parents[2]
LONG = bool(os.environ.get("TELLTALE_LONG"))
START_SECONDS_MAX = 60


def clean_environment(**config):
    """Our environment without configuration of other servers, plus the given TELLTALE_ keys."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TELLTALE_", "OTEL_"))}
    env.update({f"TELLTALE_{key.upper()}": str(value) for key, value in config.items()})
    return env


def cli(*args, server=None, key=None, **config):
    """Runs the binary's command line to its end."""
    env = clean_environment(**config)
    if server is not None:
        env["TELLTALE_URL"] = server.url
    if key is not None:
        env["TELLTALE_KEY"] = key
    return subprocess.run(
        [SERVER, *map(str, args)], env=env, capture_output=True, text=True, timeout=60
    )


class Server:
    """One process. Keyword arguments are configuration keys, such as storage_flush_bytes="1MiB".

    `ca` is the authority of its certificate, when it speaks TLS.
    """

    def __init__(self, data_dir, ca=None, **config):
        self.data_dir = Path(data_dir)
        self.ca = ca
        self.config = config
        self.process = None
        self.ports = {}

    def start(self):
        self.log = open(self.data_dir.with_suffix(".log"), "ab")
        quiet = {"log_level": "warn"}
        ports = {name: "127.0.0.1:0" for name in ("http", "otlp_http", "otlp_grpc", "pg")}
        env = clean_environment(data_dir=self.data_dir, **{**quiet, **ports, **self.config})
        self.process = subprocess.Popen(
            [SERVER, "serve"], env=env, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.ports = {}
        wanted = sum(self.config.get(name) != "off" for name in ports)
        # Ports are announced when they accept; a process that ends announces nothing more.
        while len(self.ports) < wanted:
            line = self.process.stdout.readline()
            if not line:
                self.process.wait(START_SECONDS_MAX)
                raise RuntimeError(f"the server did not start:\n{self.log_text()}")
            found = re.match(r"(Telltale|OTLP over HTTP|OTLP over gRPC|PostgreSQL wire): \w+://(\S+)", line)
            if found:
                self.ports[found[1]] = found[2]
        verify = ssl.create_default_context(cafile=self.ca) if self.ca else True
        self.api = httpx.Client(base_url=self.url, timeout=60, verify=verify)
        return self

    @property
    def scheme(self):
        return "https" if self.ca else "http"

    @property
    def url(self):
        return f"{self.scheme}://{self.ports['Telltale']}"

    @property
    def otlp_http(self):
        return f"{self.scheme}://{self.ports['OTLP over HTTP']}"

    @property
    def otlp_grpc(self):
        return self.ports["OTLP over gRPC"]

    def log_text(self):
        self.log.flush()
        return self.data_dir.with_suffix(".log").read_text(errors="replace")[-8000:]

    def terminate(self):
        """Asks the server to stop, as an operator does, and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._wait(60)

    def kill(self):
        self.process.kill()
        return self._wait(10)

    def _wait(self, seconds):
        status = self.process.wait(seconds)
        self.process.stdout.close()
        self.log.close()
        self.api.close()
        return status

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def restart(self):
        self.terminate()
        return self.start()

    def export(self, signal_name, body, media="application/x-protobuf", **headers):
        """Sends one OTLP body; returns the response."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["content-type"] = media
        return self.api.post(f"/v1/{signal_name}", content=body, headers=headers)

    def sql(self, query, *params, key=None):
        """Rows as lists; an error of the API is raised with its text."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        body = {"query": query, "params": list(params)}
        response = self.api.post("/api/v1/sql", json=body, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()["rows"]

    def value(self, query, *params):
        ((value,),) = self.sql(query, *params)
        return value

    def count(self, table):
        return self.value(f"SELECT count(*) FROM {table}")

    def wait_until_flushed(self, seconds=60):
        """Waits until no row is in memory only."""
        deadline = time.monotonic() + seconds
        while True:
            health = self.api.get("/api/v1/health").json()
            if health["memtable_rows"] == 0:
                return health
            assert time.monotonic() < deadline, f"rows stay in memory: {health}"
            time.sleep(0.05)
