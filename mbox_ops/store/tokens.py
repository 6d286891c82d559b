"""Tokens as rows: only the SHA-256 of a secret is kept."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.tokens import Scope, Token
from mbox_ops.store.tables import tokens as table


def insert(
    conn: Connection, *, uid: str, name: str, hash: bytes, scopes: Sequence[Scope], namespaces: Sequence[str],
    created_at: int, expires_at: int | None,
) -> None:  # fmt: skip
    """A new token; nothing happens when its secret is known already."""
    row = {
        "uid": uid, "name": name, "hash": hash, "scopes": _text(scopes), "namespaces": _text(namespaces),
        "created_at": created_at, "expires_at": expires_at,
    }  # fmt: skip
    sql_insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    conn.execute(sql_insert(table).values(row).on_conflict_do_nothing(index_elements=["hash"]))


def find_by_hash(conn: Connection, *, hash: bytes) -> Token | None:
    """The token whose secret has that SHA-256, usable or not."""
    row = conn.execute(select(table).where(table.c.hash == hash)).one_or_none()
    return None if row is None else _token(row)


def find(conn: Connection, *, uid: str) -> Token | None:
    """A token by its id, usable or not."""
    row = conn.execute(select(table).where(table.c.uid == uid)).one_or_none()
    return None if row is None else _token(row)


def every(conn: Connection) -> list[Token]:
    """All tokens that were ever made, newest first."""
    return [_token(row) for row in conn.execute(select(table).order_by(table.c.id.desc()))]


def revoke(conn: Connection, *, uid: str, at: int) -> None:
    """End a token; one that was revoked before keeps its instant."""
    conn.execute(sql_update(table).where(table.c.uid == uid, table.c.revoked_at.is_(None)).values(revoked_at=at))


def any_made(conn: Connection) -> bool:
    """Whether a token was ever made, usable or not."""
    return conn.execute(select(table.c.id).limit(1)).scalar() is not None


def _token(row: Any) -> Token:
    return Token(
        id=row.uid,
        name=row.name,
        scopes=msgspec.json.decode(row.scopes, type=list[Scope]),
        namespaces=msgspec.json.decode(row.namespaces, type=list[str]),
        created_at=to_datetime(row.created_at),
        expires_at=None if row.expires_at is None else to_datetime(row.expires_at),
        revoked_at=None if row.revoked_at is None else to_datetime(row.revoked_at),
    )


def _text(value: Sequence[str]) -> str:
    return msgspec.json.encode(list(value)).decode()
