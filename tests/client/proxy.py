"""A TCP proxy that loses requests or replies when it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

Fate = Literal["pass", "lose the request", "lose the reply", "stay silent"]


class Proxy:
    """Passes connections on to a server.

    Attributes:
        fates: what to do with the next requests that carry a body; when it is empty, all pass.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.fates: list[Fate] = []
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            try:
                while request := _message(client):
                    fate = self.fates.pop(0) if self.fates and request.startswith(b"POST") else "pass"
                    self.lost += fate != "pass"
                    if fate == "lose the request":
                        return
                    server.sendall(request)
                    reply = _message(server)
                    if fate == "lose the reply":
                        return
                    if fate == "stay silent":
                        threading.Event().wait(5)
                        return
                    client.sendall(reply)
            except OSError:
                return


def _message(sock: socket.socket) -> bytes:
    """One HTTP message with a Content-Length; nothing at the end of the stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65_536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        more = sock.recv(65_536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """A proxy in front of a server."""
    running = Proxy(target)
    try:
        yield running
    finally:
        running.close()
