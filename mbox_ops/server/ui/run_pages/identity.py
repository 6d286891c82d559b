"""Where a run comes from, as its key tells: an Airflow DAG run, a KFP run; and the way back there."""

from typing import NamedTuple
from urllib.parse import quote, unquote

from mbox_ops.entities.runs import Run


class Identity(NamedTuple):
    """A run of an orchestrator.

    Attributes:
        system: `Airflow` or `Kubeflow Pipelines`.
        instance: which deployment.
        parts: what it is there, by name.
        path: of its page there, below the deployment's address.
        url: of that page; None: this server was not told the address.
    """

    system: str
    instance: str
    parts: dict[str, str]
    path: str
    url: str | None = None


def identity_of(run: Run) -> Identity | None:
    """The orchestrator's run behind a run; None where its key tells of none.

    A run that a task started itself has the key of a task, which leads to the same page.
    """
    kind, *rest = (run.key or "").partition("#")[0].split("/")
    parts = [unquote(part) for part in rest]
    if kind == "airflow" and len(parts) >= 3:
        instance, dag_id, dag_run = parts[:3]
        path = f"/dags/{quote(dag_id, safe='')}/runs/{quote(dag_run, safe='')}"
        return Identity("Airflow", instance, {"DAG": dag_id, "DAG run": dag_run}, path)
    if kind == "kfp" and len(parts) >= 2:
        return Identity(
            "Kubeflow Pipelines", parts[0], {"Run": parts[1]}, f"/#/runs/details/{quote(parts[1], safe='')}"
        )
    return None
