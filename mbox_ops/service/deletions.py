"""Deleting runs: previewed, then done at once and for everybody, undone while the window is open, purged after it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from mbox_ops.entities.deletions import Counts, CreateDeletion, Deletion, Selector
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.errors import Conflict, NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts, is_storable
from mbox_ops.service.selectors import check_selector
from mbox_ops.store import deletions, grouping, purging, runs, subjects, tallies
from mbox_ops.store.database import Database
from mbox_ops.store.deletions import Report

if TYPE_CHECKING:
    from sqlalchemy import Connection

SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
UNDO_DAYS = 7
QUIET_DAYS = 7  # a run without a lease counts as alive for so long after its last write
LOST_DAYS = 1  # and a lost one for so long after it was given up
_LISTED = 100  # ids in a report or an error
_PURGE_ROWS = 500  # dropped in one transaction


class _Chosen(NamedTuple):
    """What a selector stands for in the database."""

    targets: tallies.Targets
    spared: int  # protected runs that it would have taken
    scenarios: list[str]  # names of the scenarios it names that have live runs
    not_found: list[str]


class Deletions:
    """The deletions of a service."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        limits: Limits,
        new_id: Callable[[], str],
        undo_seconds: int = UNDO_DAYS * 86_400,
    ) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits
        self._new_id = new_id
        self._undo = undo_seconds * SECOND

    def create(self, actor: Actor, request: CreateDeletion) -> Deletion:
        """Delete the runs of the namespace that a selector takes, or only count them (`dry_run`).

        Runs with the tag `mbox.keep=true` go only when they or their scenario are named.

        Returns:
            The deletion, or its preview; with a `key` that was used before, the deletion of that time.

        Raises:
            InvalidRequest: the selector breaks a rule.
            NotFound: `run_id` names no live run of the namespace.
            Conflict: some of the runs count as alive, and `force` was not given; or the key was used for another wish.
        """
        actor.require("delete")
        check_selector(request.selector, self._limits)
        check_texts(key=request.key)
        return self._preview(actor, request) if request.dry_run else self._delete(actor, request)

    def get(self, actor: Actor, deletion_id: str) -> Deletion:
        """A deletion by its id, in any namespace that the token opens.

        Raises:
            NotFound: there is none, or the token does not open its namespace.
        """
        actor.require("read")
        with self._database.read() as conn:
            return _find(conn, actor, deletion_id)[1]

    def list(self, actor: Actor, *, limit: int = 100, cursor: str | None = None) -> Page[Deletion]:
        """A page of the namespace's deletions, newest first."""
        actor.require("read")
        check_limit(limit, self._limits)
        after = cast("tuple[int] | None", read_cursor("deletions", cursor, (int,)))
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None:
                return Page(items=[])
            rows = deletions.page(conn, namespace_id=namespace_id, after=after, limit=limit + 1)
        return page_of("deletions", rows, limit)

    def undo(self, actor: Actor, deletion_id: str) -> Deletion:
        """Bring everything that a deletion took back as it was.

        Raises:
            NotFound: there is no such deletion, or the token does not open its namespace.
            Conflict: it is undone or purged, or runs that live now have taken keys of its runs.
        """
        actor.require("delete")
        with self._database.write() as conn:
            row, deletion = _find(conn, actor, deletion_id, lock=True)
            if deletion.state != "TOMBSTONED":
                raise Conflict(
                    f"Deletion {deletion_id!r} is {deletion.state}; only one that is TOMBSTONED can be undone.",
                    state=deletion.state,
                )
            now = self._clock.now()
            deletions.announce(conn, deletion_id=row, action="created", now=now)
            if not deletions.restore(conn, deletion_id=row):
                twins = deletions.twins(conn, deletion_id=row, limit=_LISTED)
                raise Conflict(
                    f"Deletion {deletion_id!r} cannot be undone: runs that live now have taken the keys of its runs: "
                    f"{', '.join(twins)}. Delete those first.",
                    twins=twins,
                )
            deletions.set_state(conn, deletion_id=row, state="UNDONE", finished_at=now)
            return msgspec.structs.replace(deletion, state="UNDONE")

    def purge_due(self, *, seconds: float = 5.0) -> int:
        """Purge what was asked for and what is past its undo window; returns how many deletions that finished.

        Args:
            seconds: about how long to work; what is left is for the next call.
        """
        ends = time.monotonic() + seconds
        with self._database.read() as conn:
            due = purging.due(conn, now=self._clock.now())
        finished = 0
        for row in due:
            finished += self._purge(row, ends)
            if time.monotonic() >= ends:
                break
        return finished

    def _purge(self, row: int, ends: float) -> bool:
        while True:
            began = time.monotonic()
            with self._database.write() as conn:
                if not purging.claim(conn, deletion_id=row):
                    return False
                if not purging.purge_slice(conn, deletion_id=row, rows=_PURGE_ROWS):
                    deletions.set_state(conn, deletion_id=row, state="PURGED", finished_at=self._clock.now())
                    return True
            now = time.monotonic()
            if now >= ends:
                return False
            time.sleep(min(now - began, 0.05))  # writers go first

    def _preview(self, actor: Actor, request: CreateDeletion) -> Deletion:
        now = self._clock.now()
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace) or 0  # no row has the id 0
            chosen = _choose(conn, actor, namespace_id, request.selector)
            report = _report(conn, chosen.targets, chosen, now)
        return Deletion(
            id="",
            state="PREVIEW",
            namespace=actor.namespace,
            selector=request.selector,
            counts=report.counts,
            by_scenario=report.by_scenario,
            scenarios_not_found=report.scenarios_not_found,
            running=report.running,
            protected=report.protected,
            created_at=to_datetime(now),
            purge_after=to_datetime(self._purge_after(request, now)),
            created_by=actor.name,
        )

    def _delete(self, actor: Actor, request: CreateDeletion) -> Deletion:
        with self._database.write() as conn:
            namespace_id = subjects.namespace_id(conn, name=actor.namespace, now=self._clock.now())
            if earlier := _earlier(conn, namespace_id, request):
                return earlier
            chosen = _choose(conn, actor, namespace_id, request.selector)
            deletions.lock(conn, chosen.targets)
            now = self._clock.now()  # not before the last writer that came first has committed
            uid = self._new_id()
            row = deletions.insert(
                conn,
                uid=uid,
                namespace_id=namespace_id,
                key=request.key,
                state="PURGING" if request.purge else "TOMBSTONED",
                selector=request.selector,
                created_by=actor.name,
                created_at=now,
                purge_after=self._purge_after(request, now),
            )
            if row is None and (earlier := _earlier(conn, namespace_id, request)):
                return earlier
            assert row is not None
            deletions.tombstone(conn, deletion_id=row, targets=chosen.targets, now=now)
            report = _report(conn, tallies.runs_of_deletion(row), chosen, now, force=request.force)
            deletions.write_report(conn, deletion_id=row, report=report)
            return _find(conn, actor, uid)[1]

    def _purge_after(self, request: CreateDeletion, now: int) -> int:
        return now if request.purge else now + self._undo


def _find(conn: "Connection", actor: Actor, deletion_id: str, *, lock: bool = False) -> tuple[int, Deletion]:
    found = deletions.find(conn, uid=deletion_id, lock=lock) if is_storable(deletion_id) else None
    if found is None or not actor.opens(found[1].namespace):
        raise NotFound("deletion", deletion_id, actor.namespace)
    return found


def _earlier(conn: "Connection", namespace_id: int, request: CreateDeletion) -> Deletion | None:
    if request.key is None:
        return None
    found = deletions.find_by_key(conn, namespace_id=namespace_id, key=request.key)
    if found is not None and found.selector != request.selector:
        raise Conflict(
            f"The key {request.key!r} was used for deletion {found.id!r}, which has another selector.", id=found.id
        )
    return found


def _choose(conn: "Connection", actor: Actor, namespace_id: int, selector: Selector) -> _Chosen:
    if selector.run_id is not None:
        run = runs.find(conn, uid=selector.run_id)
        if run is None or run.namespace != actor.namespace:
            raise NotFound("run", selector.run_id, actor.namespace)
    named = selector.scenarios or []
    found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=named)
    live = grouping.with_live_runs(conn, ids=[row.id for row in found.values()])
    ids = None if selector.scenarios is None else [row.id for row in found.values()]

    def where(*, spare_protected: bool) -> tallies.Targets:
        return tallies.live_runs(
            deletions.conditions(selector, namespace_id=namespace_id, scenario_ids=ids, spare_protected=spare_protected)
        )

    is_named = bool(named) or selector.run_id is not None
    everything = where(spare_protected=False)
    spared = 0 if is_named else tallies.notable(conn, everything, deletions.is_protected(), limit=0).total
    return _Chosen(
        targets=everything if is_named else where(spare_protected=True),
        spared=spared,
        scenarios=[row.name for row in found.values() if row.id in live],
        not_found=[entry for entry in dict.fromkeys(named) if entry not in found or found[entry].id not in live],
    )


def _report(conn: "Connection", targets: tallies.Targets, chosen: _Chosen, now: int, *, force: bool = True) -> Report:
    alive = runs.is_alive(now, quiet=QUIET_DAYS * DAY, lost=LOST_DAYS * DAY)
    running = tallies.notable(conn, targets, alive, limit=_LISTED)
    if running.total and not force:
        raise Conflict(
            f"{running.total} of the runs still count as alive: {', '.join(running.ids[:5])}"
            f"{', ...' if running.total > 5 else ''}. End them first, or give force=True to delete them too.",
            running=running.ids, count=running.total,
        )  # fmt: skip
    by_scenario = {name: Counts() for name in chosen.scenarios} | tallies.by_scenario(conn, targets)
    protected = chosen.spared or tallies.notable(conn, targets, deletions.is_protected(), limit=0).total
    return Report(
        counts=tallies.total(by_scenario),
        by_scenario=by_scenario,
        scenarios_not_found=chosen.not_found,
        running=running.ids,
        protected=protected,
    )
