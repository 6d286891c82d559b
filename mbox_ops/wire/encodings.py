"""Bodies and columns as bytes: JSON for people and other languages, MessagePack for our own client.

Numeric columns are packed little-endian in MessagePack and plain arrays in JSON. JSON has no NaN and no infinities:
in a float column they are the strings `NaN`, `Infinity` and `-Infinity`.
"""

import base64
import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from mbox_ops.entities.metrics import MetricSummary, Statistic
from mbox_ops.errors import InvalidRequest

T = TypeVar("T")

JSON = "application/json"
MSGPACK = "application/vnd.msgpack"
OCTETS = "application/octet-stream"
NAMESPACE_HEADER = "Mbox-Namespace"
VERSION_HEADER = "Mbox-Wire-Version"
REQUEST_ID_HEADER = "X-Request-Id"
WIRE_VERSION = 1

_JSON_ENCODER = msgspec.json.Encoder()
_MSGPACK_ENCODER = msgspec.msgpack.Encoder()
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(value: object, media_type: str = MSGPACK) -> bytes:
    """`value`, a Struct or plain data, as a body of that media type."""
    return _MSGPACK_ENCODER.encode(value) if media_type == MSGPACK else _JSON_ENCODER.encode(value)


def decode(body: bytes, kind: type[T], media_type: str = MSGPACK) -> T:
    """The Struct that a body holds; raises `msgspec.DecodeError` or `msgspec.ValidationError`."""
    if media_type == MSGPACK:
        return msgspec.msgpack.decode(body, type=kind)
    return msgspec.json.decode(body, type=kind)


def pack_ints(values: Iterable[int]) -> bytes:
    """int64 values as packed little-endian bytes."""
    return _to_little(array("q", values))


def pack_floats(values: Iterable[float]) -> bytes:
    """float64 values as packed little-endian bytes."""
    return _to_little(array("d", values))


def _to_little(column: "array[Any]") -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def unpack_ints(column: bytes | Sequence[int]) -> "Sequence[int]":
    """An int64 column of either form, as a sequence of ints."""
    return _from_little("q", column) if isinstance(column, _PACKED) else column


def unpack_floats(column: bytes | Sequence[Any]) -> "Sequence[float]":
    """A float64 column of either form, as a sequence of floats."""
    return _from_little("d", column) if isinstance(column, _PACKED) else [from_wire(v) for v in column]


_PACKED = (bytes, memoryview)  # a memoryview only where an answer has not left the server yet


def _from_little(code: str, data: bytes | memoryview) -> "array[Any]":
    column: array[Any] = array(code)
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def to_wire(value: float) -> float | str:
    """A float as JSON can hold it: non-finite ones as the strings `NaN`, `Infinity`, `-Infinity`."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def from_wire(value: object) -> float:
    """The float that a JSON value of a float column stands for; bools, null and other text are refused."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise InvalidRequest(
                "A metric value is an integer beyond float64's range.", field="points.values", value=str(value)[:60]
            ) from None
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    raise InvalidRequest(
        f"A float series takes numbers, 'NaN', 'Infinity' and '-Infinity', not {value!r:.60}.",
        field="points.values", value=value,
    )  # fmt: skip


def number_of(summary: MetricSummary | None, stat: Statistic) -> float | None:
    """A statistic of a series; a series that is not numeric has only its count."""
    if summary is None:
        return None
    if stat == "count":
        return float(summary.count)
    value = getattr(summary, stat)
    return None if value is None or summary.kind != "float" else from_wire(value)


def bytes_to_text(value: bytes) -> str:
    """Bytes as base64 text, as JSON holds them."""
    return base64.b64encode(value).decode("ascii")
