"""A real server for tests: ours, and those of everyone who tests a pipeline that records its runs.

from mbox_ops.testing import live_server

with live_server() as server:
    client = mbox_ops.Client(url=server.url)
"""

import os
import random
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
LOG_NAME = "server.log"
# Below the ports that systems hand out for outgoing connections: none of those takes the port of a stopped server.
PORTS = range(11_000, 32_000)


class LiveServer:
    """A server process on loopback, with a data folder of its own.

    Attributes:
        url: where it is, such as `http://127.0.0.1:20123`; the same after every `start`.
        home: its data folder (`MBOX_HOME`), with its log `server.log`.
        database_url: the database it uses.
        token: an `admin` token for every namespace; None when the server asks for none.
        log: the file with all that the process wrote to stderr.
    """

    def __init__(
        self,
        *,
        home: Path,
        port: int,
        database_url: str | None,
        token: str | None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.home = home
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.database_url = database_url or f"sqlite:///{home / 'mbox.db'}"
        self.token = token
        self.log = home / LOG_NAME
        self._more = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process; None while it is down."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, *options: str, environment: dict[str, str] | None = None) -> None:
        """Start the process, on the same port and data as before, and wait until it takes requests.

        Args:
            options: more options of `python -m mbox_ops.server`.
            environment: more variables for it.

        Raises:
            RuntimeError: it is running, or does not start; the message holds the end of its log.
        """
        if self.pid is not None:
            raise RuntimeError(f"The server at {self.url} is running already (process {self.pid}).")
        command = [sys.executable, "-m", "mbox_ops.server", "--port", str(self.port), "--stop-at-eof", *options]
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**self._environment(), **(environment or {})},
                stdin=subprocess.PIPE,  # it stops when this process is gone, however it went
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )
        self._wait_until_ready(self._process)

    def stop(self) -> int:
        """End it in good order (SIGTERM) and return its exit status; 0 if it is not running."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it at once (SIGKILL), as a power cut would, and return its exit status."""
        return self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            status = process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        return status

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
        kept |= {"MBOX_HOME": str(self.home), "MBOX_HOST": "127.0.0.1", "MBOX_DATABASE_URL": self.database_url}
        kept |= {"MBOX_GRPC_PORT": "0"}
        return kept | self._more | ({"MBOX_BOOTSTRAP_TOKEN": self.token} if self.token else {})

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
        if readable and process.stdout.readline():
            return
        self.kill()
        raise RuntimeError(f"The server at {self.url} did not start. Its log ends:\n{self.log_end()}")

    def log_end(self, characters: int = 4_000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""


@contextmanager
def live_server(
    *,
    database_url: str | None = None,
    home: Path | str | None = None,
    tokens: bool = False,
    port: int = 0,
    environment: dict[str, str] | None = None,
) -> Iterator[LiveServer]:
    """A running server, stopped when the block ends.

    Args:
        database_url: an empty database for it; an SQLite file in `home` if not given.
        home: its data folder; a temporary one, removed at the end, if not given.
        tokens: the server asks for a token; `LiveServer.token` is one that may do everything.
        port: where to listen on 127.0.0.1; 0 for a free port.
        environment: more variables for it, such as `MBOX_ARTIFACT_URL`.

    Yields:
        The server. `kill()` it, `start()` it again on the same port, `stop()` it as the test needs.

    Raises:
        RuntimeError: it does not start.
    """
    folder = Path(home) if home is not None else Path(tempfile.mkdtemp(prefix="mbox-server-"))
    token = f"mbox_{secrets.token_urlsafe(32)}" if tokens else None
    server = LiveServer(
        home=folder, port=port or free_port(), database_url=database_url, token=token, environment=environment
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A loopback port that nobody listens on, and that the system gives to nobody by itself."""
    for _ in range(1_000):
        port = random.choice(PORTS)  # noqa: S311 - it guards nothing
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"No port of {PORTS.start} to {PORTS.stop} is free.")
