"""The server's clock as a row, so that it goes on where it was after a restart."""

from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store.tables import clock as table


class ClockRow(NamedTuple):
    """What was kept last, and since when a server has been up without a gap; microseconds."""

    now: int
    up_since: int


def load(conn: Connection) -> ClockRow | None:
    """The row, held until the transaction ends; None before the first server."""
    row = conn.execute(select(table.c.now, table.c.up_since).with_for_update()).one_or_none()
    return None if row is None else ClockRow(*row)


def save(conn: Connection, *, now: int, up_since: int) -> None:
    """Keep the present instant; it never goes back."""
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    conn.execute(insert(table).values(id=1, now=now, up_since=up_since).on_conflict_do_nothing())
    conn.execute(sql_update(table).where(table.c.now < now).values(now=now, up_since=up_since))
