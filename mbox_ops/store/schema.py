"""The version of the tables: migrations run inside the caller's transaction, from wherever the package is installed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from mbox_ops.errors import Unavailable

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 0x6D626F78  # "mbox": PostgreSQL's advisory lock for servers that start together


def upgrade(conn: Connection) -> None:
    """Run what migrations are missing."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def version(conn: Connection) -> str | None:
    """The version the tables have; None for a database without any."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str | None:
    """The version this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def check(conn: Connection) -> None:
    """Make sure that the tables are of the newest version."""
    found, needed = version(conn), newest()
    if found == needed:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is None or found in known:
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


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
