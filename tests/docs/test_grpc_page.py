"""The page on gRPC: its snippet runs, and its tables are what the code says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from mbox_ops.server.rpc.calls import SERVICE
from mbox_ops.server.rpc.methods import RPCS
from mbox_ops.testing import free_port, live_server
from mbox_ops.wire.status import GRPC_STATUS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "grpc.md"


def rows() -> list[list[str]]:
    """The cells of all table rows, without their backticks."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_every_method_is_documented_with_its_scope() -> None:
    """In the order of the proto."""
    methods = [method.name for method in SERVICE.methods]
    scopes = {rpc.name: rpc.scope for rpc in RPCS}
    told = [(cells[0], cells[1]) for cells in rows() if cells[0] in methods]
    assert told == [(name, scopes[name]) for name in methods]


def test_every_error_is_documented_with_its_status() -> None:
    """As the one table in the code says."""
    assert {cells[0]: cells[1] for cells in rows() if cells[0] in GRPC_STATUS} == GRPC_STATUS


def test_the_snippet_runs(tmp_path: Path) -> None:
    """As it stands."""
    (snippet,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    port = free_port()
    with live_server(environment={"MBOX_GRPC_PORT": str(port)}):
        environment = {**os.environ, "MBOX_GRPC": f"127.0.0.1:{port}"}
        command = [sys.executable, "-c", snippet]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("['yolo-v4']\n", 0), done.stderr
