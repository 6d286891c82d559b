"""Batches: everything that is written to a run, or to another subject, exactly once.

In the transaction that stores a batch, in this order: is it a duplicate, was the run deleted, has a newer attempt of
the writer's origin taken over, do explicit claims exclude each other? Any such answer changes nothing. Then what older
attempts of the origin wrote to this run is replaced, and the batch is stored.
"""

import secrets
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from mbox_ops.entities.changes import Action
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.errors import Fenced, RunDeleted
from mbox_ops.service import metadata, settings, standing
from mbox_ops.service.access import Actor
from mbox_ops.service.artifacts import held_blobs
from mbox_ops.service.checks import MOST_LOST, Checked, check_batch, check_fits, check_parts
from mbox_ops.service.clock import Clock
from mbox_ops.service.opening import Opening, Target, bound, fenced, known_writer, spoken
from mbox_ops.store import artifacts, catalogue, events, names, outbox, segments, series, subjects, uses, writers
from mbox_ops.store.database import Connection, Database
from mbox_ops.store.subjects import Subject
from mbox_ops.store.writers import WriterRow

Find = Callable[[Connection, int], tuple[Subject, bool]]  # at an instant
Then = Callable[[Connection, Subject], None]


class Added(NamedTuple):
    """What became of a batch, and when its subject was made."""

    result: BatchResult
    created_at: datetime


class Batches:
    """Writes batches.

    Args:
        database: where to.
        clock: the server's.
        limits: of what is taken.
        new_id: makes the ids of runs that come without one.
    """

    def __init__(self, database: Database, *, clock: Clock, limits: Limits, new_id: Callable[[], str]) -> None:
        self._database, self._clock, self._limits, self._new_id = database, clock, limits, new_id

    def write(self, actor: Actor, batch: Batch) -> BatchResult:
        """Store a batch whole, or nothing of it.

        Args:
            actor: who writes; a new run is made in the actor's namespace.
            batch: what to write. Without a writer each call is a write of its own.

        Returns:
            What became of it. A `duplicate` was stored before: nothing was changed.

        Raises:
            InvalidRequest: a part breaks a rule, or the producer belongs to another run, origin or epoch.
            NotFound: the run is not there, or the token does not open its namespace, and the batch opens none.
            RunDeleted: the run was deleted; this writer is over.
            Fenced: a newer epoch of the origin has written to the run; this writer is over.
            Conflict: two explicit claims exclude each other.
        """
        actor.require("write")
        checked = check_batch(batch, self._limits)
        writer = batch.writer or self._made_up_writer()
        with self._database.write() as conn:
            opening = Opening(conn, actor, batch, writer, now=self._clock.now(), new_id=self._new_id)
            target = opening.target()
            now = target.subject.created_at if target.made else self._clock.now()  # not before the subject was held
            write = _Write(self._database, self._limits, conn, now, batch, checked, writer, target)
            return write.result()

    def add(self, actor: Actor, batch: Batch, find: Find, then: Then) -> Added:
        """Store a batch whole in a subject that is found, or made, in the same transaction.

        Args:
            find: gives the subject, held, and whether it was made.
            then: what else is to be done, unless the batch was stored before.

        Raises:
            InvalidRequest, Fenced, RunDeleted: as in `write`; and what `find` and `then` raise.
        """
        actor.require("write")
        checked = check_parts(batch, self._limits)
        writer = batch.writer or self._made_up_writer()
        with self._database.write() as conn:
            subject, made = find(conn, self._clock.now())
            now = subject.created_at if made else self._clock.now()
            known = None if made else known_writer(conn, writer, subject)
            target = Target(subject, known, made)
            write = _Write(self._database, self._limits, conn, now, batch, checked, writer, target)
            result = write.result(is_all=False)
            if result.status == "ok":
                then(conn, subject)
            return Added(result, to_datetime(subject.created_at))

    def _made_up_writer(self) -> Writer:
        epoch = self._clock.now() // 1_000
        return Writer(origin=str(uuid.uuid4()), epoch=epoch, producer=secrets.token_hex(16), seq=1)


class _Write:
    """One batch in its transaction, which holds the subject."""

    def __init__(
        self, database: Database, limits: Limits, conn: Connection, now: int, batch: Batch, checked: Checked,
        writer: Writer, target: Target,
    ) -> None:  # fmt: skip
        self._database, self._limits, self._conn, self._now = database, limits, conn, now
        self._batch, self._checked, self._writer = batch, checked, writer
        self._subject, self._known, self._made = target

    def result(self, *, is_all: bool = True) -> BatchResult:
        """Judge the batch, store it, and say what became of it.

        Args:
            is_all: the batch is all that is written; else it is news even if there is nothing in it.
        """
        subject, known = self._subject, self._known
        if known is not None and self._writer.seq <= known.seq:
            return self._duplicate(known)
        if subject.deletion_id is not None:
            raise RunDeleted(f"The {spoken(subject.type)} {subject.uid!r} was deleted.", run_id=subject.uid)
        check_fits(self._batch, subject.type, subject.uid)
        quiet = is_all and known is not None and is_quiet(self._batch)
        arrival = subject.arrival + (0 if quiet else 1)
        writer_id, replaced = self._admit()
        back = subject.type == "run" and standing.update(
            self._conn, subject, self._batch,
            writer_id=writer_id, arrival=arrival, now=self._now, made=self._made, replaced=bool(replaced),
        )  # fmt: skip
        if replaced:
            self._take_out(replaced)
        keys, artifact_ids = self._store(writer_id, arrival)
        catalogue.write(self._conn, self._database)
        pointless = not self._checked.blocks
        subjects.arrive(self._conn, subject=subject, arrival=arrival, now=self._now, pointless=pointless)
        if back or not quiet:
            self._announce(parts_of(self._batch, back=back, replaced=bool(replaced)))
        return BatchResult(
            status="ok", run_id=subject.uid, existed=not self._made, seq=self._writer.seq,
            updated_at=to_datetime(self._now), num_keys_written=keys, artifact_ids=artifact_ids,
        )  # fmt: skip

    def _duplicate(self, known: WriterRow) -> BatchResult:
        made_it = self._writer.seq == 1 and writers.is_first(self._conn, writer=known)
        ids = list[str]()
        if self._batch.artifacts and self._writer.seq == known.seq:
            ids = artifacts.ids_of_last(self._conn, subject_id=self._subject.id, writer_id=known.id)
        return BatchResult(
            status="duplicate", run_id=self._subject.uid, existed=not made_it, seq=known.seq,
            updated_at=to_datetime(self._subject.updated_at), artifact_ids=ids,
        )  # fmt: skip

    def _admit(self) -> tuple[int, list[int]]:
        """The writer's row, moved on, and the writers that it replaces."""
        conn, writer, known = self._conn, self._writer, self._known
        if known is not None:
            if known.replaced:
                raise self._fenced(writers.newest_epoch(conn, subject_id=self._subject.id, origin=writer.origin))
            lost = self._lost(known.seq)
            writers.advance(conn, writer_id=known.id, seq=writer.seq, lost=lost, now=self._now)
            return known.id, []
        newest = writers.newest_epoch(conn, subject_id=self._subject.id, origin=writer.origin)
        if newest is not None and newest > writer.epoch:
            raise self._fenced(newest)
        lost = self._lost(0)
        made = writers.insert(conn, subject_id=self._subject.id, writer=writer, lost=lost, now=self._now)
        if made is None:
            raise bound(writer, "to another run")
        if newest is None or newest == writer.epoch:
            return made, []
        return made, writers.replace_older(
            conn, subject_id=self._subject.id, origin=writer.origin, epoch=writer.epoch
        )  # fmt: skip

    def _lost(self, before: int) -> int:
        """How many batches are lost since that one, by the numbers and by what the batch says; so many at the most."""
        return min(self._writer.seq - before - 1 + self._batch.lost, MOST_LOST)

    def _fenced(self, newest: int | None) -> Fenced:
        return fenced(self._writer, self._subject.type, self._subject.uid, newest)

    def _take_out(self, replaced: list[int]) -> None:
        """Show and find no longer what the replaced writers wrote."""
        subject_id = self._subject.id
        series.rebuild(self._conn, subject_id=subject_id)
        if self._searched:
            settings.rebuild(self._conn, self._number, subject_id=subject_id, writer_ids=replaced)
            metadata.rebuild(self._conn, self._number, subject_id=subject_id, writer_ids=replaced)
        artifacts.release(self._conn, writer_ids=replaced)

    @property
    def _searched(self) -> bool:
        """Whether search finds the subject: it is over runs."""
        return self._subject.type == "run"

    def _number(self, wanted: Iterable[str]) -> dict[str, int]:
        return names.number(self._conn, self._database, self._subject.namespace_id, wanted)

    def _store(self, writer_id: int, arrival: int) -> tuple[int, list[str]]:
        """Store the batch's parts; how many metadata keys were written, and the ids of its artifacts."""
        conn, checked, subject_id = self._conn, self._checked, self._subject.id
        named = names_in(checked) if self._searched else series_in(checked)
        name_ids = self._number(named)  # all at once, so that no two batches wait in a circle
        if checked.blocks:
            segments.append(
                conn, subject_id=subject_id, writer_id=writer_id, arrival=arrival, received_at=self._now,
                blocks=checked.blocks, name_ids=name_ids, limits=self._limits,
            )  # fmt: skip
        place: dict[str, Any] = {"subject_id": subject_id, "writer_id": writer_id, "arrival": arrival}
        lasts = self._batch.writer is None  # it was made up, and has no second attempt
        settings.write(conn, self._number, checked, self._limits, now=self._now, lasts=lasts, **place)
        keys = metadata.write(
            conn, self._number, checked.patches, self._limits, now=self._now, lasts=lasts, searched=self._searched,
            **place,
        )  # fmt: skip
        events.insert(conn, received_at=self._now, events=checked.events, **place)
        uses.insert(conn, received_at=self._now, uses=checked.uses, **place)
        held = held_blobs(conn, self._subject.namespace_id, checked.artifacts)
        return keys, artifacts.insert(conn, received_at=self._now, artifacts=checked.artifacts, held=held, **place)

    def _announce(self, parts: list[str]) -> None:
        action: Action = "created" if self._made else "updated"
        outbox.add(self._conn, subject_id=self._subject.id, action=action, at=self._now, parts=parts)


def parts_of(batch: Batch, *, back: bool, replaced: bool) -> list[str]:
    """What a batch changes, as its change tells it."""
    told = {"metrics" if name == "points" else name for name in _PARTS if getattr(batch, name)}
    if back:
        told.add("state")
    if replaced:
        told.add("attempt")
    return sorted(told)


_PARTS = (
    "points", "parameters", "tags", "labels", "metadata", "events", "artifacts", "uses", "name", "collection", "state",
)  # fmt: skip


def names_in(checked: Checked) -> list[str]:
    """The names of series, and those that search needs a number for."""
    return [*series_in(checked), *settings.names_in(checked), *metadata.names_in(checked.patches)]


def series_in(checked: Checked) -> list[str]:
    """The names of series."""
    return [name for block in checked.blocks for name in block.names]


def is_quiet(batch: Batch) -> bool:
    """Whether a batch of a known writer changes nothing that is shown: a renewed lease, or nothing at all."""
    return msgspec.structs.replace(batch, run_id=None, key=None, checkpoint=None, writer=None, lease=False) == _EMPTY


_EMPTY = Batch()
