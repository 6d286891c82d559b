"""Experiments: runs by ModelBox's name."""

import msgspec

from mbox_ops.entities.experiments import CreatedExperiment, CreateExperiment
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.server.rest.batches import WRITE_ERRORS
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/experiments", scope="write", errors=WRITE_ERRORS,
    example={"name": "churn-baseline", "owner": "ada@example.com", "framework": "PYTORCH"},
)  # fmt: skip
def create_experiment(call: Call, body: CreateExperiment) -> CreatedExperiment:
    """Create an experiment, or find the one that has the name; `experiment_exists` tells which."""
    return call.service.experiments.create(call.actor, body)


@operation("GET", "/api/v1/experiments", scope="read")
def list_experiments(call: Call, query: RunQuery) -> Page[Run]:
    """Experiments of the namespace, newest first unless asked otherwise."""
    return call.service.runs.list(call.actor, msgspec.structs.replace(query, experiments=True))


@operation("GET", "/api/v1/experiments/{experiment_id}", scope="read")
def get_experiment(call: Call, experiment_id: str) -> Run:
    """One experiment, which is a run."""
    return call.service.runs.get(call.actor, experiment_id)
