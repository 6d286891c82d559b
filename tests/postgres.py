"""A real PostgreSQL for tests: one server per test session, one empty database per call.

The server listens on a free loopback port, keeps its data in a folder of its own under the system's temporary folder,
and is stopped when the session ends. Under pytest-xdist the first worker that needs it starts it, and all share it.
"""

import fcntl
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

OLDEST = 14
SECONDS_TO_START = 60
MISSING = "PostgreSQL's server programs (initdb, pg_ctl) are not installed; `apt-get install postgresql` brings them."


@dataclass(frozen=True)
class PostgresServer:
    """A running PostgreSQL server.

    Args:
        port: Where it listens, on 127.0.0.1; everyone is let in as user `postgres`.
        folder: What holds its data (`data`) and its log (`log`).
    """

    port: int
    folder: Path = field(compare=False)

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        import psycopg

        name = f"test_{uuid4().hex}"
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


@pytest.fixture(scope="session")
def postgres_server(postgres_folder: Path) -> PostgresServer:
    """The PostgreSQL server of this test session, started at the first use."""
    if server_programs() is None:
        pytest.skip(MISSING)
    return running_server_in(postgres_folder)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> Callable[[], str]:
    """A function that creates an empty PostgreSQL database at every call and returns its SQLAlchemy URL."""
    return postgres_server.create_database


def server_folder() -> Path:
    """Make an empty folder that the user who runs PostgreSQL may write."""
    folder = Path(tempfile.mkdtemp(prefix="mbox-postgres-"))
    account = server_account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def running_server_in(folder: Path) -> PostgresServer:
    """Return the server that keeps its data in `folder`, after starting it where nobody has yet."""
    with locked(folder / "lock"):
        if not (folder / "port").exists():
            (folder / "port").write_text(str(start_server_in(folder)))
    return PostgresServer(port=int((folder / "port").read_text()), folder=folder)


def start_server_in(folder: Path) -> int:
    """Create a data folder and start a server on it; return its port."""
    run_program("initdb", folder, "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
    for attempt in range(5):
        port = free_port()
        # Durability is not what tests are about. An empty -k: no socket file, only TCP.
        options = f"-h 127.0.0.1 -p {port} -k '' -F -c full_page_writes=off -c synchronous_commit=off"
        options += " -c max_connections=200"
        started = run_program(
            "pg_ctl", folder, "start", "-w", "-t", str(SECONDS_TO_START), "-D", "data", "-l", "log", "-o", options,
            check=attempt == 4,  # another process may have taken the port meanwhile
        )  # fmt: skip
        if started:
            return port
    raise AssertionError("unreachable: the last attempt starts the server or raises")


def stop_server_in(folder: Path) -> None:
    """Stop the server that keeps its data in `folder`, if there is one, and remove the folder."""
    if (folder / "data" / "postmaster.pid").exists():
        run_program("pg_ctl", folder, "stop", "-w", "-m", "immediate", "-D", "data")
    shutil.rmtree(folder, ignore_errors=True)


def run_program(name: str, folder: Path, *arguments: str, check: bool = True) -> bool:
    """Run a program of PostgreSQL inside `folder` as the user who may; return whether it succeeded.

    Raises:
        RuntimeError: It failed and `check` is set; the message holds what it printed and the server's log.
    """
    programs = server_programs()
    if programs is None:
        raise RuntimeError(MISSING)
    account = server_account()
    who = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    # Output goes to a file: the server that pg_ctl leaves running would hold a pipe open.
    with tempfile.TemporaryFile() as output:
        command = [programs / name, *arguments]
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **who
        )
        if check and done.returncode != 0:
            output.seek(0)
            log = folder / "log"
            tail = log.read_text(errors="replace")[-4000:] if log.exists() else ""
            raise RuntimeError(
                f"{name} failed with {done.returncode}: {output.read().decode(errors='replace')}\n{tail}"
            )
    return done.returncode == 0


def server_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server programs on this machine, or None."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = {
        int(match[1]): folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (match := re.fullmatch(r"(\d+)", folder.parent.name)) and (folder / "initdb").exists()
    }
    newest = max(found, default=0)
    return found[newest] if newest >= OLDEST else None


def server_account() -> pwd.struct_passwd | None:
    """Return the user to run PostgreSQL as, or None for the present one: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time through; the system unlocks it should the process die."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
