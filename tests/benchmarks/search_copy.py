"""A SQLite database of ours copied into an empty PostgreSQL one, row by row."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy import Boolean, Table

from mbox_ops.store.database import Database
from mbox_ops.store.tables import metadata


def copy(path: Path, url: str) -> None:
    """Make the tables in the database at `url` and fill them with what is in the SQLite file."""
    with Database(url) as database:
        database.upgrade()
    plain = url.replace("+psycopg", "")
    with closing(sqlite3.connect(path)) as source, psycopg.connect(plain) as target:
        target.execute("SET session_replication_role = replica")  # no foreign keys while it is filled
        for table in metadata.sorted_tables:
            _copy(source, target, table)
        target.commit()
        target.autocommit = True
        target.execute("VACUUM ANALYZE")


def add(path: Path, url: str) -> None:
    """Put those rows of the SQLite file that are not there into the filled PostgreSQL database at `url`."""
    with closing(sqlite3.connect(path)) as source, psycopg.connect(url.replace("+psycopg", "")) as target:
        target.execute("SET session_replication_role = replica")
        for table in metadata.sorted_tables:
            target.execute(f"CREATE TEMP TABLE fresh (LIKE {table.name})")
            _fill(source, target, table, "fresh")
            target.execute(f"INSERT INTO {table.name} SELECT * FROM fresh ON CONFLICT DO NOTHING")
            target.execute("DROP TABLE fresh")


def _copy(source: sqlite3.Connection, target: psycopg.Connection, table: Table) -> None:
    target.execute(f"TRUNCATE {table.name} CASCADE")
    _fill(source, target, table, table.name)
    if "id" in table.columns and table.columns["id"].autoincrement:
        top = f"(SELECT coalesce(max(id), 1) FROM {table.name})"
        target.execute(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {top})")


def _fill(source: sqlite3.Connection, target: psycopg.Connection, table: Table, name: str) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    flags = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    with target.cursor() as cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as into:
        for row in source.execute(f"SELECT {columns} FROM {table.name}"):
            into.write_row([bool(value) if place in flags else value for place, value in enumerate(row)])
