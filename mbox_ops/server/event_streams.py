"""Server-sent events: an answer that goes on for as long as its reader stays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Response
from litestar.response import Stream

from mbox_ops.entities.changes import Change
from mbox_ops.errors import InternalError, MboxError
from mbox_ops.server.failures import error_body
from mbox_ops.server.feed import Piece
from mbox_ops.wire.encodings import JSON, encode

MEDIA_TYPE = "text/event-stream"
RETRY_MILLISECONDS = 1_000
_HEADERS = {
    "content-type": f"{MEDIA_TYPE}; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would hold it back
}

log = structlog.get_logger("mbox_ops.server")


@dataclass(frozen=True)
class EventStream:
    """An answer of changes, the first piece of which was read already: what is wrong has been told by a status."""

    first: Piece
    rest: AsyncIterator[Piece]


def send_events(answer: EventStream, request_id: str) -> Response[Any]:
    """The response that sends it."""

    async def written() -> AsyncIterator[bytes]:
        yield f"retry: {RETRY_MILLISECONDS}\n".encode() + _beat(answer.first.cursor)
        try:
            async for piece in answer.rest:
                yield b"".join(map(_event, piece.changes)) or _beat(piece.cursor)
        except MboxError as error:
            yield _failure(error, request_id)
        except Exception:  # the outermost edge of the stream, whose status was sent long ago
            log.exception("stream failed", request_id=request_id)
            yield _failure(
                InternalError("The server failed; its log has the reason under this request id."), request_id
            )

    return Stream(written(), headers=_HEADERS, media_type=MEDIA_TYPE)


def _event(change: Change) -> bytes:
    return b"id: " + change.cursor.encode() + b"\ndata: " + encode(change, JSON) + b"\n\n"


def _beat(cursor: str) -> bytes:
    """The stream is still there; a reader that comes back goes on behind this cursor."""
    return f": still here\nid: {cursor}\n\n".encode()


def _failure(error: MboxError, request_id: str) -> bytes:
    return b"event: failure\ndata: " + error_body(error, request_id, JSON) + b"\n\n"
