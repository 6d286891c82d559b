"""Checkpoints of a run."""

from mbox_ops.entities.checkpoints import Checkpoint, CheckpointQuery, CreateCheckpoint, CreatedCheckpoint
from mbox_ops.entities.pages import Page
from mbox_ops.server.rest.batches import WRITE_ERRORS
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/runs/{run_id}/checkpoints", scope="write", errors=WRITE_ERRORS,
    example={
        "epoch": 3, "metrics": {"loss": 0.25},
        "artifacts": [{"path": "epoch-3.ckpt", "uri": "s3://lake/churn/epoch-3.ckpt"}],
    },
)  # fmt: skip
def create_checkpoint(call: Call, run_id: str, body: CreateCheckpoint) -> CreatedCheckpoint:
    """Create the checkpoint of an epoch, or find it; `checkpoint_exists` tells which. What is given is added to it.

    All in one write. With a `writer` a resend is free; without one, metrics that are sent again are logged again.
    """
    return call.service.checkpoints.create(call.actor, run_id, body)


@operation("GET", "/api/v1/runs/{run_id}/checkpoints", scope="read")
def list_checkpoints(call: Call, run_id: str, query: CheckpointQuery) -> Page[Checkpoint]:
    """Checkpoints of a run, by epoch."""
    return call.service.checkpoints.list(call.actor, run_id, query)


@operation("GET", "/api/v1/checkpoints/{checkpoint_id}", scope="read")
def get_checkpoint(call: Call, checkpoint_id: str) -> Checkpoint:
    """One checkpoint."""
    return call.service.checkpoints.get(call.actor, checkpoint_id)
