"""A whole Airflow: api-server, scheduler, dag-processor and triggerer as processes, on loopback, over SQLite."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mbox_airflow.local import environment

PROCESSES = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
SECONDS = 240
ENDED = frozenset({"success", "failed"})


class Scheduled:
    """A running Airflow.

    Args:
        home: where it lives.
        url: of its API.
    """

    def __init__(self, home: Path, url: str, variables: dict[str, str]) -> None:
        self.home, self.url, self.environment = home, url, variables
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._token = ""

    def start(self) -> None:
        """Start all processes, each a group of its own, and wait until they are well."""
        for name, arguments in PROCESSES.items():
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", *arguments], env=self.environment, stdout=log,
                    stderr=subprocess.STDOUT, start_new_session=True, cwd=self.home,
                )  # fmt: skip
        self._until("Airflow is well", self._is_well)
        self._token = self.call("GET", "/auth/token", sign=False)["access_token"]

    def stop(self) -> None:
        """Kill all of them, with the tasks they run."""
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def run_dag(self, dag_id: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        """Trigger a DAG, wait for its end, and say what became of its tasks."""
        return self.wait(dag_id, self.trigger(dag_id, conf))

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        """Trigger a DAG as soon as it is known; the id of the DAG run, which Airflow makes unless it is given."""
        self._until(f"{dag_id} is known", lambda: self._found(f"/api/v2/dags/{dag_id}"))
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        wanted = {"conf": conf or {}, "logical_date": None} | ({"dag_run_id": run_id} if run_id else {})
        made = self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", wanted)
        return str(made["dag_run_id"])

    def wait(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Wait until a DAG run has ended."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        self._until(f"{dag_id} ends", lambda: self.call("GET", path)["state"] in ENDED)
        return {"run_id": run_id, "state": self.call("GET", path)["state"], "tasks": self.tasks(dag_id, run_id)}

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """The task instances of a DAG run, by name and map index."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=200"
        found = self.call("GET", path)["task_instances"]
        return {f"{ti['task_id']}[{ti['map_index']}]" if ti["map_index"] >= 0 else ti["task_id"]: ti for ti in found}

    def delete(self, dag_id: str, run_id: str) -> None:
        """Have Airflow forget a DAG run, once its executor has told of all its tasks.

        What the executor tells later, Airflow would take for the end of a task of the next DAG run of that name.
        """
        told = f"TaskInstance Finished: dag_id={dag_id}, "
        log, tasks = self.home / "scheduler.log", len(self.tasks(dag_id, run_id))

        def all_told() -> bool:
            lines = log.read_text().splitlines()
            return sum(told in line and f"run_id={run_id}," in line for line in lines) >= tasks

        self._until(f"all tasks of {dag_id} are reported", all_told)
        self.call("DELETE", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def set_variable(self, name: str, value: str) -> None:
        """Set an Airflow Variable."""
        if self._found(f"/api/v2/variables/{name}"):
            self.call("PATCH", f"/api/v2/variables/{name}", {"key": name, "value": value})
        else:
            self.call("POST", "/api/v2/variables", {"key": name, "value": value})

    def clear(self, dag_id: str, run_id: str, task_id: str | None = None) -> None:
        """Have one task of a DAG run run again, or all."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": run_id, "only_failed": False}
        body |= {"task_ids": [task_id]} if task_id else {}
        self.call("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def logs(self) -> str:
        """The ends of what the processes said."""
        ends = [f"--- {name}\n{(self.home / f'{name}.log').read_text()[-3_000:]}" for name in PROCESSES]
        tasks = sorted((self.home / "logs").rglob("attempt=*.log"))[-4:]
        return "\n".join([*ends, *(f"--- {path}\n{path.read_text()[-2_000:]}" for path in tasks)])

    def _is_well(self) -> bool:
        try:
            parts = self.call("GET", "/api/v2/monitor/health", sign=False)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        wanted = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all((parts.get(part) or {}).get("status") == "healthy" for part in wanted)

    def _found(self, path: str) -> bool:
        try:
            self.call("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def _until(self, what: str, holds: Any) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise AssertionError(f"Waiting until {what}: ended are {dead}\n{self.logs()}")
            time.sleep(0.3)

    def call(self, method: str, path: str, body: Any = None, *, sign: bool = True) -> Any:
        """A request to Airflow's API."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._token}"} if sign else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)  # noqa: S310  # a URL of ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # a URL of ours
            return json.loads(answer.read() or b"null")


@contextmanager
def scheduled(home: Path, dags: list[Path], variables: dict[str, str]) -> Iterator[Scheduled]:
    """A whole Airflow in `home` with these DAG files; every process of it is killed at the end."""
    (home / "dags").mkdir(parents=True)
    for dag in dags:
        shutil.copy(dag, home / "dags")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    own = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    full = environment(home, own | variables)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=full, capture_output=True, check=True)
    airflow = Scheduled(home, url, full)
    try:
        airflow.start()
        yield airflow
    finally:
        airflow.stop()
