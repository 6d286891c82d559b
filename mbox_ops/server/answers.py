"""Answers as the caller asks for them: JSON for people and other languages, MessagePack for our own client."""

from collections.abc import Mapping

from mbox_ops.entities.metrics import MetricHistory
from mbox_ops.entities.pages import Items
from mbox_ops.wire.encodings import JSON, MSGPACK, encode, to_wire, unpack_floats, unpack_ints


def accepted(headers: Mapping[str, str]) -> str:
    """The media type of the answer: MessagePack where `Accept` prefers it to JSON, else JSON."""
    packed, others = 0.0, 0.0
    for part in headers.get("accept", "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _weight(parameters)
        if name == MSGPACK:
            packed = weight
        elif name == JSON:
            others = max(others, weight)
    return MSGPACK if packed > others else JSON


def render(value: object, media_type: str) -> bytes:
    """An answer's body. Packed columns of metric histories become arrays in JSON."""
    if media_type == JSON and isinstance(value, Items):
        value = {"items": [readable(item) if isinstance(item, MetricHistory) else item for item in value.items]}
    return encode(value, media_type)


def readable(history: MetricHistory) -> MetricHistory:
    """A history whose columns are arrays that JSON can hold."""
    values = history.values
    if history.kind == "float":
        values = [to_wire(value) for value in unpack_floats(values)]
    return MetricHistory(
        name=history.name,
        kind=history.kind,
        total=history.total,
        truncated=history.truncated,
        steps=list(unpack_ints(history.steps)),
        wallclocks=list(unpack_ints(history.wallclocks)),
        received_ats=list(unpack_ints(history.received_ats)),
        values=values,
        next=history.next,
    )


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return max(0.0, min(1.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
