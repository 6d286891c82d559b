"""A TCP proxy that loses, delays, repeats, truncates and resets when it is told to."""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Literal, get_args
from urllib.parse import urlsplit

Fate = Literal[
    "pass", "lose the request", "lose the reply", "stay silent", "delay", "repeat", "repeat later",
    "truncate the request", "truncate the reply", "reset before", "reset after",
]  # fmt: skip
FATES: tuple[Fate, ...] = get_args(Fate)
Choose = Callable[[str, int], Fate | bytes]
"""What becomes of a request, by its first line and its number; bytes are the answer to it."""
DELAY = 0.15
SILENCE = 5.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST


class Proxy:
    """Passes connections on to a server.

    Attributes:
        fates: what to do with the next requests of these methods; when it is empty, `choose` says it.
        choose: the fate of a request that `fates` says nothing about.
        methods: of the requests that meet a fate; the others pass.
        requests: the first lines of all that came.
        cut: how much of a message that is truncated gets through.
        lost: how many requests did not just pass.
        seen: how often each fate came about.
    """

    def __init__(self, target: str, choose: Choose, methods: tuple[bytes, ...]) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.fates: list[Fate] = []
        self.choose = choose
        self.methods = methods
        self.requests: list[str] = []
        self.cut: Callable[[], float] = lambda: 2 / 3
        self.lost = 0
        self.seen: Counter[Fate | bytes] = Counter()
        self._lock = threading.Lock()
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
        with suppress(OSError), client, ExitStack() as stack:
            server: socket.socket | None = None
            while request := _message(client):
                fate = self._fate(request)
                if isinstance(fate, bytes):
                    client.sendall(fate)
                    return
                if server is None:
                    server = stack.enter_context(socket.create_connection(self._target))
                if not self._meet(client, server, request, fate):
                    return

    def _fate(self, request: bytes) -> Fate | bytes:
        line = request.partition(b"\r\n")[0].decode()
        with self._lock:
            self.requests.append(line)
            if not request.startswith(self.methods):
                return "pass"
            fate = self.fates.pop(0) if self.fates else self.choose(line, len(self.requests))
            self.seen[fate] += 1
            self.lost += fate != "pass"
        return fate

    def _meet(self, client: socket.socket, server: socket.socket, request: bytes, fate: Fate) -> bool:
        """Do with a request as its fate is; whether the connection lives on."""
        if fate == "lose the request":
            return False
        if fate == "truncate the request":
            server.sendall(request[: int(len(request) * self.cut())])
            return False
        if fate == "reset before":
            return _reset(client)
        if fate == "delay":
            threading.Event().wait(DELAY)
        server.sendall(request)
        reply = _message(server)
        if fate == "repeat":
            server.sendall(request)
            reply = _message(server)
        elif fate == "repeat later":
            threading.Timer(DELAY, self._send_again, (request,)).start()
        elif fate == "lose the reply":
            return False
        elif fate == "truncate the reply":
            client.sendall(reply[: int(len(reply) * self.cut())])
            return False
        elif fate == "reset after":
            return _reset(client)
        elif fate == "stay silent":
            threading.Event().wait(SILENCE)
            return False
        client.sendall(reply)
        return bool(reply)

    def _send_again(self, request: bytes) -> None:
        with suppress(OSError), socket.create_connection(self._target) as server:
            server.sendall(request)
            _message(server)


def _reset(client: socket.socket) -> bool:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return False


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
def proxy(
    target: str, choose: Choose = lambda line, number: "pass", *, methods: tuple[bytes, ...] = (b"POST",)
) -> Iterator[Proxy]:
    """A proxy in front of a server.

    Args:
        target: the server's URL.
        choose: the fate of each request of these methods that `Proxy.fates` says nothing about.
        methods: of the requests that meet a fate.
    """
    running = Proxy(target, choose, methods)
    try:
        yield running
    finally:
        running.close()
