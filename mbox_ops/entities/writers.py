"""Who writes, what a batch of writes holds, and what the service answers."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.lineage import ArtifactUse
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun

EndState = Literal["FINISHED", "FAILED", "KILLED", "LOST"]


class Writer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wrote a batch.

    Attributes:
        origin: the logical writer; a later attempt of the same origin replaces what this one wrote. 1-1,024 characters.
        epoch: when the attempt began, in milliseconds since 1970 UTC.
        producer: one process's stream to one subject: 32 lower-case hex digits, random.
        seq: counts that stream's batches, from 1.
    """

    origin: str
    epoch: int
    producer: str
    seq: int


class MetadataOp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One change of a metadata document.

    Attributes:
        op: `merge` is RFC 7386 over `document`; `set` replaces the top-level `key` by `value` (null included);
            `replace` makes `document` the whole.
    """

    op: Literal["merge", "set", "replace"]
    document: dict[str, Any] | None = None
    key: str | None = None
    value: Any = None


class Batch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One atomic write to one run, or to a checkpoint, a model or a version of one.

    A run is named by exactly one of `run_id` and `key`; with `open` it is made if it is not there yet. `run_id` may be
    the id of a checkpoint, a model or a model version, too; these take points, metadata, events and artifacts.

    Attributes:
        checkpoint: an epoch: all of the batch goes to the run's checkpoint of that epoch, which is made if it is not
            there yet.
        writer: who writes. Without it the server makes one up, and a resend is then a second write.
        open: what the run is, for the first batch of a stream; opening is itself a write.
        points: metric points, in order.
        parameters: name to any JSON value but null.
        tags: string to string.
        labels: key to any JSON value.
        metadata: changes of the metadata document, in order.
        events: in order.
        artifacts: files that the run produced: references to what is stored elsewhere, or content that was uploaded.
        uses: artifacts that the run used.
        name: renames the run.
        collection: moves the run to this collection of its scenario (`update_run_info`).
        state: ends the run, as FINISHED, FAILED or KILLED, or gives it up as LOST.
        at: the writer's time of `state`, in microseconds since 1970 UTC; the server's time if it is not given.
        lease: the writer is alive and renews its lease.
        lost: how many batches before this one can never be sent; they count as lost.
    """

    run_id: str | None = None
    key: str | None = None
    checkpoint: int | None = None
    writer: Writer | None = None
    open: OpenRun | None = None
    points: list[Block] = []
    parameters: dict[str, Any] = {}
    tags: dict[str, str] = {}
    labels: dict[str, Any] = {}
    metadata: list[MetadataOp] = []
    events: list[EventRecord] = []
    artifacts: list[ArtifactRecord] = []
    uses: list[ArtifactUse] = []
    name: str | None = None
    collection: str | None = None
    state: EndState | None = None
    at: int | None = None
    lease: bool = False
    lost: int = 0


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch.

    Attributes:
        status: `ok`, or `duplicate` when `seq` was stored before (nothing was changed).
        run_id: what was written to: for a keyed run, the one that holds the key; for a checkpoint, that.
        existed: whether it was there before this batch.
        seq: the highest sequence number stored for this producer.
        updated_at: the server's time of the write.
        num_keys_written: top-level metadata keys this batch wrote.
        artifact_ids: the ids of the batch's artifacts, in order; of a `duplicate` if it is the producer's last batch.
    """

    status: Literal["ok", "duplicate"]
    run_id: str
    existed: bool
    seq: int
    updated_at: datetime
    num_keys_written: int = 0
    artifact_ids: list[str] = []
