"""Hot backups: a copy of the database as it was at one moment, while others go on writing."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL

from mbox_ops.errors import InvalidRequest, Unavailable
from mbox_ops.store.database import parse_url
from mbox_ops.store.failures import translated

Progress = Callable[[int, int], None]
_PAGES_A_STEP = 1_000


def backup(database_url: str, target: Path, *, progress: Progress | None = None) -> Path:
    """Copy a database to a file: SQLite to a database file, PostgreSQL to an archive for `pg_restore`.

    Args:
        database_url: the database, as the service knows it.
        target: a file that is not there yet; it appears when it is whole.
        progress: called with (done, total) pages; SQLite only.

    Raises:
        InvalidRequest: `target` is there already.
        Unavailable: there is no such database, it is away or has no room, or `pg_dump` is missing or failed.
        InternalError: it is damaged.
    """
    if target.exists():
        raise InvalidRequest(f"{str(target)!r} is there already; name a new file.", field="target", value=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    url = parse_url(database_url)
    try:
        if url.get_backend_name() == "sqlite":
            _sqlite(Path(str(url.database)), partial, progress)
        else:
            _postgresql(url, partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _sqlite(source: Path, target: Path, progress: Progress | None) -> None:
    if not source.exists():
        raise Unavailable(f"There is no database {str(source)!r}.")

    def step(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    read, write = sqlite3.connect(source), sqlite3.connect(target)
    try:
        with translated():
            # One read transaction over the whole copy: writers go on in the WAL and are not in it.
            read.execute("BEGIN")
            read.execute("SELECT count(*) FROM sqlite_master").fetchone()
            read.backup(write, pages=_PAGES_A_STEP, progress=step)
            _part_feeds(write)
    finally:
        read.close()
        write.close()


def _part_feeds(copy: sqlite3.Connection) -> None:
    """Give the copy's change feed a name of its own: from here on the two have other changes under the same numbers."""
    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'feed'").fetchone():
        copy.execute("UPDATE feed SET name = lower(hex(randomblob(4)))")
        copy.commit()


def _postgresql(url: URL, target: Path) -> None:
    program = shutil.which("pg_dump") or _newest_dump()
    if program is None:
        raise Unavailable("A backup of PostgreSQL needs its program pg_dump: it is not on the PATH.")
    # Whoever lists processes sees their arguments, so the password is none of them.
    open_url = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    name = open_url.render_as_string()
    secret = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    command = [program, "--format=custom", "--no-password", f"--file={target}", f"--dbname={name}"]
    done = subprocess.run(command, capture_output=True, env={**os.environ, **secret})
    if done.returncode != 0:
        raise Unavailable(f"pg_dump failed: {done.stderr.decode(errors='replace').strip()[:500]}")


def _newest_dump(root: Path = Path("/usr/lib/postgresql")) -> str | None:
    """The newest pg_dump where Debian's packages put it: a newer one reads older servers, never the other way round."""
    versions = {int(path.parts[-3]): path for path in root.glob("*/bin/pg_dump") if path.parts[-3].isdigit()}
    return str(versions[max(versions)]) if versions else None
