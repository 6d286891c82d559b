"""The one reader of request bodies: type by header, size while it streams, then depth, form and fields."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from mbox_ops.entities.limits import Limits
from mbox_ops.errors import InvalidRequest, MalformedRequest, TooLarge, UnsupportedMedia
from mbox_ops.server.structure import check_structure, too_deep
from mbox_ops.wire.encodings import JSON, MSGPACK, decode

T = TypeVar("T")

MEDIA_TYPES = (JSON, MSGPACK)
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})
_AT = re.compile(r"^(?P<what>.*?)(?: - at .*?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_EXPECTED = re.compile(r"^Expected `(.*)`, got `(.*)`$")
_FIELD = re.compile(r"^Object (contains unknown|missing required) field `(.*)`$", re.DOTALL)


def media_type_of(headers: Mapping[str, str], taken: Sequence[str] = MEDIA_TYPES) -> str:
    """The media type of a body, by its header.

    Raises:
        UnsupportedMedia: it is none that is taken, is not UTF-8, or is compressed.
    """
    given = headers.get("content-type", "")
    name, *parameters = (part.strip().lower() for part in given.split(";"))
    charset = next((p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")), "")
    if name not in taken or charset not in _CHARSETS:
        wanted = f"{' or '.join(taken)}{' (UTF-8)' if JSON in taken else ''}"
        raise UnsupportedMedia(
            f"Content-Type is {given[:100]!r}; send {wanted}.", field="Content-Type", limit=list(taken), value=given
        )
    encoding = headers.get("content-encoding", "identity")
    if encoding.lower() not in {"", "identity"}:
        raise UnsupportedMedia(
            f"Content-Encoding is {encoding[:100]!r}; send the body as it is.", field="Content-Encoding", value=encoding
        )
    return name


async def read_body(receive: Callable[[], Awaitable[Any]], headers: Mapping[str, str], limit: int) -> bytes:
    """The whole body, refused as soon as it proves too large.

    Raises:
        TooLarge: it is, or says it is, larger than `limit` bytes.
        MalformedRequest: the caller went away before it was complete.
    """
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
        raise _too_large(limit, announced[:40])
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise MalformedRequest(
                f"The body broke off after {len(body)} bytes.", field="body", value=f"{len(body)} bytes"
            )
        body += event.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit, f"more than {limit}")
        if not event.get("more_body", False):
            return bytes(body)


def decode_body(body: bytes, kind: type[T], media_type: str, limits: Limits) -> T:
    """The Struct that a body holds, with nothing in it that the API does not know.

    Raises:
        MalformedRequest: it is not JSON or MessagePack at all, or nested too deeply.
        InvalidRequest: a field is missing, unknown or of the wrong type.
    """
    try:
        value = decode(body, kind, media_type)
    except RecursionError:
        raise too_deep(limits.body_depth) from None
    except msgspec.ValidationError as error:
        raise invalid(str(error), _value_at(body, str(error), media_type)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"The body cannot be read as {media_type}: {error}.", field="body") from None
    check_structure(value, deepest=limits.body_depth)
    return value


def invalid(message: str, value: object = None) -> InvalidRequest:
    """What msgspec says about a field, as a sentence of ours that begins with the field's path."""
    match = _AT.match(message)
    assert match is not None
    what, field = match["what"], (match["path"] or "").lstrip(".")
    if found := _FIELD.match(what):
        name = f"{field}.{found[2]}".lstrip(".")[:200]
        missing = found[1] == "missing required"
        rest = "is missing." if missing else "is not a field of this request; look for a misspelling."
        return InvalidRequest(f"{name} {rest}", field=name)
    field = field or "body"
    if found := _EXPECTED.match(what):
        shown = "" if value is None or isinstance(value, (list, dict)) else f": {value!r:.60}"
        return InvalidRequest(
            f"{field} must be {found[1]}, not {found[2]}{shown}", field=field, limit=found[1], value=value
        )
    return InvalidRequest(f"{field} is refused: {what}.", field=field, value=value)


def _value_at(body: bytes, message: str, media_type: str) -> object:
    """The value that a message of msgspec is about, where its path leads to one."""
    match = _AT.match(message)
    assert match is not None
    path = match["path"] or ""
    if "[...]" in path:  # the key of a map is not told
        return None
    try:
        value: Any = decode(body, object, media_type)
        for name, place in _STEP.findall(path):
            value = value[name] if name else value[int(place)]
    except (RecursionError, ValueError, LookupError, TypeError):
        return None
    return value if isinstance(value, (str, int, float, bool)) else None


def _too_large(limit: int, size: str) -> TooLarge:
    return TooLarge(
        f"The body is {size} bytes long; the limit is {limit} bytes. Send less at once.",
        field="body", limit=limit, value=size,
    )  # fmt: skip
