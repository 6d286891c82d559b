"""Runs as rows: what a run is shown as, kept up to date from the rows in `settings`."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from mbox_ops.entities.runs import Status
from mbox_ops.store.among import among, listed
from mbox_ops.store.names import hash_of
from mbox_ops.store.tables import (
    INDEXED_TEXT,
    attributes,
    clock,
    collections,
    names,
    namespaces,
    scenarios,
    subjects,
    writers,
)
from mbox_ops.store.tables import runs as table


class RunRow(NamedTuple):
    """A run's own columns, with the names of what it belongs to; the fields are in the order of `_COLUMNS`."""

    subject_id: int
    uid: str
    key: str | None
    created_at: int
    updated_at: int
    unfolded: bool
    namespace: str
    scenario: str
    scenario_uid: str
    collection: str
    collection_uid: str
    collection_is_default: bool
    name: str
    scenario_version: str | None
    source_kind: str | None
    source: str | None
    execution: str | None
    external_id: str | None
    owner: str
    framework: str | None
    task: str
    status: Status
    started_at: int
    ended_at: int | None


class Expired(NamedTuple):
    """A run whose lease has run out."""

    subject_id: int
    uid: str
    namespace_id: int


_COLUMNS = (
    subjects.c.id, subjects.c.uid, subjects.c.key, subjects.c.created_at, subjects.c.updated_at,
    (subjects.c.folded < subjects.c.arrival).label("unfolded"),
    namespaces.c.name.label("namespace"), scenarios.c.name.label("scenario"), scenarios.c.uid.label("scenario_uid"),
    collections.c.name.label("collection"), collections.c.uid.label("collection_uid"), collections.c.is_default,
    table.c.name, table.c.scenario_version, table.c.source_kind, table.c.source, table.c.execution,
    table.c.external_id, table.c.owner, table.c.framework, table.c.task, table.c.status, table.c.started_at,
    table.c.ended_at,
)  # fmt: skip

_JOINED = (
    table.join(subjects, subjects.c.id == table.c.subject_id)
    .join(namespaces, namespaces.c.id == table.c.namespace_id)
    .join(scenarios, scenarios.c.id == table.c.scenario_id)
    .join(collections, collections.c.id == table.c.collection_id)
)


def insert(conn: Connection, *, subject_id: int, **columns: object) -> None:
    """Give a subject that was just made its row in `runs`; the caller computed every column."""
    conn.execute(sql_insert(table).values(subject_id=subject_id, **columns))


def update(conn: Connection, *, subject_id: int, **columns: object) -> None:
    """Change what a run is shown as; columns that are not named stay."""
    if columns:
        conn.execute(sql_update(table).where(table.c.subject_id == subject_id).values(**columns))


def shown(conn: Connection, *, subject_id: int) -> dict[str, Any] | None:
    """What a run is shown as at present: its columns, and the names of its scenario and its collection."""
    query = (
        select(
            table, scenarios.c.name.label("scenario"), collections.c.name.label("collection"),
            collections.c.is_default.label("collection_is_default"),
        )
        .join(scenarios, scenarios.c.id == table.c.scenario_id)
        .join(collections, collections.c.id == table.c.collection_id)
        .where(table.c.subject_id == subject_id)
    )  # fmt: skip
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def renew_lease(conn: Connection, *, subject_id: int, now: int) -> str:
    """Note that the holder of a run's lease is alive; returns the status the run is shown in."""
    renewal = sql_update(table).where(table.c.subject_id == subject_id).values(lease_at=now)
    return str(conn.execute(renewal.returning(table.c.status)).scalar_one())


def find(conn: Connection, *, uid: str) -> RunRow | None:
    """A live run by its id, in whatever namespace it is."""
    query = select(*_COLUMNS).select_from(_JOINED).where(subjects.c.uid == uid, subjects.c.deletion_id.is_(None))
    row = conn.execute(query).one_or_none()
    return None if row is None else RunRow(*row)


def rows(conn: Connection, *, subject_ids: Sequence[int]) -> list[RunRow]:
    """The rows of these runs, in the order of the ids."""
    dialect = conn.dialect.name
    found = conn.execute(_rows(dialect), {"subject_ids": listed(dialect, subject_ids)}).all()
    by_id = {row[0]: RunRow(*row) for row in found}
    return [by_id[subject_id] for subject_id in subject_ids]


@cache
def _rows(dialect: str) -> Select[Any]:
    return select(*_COLUMNS).select_from(_JOINED).where(among(dialect, table.c.subject_id, "subject_ids"))


def has_source(kind: str, name: str) -> ColumnElement[bool]:
    """Whether a run comes from that pipeline or notebook."""
    return and_(table.c.source_kind == kind, table.c.source == name)


def has_tag(key: str, value: str) -> ColumnElement[bool]:
    """Whether a run has that tag with that value; `runName` is the run's name."""
    if key == "runName":
        return table.c.name == value
    c = attributes.c
    of_key = (names.c.namespace_id == table.c.namespace_id) & (names.c.name_hash == hash_of(key))
    return (
        select(c.id)
        .join(names, names.c.id == c.name_id)
        .where(c.subject_id == table.c.subject_id, c.kind == "tag", of_key)
        .where(c.text_start == value[:INDEXED_TEXT], c.text == value)
        .exists()
    )


def is_alive(now: int, *, quiet: int, lost: int) -> ColumnElement[bool]:
    """Whether a run counts as alive at `now`, over `runs` joined with `subjects`.

    Args:
        quiet: for how many microseconds after its last write a run without a lease does.
        lost: for how many microseconds after it was given up a LOST run does.
    """
    given_up_at = func.coalesce(table.c.lost_at, subjects.c.updated_at)
    return or_(
        and_(table.c.status == "RUNNING", table.c.lease_at.is_not(None)),
        and_(table.c.status == "RUNNING", subjects.c.updated_at > now - quiet),
        and_(table.c.status == "LOST", given_up_at > now - lost),
    )


def lost_batches(conn: Connection, *, subject_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each subject: how many batches its present writers lost, and how many present writers it has."""
    dialect = conn.dialect.name
    found = conn.execute(_lost(dialect), {"subject_ids": listed(dialect, subject_ids)}).all()
    return {subject: (int(lost), count) for subject, lost, count in found}


@cache
def _lost(dialect: str) -> Select[Any]:
    return (
        select(writers.c.subject_id, func.sum(writers.c.lost), func.count())
        .where(among(dialect, writers.c.subject_id, "subject_ids"), writers.c.replaced.is_(False))
        .group_by(writers.c.subject_id)
    )


def expired(conn: Connection, *, now: int, patience: int, limit: int, hold: bool = False) -> list[Expired]:
    """Running runs whose lease was not renewed for `patience` microseconds in which the server was up, at most `limit`.

    Args:
        hold: keep writers away from them until the transaction ends, and pass over those that are being written to at
            this moment: their writers are alive.
    """
    query = (
        select(subjects.c.id, subjects.c.uid, subjects.c.namespace_id)
        .join(table, table.c.subject_id == subjects.c.id)
        .where(subjects.c.deletion_id.is_(None), *_has_expired(now, patience))
        .order_by(table.c.lease_at)
        .limit(limit)
    )
    held = query.with_for_update(of=subjects, key_share=True, skip_locked=True) if hold else query
    return [Expired(*row) for row in conn.execute(held)]


def give_up(conn: Connection, *, held: Sequence[Expired], now: int, patience: int) -> list[Expired]:
    """Mark as LOST those of the held runs that have still expired now that they are held; returns them."""
    these = table.c.subject_id.in_([row.subject_id for row in held])
    lost = sql_update(table).where(these, *_has_expired(now, patience)).values(status="LOST", lost_at=now)
    changed = set(conn.execute(lost.returning(table.c.subject_id)).scalars())
    return [row for row in held if row.subject_id in changed]


def _has_expired(now: int, patience: int) -> list[ColumnElement[bool]]:
    up_since = select(func.coalesce(func.max(clock.c.up_since), 0)).scalar_subquery()
    last_seen = case((table.c.lease_at > up_since, table.c.lease_at), else_=up_since)
    running = table.c.status == literal_column("'RUNNING'")  # a constant, or the partial index would not be used
    return [running, table.c.lease_at.is_not(None), table.c.lease_at < now - patience, last_seen < now - patience]
