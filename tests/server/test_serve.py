"""Starting, stopping and being killed, as a real process."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from mbox_ops.testing import LiveServer, free_port, live_server
from tests.server.asking import ask

RUN = {"key": "kept", "open": {"scenario": "kept"}}


def keys(server: LiveServer) -> list[str]:
    """The keys of all runs."""
    return [run["key"] for run in ask(server.url, "GET", "/api/v1/runs", token=server.token).data["items"]]


def test_what_was_written_survives_a_kill() -> None:
    """An answered write is on the disk; the server comes back on its port."""
    with live_server() as server:
        assert ask(server.url, "POST", "/api/v1/batches", RUN).status == 200
        assert server.kill() == -9
        server.start()
        assert keys(server) == ["kept"]


def test_a_signal_ends_it_in_good_order() -> None:
    """The status is 0, and the port is free at once."""
    with live_server() as server:
        assert server.stop() == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", server.port)) != 0
        server.start()
        assert ask(server.url, "GET", "/healthz").status == 200


def test_a_request_under_way_is_answered_before_the_end() -> None:
    """Half of the body comes after SIGTERM."""
    with live_server() as server:
        body = b'{"key": "late", "open": {"scenario": "late"}}'
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.putrequest("POST", "/api/v1/batches")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:10])
        time.sleep(0.2)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.5)
        connection.send(body[10:])
        assert connection.getresponse().status == 200
        connection.close()
        stopping.join()
        server.start()
        assert keys(server) == ["late"]


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """Tests that are killed leave no server behind."""
    script = (
        "import os, sys; from mbox_ops.testing import live_server; context = live_server(home=sys.argv[1]);"
        "server = context.__enter__(); print(server.port, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, check=False)
    port = int(done.stdout)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.1)
    pytest.fail("the server still listens")


def test_a_sqlite_file_has_one_server(tmp_path: Path) -> None:
    """A second one is told which file, and what to do."""
    with live_server(home=tmp_path) as first:
        with pytest.raises(RuntimeError, match="Another server is using"), live_server(home=tmp_path):
            pass
        assert ask(first.url, "GET", "/healthz").status == 200


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    """The message names the command; nothing is changed."""
    with live_server(home=tmp_path) as server:
        server.stop()
        engine = sa.create_engine(server.database_url)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = 'from the future'"))
        engine.dispose()
        with pytest.raises(RuntimeError, match="newer"):
            server.start()


@pytest.mark.postgres
def test_it_serves_postgresql(postgres_url: Callable[[], str]) -> None:
    """An empty database gets its tables; two servers share one."""
    url = postgres_url()
    with live_server(database_url=url) as first, live_server(database_url=url) as second:
        assert ask(first.url, "POST", "/api/v1/batches", RUN).status == 200
        assert keys(second) == ["kept"]
        assert ask(first.url, "GET", "/readyz").status == 200


def test_an_open_address_needs_a_token(tmp_path: Path) -> None:
    """Without any token it listens on loopback only; with one it may listen everywhere."""
    with pytest.raises(RuntimeError, match="can be reached from other machines"):
        start_on("0.0.0.0", tmp_path / "open", tokens=False)
    server = start_on("0.0.0.0", tmp_path / "closed", tokens=True)
    try:
        assert ask(server.url, "GET", "/api/v1/runs", token=server.token).status == 200
    finally:
        server.stop()


def test_it_listens_on_ipv6(tmp_path: Path) -> None:
    """::1 is loopback too."""
    if not has_ipv6():
        return
    server = start_on("::1", tmp_path, tokens=False)
    try:
        assert ask(f"http://[::1]:{server.port}", "GET", "/api/v1/runs").status == 200
    finally:
        server.stop()


def test_a_taken_port_is_said() -> None:
    """And not waited for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(RuntimeError, match="already in use"),
            live_server(port=taken.getsockname()[1]),
        ):
            pass


def test_the_same_bootstrap_token_may_be_given_again() -> None:
    """As a container does at every start."""
    with live_server(tokens=True) as server:
        server.stop()
        server.start()
        assert len(ask(server.url, "GET", "/api/v1/tokens", token=server.token).data["items"]) == 1


def start_on(host: str, home: Path, *, tokens: bool) -> LiveServer:
    """A server on another address."""
    server = LiveServer(home=home, port=free_port(), database_url=None, token="made-up-token-0001" if tokens else None)
    server.start("--host", host)
    return server


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
