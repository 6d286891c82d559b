"""Which fields live runs have, and which values are at them, read from indexes: no reading looks at every run."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal_column, or_, select

from mbox_ops.entities.search import FieldKind
from mbox_ops.search.tree import Column
from mbox_ops.store.distinct import any_row, is_live_run, values
from mbox_ops.store.filters.values import starts_with
from mbox_ops.store.tables import (
    INDEXED_TEXT,
    attributes,
    catalogue,
    collections,
    names,
    runs,
    scenarios,
    series,
    subjects,
)

LISTED: frozenset[Column] = frozenset(
    {"name", "status", "owner", "task", "framework", "scenario", "scenario_version", "collection", "pipeline",
     "notebook", "execution", "external_id"}
)  # fmt: skip

_TEXTS = ("string", "object", "array")  # what a parameter is that is shown as text


class NameRow(NamedTuple):
    """A name and its number."""

    id: int
    name: str


def find(conn: Connection, *, namespace_id: int, name_id: int) -> NameRow | None:
    """A name of the namespace by its number."""
    query = select(names.c.id, names.c.name).where(names.c.id == name_id, names.c.namespace_id == namespace_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else NameRow(*row)


def page(
    conn: Connection, *, namespace_id: int, kind: FieldKind, prefix: str, after: NameRow | None, limit: int
) -> list[NameRow]:
    """The first names, by name, that live runs use for a kind of field."""
    c = names.c
    used = exists().where(catalogue.c.name_id == c.id, catalogue.c.kind == kind, _is_used(kind)).correlate(names)
    is_used = select(used).scalar_subquery()  # asked for each name, so that no planner begins with the catalogue
    query = select(c.id, c.name).where(c.namespace_id == namespace_id, starts_with(c.name_start, prefix), is_used)
    if len(prefix) > INDEXED_TEXT:
        query = query.where(func.substr(c.name, 1, len(prefix)) == prefix)
    if after is not None:
        start = after.name[:INDEXED_TEXT]
        query = query.where(c.name_start >= start, or_(c.name_start > start, c.name > after.name))
    return [NameRow(*row) for row in conn.execute(query.order_by(c.name_start, c.name).limit(limit))]


def types(conn: Connection, *, kind: FieldKind, name_ids: Iterable[int]) -> dict[int, list[str]]:
    """By name: the types that its values in live runs have."""
    c = catalogue.c
    query = select(c.name_id, c.type).where(c.name_id.in_(list(name_ids)), c.kind == kind, _is_used(kind))
    found: dict[int, list[str]] = {}
    for name_id, type in conn.execute(query.order_by(c.name_id, c.type)):
        found.setdefault(name_id, []).append(type)
    return found


def _is_used(kind: FieldKind) -> ColumnElement[bool]:
    """Whether a live run uses the name of a row of `catalogue` for that kind and with that type.

    A series of a run whose newest points are not summarised yet counts as having some.
    """
    if kind == "metric":
        s = series.c
        shown = select(subjects.c.deletion_id.is_(None) & ((s.count > 0) | (subjects.c.folded < subjects.c.arrival)))
        shown = shown.where(subjects.c.id == s.subject_id, subjects.c.type == "run").correlate(series)
        same = and_(s.name_id == catalogue.c.name_id, s.kind == catalogue.c.type, shown.scalar_subquery())
        return any_row([same], s.last_num, catalogue)
    type, c = catalogue.c.type, attributes.c
    same = and_(c.name_id == catalogue.c.name_id, c.kind == kind, c.type == type, is_live_run(c.subject_id))
    found = {
        one: [any_row([same, part], order, catalogue) for part, order in parts] for one, parts in _parts(kind).items()
    }
    return or_(*(and_(type == one, or_(*probes)) for one, probes in found.items()))


def _parts(kind: FieldKind) -> dict[str, list[tuple[ColumnElement[bool], Any]]]:
    """For each type, the parts of indexes where its rows are, with the column that orders them.

    First comes a part where there are few rows of other types.
    """
    c = attributes.c
    text, num = (c.text_start.is_not(None), c.text_start), (c.num.is_not(None), c.num)
    if kind == "tag":
        return {"string": [text]}
    if kind == "metadata":
        empty = (c.num.is_(None) & c.text_start.is_(None), c.subject_id)
        return {
            "string": [text], "number": [(c.num > 1.0, c.num), num], "boolean": [(c.num.in_([0.0, 1.0]), c.num)],
            "null": [empty], "object": [empty], "array": [empty],
        }  # fmt: skip
    wordy, json = ((c.text_start >= start, c.text_start) for start in (":", "["))  # behind all digits
    boolean = (c.text_start.in_(["true", "false"]), c.text_start)
    return {
        "string": [wordy, text], "number": [num, wordy], "boolean": [boolean], "object": [json, text],
        "array": [json, text],
    }  # fmt: skip


def types_noted(conn: Connection, *, kind: FieldKind, name_id: int) -> set[str]:
    """The types that values of a name had at any time: what is not among them need not be looked for."""
    query = select(catalogue.c.type).where(catalogue.c.name_id == name_id, catalogue.c.kind == kind)
    return set(conn.execute(query).scalars())


def numbers(conn: Connection, *, kind: FieldKind, name_id: int, after: float | None, limit: int) -> list[float]:
    """The first different numbers above one."""
    where = [*_rows(kind, name_id), attributes.c.type == "number"]
    return values(conn, attributes.c.num, where, after=after, limit=limit)


def booleans(conn: Connection, *, kind: FieldKind, name_id: int) -> list[bool]:
    """Which of the two there are."""
    c = attributes.c
    query = select(c.id).where(*_rows(kind, name_id), c.type == "boolean").order_by(c.subject_id).limit(1)
    return [one for one in (False, True) if conn.execute(query.where(c.num == float(one))).first() is not None]


def texts(
    conn: Connection, *, kind: FieldKind, name_id: int, prefix: str, after: str | None, limit: int
) -> list[str]:  # fmt: skip
    """The first different texts above one that begin with a prefix.

    The index holds only the first characters of a text: those that share them are read at once.
    """
    start = attributes.c.text_start
    where = [*_rows(kind, name_id), attributes.c.type.in_(_TEXTS), starts_with(start, prefix)]
    found: list[str] = []
    above = None if after is None else after[:INDEXED_TEXT]
    if after is not None and len(after) >= INDEXED_TEXT:
        found = _long(conn, where, prefix, after[:INDEXED_TEXT], after, limit)
    while len(found) < limit:
        wanted = limit - len(found)
        starts = values(conn, start, where, after=above, limit=wanted)
        for above in starts:
            short = len(above) < INDEXED_TEXT
            found += [above] if short else _long(conn, where, prefix, above, None, limit - len(found))
        if len(starts) < wanted:
            break
    return found[:limit]


def _long(
    conn: Connection, where: Sequence[ColumnElement[bool]], prefix: str, start: str, after: str | None, limit: int
) -> list[str]:
    text = attributes.c.text
    query = select(text).where(*where, attributes.c.text_start == start).distinct().order_by(text).limit(max(0, limit))
    if len(prefix) > INDEXED_TEXT:
        query = query.where(func.substr(text, 1, len(prefix)) == prefix)
    return list(conn.execute(query if after is None else query.where(text > after)).scalars())


def _rows(kind: FieldKind, name_id: int) -> list[ColumnElement[bool]]:
    c = attributes.c
    return [c.name_id == name_id, c.kind == kind, is_live_run(c.subject_id)]


def column_values(
    conn: Connection, column: Column, *, namespace_id: int, prefix: str, after: str | None, limit: int
) -> list[str]:
    """The first different texts above one that live runs have in one of the columns of `LISTED`."""
    if column in ("scenario", "collection"):
        return _groups(conn, column, namespace_id, prefix, after, limit)
    source = column in ("pipeline", "notebook")
    value: Any = runs.c.source if source else runs.c[column]
    where = [runs.c.namespace_id == namespace_id, is_live_run(runs.c.subject_id), _begins(value, prefix)]
    if source:
        where.append(runs.c.source_kind == column)
    if not value.nullable:
        where.append(value != literal_column("''"))  # a constant, or an index that leaves it out would not be used
    return values(conn, value, where, after=after, limit=limit)


def _groups(
    conn: Connection, column: Column, namespace_id: int, prefix: str, after: str | None, limit: int
) -> list[str]:
    group, member = (
        (scenarios, runs.c.scenario_id) if column == "scenario" else (collections, runs.c.collection_id)
    )  # fmt: skip
    alive = any_row([member == group.c.id, is_live_run(runs.c.subject_id)], runs.c.started_at, group)
    query = select(group.c.name).where(scenarios.c.namespace_id == namespace_id, _begins(group.c.name, prefix), alive)
    if group is collections:
        query = query.join(scenarios, scenarios.c.id == collections.c.scenario_id)
    if after is not None:
        query = query.where(group.c.name > after)
    return list(conn.execute(query.distinct().order_by(group.c.name).limit(limit)).scalars())


def _begins(value: Any, prefix: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = starts_with(value, prefix[: INDEXED_TEXT - 1])
    return and_(found, func.substr(value, 1, len(prefix)) == prefix) if prefix else found
