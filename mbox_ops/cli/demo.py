"""`mbox demo`: a real Airflow DAG and a real Kubeflow pipeline record their runs, and everything is shown."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from mbox_ops.cli.grouping import show_collections, show_scenarios
from mbox_ops.cli.output import err, out, problem
from mbox_ops.cli.showing import show_deletion, show_run, show_runs
from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, free_port

NEEDED = {"airflow": "apache-airflow", "kfp": "kfp", "litestar": "litestar", "sklearn": "scikit-learn", "pip": "pip"}
AIRFLOW_SCENARIO = "tumour-diagnosis"
KFP_SCENARIO = "diabetes-progression"
SECONDS = 600


def run_demo(*, keep: bool, home: Path | None) -> int:
    """Run the demonstration; its exit status is 0 when both pipelines succeeded and all they recorded was found.

    Args:
        keep: leave the service running at the end.
        home: where everything goes; a new temporary folder if it is not given.
    """
    if missing := [package for name, package in NEEDED.items() if find_spec(name) is None]:
        problem(f"The demo needs more: pip install 'mbox-ops[demo]' (missing: {', '.join(missing)}).")
        return 2
    folder = home or Path(tempfile.mkdtemp(prefix="mbox-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    server = LiveServer(home=folder / "service", port=free_port(), database_url=None, token=None)
    with step("Starting the tracking service on a fresh SQLite file"):
        server.start()
    out.print(f"  {server.url}")
    try:
        run_id = _look(server.url) if _record(server.url, folder) else None
    finally:
        server.stop()
    running = keep and run_id is not None
    if running:
        _leave_running(server)
    _say_what_is_next(server, folder, run_id, running=running)
    return 1 if run_id is None else 0


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show that something is going on, and how long it took."""
    started = time.monotonic()
    with err.status(f"{what} ..."):
        yield
    out.print(f"[green]✓[/] {what} ({time.monotonic() - started:.1f} s)")


def _record(url: str, folder: Path) -> bool:
    connection = f'{{"conn_type": "mbox", "host": "{url}"}}'
    local = import_module("mbox_airflow.local")  # by name: the doors are blind to each other
    with step("Running the Airflow DAG train_and_track: a classifier of tumours, epoch by epoch"):
        ended = local.run_dag(
            local.example_dag("train_and_track"), "train_and_track", home=folder / "airflow",
            env={"AIRFLOW_CONN_MBOX_DEFAULT": connection}, timeout=SECONDS,
            conf={"mbox_scenario": AIRFLOW_SCENARIO, "folder": str(folder / "models")},
        )  # fmt: skip
    if ended.state != "success":
        problem(f"The DAG run ended as {ended.state or 'nothing'}; its log is {ended.log}.")
        return False
    log = folder / "kfp" / "pipeline.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with step("Running the Kubeflow pipeline diabetes-regression with kfp.local"), log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "mbox_kfp.examples.train_and_track"], cwd=log.parent, stdout=output, stderr=output,
            env={**os.environ, "MBOX_URL": url}, timeout=SECONDS,
        )  # fmt: skip
    if done.returncode != 0:
        problem(f"The pipeline failed; its log is {log}.")
    return done.returncode == 0


def _look(url: str) -> str | None:
    """Show what was recorded; the id of the DAG's run, None if anything is missing."""
    client = Client(url)
    out.rule("What was recorded")
    show_scenarios(list(client.scenarios.list()))
    show_collections(list(client.collections.list()))
    runs = list(client.runs.list())
    show_runs(runs)
    diagnosis = [run for run in runs if run.scenario == AIRFLOW_SCENARIO]
    if len(diagnosis) != 1 or len(runs) != 2 or any(run.status != "FINISHED" for run in runs):
        problem("Each pipeline should have left one finished run.")
        return None
    out.rule("The run of the Airflow DAG")
    show_run(diagnosis[0])
    out.rule(f"Deleting the scenario {KFP_SCENARIO}: first a preview, then for real")
    preview = client.deletions.create(scenario=KFP_SCENARIO, dry_run=True)
    show_deletion(preview)
    done = client.deletions.create(scenario=KFP_SCENARIO)
    show_deletion(done)
    show_scenarios(list(client.scenarios.list()))
    if preview.counts != done.counts or done.counts.runs != 1:
        problem("The deletion should have taken what the preview counted: one run.")
        return None
    return diagnosis[0].id


def _leave_running(server: LiveServer) -> None:
    command = [sys.executable, "-m", "mbox_ops.server", "--port", str(server.port), "--grpc-port", "0"]
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "MBOX_HOME": str(server.home), "MBOX_DATABASE_URL": server.database_url},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    out.print(f"The service runs on as process {process.pid}; `kill {process.pid}` stops it.")


def _say_what_is_next(server: LiveServer, folder: Path, run_id: str | None, *, running: bool) -> None:
    out.rule("Where everything is")
    out.print(f"Everything is in {folder}: the database service/mbox.db, Airflow's and the pipeline's logs, the model.")
    program = sys.argv[0] if Path(sys.argv[0]).name == "mbox" else "mbox"
    if not running:
        out.print("Look at it again with")
        out.print(f"  MBOX_HOME={server.home} {program} serve --port {server.port}", soft_wrap=True)
        out.print(f"then open {server.url}/ in a browser, or, in another terminal,")
    else:
        out.print(f"Open {server.url}/ in a browser, or")
    shown = [f"runs show {run_id}", f"history {run_id} test/loss"] if run_id else []
    for command in ("runs list", "scenarios list", *shown):
        out.print(f"  MBOX_URL={server.url} {program} {command}", soft_wrap=True)
