"""A DAG run on this machine, away from every Airflow that may be installed here: for demonstrations and tests.

    ended = run_dag(example_dag("train_and_track"), "train_and_track", home=folder, env={"MBOX_URL": url})

It has its own home with its own SQLite database, a folder with only that one DAG, and no server of Airflow:
`dag.test()` runs the tasks one after the other, retries, mapped and deferred ones included, in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

RESULT = "ended.json"
LOG = "dag_run.log"


class Ended(NamedTuple):
    """What became of a DAG run.

    Attributes:
        state: Airflow's state of it, `success` or `failed`; empty if it never came so far.
        run_id: Airflow's id of it.
        log: the file with all that Airflow and the tasks said.
    """

    state: str
    run_id: str
    log: Path


def run_dag(
    dag_file: Path,
    dag_id: str,
    *,
    home: Path,
    env: Mapping[str, str] | None = None,
    conf: Mapping[str, Any] | None = None,
    timeout: float = 600.0,
) -> Ended:
    """Run a DAG once, and wait for it.

    Args:
        dag_file: the file that defines it; nothing beside it is looked at.
        dag_id: which of its DAGs.
        home: a folder to work in, made if it is not there. Used again, it keeps its database, and runs sooner.
        env: more variables for Airflow and the tasks, such as `MBOX_URL` or `AIRFLOW_CONN_MBOX_DEFAULT`.
        conf: `dag_run.conf`.
        timeout: seconds after which it is given up.

    Raises:
        TimeoutExpired: of `subprocess`; the process was killed.
    """
    dags = home / "dags"
    shutil.rmtree(dags, ignore_errors=True)
    dags.mkdir(parents=True)
    shutil.copy(dag_file, dags)
    (home / RESULT).unlink(missing_ok=True)
    command = [sys.executable, "-m", "mbox_airflow.local", str(home), dag_id, json.dumps(dict(conf or {}))]
    with (home / LOG).open("wb") as log:
        subprocess.run(
            command, env=environment(home, env), stdout=log, stderr=subprocess.STDOUT, timeout=timeout, check=False
        )
    return _ended(home)


def example_dag(name: str) -> Path:
    """The file of a DAG that comes with this package: `dags/` of the repository, `example_dags/` of a wheel.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "example_dags", here.parents[1] / "dags"):
        if (file := folder / f"{name}.py").is_file():
            return file
    raise FileNotFoundError(f"No example DAG {name!r} comes with mbox-ops.")


def environment(home: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of an Airflow that lives in `home` and knows nothing of any other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        **(env or {}),
    }


def _ended(home: Path) -> Ended:
    try:
        told = json.loads((home / RESULT).read_text("utf-8"))
    except FileNotFoundError:
        told = {"state": "", "run_id": ""}
    return Ended(told["state"], told["run_id"], home / LOG)


def main(home: Path, dag_id: str, conf: dict[str, Any]) -> None:
    """What the process does; the environment says the rest."""
    if not (home / "airflow.db").exists():
        from airflow.__main__ import main as airflow

        sys.argv = ["airflow", "db", "migrate"]
        airflow()  # type: ignore[no-untyped-call]
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(home / "dags"))
    if dag_id not in bag.dags:
        raise SystemExit(f"No DAG {dag_id!r}: {bag.import_errors or sorted(bag.dags)}")
    run = bag.dags[dag_id].test(run_conf=conf)
    (home / RESULT).write_text(json.dumps({"state": str(run.state), "run_id": run.run_id}), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
