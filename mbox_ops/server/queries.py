"""Query strings, decoded strictly into Structs: an unknown, repeated or ill-typed parameter is refused by name."""

import types
import typing
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from mbox_ops.entities.limits import Limits
from mbox_ops.errors import InvalidRequest, MalformedRequest
from mbox_ops.server.bodies import decode_body, invalid
from mbox_ops.wire.encodings import JSON

T = TypeVar("T", bound=msgspec.Struct)

MOST_PARAMETERS = 1_000
_BOOLEANS = {"true": True, "false": False}


class NoQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query of a route that takes no parameters."""


def decode_query(query: bytes, kind: type[T], limits: Limits) -> T:
    """The Struct that a query string stands for.

    Lists are given by repeating a parameter, objects as JSON, booleans as `true` and `false`.

    Raises:
        MalformedRequest: it is not percent-encoded UTF-8.
        InvalidRequest: a parameter is unknown, given twice or of the wrong type; the message names it.
    """
    known = fields_of(kind)
    found: dict[str, Any] = {}
    for name, text in _pairs(query):
        if name not in known:
            few = ", ".join(known) or "none"
            raise InvalidRequest(f"{name[:100]!r} is not a query parameter here; there are: {few}.", field=name[:100])
        value = _value(name, text, known[name], limits)
        if known[name] is list:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise InvalidRequest(f"The query parameter {name!r} is given twice.", field=name, value=text)
        else:
            found[name] = value
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        wrong = invalid(str(error))
        raise invalid(str(error), found.get(str(wrong.details.get("field")))) from None


@cache
def fields_of(kind: type[msgspec.Struct]) -> dict[str, type]:
    """The parameters of a query, each with what its text is read as: int, bool, list, dict, or str for the others."""
    hints = typing.get_type_hints(kind)
    return {field.encode_name: _read_as(hints[field.name]) for field in msgspec.structs.fields(kind)}


def _read_as(hint: Any) -> type:
    # `int | Literal["all"]` is a typing.Union, `int | None` a types.UnionType.
    united = typing.get_origin(hint) in (typing.Union, types.UnionType)
    parts = typing.get_args(hint) if united else (hint,)
    kinds = {typing.get_origin(part) or part for part in parts} - {type(None)}
    for kind in (int, bool, list, dict):
        if kind in kinds:
            return kind
    return str


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise MalformedRequest("The query is not percent-encoded UTF-8.", field="query") from None
    except ValueError:
        raise MalformedRequest(
            f"The query has more than {MOST_PARAMETERS} parameters.", field="query", limit=MOST_PARAMETERS
        ) from None


def _value(name: str, text: str, read_as: type, limits: Limits) -> Any:
    if "\x00" in text:
        raise InvalidRequest(f"The query parameter {name!r} holds U+0000, which no text may.", field=name, value=text)
    if read_as is int and text.lstrip("-").isdecimal() and text.isascii() and len(text) < 20:
        return int(text)
    if read_as is bool:
        return _BOOLEANS.get(text, text)
    if read_as is dict:
        try:
            return decode_body(text.encode(), dict[str, Any], JSON, limits)
        except InvalidRequest as error:
            message = error.message.replace("body", f"query parameter {name!r}", 1).replace("The The", "The")
            raise InvalidRequest(message, field=name, value=text) from None
    return text
