"""Runs as a table to export. Which columns there are, and of which type, is known after the last run only.

So the runs are read once, kept in a temporary file, and written from there.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any, Literal, TypeAlias

import msgspec

from mbox_ops.cli.columns import cells_of
from mbox_ops.cli.exported import Column, Export, Type
from mbox_ops.client.rows import COLUMNS, place, row_of
from mbox_ops.client.run import Run
from mbox_ops.entities.instants import to_microseconds
from mbox_ops.search.showing import show
from mbox_ops.search.tree import INSTANTS, NUMBERS, Field
from mbox_ops.wire.encodings import bytes_to_text

ROWS = 1_000  # that are held at once
INT64 = range(-(2**63), 2**63)
EXACT = 2**53  # up to here each integer is a float64

Seen: TypeAlias = Type | Literal["long"]  # long: an integer that is no float64
ONLY: tuple[Type, ...] = ("boolean", "bytes")  # types of columns that hold nothing else
Row: TypeAlias = dict[str, Any]


def runs(found: Iterable[Run], fields: Sequence[Field] | None, shelf: IO[bytes]) -> Export:
    """Runs, a row each.

    Args:
        found: the runs; each is read once, before this returns.
        fields: the columns; all but metadata if they are not given.
        shelf: an empty file to keep rows in; it is read while the table is.
    """
    seen: dict[str, set[Seen]] = {}
    for run in found:
        row = {name: _plain(value) for name, value in _row(run, fields).items()}
        for name, value in row.items():
            seen.setdefault(name, set()).update(_seen(value))
        body = msgspec.msgpack.encode(row)
        shelf.write(len(body).to_bytes(4, "big") + body)
    names = sorted({*COLUMNS, *seen}, key=_order) if fields is None else map(show, fields)
    columns = [Column(name, _type(name, seen.get(name, set()))) for name in names]
    return Export(columns, _batches(shelf, columns))


def _row(run: Run, fields: Sequence[Field] | None) -> Row:
    if fields is None:
        return row_of(run.record)
    return dict(zip(map(show, fields), cells_of(run, fields), strict=True))


def _order(name: str) -> tuple[int, int, str]:
    group, text = place(name)
    return group, [*COLUMNS].index(name) if group == 0 else 0, text


def _plain(value: Any) -> Any:
    """What a column can hold: instants as microseconds, documents and lists as JSON text."""
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value) if isinstance(value, int) and value not in INT64 else value


def _seen(value: Any) -> Iterator[Seen]:
    if isinstance(value, bool):
        yield "boolean"
    elif isinstance(value, int):
        yield "integer" if abs(value) <= EXACT else "long"
    elif value is not None:
        yield "float" if isinstance(value, float) else "bytes" if isinstance(value, bytes) else "text"


def _type(name: str, seen: set[Seen]) -> Type:
    """The narrowest type that holds exactly what was seen; text holds all."""
    if name in INSTANTS:
        return "instant"
    if name in NUMBERS:
        return "float"
    if seen and seen <= {"integer", "long"}:
        return "integer"
    if "float" in seen and seen <= {"integer", "float"}:
        return "float"
    for only in ONLY:
        if seen == {only}:
            return only
    return "text"


def _batches(shelf: IO[bytes], columns: Sequence[Column]) -> Iterator[Sequence[Sequence[Any]]]:
    shelf.seek(0)
    rows = _rows(shelf)
    while batch := [row for _, row in zip(range(ROWS), rows, strict=False)]:
        yield [[_as(column.type, row.get(column.name)) for row in batch] for column in columns]


def _rows(shelf: IO[bytes]) -> Iterator[Row]:
    while length := shelf.read(4):
        yield msgspec.msgpack.decode(shelf.read(int.from_bytes(length, "big")))


def _as(type_: Type, value: Any) -> Any:
    """A plain value as its column's type wants it."""
    if value is None or type_ not in ("text", "float") or isinstance(value, str):
        return value
    if type_ == "float":
        return float(value)
    return bytes_to_text(value) if isinstance(value, bytes) else msgspec.json.encode(value).decode()
