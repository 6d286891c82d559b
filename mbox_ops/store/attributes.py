"""What search stands on: the present value of every parameter, tag and metadata leaf, typed, one row each.

An array gives a row per element under its path with `[*]`; an object or array without content gives one row that says
so. Numbers that float64 cannot hold exactly keep their digits as text beside the sortable number.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, delete
from sqlalchemy import insert as sql_insert

from mbox_ops.entities.documents import join_path
from mbox_ops.entities.instants import from_text
from mbox_ops.store import catalogue
from mbox_ops.store.tables import INDEXED_TEXT
from mbox_ops.store.tables import attributes as table

Kind = Literal["parameter", "tag", "metadata"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PARAMETER_TYPES = {"integer": "number", "float": "number", "boolean": "boolean"}
_AT_ONCE = 5_000


class Value(NamedTuple):
    """One row of an attribute."""

    ordinal: int
    type: str
    num: float | None
    text: str | None

    def instant(self) -> int | None:
        """The text's, in microseconds, if it is a date or time of RFC 3339."""
        return None if self.text is None else from_text(self.text)


def of_parameter(text: str, type: str) -> list[Value]:
    """A parameter: its text, and a number where the text is one; a boolean is 0 or 1."""
    kind = _PARAMETER_TYPES.get(type) or ("string" if type == "string" else "array" if text[0] == "[" else "object")
    return [Value(0, kind, float(text == "true") if kind == "boolean" else _number_in(text), text)]


def of_tag(text: str) -> list[Value]:
    """A tag: its text."""
    return [Value(0, "string", None, text)]


def of_document(document: Mapping[str, Any]) -> dict[str, list[Value]]:
    """The leaves of a metadata document, by path."""
    found: dict[str, list[Value]] = {}
    for key, value in document.items():
        _gather(join_path("", key), value, found)
    return found


def paths_of(document: Mapping[str, Any]) -> set[str]:
    """Every path in a document, of leaves and of what holds them: those that a fold of it and others can have."""
    return set(_paths("", document))


def replace(
    conn: Connection, *, subject_id: int, kind: Kind, values: Mapping[int, list[Value]], fresh: bool = False
) -> None:
    """Give attributes, by the ids of their names, new values; an empty list removes one.

    Args:
        fresh: the subject has none yet.
    """
    if not fresh:
        remove(conn, subject_id=subject_id, kind=kind, name_ids=values)
    rows = [
        {
            "subject_id": subject_id, "kind": kind, "name_id": name_id, "ordinal": value.ordinal, "type": value.type,
            "num": value.num, "text": value.text,
            "text_start": None if value.text is None else value.text[:INDEXED_TEXT], "instant": value.instant(),
        }
        for name_id, some in values.items()
        for value in some
    ]  # fmt: skip
    if rows:
        conn.execute(sql_insert(table).inline(), rows)
        catalogue.note(conn, ((name_id, kind, value.type) for name_id, some in values.items() for value in some))


def remove(conn: Connection, *, subject_id: int, kind: Kind, name_ids: Iterable[int]) -> None:
    """Remove attributes by the ids of their names."""
    c, ids = table.c, list(name_ids)
    for start in range(0, len(ids), _AT_ONCE):
        some = c.name_id.in_(ids[start : start + _AT_ONCE])
        conn.execute(delete(table).where(c.subject_id == subject_id, c.kind == kind, some))


def clear(conn: Connection, *, subject_id: int, kind: Kind) -> None:
    """Remove all attributes of a kind."""
    conn.execute(delete(table).where(table.c.subject_id == subject_id, table.c.kind == kind))


def _gather(path: str, value: Any, found: dict[str, list[Value]]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _gather(join_path(path, key), inner, found)
    elif isinstance(value, list) and value:
        for inner in value:
            _gather(path + "[*]", inner, found)
    else:
        rows = found.setdefault(path, [])
        rows.append(_leaf(len(rows), value))


def _leaf(ordinal: int, value: Any) -> Value:
    if isinstance(value, str):
        return Value(ordinal, "string", None, value)
    if isinstance(value, bool):
        return Value(ordinal, "boolean", float(value), None)
    if isinstance(value, (int, float)):
        num = float(value)
        return Value(ordinal, "number", num, None if num == value else str(value))
    empty = "null" if value is None else "object" if isinstance(value, dict) else "array"
    return Value(ordinal, empty, None, None)


def _paths(path: str, value: Any) -> Iterator[str]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(join_path(path, key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(path + "[*]", inner)


def _number_in(text: str) -> float | None:
    if len(text) > INDEXED_TEXT or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
