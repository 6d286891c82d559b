"""The version of the tables, and the migrations that lead to the newest one.

A migration lies in `v<its version>_<its subject>.py` and has `revision`, `down_revision`, and either `upgrade()`, which
is one transaction, or `STEPS`: functions that take a connection, are called in turn, each call in a transaction of its
own, and answer how many rows they have changed; one that answers 0 is done. Each finds by itself what is left to do,
since an upgrade may be killed at any moment. Alembic's `op` works in both.

Alembic takes a third of a second to import, so what a server asks at every start and at every probe of its readiness
does without it.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from mbox_ops.errors import Unavailable

FOLDERS = [Path(__file__).parent / "migrations" / "versions"]


def version(conn: Connection) -> str | None:
    """The version the tables have; None for a database without any."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@cache
def known() -> dict[str, Path]:
    """The versions that this program knows and the files of their migrations, oldest first."""
    files = [path for folder in FOLDERS for path in folder.glob("v*.py")]
    return {path.name[1:].partition("_")[0]: path for path in sorted(files, key=lambda path: path.name)}


def newest() -> str:
    """The version this program works with."""
    return list(known())[-1]


def check(conn: Connection) -> None:
    """Make sure that the tables are of the newest version.

    Raises:
        Unavailable: they are older or newer; the message says what to do.
    """
    found, needed = version(conn), newest()
    if found == needed:
        return
    check_not_newer(found)
    raise Unavailable(
        f"The database has version {found or 'none'} of the tables and this program needs {needed}: run"
        " `mbox db upgrade`.",
        found=found, needed=needed,
    )  # fmt: skip


def check_not_newer(found: str | None) -> None:
    """Make sure that a version is one that this program knows.

    Raises:
        Unavailable: it is not.
    """
    if found is None or found in known():
        return
    raise Unavailable(
        f"The database has version {found} of the tables, which is newer than this program ({newest()}): install a"
        " newer mbox-ops.",
        found=found, needed=newest(),
    )  # fmt: skip
