"""What a decoded body may be made of: not nested too deeply, and nothing that JSON could not carry too.

MessagePack can hold more than JSON: bytes, dates, extension types, map keys that are no text. Only the columns of
metric blocks may be bytes; the rest would come back as something else than what was sent, so it is refused.
"""

from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any

import msgspec

from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest, MalformedRequest

INT64 = 2**63
UINT64 = 2**64
PLAIN = frozenset({str, float, bool, type(None)})
NESTED = frozenset({list, dict})
COLUMN = PLAIN | {int, bytes}
JSON_KINDS = PLAIN | NESTED | {int}


def check_structure(body: object, *, deepest: int) -> None:
    """Refuse a decoded body that is nested too deeply, or that holds what JSON cannot.

    Structs are named by their whole path in an error; free data only by the field it lies in, so that a body of
    millions of tiny arrays is walked at the speed of C.

    Args:
        body: a Struct, or plain data.
        deepest: how many objects and arrays may lie in each other.

    Raises:
        MalformedRequest: it is nested too deeply.
        InvalidRequest: a value is of a kind that JSON lacks, or an integer beyond 64 bits.
    """
    pending = [("", body)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, msgspec.Struct):
            pending.extend(_fields(path, value))
        elif type(value) is list and value and isinstance(value[0], msgspec.Struct):
            pending.extend((f"{path}[{place}]", struct) for place, struct in enumerate(value))
        else:
            _check_free(path or "body", value, deepest)


def too_deep(deepest: int, field: str = "body") -> MalformedRequest:
    """The error of a body that is nested too deeply."""
    return MalformedRequest(
        f"{field} is nested more than {deepest} levels deep.", field=field, limit=deepest, value=f"more than {deepest}"
    )


def _fields(path: str, struct: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """The fields that need a closer look."""
    in_columns = isinstance(struct, Block)
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        kind = type(value)
        if kind in PLAIN or isinstance(value, Enum) or (kind is bytes and in_columns):
            continue
        field = f"{path}.{name}" if path else name
        if kind is int:
            _check_integers(field, (value,), INT64)
        elif kind is list and in_columns:
            _check_column(field, value, INT64 if name in {"steps", "wallclocks"} else None)
        else:
            yield field, value


def _check_column(field: str, column: list[Any], top: int | None) -> None:
    kinds = set(map(type, column))
    if unknown := kinds - COLUMN:
        raise _foreign(field, unknown, "; a column holds numbers, texts or bytes")
    if top is not None and int in kinds:
        _check_integers(field, column, top)


def _check_free(field: str, value: Any, deepest: int) -> None:
    """Plain data, level by level."""
    level: list[Any] = [[value]]
    for _ in range(deepest + 1):
        below: list[Any] = []
        for container in level:
            children = container
            if type(container) is dict:
                if not {str}.issuperset(map(type, container)):
                    raise _foreign(field, {type(key) for key in container} - {str}, " as a key")
                children = container.values()
            kinds = set(map(type, children))
            if kinds <= PLAIN:
                continue
            if unknown := kinds - JSON_KINDS:
                raise _foreign(field, unknown)
            if int in kinds:
                _check_integers(field, [child for child in children if type(child) is int], UINT64)
            if not kinds.isdisjoint(NESTED):
                below.extend(child for child in children if type(child) in NESTED)
        if not below:
            return
        level = below
    raise too_deep(deepest, field)


def _check_integers(field: str, values: Collection[int], top: int) -> None:
    for value in (min(values), max(values)):
        if not -INT64 <= value < top:
            shown = str(value)[:40]
            raise InvalidRequest(
                f"{field} holds an integer beyond 64 bits: {shown}", field=field, limit=top - 1, value=shown
            )


def _foreign(field: str, kinds: set[type], more: str = ", which JSON cannot carry") -> InvalidRequest:
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    return InvalidRequest(f"{field} holds {names}{more}.", field=field, value=names)
