"""How much a set of runs holds, by scenario; from summaries and indexes, never by looking at points."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, any_, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from mbox_ops.entities.deletions import Counts
from mbox_ops.store.tables import artifacts, events, runs, scenarios, segments, series, subjects, writers

Targets = Select[Any]  # of subject ids


class Notable(NamedTuple):
    """The ids of the first of some runs, and how many there are."""

    ids: list[str]
    total: int


def live_runs(conditions: Sequence[ColumnElement[bool]]) -> Targets:
    """The live runs that meet the conditions, which are over `runs` joined with `subjects`."""
    return _run_ids().where(subjects.c.deletion_id.is_(None), *conditions)


def fixed(conn: Connection, targets: Targets) -> Targets:
    """The same runs by their ids, so that what is dear to find is looked for once."""
    ids = sorted(conn.execute(targets).scalars())
    if conn.dialect.name == "postgresql":
        return _run_ids().where(subjects.c.id == any_(literal(ids, ARRAY(BigInteger))))
    listed = func.json_each(msgspec.json.encode(ids).decode()).table_valued("value")
    return _run_ids().where(subjects.c.id.in_(select(listed.c.value)))


def runs_of_deletion(deletion_id: int) -> Targets:
    """The runs that a deletion took."""
    return _run_ids().where(subjects.c.deletion_id == deletion_id)


def by_scenario(conn: Connection, targets: Targets) -> dict[str, Counts]:
    """What the runs hold, by the scenario's name."""
    found: dict[str, Counts] = {}
    uploaded = case((artifacts.c.kind == "uploaded", func.coalesce(artifacts.c.size, 0)), else_=0)
    for scenario, count in _per_scenario(conn, func.count(), runs.c.subject_id.in_(targets)):
        found[scenario] = Counts(runs=count)
    # Points are in the series' summaries, and those that came since the last folding in segments.
    for scenario, points in _per_scenario(conn, func.sum(series.c.count), series.c.subject_id.in_(targets), series):
        found[scenario].points += points
    unfolded = segments.c.arrival > subjects.c.folded
    for scenario, points in _per_writer(conn, segments, targets, func.sum(segments.c.points), unfolded):
        found[scenario].points += points
    for scenario, count in _per_writer(conn, events, targets, func.count()):
        found[scenario].events = count
    for scenario, count in _per_writer(conn, artifacts, targets, func.count()):
        found[scenario].artifacts = count
    for scenario, size in _per_writer(conn, artifacts, targets, func.sum(uploaded)):
        found[scenario].bytes = size
    return found


def total(counts: dict[str, Counts]) -> Counts:
    """The sum over the scenarios."""
    fields = Counts.__struct_fields__
    return Counts(**{field: sum(getattr(each, field) for each in counts.values()) for field in fields})


def notable(conn: Connection, targets: Targets, condition: ColumnElement[bool], *, limit: int) -> Notable:
    """Those of the runs that meet a condition too: the ids of the oldest `limit` ones, and how many there are."""
    query = targets.where(condition)
    count = conn.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    ids = query.with_only_columns(subjects.c.uid).order_by(subjects.c.id).limit(limit)
    return Notable(list(conn.execute(ids).scalars()) if count else [], count)


def _run_ids() -> Targets:
    return select(runs.c.subject_id).join(subjects, subjects.c.id == runs.c.subject_id)


def _per_scenario(
    conn: Connection, amount: ColumnElement[Any], condition: ColumnElement[bool], table: Table | None = None
) -> list[tuple[str, int]]:
    query = select(scenarios.c.name, amount).select_from(runs).join(scenarios, scenarios.c.id == runs.c.scenario_id)
    if table is not None:
        query = query.join(table, table.c.subject_id == runs.c.subject_id)
    rows = conn.execute(query.where(condition).group_by(scenarios.c.name))
    return [(name, int(value)) for name, value in rows]


def _per_writer(
    conn: Connection, table: Table, targets: Targets, amount: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> list[tuple[str, int]]:
    """An amount over rows of the table whose writer is not replaced."""
    query = (
        select(scenarios.c.name, amount)
        .select_from(table)
        .join(writers, writers.c.id == table.c.writer_id)
        .join(subjects, subjects.c.id == table.c.subject_id)
        .join(runs, runs.c.subject_id == table.c.subject_id)
        .join(scenarios, scenarios.c.id == runs.c.scenario_id)
        .where(table.c.subject_id.in_(targets), writers.c.replaced.is_(False), *conditions)
        .group_by(scenarios.c.name)
    )
    return [(name, int(value)) for name, value in conn.execute(query)]
