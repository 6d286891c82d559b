"""JSON objects in messages: by key, as protobuf's own values, or as exact text."""

from typing import Any

import msgspec
from google.protobuf import struct_pb2

from mbox_ops.entities.limits import DEFAULT
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.bodies import decode_body
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.encodings import JSON

EXACT = 2**53  # doubles hold every integer up to here


def read_document(message: pb.Metadata) -> dict[str, Any]:
    """The object that a message holds.

    Raises:
        InvalidRequest: both forms are given, or a value has no kind.
        MalformedRequest: the text is no JSON.
    """
    if message.json and message.metadata:
        raise InvalidRequest(
            "Metadata holds an object by key and one as JSON text; give one of the two.", field="metadata.json"
        )
    if message.json:
        document: dict[str, Any] = from_text(message.json, dict[str, Any])
        return document
    return {key: _read_value(value) for key, value in message.metadata.items()}


def write_document(message: pb.Metadata, value: object) -> None:
    """Put an object, or a Struct, into a message in both forms."""
    document = msgspec.to_builtins(value)
    message.json = msgspec.json.encode(document).decode()
    for key, inner in document.items():
        _write_value(message.metadata[key], inner)


def from_text(text: str, kind: Any) -> Any:
    """What JSON text stands for; the service checks it against its own limits."""
    return decode_body(text.encode(), kind, JSON, DEFAULT)


def _read_value(message: struct_pb2.Value) -> Any:
    kind = message.WhichOneof("kind")
    if kind == "number_value":
        number = message.number_value
        whole = number.is_integer() and abs(number) <= EXACT and str(number) != "-0.0"
        return int(number) if whole else number
    if kind == "struct_value":
        return {key: _read_value(inner) for key, inner in message.struct_value.fields.items()}
    if kind == "list_value":
        return [_read_value(inner) for inner in message.list_value.values]
    if kind is None:
        raise InvalidRequest("Metadata holds a Value of no kind; set one, such as null_value.", field="metadata")
    return None if kind == "null_value" else getattr(message, kind)


def _write_value(message: struct_pb2.Value, value: Any) -> None:
    if value is None:
        message.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, (int, float)):
        message.number_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, dict):
        message.struct_value.SetInParent()
        for key, inner in value.items():
            _write_value(message.struct_value.fields[key], inner)
    else:
        message.list_value.SetInParent()
        for inner in value:
            _write_value(message.list_value.values.add(), inner)
