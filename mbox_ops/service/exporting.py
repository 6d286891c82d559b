"""Exporting: whole scenarios into an archive, run by run, each as it is at one moment."""

from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.archives import FORMAT, ROWS, VERSION, ArchivedSeries, ExportReport, Manifest
from mbox_ops.entities.metrics import Kind
from mbox_ops.errors import InternalError, InvalidRequest, NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.archiving import PIECE, ArchiveWriter
from mbox_ops.service.artifacts import store_of
from mbox_ops.service.choosing import named_scenarios
from mbox_ops.service.metrics import Metrics
from mbox_ops.store import archived_points, archived_runs, grouping
from mbox_ops.store.archived_runs import Held
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

_UNSEALED = 200_000  # points of one run, which are held in memory

Progress = Callable[[int, int], None]
"""Called with how many are done, and how many there are."""


class Exporting:
    """The exporting of a service's scenarios.

    Args:
        metrics: seals runs with many points first, so that they need not be held in memory.
    """

    def __init__(self, database: Database, *, metrics: Metrics, blobs: Blobs | None) -> None:
        self._database, self._metrics, self._blobs = database, metrics, blobs

    def write(
        self, actor: Actor, names: Sequence[str] | None, file: IO[bytes], name: str, progress: Progress | None = None
    ) -> ExportReport:
        """Write scenarios of the actor's namespace with all that their live runs hold.

        Args:
            names: names or ids; None for all that have live runs.
            file: at its beginning; it is only written to.
            name: what the file is called.

        Raises:
            NotFound: one of them is not there, or has no live run; nothing was written.
            InternalError: the bytes of an artifact are damaged.
        """
        actor.require("admin")
        with self._database.read() as conn:
            chosen = self._chosen(conn, actor, names)
            subject_ids = archived_runs.listed(conn, scenario_ids=list(chosen.values()))
        writer = ArchiveWriter(file)
        writer.manifest(Manifest(format=FORMAT, version=VERSION, namespace=actor.namespace, scenarios=sorted(chosen)))
        export = _Export(self._database, self._metrics, self._blobs, writer)
        for done, subject_id in enumerate(subject_ids):
            if progress is not None:
                progress(done, len(subject_ids))
            export.add(subject_id)
        writer.end(**export.counts)
        return ExportReport(
            file=name, bytes=writer.bytes, namespace=actor.namespace, scenarios=sorted(chosen), **export.counts
        )

    def _chosen(self, conn: "Connection", actor: Actor, names: Sequence[str] | None) -> dict[str, int]:
        """The scenarios' rows by name."""
        if names is not None and not names:
            raise InvalidRequest("Name one or more scenarios, or ask for all.", field="scenarios")
        namespace_id = grouping.namespace_id(conn, name=actor.namespace)
        if names is None:
            return {} if namespace_id is None else archived_runs.scenarios_of(conn, namespace_id=namespace_id)
        if namespace_id is None:
            raise NotFound("scenario", names[0], actor.namespace)
        named = named_scenarios(conn, namespace_id, names)
        if named.not_found:
            raise NotFound("scenario", named.not_found[0], actor.namespace)
        return dict(zip(named.live, named.ids or [], strict=True))


class _Export:
    """Runs on their way into an archive."""

    def __init__(self, database: Database, metrics: Metrics, blobs: Blobs | None, writer: ArchiveWriter) -> None:
        self._database, self._metrics, self._blobs, self._writer = database, metrics, blobs, writer
        self._written: set[str] = set()
        self.counts = dict.fromkeys(("runs", "checkpoints", "points", "events", "artifacts", "blobs"), 0)

    def add(self, subject_id: int) -> None:
        """Write a run and its checkpoints; one that was deleted meanwhile is left out."""
        with self._database.read() as conn:
            run = archived_runs.find(conn, subject_id=subject_id)
            unsealed = archived_points.unsealed_points(conn, subject_id=subject_id)
        if run is not None and unsealed > _UNSEALED:
            self._metrics.seal(run.id)
        with self._database.read() as conn:
            run = archived_runs.find(conn, subject_id=subject_id)
            if run is None:
                return
            self._add_contents(conn, subject_id)
            self._writer.run(run)
            self.counts["runs"] += 1
            self._add_rows(conn, subject_id)
            for checkpoint_id, checkpoint in archived_runs.checkpoints_of(conn, run=run.id, subject_id=subject_id):
                self._add_contents(conn, checkpoint_id)
                self._writer.checkpoint(checkpoint)
                self.counts["checkpoints"] += 1
                self._add_rows(conn, checkpoint_id)

    def _add_rows(self, conn: "Connection", subject_id: int) -> None:
        writers = archived_runs.writers_of(conn, subject_id=subject_id)
        places = {row_id: place for place, row_id in enumerate(writers)}
        for kind in ROWS:
            if kind == "writers":
                self._writer.rows(kind, writers.values())
            elif kind == "series":
                self._writer.rows(kind, _series(archived_points.series_of(conn, subject_id=subject_id)))
            else:
                rows = archived_runs.rows_of(conn, kind, subject_id=subject_id, places=places)
                count = self._writer.rows(kind, rows)
                if kind in self.counts:
                    self.counts[kind] += count
        self.counts["points"] += self._writer.points(archived_points.read(conn, subject_id=subject_id, places=places))

    def _add_contents(self, conn: "Connection", subject_id: int) -> None:
        for content in archived_runs.contents_of(conn, subject_id=subject_id):
            self._add_content(content)

    def _add_content(self, content: Held) -> None:
        if content.sha256 not in self._written:
            self._written.add(content.sha256)
            self._writer.blob(content.sha256, content.size, self._pieces(content))
            self.counts["blobs"] += 1

    def _pieces(self, content: Held) -> Iterator[bytes]:
        store = store_of(self._blobs)
        for start in range(0, content.size, PIECE):
            end = min(start + PIECE, content.size)
            piece = store.read(content.key, start, end)
            if len(piece) != end - start:
                raise InternalError(f"The bytes of the content sha256:{content.sha256} are damaged in the store.")
            yield piece


def _series(found: Sequence[tuple[str, Kind]]) -> Iterator[ArchivedSeries]:
    return (ArchivedSeries(name=name, kind=kind) for name, kind in found)
