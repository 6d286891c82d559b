"""Spans: an event `x_started` and the `x_finish` or `x_finished` that follows it from the same source."""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

import msgspec

E = TypeVar("E")

BEGIN = "_started"
ENDS = ("_finished", "_finish")


class Mark(NamedTuple):
    """What pairs events: their name, who says so, and when, in microseconds since 1970 UTC."""

    name: str
    source: str
    at: int


class Span(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """Something that took time.

    Attributes:
        name: what the two events have in common: `x`.
        source: who said so.
        start: the event `x_started`.
        end: the event `x_finish` or `x_finished`; None: it has not come yet.
        seconds: how long it took; None without an end.
    """

    name: str
    source: str
    start: E
    end: E | None = None
    seconds: float | None = None


def spans_of(events: Iterable[E], mark: Callable[[E], Mark]) -> list[Span[E]]:
    """The spans among events that come in order of time, by their starts.

    An end goes with the latest start of its name and source that has no end yet, so that spans may lie in one another,
    and a start whose end was never logged leaves the others alone. An end without a start is none.
    """
    spans: list[Span[E]] = []
    begun: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for event in events:
        name, source, at = mark(event)
        if stem := _stem(name, BEGIN):
            begun.setdefault((stem, source), []).append((len(spans), at))
            spans.append(Span(name=stem, source=source, start=event))
        elif (stem := _stem(name, *ENDS)) and (waiting := begun.get((stem, source))):
            place, since = waiting.pop()
            spans[place] = msgspec.structs.replace(spans[place], end=event, seconds=(at - since) / 1_000_000)
    return spans


def _stem(name: str, *endings: str) -> str:
    """A name without its ending; empty if it has none of them."""
    return next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), "")
