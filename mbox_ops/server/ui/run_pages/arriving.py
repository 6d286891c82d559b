"""The way in for orchestrators: their own names of a DAG or a DAG run lead to our pages of it."""

import msgspec

from mbox_ops.entities.runs import RunQuery
from mbox_ops.errors import NotFound
from mbox_ops.identity import airflow_key
from mbox_ops.search.showing import text_literal
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.visits import Answer, Visit, redirect


class FromAirflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A DAG, or one of its DAG runs, as Airflow names it.

    Attributes:
        instance: which deployment of Airflow, as its connection says.
    """

    dag_id: str
    run_id: str | None = None
    instance: str = "default"


@page("GET", "/from/airflow", scope="read")
def from_airflow(visit: Visit, query: FromAirflow) -> Answer:
    """The run of a DAG run; of a DAG all its runs."""
    if query.run_id is None:
        return redirect(visit.link("/runs", filter=f"pipeline = {text_literal(query.dag_id)}"))
    key = airflow_key(query.instance, query.dag_id, query.run_id)
    found = visit.service.runs.list(visit.actor, RunQuery(key=key, limit=1)).items
    if not found:
        raise NotFound("run with the key", key, visit.namespace)
    return redirect(visit.link("/runs", found[0].id))
