"""Events of a subject, as they are read."""

from typing import TypeAlias, cast

from mbox_ops.entities.events import EventQuery, StoredEvent
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.entities.spans import Mark, Span, spans_of
from mbox_ops.service.access import Actor
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_int64, check_texts
from mbox_ops.service.reading import live_subject
from mbox_ops.store import events
from mbox_ops.store.database import Database

Spans: TypeAlias = list[Span[StoredEvent]]  # `Events` has a method called `list`


class Events:
    """The events of a service."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def list(self, actor: Actor, subject_id: str, query: EventQuery) -> Page[StoredEvent]:
        """A page of a subject's events, by wallclock.

        Raises:
            NotFound: there is no such live subject, or the token does not open its namespace.
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        check_limit(query.limit, self._limits)
        check_int64("since", query.since)
        check_texts(name=query.name, source=query.source)
        after = cast("tuple[int, int, int] | None", read_cursor("events", query.cursor, (int, int, int)))
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            rows = events.page(
                conn, subject_id=subject.id, parent_id=subject.uid, query=query, after=after, limit=query.limit + 1
            )
        return page_of("events", rows, query.limit)

    def spans(self, actor: Actor, subject_id: str) -> Spans:
        """What took time by a subject's events: the newest 1,000 that begin or end something, by when it began.

        Raises:
            NotFound: there is no such live subject, or the token does not open its namespace.
        """
        actor.require("read")
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            found = events.marks(conn, subject_id=subject.id, parent_id=subject.uid, limit=self._limits.page)
        return spans_of(found, _mark)


def _mark(event: StoredEvent) -> Mark:
    return Mark(event.name, event.source, event.wallclock)
