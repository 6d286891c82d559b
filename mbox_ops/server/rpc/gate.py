"""Who asks, and how failures are told: what every RPC has in common before and after its function."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import structlog

from mbox_ops.errors import InternalError, InvalidRequest, MboxError, from_code
from mbox_ops.server import request_ids
from mbox_ops.server.failures import error_body
from mbox_ops.server.guards import admit
from mbox_ops.server.metrics import GRPC
from mbox_ops.server.routes import Parts
from mbox_ops.service.access import Actor
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from mbox_ops.wire.status import GRPC_STATUS

NAMESPACE = NAMESPACE_HEADER.lower()
ERROR = "mbox-error-bin"
MOST_ERROR_BYTES = 4_096  # of the trailing metadata, whose limit in clients is about 8 KiB
MOST_MESSAGE = 2_000  # bytes of it, too, as gRPC sends a status' message

Context = grpc.aio.ServicerContext[Any, Any]
Headers = dict[str, str]
Metadata = Iterable[tuple[str, str | bytes]]

log = structlog.get_logger("mbox_ops.rpc")


def headers_of(metadata: Metadata | None) -> Headers:
    """A call's metadata as headers. A namespace that is not ASCII comes as `mbox-namespace-bin`, in UTF-8."""
    headers: Headers = {}
    for name, value in metadata or ():
        if isinstance(value, str):
            headers[name] = value
        elif name == f"{NAMESPACE}-bin":
            headers[NAMESPACE] = bytes(value).decode("latin-1")  # as HTTP's headers are read
    return headers


def actor_of(parts: Parts, headers: Mapping[str, str], named: str = "") -> Actor:
    """Who makes a call.

    Args:
        named: the namespace that the request itself names.

    Raises:
        Unauthenticated, Forbidden: as over HTTP.
        InvalidRequest: the request and the call's metadata name different namespaces.
    """
    wanted = named.encode().decode("latin-1")
    if named and headers.get(NAMESPACE, wanted) != wanted:
        raise InvalidRequest(
            f"namespace is {named[:100]!r} in the request, and another one in the call's metadata ({NAMESPACE}).",
            field="namespace", value=named,
        )  # fmt: skip
    namespace = {NAMESPACE: wanted} if named else {}
    # No page of a browser can speak gRPC without TLS, and while there is no token only loopback is bound: of what is
    # asked of HTTP then, no host has to be looked at.
    return admit(parts.service.tokens, {**headers, **namespace, "host": "localhost"}, parts.limits)


@asynccontextmanager
async def answering(parts: Parts, context: Context, name: str) -> AsyncIterator[None]:
    """One call: it has an id, is counted and logged, and what goes wrong is told as gRPC tells it."""
    began = time.perf_counter()
    request_id = request_ids.begin(context.invocation_metadata() or ())
    context.set_trailing_metadata(((request_ids.HEADER, request_id),))
    status = "OK"
    try:
        yield
    except (asyncio.CancelledError, GeneratorExit):  # the caller has gone, or its deadline has passed
        status = "CANCELLED"
        raise
    except Exception as exception:  # the outermost edge of a call
        error = _error(exception)
        status = GRPC_STATUS[error.code]
        if type(error) is InternalError:
            log.error("call failed", rpc=name, exc_info=exception)
        await _abort(context, error, request_id)
    finally:
        seconds = time.perf_counter() - began
        parts.metrics.answered(GRPC, name, status, seconds)
        log.debug("answered", rpc=name, status=status, seconds=seconds)


async def _abort(context: Context, error: MboxError, request_id: str) -> None:
    message = _cut(error.message)
    body = error_body(error, request_id)
    if len(body) > MOST_ERROR_BYTES:
        body = error_body(from_code(error.code, message, {}), request_id)
    trailing = ((request_ids.HEADER, request_id), (ERROR, body))
    await context.abort(getattr(grpc.StatusCode, GRPC_STATUS[error.code]), message, trailing_metadata=trailing)


def _cut(message: str) -> str:
    """What of a message fits: each byte that is no printable ASCII is sent as three."""
    sent = 0
    for place, letter in enumerate(message):
        sent += 1 if " " <= letter <= "~" and letter != "%" else 3 * len(letter.encode("utf-8", "replace"))
        if sent > MOST_MESSAGE:
            return message[:place]
    return message


def _error(exception: Exception) -> MboxError:
    if isinstance(exception, MboxError):
        return exception
    return InternalError("The server failed; its log has the reason under this request id.")
