"""Upgrades a database with one more migration, and kills itself where it is told to.

    python upgrader.py <database url> <folder with the migration> <where>

`where` is `<step>:<call>:inside`, in the transaction behind what it has changed, or `<step>:<call>:after`, when it is
committed; `never` lets it end.
"""

import os
import signal
import sys
from pathlib import Path

from mbox_ops.store import schema, upgrading
from mbox_ops.store.database import Database

MIGRATION = '''
"""Counts the namespaces' letters: a column, its values in pieces, its index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def add(conn):
    op.add_column("namespaces", sa.Column("letters", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("namespaces", sa.Column("times", sa.Integer(), nullable=False, server_default="0"))
    return 0


def fill(conn):
    piece = "SELECT id FROM namespaces WHERE times = 0 ORDER BY id LIMIT 40"
    done = conn.execute(sa.text(
        f"UPDATE namespaces SET letters = length(name), times = times + 1 WHERE id IN ({piece})"
    ))
    return done.rowcount


def index(conn):
    op.create_index("ix_namespaces_letters", "namespaces", ["letters"])
    return 0


STEPS = (add, fill, index)
'''


def main(url: str, folder: str, where: str) -> None:
    """Upgrade, or die on the way."""
    Path(folder, "v0002_letters.py").write_text(MIGRATION, "utf-8")
    schema.FOLDERS.append(Path(folder))
    calls: dict[int, int] = {}
    steps_of = upgrading._steps

    def die(step: int, place: str) -> None:
        if where == f"{step}:{calls[step]}:{place}":
            os.kill(os.getpid(), signal.SIGKILL)

    def wrapped(path: Path) -> list[upgrading.Step]:
        def dying(number: int, step: upgrading.Step) -> upgrading.Step:
            def call(conn):
                calls[number] = calls.get(number, 0) + 1
                rows = step(conn)
                die(number, "inside")
                return rows

            return call

        return [dying(number, step) for number, step in enumerate(steps_of(path), 1)]

    upgrading._steps = wrapped
    with Database(url) as database:
        database.upgrade(lambda piece: die(piece.step, "after"))


if __name__ == "__main__":
    main(*sys.argv[1:])
