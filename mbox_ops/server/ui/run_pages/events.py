"""A run's events: what took time on a line, and the list of all."""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from mbox_ops.entities.events import EventQuery, StoredEvent
from mbox_ops.entities.instants import from_text, to_microseconds
from mbox_ops.entities.runs import Run
from mbox_ops.entities.spans import Span
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import render_run, run_of
from mbox_ops.server.ui.visits import Answer, Visit

MOST_BARS = 40
_WIDTH = 1_000  # of the line of time, in its own units


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events: with exactly this name, from exactly this source, since an instant (RFC 3339)."""

    name: str = ""
    source: str = ""
    since: str = ""
    limit: int = 100
    cursor: str | None = None


class Bar(NamedTuple):
    """A span on the line of time: where it begins and how wide it is, of 1,000."""

    span: Span[StoredEvent]
    left: float
    width: float


@page("GET", "/runs/{run_id}/events", scope="read")
def run_events(visit: Visit, run_id: str, query: EventsQuery) -> Answer:
    """The events, by time."""
    visit, run = run_of(visit, run_id)
    asked = EventQuery(
        name=query.name or None,
        source=query.source or None,
        since=_instant(query.since),
        limit=query.limit,
        cursor=query.cursor,
    )
    found = visit.service.events.list(visit.actor, run_id, asked)
    spans = visit.service.events.spans(visit.actor, run_id)
    took = {span.end.id: span.seconds for span in spans if span.end is not None}
    kept = {"name": query.name or None, "source": query.source or None, "since": query.since or None}
    return render_run(
        visit, run, "run/events.html", "events",
        page=found, query=query, took=took,
        bars=bars_of(_matching(spans, query), until=_until(run)), spans=len(spans),
        first=visit.link("/runs", run.id, "events", **kept) if query.cursor else None,
        next=visit.link("/runs", run.id, "events", **kept, cursor=found.next) if found.next else None,
    )  # fmt: skip


def _matching(spans: list[Span[StoredEvent]], query: EventsQuery) -> list[Span[StoredEvent]]:
    """The spans whose beginning or end has the name, from the source."""
    return [
        span
        for span in spans
        if (not query.source or span.source == query.source)
        and (not query.name or query.name in {span.start.name, span.end.name if span.end else ""})
    ]


def _until(run: Run) -> int:
    """How far what has no end has come: to the run's end, or to now."""
    return to_microseconds(run.ended_at or datetime.now(UTC))


def bars_of(spans: list[Span[StoredEvent]], *, until: int) -> list[Bar]:
    """The last spans on one line of time; those without an end reach to `until`, or to the last beginning."""
    shown = spans[-MOST_BARS:]
    if not shown:
        return []
    first = min(span.start.wallclock for span in shown)
    last = max((span.end or span.start).wallclock for span in shown)
    if any(span.end is None for span in shown):
        last = max(last, until)
    unit = _WIDTH / max(last - first, 1)
    bars = []
    for span in shown:
        left = (span.start.wallclock - first) * unit
        end = _WIDTH if span.end is None else (span.end.wallclock - first) * unit
        bars.append(Bar(span, round(left, 2), round(max(end - left, 2), 2)))
    return bars


def _instant(text: str) -> int | None:
    if not text.strip():
        return None
    found = from_text(text.strip())
    if found is None:
        raise InvalidRequest(
            f"since takes a date or time such as 2026-11-21T10:00 (UTC), not {text[:60]!r}.", field="since", value=text
        )
    return found
