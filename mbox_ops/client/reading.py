"""Lists that fetch further pages, and the nouns that are read: metrics, events, scenarios, collections."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from mbox_ops.client.clock import microseconds
from mbox_ops.client.curves import MetricCurve, read_curves
from mbox_ops.client.history import MetricHistory, MetricSummary
from mbox_ops.client.references import Ref, ident, idents
from mbox_ops.client.shown import Shown
from mbox_ops.client.values import Event, Wallclock, event_of
from mbox_ops.entities import grouping, metrics
from mbox_ops.entities.events import StoredEvent
from mbox_ops.entities.pages import Items, Page
from mbox_ops.entities.search import Axis, SeriesRef

if TYPE_CHECKING:
    import pandas

    from mbox_ops.client.connection import Connection

E = TypeVar("E")
T = TypeVar("T")

PAGE = 1_000
PART = 100_000

Histories: TypeAlias = list[MetricHistory]  # `Metrics` has a method called `list`
Curves: TypeAlias = list[MetricCurve]
_Parts: TypeAlias = list[metrics.MetricHistory]


class Listing(Generic[T]):
    """A list on the server: walking it fetches page after page, and walking it again asks again.

    Example:
        >>> for event in client.events.list(run_id):  # doctest: +SKIP
        ...     print(event.name)
    """

    def __init__(self, fetch: "Callable[[str | None, int], Page[Any]]", make: Callable[[Any], T], limit: int | None):
        self._fetch = fetch
        self._make = make
        self._limit = limit

    def __iter__(self) -> Iterator[T]:
        cursor: str | None = None
        left = self._limit
        while left is None or left > 0:
            page = self._fetch(cursor, PAGE if left is None else min(left, PAGE))
            yield from map(self._make, page.items)
            cursor = page.next
            if cursor is None:
                return
            left = None if left is None else left - len(page.items)

    def _repr_html_(self) -> str:
        from mbox_ops.client.html.views import items_page

        return items_page(self)

    def to_pandas(self) -> "pandas.DataFrame":
        """The items as a table, one a row, one column for each of their attributes. It needs pandas."""
        from mbox_ops.client.tables import frame

        return frame(self)


def listing(
    connection: "Connection",
    path: str,
    kind: type[E],
    make: Callable[[E], T],
    /,
    *,
    limit: int | None = None,
    **query: object,
) -> Listing[T]:
    """The list at `path`, at most `limit` items of it."""

    def fetch(cursor: str | None, size: int) -> Page[E]:
        return connection.get(path, Page[kind], limit=size, cursor=cursor, **query)  # type: ignore[valid-type]

    return Listing(fetch, make, limit)


def segment(text: str) -> str:
    """An id or a name as one segment of a path."""
    return quote(text, safe="")


def same(item: T) -> T:
    """What is read, as it is."""
    return item


class Metrics:
    """What is read of a run's metrics."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def list(self, subject: Ref) -> dict[str, MetricSummary]:
        """The summaries of all series of a run, by name."""
        subject_id = self._connection.ready(subject)
        path = f"/runs/{segment(subject_id)}/metrics"
        answer = self._connection.get(path, Items[metrics.MetricSummary])
        return {summary.name: MetricSummary(summary) for summary in answer.items}

    def history(self, subject: Ref, names: Sequence[str] | str | None = None, limit: int | None = 1_000) -> Histories:
        """The points of some series of a run.

        Args:
            subject: the run or its id.
            names: the series, in the order wanted; all of them if they are not given. An unknown one has no points.
            limit: the most points of each series, the first ones by step; None for all.

        Raises:
            NotFound: there is no such run.
        """
        subject_id = self._connection.ready(subject)
        path = f"/runs/{segment(subject_id)}/metrics/history"
        wanted = [names] if isinstance(names, str) else names
        if wanted is not None and not wanted:
            return []
        shown: int | str = "all" if limit is None else limit
        answer = self._connection.get(path, Items[metrics.MetricHistory], name=wanted, limit=shown, received=False)
        return Shown(MetricHistory(self._whole(path, part, limit)) for part in answer.items)

    def parts(self, subject: Ref, name: str) -> Iterator[MetricHistory]:
        """All points of one series, in parts of 100,000: for more than one wants to hold in memory.

        Raises:
            NotFound: there is no such run.
        """
        path = f"/runs/{segment(self._connection.ready(subject))}/metrics/history"
        query: dict[str, object] = {"name": [name], "limit": PART, "received": False}
        while True:
            (part,) = self._connection.get(path, Items[metrics.MetricHistory], **query).items
            yield MetricHistory([part])
            if not part.truncated:
                return
            query["after"] = part.next

    def curves(
        self,
        subjects: Ref | Iterable[Ref],
        names: Sequence[str] | str,
        *,
        x: Axis = "step",
        max_points: int = 1_000,
        first_step: int | None = None,
        last_step: int | None = None,
    ) -> Curves:
        """Numeric series thinned out for a chart: of any length, quickly, and without hiding a spike.

        Args:
            subjects: one or more runs or their ids.
            names: one or more metrics; each of each run. One that is not there gives an empty curve.
            x: what the points are spread over: `step`, `wallclock`, or `relative`, the time since the first point.
            max_points: 4 to 100,000 of each series.
            first_step: only from this step on.
            last_step: only up to this step.

        Returns:
            Curves, run by run, each with `xs`, `steps`, `wallclocks`, `values`, `total` and `thinned`.

        Example:
            >>> for curve in client.metrics.curves([one, other], "loss"):  # doctest: +SKIP
            ...     pyplot.plot(curve.xs, curve.values, label=curve.run_id)
        """
        wanted = [names] if isinstance(names, str) else names
        runs = map(self._connection.ready, idents("subjects", subjects))
        series = [SeriesRef(run_id=run_id, name=name) for run_id in runs for name in wanted]
        return read_curves(
            self._connection, series, x=x, max_points=max_points, first_step=first_step, last_step=last_step
        )

    def _whole(self, path: str, part: metrics.MetricHistory, limit: int | None) -> _Parts:
        """`part` and, where all points are wanted and the server gave them in parts, those that follow."""
        parts = [part]
        while limit is None and parts[-1].truncated:
            query = {"name": [part.name], "limit": "all", "after": parts[-1].next, "received": False}
            parts += self._connection.get(path, Items[metrics.MetricHistory], **query).items
        return parts


class Events:
    """What is read of events."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def list(
        self,
        subject: Ref,
        *,
        since: Wallclock | None = None,
        name: str | None = None,
        source: str | None = None,
        limit: int | None = None,
    ) -> Listing[Event]:
        """The events of a run, ordered by their time.

        Args:
            subject: the run or its id.
            since: only those at that time or later.
            name: only those of that name.
            source: only those of that source.
            limit: at most so many; all if it is not given.
        """
        from_at = None if since is None else microseconds(since, "since")
        subject_id = self._connection.ready(subject)
        path = f"/runs/{segment(subject_id)}/events"
        query = {"since": from_at, "name": name, "source": source}
        return listing(self._connection, path, StoredEvent, event_of, limit=limit, **query)


class Scenarios:
    """What is read of scenarios."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def list(self, *, limit: int | None = None) -> Listing[grouping.Scenario]:
        """The namespace's scenarios that have live runs."""
        self._connection.flush()
        return listing(self._connection, "/scenarios", grouping.Scenario, same, limit=limit)

    def get(self, scenario: Ref) -> grouping.Scenario:
        """A scenario by id or name; an id beats a name.

        Raises:
            NotFound: there is none.
        """
        self._connection.flush()
        return self._connection.get(f"/scenarios/{segment(ident('scenario', scenario) or '')}", grouping.Scenario)


class Collections:
    """What is read of run collections."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def list(self, *, scenario: Ref | None = None, limit: int | None = None) -> Listing[grouping.RunCollection]:
        """The namespace's run collections that have live runs, of one scenario if it is given."""
        self._connection.flush()
        query = {"scenario": ident("scenario", scenario)}
        return listing(self._connection, "/collections", grouping.RunCollection, same, limit=limit, **query)
