"""Summaries of metrics that hold every point, for what decides by them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from mbox_ops.store import grouping, series, subjects
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

_AT_ONCE = 20  # subjects, in one transaction
_DUE = 500
_QUIET = 5_000_000  # microseconds


def fold_all(database: Database, namespace: str) -> None:
    """Bring the summaries of a namespace's live runs up to date, in small transactions.

    Raises:
        Unavailable: nothing can be written, so nothing should be decided.
    """
    with database.read() as conn:
        namespace_id = grouping.namespace_id(conn, name=namespace)
        unfolded = [] if namespace_id is None else subjects.unfolded(conn, namespace_id=namespace_id)
    fold(database, unfolded)


def fold_due(database: Database, *, now: int) -> int:
    """The same for some runs that have been quiet for a while, so that readers find little to do; returns how many."""
    with database.read() as conn:
        due = subjects.unfolded_since(conn, before=now - _QUIET, limit=_DUE)
    fold(database, due)
    return len(due)


def fold(database: Database, subject_ids: Iterable[int]) -> None:
    """Bring the summaries of these up to date, in small transactions.

    Raises:
        Unavailable: nothing can be written.
    """
    for some in _parts(subject_ids):
        with database.write() as conn:
            for subject_id in some:
                series.fold(conn, subject_id=subject_id)


def fold_rest(conn: "Connection", namespace_id: int) -> None:
    """The same for what has come since, in the transaction that decides."""
    for subject_id in subjects.unfolded(conn, namespace_id=namespace_id):
        series.fold(conn, subject_id=subject_id)


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while some := list(islice(left, _AT_ONCE)):
        yield some
