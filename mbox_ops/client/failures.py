"""What a failed call means: foreign errors and statuses, translated once, most specific first."""

from typing import Any, NamedTuple

import msgspec

from mbox_ops.errors import (
    BY_CODE,
    Forbidden,
    MboxError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    from_code,
)
from mbox_ops.wire.encodings import JSON, MSGPACK, decode


class Answer(NamedTuple):
    """What came back over HTTP."""

    url: str
    status: int
    media_type: str
    body: bytes
    retry_after: str | None


class _Facts(msgspec.Struct):
    code: str
    message: str
    details: dict[str, Any] = {}
    request_id: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Facts


def error_of(answer: Answer) -> MboxError:
    """The error that an answer stands for.

    A body of the service says it by code. Anything else comes from something in between, such as a proxy: it says
    nothing about what was sent, so it counts as `Unavailable`, but for the few statuses whose meaning is certain.
    """
    facts = _facts(answer)
    if facts is None:
        return _foreign(answer)
    details = {**facts.details, **_more(answer)}
    if facts.request_id:
        details["request_id"] = facts.request_id
    if facts.code not in BY_CODE and answer.status < 500:
        return from_code("invalid_request", facts.message, details)
    return from_code(facts.code, facts.message, details)


def failure_of(error: BaseException, url: str) -> Unavailable:
    """Connection trouble of any kind, as the one error that a caller can act on; the innermost cause says why."""
    while (inner := _inner(error)) is not None:
        error = inner
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return Unavailable(f"The service at {url} cannot be reached: {reason[:300]}.", url=url, unreachable=True)


def _inner(error: BaseException) -> BaseException | None:
    for found in (getattr(error, "reason", None), *error.args[:2], error.__cause__):
        if isinstance(found, BaseException):
            return found
    return None


def _facts(answer: Answer) -> _Facts | None:
    if answer.media_type not in (JSON, MSGPACK):
        return None
    try:
        return decode(answer.body, _ErrorBody, answer.media_type).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _foreign(answer: Answer) -> MboxError:
    message = f"{answer.url} answered {answer.status} without saying why; something stands between it and mbox-ops."
    details: dict[str, Any] = {"status": answer.status, **_more(answer)}
    if answer.status == 401:
        return Unauthenticated(message, **details)
    if answer.status == 403:
        return Forbidden(message, **details)
    if answer.status == 413:
        return TooLarge(message, **details)
    return Unavailable(message, **details)


def _more(answer: Answer) -> dict[str, object]:
    """The seconds of `Retry-After`; its date form is rare and left to the sender's own pauses."""
    text = (answer.retry_after or "").strip()
    return {"retry_after": int(text)} if text.isascii() and text.isdigit() else {}
