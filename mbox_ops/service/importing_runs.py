"""One run on its way from an archive into the database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mbox_ops.entities.archives import ArchivedCheckpoint, ArchivedRun
from mbox_ops.service import metadata, settings
from mbox_ops.store import archived_runs, blobs, catalogue, grouping, names, outbox
from mbox_ops.store.archived_points import PointsWriter
from mbox_ops.store.artifacts import PREFIX
from mbox_ops.store.attributes import paths_of
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIRST = ("writers", "settings", "patches", "series")  # what is needed before anything else can be written
_SEARCHED = ("parameter", "tag")


class Place(NamedTuple):
    """The rows of the scenario and the collection that a run belongs to."""

    scenario_id: int
    collection_id: int


class Shared:
    """What runs of a namespace share with others: names, scenarios, collections.

    They are made before a run's own transaction, in a short one, so that nobody who needs them, too, waits for the run.
    """

    def __init__(self, database: Database, namespace_id: int) -> None:
        self._database, self._namespace_id = database, namespace_id
        self._places: dict[tuple[str, str, bool], Place] = {}

    def place(self, run: ArchivedRun, small: Mapping[str, Sequence[Any]]) -> Place:
        """The scenario and collection of a run; its names have numbers then."""
        group = (run.scenario.name, run.collection.name, run.collection.is_default)
        wanted = _names(small)
        if group not in self._places or self._lacks(wanted):
            with self._database.write() as conn:
                names.number(conn, self._database, self._namespace_id, wanted)
                place = self._make(conn, run)
            self._places[group] = place
        return self._places[group]

    def _make(self, conn: "Connection", run: ArchivedRun) -> Place:
        """They have the ids and times that they had, where they are new here."""
        scenario, collection = run.scenario, run.collection
        scenario_id = grouping.scenario_id(
            conn, namespace_id=self._namespace_id, name=scenario.name, now=scenario.created_at, uid=scenario.id
        )
        collection_id = grouping.collection_id(
            conn, scenario_id=scenario_id, name=collection.name, is_default=collection.is_default,
            now=collection.created_at, uid=collection.id,
        )  # fmt: skip
        return Place(scenario_id, collection_id)

    def number(self, small: Mapping[str, Sequence[Any]]) -> None:
        """See to it that the names of a checkpoint's series have numbers."""
        wanted = {one.name for one in small["series"]}
        if self._lacks(wanted):
            with self._database.write() as conn:
                names.number(conn, self._database, self._namespace_id, wanted)

    def _lacks(self, wanted: Iterable[str]) -> bool:
        return any((self._namespace_id, name) not in self._database.name_ids for name in wanted)


def _names(small: Mapping[str, Sequence[Any]]) -> set[str]:
    """The names of series, and those that search needs a number for."""
    wanted = {one.name for one in small["series"]}
    wanted |= {one.name for one in small["settings"] if one.kind in _SEARCHED}
    return wanted.union(*(paths_of(msgspec.json.decode(one.document)) for one in small["patches"]))


class Arriving:
    """A run, or a checkpoint, that is being written, in one transaction.

    Args:
        place: of a run.
        small: its rows of the kinds in `FIRST`.
    """

    def __init__(
        self, conn: "Connection", database: Database, run: ArchivedRun | ArchivedCheckpoint, namespace_id: int,
        place: Place | None, small: Mapping[str, Sequence[Any]],
    ) -> None:  # fmt: skip
        self._conn, self._database, self._namespace_id = conn, database, namespace_id
        self._small = small
        self._searched = place is not None
        if isinstance(run, ArchivedCheckpoint):
            self._id = archived_runs.insert_checkpoint(conn, run, namespace_id=namespace_id)
        else:
            assert place is not None, "a run has a place"
            self._id = archived_runs.insert_run(conn, run, namespace_id=namespace_id, **place._asdict())
        self._writers = archived_runs.insert_writers(conn, small["writers"], subject_id=self._id)
        self._points = PointsWriter(conn, self._make_series(), self._writers)
        for kind in ("settings", "patches"):
            self.add(kind, small[kind])

    def add(self, kind: str, rows: Sequence[Any]) -> None:
        """Write rows or points of it.

        Raises:
            KeyError, IndexError: they refer to what the archive does not hold.
        """
        if kind == "points":
            for block in rows:
                self._points.add(block)
            return
        held = self._contents(rows) if kind == "artifacts" else {}
        archived_runs.insert_rows(self._conn, kind, rows, subject_id=self._id, writer_ids=self._writers, blob_ids=held)

    def finish(self, *, now: int) -> None:
        """Write what follows from the rest: summaries, and what search stands on."""
        self._points.finish()
        given = {"settings": settings.rebuild, "patches": metadata.rebuild}
        for kind, rebuild in given.items() if self._searched else ():
            writer_ids = sorted({self._writers[one.writer] for one in self._small[kind]})
            rebuild(self._conn, self._number, subject_id=self._id, writer_ids=writer_ids)
        catalogue.write(self._conn, self._database)
        outbox.add(self._conn, subject_id=self._id, action="created", at=now, parts=["import"])

    def _make_series(self) -> dict[str, int]:
        kinds = {one.name: one.kind for one in self._small["series"]}
        ids = self._number(kinds)
        catalogue.note(self._conn, ((ids[name], "metric", kind) for name, kind in kinds.items()))
        return archived_runs.insert_series(self._conn, kinds, subject_id=self._id, name_ids=ids)

    def _contents(self, rows: Sequence[Any]) -> dict[str, int]:
        """The rows of the contents of uploaded artifacts, by checksum."""
        wanted = {row.checksum.removeprefix(PREFIX) for row in rows if row.kind == "uploaded"}
        held = blobs.held(self._conn, namespace_id=self._namespace_id, sha256s=wanted) if wanted else {}
        return {PREFIX + sha256: blob.id for sha256, blob in held.items()}

    def _number(self, wanted: Iterable[str]) -> dict[str, int]:
        return names.number(self._conn, self._database, self._namespace_id, wanted)
