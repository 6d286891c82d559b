"""Asks a server over a real port, with nothing in between that would mend what is wrong on purpose."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mbox_ops.wire.encodings import JSON, MSGPACK


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: The HTTP status.
        headers: Its headers, names in lower case.
        body: Its body, as it came.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body, decoded by its content type."""
        if self.headers["content-type"] == MSGPACK:
            return msgspec.msgpack.decode(self.body)
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """What the body of a failure says."""
        return self.data["error"]

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the code of a failure."""
        return self.status, self.error["code"]


def ask(
    url: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    headers: dict[str, str] | None = None,
    token: str | None = None,
    chunked: bool = False,
) -> Answer:
    """Send one request on a new connection and read the answer.

    Args:
        body: Bytes go as they are (give their content type), other data as JSON.
        headers: They replace what would be sent otherwise; an empty Content-Type sends none.
    """
    sent = {"Content-Type": JSON} if body is not None else {}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    sent |= headers or {}
    sent = {name: value for name, value in sent.items() if value or name != "Content-Type"}
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        if chunked:
            connection.request(method, path, iter([data]), sent, encode_chunked=True)
        else:
            connection.request(method, path, data, sent)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()
