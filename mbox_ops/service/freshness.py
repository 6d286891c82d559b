"""Summaries of metrics that hold every point, for what decides by them and for what shows them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from mbox_ops.errors import Unavailable
from mbox_ops.store import grouping, series, subjects
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

K = TypeVar("K")
T = TypeVar("T")

_AT_ONCE = 20  # subjects, in one transaction
_DUE = 500
_QUIET = 5_000_000  # microseconds


class Behind(Exception):
    """Summaries that somebody is about to decide by do not hold every point yet.

    Attributes:
        subject_ids: whose they are.
    """

    def __init__(self, subject_ids: Sequence[int]) -> None:
        super().__init__(subject_ids)
        self.subject_ids = subject_ids


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


def fresh_or_as_is(database: Database, read: Callable[[bool], T]) -> T:
    """What is read once summaries hold every point; where nothing can be written, what is read of them as they are.

    Args:
        read: told whether to take them as they are; else it raises `Behind` if they lack some.
    """
    try:
        return read(False)
    except Behind as behind:
        with suppress(Unavailable):
            fold(database, behind.subject_ids)
    return read(True)


class Row(Protocol):
    """A row of a subject that is shown with its summaries."""

    @property
    def subject_id(self) -> int: ...

    @property
    def unfolded(self) -> bool: ...


R = TypeVar("R", bound=Row)


def read_fresh(
    database: Database,
    select: "Callable[[Connection], Sequence[tuple[K, R]]]",
    describe: "Callable[[Connection, Sequence[R]], list[T]]",
) -> list[tuple[K, T]]:
    """The selected rows as one moment saw them, with summaries that hold all points received before the call.

    Args:
        select: gives rows, each with the key of its place in the list.
        describe: what is shown of rows, in their order.
    """
    for is_folded in (False, True):
        with database.read() as conn:
            rows = select(conn)
            unfolded = sorted(row.subject_id for _, row in rows if row.unfolded)
            if is_folded or not unfolded:
                return _shown(conn, rows, describe)
        try:
            fold(database, unfolded)
        except Unavailable:  # or StorageFull: nothing can be written, so they are made for this reader only
            with database.draft() as conn:
                for subject_id in unfolded:
                    series.fold(conn, subject_id=subject_id)
                return _shown(conn, select(conn), describe)
    raise AssertionError("unreachable: the second reading returns")


def _shown(
    conn: "Connection", rows: "Sequence[tuple[K, R]]", describe: "Callable[[Connection, Sequence[R]], list[T]]"
) -> list[tuple[K, T]]:
    shown = describe(conn, [row for _, row in rows])
    return [(key, one) for (key, _), one in zip(rows, shown, strict=True)]


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while some := list(islice(left, _AT_ONCE)):
        yield some
