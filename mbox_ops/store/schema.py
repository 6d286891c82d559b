"""The version of the tables: migrations run inside the caller's transaction, from wherever the package is installed.

Alembic runs them; it takes a third of a second to import, so what a server asks at every start and at every probe of
its readiness does without it.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from mbox_ops.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 0x6D626F78  # "mbox": PostgreSQL's advisory lock for servers that start together


def upgrade(conn: Connection) -> None:
    """Run what migrations are missing."""
    from alembic import command

    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    config = alembic_config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def version(conn: Connection) -> str | None:
    """The version the tables have; None for a database without any."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@cache
def known() -> tuple[str, ...]:
    """The versions that this program knows, oldest first: a migration lies in `v<its revision>_<its subject>.py`."""
    return tuple(sorted(path.name[1:].partition("_")[0] for path in (_FOLDER / "versions").glob("v*.py")))


def newest() -> str:
    """The version this program works with."""
    return known()[-1]


def check(conn: Connection) -> None:
    """Make sure that the tables are of the newest version."""
    found, needed = version(conn), newest()
    if found == needed:
        return
    if found is None or found in known():
        raise Unavailable(
            f"The database has version {found or 'none'} of the tables and this program needs {needed}: run"
            " `mbox db upgrade`.",
            found=found, needed=needed,
        )  # fmt: skip
    raise Unavailable(
        f"The database has version {found} of the tables, which is newer than this program ({needed}): install a newer"
        " mbox-ops.",
        found=found, needed=needed,
    )  # fmt: skip


def alembic_config() -> "Config":
    """How Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
