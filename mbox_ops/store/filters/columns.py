"""Leaves about a run's own columns."""

from typing import Any

from sqlalchemy import Column as TableColumn
from sqlalchemy import Float, and_, case, cast, literal, select

from mbox_ops.search.tree import INSTANTS, Column, Compare, Exists, In, Instant, IsNull
from mbox_ops.store.database import Dialect
from mbox_ops.store.filters.conditions import Candidates, Condition, so
from mbox_ops.store.filters.values import Asking, Expression, Typed, test
from mbox_ops.store.names import hash_of
from mbox_ops.store.tables import collections, runs, scenarios, subjects

_PLAIN: dict[Column, TableColumn[Any]] = {
    "id": subjects.c.uid, "key": subjects.c.key, "created_at": subjects.c.created_at,
    "updated_at": subjects.c.updated_at, "name": runs.c.name, "status": runs.c.status, "owner": runs.c.owner,
    "external_id": runs.c.external_id, "framework": runs.c.framework, "task": runs.c.task,
    "scenario_version": runs.c.scenario_version, "execution": runs.c.execution, "started_at": runs.c.started_at,
    "ended_at": runs.c.ended_at,
}  # fmt: skip
_GROUPS = {"scenario": (scenarios, runs.c.scenario_id), "collection": (collections, runs.c.collection_id)}
_INDEXED: frozenset[Column] = frozenset({"external_id", "execution"})


def value_of(column: Column) -> Expression:
    """A column of a run as it compares, over `runs` joined with `subjects`; NULL where the run has none."""
    if column in _GROUPS:
        table, member = _GROUPS[column]
        return select(table.c.name).where(table.c.id == member).correlate(runs).scalar_subquery()
    if column in ("pipeline", "notebook"):
        return case((runs.c.source_kind == column, runs.c.source))
    if column == "duration_seconds":
        return cast(runs.c.ended_at - runs.c.started_at, Float(53)) / literal(1e6, Float(53))
    return _PLAIN[column]


def asking(leaf: Asking, column: Column, *, namespace_id: int, dialect: Dialect) -> Condition:
    """Whether a run's column meets a leaf."""
    if column in _GROUPS:
        return _of_group(leaf, column, namespace_id, dialect)
    by_type = {_type(column): Typed(value_of(column))}
    return Condition(of_run=so(test(leaf, by_type, dialect)), candidates=_found(leaf, column, namespace_id))


def existing(leaf: Exists | IsNull, column: Column) -> Condition:
    """Whether a run has a value in a column."""
    is_there = value_of(column).is_not(None)
    return Condition(of_run=is_there if isinstance(leaf, Exists) else ~is_there)


def is_never_missing(column: Column) -> bool:
    """Whether every run has a value there."""
    return column in _GROUPS or (column in _PLAIN and not _PLAIN[column].nullable)


def _type(column: Column) -> type:
    return Instant if column in INSTANTS else float if column == "duration_seconds" else str


def _of_group(leaf: Asking, column: Column, namespace_id: int, dialect: Dialect) -> Condition:
    """A scenario or collection: its name is asked once, not for every run."""
    table, member = _GROUPS[column]
    query = select(table.c.id).where(test(leaf, {str: Typed(table.c.name)}, dialect))
    if table is collections:
        query = query.join(scenarios, scenarios.c.id == collections.c.scenario_id)
    query = query.where(scenarios.c.namespace_id == namespace_id)
    return Condition(of_run=so(member.in_(query)), candidates=select(runs.c.subject_id).where(member.in_(query)))


def _found(leaf: Asking, column: Column, namespace_id: int) -> Candidates | None:
    """The runs that have exactly these values, where an index knows them."""
    if not isinstance(leaf, In) and not (isinstance(leaf, Compare) and leaf.op == "="):
        return None
    values = list(leaf.values) if isinstance(leaf, In) else [leaf.value]
    here = select(runs.c.subject_id).where(runs.c.namespace_id == namespace_id)
    if column in _INDEXED:
        return here.where(runs.c[column].in_(values))
    if column in ("pipeline", "notebook"):
        return here.where(runs.c.source.in_(values))
    if column == "id":
        return select(subjects.c.id).where(subjects.c.uid.in_(values))
    if column == "key":
        hashes = [hash_of(str(value)) for value in values]
        live = and_(subjects.c.deletion_id.is_(None), subjects.c.key_hash.is_not(None))
        return select(subjects.c.id).where(
            subjects.c.namespace_id == namespace_id, subjects.c.type == "run", subjects.c.key_hash.in_(hashes), live
        )
    return None
