"""Batches: everything that is written to a run."""

from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.server.routes import Call, operation

WRITE_ERRORS = ("not_found", "conflict", "fenced", "run_deleted")


@operation(
    "POST", "/api/v1/batches", scope="write", errors=WRITE_ERRORS,
    example={
        "key": "nightly/2026-11-21",
        "writer": {"origin": "trainer", "epoch": 1795200000000, "producer": "0f" * 16, "seq": 1},
        "open": {"scenario": "churn", "source": {"kind": "pipeline", "name": "train"}},
        "parameters": {"learning_rate": 0.1},
        "points": [{"names": ["loss", "accuracy"], "steps": [0, 1], "values": [0.9, 0.5, 0.7, 0.6]}],
    },
)  # fmt: skip
def write_batch(call: Call, body: Batch) -> BatchResult:
    """Write one batch to one run, atomically.

    The writer's (origin, epoch, producer, seq) makes a resend free and lets a later attempt replace an earlier one.
    """
    return call.write(body)
