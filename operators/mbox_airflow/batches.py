"""One write to the DAG run's run: a batch of its own producer, sent until the service has it or says no."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mbox_airflow.assets import uses_of
from mbox_ops.client.http import HttpApi
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.entities.writers import Batch, BatchResult, Writer

if TYPE_CHECKING:
    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.settings import ClientSettings


def opened(identity: TaskIdentity, context: Context, *, collection: str | None, name: str | None) -> Batch:
    """A batch that makes or joins the run, and tells what the DAG run was triggered by; it writes nothing else yet."""
    run: Any = context["dag_run"]
    began = getattr(run, "start_date", None)
    return Batch(
        key=identity.key,
        writer=None
        if identity.origin is None or identity.epoch is None
        else Writer(origin=identity.origin, epoch=identity.epoch, producer=uuid4().hex, seq=1),
        open=OpenRun(
            run_id=uuid7(),
            scenario=identity.scenario,
            scenario_explicit=identity.scenario_explicit,
            source=Source(kind="pipeline", name=identity.pipeline, rank="orchestrator"),
            execution=identity.execution,
            collection=collection or None,
            started_at=time.time_ns() // 1_000 if began is None else round(began.timestamp() * 1_000_000),
        ),
        name=name or None,
        uses=uses_of(run),
    )


def send(batch: Batch, settings: ClientSettings) -> BatchResult:
    """Write it. It is sent again after a lost answer, or while the service is busy, and yet stored once.

    Raises:
        Unavailable: the service has not taken it in time.
        MboxError: the service refused it.
    """
    api = HttpApi.of(settings)
    try:
        return api.call("POST", "/batches", body=batch, result=BatchResult, retry=True)
    finally:
        api.close()


def counts(batch: Batch) -> dict[str, Any]:
    """How much of each a batch writes, without what it does not."""
    found = {
        "points": sum(len(block.values) // 8 for block in batch.points),
        "parameters": len(batch.parameters),
        "tags": len(batch.tags),
        "labels": len(batch.labels),
        "metadata": sum(len(op.document or ()) for op in batch.metadata),
        "events": len(batch.events),
        "artifacts": len(batch.artifacts),
    }
    return {name: count for name, count in found.items() if count} | ({"state": batch.state} if batch.state else {})
