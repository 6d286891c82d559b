"""Which subject a batch is for: found by its producer, its id, its key or its epoch, held, or made.

On PostgreSQL a subject's row is held before anything about its writers is read, so that batches to one subject come
one after the other. Two callers that make one key race through the unique index of live keys: who comes second finds
the first one's run. SQLite lets one writer in at a time.
"""

from collections.abc import Callable
from typing import NamedTuple

from mbox_ops.entities.limits import DEFAULT, check_text
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.errors import Conflict, Fenced, Forbidden, InvalidRequest, NotFound, RunDeleted, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.queries import is_storable
from mbox_ops.store import deletions, grouping, run_checkpoints, subjects, writers
from mbox_ops.store.database import Connection
from mbox_ops.store.subjects import Subject
from mbox_ops.store.writers import WriterRow

_TRIES = 8  # of making or finding a key that others make and delete at the same time
_TYPE = "run"


class Target(NamedTuple):
    """A batch's subject, which the transaction holds, with what is known of its writer."""

    subject: Subject
    writer: WriterRow | None
    made: bool


class Opening:
    """Finds or makes the subject of one batch.

    Args:
        conn: a writing transaction.
        actor: who writes.
        batch: the batch; it was checked.
        writer: who wrote it.
        now: the server's instant, in microseconds.
        new_id: makes the ids of runs that come without one.
    """

    def __init__(
        self, conn: Connection, actor: Actor, batch: Batch, writer: Writer, *, now: int, new_id: Callable[[], str]
    ) -> None:
        self._conn, self._actor, self._batch, self._writer = conn, actor, batch, writer
        self._now, self._new_id = now, new_id
        self._proposed = None if batch.open is None else batch.open.run_id

    def target(self) -> Target:
        """The subject.

        Raises:
            NotFound: it is not there, or the token does not open its namespace; and the batch opens none.
            RunDeleted: it was deleted, and this batch does not come from after that.
            InvalidRequest: the producer belongs to another run, origin or epoch.
            Forbidden: the run would be in a namespace that the token does not open.
        """
        if self._batch.checkpoint is not None:
            return self._checkpoint(self._batch.checkpoint)
        return self._addressed()

    def _addressed(self) -> Target:
        if self._batch.key is not None:
            return self._by_key(self._batch.key)
        run_id = self._proposed if self._batch.run_id is None else self._batch.run_id
        return self._by_producer() or self._make_without_name() if run_id is None else self._by_id(run_id)

    def _checkpoint(self, epoch: int) -> Target:
        """The run's checkpoint of an epoch. Whoever makes one holds the run, so that no two are made."""
        known = self._by_producer()
        if known is not None:
            return self._known_checkpoint(known, epoch)
        run = self._addressed().subject
        if run.type != _TYPE:
            raise NotFound("run", run.uid, self._actor.namespace)
        if run.deletion_id is not None:
            raise _deleted(run.uid)
        self._refuse_fenced(run.id, run.uid)
        found = run_checkpoints.hold(self._conn, run_id=run.id, epoch=epoch)
        if found is not None:
            return Target(found, self._writer_of(found), made=False)
        made = run_checkpoints.make(self._conn, run=run, epoch=epoch, uid=self._new_id(), now=self._now)
        assert made is not None, "an id of ours came twice"
        subjects.touch(self._conn, subject_id=run.id, now=self._now)  # a run that makes checkpoints goes on
        return Target(made, None, made=True)

    def _known_checkpoint(self, known: Target, epoch: int) -> Target:
        """The checkpoint that this producer has written to before, if the batch is for that one."""
        subject, batch = known.subject, self._batch
        at = run_checkpoints.address(self._conn, subject_id=subject.id)
        if at is None or at.epoch != epoch or batch.run_id not in (None, at.run):
            raise bound(self._writer, f"to {subject.uid!r}")
        if batch.key is not None and (batch.key, self._actor.namespace) != (at.key, subject.namespace):
            raise bound(self._writer, f"to {subject.uid!r}")
        is_new = known.writer is not None and self._writer.seq > known.writer.seq
        if is_new and subject.deletion_id is None:
            self._refuse_fenced(at.run_id, at.run)
        return known

    def _refuse_fenced(self, run_id: int, uid: str) -> None:
        """Refuse what comes from an older attempt than has written to the run."""
        newest = writers.newest_epoch(self._conn, subject_id=run_id, origin=self._writer.origin)
        if newest is not None and newest > self._writer.epoch:
            raise fenced(self._writer, _TYPE, uid, newest)

    def _by_id(self, run_id: str) -> Target:
        subject = subjects.find(self._conn, uid=run_id, hold=True) if is_storable(run_id) else None
        if subject is None and self._batch.open is not None:
            self._refuse_deleted(run_id)
            return self._make(run_id, None)
        if subject is None or not self._actor.opens(subject.namespace):
            if is_storable(run_id):
                self._refuse_deleted(run_id)
            raise NotFound("run", run_id, self._actor.namespace)
        return Target(subject, self._writer_of(subject), made=False)

    def _by_key(self, key: str) -> Target:
        self._check_namespace()
        if known := self._by_producer():
            if known.subject.key != key or known.subject.namespace != self._actor.namespace:
                raise bound(self._writer, f"to the run {known.subject.uid!r}")
            return known
        namespace_id = self._namespace_id()
        if namespace_id is None:
            raise NotFound("run", key, self._actor.namespace)
        for _ in range(_TRIES):
            found = subjects.hold_live_by_key(self._conn, namespace_id=namespace_id, type=_TYPE, key=key)
            if found is None and self._batch.open is not None:
                made = self._insert(self._proposed or self._new_id(), namespace_id, key)
                if made is None:
                    self._check_proposed(namespace_id, key)
                    continue
            # While the key is held, nobody deletes it: whatever was deleted before has its gravestone by now.
            self._refuse_deleted(self._proposed, namespace_id, key)
            if found is not None:
                return Target(found, self._writer_of(found), made=False)
            if self._batch.open is None:
                raise NotFound("run", key, self._actor.namespace)
            assert made is not None
            return Target(made, None, made=True)
        raise Unavailable(f"The run with the key {key!r} is being made and deleted at this moment; try again.")

    def _by_producer(self) -> Target | None:
        """The subject that this producer has written to before."""
        known = writers.find(self._conn, producer=self._writer.producer)
        subject = None if known is None else subjects.hold(self._conn, subject_id=known.subject_id)
        if subject is None:  # a purge takes the writers with their subject
            return None
        if not self._actor.opens(subject.namespace):
            raise bound(self._writer, "to another run")
        return Target(subject, self._writer_of(subject), made=False)

    def _writer_of(self, subject: Subject) -> WriterRow | None:
        """The producer's row, read while the subject is held."""
        return known_writer(self._conn, self._writer, subject)

    def _make_without_name(self) -> Target:
        return self._make(self._new_id(), None)

    def _make(self, run_id: str, key: str | None) -> Target:
        self._check_namespace()
        namespace_id = self._namespace_id()
        assert namespace_id is not None
        made = self._insert(run_id, namespace_id, key)
        if made is not None:
            self._refuse_deleted(run_id)
            return Target(made, None, made=True)
        found = subjects.find(self._conn, uid=run_id, hold=True)  # another caller made it at this moment
        if found is None or not self._actor.opens(found.namespace):
            raise _taken(run_id)
        return Target(found, self._writer_of(found), made=False)

    def _insert(self, run_id: str, namespace_id: int, key: str | None) -> Subject | None:
        row = subjects.insert(self._conn, uid=run_id, namespace_id=namespace_id, type=_TYPE, key=key, now=self._now)
        return None if row is None else subjects.hold(self._conn, subject_id=row)

    def _check_proposed(self, namespace_id: int, key: str) -> None:
        """After nothing could be made: find out whether it was the id, not the key, that is taken."""
        if self._proposed is None:
            return
        holder = subjects.find(self._conn, uid=self._proposed)
        if holder is None or (holder.namespace_id == namespace_id and holder.key == key):
            if holder is not None and holder.deletion_id is not None:
                raise _deleted(self._proposed)
            return
        self._refuse_deleted(self._proposed)
        raise _taken(self._proposed)

    def _refuse_deleted(self, run_id: str | None, namespace_id: int | None = None, key: str | None = None) -> None:
        """Refuse what comes from before a deletion: by the id always, by the key if the epoch is not after it."""
        if run_id is not None and any(
            self._actor.opens(name) for name in deletions.gravestone_namespaces(self._conn, run_uid=run_id)
        ):
            raise _deleted(run_id)
        if key is not None:
            at = deletions.gravestone(self._conn, namespace_id=namespace_id, key_hash=subjects.key_hash(key))
            if at is not None and self._writer.epoch * 1_000 <= at:
                raise RunDeleted(
                    f"The run with the key {key!r} was deleted after this writer began; a writer that begins now may"
                    " make a new one.",
                    key=key, deleted_at=at,
                )  # fmt: skip

    def _namespace_id(self) -> int | None:
        """The namespace's row; made at the first use, if the batch may make a run."""
        name = self._actor.namespace
        if self._batch.open is None:
            return grouping.namespace_id(self._conn, name=name)
        check_text("namespace", name, most=DEFAULT.name)
        return subjects.namespace_id(self._conn, name=name, now=self._now)

    def _check_namespace(self) -> None:
        if not self._actor.opens(self._actor.namespace):
            raise Forbidden(
                f"The token {self._actor.name!r} does not open the namespace {self._actor.namespace!r}.",
                namespace=self._actor.namespace,
            )


def known_writer(conn: Connection, writer: Writer, subject: Subject) -> WriterRow | None:
    """The row of a producer that has written to a subject, which is held; None if it has not.

    Raises:
        InvalidRequest: it has written to another subject, or as another.
    """
    found = writers.find(conn, producer=writer.producer)
    if found is None:
        return None
    if found.subject_id != subject.id:
        raise bound(writer, "to another run")
    if (found.origin, found.epoch) != (writer.origin, writer.epoch):
        raise bound(writer, "to another origin or epoch")
    return found


def bound(writer: Writer, whom: str) -> InvalidRequest:
    """The error of a producer that is known, but not as this batch says."""
    return InvalidRequest(
        f"The producer {writer.producer} belongs {whom}; a stream goes to one run, from one origin and epoch.",
        field="writer.producer", value=writer.producer,
    )  # fmt: skip


def fenced(writer: Writer, type: str, uid: str, newest: int | None) -> Fenced:
    """The error of a writer whose attempt is over."""
    return Fenced(
        f"A newer attempt of {writer.origin!r} (epoch {newest}) has written to the {spoken(type)} {uid!r}: this one"
        f" (epoch {writer.epoch}) is over.",
        run_id=uid, epoch=writer.epoch, newest=newest,
    )  # fmt: skip


def spoken(type: str) -> str:
    """A kind of subject, as it is called in a sentence."""
    return type.replace("_", " ")


def _deleted(run_id: str) -> RunDeleted:
    return RunDeleted(f"The run {run_id!r} was deleted.", run_id=run_id)


def _taken(run_id: str) -> Conflict:
    return Conflict(f"The run id {run_id!r} belongs to another run; make a new id.", field="run_id", given=run_id)
