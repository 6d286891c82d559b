"""The fields that runs can be found by, and the values at them: for completion, menus and a first look."""

import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, cast, get_args

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.entities.search import FieldKind, FieldQuery, KnownField, KnownValue, ValueQuery
from mbox_ops.errors import InvalidRequest
from mbox_ops.search import tree
from mbox_ops.search.parser import parse_field
from mbox_ops.search.showing import show
from mbox_ops.service.access import Actor
from mbox_ops.service.cursors import Key, check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts
from mbox_ops.store import grouping, known_fields
from mbox_ops.store.database import Database
from mbox_ops.store.filters import lookups
from mbox_ops.store.names import hash_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

Keyed = list[tuple[Key, KnownValue]]

LISTED = tuple(sorted(known_fields.LISTED))  # the columns whose values can be listed
_KINDS: tuple[FieldKind, ...] = tuple(sorted(get_args(FieldKind)))
_PART = re.compile(r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^.\[]+))(?P<arrays>(?:\[\*\])*)\.?""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PHASES = ("number", "boolean", "text")  # of a page of values, in their order


class Fields:
    """The fields of a service's runs."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def list(self, actor: Actor, query: FieldQuery) -> Page[KnownField]:
        """A page of the parameters, tags, metrics and metadata paths that live runs of the namespace have.

        Raises:
            InvalidRequest: the prefix, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        _check(query.prefix, query.limit, self._limits)
        list_name = _list_name("fields", query.kind or "", query.prefix)
        after = cast("tuple[FieldKind, int] | None", read_cursor(list_name, query.cursor, (str, int)))
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            rows = [] if namespace_id is None else _fields(conn, namespace_id, query, after)
        return page_of(list_name, rows, query.limit)

    def values(self, actor: Actor, query: ValueQuery) -> Page[KnownValue]:
        """A page of the different values that live runs of the namespace have at a field.

        Raises:
            InvalidRequest: the field is none or has no list of values, or the prefix, the limit or the cursor breaks a
                rule.
        """
        actor.require("read")
        field = _listed(query.field)
        _check(query.prefix, query.limit, self._limits)
        list_name = _list_name("values", show(field), query.prefix)
        after = read_cursor(list_name, query.cursor, (str, (int, float, str)))
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            rows = [] if namespace_id is None else _values(conn, namespace_id, field, query, after)
        return page_of(list_name, rows, query.limit)


def _check(prefix: str, limit: int, limits: Limits) -> None:
    check_limit(limit, limits)
    check_texts(prefix=prefix or None)


def _list_name(*parts: str) -> str:
    """What a cursor is bound to, however long the parts are."""
    return f"{parts[0]} {hash_of(repr(parts)).hex()[:16]}"


def _fields(
    conn: "Connection", namespace_id: int, query: FieldQuery, after: "tuple[FieldKind, int] | None"
) -> "list[tuple[Key, KnownField]]":
    kinds = _KINDS if query.kind is None else (query.kind,)
    found: list[tuple[Key, KnownField]] = []
    for kind in kinds:
        last = None
        if after is not None and kind < after[0]:
            continue
        if after is not None and kind == after[0]:
            last = known_fields.find(conn, namespace_id=namespace_id, name_id=after[1])
        wanted = query.limit + 1 - len(found)
        if wanted > 0:
            found += _of_kind(conn, namespace_id, kind, query.prefix, last, wanted)
    return found


def _of_kind(
    conn: "Connection", namespace_id: int, kind: FieldKind, prefix: str, after: known_fields.NameRow | None, limit: int
) -> "list[tuple[Key, KnownField]]":
    names = known_fields.page(
        conn, namespace_id=namespace_id, kind=kind, prefix=prefix, after=after, limit=limit
    )  # fmt: skip
    types = known_fields.types(conn, kind=kind, name_ids=[row.id for row in names])
    return [
        (
            (kind, row.id),
            KnownField(kind=kind, field=show(_field(kind, row.name)), name=row.name, types=types.get(row.id, [])),
        )
        for row in names
    ]


def _field(kind: FieldKind, name: str) -> tree.Field:
    if kind == "metadata":
        return tree.Metadata(tuple(map(_step, _PART.finditer(name))))
    makes: dict[str, Callable[[str], tree.Field]] = {
        "parameter": tree.Parameter, "tag": tree.Tag, "metric": tree.Metric
    }  # fmt: skip
    return makes[kind](name)


def _step(part: re.Match[str]) -> tree.Step:
    """A part of a path that `join_path` wrote."""
    key = part["bare"] if part["quoted"] is None else _ESCAPE.sub(r"\1", part["quoted"])
    return tree.Step(key, len(part["arrays"]) // 3)


def _listed(text: str) -> tree.Field:
    field = parse_field(text, field="field")
    if isinstance(field, tree.Metric):
        raise InvalidRequest(
            f"field is {text!r:.60}, and a metric has no list of values: a filter compares its numbers. Ask for a"
            " parameter, a tag, metadata or a column.",
            field="field", value=text,
        )  # fmt: skip
    if isinstance(field, tree.RunColumn) and field.name not in known_fields.LISTED:
        few = ", ".join(sorted(known_fields.LISTED))
        raise InvalidRequest(
            f"field is {text!r:.60}, and that column has no list of values, since nearly every run has its own. There"
            f" are lists of {few}.",
            field="field", value=text,
        )  # fmt: skip
    return field


def _values(conn: "Connection", namespace_id: int, field: tree.Field, query: ValueQuery, after: Key | None) -> Keyed:
    limit = query.limit + 1
    if isinstance(field, tree.RunColumn):
        texts = known_fields.column_values(
            conn, field.name, namespace_id=namespace_id, prefix=query.prefix, limit=limit,
            after=_behind(after, "text", str),
        )  # fmt: skip
        return _keyed("text", texts)
    kind, name_ids = _names(conn, namespace_id, field)
    pages = [_Values(conn, kind, name_id, query.prefix, limit, after) for name_id in name_ids]
    found: Keyed = []
    for phase in _PHASES:
        if len(found) == limit:
            break
        found += _keyed(phase, _merged((getattr(one, phase)() for one in pages), limit - len(found)))
    return found


def _names(conn: "Connection", namespace_id: int, field: tree.Field) -> tuple[FieldKind, Sequence[int]]:
    """The names that a field stands for; of a place in metadata those of all paths that lead there."""
    found = lookups.read(conn, namespace_id=namespace_id, asked=[(field, False)])
    if isinstance(field, tree.Metadata):
        return "metadata", found.at[field.steps]
    assert isinstance(field, (tree.Parameter, tree.Tag))
    return "parameter" if isinstance(field, tree.Parameter) else "tag", list(found.exact.values())


class _Values:
    """What is on a page of one name's values, phase by phase."""

    def __init__(
        self, conn: "Connection", kind: FieldKind, name_id: int, prefix: str, limit: int, after: Key | None
    ) -> None:
        self._conn, self._kind, self._name_id = conn, kind, name_id
        self._prefix, self._limit, self._after = prefix, limit, after
        self._types = known_fields.types_noted(conn, kind=kind, name_id=name_id)

    def number(self) -> list[float]:
        if self._prefix or "number" not in self._types or self._is_past("number"):
            return []
        after = _behind(self._after, "number", (int, float))
        return known_fields.numbers(
            self._conn, kind=self._kind, name_id=self._name_id, after=after, limit=self._limit
        )  # fmt: skip

    def boolean(self) -> list[bool]:
        if self._prefix or "boolean" not in self._types or self._is_past("boolean"):
            return []
        after = _behind(self._after, "boolean", (int, float))
        found = known_fields.booleans(self._conn, kind=self._kind, name_id=self._name_id)
        return [one for one in found if after is None or one > after]

    def text(self) -> list[str]:
        if not self._types - {"number", "boolean", "null"}:
            return []
        return known_fields.texts(
            self._conn, kind=self._kind, name_id=self._name_id, prefix=self._prefix, limit=self._limit,
            after=_behind(self._after, "text", str),
        )  # fmt: skip

    def _is_past(self, phase: str) -> bool:
        return self._after is not None and self._after[0] in _PHASES[_PHASES.index(phase) + 1 :]


def _behind(after: Key | None, phase: str, kind: Any) -> Any:
    """Where a phase goes on; a cursor that nobody gave may hold anything."""
    return after[1] if after is not None and after[0] == phase and isinstance(after[1], kind) else None


def _merged(sorted_values: Iterable[Sequence[Any]], limit: int) -> list[Any]:
    found = heapq.merge(*sorted_values)
    return list(islice(dict.fromkeys(found), max(0, limit)))


def _keyed(phase: str, found: Iterable[Any]) -> Keyed:
    return [
        ((phase, int(value) if isinstance(value, bool) else value), KnownValue(value=value)) for value in found
    ]  # fmt: skip
