"""Experiments: ModelBox's word for runs that are found again by their name."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mbox_ops.client import parts
from mbox_ops.client.connection import Connection
from mbox_ops.client.run import Run
from mbox_ops.client.starting import Address, opening, this_task
from mbox_ops.client.values import MetadataWritten
from mbox_ops.entities.experiments import KEY_PREFIX
from mbox_ops.entities.limits import DEFAULT, check_text
from mbox_ops.entities.runs import MLFramework
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import Unavailable

PATIENCE = 2.0  # seconds that a metadata call waits for its result; training goes on without it


class Experiment(Run):
    """An experiment: a run with the key `experiment:<name>`, so that the same name gives the same experiment.

    It has the verbs of a run. What it logs is buffered and sent within a second; what changes its metadata waits for
    the server's result: how many top-level keys were written, and when (None if the server is away, and the change
    waits to be sent).

    Attributes:
        experiment_exists: whether it was there before.

    Example:
        >>> experiment = mbox.new_experiment(name="yolo-v4", namespace="cv")  # doctest: +SKIP
        >>> experiment.log_metrics(metrics={"loss": 2.4, "accu": 97.6}, step=10, wallclock=12345)  # doctest: +SKIP
    """

    experiment_exists: bool

    @property
    def experiment_id(self) -> str:
        """Its id, the same as `id`."""
        return self.id

    def update_metadata(self, key: str, value: object) -> MetadataWritten:
        """Replace one top-level key of the metadata; see `Run.update_metadata`."""
        return self._change(parts.set_key(key, value), 1)

    def report_metadata(self, metadata: Mapping[str, Any]) -> MetadataWritten:
        """Merge a document into the metadata; see `Run.report_metadata`."""
        return self._change(parts.merge(metadata), len(metadata))

    def set_metadata(self, metadata: Mapping[str, Any]) -> MetadataWritten:
        """Make a document the whole metadata; see `Run.set_metadata`."""
        return self._change(parts.replace(metadata), len(metadata))

    def _change(self, change: MetadataOp, keys: int) -> MetadataWritten:
        try:
            result = self._stream().write_now(metadata=[change], timeout=PATIENCE)
        except Unavailable:
            self._stream().put(metadata=[change])
            self._written()
            return MetadataWritten(num_keys_written=keys, updated_at=None)
        self._record = None
        return MetadataWritten(num_keys_written=result.num_keys_written, updated_at=result.updated_at)


def create(
    connection: Connection,
    *,
    name: str,
    owner: str = "",
    external_id: str | None = None,
    framework: MLFramework | str | None = None,
    task: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Experiment:
    """Make an experiment, or find the one that has the name; `experiment_exists` tells which.

    Args:
        name: 1-256 characters; with the namespace it is the experiment's identity.
        owner: up to 256 characters.
        external_id: the caller's own id of it, which never changes.
        framework: what it is made with.
        task: what it is for, up to 256 characters.
        metadata: merged into what is there.

    Raises:
        InvalidRequest: one of them breaks a rule.
        Conflict: it is there with another `external_id`.
        Unavailable: the service is away.
    """
    this = this_task()
    check_text("experiment name", name, most=DEFAULT.name)
    wanted = msgspec.structs.replace(
        opening(this, name=name),
        owner=check_text("owner", owner, most=DEFAULT.owner, least=0),
        external_id=None if external_id is None else check_text("external_id", external_id, most=DEFAULT.name),
        framework=parts.framework(framework),
        task=check_text("task", task, most=DEFAULT.name, least=0),
    )
    changes = [parts.merge(metadata)] if metadata else []
    address = Address(f"{KEY_PREFIX}{name}", this.origin, this.epoch)
    experiment = Experiment.opened(connection, address, wanted, closes=True)
    experiment.experiment_exists = experiment._stream().write_now(metadata=changes).existed
    return experiment
