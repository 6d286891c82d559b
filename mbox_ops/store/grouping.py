"""Scenarios and run collections as rows: names that runs are put under, made at the first use."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, bindparam, func, select, tuple_, union_all
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.grouping import RunCollection, Scenario, ScenarioPart
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.instants import to_datetime
from mbox_ops.store.tables import artifacts, collections, namespaces, runs, scenarios, subjects

_NAMESPACE: Select[Any] = select(namespaces.c.id).where(namespaces.c.name == bindparam("name"))


class ScenarioRow(NamedTuple):
    """A scenario's row, id and name."""

    id: int
    uid: str
    name: str


def scenario_id(conn: Connection, *, namespace_id: int, name: str, now: int, uid: str | None = None) -> int:
    """The row of the scenario with that name, made if it is not there; safe against others who make it too.

    Args:
        now: when it was made.
        uid: the id that it gets if it is made here, unless it is another one's.
    """
    return _get_or_make(conn, scenarios, {"namespace_id": namespace_id, "name": name}, now, uid)


def collection_id(
    conn: Connection, *, scenario_id: int, name: str, is_default: bool, now: int, uid: str | None = None
) -> int:
    """The row of the collection with that name, default or explicit, made as a scenario is."""
    key = {"scenario_id": scenario_id, "name": name, "is_default": is_default}
    return _get_or_make(conn, collections, key, now, uid)


def namespace_id(conn: Connection, *, name: str) -> int | None:
    """The row of a namespace; None when nothing was ever written to it."""
    return conn.execute(_NAMESPACE, {"name": name}).scalar()


def with_live_runs(conn: Connection, *, ids: Sequence[int]) -> set[int]:
    """Those of these scenarios that have live runs."""
    query = select(scenarios.c.id).where(scenarios.c.id.in_(ids), _live(runs.c.scenario_id, scenarios))
    return set(conn.execute(query).scalars())


def find_scenarios(conn: Connection, *, namespace_id: int, entries: Sequence[str]) -> dict[str, ScenarioRow]:
    """The scenarios that ids or names stand for; an id beats a name. Unknown entries are left out."""
    query = select(scenarios.c.id, scenarios.c.uid, scenarios.c.name).where(
        scenarios.c.namespace_id == namespace_id, scenarios.c.uid.in_(entries) | scenarios.c.name.in_(entries)
    )
    rows = [ScenarioRow(*row) for row in conn.execute(query)]
    found = {row.name: row for row in rows} | {row.uid: row for row in rows}
    return {entry: found[entry] for entry in entries if entry in found}


def find_collections(conn: Connection, *, namespace_id: int, entry: str) -> list[int]:
    """The collections that an id or a name stands for, in any scenario of the namespace; an id beats a name."""
    query = (
        select(collections.c.id, collections.c.uid)
        .join(scenarios, scenarios.c.id == collections.c.scenario_id)
        .where(scenarios.c.namespace_id == namespace_id, (collections.c.uid == entry) | (collections.c.name == entry))
    )
    rows = conn.execute(query).all()
    return [row.id for row in rows if row.uid == entry] or [row.id for row in rows]


def scenario_by_uid(conn: Connection, *, uid: str) -> Scenario | None:
    """A scenario that has live runs, by its id, in whatever namespace it is."""
    row_id = conn.execute(select(scenarios.c.id).where(scenarios.c.uid == uid)).scalar()
    described = [] if row_id is None else describe_scenarios(conn, ids=[row_id])
    return described[0] if described else None


def scenario_page(
    conn: Connection, *, namespace_id: int, after: tuple[str] | None, limit: int
) -> list[tuple[tuple[str], Scenario]]:
    """At most `limit` scenarios with live runs, by name, after that name."""
    query = select(scenarios.c.id).where(scenarios.c.namespace_id == namespace_id, _live(runs.c.scenario_id, scenarios))
    if after is not None:
        query = query.where(scenarios.c.name > after[0])
    ids = conn.execute(query.order_by(scenarios.c.name).limit(limit)).scalars().all()
    return [((scenario.name,), scenario) for scenario in describe_scenarios(conn, ids=ids)]


def describe_scenarios(conn: Connection, *, ids: Sequence[int]) -> list[Scenario]:
    """Those of these scenarios that have live runs, by name."""
    counts = _live_counts(conn, runs.c.scenario_id, ids)
    held = select(func.count()).where(collections.c.scenario_id == scenarios.c.id)
    held = held.where(_live(runs.c.collection_id, collections)).correlate(scenarios)
    query = (
        select(
            scenarios.c.id, scenarios.c.uid, scenarios.c.name, namespaces.c.name.label("namespace"),
            held.scalar_subquery().label("collections"), _last(runs.c.scenario_id, scenarios),
        )
        .join(namespaces, namespaces.c.id == scenarios.c.namespace_id)
        .where(scenarios.c.id.in_(counts))
        .order_by(scenarios.c.name)
    )  # fmt: skip
    return [
        Scenario(
            id=row.uid,
            name=row.name,
            namespace=row.namespace,
            runs=counts[row.id],
            collections=row.collections,
            last_run_at=to_datetime(row.last_run_at),
        )
        for row in conn.execute(query)
    ]


def scenario_parts(conn: Connection, *, scenario_id: int, limit: int) -> list[ScenarioPart]:
    """What is in a scenario: at most `limit` pairs of a source and a collection, by their names, no source last."""
    c = collections.c
    by = (runs.c.source_kind, runs.c.source, c.uid, c.name, c.is_default)
    live = (runs.c.scenario_id == scenario_id, subjects.c.deletion_id.is_(None))
    query = (
        select(*by, func.count().label("runs"), func.max(runs.c.started_at).label("last_run_at"))
        .join(subjects, subjects.c.id == runs.c.subject_id)
        .join(collections, c.id == runs.c.collection_id)
        .where(*live)
        .group_by(*by)
        .order_by(runs.c.source_kind.nulls_last(), runs.c.source, c.name, c.uid)
        .limit(limit)
    )
    own = runs.join(subjects, subjects.c.id == runs.c.subject_id)
    below = subjects.alias()  # checkpoints
    holders = union_all(
        select(runs.c.subject_id.label("run"), runs.c.subject_id.label("holder")).select_from(own).where(*live),
        select(runs.c.subject_id, below.c.id)
        .select_from(own.join(below, below.c.parent_id == subjects.c.id))
        .where(*live),
    ).subquery()
    sized = (
        select(runs.c.source_kind, runs.c.source, c.uid, func.sum(artifacts.c.size))
        .join(holders, holders.c.run == runs.c.subject_id)
        .join(collections, c.id == runs.c.collection_id)
        .join(artifacts, artifacts.c.subject_id == holders.c.holder)
        .where(artifacts.c.blob_id.is_not(None))
        .group_by(runs.c.source_kind, runs.c.source, c.uid)
    )
    sizes = {tuple(key): int(size or 0) for *key, size in conn.execute(sized)}
    return [
        ScenarioPart(
            source_kind=row.source_kind,
            source=row.source,
            collection=row.name,
            collection_id=row.uid,
            is_default=row.is_default,
            runs=row.runs,
            last_run_at=to_datetime(row.last_run_at),
            bytes=sizes.get((row.source_kind, row.source, row.uid), 0),
        )
        for row in conn.execute(query)
    ]


def collection_page(
    conn: Connection, *, namespace_id: int, scenario_id: int | None, after: tuple[str, str] | None, limit: int
) -> list[tuple[tuple[str, str], RunCollection]]:
    """At most `limit` collections with live runs, by name and id, after that (name, id)."""
    query = (
        select(collections.c.id)
        .join(scenarios, scenarios.c.id == collections.c.scenario_id)
        .where(scenarios.c.namespace_id == namespace_id, _live(runs.c.collection_id, collections))
    )
    if scenario_id is not None:
        query = query.where(collections.c.scenario_id == scenario_id)
    if after is not None:
        query = query.where(tuple_(collections.c.name, collections.c.uid) > tuple_(*after))
    ids = conn.execute(query.order_by(collections.c.name, collections.c.uid).limit(limit)).scalars().all()
    return [((collection.name, collection.id), collection) for collection in _describe_collections(conn, ids)]


def _describe_collections(conn: Connection, ids: Sequence[int]) -> list[RunCollection]:
    c = collections.c
    shown = (c.uid, c.name, c.is_default, scenarios.c.name.label("scenario"), scenarios.c.uid.label("scenario_uid"))
    counts = _live_counts(conn, runs.c.collection_id, ids)
    query = (
        select(c.id, *shown, _last(runs.c.collection_id, collections))
        .join(scenarios, scenarios.c.id == c.scenario_id)
        .where(c.id.in_(counts))
        .order_by(c.name, c.uid)
    )
    return [
        RunCollection(
            id=row.uid,
            name=row.name,
            display_name=f"{row.name} (Default)" if row.is_default else row.name,
            is_default=row.is_default,
            scenario=row.scenario,
            scenario_id=row.scenario_uid,
            runs=counts[row.id],
            last_run_at=to_datetime(row.last_run_at),
        )
        for row in conn.execute(query)
    ]


def _live_counts(conn: Connection, member: Any, ids: Sequence[int]) -> dict[int, int]:
    """How many live runs each of these groups has; those without any are left out.

    All are counted in an index, which is quick; then those that a deletion took are taken off, which are few.
    """
    all_runs = select(member, func.count()).where(member.in_(ids)).group_by(member)
    counts: dict[int, int] = {row[0]: row[1] for row in conn.execute(all_runs)}
    gone = select(subjects.c.id).where(subjects.c.deletion_id.is_not(None))
    deleted = select(member, func.count()).where(member.in_(ids), runs.c.subject_id.in_(gone)).group_by(member)
    for group, count in conn.execute(deleted):
        counts[group] -= count
    return {group: count for group, count in counts.items() if count}


def _last(member: Any, group: Table) -> Any:
    """When the group's last live run started."""
    query = (
        select(runs.c.started_at)
        .join(subjects, subjects.c.id == runs.c.subject_id)
        .where(member == group.c.id, subjects.c.deletion_id.is_(None))
        .order_by(runs.c.started_at.desc())
        .limit(1)
    )
    return query.scalar_subquery().label("last_run_at")


def _live(member: Any, group: Table) -> Any:
    """Whether the group has a live run."""
    query: Select[Any] = (
        select(runs.c.subject_id)
        .join(subjects, subjects.c.id == runs.c.subject_id)
        .where(member == group.c.id, subjects.c.deletion_id.is_(None))
    )
    return query.exists()


def _get_or_make(conn: Connection, table: Table, key: dict[str, object], now: int, uid: str | None) -> int:
    query = select(table.c.id).where(*(table.c[name] == value for name, value in key.items()))
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    for ident in filter(None, (uid, uuid7())):  # the first may belong to one of another namespace
        found = conn.execute(query).scalar()
        if found is not None:
            return int(found)
        conn.execute(insert(table).values(**key, uid=ident, created_at=now).on_conflict_do_nothing())
    return int(conn.execute(query).scalar_one())
