"""A real server, and recorders that write to it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.client.recorder import Recorder
from mbox_ops.settings import ClientSettings
from mbox_ops.testing import LiveServer, live_server

RecorderMaker = Callable[..., Recorder]


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    """A server for all tests that do not stop it."""
    with live_server() as running:
        yield running


@pytest.fixture
def make_recorder(server: LiveServer, tmp_path: Path) -> Iterator[RecorderMaker]:
    """A function that makes recorders of this process, by default for the shared server."""
    made: list[Recorder] = []

    def make(url: str | None = None, token: str | None = None, writer: str | None = None, **given: Any) -> Recorder:
        settings = ClientSettings(url=url or server.url, token=token, spool_dir=tmp_path / "spool", writer=writer)
        made.append(Recorder(settings, **given))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close(timeout=0)
    shutil.rmtree(tmp_path / "spool", ignore_errors=True)
    for recorder in made:
        recorder.forked()  # as a child does, it forgets what is unsent: the end of the tests must not try to send it
