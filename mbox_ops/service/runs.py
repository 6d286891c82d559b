"""Reading runs, and giving up those whose lease has run out."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.entities.search import RunGroup
from mbox_ops.errors import NotFound
from mbox_ops.search.parser import parse_field, show
from mbox_ops.service import searching
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.cursors import Key, check_limit, page_of
from mbox_ops.service.freshness import Behind, fold_due, fresh_or_as_is, read_fresh
from mbox_ops.service.queries import is_storable
from mbox_ops.service.searching import Search
from mbox_ops.store import grouping, listings, outbox, run_views, runs, subjects
from mbox_ops.store.database import Database
from mbox_ops.store.patience import OutOfTimeError, limited

if TYPE_CHECKING:
    from sqlalchemy import Connection

Rows = Sequence[tuple[Key, runs.RunRow]]
Shown = list[tuple[Key, Run]]

SECOND = 1_000_000  # microseconds
LEASE_SECONDS = 10
MISSES = 3
_GIVEN_UP_AT_ONCE = 200


class Runs:
    """The runs of a service."""

    def __init__(self, database: Database, *, clock: Clock, limits: Limits, lease_seconds: float) -> None:
        self._database = database
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._limits = limits

    def get(self, actor: Actor, run_id: str) -> Run:
        """A run by its id, in any namespace that the token opens.

        Raises:
            NotFound: there is no such live run, or the token does not open its namespace.
        """
        actor.require("read")
        found = self._read(lambda conn: _one(conn, actor, run_id)) if is_storable(run_id) else []
        if not found:
            raise NotFound("run", run_id, actor.namespace)
        return found[0][1]

    def several(self, actor: Actor, run_ids: Sequence[str]) -> "list[Run]":
        """Runs by their ids, as one moment saw them, in the order of the ids.

        Raises:
            NotFound: one of them is no live run, or the token does not open its namespace.
        """
        actor.require("read")

        def select(conn: "Connection") -> Rows:
            found = {run_id: _one(conn, actor, run_id) if is_storable(run_id) else [] for run_id in run_ids}
            missing = next((run_id for run_id, rows in found.items() if not rows), None)
            if missing is not None:
                raise NotFound("run", missing, actor.namespace)
            return [row for rows in found.values() for row in rows]

        return [run for _, run in self._read(select)]

    def groups(self, actor: Actor, query: RunQuery, *, by: str, metric: str | None, limit: int) -> Sequence[RunGroup]:
        """The runs that meet all conditions of the query by their value at a field, most runs first.

        Args:
            query: its order, its limit and its cursor do not count.
            by: a field as the filter language writes it.
            metric: another one, such as `metrics.loss.min`, whose mean, least and greatest number each group gets.
            limit: of the groups.

        Raises:
            InvalidRequest: a condition or a field breaks a rule.
        """
        actor.require("read")
        check_limit(limit, self._limits)
        fields = [show(parse_field(by, field="group"))]
        fields += [] if metric is None else [show(parse_field(metric, field="metric"))]
        query = msgspec.structs.replace(query, sort=",".join(fields), cursor=None, limit=1)
        search = searching.read(query, now=self._clock.now(), limits=self._limits)
        try:
            return fresh_or_as_is(
                self._database, lambda as_is: self._groups(actor.namespace, search, limit, as_is=as_is)
            )
        except OutOfTimeError:
            raise searching.took_too_long(self._limits) from None

    def list(self, actor: Actor, query: RunQuery) -> Page[Run]:
        """A page of the namespace's runs that meet all conditions of the query, newest first unless it says otherwise.

        Names that are not there give an empty page.

        Raises:
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        search = searching.read(query, now=self._clock.now(), limits=self._limits)
        try:
            found = self._find(actor.namespace, search)
            total = self._count(actor.namespace, search) if query.total else None
        except OutOfTimeError:
            raise searching.took_too_long(self._limits) from None
        return msgspec.structs.replace(page_of(search.list_name, found, query.limit), total=total)

    def fold_due(self) -> int:
        """Bring the summaries of runs that have been quiet for a while up to date; returns how many."""
        return fold_due(self._database, now=self._clock.now())

    def expire_leases(self) -> int:
        """Give up running runs that missed three renewals of their lease; returns how many.

        Time in which the server was down is no miss.
        """
        patience = int(MISSES * self._lease_seconds * SECOND)
        given_up = 0
        while self._expired(patience):
            now = self._clock.now()
            with self._database.write() as conn:
                held = runs.expired(conn, now=now, patience=patience, limit=_GIVEN_UP_AT_ONCE, hold=True)
                lost = runs.give_up(conn, held=held, now=now, patience=patience)
                for row in lost:
                    outbox.add(conn, subject_id=row.subject_id, action="updated", at=now, parts=["state"])
            given_up += len(lost)
            if len(held) < _GIVEN_UP_AT_ONCE:
                break
        return given_up

    def _find(self, namespace: str, search: Search) -> Shown:
        return fresh_or_as_is(
            self._database,
            lambda as_is: self._read(lambda conn: self._page(conn, namespace, search, as_is=as_is)),
        )

    def _page(self, conn: "Connection", namespace: str, search: Search, *, as_is: bool) -> Rows:
        with limited(conn, self._limits.search_seconds):
            namespace_id = grouping.namespace_id(conn, name=namespace)
            if namespace_id is None:
                return []
            listing = _listing(conn, namespace_id, search, as_is=as_is)
            if listing is None:
                return []
            positions = listings.page(conn, listing, after=search.after, limit=search.query.limit + 1)
            rows = runs.rows(conn, subject_ids=[position.subject_id for position in positions])
        return [(search.cursor(position), row) for position, row in zip(positions, rows, strict=True)]

    def _groups(self, namespace: str, search: Search, limit: int, *, as_is: bool) -> Sequence[RunGroup]:
        with self._database.read() as conn, limited(conn, self._limits.search_seconds):
            namespace_id = grouping.namespace_id(conn, name=namespace)
            listing = None if namespace_id is None else _listing(conn, namespace_id, search, as_is=as_is)
            return [] if listing is None else listings.groups(conn, listing, limit=limit)

    def _count(self, namespace: str, search: Search) -> int:
        with self._database.read() as conn, limited(conn, self._limits.search_seconds):
            namespace_id = grouping.namespace_id(conn, name=namespace)
            listing = None if namespace_id is None else searching.find(conn, namespace_id, search)
            return 0 if listing is None else listings.count(conn, listing)

    def _expired(self, patience: int) -> bool:
        with self._database.read() as conn:
            return bool(runs.expired(conn, now=self._clock.now(), patience=patience, limit=1))

    def _read(self, select: "Callable[[Connection], Rows]") -> Shown:
        return read_fresh(self._database, select, lambda conn, rows: run_views.describe(conn, rows=rows))


def _listing(conn: "Connection", namespace_id: int, search: Search, *, as_is: bool) -> listings.Listing | None:
    """What a search is in the database; None if its scenario or collection is not there.

    Args:
        as_is: whether or not summaries hold every point.

    Raises:
        Behind: they do not, and the search looks at them.
    """
    if search.uses_metrics() and not as_is and (late := subjects.unfolded(conn, namespace_id=namespace_id)):
        raise Behind(late)
    return searching.find(conn, namespace_id, search)


def _one(conn: "Connection", actor: Actor, run_id: str) -> Rows:
    row = runs.find(conn, uid=run_id)
    return [((row.started_at, row.subject_id), row)] if row is not None and actor.opens(row.namespace) else []
