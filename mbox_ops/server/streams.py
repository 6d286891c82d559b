"""Answers that are bytes of any length: whole or a part, in pieces that a thread reads and the event loop sends."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.response import Stream

from mbox_ops.errors import OutOfRange
from mbox_ops.server.threads import Threads
from mbox_ops.wire.encodings import OCTETS

PIECE = 4 << 20  # bytes in memory for each answer under way
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Streamed:
    """An answer of bytes.

    Attributes:
        read: gives the bytes from a place up to another.
        start, end: the bytes that are sent.
        size: of the whole.
        etag: of the whole, without quotes.
        name: what a browser should call it.
        status: 200, 206 for a part, 304 for nothing but the headers.
    """

    read: Callable[[int, int], bytes]
    start: int
    end: int
    size: int
    etag: str
    name: str
    status: int


def streamed(
    read: Callable[[int, int], bytes], *, size: int, etag: str, name: str, headers: Mapping[str, str]
) -> Streamed:
    """The answer to a request with these headers: the whole, the range that was asked for, or that nothing is new.

    Raises:
        OutOfRange: the range begins behind the last byte.
    """
    if f'"{etag}"' in headers.get("if-none-match", "") or headers.get("if-none-match", "").strip() == "*":
        return Streamed(read, 0, 0, size, etag, name, 304)
    wanted = headers.get("range", "")
    if headers.get("if-range", f'"{etag}"') != f'"{etag}"':
        wanted = ""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not (found[1] or found[2]):  # none, several, or of another unit: the whole is always right
        return Streamed(read, 0, size, size, etag, name, 200)
    start, end = _bounds(found[1], found[2], size)
    if start >= end:
        raise OutOfRange(
            f"The range {wanted[:60]!r} holds none of the {size} bytes.", field="Range", limit=size, value=wanted
        )
    return Streamed(read, start, end, size, etag, name, 206)


def stream(answer: Streamed, threads: Threads) -> Response[Any]:
    """The response that sends it."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(answer.start, answer.end, PIECE):
            yield await threads.run("bytes", answer.read, start, min(start + PIECE, answer.end))

    headers = {
        "etag": f'"{answer.etag}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
    }
    if answer.status == 304:
        return Response(None, status_code=304, headers=headers)
    headers |= {
        "content-type": OCTETS,  # never as a page, whatever it holds
        "content-length": str(answer.end - answer.start),
        "content-disposition": _disposition(answer.name),
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    if answer.status == 206:
        headers["content-range"] = f"bytes {answer.start}-{answer.end - 1}/{answer.size}"
    return Stream(pieces(), status_code=answer.status, headers=headers, media_type=OCTETS)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _disposition(path: str) -> str:
    """A file's name for browsers: its last part, in letters that do no harm."""
    name = re.split(r"[/\\]", path)[-1]
    plain = _PLAIN.sub("_", name).lstrip(".")[:100] or "artifact"
    return f'attachment; filename="{plain}"'
