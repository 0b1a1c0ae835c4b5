"""Fixtures: servers that end with their test, and say what they logged when it fails."""

import pytest

from harness import Server


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    item.stash.setdefault(FAILED, False)
    item.stash[FAILED] |= outcome.get_result().failed


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def make_server(tmp_path, request):
    """Makes servers; all use the same data directory unless told otherwise."""
    servers = []

    def make(data_dir=None, **config):
        server = Server(data_dir or tmp_path / "data", **config)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.close()
    if request.node.stash.get(FAILED, False):
        for log in sorted(tmp_path.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-8000:]}")


@pytest.fixture
def server(make_server):
    return make_server()
