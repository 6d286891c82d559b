"""The changes of a namespace, in order, from a cursor; and sweeping out those that are too old."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from mbox_ops.entities.changes import Change, ChangePage, ChangeQuery, WatchQuery
from mbox_ops.entities.instants import to_datetime, to_microseconds
from mbox_ops.entities.limits import Limits
from mbox_ops.errors import CursorExpired, InvalidRequest
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.cursors import check_limit, read_cursor, write_cursor
from mbox_ops.service.queries import check_int64, check_texts
from mbox_ops.store import changes
from mbox_ops.store.changes import ChangeRow, Position
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Changes", "Position", "Told", "is_wanted"]

SECOND = 1_000_000  # microseconds
MARGIN = 10 * 60 * SECOND  # by which instants of changes may be out of order, and which no transaction takes
SWEPT_AT_ONCE = 1_000
REST_SECONDS = 0.02


class Told(NamedTuple):
    """Changes after a position, in order, each with its own.

    Attributes:
        end: where to go on.
        more: there are further ones already.
        waiting: there are some that an open transaction keeps from being read.
    """

    changes: list[tuple[Position, Change]]
    end: Position
    more: bool
    waiting: bool


class Changes:
    """The change feed of a service."""

    def __init__(self, database: Database, *, clock: Clock, limits: Limits) -> None:
        self._database, self._clock, self._limits = database, clock, limits
        self._name: str | None = None
        self._naming = threading.Lock()

    def page(self, actor: Actor, query: ChangeQuery) -> ChangePage:
        """A page of the namespace's changes, as they are now; `wait` is for who can wait.

        Raises:
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
            CursorExpired: what changed behind the cursor is not kept any more.
        """
        check_limit(query.limit, self._limits)
        self.check_wait(query.wait)
        found = self.read(actor.namespace, self.begin(actor, query), limit=query.limit, since=query.since)
        items = [change for _, change in found.changes if is_wanted(change, query)]
        return ChangePage(items=items, next=self.cursor(found.end), more=found.more)

    def begin(self, actor: Actor, query: WatchQuery) -> Position:
        """Where to begin to read.

        Raises:
            InvalidRequest: a condition or the cursor breaks a rule.
            CursorExpired: what changed behind the cursor is not kept any more, or it is of another feed.
        """
        actor.require("read")
        check_int64("since", query.since)
        check_texts(scenario=query.scenario, subject=query.subject)
        name = self._feed_name()
        with self._database.read() as conn:
            if query.cursor is not None:
                return self._position(conn, query.cursor, name)
            if query.since is None:
                return changes.end(conn)
            namespace_id = changes.namespace_ids(conn, [actor.namespace]).get(actor.namespace, 0)
            gone = changes.swept_to(conn, namespace_id=namespace_id)
            return max(changes.first_since(conn, query.since, margin=MARGIN), gone)

    def read(self, namespace: str, after: Position, *, limit: int, since: int | None = None) -> Told:
        """At most `limit` changes of a namespace after a position, those before the instant `since` left out.

        Raises:
            CursorExpired: what changed behind the position is not kept any more.
        """
        found = self.read_all({namespace: after}, limit=limit, since=since)[namespace]
        if found is None:
            raise self._expired()
        return found

    def read_all(
        self, after: Mapping[str, Position], *, limit: int, since: int | None = None
    ) -> dict[str, Told | None]:
        """The same of several namespaces, as one moment saw them; None where changes are not kept any more."""
        with self._database.read() as conn:
            ids = changes.namespace_ids(conn, list(after))
            return {
                name: self._read(conn, ids[name], position, limit, since)
                if name in ids
                else Told([], position, more=False, waiting=False)
                for name, position in after.items()
            }

    def end(self) -> Position:
        """Where the feed ends now."""
        with self._database.read() as conn:
            return changes.end(conn)

    def cursor(self, position: Position) -> str:
        """The cursor that goes on behind a position."""
        return write_cursor("changes", (self._feed_name(), *position))

    def sweep(self) -> int:
        """Drop changes that are kept no longer, for a second at the most; returns how many.

        It lets writers in between. The first call in a new database names its feed.
        """
        self._feed_name()
        before, swept = self._clock.now() - self._limits.changes_seconds * SECOND, 0
        until = time.monotonic() + 1.0
        while True:
            with self._database.write() as conn:
                count = changes.sweep(conn, before=before, limit=SWEPT_AT_ONCE)
            swept += count
            if count < SWEPT_AT_ONCE or time.monotonic() >= until:
                return swept
            time.sleep(REST_SECONDS)

    def on_commit(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called after each commit of this process, in the thread of the writer; returns what ends that."""
        return self._database.on_commit(call)

    def check_wait(self, seconds: int) -> None:
        """Refuse to wait too long.

        Raises:
            InvalidRequest: it is not 0 to the limit.
        """
        if not 0 <= seconds <= self._limits.wait_seconds:
            raise InvalidRequest(
                f"wait is {seconds}; it takes 0 to {self._limits.wait_seconds} seconds.",
                field="wait", limit=self._limits.wait_seconds, value=seconds,
            )  # fmt: skip

    def _read(
        self, conn: "Connection", namespace_id: int, after: Position, limit: int, since: int | None
    ) -> Told | None:
        if after < changes.swept_to(conn, namespace_id=namespace_id):
            return None
        rows, waiting = changes.read(conn, namespace_id=namespace_id, after=after, since=since, limit=limit + 1)
        told = [(row.position, self._change(row)) for row in rows[:limit]]
        return Told(told, told[-1][0] if told else after, more=len(rows) > limit, waiting=waiting)

    def _change(self, row: ChangeRow) -> Change:
        return Change(
            cursor=self.cursor(row.position),
            action=row.action,
            kind=row.kind,
            id=row.uid,
            at=to_datetime(row.at),
            parts=row.parts.split(",") if row.parts else [],
            scenario=row.scenario,
            scenario_id=row.scenario_uid,
            name=row.name,
            status=row.status,
        )

    def _position(self, conn: "Connection", cursor: str, name: str) -> Position:
        of, *numbers = cast("tuple[str, int, int]", read_cursor("changes", cursor, (str, int, int)))
        position = Position(*numbers)
        if of != name or not changes.is_there(conn, position):
            raise CursorExpired(
                "The cursor is of another state of the database, such as before it was restored or moved. Ask for a new"
                " one, look at all there is, then go on from it."
            )
        return position

    def _feed_name(self) -> str:
        with self._naming:
            if self._name is None:
                self._name = self._named()
            return self._name

    def _named(self) -> str:
        with self._database.read() as conn:
            found = changes.feed_name(conn)
        if found is not None:
            return found
        with self._database.write() as conn:
            return changes.name_feed(conn)

    def _expired(self) -> CursorExpired:
        days = self._limits.changes_seconds / 86_400
        return CursorExpired(
            f"What changed behind this cursor is not kept any more: changes are kept for {days:g} days. Ask for a new"
            " cursor, look at all there is, then go on from it.",
            kept_seconds=self._limits.changes_seconds,
        )


def is_wanted(change: Change, query: WatchQuery) -> bool:
    """Whether a change meets the conditions of a query."""
    return (
        (query.since is None or to_microseconds(change.at) >= query.since)
        and (query.kind is None or change.kind in query.kind)
        and (query.scenario is None or query.scenario in (change.scenario, change.scenario_id))
        and (query.subject is None or query.subject == change.id)
    )
