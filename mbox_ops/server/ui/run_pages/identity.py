"""Where a run comes from, as its key tells: an Airflow DAG run, a KFP run; and the way back there."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote

from mbox_ops.entities.runs import Run


class Identity(NamedTuple):
    """A run of an orchestrator.

    Attributes:
        system: `Airflow` or `Kubeflow Pipelines`.
        instance: which deployment.
        parts: what it is there, by name.
        url: of its page there; None: this server was not told the deployment's address.
    """

    system: str
    instance: str
    parts: dict[str, str]
    url: str | None


def identity_of(run: Run, orchestrators: Mapping[str, str]) -> Identity | None:
    """The orchestrator's run behind a run; None where its key tells of none.

    A run that a task started itself has the key of a task, which leads to the same page.

    Args:
        orchestrators: the addresses of deployments, by `airflow/<instance>` and `kfp/<instance>`.
    """
    kind, *rest = (run.key or "").partition("#")[0].split("/")
    address = orchestrators.get("/".join([kind, *rest[:1]]))
    parts = [unquote(part) for part in rest]
    if kind == "airflow" and len(parts) >= 3:
        url = None if address is None else f"{address}/dags/{_quoted(parts[1])}/runs/{_quoted(parts[2])}"
        return Identity("Airflow", parts[0], {"DAG": parts[1], "DAG run": parts[2]}, url)
    if kind == "kfp" and len(parts) >= 2:
        url = None if address is None else f"{address}/#/runs/details/{_quoted(parts[1])}"
        return Identity("Kubeflow Pipelines", parts[0], {"Run": parts[1]}, url)
    return None


def _quoted(part: str) -> str:
    return quote(part, safe="")
