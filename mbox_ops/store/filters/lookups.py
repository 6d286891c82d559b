"""The numbers of the names that a filter or an order speaks of, read before a statement is made.

So a name that the namespace does not have costs no subquery, and the planner sees numbers instead of joins.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, or_, select

from mbox_ops.entities.documents import join_path
from mbox_ops.search.tree import (
    And,
    Exists,
    Field,
    Filter,
    IsNull,
    Metadata,
    Metric,
    Not,
    Or,
    Parameter,
    Step,
    Tag,
)
from mbox_ops.store import names
from mbox_ops.store.filters.values import starts_with
from mbox_ops.store.tables import INDEXED_TEXT
from mbox_ops.store.tables import names as table

Steps = tuple[Step, ...]


class Lookups(NamedTuple):
    """Numbers of names.

    Attributes:
        exact: of parameters, tags, metrics and of paths exactly as written.
        at: of the paths that a place in documents has, through arrays or not.
        below: of those and of all paths that lead on from there.
    """

    exact: dict[str, int]
    at: dict[Steps, list[int]]
    below: dict[Steps, list[int]]


def fields_of(tree: Filter) -> Iterable[tuple[Field, bool]]:
    """The fields of a filter, each with whether it matters what lies below it."""
    if isinstance(tree, Not):
        yield from fields_of(tree.part)
    elif isinstance(tree, (And, Or)):
        for part in tree.parts:
            yield from fields_of(part)
    else:
        yield tree.field, isinstance(tree, (Exists, IsNull))


def of_search(conn: Connection, tree: Filter | None, order: Sequence[Field], *, namespace_id: int) -> Lookups:
    """Look up what a filter and an order need. A path in an order is meant exactly as written."""
    asked = [] if tree is None else list(fields_of(tree))
    asked += [(field, False) for field in order if not isinstance(field, Metadata)]
    return read(
        conn, namespace_id=namespace_id, asked=asked,
        exact_paths=[field for field in order if isinstance(field, Metadata)],
    )  # fmt: skip


def path_of(steps: Steps) -> str:
    """A path as attributes are named, its arrays included."""
    path = ""
    for step in steps:
        path = join_path(path, step.key) + "[*]" * step.arrays
    return path


def read(
    conn: Connection, *, namespace_id: int, asked: Iterable[tuple[Field, bool]], exact_paths: Iterable[Metadata] = ()
) -> Lookups:
    """Look up what fields need; `exact_paths` are places that are meant exactly as written."""
    fields = list(asked)
    named = {field.name for field, _ in fields if isinstance(field, (Parameter, Tag, Metric))}
    named |= {path_of(field.steps) for field in exact_paths}
    places = {field.steps for field, deep in fields if isinstance(field, Metadata) and not deep}
    trees = {field.steps for field, deep in fields if isinstance(field, Metadata) and deep}
    return Lookups(
        exact=names.find(conn, namespace_id, named) if named else {},
        at=_at(conn, namespace_id, places | trees),
        below={steps: _below(conn, namespace_id, steps) for steps in trees},
    )


def _at(conn: Connection, namespace_id: int, places: Collection[Steps]) -> dict[Steps, list[int]]:
    found: dict[Steps, list[int]] = {steps: [] for steps in places}
    if not places:
        return found
    hashes = {steps: names.hash_of(path_of(tuple(Step(step.key) for step in steps))) for steps in places}
    query = select(table.c.id, table.c.name, table.c.plain_hash)
    query = query.where(table.c.namespace_id == namespace_id, table.c.plain_hash.in_(sorted(set(hashes.values()))))
    rows = conn.execute(query).all()
    for steps in places:
        fits = re.compile(_pattern(steps), re.DOTALL).fullmatch
        found[steps] = [row.id for row in rows if row.plain_hash == hashes[steps] and fits(row.name)]
    return found


def _below(conn: Connection, namespace_id: int, steps: Steps) -> list[int]:
    """Also paths with arrays on the way, so that only the first key can be looked for in the index."""
    first = join_path("", steps[0].key)
    query = select(table.c.id, table.c.name).where(table.c.namespace_id == namespace_id, _begins(first))
    fits = re.compile(_pattern(steps) + r"([.\[].*)?", re.DOTALL).fullmatch
    return [row.id for row in conn.execute(query) if fits(row.name)]


def _begins(path: str) -> ColumnElement[bool]:
    c = table.c
    if len(path) >= INDEXED_TEXT:
        return starts_with(c.name_start, path)
    on_from_there = (starts_with(c.name_start, path + mark) for mark in (".", "["))
    return or_(c.name_hash == names.hash_of(path), *on_from_there)


def _pattern(steps: Steps) -> str:
    r"""What the names of a place look like; `a`, `a[*]` and so on for the step `a`.

    >>> _pattern((Step("a", 1), Step("b.c")))
    'a(?:\\[\\*\\]){1,}\\."b\\.c"(?:\\[\\*\\]){0,}'
    """
    keys = (re.escape(join_path("", step.key)) + rf"(?:\[\*\]){{{step.arrays},}}" for step in steps)
    return r"\.".join(keys)
