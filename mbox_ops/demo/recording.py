"""The three parts of the demonstration, each in processes of its own, and what has to be there after them."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

SECONDS = 600
TUMOURS = "tumour-diagnosis"  # what the DAG and most trainings belong to
DIABETES = "diabetes-progression"  # what the pipeline and the other trainings belong to
FIRST_TRIES = "first-tries"  # what is deleted in the end
# How many runs there are of a scenario, a pipeline or notebook, and a state.
RECORDED = Counter({
    (TUMOURS, "train_and_track", "FINISHED"): 1,
    (DIABETES, "diabetes-regression", "FINISHED"): 1,
    (TUMOURS, "grid_search", "FINISHED"): 12,
    (TUMOURS, "final_training", "FINISHED"): 1,
    (DIABETES, "scaling", "FINISHED"): 1,
    (DIABETES, "scaling", "FAILED"): 1,
    (DIABETES, "exploring.ipynb", "RUNNING"): 1,
    (FIRST_TRIES, "first_tries", "FINISHED"): 3,
})  # fmt: skip


class Part(NamedTuple):
    """One part of what is recorded.

    Attributes:
        title: what it does.
        record: does it with the service at an address, and a folder for files; what went wrong, or None.
    """

    title: str
    record: Callable[[str, Path], str | None]


def record_dag(url: str, folder: Path) -> str | None:
    """Airflow runs the DAG that comes with the provider."""
    local = import_module("mbox_airflow.local")  # by name: it is a room above this one
    ended = local.run_dag(
        local.example_dag("train_and_track"), "train_and_track", home=folder / "airflow",
        env={"AIRFLOW_CONN_MBOX_DEFAULT": json.dumps({"conn_type": "mbox", "host": url})}, timeout=SECONDS,
        conf={"mbox_scenario": TUMOURS, "folder": str(folder / "models")},
    )  # fmt: skip
    if ended.state == "success":
        return None
    return f"The DAG run ended as {ended.state or 'nothing'}; its log is {ended.log}."


def record_pipeline(url: str, folder: Path) -> str | None:
    """`kfp.local` runs the pipeline that comes with the components."""
    return _run("mbox_kfp.examples.train_and_track", [], folder / "kfp" / "pipeline.log", {"MBOX_URL": url})


def record_trainings(url: str, folder: Path) -> str | None:
    """A Python program trains with scikit-learn."""
    files = folder / "trainings"
    return _run("mbox_ops.demo.trainings", [str(files)], files / "trainings.log", {"MBOX_URL": url})


PARTS = (
    Part("Running the Airflow DAG train_and_track: a classifier of tumours, epoch by epoch", record_dag),
    Part("Running the Kubeflow pipeline diabetes-regression with kfp.local", record_pipeline),
    Part("Training through the SDK: a search of twelve classifiers, and regressions", record_trainings),
)


def _run(module: str, arguments: Sequence[str], log: Path, env: Mapping[str, str]) -> str | None:
    """Run a module in a process and a folder of its own; what went wrong, or None."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], cwd=log.parent, stdout=output, stderr=output,
            env={**os.environ, **env}, timeout=SECONDS, check=False,
        )  # fmt: skip
    return None if done.returncode == 0 else f"{module} failed (exit status {done.returncode}); its log is {log}."
