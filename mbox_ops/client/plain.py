"""Values that people have at hand, such as NumPy scalars, paths and dates, as plain JSON values."""

import enum
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec

from mbox_ops.errors import InvalidRequest

DEEPEST = 64


def plain(field: str, value: object, *, depth: int = 0) -> Any:
    """`value` as JSON can hold it.

    Text, numbers, booleans, None, dicts and lists stay what they are. Sequences become lists, NumPy scalars and arrays
    Python's own numbers and lists, paths and UUIDs text, dates and times ISO 8601 text, durations seconds, enums their
    value, dataclasses and msgspec Structs dicts.

    Raises:
        InvalidRequest: there is no such form; the message names the place.

    Example:
        >>> plain("lr", {"path": PurePath("a/b"), "sizes": (1, 2)})
        {'path': 'a/b', 'sizes': [1, 2]}
    """
    if depth > DEEPEST:
        raise InvalidRequest(f"{field} is nested more than {DEEPEST} deep.", field=field, limit=DEEPEST)
    kind = type(value)
    if value is None or kind in (str, int, float, bool):
        return value
    if isinstance(value, Mapping):
        return {_key(field, key): plain(f"{field}.{key}", item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(f"{field}[{i}]", item, depth=depth + 1) for i, item in enumerate(value)]
    return _scalar(field, value, depth)


def _scalar(field: str, value: object, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return plain(field, value.value, depth=depth + 1)
    if isinstance(value, (PurePath, UUID)):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    for builtin in (str, bool, int, float):  # subclasses, NumPy's float64 among them
        if isinstance(value, builtin):
            return builtin(value)
    return _foreign(field, value, depth)


def _foreign(field: str, value: object, depth: int) -> Any:
    """What NumPy, pandas, torch, dataclasses and Structs hold, without importing any of the first three."""
    tolist = getattr(value, "tolist", None)
    if callable(tolist):
        held = tolist()
        if type(held) is not type(value):
            return plain(field, held, depth=depth + 1)
    if isinstance(value, msgspec.Struct) or hasattr(type(value), "__dataclass_fields__"):
        names = getattr(value, "__struct_fields__", None) or value.__dataclass_fields__  # type: ignore[attr-defined]
        return plain(field, {name: getattr(value, name) for name in names}, depth=depth + 1)
    raise InvalidRequest(
        f"{field} must be something that JSON can hold, not {type(value).__name__}: {value!r:.80}",
        field=field, value=value,
    )  # fmt: skip


def _key(field: str, key: object) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return str(key)
    raise InvalidRequest(f"The keys of {field} must be text, not {type(key).__name__}: {key!r:.80}", field=field)
