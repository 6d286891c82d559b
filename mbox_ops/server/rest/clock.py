"""The server's clock, by which writers tell their epochs."""

from functools import cache
from importlib.metadata import version

import msgspec

from mbox_ops.server.routes import Call, operation
from mbox_ops.wire.encodings import WIRE_VERSION


class ServerTime(msgspec.Struct, frozen=True, kw_only=True):
    """The server's time in microseconds since 1970 UTC, the version of what it speaks, and its own."""

    now: int
    wire_version: int
    version: str


@cache
def _version() -> str:
    return version("mbox-ops")


@operation("GET", "/api/v1/time", scope="read")
def get_time(call: Call) -> ServerTime:
    """The server's time; it never goes back."""
    return ServerTime(now=call.service.time(), wire_version=WIRE_VERSION, version=_version())
