"""Runs: opened, listed, read."""

from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import OpenedRun, OpenRun, Run, RunQuery
from mbox_ops.entities.writers import Batch
from mbox_ops.server.rest.batches import WRITE_ERRORS
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/runs", scope="write", errors=WRITE_ERRORS,
    example={"key": "nightly/2026-11-21", "open": {"scenario": "churn", "name": "nightly"}, "tags": {"team": "risk"}},
)  # fmt: skip
def open_run(call: Call, body: Batch) -> OpenedRun:
    """Open a run, or join the one that has the key; `existed` tells which.

    The body is a batch: what else it holds is written with it. The answer shows the run, so the token needs `read` too.
    """
    call.actor.require("read")
    body.open = body.open or OpenRun()
    result = call.write(body)
    return OpenedRun(existed=result.existed, run=call.service.runs.get(call.actor, result.run_id))


@operation("GET", "/api/v1/runs", scope="read")
def list_runs(call: Call, query: RunQuery) -> Page[Run]:
    """Runs of the namespace that meet all conditions, newest first unless asked otherwise."""
    return call.service.runs.list(call.actor, query)


@operation(
    "POST", "/api/v1/runs/search", scope="read",
    example={"filter": "params.lr > 0.1 AND metrics.loss.min < 2", "sort": "-metrics.accuracy.max,name", "limit": 20},
)  # fmt: skip
def search_runs(call: Call, body: RunQuery) -> Page[Run]:
    """The same as the list of runs, with the query in the body: a filter may be too long for an address."""
    return call.service.runs.list(call.actor, body)


@operation("GET", "/api/v1/runs/{run_id}", scope="read")
def get_run(call: Call, run_id: str) -> Run:
    """One run, with its parameters, tags, labels and the summaries of its metrics."""
    return call.service.runs.get(call.actor, run_id)
