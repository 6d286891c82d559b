"""The sender's way to the server: over HTTP."""

import msgspec

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.writers import BatchResult

TIME_TIMEOUT = 3.0  # seconds; a slower answer would be discarded


class _Time(msgspec.Struct):
    now: int


class HttpTransport:
    """Sends batches and asks for the time; never tries again by itself."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api

    def send(self, body: bytes) -> BatchResult:
        """Send an encoded batch."""
        return self._api.call("POST", "/batches", body=body, result=BatchResult, retry=False)

    def time(self) -> int:
        """The server's time in microseconds."""
        return self._api.call("GET", "/time", result=_Time, retry=False, timeout=TIME_TIMEOUT).now
