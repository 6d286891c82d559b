"""Exports as CSV: UTF-8, a comma between cells, a line feed after each line, names in the first.

A missing value is an empty cell, an empty text is `""`. Numbers are the shortest text that reads back to the same
float64, with `nan`, `inf` and `-inf`; instants are RFC 3339 in UTC, to the microsecond; bytes are base64.
"""

from collections.abc import Callable, Sequence
from typing import IO, Any

from mbox_ops.cli.exported import Export, Type
from mbox_ops.entities.instants import to_text
from mbox_ops.wire.encodings import bytes_to_text


def write(export: Export, file: IO[bytes]) -> int:
    """Write a table, and return how many rows it has."""
    file.write((",".join(_text(column.name) for column in export.columns) + "\n").encode())
    rows = 0
    for batch in export.batches:
        columns = [_texts(SHOWN[column.type], values) for column, values in zip(export.columns, batch, strict=True)]
        lines = [",".join(cells) for cells in zip(*columns, strict=True)]
        file.write(("\n".join(lines) + "\n").encode())
        rows += len(lines)
    return rows


def _texts(shown: Callable[[Any], str], values: Sequence[Any]) -> list[str]:
    return ["" if value is None else shown(value) for value in values]


def _text(value: str) -> str:
    """A text, quoted where it could be read otherwise."""
    plain = value and not set(value) & set(',"\r\n') and value == value.strip()
    return value if plain else '"' + value.replace('"', '""') + '"'


def _boolean(value: bool) -> str:
    return "true" if value else "false"


SHOWN: dict[Type, Callable[[Any], str]] = {
    "text": _text, "integer": str, "float": repr, "boolean": _boolean, "instant": to_text, "bytes": bytes_to_text,
}  # fmt: skip
