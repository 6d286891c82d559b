"""Writers as rows: one per producer, a stream of batches to one subject."""

import hashlib
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.writers import Writer
from mbox_ops.store.tables import writers as table


class WriterRow(NamedTuple):
    """A producer's row."""

    id: int
    subject_id: int
    origin: str
    epoch: int
    seq: int
    replaced: bool


_BY_PRODUCER: Select[Any] = select(
    table.c.id, table.c.subject_id, table.c.origin, table.c.epoch, table.c.seq, table.c.replaced
).where(table.c.producer == bindparam("producer"))
_SAME_ORIGIN = (
    table.c.subject_id == bindparam("of_subject"),
    table.c.origin_hash == bindparam("of_hash"),
    table.c.origin == bindparam("of_origin"),
)
_NEWEST = select(func.max(table.c.epoch)).where(*_SAME_ORIGIN)
_ADVANCE = sql_update(table).where(table.c.id == bindparam("of")).values(
    seq=bindparam("new_seq"), lost=table.c.lost + bindparam("more_lost"), updated_at=bindparam("now")
)  # fmt: skip
_REPLACE = (
    sql_update(table)
    .where(*_SAME_ORIGIN, table.c.epoch < bindparam("of_epoch"), table.c.replaced.is_(False))
    .values(replaced=True)
    .returning(table.c.id)
)


def find(conn: Connection, *, producer: str) -> WriterRow | None:
    """The row of a producer."""
    row = conn.execute(_BY_PRODUCER, {"producer": producer}).one_or_none()
    return None if row is None else WriterRow(*row)


def newest_epoch(conn: Connection, *, subject_id: int, origin: str) -> int | None:
    """The newest epoch in which an origin has written to a subject, replaced or not."""
    return conn.execute(_NEWEST, _origin(subject_id, origin)).scalar()


def replace_older(conn: Connection, *, subject_id: int, origin: str, epoch: int) -> list[int]:
    """Mark what older epochs of an origin wrote to a subject as replaced; returns the writers this has changed."""
    return list(conn.execute(_REPLACE, {**_origin(subject_id, origin), "of_epoch": epoch}).scalars())


def insert(conn: Connection, *, subject_id: int, writer: Writer, lost: int, now: int) -> int | None:
    """Make a producer's row with its first batch; None if the producer writes to another subject at this moment."""
    row = {
        "subject_id": subject_id, "origin": writer.origin, "origin_hash": hash_of(writer.origin),
        "epoch": writer.epoch, "producer": writer.producer, "seq": writer.seq, "lost": lost, "replaced": False,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    sql_insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    statement = sql_insert(table).values(row).on_conflict_do_nothing(index_elements=["producer"])
    return conn.execute(statement.returning(table.c.id)).scalar()


def advance(conn: Connection, *, writer_id: int, seq: int, lost: int, now: int) -> None:
    """Count a batch of a known producer, and those that it proves lost."""
    conn.execute(_ADVANCE, {"of": writer_id, "new_seq": seq, "more_lost": lost, "now": now})


def is_first(conn: Connection, *, writer: WriterRow) -> bool:
    """Whether a writer is the one that made its subject."""
    first = select(func.min(table.c.id)).where(table.c.subject_id == writer.subject_id)
    return conn.execute(first).scalar() == writer.id


def first_at(conn: Connection, *, subject_id: int) -> int | None:
    """When the first of a subject's present writers began, by the server's time."""
    present = (table.c.subject_id == subject_id, table.c.replaced.is_(False))
    return conn.execute(select(func.min(table.c.created_at)).where(*present)).scalar()


def _origin(subject_id: int, origin: str) -> dict[str, object]:
    return {"of_subject": subject_id, "of_hash": hash_of(origin), "of_origin": origin}


def hash_of(origin: str) -> bytes:
    """What an origin is looked up by: it may be longer than an index row of PostgreSQL."""
    return hashlib.sha256(origin.encode()).digest()
