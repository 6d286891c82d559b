"""Cursors: where a page ended, as opaque text; and the size of pages."""

import base64
import binascii
import math
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.errors import InvalidRequest

Key = tuple[int | float | str | None, ...]
Kinds = type | tuple[type, ...]
Item = TypeVar("Item")


def write_cursor(list_name: str, key: Key) -> str:
    """The cursor that goes on after the row with that key in that list."""
    packed = msgspec.msgpack.encode([list_name, *key])
    return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def read_cursor(list_name: str, cursor: str | None, types: Sequence[Kinds], *, field: str = "cursor") -> Key | None:
    """The key in a cursor of that list, given in that field; None when there is no cursor.

    Args:
        types: what each part of the key is; several where it may be one of them.

    Raises:
        InvalidRequest: it is not a cursor, or one of another list.
    """
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, *key = msgspec.msgpack.decode(packed, type=list[int | float | str | None])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise _not_a_cursor(field, cursor) from None
    fits = len(key) == len(types) and all(_is(part, kinds) for part, kinds in zip(key, types, strict=True))
    if name != list_name or not fits or not all(map(_storable, key)):
        raise _not_a_cursor(field, cursor)
    return tuple(key)


def check_limit(limit: int, limits: Limits) -> int:
    """`limit`, if a page may have that many items."""
    if 1 <= limit <= limits.page:
        return limit
    raise InvalidRequest(
        f"limit is {limit}; a page takes 1 to {limits.page} items.", field="limit", limit=limits.page, value=str(limit)
    )


def page_of(list_name: str, rows: Sequence[tuple[Key, Item]], limit: int) -> Page[Item]:
    """The page of at most `limit` items, of keyed items that were read with one to spare."""
    shown = rows[:limit]
    more = write_cursor(list_name, shown[-1][0]) if len(rows) > limit else None
    return Page(items=[item for _, item in shown], next=more)


def _is(part: object, kinds: Kinds) -> bool:
    return type(part) in kinds if isinstance(kinds, tuple) else type(part) is kinds


def _storable(part: int | float | str | None) -> bool:
    if isinstance(part, int):
        return -INT64 <= part < INT64
    if isinstance(part, float):
        return not math.isnan(part)
    return part is None or "\x00" not in part


def _not_a_cursor(field: str, cursor: str) -> InvalidRequest:
    return InvalidRequest(
        f"{field} is not one that this list gave: {cursor[:40]!r}; give the `next` of its last page.",
        field=field, value=cursor,
    )  # fmt: skip
