"""A live server, kfp.local runs against it, and what they left there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mbox_ops.testing import LiveServer, live_server


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    """One server for all tests of this folder; each test has a scenario of its own."""
    with live_server() as running:
        yield running


class Written:
    """What the service holds, read over REST."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: str) -> Any:
        """The answer to a GET."""
        answer = requests.get(f"{self.url}/api/v1{path}", params=query, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def runs(self, **query: str) -> list[dict[str, Any]]:
        """All runs that the query finds."""
        items: list[dict[str, Any]] = self.get("/runs", **query)["items"]
        return items

    def run(self, scenario: str) -> dict[str, Any]:
        """The only run of a scenario."""
        (found,) = self.runs(scenario=scenario)
        return found

    def points(self, run: dict[str, Any]) -> dict[str, list[tuple[int, Any]]]:
        """Step and value of every point, by metric."""
        histories = self.get(f"/runs/{run['id']}/metrics/history", limit="all")["items"]
        return {each["name"]: list(zip(each["steps"], each["values"], strict=True)) for each in histories}

    def events(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """The events of a run."""
        items: list[dict[str, Any]] = self.get(f"/runs/{run['id']}/events")["items"]
        return items

    def artifacts(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """The artifacts of a run."""
        items: list[dict[str, Any]] = self.get(f"/runs/{run['id']}/artifacts")["items"]
        return items

    def metadata(self, run: dict[str, Any]) -> dict[str, Any]:
        """The metadata document of a run."""
        document: dict[str, Any] = self.get(f"/runs/{run['id']}/metadata")
        return document


@pytest.fixture
def written(server: LiveServer, environment: None) -> Written:
    """What the shared server holds; the steps of this test write to it."""
    return Written(server.url)


@pytest.fixture
def environment(server: LiveServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment that local steps inherit: the server's address, no package index, no identity of our own."""
    for name in ("MBOX_TOKEN", "MBOX_SCENARIO", "MBOX_INSTANCE", "MBOX_NAMESPACE", "KFP_POD_UID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MBOX_URL", server.url)
    monkeypatch.setenv("MBOX_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def play(environment: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a pipeline through kfp.local, each step in a process of its own; its log."""

    from kfp import local

    def run(pipeline: Callable[..., Any], *, fails: bool = False, **arguments: Any) -> str:
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"), raise_on_error=True)
        capsys.readouterr()
        if fails:
            with pytest.raises(RuntimeError, match="finished with status"):
                pipeline(**arguments)
        else:
            pipeline(**arguments)
        return capsys.readouterr().out

    return run
