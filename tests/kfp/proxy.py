"""A TCP proxy that loses what the test wants lost."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

Fate = Literal["pass", "lose the reply", "refuse"] | bytes
"""What becomes of a request; bytes are the answer to it."""


class Proxy:
    """Stands in front of a server; asks `fate` about every request, by its first line and its number."""

    def __init__(self, target: str, fate: Callable[[str, int], Fate]) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname, parts.port)
        self.fate = fate
        self.requests: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(client,), daemon=True).start()

    def handle(self, client: socket.socket) -> None:
        """Forward one request (our steps send one a connection), and its reply if that is its fate."""
        with client:
            request = read_request(client)
            line = request.partition(b"\r\n")[0].decode()
            self.requests.append(line)
            fate = self.fate(line, len(self.requests))
            if fate == "refuse":
                return
            if isinstance(fate, bytes):
                client.sendall(fate)
                return
            with socket.create_connection(self.target) as upstream:
                upstream.sendall(request)
                reply = read_request(upstream)
            if fate == "pass":
                client.sendall(reply)


def read_request(peer: socket.socket) -> bytes:
    """One HTTP message with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += (part := peer.recv(65_536))
        if not part:
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < (int(lengths[0]) if lengths else 0):
        body += peer.recv(65_536)
    return head + b"\r\n\r\n" + body


@contextmanager
def proxy(target: str, fate: Callable[[str, int], Fate]) -> Iterator[Proxy]:
    """A running proxy."""
    running = Proxy(target, fate)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.listener.shutdown(socket.SHUT_RDWR)
        running.listener.close()
        thread.join(5)
