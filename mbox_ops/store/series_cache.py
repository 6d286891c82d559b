"""What this process remembers of subjects' series, so that a steady stream of batches asks the database nothing.

Memory of a subject is valid only while its arrival counter, read in a transaction that holds the subject's row, is the
one remembered: another process that has written moved it on. It learns only what was committed (`commits.after`).
"""

import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select

from mbox_ops.store import commits
from mbox_ops.store.tables import subjects

_MOST = 4_096  # subjects
_MOST_SERIES = 2_000_000  # of all subjects together


class Known:
    """A series as it is remembered; `top` is its largest step, but at least -1; None if it is not known."""

    __slots__ = ("id", "kind", "top")

    def __init__(self, ident: int, kind: str, top: int | None) -> None:
        self.id, self.kind, self.top = ident, kind, top


class Subject:
    """What is remembered of a subject at `arrival`.

    Attributes:
        total: how many series it has, if that is known.
        folded, points: up to where the summaries hold, and how many points came since.
    """

    __slots__ = ("arrival", "folded", "points", "series", "total", "void")

    def __init__(self, arrival: int, folded: int, *, void: bool = False) -> None:
        self.arrival, self.folded, self.void = arrival, folded, void
        self.points = 0
        self.total: int | None = None
        self.series: dict[int, Known] = {}  # by name id


Memory = OrderedDict[int, Subject]

_lock = threading.Lock()
_memories: WeakKeyDictionary[Engine, Memory] = WeakKeyDictionary()


def _memory(conn: Connection) -> Memory:
    return _memories.setdefault(conn.engine, OrderedDict())


def at(conn: Connection, subject_id: int, arrival: int) -> Subject | None:
    """What is remembered of a subject whose last batch was `arrival`; None if nothing, or nothing valid."""
    with _lock:
        found = _memory(conn).get(subject_id)
        return found if found is not None and not found.void and found.arrival == arrival else None


def keep(conn: Connection, subject_id: int, base: Subject, changed: Subject) -> None:
    """Once the transaction is committed, remember `base` with what `changed` adds to it."""
    before, memory = base.arrival, _memory(conn)

    def learn() -> None:
        with _lock:
            present = memory.get(subject_id)
            if present is base:
                if base.void or base.arrival != before:
                    return
            elif present is not None and present.arrival >= changed.arrival:
                return
            size = len(base.series)
            base.arrival, base.folded, base.points = changed.arrival, changed.folded, changed.points
            base.total = changed.total
            base.series.update(changed.series)
            memory[subject_id] = base
            memory.move_to_end(subject_id)
            if len(base.series) > size:
                _trim(memory)

    commits.after(conn, learn)


def forget(conn: Connection, subject_id: int) -> None:
    """Forget a subject whose writers were replaced in this transaction, which holds its row.

    A void entry stays, so that a slow thread cannot bring back what it learnt before.
    """
    arrival = conn.execute(select(subjects.c.arrival).where(subjects.c.id == subject_id)).scalar_one()
    with _lock:
        _memory(conn)[subject_id] = Subject(arrival, 0, void=True)


def _trim(memory: Memory) -> None:
    while len(memory) > 1 and (
        len(memory) > _MOST or sum(len(subject.series) for subject in memory.values()) > _MOST_SERIES
    ):
        memory.popitem(last=False)
