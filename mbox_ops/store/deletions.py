"""Deletions as rows, the tombstones they set and the gravestones they leave."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, literal, or_, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from mbox_ops.entities.changes import Action
from mbox_ops.entities.cleanup import Reason, Rules
from mbox_ops.entities.deletions import Counts, Deletion, DeletionState, Selector
from mbox_ops.entities.instants import to_datetime
from mbox_ops.store import outbox
from mbox_ops.store import runs as run_rows
from mbox_ops.store.subjects import key_hash
from mbox_ops.store.tables import deletions as table
from mbox_ops.store.tables import gravestones, namespaces, runs, subjects
from mbox_ops.store.tallies import Targets


class Twin(NamedTuple):
    """A run of a deletion (`gone`, with its row) and the live one that has taken its key."""

    id: int
    key: str
    gone: str
    live: str


class Report(msgspec.Struct, kw_only=True):
    """What a deletion took, as it is kept."""

    counts: Counts
    by_scenario: dict[str, Counts]
    scenarios_not_found: list[str]
    running: list[str]
    protected: int
    rules: Rules | None = None
    kept: dict[str, dict[Reason, int]] = {}


def gravestone(
    conn: Connection, *, run_uid: str | None = None, namespace_id: int | None = None, key_hash: bytes | None = None
) -> int | None:
    """When a run with that id, or with that key in that namespace, was last deleted (microseconds); None: never."""
    matches = []
    if run_uid is not None:
        matches.append(gravestones.c.run_uid == run_uid)
    if key_hash is not None:
        matches.append(and_(gravestones.c.namespace_id == namespace_id, gravestones.c.key_hash == key_hash))
    if not matches:
        return None
    return conn.execute(select(func.max(gravestones.c.deleted_at)).where(or_(*matches))).scalar()


def gravestone_namespaces(conn: Connection, *, run_uid: str) -> list[str]:
    """The namespaces in which a run with that id was deleted."""
    query = select(namespaces.c.name).join(gravestones, gravestones.c.namespace_id == namespaces.c.id)
    return list(conn.execute(query.where(gravestones.c.run_uid == run_uid).distinct()).scalars())


def conditions(
    selector: Selector, *, namespace_id: int, scenario_ids: Sequence[int] | None, spare_protected: bool
) -> list[ColumnElement[bool]]:
    """What a selector takes, over `runs` joined with `subjects`; its scenarios were looked up before."""
    found: list[ColumnElement[bool]] = [runs.c.namespace_id == namespace_id]
    if scenario_ids is not None:
        found.append(runs.c.scenario_id.in_(scenario_ids))
    if selector.run_id is not None:
        found.append(subjects.c.uid == selector.run_id)
    for name in ("scenario_version", "execution"):
        if (value := getattr(selector, name)) is not None:
            found.append(runs.c[name] == value)
    for kind in ("pipeline", "notebook"):
        if (value := getattr(selector, kind)) is not None:
            found.append(run_rows.has_source(kind, value))
    return [*found, ~is_protected()] if spare_protected else found


def is_protected() -> ColumnElement[bool]:
    """Whether a run carries the tag `mbox.keep=true`."""
    return run_rows.has_tag("mbox.keep", "true")


def lock(conn: Connection, targets: Targets) -> None:
    """Wait for the writers that hold these subjects and keep others out until the transaction ends."""
    if conn.dialect.name == "postgresql":  # on SQLite the transaction holds the whole file
        held = targets.order_by(subjects.c.id).with_for_update(of=subjects, key_share=True).subquery()
        conn.execute(select(func.count()).select_from(held))


def hold(conn: Connection, *, deletion_id: int) -> None:
    """Hold all that a deletion took, in the order in which others hold it, so that nobody waits in a circle."""
    lock(conn, select(subjects.c.id).where(subjects.c.deletion_id == deletion_id))


def insert(
    conn: Connection,
    *,
    uid: str,
    namespace_id: int,
    key: str | None,
    state: DeletionState,
    selector: Selector,
    created_by: str,
    created_at: int,
    purge_after: int,
) -> int | None:
    """A new deletion, which has no report yet; None when the caller has made one under that key before."""
    row = {
        "uid": uid,
        "namespace_id": namespace_id,
        "key": key,
        "state": state,
        "selector": _text(selector),
        "report": "{}",
        "created_by": created_by,
        "created_at": created_at,
        "purge_after": purge_after,
    }
    sql_insert_here = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    statement = sql_insert_here(table).values(row).on_conflict_do_nothing(index_elements=["namespace_id", "key"])
    return conn.execute(statement.returning(table.c.id)).scalar()


def tombstone(conn: Connection, *, deletion_id: int, targets: Targets, now: int) -> None:
    """Take these runs and their checkpoints out of every reading, leave their gravestones and announce it."""
    s, run = subjects.c, subjects.alias()
    taken = s.deletion_id == deletion_id
    conn.execute(sql_update(subjects).where(s.id.in_(targets)).values(deletion_id=deletion_id))
    # Whoever makes a checkpoint holds its run, so there are no more of them now.
    below = select(s.id).where(s.parent_id.in_(select(run.c.id).where(run.c.deletion_id == deletion_id)))
    lock(conn, below)
    conn.execute(sql_update(subjects).where(s.id.in_(below)).values(deletion_id=deletion_id))
    stones = select(s.namespace_id, literal(deletion_id), s.uid, s.key_hash, literal(now)).where(taken)
    columns = ["namespace_id", "deletion_id", "run_uid", "key_hash", "deleted_at"]
    conn.execute(sql_insert(gravestones).from_select(columns, stones))
    announce(conn, deletion_id=deletion_id, action="deleted", now=now)


def announce(conn: Connection, *, deletion_id: int, action: Action, now: int, parts: Sequence[str] = ()) -> None:
    """Put a change of every run of a deletion into the outbox."""
    outbox.add_all(conn, subjects.c.deletion_id == deletion_id, action=action, at=now, parts=parts)


def write_report(conn: Connection, *, deletion_id: int, report: Report) -> None:
    """Keep what a deletion took."""
    conn.execute(sql_update(table).where(table.c.id == deletion_id).values(report=_text(report)))


def set_state(conn: Connection, *, deletion_id: int, state: DeletionState, finished_at: int | None = None) -> None:
    """Move a deletion on."""
    change = sql_update(table).where(table.c.id == deletion_id)
    conn.execute(change.values(state=state, finished_at=finished_at))


def find(conn: Connection, *, uid: str, lock: bool = False) -> tuple[int, Deletion] | None:
    """A deletion and its row, by its id, in whatever namespace it is."""
    query = _query().where(table.c.uid == uid)
    found = _read(conn, query.with_for_update(of=table) if lock else query)
    return found[0] if found else None


def find_by_key(conn: Connection, *, namespace_id: int, key: str) -> Deletion | None:
    """The deletion that a caller made under that key."""
    found = _read(conn, _query().where(table.c.namespace_id == namespace_id, table.c.key == key))
    return found[0][1] if found else None


def page(
    conn: Connection, *, namespace_id: int, after: tuple[int] | None, limit: int
) -> list[tuple[tuple[int], Deletion]]:
    """At most `limit` deletions, newest first, after that row."""
    query = _query().where(table.c.namespace_id == namespace_id).order_by(table.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(table.c.id < after[0])
    return [((row_id,), deletion) for row_id, deletion in _read(conn, query)]


def twins(conn: Connection, *, deletion_id: int, limit: int | None) -> list[Twin]:
    """Live runs that have taken the keys of runs of this deletion."""
    return [Twin(*row) for row in conn.execute(_twins(deletion_id).limit(limit))]


def rename_twins(conn: Connection, *, deletion_id: int, suffix: str) -> None:
    """Give runs of a deletion whose keys have been taken other ones: the old with the suffix behind it.

    The gravestones of the old keys stay without their runs' ids, so that nothing from before the deletion gets into the
    runs that have those keys now.
    """
    gone = list(conn.execute(_twins(deletion_id)))
    if not gone:
        return
    renamed = [{"of": row.id, "new": row.key + suffix, "new_hash": key_hash(row.key + suffix)} for row in gone]
    change = sql_update(subjects).where(subjects.c.id == bindparam("of"))
    conn.execute(change.values(key=bindparam("new"), key_hash=bindparam("new_hash")), renamed)
    stone = sql_update(gravestones).where(
        gravestones.c.deletion_id == deletion_id, gravestones.c.run_uid == bindparam("uid")
    )
    conn.execute(stone.values(run_uid=None), [{"uid": row.gone} for row in gone])


def restore(conn: Connection, *, deletion_id: int) -> bool:
    """Bring the runs of a deletion back and drop their gravestones; false, and nothing: a key has been taken."""
    stones = gravestones.delete().where(gravestones.c.deletion_id == deletion_id, gravestones.c.run_uid.is_not(None))
    try:
        with conn.begin_nested():
            taken = subjects.c.deletion_id == deletion_id
            conn.execute(sql_update(subjects).where(taken).values(deletion_id=None))
            conn.execute(stones)
    except IntegrityError:  # of uq_subjects_live_key: the only constraint that these statements can break
        return False
    return True


def _twins(deletion_id: int) -> Select[Any]:
    gone, live = subjects.alias(), subjects.alias()
    same_key = and_(
        live.c.namespace_id == gone.c.namespace_id, live.c.type == gone.c.type, live.c.key_hash == gone.c.key_hash
    )
    return (
        select(gone.c.id, gone.c.key, gone.c.uid.label("gone"), live.c.uid.label("live"))
        .join(live, same_key)
        .where(gone.c.deletion_id == deletion_id, live.c.deletion_id.is_(None))
        .order_by(live.c.id)
    )


def _query() -> Select[Any]:
    return select(table, namespaces.c.name.label("namespace")).join(namespaces, namespaces.c.id == table.c.namespace_id)


def _read(conn: Connection, query: Select[Any]) -> list[tuple[int, Deletion]]:
    return [(row.id, _deletion(row)) for row in conn.execute(query)]


def _deletion(row: Any) -> Deletion:
    report = msgspec.json.decode(row.report, type=Report)
    return Deletion(
        id=row.uid,
        state=row.state,
        namespace=row.namespace,
        selector=msgspec.json.decode(row.selector, type=Selector),
        counts=report.counts,
        by_scenario=report.by_scenario,
        scenarios_not_found=report.scenarios_not_found,
        running=report.running,
        protected=report.protected,
        rules=report.rules,
        kept=report.kept,
        created_at=to_datetime(row.created_at),
        purge_after=to_datetime(row.purge_after),
        created_by=row.created_by,
        finished_at=None if row.finished_at is None else to_datetime(row.finished_at),
    )


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
