"""A live server that the examples talk to, as a newcomer's environment would name it."""

from collections.abc import Iterator

import pytest

from mbox_ops.testing import LiveServer, live_server


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    """One server for all examples."""
    with live_server() as server:
        yield server


@pytest.fixture(autouse=True)
def environment(server, request, monkeypatch, tmp_path) -> None:
    """The server's address, and a namespace of the example's own."""
    monkeypatch.setenv("MBOX_URL", server.url)
    monkeypatch.setenv("MBOX_NAMESPACE", request.node.name)
    monkeypatch.setenv("MBOX_SPOOL_DIR", str(tmp_path / "spool"))
    for variable in ("MBOX_TOKEN", "MBOX_SCENARIO", "MBOX_WRITER", "MBOX_RUN_KEY", "AIRFLOW_CTX_DAG_ID"):
        monkeypatch.delenv(variable, raising=False)
