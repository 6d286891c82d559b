"""The gRPC server starts and ends with HTTP's, where it is installed and wanted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mbox_ops.settings import server_settings
from mbox_ops.testing import LiveServer, free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller
from tests.server.asking import ask

# A finder that hides grpcio from a server, as if it were not installed.
WITHOUT = """
import importlib.abc, sys

class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "grpc":
            raise ModuleNotFoundError("No module named 'grpc'", name="grpc")

sys.meta_path.insert(0, Hidden())
"""


def lines(server: LiveServer) -> list[dict[str, object]]:
    """What the server has logged."""
    return [json.loads(line) for line in server.log.read_text("utf-8").splitlines()]


def test_it_is_on_by_default_and_the_environment_says_where() -> None:
    """8086; 0 turns it off."""
    assert server_settings({}).grpc_port == 8086
    assert server_settings({"MBOX_GRPC_PORT": "9001"}).grpc_port == 9001
    assert server_settings({"MBOX_GRPC_PORT": "0"}).grpc_port == 0
    with pytest.raises(ValueError, match="MBOX_GRPC_PORT is 'tcp:"):
        server_settings({"MBOX_GRPC_PORT": "tcp://10.0.0.1:8086"})  # as Kubernetes sets it for a service `mbox-grpc`


def test_the_log_says_where_it_listens(closed: LiveServer, rpc_port: int) -> None:
    """Beside HTTP's address."""
    (told,) = [line for line in lines(closed) if line["event"] == "listening"]
    assert (told["url"], told["grpc"]) == (closed.url, f"127.0.0.1:{rpc_port}")


def test_without_grpcio_the_service_serves_http_and_says_so_once(tmp_path: Path) -> None:
    """One line in the log, with what to install."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT, "utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with live_server(environment={"MBOX_GRPC_PORT": str(free_port()), "PYTHONPATH": path}) as server:
        assert ask(server.url, "GET", "/healthz").status == 200
        told = [line for line in lines(server) if "grpc" in str(line["event"]).lower()]
    assert [(line["missing"], line["install"]) for line in told] == [("grpc", "pip install 'mbox-ops[grpc]'")]


def test_a_port_that_is_taken_keeps_the_server_from_starting(tmp_path: Path, closed: LiveServer, rpc_port: int) -> None:
    """Two services would share it otherwise; the message names the port and the option."""
    command = [sys.executable, "-m", "mbox_ops.server", "--port", str(free_port()), "--grpc-port", str(rpc_port)]
    environment = {**os.environ, "MBOX_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{rpc_port}" in done.stderr
    assert "--grpc-port" in done.stderr


def test_mbox_serve_speaks_grpc(tmp_path: Path) -> None:
    """By its option; the line that it prints names the address."""
    port, rpc_port = free_port(), free_port()
    command = [sys.executable, "-c", "from mbox_ops.cli import main; main()", "serve"]
    command += ["--port", str(port), "--grpc-port", str(rpc_port)]
    environment = {**os.environ, "MBOX_HOME": str(tmp_path)}
    serving = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline().rstrip().endswith(f"gRPC on 127.0.0.1:{rpc_port}")
        with Caller(f"127.0.0.1:{rpc_port}") as caller:
            assert not caller.ask("ListRuns", pb.ListRunsRequest()).runs
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
