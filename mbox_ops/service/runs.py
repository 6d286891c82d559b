"""Reading runs, and giving up those whose lease has run out."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.cursors import Key, check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts, is_storable
from mbox_ops.store import grouping, outbox, run_views, runs, series
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

Rows = Sequence[tuple[Key, runs.RunRow]]
Shown = list[tuple[Key, Run]]

SECOND = 1_000_000  # microseconds
LEASE_SECONDS = 10
MISSES = 3
_FOLDED_AT_ONCE = 20  # subjects, in one transaction
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

    def list(self, actor: Actor, query: RunQuery) -> Page[Run]:
        """A page of the namespace's runs that meet all conditions of the query, newest first unless it says otherwise.

        Names that are not there give an empty page.

        Raises:
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        _check(query, self._limits)
        order = f"runs {query.sort}"
        after = cast("tuple[int, int] | None", read_cursor(order, query.cursor, (int, int)))
        found = self._read(lambda conn: _page(conn, actor.namespace, query, after))
        return page_of(order, found, query.limit)

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
                    outbox.add(conn, namespace_id=row.namespace_id, subject_uid=row.uid, action="updated", at=now)
            given_up += len(lost)
            if len(held) < _GIVEN_UP_AT_ONCE:
                break
        return given_up

    def _expired(self, patience: int) -> bool:
        with self._database.read() as conn:
            return bool(runs.expired(conn, now=self._clock.now(), patience=patience, limit=1))

    def _read(self, select: "Callable[[Connection], Rows]") -> Shown:
        """The selected runs as one moment saw them, with summaries that hold all points received before the call."""
        for is_folded in (False, True):
            with self._database.read() as conn:
                rows = select(conn)
                unfolded = [row.subject_id for _, row in rows if row.unfolded]
                if is_folded or not unfolded:
                    shown = run_views.describe(conn, rows=[row for _, row in rows])
                    return [(key, run) for (key, _), run in zip(rows, shown, strict=True)]
            self._fold(sorted(unfolded))
        raise AssertionError("unreachable: the second reading returns")

    def _fold(self, subject_ids: Sequence[int]) -> None:
        for start in range(0, len(subject_ids), _FOLDED_AT_ONCE):
            with self._database.write() as conn:
                for subject_id in subject_ids[start : start + _FOLDED_AT_ONCE]:
                    series.fold(conn, subject_id=subject_id)


def _one(conn: "Connection", actor: Actor, run_id: str) -> Rows:
    row = runs.find(conn, uid=run_id)
    return [((row.started_at, row.subject_id), row)] if row is not None and actor.opens(row.namespace) else []


def _page(conn: "Connection", namespace: str, query: RunQuery, after: tuple[int, int] | None) -> Rows:
    namespace_id = grouping.namespace_id(conn, name=namespace)
    if namespace_id is None:
        return []
    scenario_id = collection_ids = None
    if query.scenario is not None:
        found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=[query.scenario])
        if not found:
            return []
        scenario_id = found[query.scenario].id
    if query.collection is not None:
        collection_ids = grouping.find_collections(conn, namespace_id=namespace_id, entry=query.collection)
    where = runs.conditions(query, namespace_id=namespace_id, scenario_id=scenario_id, collection_ids=collection_ids)
    newest_first = query.sort == "-started_at"
    return runs.page(conn, where=where, newest_first=newest_first, after=after, limit=query.limit + 1)


def _check(query: RunQuery, limits: Limits) -> None:
    check_limit(query.limit, limits)
    texts = ("scenario", "scenario_version", "pipeline", "notebook", "execution", "run_id", "key", "external_id")
    check_texts(**{name: getattr(query, name) for name in texts}, collection=query.collection)
    if len(query.tags) > limits.tags:
        raise InvalidRequest(
            f"tags holds {len(query.tags)} tags; the limit is {limits.tags}.", field="tags", limit=limits.tags,
            value=len(query.tags),
        )  # fmt: skip
    for key, value in query.tags.items():
        check_texts(**{"tag key": key, f"tag {key!r:.40}": value})
    if query.notebook is not None and query.scenario is None and query.run_id is None:
        raise InvalidRequest(
            f"notebook needs scenario or run_id beside it, since notebooks of many share a name: {query.notebook!r}",
            field="notebook", value=query.notebook,
        )  # fmt: skip
