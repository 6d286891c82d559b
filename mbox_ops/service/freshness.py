"""Summaries of metrics that hold every point, for what decides by them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from mbox_ops.store import grouping, series, subjects
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

_AT_ONCE = 20  # subjects, in one transaction


def fold_all(database: Database, namespace: str) -> None:
    """Bring the summaries of a namespace's live runs up to date, in small transactions.

    Raises:
        Unavailable: nothing can be written, so nothing should be decided.
    """
    with database.read() as conn:
        namespace_id = grouping.namespace_id(conn, name=namespace)
        unfolded = [] if namespace_id is None else subjects.unfolded(conn, namespace_id=namespace_id)
    for some in _parts(unfolded):
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
