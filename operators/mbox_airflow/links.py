"""The link from a task in Airflow's UI to the page of its DAG run's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from mbox_airflow.context import TaskIdentity


class MboxRunLink(BaseOperatorLink):
    """Shows the run. Operators push the address when they begin, so that it is there while they work.

    Airflow asks for it again when the task has ended, and overwrites what was pushed with the answer.
    """

    name = "mbox run"
    xcom_key = "mbox_run_url"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address that the operator pushed when it began; empty if it never did."""
        address: Any = getattr(operator, "run_url", None)
        return address or ""


def url_of(identity: TaskIdentity) -> str:
    """The page of a run, which needs nothing but its key: it is known before the run is."""
    query = {"key": identity.key}
    if identity.settings.namespace != "default":
        query["namespace"] = identity.settings.namespace
    return f"{identity.settings.url}/runs?{urlencode(query, safe='/')}"
