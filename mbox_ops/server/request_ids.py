"""The id of a request: one rule for all doors, and one id in its answer, in its error and in all of its log lines."""

import re
from collections.abc import Iterable
from uuid import uuid4

import structlog

from mbox_ops.wire.encodings import REQUEST_ID_HEADER

HEADER = REQUEST_ID_HEADER.lower()
_TAKEN = re.compile(r"[A-Za-z0-9._:-]{1,128}")
Text = str | bytes


def begin(headers: Iterable[tuple[Text, Text]]) -> str:
    """The id of the request that this task or thread serves from now on; its log lines carry it.

    It is the caller's `X-Request-Id`, if that is 1 to 128 letters, digits, `.`, `_`, `:` and `-`; else a new one.
    """
    given = (_text(value) for name, value in headers if _text(name) == HEADER)
    request_id = next(filter(_TAKEN.fullmatch, given), None) or new()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def new() -> str:
    """An id of our own."""
    return uuid4().hex


def _text(value: Text) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
