"""Answers as the caller asks for them: JSON for people and other languages, MessagePack for our own client."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mbox_ops.entities.metrics import MetricHistory
from mbox_ops.entities.pages import Items
from mbox_ops.entities.search import Curve
from mbox_ops.wire.encodings import JSON, MSGPACK, encode, to_wire, unpack_floats, unpack_ints

SQUEEZED = 8_192  # bytes; shorter answers gain nothing
_PACKED = (MetricHistory, Curve)


def accepted(headers: Mapping[str, str]) -> str:
    """The media type of the answer: MessagePack where `Accept` prefers it to JSON, else JSON."""
    packed, others = 0.0, 0.0
    for name, weight in _weighed(headers.get("accept", "")):
        if name == MSGPACK:
            packed = weight
        elif name == JSON:
            others = max(others, weight)
    return MSGPACK if packed > others else JSON


def render(value: object, media_type: str) -> bytes:
    """An answer's body. Packed columns of histories and curves become arrays in JSON."""
    if media_type == JSON and isinstance(value, Items):
        value = {"items": [readable(item) if isinstance(item, _PACKED) else item for item in value.items]}
    return encode(value, media_type)


def is_squeezed(content: bytes, media_type: str, headers: Mapping[str, str]) -> bool:
    """Whether an answer is sent compressed: long JSON to those who take gzip, which browsers do.

    MessagePack is not: its columns are packed already, and our own client asks often and from nearby.
    """
    return media_type == JSON and len(content) > SQUEEZED and takes_gzip(headers)


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether `Accept-Encoding` names gzip, and does not rule it out."""
    return any(name == "gzip" and weight > 0 for name, weight in _weighed(headers.get("accept-encoding", "")))


def readable(points: MetricHistory | Curve) -> MetricHistory | Curve:
    """A history or a curve whose columns are arrays that JSON can hold."""
    columns: dict[str, Any] = {
        name: list(unpack_ints(column))
        for name in points.__struct_fields__
        if name != "values" and isinstance(column := getattr(points, name), (bytes, memoryview))
    }
    if points.kind == "float":
        columns["values"] = [to_wire(value) for value in unpack_floats(points.values)]
    elif isinstance(points.values, bytes):
        columns["values"] = []  # a curve of a series that is not numeric
    return msgspec.structs.replace(points, **columns)


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    """What a header of preferences names, and how much each is wanted."""
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        yield name, _weight(parameters)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return max(0.0, min(1.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
