"""Runs as they lie in an archive: everything but their points, out of the database and into another one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from mbox_ops.entities.archives import (
    ROWS,
    ArchivedCheckpoint,
    ArchivedCollection,
    ArchivedRun,
    ArchivedScenario,
    ArchivedWriter,
)
from mbox_ops.store.among import among
from mbox_ops.store.subjects import find as find_subject
from mbox_ops.store.subjects import key_hash
from mbox_ops.store.tables import (
    INDEXED_TEXT,
    artifacts,
    blobs,
    checkpoints,
    collections,
    deletions,
    events,
    gravestones,
    metadata_patches,
    namespaces,
    runs,
    scenarios,
    series,
    settings,
    subjects,
    uses,
    writers,
)
from mbox_ops.store.uses import hash_of
from mbox_ops.store.writers import hash_of as origin_hash

_AT_ONCE = 2_000  # rows
_TABLES: dict[str, tuple[Table, tuple[str, ...]]] = {  # and the columns that rows are ordered by
    "settings": (settings, ("kind", "name", "writer_id")),
    "patches": (metadata_patches, ("arrival", "ordinal")),
    "events": (events, ("arrival", "ordinal")),
    "artifacts": (artifacts, ("id",)),
    "uses": (uses, ("id",)),
}
_OWN = (
    "name", "scenario_version", "source_kind", "source", "execution", "external_id", "owner", "framework", "task",
    "status", "started_at", "ended_at", "lease_at", "lost_at",
)  # fmt: skip
_OF_SUBJECT = ("key", "arrival", "created_at", "updated_at")


class Taken(Exception):
    """An id of a run, or of what belongs to it, is another's."""


class Held(NamedTuple):
    """A content of a run's artifacts."""

    sha256: str
    size: int
    key: str


class There(NamedTuple):
    """A run with an id that was looked for: its namespace, and the deletion that took it, if one did."""

    namespace: str
    deletion: str | None


# Out


def scenarios_of(conn: Connection, *, namespace_id: int) -> dict[str, int]:
    """The scenarios of a namespace that have live runs: their rows by name."""
    query = (
        select(scenarios.c.name, scenarios.c.id)
        .join(runs, runs.c.scenario_id == scenarios.c.id)
        .join(subjects, subjects.c.id == runs.c.subject_id)
        .where(scenarios.c.namespace_id == namespace_id, subjects.c.deletion_id.is_(None))
        .distinct()
    )
    return {row.name: row.id for row in conn.execute(query)}


def listed(conn: Connection, *, scenario_ids: Sequence[int]) -> list[int]:
    """The live runs of scenarios: scenario by scenario in order of name, oldest first."""
    query = (
        select(subjects.c.id)
        .join(runs, runs.c.subject_id == subjects.c.id)
        .join(scenarios, scenarios.c.id == runs.c.scenario_id)
        .where(among(conn.dialect.name, runs.c.scenario_id, "of", scenario_ids), subjects.c.deletion_id.is_(None))
        .order_by(scenarios.c.name, subjects.c.created_at, subjects.c.uid)
    )
    return list(conn.execute(query).scalars())


def find(conn: Connection, *, subject_id: int) -> ArchivedRun | None:
    """A live run."""
    s, c = scenarios.c, collections.c
    query = (
        select(
            subjects.c.uid, *(subjects.c[name] for name in _OF_SUBJECT), *(runs.c[name] for name in _OWN),
            s.uid.label("s_id"), s.name.label("s_name"), s.created_at.label("s_at"), c.uid.label("c_id"),
            c.name.label("c_name"), c.is_default, c.created_at.label("c_at"),
        )
        .join(runs, runs.c.subject_id == subjects.c.id)
        .join(scenarios, s.id == runs.c.scenario_id)
        .join(collections, c.id == runs.c.collection_id)
        .where(subjects.c.id == subject_id, subjects.c.deletion_id.is_(None))
    )  # fmt: skip
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    return ArchivedRun(
        id=row.uid, **{name: getattr(row, name) for name in (*_OF_SUBJECT, *_OWN)},
        scenario=ArchivedScenario(id=row.s_id, name=row.s_name, created_at=row.s_at),
        collection=ArchivedCollection(id=row.c_id, name=row.c_name, is_default=row.is_default, created_at=row.c_at),
    )  # fmt: skip


def checkpoints_of(conn: Connection, *, run: str, subject_id: int) -> list[tuple[int, ArchivedCheckpoint]]:
    """A run's checkpoints with their rows, by epoch."""
    names = ("arrival", "created_at", "updated_at")
    query = (
        select(subjects.c.id, subjects.c.uid, checkpoints.c.epoch, *(subjects.c[name] for name in names))
        .join(checkpoints, checkpoints.c.subject_id == subjects.c.id)
        .where(checkpoints.c.run_id == subject_id)
        .order_by(checkpoints.c.epoch)
    )
    return [
        (row.id, ArchivedCheckpoint(
            id=row.uid, run=run, epoch=row.epoch, **{name: getattr(row, name) for name in names}
        ))
        for row in conn.execute(query)
    ]  # fmt: skip


def writers_of(conn: Connection, *, subject_id: int) -> dict[int, ArchivedWriter]:
    """A run's writers by their rows, replaced ones too: a zombie among them must stay one."""
    fields = ArchivedWriter.__struct_fields__
    query = select(writers.c.id, *(writers.c[name] for name in fields)).where(writers.c.subject_id == subject_id)
    rows = conn.execute(query.order_by(writers.c.id))
    return {row_id: ArchivedWriter(**dict(zip(fields, row, strict=True))) for row_id, *row in rows}


def rows_of(conn: Connection, kind: str, *, subject_id: int, places: Mapping[int, int]) -> Iterator[Any]:
    """A run's rows of a kind whose writers are present; `places` are the writers' by their rows."""
    table, order = _TABLES[kind]
    made = ROWS[kind]
    fields = made.__struct_fields__[1:]  # the first is the writer
    query = (
        select(table.c.writer_id, *(table.c[name] for name in fields))
        .join(writers, writers.c.id == table.c.writer_id)
        .where(table.c.subject_id == subject_id, writers.c.replaced.is_(False))
        .order_by(*(table.c[name] for name in order))
    )
    for writer_id, *row in conn.execute(query, execution_options={"yield_per": _AT_ONCE}):
        yield made(writer=places[writer_id], **dict(zip(fields, row, strict=True)))


def contents_of(conn: Connection, *, subject_id: int) -> list[Held]:
    """The contents of a run's uploaded artifacts, each once."""
    query: Select[Any] = (
        select(blobs.c.sha256, blobs.c.size, blobs.c.key)
        .join(artifacts, artifacts.c.blob_id == blobs.c.id)
        .join(writers, writers.c.id == artifacts.c.writer_id)
        .where(artifacts.c.subject_id == subject_id, writers.c.replaced.is_(False))
        .distinct()
        .order_by(blobs.c.sha256)
    )
    return [Held(*row) for row in conn.execute(query)]


# In


def there(conn: Connection, *, uid: str) -> There | None:
    """The run with that id, live or deleted, in whatever namespace it is."""
    query = (
        select(namespaces.c.name, deletions.c.uid)
        .select_from(subjects)
        .join(namespaces, namespaces.c.id == subjects.c.namespace_id)
        .outerjoin(deletions, deletions.c.id == subjects.c.deletion_id)
        .where(subjects.c.uid == uid)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else There(*row)


def checkpoint_holder(conn: Connection, *, run: str, epoch: int) -> str | None:
    """The id of the checkpoint that a run has of an epoch."""
    of = subjects.alias()
    query = (
        select(subjects.c.uid)
        .join(checkpoints, checkpoints.c.subject_id == subjects.c.id)
        .join(of, of.c.id == checkpoints.c.run_id)
        .where(of.c.uid == run, checkpoints.c.epoch == epoch)
    )
    return conn.execute(query).scalar()


def holder(conn: Connection, *, namespace_id: int, key: str) -> str | None:
    """The id of the live run that has a key."""
    query = select(subjects.c.uid).where(
        subjects.c.namespace_id == namespace_id, subjects.c.type == "run", subjects.c.key_hash == key_hash(key),
        subjects.c.deletion_id.is_(None),
    )  # fmt: skip
    return conn.execute(query).scalar()


def insert_run(conn: Connection, run: ArchivedRun, *, namespace_id: int, scenario_id: int, collection_id: int) -> int:
    """Make a run as it was; what a purge left of it, so that it does not come back by itself, goes.

    Raises:
        Taken: its id, or its key, is another's by now.
    """
    conn.execute(delete(gravestones).where(gravestones.c.run_uid == run.id, gravestones.c.namespace_id == namespace_id))
    row = {
        "uid": run.id, "namespace_id": namespace_id, "type": "run", "folded": run.arrival,
        "key_hash": None if run.key is None else key_hash(run.key),
        **{name: getattr(run, name) for name in _OF_SUBJECT},
    }  # fmt: skip
    subject_id = int(_inserted(conn, insert(subjects).values(row).returning(subjects.c.id)).scalar_one())
    own = {name: getattr(run, name) for name in _OWN}
    place = {"namespace_id": namespace_id, "scenario_id": scenario_id, "collection_id": collection_id}
    conn.execute(insert(runs).values(subject_id=subject_id, **place, **own))
    return subject_id


def insert_checkpoint(conn: Connection, checkpoint: ArchivedCheckpoint, *, namespace_id: int) -> int:
    """Make a checkpoint as it was, of its run, which is held then; what a purge left of it goes.

    Raises:
        Taken: its id is another's, its run has another one of the epoch, or is not there any more.
    """
    stones = gravestones.c.run_uid == checkpoint.id, gravestones.c.namespace_id == namespace_id
    conn.execute(delete(gravestones).where(*stones))
    run = find_subject(conn, uid=checkpoint.run, hold=True)
    if run is None or run.deletion_id is not None or run.type != "run" or run.namespace_id != namespace_id:
        raise Taken
    row = {
        "uid": checkpoint.id, "namespace_id": namespace_id, "type": "checkpoint", "parent_id": run.id,
        "arrival": checkpoint.arrival, "folded": checkpoint.arrival, "created_at": checkpoint.created_at,
        "updated_at": checkpoint.updated_at,
    }  # fmt: skip
    subject_id = int(_inserted(conn, insert(subjects).values(row).returning(subjects.c.id)).scalar_one())
    _inserted(conn, insert(checkpoints).values(subject_id=subject_id, run_id=run.id, epoch=checkpoint.epoch))
    return subject_id


def insert_writers(conn: Connection, given: Sequence[ArchivedWriter], *, subject_id: int) -> list[int]:
    """Make a run's writers; returns their rows.

    Raises:
        Taken: one of them writes to another run here.
    """
    rows = [
        msgspec.structs.asdict(writer) | {"subject_id": subject_id, "origin_hash": origin_hash(writer.origin)}
        for writer in given
    ]
    if not rows:
        return []
    made = insert(writers).returning(writers.c.id, sort_by_parameter_order=True)
    return list(_inserted(conn, made, rows).scalars())


def insert_series(
    conn: Connection, given: Mapping[str, str], *, subject_id: int, name_ids: Mapping[str, int]
) -> dict[str, int]:
    """Make a run's series by name and kind; returns their rows by name."""
    rows = [
        {"subject_id": subject_id, "name_id": name_ids[name], "kind": kind, "count": 0, "nan_count": 0}
        for name, kind in given.items()
    ]  # fmt: skip
    if not rows:
        return {}
    made = conn.execute(insert(series).returning(series.c.id, sort_by_parameter_order=True), rows)
    return dict(zip(given, made.scalars(), strict=True))


def insert_rows(
    conn: Connection, kind: str, given: Sequence[Any], *, subject_id: int, writer_ids: Sequence[int],
    blob_ids: Mapping[str, int],
) -> None:  # fmt: skip
    """Make a run's rows of a kind.

    Args:
        writer_ids: the rows of its writers, by their places.
        blob_ids: of artifacts: the rows of contents, by checksum.

    Raises:
        Taken: the id of one of them is another's.
    """
    more = _MORE.get(kind)
    rows = []
    for one in given:
        row = msgspec.structs.asdict(one)
        row |= {"subject_id": subject_id, "writer_id": writer_ids[row.pop("writer")]}
        rows.append(row if more is None else row | more(row, blob_ids))
    if rows:
        _inserted(conn, insert(_TABLES[kind][0]), rows)


def _of_artifact(row: Mapping[str, Any], blob_ids: Mapping[str, int]) -> dict[str, object]:
    return {
        "path_start": row["path"][:INDEXED_TEXT],
        "uri_hash": hash_of(("uri", row["uri"])) if row["uri"] else None,
        "blob_id": blob_ids[row["checksum"]] if row["kind"] == "uploaded" else None,
    }  # fmt: skip


def _of_use(row: Mapping[str, Any], blob_ids: Mapping[str, int]) -> dict[str, object]:
    return {"target_hash": hash_of((row["by"], row["target"]))}


_MORE: dict[str, Callable[[Mapping[str, Any], Mapping[str, int]], dict[str, object]]] = {
    "artifacts": _of_artifact,
    "uses": _of_use,
}


def _inserted(conn: Connection, statement: Any, rows: Any = None) -> Any:
    try:
        return conn.execute(statement, rows)
    except IntegrityError as error:  # of a unique index: an id or key is another's, or the archive repeats one
        raise Taken from error
