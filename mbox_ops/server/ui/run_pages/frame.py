"""What all pages of a run share: the run itself, its name and state above, the links between its pages."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.server.ui.conditions import ids_in
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.visits import Answer, Visit


class Tab(NamedTuple):
    """A page of a run; `part` is the end of its path."""

    part: str
    title: str


TABS = (
    Tab("", "Overview"),
    Tab("metrics", "Metrics"),
    Tab("system", "System"),
    Tab("events", "Events"),
    Tab("artifacts", "Artifacts"),
    Tab("checkpoints", "Checkpoints"),
    Tab("raw", "Raw"),
)
SYSTEM = "system/"


def run_of(visit: Visit, run_id: str) -> tuple[Visit, Run]:
    """The run, and the visit in the run's own namespace, so that all links stay there.

    Raises:
        NotFound: there is no such live run, or the visitor may not see its namespace.
    """
    run = visit.service.runs.get(visit.actor, run_id)
    return replace(visit, namespace=run.namespace), run


def runs_of(visit: Visit, ids: Collection[str]) -> list[Run]:
    """Those of the runs with these ids that there are."""
    if not ids:
        return []
    query = RunQuery(filter=ids_in(ids), limit=min(len(ids), visit.limits.page))
    return visit.service.runs.list(visit.actor, query).items


def render_run(visit: Visit, run: Run, template: str, tab: str, **values: Any) -> Answer:
    """A page of a run."""
    system = sum(name.startswith(SYSTEM) for name in run.metrics)
    counts = {"metrics": len(run.metrics) - system, "system": system}
    return render(visit, template, section="runs", run=run, tabs=TABS, tab=tab, counts=counts, **values)
