"""A live server, and an environment that knows only it."""

from collections.abc import Iterator

import pytest

from mbox_ops.testing import LiveServer, live_server


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    """One server for all tests of this process; each works in a namespace of its own."""
    with live_server() as server:
        yield server


@pytest.fixture
def namespace(server, request, monkeypatch, tmp_path) -> str:
    """A namespace of this test's own, in the environment together with the server's address."""
    name = request.node.name[:200]
    for variable, value in {
        "MBOX_URL": server.url,
        "MBOX_NAMESPACE": name,
        "MBOX_SPOOL_DIR": str(tmp_path / "spool"),
    }.items():
        monkeypatch.setenv(variable, value)
    for variable in ("MBOX_TOKEN", "MBOX_SCENARIO", "MBOX_WRITER", "MBOX_RUN_KEY", "AIRFLOW_CTX_DAG_ID"):
        monkeypatch.delenv(variable, raising=False)
    return name
