"""How much a set of runs holds, by scenario; from summaries and indexes, never by looking at points."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, case, func, select

from mbox_ops.entities.deletions import Counts
from mbox_ops.store.among import among
from mbox_ops.store.tables import (
    artifacts,
    checkpoints,
    events,
    runs,
    scenarios,
    segments,
    series,
    subjects,
    writers,
)

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
    return _run_ids().where(among(conn.dialect.name, subjects.c.id, "targets", ids))


def runs_of_deletion(deletion_id: int) -> Targets:
    """The runs that a deletion took."""
    return _run_ids().where(subjects.c.deletion_id == deletion_id)


def by_scenario(conn: Connection, targets: Targets) -> dict[str, Counts]:
    """What the runs and their checkpoints hold, by the scenario's name."""
    of_runs = select(scenarios.c.name, func.count()).select_from(runs)
    of_runs = of_runs.join(scenarios, scenarios.c.id == runs.c.scenario_id).where(runs.c.subject_id.in_(targets))
    found = {name: Counts(runs=count) for name, count in conn.execute(of_runs.group_by(scenarios.c.name))}
    _add_parts(conn, found, targets)
    of_checkpoints = select(scenarios.c.name, func.count()).select_from(checkpoints)
    of_checkpoints = of_checkpoints.join(runs, runs.c.subject_id == checkpoints.c.run_id)
    of_checkpoints = of_checkpoints.join(scenarios, scenarios.c.id == runs.c.scenario_id)
    of_checkpoints = of_checkpoints.where(checkpoints.c.run_id.in_(targets)).group_by(scenarios.c.name)
    counted = conn.execute(of_checkpoints).all()
    for name, count in counted:
        found[name].checkpoints = count
    if counted:  # else there is no need to ask for what they hold
        held = select(checkpoints.c.subject_id).where(checkpoints.c.run_id.in_(targets))
        _add_parts(conn, found, held, of_checkpoints=True)
    return found


def _add_parts(conn: Connection, found: dict[str, Counts], held: Select[Any], *, of_checkpoints: bool = False) -> None:
    """Add what runs, or their checkpoints, hold."""
    uploaded = case((artifacts.c.kind == "uploaded", func.coalesce(artifacts.c.size, 0)), else_=0)
    # Points are in the series' summaries, and those that came since the last folding in segments.
    parts = _Parts(conn, held, of_checkpoints)
    for name, points in parts.of(series, func.sum(series.c.count)):
        found[name].points += points
    unfolded = segments.c.arrival > subjects.c.folded
    for name, points in parts.by_writer(segments, func.sum(segments.c.points), unfolded):
        found[name].points += points
    for name, count in parts.by_writer(events, func.count()):
        found[name].events += count
    for name, count in parts.by_writer(artifacts, func.count()):
        found[name].artifacts += count
    for name, size in parts.by_writer(artifacts, func.sum(uploaded)):
        found[name].bytes += size


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


class _Parts:
    """Amounts over the rows of some subjects, by the scenario's name."""

    def __init__(self, conn: Connection, held: Select[Any], of_checkpoints: bool) -> None:
        self._conn, self._held, self._of_checkpoints = conn, held, of_checkpoints

    def of(self, table: Table, amount: ColumnElement[Any], *conditions: ColumnElement[bool]) -> list[tuple[str, int]]:
        return self._read(select(scenarios.c.name, amount).select_from(table), table, conditions)

    def by_writer(
        self, table: Table, amount: ColumnElement[Any], *conditions: ColumnElement[bool]
    ) -> list[tuple[str, int]]:
        """The same over rows of the table whose writer is not replaced."""
        query = select(scenarios.c.name, amount).select_from(table).join(writers, writers.c.id == table.c.writer_id)
        return self._read(query, table, (writers.c.replaced.is_(False), *conditions))

    def _read(
        self, query: Select[Any], table: Table, conditions: Sequence[ColumnElement[bool]]
    ) -> list[tuple[str, int]]:
        query = query.join(subjects, subjects.c.id == table.c.subject_id)
        if self._of_checkpoints:
            query = query.join(checkpoints, checkpoints.c.subject_id == table.c.subject_id)
            query = query.join(runs, runs.c.subject_id == checkpoints.c.run_id)
        else:
            query = query.join(runs, runs.c.subject_id == table.c.subject_id)
        query = query.join(scenarios, scenarios.c.id == runs.c.scenario_id)
        query = query.where(table.c.subject_id.in_(self._held), *conditions).group_by(scenarios.c.name)
        return [(name, int(value)) for name, value in self._conn.execute(query)]
