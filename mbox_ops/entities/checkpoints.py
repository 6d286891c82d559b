"""Checkpoints: what a run held fast of its training at the end of an epoch."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.metrics import MetricSummary
from mbox_ops.entities.writers import Writer

MOST_EPOCH = 2**63 - 1

Number = float | Literal["NaN", "Infinity", "-Infinity"]  # the texts stand for what JSON lacks


class CreateCheckpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A wish for the checkpoint of an epoch; if it is there, what is given is added to it.

    Attributes:
        epoch: of the training, 0 or more; a run has one checkpoint of each.
        metrics: name to number; each becomes a point whose step is the epoch.
        metadata: merged into the checkpoint's.
        artifacts: the checkpoint's files: references, or content that was uploaded before.
        writer: who writes, so that a resend is free; without it each request is a write of its own.
    """

    epoch: int
    metrics: dict[str, Number] = {}
    metadata: dict[str, Any] = {}
    artifacts: list[ArtifactRecord] = []
    writer: Writer | None = None


class CreatedCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint's id, and whether it was there before.

    Attributes:
        artifact_ids: the ids of the files that were given, in order.
    """

    checkpoint_id: str
    checkpoint_exists: bool
    created_at: datetime
    updated_at: datetime
    artifact_ids: list[str] = []


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint as it is read back.

    Attributes:
        run_id: of the run, or experiment, that it belongs to.
        metrics: the series' summaries by name.
        artifacts: how many files it has.
    """

    id: str
    run_id: str
    namespace: str
    epoch: int
    metrics: dict[str, MetricSummary]
    artifacts: int
    created_at: datetime
    updated_at: datetime


class CheckpointQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which checkpoints of a run, by epoch.

    Attributes:
        first_epoch, last_epoch: only those of epochs in this range, both included.
        newest_first: begin with the greatest epoch.
    """

    first_epoch: int | None = None
    last_epoch: int | None = None
    newest_first: bool = False
    limit: int = 100
    cursor: str | None = None
