"""Importing: what lies in an archive is written as it was, each run whole or not at all.

The archive is read twice: first to its end, so that one that is damaged, or in conflict with what is here, changes
nothing; then run by run. A run that is here already is left as it is, so importing again goes on where it broke off.
"""

import hashlib
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msgspec.structs import replace

from mbox_ops.entities.archives import ArchivedCheckpoint, ArchivedRun, ImportReport
from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.entities.uploads import CreateUpload
from mbox_ops.errors import Conflict, InvalidRequest
from mbox_ops.service.access import Actor
from mbox_ops.service.archiving import PIECE, ArchiveReader, BlobItem, RunItem
from mbox_ops.service.clock import Clock
from mbox_ops.service.importing_runs import FIRST, Arriving, Shared
from mbox_ops.service.uploads import Uploads
from mbox_ops.store import archived_runs, blobs, grouping, subjects
from mbox_ops.store.archived_runs import Taken
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

Progress = Callable[[int, int], None]
"""Called with how many bytes are done, and how many there are; each byte is read twice."""

Item = ArchivedRun | ArchivedCheckpoint

_LISTED = 20


class Importing:
    """The importing of archives into a service.

    Args:
        uploads: takes the bytes of artifacts.
    """

    def __init__(self, database: Database, *, clock: Clock, limits: Limits, uploads: Uploads) -> None:
        self.database = database
        self._clock, self._limits, self._uploads = clock, limits, uploads

    def read(
        self, actor: Actor, path: Path, *, namespace: str | None = None, dry_run: bool = False,
        key_suffix: str | None = None, progress: Progress | None = None,
    ) -> ImportReport:  # fmt: skip
        """Write what an archive holds and is not here yet.

        Args:
            namespace: where to; where it came from if it is not given.
            dry_run: only say what would be written.
            key_suffix: runs whose keys other live runs have come under their keys with it behind them.

        Raises:
            InvalidRequest: it is no archive, of another version, or damaged.
            Conflict: runs of it are deleted here, or in another namespace, or their keys or other ids are taken. What
                the first reading finds changes nothing; when the second one finds more, the runs before it are here.
        """
        actor.require("admin")
        if key_suffix is not None:
            check_text("key_suffix", key_suffix, most=self._limits.key)
        with path.open("rb") as file:
            of = path.stat().st_size

            def tell(done: int) -> None:
                if progress is not None:
                    progress(done, of if dry_run else 2 * of)

            survey = _Survey(self, file, path, namespace, key_suffix, tell)
            report = survey.report(dry_run=dry_run)
            if dry_run:
                return report
            file.seek(0)
            return self._write(actor, file, report, key_suffix, lambda done: tell(of + done))

    def _write(
        self, actor: Actor, file: IO[bytes], report: ImportReport, suffix: str | None, tell: Callable[[int], None]
    ) -> ImportReport:
        by = Actor(namespace=report.namespace, namespaces=None, scopes=frozenset({"admin"}), name=actor.name)
        reader = ArchiveReader(file, report.file)
        reader.manifest()
        done = {"runs": 0, "checkpoints": 0, "present": 0, "blobs": 0}
        with self.database.write() as conn:
            namespace_id = subjects.namespace_id(conn, name=report.namespace, now=self._clock.now())
        shared = Shared(self.database, namespace_id)
        for item in reader.items():
            if isinstance(item, BlobItem):
                done["blobs"] += self._upload(by, item)
            elif isinstance(item, RunItem):
                is_new = self._import(item, shared, namespace_id, report.namespace, suffix)
                if counted := _counted(item.run, is_new):
                    done[counted] += 1
            tell(reader.bytes)
        return replace(report, **done)

    def _upload(self, actor: Actor, item: BlobItem) -> bool:
        """Have the namespace hold a content; whether it did not yet."""
        wish = CreateUpload(checksum=f"sha256:{item.sha256}", size=item.size)
        upload = self._uploads.create(actor, wish)
        if upload.complete:
            return False
        for offset in range(0, item.size, upload.part_bytes):
            part = item.read(min(upload.part_bytes, item.size - offset))
            if offset >= upload.offset:
                self._uploads.put(actor, upload.id, offset, part)
        return self._uploads.create(actor, wish).complete

    def _import(self, item: RunItem, shared: Shared, namespace_id: int, namespace: str, suffix: str | None) -> bool:
        """Write a run, in one transaction; whether it was not here yet."""
        with self.database.read() as conn:
            run = self.judge(conn, item.run, namespace_id, namespace, suffix)
        if run is None:
            return False
        small: dict[str, list[Any]] = {kind: [] for kind in FIRST}
        rest = []
        for kind, rows in item.parts:
            if kind not in small:
                rest = [(kind, rows)]
                break
            small[kind] += rows
        place = None
        if isinstance(run, ArchivedRun):
            place = shared.place(run, small)
        else:
            shared.number(small)
        try:
            with self.database.write() as conn:
                arriving = Arriving(conn, self.database, run, namespace_id, place, small)
                for kind, rows in chain(rest, item.parts):
                    arriving.add(kind, rows)
                arriving.finish(now=self._clock.now())
        except Taken:
            return self._taken(run, namespace_id, namespace, suffix)
        except (KeyError, IndexError) as error:
            raise InvalidRequest(
                f"The run {run.id!r} of the archive refers to {error}, which is not in it.", field="archive"
            ) from None
        return True

    def _taken(self, run: Item, namespace_id: int, namespace: str, suffix: str | None) -> bool:
        """Another import was faster, or ids belong to others."""
        with self.database.read() as conn:
            if self.judge(conn, run, namespace_id, namespace, suffix) is None:
                return False
        raise Conflict(
            f"The {_kind(run)} {run.id!r} cannot be imported: a writer, an event or an artifact of it has an id that"
            " belongs to another one here, or what it belongs to was deleted meanwhile.",
            run_id=run.id,
        )

    def judge(
        self, conn: "Connection", run: Item, namespace_id: int | None, namespace: str,
        suffix: str | None,
    ) -> Item | None:  # fmt: skip
        """A run, or a checkpoint, as it is to be written; None if it is here already.

        Raises:
            Conflict: it cannot be.
        """
        there = archived_runs.there(conn, uid=run.id)
        if there is not None and there.namespace != namespace:
            raise Conflict(
                f"The {_kind(run)} {run.id!r} is here in the namespace {there.namespace!r}: ids are kept, so it cannot"
                f" be in {namespace!r} too."
            )
        if there is not None and there.deletion is not None:
            raise Conflict(
                f"The {_kind(run)} {run.id!r} is deleted here: undo the deletion {there.deletion!r}, or purge it and"
                " import again."
            )
        if there is not None:
            return None
        if isinstance(run, ArchivedCheckpoint):
            return _of_free_epoch(conn, run)
        return self._with_free_key(conn, run, namespace_id, suffix)

    def _with_free_key(
        self, conn: "Connection", run: ArchivedRun, namespace_id: int | None, suffix: str | None
    ) -> ArchivedRun:
        held_by = None
        if run.key is not None and namespace_id is not None:
            held_by = archived_runs.holder(conn, namespace_id=namespace_id, key=run.key)
        if held_by is None or run.key is None:
            return run
        if suffix is None:
            raise Conflict(
                f"The key {run.key[:200]!r} of the run {run.id!r} is held by the live run {held_by!r}: delete that one"
                " first, or give a key suffix."
            )
        key = check_text("key with its suffix", run.key + suffix, most=self._limits.key)
        return self._with_free_key(conn, replace(run, key=key), namespace_id, None)


class _Survey:
    """The first reading of an archive: that it is whole, and what of it can be written."""

    def __init__(
        self, importing: Importing, file: IO[bytes], path: Path, namespace: str | None, suffix: str | None,
        tell: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._importing, self._suffix, self._tell = importing, suffix, tell
        self._reader = ArchiveReader(file, str(path))
        manifest = self._reader.manifest()
        self._name, self._scenarios = str(path), manifest.scenarios
        self._namespace = check_text("namespace", namespace or manifest.namespace, most=DEFAULT.name)
        self._conflicts: list[str] = []
        self._renamed: list[str] = []
        self._counts = {"runs": 0, "checkpoints": 0, "present": 0, "blobs": 0}

    def report(self, *, dry_run: bool) -> ImportReport:
        """What is in it.

        Raises:
            InvalidRequest: it is damaged.
            Conflict: some of its runs cannot be written.
        """
        with self._importing.database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=self._namespace)
        for item in self._reader.items():
            if isinstance(item, BlobItem):
                self._verify(item)
            elif isinstance(item, RunItem):
                self._look_at(item.run, namespace_id)
                for _ in item.parts:
                    pass
            self._tell(self._reader.bytes)
        if self._conflicts:
            raise _conflict(self._name, self._conflicts)
        return ImportReport(
            file=self._name, namespace=self._namespace, scenarios=self._scenarios, renamed=self._renamed,
            dry_run=dry_run, **self._counts,
        )  # fmt: skip

    def _look_at(self, run: Item, namespace_id: int | None) -> None:
        try:
            with self._importing.database.read() as conn:
                wanted = self._importing.judge(conn, run, namespace_id, self._namespace, self._suffix)
        except Conflict as conflict:
            self._conflicts.append(str(conflict))
            return
        if counted := _counted(run, wanted is not None):
            self._counts[counted] += 1
        if isinstance(wanted, ArchivedRun) and isinstance(run, ArchivedRun) and wanted.key != run.key:
            self._renamed.append(run.id)

    def _verify(self, item: BlobItem) -> None:
        digest = hashlib.sha256()
        for start in range(0, item.size, PIECE):
            digest.update(item.read(min(PIECE, item.size - start)))
        if digest.hexdigest() != item.sha256:
            raise InvalidRequest(
                f"The archive {self._name!r} is damaged: its bytes of the content sha256:{item.sha256} are others."
                " Nothing is imported; export it again.",
                field="archive", value=self._name,
            )  # fmt: skip
        with self._importing.database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=self._namespace)
            held = namespace_id and blobs.held(conn, namespace_id=namespace_id, sha256s=[item.sha256])
        self._counts["blobs"] += item.size > 0 and not held


def _of_free_epoch(conn: "Connection", checkpoint: ArchivedCheckpoint) -> ArchivedCheckpoint:
    """A checkpoint, if its run has no other one of its epoch.

    Raises:
        Conflict: it has.
    """
    other = archived_runs.checkpoint_holder(conn, run=checkpoint.run, epoch=checkpoint.epoch)
    if other is not None:
        raise Conflict(
            f"The run {checkpoint.run!r} has the checkpoint {other!r} of the epoch {checkpoint.epoch} here, so"
            f" {checkpoint.id!r} cannot be imported."
        )
    return checkpoint


def _counted(run: Item, is_new: bool) -> str | None:
    """What an item is counted as."""
    if isinstance(run, ArchivedCheckpoint):
        return "checkpoints" if is_new else None
    return "runs" if is_new else "present"


def _kind(run: Item) -> str:
    return "checkpoint" if isinstance(run, ArchivedCheckpoint) else "run"


def _conflict(name: str, conflicts: Sequence[str]) -> Conflict:
    more = "" if len(conflicts) == 1 else f" And {len(conflicts) - 1} more of its runs cannot be imported."
    return Conflict(
        f"{conflicts[0]}{more} Nothing of {name!r} was imported.",
        conflicts=conflicts[:_LISTED], count=len(conflicts),
    )  # fmt: skip
