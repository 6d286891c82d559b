"""Checkpoints: made, found, listed."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mbox_ops.client.checkpointing import checkpoint_parts
from mbox_ops.client.fields import Field
from mbox_ops.client.files import Files
from mbox_ops.client.reading import Listing, listing, segment
from mbox_ops.client.references import Ref
from mbox_ops.client.stored import Stored
from mbox_ops.client.values import MetricScalar
from mbox_ops.entities import checkpoints
from mbox_ops.entities.artifacts import ArtifactMime

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection


class Checkpoint(Stored[checkpoints.Checkpoint]):
    """A checkpoint of a run: what it held fast at the end of an epoch.

    It has the verbs of a run that log metrics, events, files and metadata; what they write is durable when they return.

    Args:
        id: the checkpoint's id.

    Example:
        >>> checkpoint.upload_artifact("epoch-3.ckpt")  # doctest: +SKIP
    """

    path = "/checkpoints"
    kind = checkpoints.Checkpoint

    namespace = Field[str]()
    run_id = Field[str]()
    epoch = Field[int]()
    created_at = Field[datetime]()
    updated_at = Field[datetime]()

    @property
    def checkpoint_id(self) -> str:
        """Its id, the same as `id`."""
        return self.id

    @property
    def experiment_id(self) -> str:
        """The id of the run, or experiment, that it belongs to; the same as `run_id`."""
        return self.run_id


class Checkpoints:
    """The checkpoints of runs."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def create(
        self,
        run: Ref,
        epoch: int,
        metrics: Mapping[str, MetricScalar] | None = None,
        *,
        files: Files | None = None,
        checksum: bool = False,
        mime_type: ArtifactMime | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Checkpoint:
        """Make the checkpoint of a run and an epoch, or find it; `checkpoint.existed` tells which.

        What is given is added to it, in the same write; see `Run.log_checkpoint`, which waits for nobody.

        Raises:
            InvalidRequest: one of them breaks a rule; nothing is written.
            NotFound: there is no such run.
        """
        number, given = checkpoint_parts(epoch, metrics, files, checksum, mime_type, metadata)
        stream = self._connection.stream_to(self._connection.ready(run))
        result = stream.write_checkpoint(number, **given)
        made = Checkpoint(result.run_id, connection=self._connection)
        made.existed = result.existed
        return made

    def get(self, checkpoint: Ref) -> Checkpoint:
        """A checkpoint by its id.

        Raises:
            NotFound: there is none in any namespace that the token opens.
        """
        path = f"/checkpoints/{segment(self._connection.ready(checkpoint))}"
        return Checkpoint.read(self._connection, self._connection.get(path, checkpoints.Checkpoint))

    def list(
        self,
        run: Ref,
        *,
        first_epoch: int | None = None,
        last_epoch: int | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Listing[Checkpoint]:
        """The checkpoints of a run, by epoch.

        Args:
            run: the run or its id.
            first_epoch: only from this epoch on.
            last_epoch: only up to this epoch.
            newest_first: begin with the greatest epoch.
            limit: at most so many; all if it is not given.

        Example:
            >>> best = min(client.checkpoints.list(run), key=lambda c: c.metrics["val_loss"].min)  # doctest: +SKIP
        """
        path = f"/runs/{segment(self._connection.ready(run))}/checkpoints"
        query = {"first_epoch": first_epoch, "last_epoch": last_epoch, "newest_first": newest_first or None}
        connection = self._connection
        return listing(
            connection, path, checkpoints.Checkpoint, lambda one: Checkpoint.read(connection, one), limit=limit, **query
        )
