"""Pages of lists."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some items of a list.

    Attributes:
        next: what to give as `cursor` for those that follow; None: there are none.
        total: how many items the whole list has; None unless it was asked for, where that can be asked.
    """

    items: list[T]
    next: str | None = None
    total: int | None = None


class Items(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """All items of a list that is short enough to be given at once."""

    items: list[T]
