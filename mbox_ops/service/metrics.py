"""Reading metrics, and sealing what was written of them."""

import time
from typing import TYPE_CHECKING, cast

import numpy as np

from mbox_ops.entities.metrics import HistoryQuery, Kind, MetricHistory, MetricSummary
from mbox_ops.errors import InvalidRequest, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.cursors import read_cursor, write_cursor
from mbox_ops.service.queries import is_storable
from mbox_ops.service.reading import live_subject
from mbox_ops.store import chunks, history, segments, series, subjects
from mbox_ops.store.database import Database
from mbox_ops.store.parts import Place
from mbox_ops.store.points import Ints, Values

if TYPE_CHECKING:
    from sqlalchemy import Connection

Histories = list[MetricHistory]

_CURSOR = "history"


class Metrics:
    """The metrics of a service's subjects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor, subject_id: str) -> list[MetricSummary]:
        """The summaries of a subject's series, by name.

        Raises:
            NotFound: there is no such live subject, or the token does not open its namespace.
        """
        actor.require("read")
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            if subject.folded >= subject.arrival:
                return [*series.summaries(conn, subject_ids=[subject.id])[subject.id].values()]
        try:
            with self._database.write() as conn:
                return _folded(conn, actor, subject_id)
        except Unavailable:  # nothing can be written now, such as on a full disk
            with self._database.draft() as conn:
                return _folded(conn, actor, subject_id)

    def history(self, actor: Actor, subject_id: str, query: HistoryQuery) -> Histories:
        """The points of series in history order, numeric columns packed.

        Series come by name, or as they were asked for; a name that is not there has an empty history.

        Raises:
            InvalidRequest: the limit is below 1, or `after` is no cursor or stands beside several names.
            NotFound: there is no such live subject, or the token does not open its namespace.
        """
        actor.require("read")
        after = _check(query)
        wanted = None if query.names is None else list(dict.fromkeys(query.names))
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            names = None if wanted is None else [name for name in wanted if is_storable(name)]
            found = history.read(
                conn, subject_id=subject.id, wanted=names, limit=query.limit, after=after, received=query.received
            )
        shown = {points.name: _shown(points) for points in found}
        return list(shown.values()) if wanted is None else [shown.get(name) or _empty(name) for name in wanted]

    def seal(self, subject_id: str) -> int:
        """Move all points of a subject from segments into chunks; returns how many segments went.

        Small transactions; another process that does the same meanwhile does no harm.
        """
        with self._database.read() as conn:
            subject = subjects.find(conn, uid=subject_id)
        return 0 if subject is None else self._seal(subject.id)

    def seal_due(self, *, seconds: float = 2.0) -> int:
        """Seal the subjects that have gathered many segments, and those that have ended; returns how many.

        Args:
            seconds: about how long to work; what is left is for the next call, so that no other job has to wait.
        """
        ends = time.monotonic() + seconds
        with self._database.read() as conn:
            due = segments.due(conn)
        for done, subject_id in enumerate(due, 1):
            self._seal(subject_id)
            if time.monotonic() >= ends:
                return done
        return len(due)

    def _seal(self, subject_id: int) -> int:
        with self._database.write() as conn:
            series.fold(conn, subject_id=subject_id)
        sealed = 0
        while True:
            with self._database.read() as conn:
                planned = chunks.plan(conn, subject_id=subject_id)
            if planned is None:
                break
            try:
                with self._database.write() as conn:
                    chunks.move(conn, planned)
            except chunks.Overtaken:
                return sealed
            sealed += planned.segments
        while True:
            with self._database.write() as conn:
                if not chunks.drop_replaced(conn, subject_id=subject_id):
                    return sealed


def _folded(conn: "Connection", actor: Actor, subject_id: str) -> list[MetricSummary]:
    subject = live_subject(conn, actor, subject_id)
    series.fold(conn, subject_id=subject.id)
    return [*series.summaries(conn, subject_ids=[subject.id])[subject.id].values()]


def _check(query: HistoryQuery) -> Place | None:
    if query.limit is not None and query.limit < 1:
        raise InvalidRequest(
            f"limit is {query.limit}; it must be at least 1, or be left out for all.", field="limit", limit=1,
            value=query.limit,
        )  # fmt: skip
    if query.after is not None and len(set(query.names or ())) != 1:
        raise InvalidRequest(
            "after goes on with one series; give exactly one name beside it.", field="after", value=query.after
        )
    return cast("Place | None", read_cursor(_CURSOR, query.after, (int, int, int, int), field="after"))


def _shown(points: history.Points) -> MetricHistory:
    values = points.values
    return MetricHistory(
        name=points.name,
        kind=cast("Kind", points.kind),
        total=points.total,
        truncated=points.truncated,
        steps=_packed(points.steps, "<i8"),
        wallclocks=_packed(points.wallclocks, "<i8"),
        received_ats=None if points.received_ats is None else _packed(points.received_ats, "<i8"),
        values=_packed(values, "<f8") if points.kind == "float" else values.tolist(),
        next=write_cursor(_CURSOR, points.end) if points.truncated and points.end is not None else None,
    )


def _packed(column: Ints | Values, kind: str) -> bytes:
    """A column as it is sent; not copied, since it is encoded at once."""
    return cast("bytes", np.ascontiguousarray(column, kind).data.cast("B")) if len(column) else b""


def _empty(name: str) -> MetricHistory:
    return MetricHistory(
        name=name, kind="float", total=0, truncated=False, steps=b"", wallclocks=b"", received_ats=b"", values=b""
    )
