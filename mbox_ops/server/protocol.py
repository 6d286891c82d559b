"""HTTP as it comes in: what is no HTTP gets the one error body too, and the head of a request has a limit."""

from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from mbox_ops.errors import MalformedRequest, MboxError, TooLarge
from mbox_ops.server import request_ids
from mbox_ops.server.failures import error_body
from mbox_ops.wire.encodings import JSON
from mbox_ops.wire.status import HTTP_STATUS

MOST_HEAD_BYTES = 65_536
SECONDS_FOR_FAREWELL = 1.0


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, with a limit on the bytes of a request before its body: the parser itself has none."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = False
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless the head has grown too long."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(
                    TooLarge(
                        f"The head of the request is longer than {MOST_HEAD_BYTES} bytes.",
                        field="headers",
                        limit=MOST_HEAD_BYTES,
                        value=f"more than {MOST_HEAD_BYTES}",
                    )
                )

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._in_head = False
        super().on_headers_complete()

    def shutdown(self) -> None:
        """The server stops: an idle connection is closed, and one of TLS whose other end says no farewell is cut."""
        super().shutdown()
        if self.transport.get_extra_info("ssl_object") is not None and self.transport.is_closing():
            self.loop.call_later(SECONDS_FOR_FAREWELL, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; noise behind a complete request only ends the connection after its answer."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            cycle.keep_alive = False
            return
        self._refuse(MalformedRequest(f"This is no HTTP request: {msg}"))

    def _refuse(self, error: MboxError) -> None:
        if self.transport.is_closing():
            return
        request_id = request_ids.new()
        body = error_body(error, request_id)
        lines = (
            f"content-type: {JSON}", f"content-length: {len(body)}", "connection: close",
            f"{request_ids.HEADER}: {request_id}",
        )  # fmt: skip
        self.transport.write(STATUS_LINE[HTTP_STATUS[error.code]] + "\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()
