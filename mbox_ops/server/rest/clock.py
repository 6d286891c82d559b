"""The server's clock, by which writers tell their epochs."""

import msgspec

from mbox_ops.server.routes import Call, operation
from mbox_ops.wire.encodings import WIRE_VERSION


class ServerTime(msgspec.Struct, frozen=True, kw_only=True):
    """The server's time in microseconds since 1970 UTC, and the version of what it speaks."""

    now: int
    wire_version: int


@operation("GET", "/api/v1/time", scope="read")
def get_time(call: Call) -> ServerTime:
    """The server's time; it never goes back."""
    return ServerTime(now=call.service.time(), wire_version=WIRE_VERSION)
