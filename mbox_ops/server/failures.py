"""One body for every failure: our own errors, those of the router, and what nobody foresaw."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from mbox_ops.errors import (
    InternalError,
    MalformedRequest,
    MboxError,
    MethodNotAllowed,
    NotFound,
    OutOfRange,
    Unauthenticated,
    Unavailable,
)
from mbox_ops.server.answers import accepted
from mbox_ops.wire.encodings import JSON, encode
from mbox_ops.wire.status import HTTP_STATUS

RETRY_AFTER_SECONDS = 2
log = structlog.get_logger("mbox_ops.server")


def answer_failure(request: Request[Any, Any, Any], exception: Exception) -> Response[bytes]:
    """The answer that tells the caller what went wrong, and what to do."""
    error = error_of(request, exception)
    request_id = str(request.scope["state"].get("request_id", ""))
    if type(error) is InternalError:
        log.error("request failed", path=request.scope["path"], exc_info=exception)
    media_type = accepted(request.headers)
    return Response(
        error_body(error, request_id, media_type),
        status_code=HTTP_STATUS[error.code],
        media_type=media_type,
        headers=_headers(error, exception),
    )


def error_of(request: Request[Any, Any, Any], exception: Exception) -> MboxError:
    """The error of ours that an exception stands for."""
    if isinstance(exception, MboxError):
        return exception
    path, method = request.scope["path"], request.scope["method"]
    if isinstance(exception, NotFoundException):
        return NotFound("route", path)
    if isinstance(exception, MethodNotAllowedException):
        allowed = (exception.headers or {}).get("allow", "")
        return MethodNotAllowed(
            f"{path} does not take {method}; it takes {allowed}.", field="method", limit=allowed, value=method
        )
    if isinstance(exception, HTTPException) and exception.status_code < 500:
        return MalformedRequest(f"The request cannot be read: {exception.detail}.")
    return InternalError("The server failed; its log has the reason under this request id.")


def error_body(error: MboxError, request_id: str, media_type: str = JSON) -> bytes:
    """The body of an error. Details that the media type cannot hold are shown as text."""
    facts: dict[str, Any] = {"code": error.code, "message": error.message, "details": error.details}
    facts["request_id"] = request_id
    try:
        return encode({"error": facts}, media_type)
    except (TypeError, ValueError, OverflowError, RecursionError):
        facts["message"] = ascii(error.message)[1:-1]
        facts["details"] = {name: ascii(value)[:200] for name, value in error.details.items()}
        return encode({"error": facts}, media_type)


def _headers(error: MboxError, exception: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="mbox-ops"'
    if isinstance(error, OutOfRange):
        headers["Content-Range"] = f"bytes */{error.details.get('limit')}"
    if isinstance(exception, MethodNotAllowedException):
        headers["Allow"] = (exception.headers or {}).get("allow", "")
    return headers
