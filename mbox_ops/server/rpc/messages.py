"""Messages and Structs. Their fields have the same names, so one walk over the fields turns one into the other.

What differs has a reader (of requests) or a writer (of answers) of its own, by the message's name.
"""

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message

from mbox_ops.entities.instants import check_instant, to_microseconds
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.bodies import invalid
from mbox_ops.server.rpc.documents import read_document, write_document
from mbox_ops.wire import modelbox_pb2 as pb

T = TypeVar("T")
M = TypeVar("M", bound=Message)
Field = Any  # a FieldDescriptor: of pure Python, or of the library that protobuf has in C

SECOND = 1_000_000  # microseconds
_NANOS = 1_000_000_000

READERS: dict[str, Callable[[Any], Any]] = {}
WRITERS: dict[str, Callable[[Any, Any], None]] = {}


def read(message: Message, kind: type[T], /, **more: Any) -> T:
    """The Struct that a request stands for; what it leaves out has the Struct's defaults.

    Args:
        more: fields that stand in the request under other names.

    Raises:
        InvalidRequest: a field is missing, or its value is none of those it takes.
    """
    try:
        return msgspec.convert({**plain(message), **more}, kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None


def plain(message: Message) -> dict[str, Any]:
    """The fields that a message holds."""
    return {field.name: _plain(field, value) for field, value in message.ListFields()}


def _plain(field: Field, value: Any) -> Any:
    if isinstance(value, MutableMapping):
        return dict(value)
    if isinstance(value, MutableSequence):
        return [_one(field, each) for each in value]
    return _one(field, value)


def _one(field: Field, value: Any) -> Any:
    if field.message_type is not None:
        reader: Callable[[Any], Any] = READERS.get(field.message_type.full_name, plain)
        return reader(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        if known is None:
            names = [each.name for each in field.enum_type.values]
            raise InvalidRequest(
                f"{field.name} is {value}, which is none of {field.enum_type.name}: {', '.join(names)}.",
                field=field.name, limit=names, value=value,
            )  # fmt: skip
        return known.name
    return value


def write(value: object, kind: type[M], /, **more: Any) -> M:
    """The message that a Struct is answered with.

    Args:
        more: fields that the Struct has not, or under other names.
    """
    message = kind()
    fill(message, value)
    for name, given in more.items():
        if given is not None:
            _put(message, kind.DESCRIPTOR.fields_by_name[name], given)
    return message


def fill(message: Message, value: object) -> None:
    """Set the fields of a message to those of a Struct; None leaves a field out."""
    for field in message.DESCRIPTOR.fields:
        given = getattr(value, field.name, None)
        if given is not None:
            _put(message, field, given)


def _put(message: Message, field: Field, value: Any) -> None:
    target = getattr(message, field.name)
    if isinstance(target, MutableMapping):
        _put_entries(target, field, value)
    elif isinstance(target, MutableSequence):
        _put_items(target, field, value)
    elif field.message_type is not None:
        target.SetInParent()
        WRITERS.get(field.message_type.full_name, fill)(target, value)
    elif field.enum_type is not None:
        name = value.value if isinstance(value, Enum) else value
        setattr(message, field.name, field.enum_type.values_by_name[name].number)
    else:
        setattr(message, field.name, value)


def _put_entries(target: Any, field: Field, value: Mapping[str, Any]) -> None:
    assert field.message_type is not None  # an entry
    inner = field.message_type.fields_by_name["value"].message_type
    if inner is None:
        target.update(value)
        return
    for key, each in value.items():
        WRITERS.get(inner.full_name, fill)(target[key], each)


def _put_items(target: Any, field: Field, value: Sequence[Any]) -> None:
    if field.message_type is None:
        target.extend(value)
        return
    for each in value:
        WRITERS.get(field.message_type.full_name, fill)(target.add(), each)


def read_instant(message: Any) -> int:
    """The microseconds since 1970 UTC of a Timestamp; what is finer is cut off.

    Raises:
        InvalidRequest: its nanoseconds are none, or it lies outside the years 1 to 9999.
    """
    if not 0 <= message.nanos < _NANOS:
        raise InvalidRequest(
            f"A Timestamp's nanos are {message.nanos}; they take 0 to {_NANOS - 1}.",
            field="nanos", limit=_NANOS - 1, value=message.nanos,
        )  # fmt: skip
    return check_instant("Timestamp", int(message.seconds) * SECOND + int(message.nanos) // 1_000)


def write_instant(message: Any, value: datetime | int) -> None:
    """Set a Timestamp to an instant: a datetime, or microseconds since 1970 UTC."""
    microseconds = to_microseconds(value) if isinstance(value, datetime) else value
    message.seconds, rest = divmod(microseconds, SECOND)
    message.nanos = rest * 1_000


def _read_names(message: pb.Names) -> list[str]:
    return list(message.names)


def _write_names(message: pb.Names, names: list[str]) -> None:
    message.names.extend(names)


READERS |= {
    "google.protobuf.Timestamp": read_instant,
    "modelbox.Metadata": read_document,
    "modelbox.Names": _read_names,
}
WRITERS |= {
    "google.protobuf.Timestamp": write_instant,
    "modelbox.Metadata": write_document,
    "modelbox.Names": _write_names,
}
