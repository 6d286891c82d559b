"""Attributes that are read from the server when they are asked for.

Descriptors, and no `__getattr__`: with that, Python would look up every attribute of a run the slow way.
"""

from typing import Any, Generic, Protocol, Self, TypeVar, overload

T = TypeVar("T", covariant=True)


class Read(Protocol):
    """What has a record on the server."""

    @property
    def record(self) -> object:
        """The record, fetched if need be."""


class Field(Generic[T]):
    """A field of the record, as an attribute of the same name."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, read: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, read: Read, owner: type[Any]) -> T: ...

    def __get__(self, read: Read | None, owner: type[Any]) -> Self | T:
        if read is None:
            return self
        value: T = getattr(read.record, self._name)
        return value
