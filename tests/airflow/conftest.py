"""One Airflow and one server for all tests of this folder; each test has a namespace of its own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mbox_airflow.local import environment
from mbox_ops.entities.artifacts import StoredArtifact
from mbox_ops.entities.events import StoredEvent
from mbox_ops.entities.runs import Run
from mbox_ops.identity import airflow_key
from mbox_ops.testing import LiveServer, live_server
from tests.airflow import reading

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
NOBODY = "http://127.0.0.1:9"


class AirflowProcess:
    """A process that holds an Airflow, and calls functions there."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        command = [sys.executable, str(FOLDER / "airflow_process.py")]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, function: str, environment: dict[str, str] | None = None, **arguments: Any) -> Any:
        """Call a function in the process; its answer must be JSON."""
        assert self._process.stdin
        assert self._process.stdout
        request = {"function": function, "arguments": arguments, "environment": environment or {}}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["result"]

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()


class Airflow(AirflowProcess):
    """An Airflow in a process of its own, with a database of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        shutil.copytree(FOLDER / "dags", home / "dags", ignore=shutil.ignore_patterns("__pycache__"))
        variables = environment(home, {"PYTHONPATH": str(ROOT), "MBOX_SPOOL_DIR": str(home / "spool")})
        own = {name: value for name, value in variables.items() if name not in OF_A_USER}
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=own, capture_output=True, check=True)
        super().__init__(own)

    @contextmanager
    def another(self, **variables: str) -> Iterator[AirflowProcess]:
        """Another process over the same database, with more variables."""
        process = AirflowProcess(self.environment | variables)
        try:
            yield process
        finally:
            process.stop()

    def run(self, *command: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in this Airflow's environment."""
        variables = {**self.environment, **(environment or {})}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=True)

    @property
    def log(self) -> str:
        """All that Airflow and its tasks said."""
        return (self.home / "process.log").read_text()


OF_A_USER = (
    "MBOX_URL", "MBOX_TOKEN", "MBOX_NAMESPACE", "MBOX_SCENARIO", "MBOX_INSTANCE", "MBOX_WRITER", "MBOX_RUN_KEY",
    "REQUESTS_CA_BUNDLE",
)  # fmt: skip


class Lab:
    """What one test has: Airflow, and a namespace of the server that an Airflow connection names."""

    def __init__(self, airflow: Airflow, server: LiveServer) -> None:
        self.airflow = airflow
        self.url = server.url
        self.namespace = f"test-{uuid4().hex[:8]}"
        self.connection: dict[str, Any] = {
            "conn_type": "mbox", "host": server.url, "extra": {"namespace": self.namespace, "instance": "lab"},
        }  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """The connection, as a variable."""
        return {"AIRFLOW_CONN_MBOX_DEFAULT": json.dumps(self.connection)}

    def run_dag(self, dag_id: str, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        """Run a DAG of `dags/` and say what became of it and of its tasks."""
        options.setdefault("conf", {})
        variables = {**self.environment, **(environment or {})}
        return self.airflow.call("__main__:run_dag", variables, dag_id=dag_id, **options)

    def find(self, dag_id: str, ran: dict[str, Any]) -> Run | None:
        """The run that a DAG run is tracked as."""
        return reading.find(self.url, self.namespace, airflow_key("lab", dag_id, ran["run_id"]))

    def tracked(self, dag_id: str, ran: dict[str, Any]) -> Run:
        """The run that a DAG run is tracked as; it must be there."""
        run = self.find(dag_id, ran)
        assert run is not None, self.airflow.log[-5_000:]
        return run

    def points(self, run: Run, name: str) -> list[tuple[int, float]]:
        """The (step, value) of a series."""
        return reading.points(self.url, self.namespace, run.id, name)

    def events(self, run: Run) -> list[StoredEvent]:
        """The events of a run."""
        return reading.events(self.url, self.namespace, run.id)

    def artifacts(self, run: Run) -> list[StoredArtifact]:
        """The artifacts of a run."""
        return reading.artifacts(self.url, self.namespace, run.id)

    def metadata(self, run: Run) -> dict[str, Any]:
        """The metadata of a run."""
        return reading.metadata(self.url, self.namespace, run.id)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """An Airflow, migrated once."""
    if find_spec("airflow") is None:
        pytest.skip("Airflow is not installed.")
    airflow = Airflow(tmp_path_factory.mktemp("airflow"))
    yield airflow
    airflow.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    """A server."""
    with live_server() as server:
        yield server


@pytest.fixture
def lab(airflow: Airflow, server: LiveServer) -> Lab:
    """Airflow, and a namespace that no other test writes to."""
    return Lab(airflow, server)
