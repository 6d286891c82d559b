"""Experiments: runs by ModelBox's name, with the key `experiment:<name>`."""

from mbox_ops.entities.experiments import KEY_PREFIX, CreatedExperiment, CreateExperiment
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.service.access import Actor
from mbox_ops.service.batches import Batches
from mbox_ops.store import subjects
from mbox_ops.store.database import Database


class Experiments:
    """The experiments of a service."""

    def __init__(self, database: Database, *, batches: Batches, limits: Limits) -> None:
        self._database, self._batches, self._limits = database, batches, limits

    def create(self, actor: Actor, request: CreateExperiment, writer: Writer | None = None) -> CreatedExperiment:
        """The experiment with that name in the actor's namespace, made if it is not there.

        What is given of one that is there is added to it: metadata is merged; owner, framework and task that it has
        already stay.

        Raises:
            InvalidRequest: a field breaks a rule.
            Conflict: the experiment has another `external_id`.
        """
        check_text("name", request.name, most=self._limits.name)
        opened = OpenRun(
            name=request.name, external_id=request.external_id, owner=request.owner, framework=request.framework,
            task=request.task,
        )  # fmt: skip
        changes = [MetadataOp(op="merge", document=request.metadata)] if request.metadata else []
        batch = Batch(key=KEY_PREFIX + request.name, writer=writer, open=opened, metadata=changes)
        result = self._batches.write(actor, batch)
        with self._database.read() as conn:
            subject = subjects.find(conn, uid=result.run_id)
        return CreatedExperiment(
            experiment_id=result.run_id,
            experiment_exists=result.existed,
            created_at=result.updated_at if subject is None else to_datetime(subject.created_at),
            updated_at=result.updated_at,
        )
