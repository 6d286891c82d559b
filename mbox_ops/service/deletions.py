"""Deleting runs: previewed, then done at once and for everybody, undone while the window is open, purged after it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from mbox_ops.entities.audit import AuditEntry, AuditQuery
from mbox_ops.entities.cleanup import Rules
from mbox_ops.entities.deletions import Counts, CreateCleanup, CreateDeletion, Deletion, UndoDeletion
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.errors import Conflict, NotFound
from mbox_ops.search.parser import parse_filter
from mbox_ops.service import retention, undoing
from mbox_ops.service.access import Actor
from mbox_ops.service.choosing import SECOND, Chosen, check_alive, choose, report
from mbox_ops.service.clock import Clock
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.freshness import fold_all, fold_rest
from mbox_ops.service.purging import Purging
from mbox_ops.service.queries import is_storable
from mbox_ops.service.selectors import check_expectations, check_request
from mbox_ops.store import audit, deletions, grouping, subjects, tallies
from mbox_ops.store.database import Database
from mbox_ops.store.filters import trees

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNDO_DAYS = 7


class Wish(NamedTuple):
    """A checked request, and how the runs are found in a namespace at an instant; `by_metrics`: by their summaries."""

    request: CreateDeletion
    choose: "Callable[[Connection, int, int], Chosen]"
    by_metrics: bool
    rules: Rules | None = None


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
        self.purging = Purging(database, clock=clock)

    def create(self, actor: Actor, request: CreateDeletion) -> Deletion:
        """Delete the runs of the namespace that a selector takes, or only count them (`dry_run`).

        Runs with the tag `mbox.keep=true` go only when they or their scenario are named.

        Returns:
            The deletion, or its preview; with a `key` that was used before, the deletion of that time.

        Raises:
            InvalidRequest: the selector breaks a rule.
            NotFound: `run_id` names no live run of the namespace.
            Conflict: some of the runs count as alive, and `force` was not given; there are more than `max_runs`; or the
                key was used for another wish.
            StaleRequest: the counts are not the expected ones.
        """
        actor.require("delete")
        check_request(request, self._limits)
        selector, tree = request.selector, None
        if selector.filter is not None:
            tree = parse_filter(selector.filter, now=self._clock.now(), limits=self._limits, field="selector.filter")
        by_metrics = tree is not None and trees.uses_metrics(tree)
        return self._carry_out(
            actor, Wish(request, lambda conn, place, _: choose(conn, actor, place, selector, tree), by_metrics)
        )

    def clean_up(self, actor: Actor, wish: CreateCleanup) -> Deletion:
        """Delete the runs of the namespace that rules let go, or only count them (`dry_run`, the default).

        Runs that count as alive and those with the tag `mbox.keep=true` stay.

        Returns:
            The deletion, or its preview; `kept` tells how many runs stay for which reason.

        Raises:
            InvalidRequest: the rules break a rule.
            Conflict: there are more than `max_runs`, or the key was used for another wish.
            StaleRequest: the counts are not the expected ones.
        """
        actor.require("delete")
        rules, request = wish.rules, retention.request_of(wish, self._limits)
        tree = retention.tree_of(rules, self._limits, now=self._clock.now())
        by_metrics = rules.keep_best is not None or (tree is not None and trees.uses_metrics(tree))
        return self._carry_out(
            actor,
            Wish(request, lambda conn, place, now: retention.choose(conn, rules, tree, place, now), by_metrics, rules),
        )

    def _carry_out(self, actor: Actor, wish: Wish) -> Deletion:
        if wish.by_metrics:
            fold_all(self._database, actor.namespace)
        return self._preview(actor, wish) if wish.request.dry_run else self._delete(actor, wish)

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

    def undo(self, actor: Actor, deletion_id: str, request: UndoDeletion = UndoDeletion()) -> Deletion:  # noqa: B008 - frozen
        """Bring everything that a deletion took back as it was.

        Raises:
            InvalidRequest: the suffix is none that a key may end in.
            NotFound: there is no such deletion, or the token does not open its namespace.
            Conflict: it is undone or purged, or runs that live now have the keys that its runs would have.
        """
        actor.require("delete")
        undoing.check(request, self._limits)
        with self._database.write() as conn:
            row, deletion = _find(conn, actor, deletion_id, lock=True)
            now = self._clock.now()
            undoing.undo(conn, row, deletion, request, self._limits, now=now)
            audit.add(conn, deletion_id=row, action="undone", by=actor.name, counts=_counts(deletion.counts), now=now)
            return _find(conn, actor, deletion_id)[1]

    def purge(self, actor: Actor, deletion_id: str) -> Deletion:
        """Give up the undo window of a deletion: the purge begins at once.

        Raises:
            NotFound: there is no such deletion, or the token does not open its namespace.
            Conflict: it is undone.
        """
        actor.require("delete")
        with self._database.write() as conn:
            row, deletion = _find(conn, actor, deletion_id, lock=True)
            if deletion.state == "UNDONE":
                raise Conflict(f"Deletion {deletion_id!r} is UNDONE: there is nothing to purge.", state=deletion.state)
            if deletion.state == "TOMBSTONED":
                now = self._clock.now()
                deletions.set_state(conn, deletion_id=row, state="PURGING")
                counts = {"runs": deletion.counts.runs}
                audit.add(conn, deletion_id=row, action="purge_requested", by=actor.name, counts=counts, now=now)
            return _find(conn, actor, deletion_id)[1]

    def audit(self, actor: Actor, deletion_id: str | None, query: AuditQuery) -> Page[AuditEntry]:
        """What was done with a deletion, or with all of the namespace, oldest first.

        Raises:
            NotFound: there is no such deletion, or the token does not open its namespace.
        """
        actor.require("read")
        check_limit(query.limit, self._limits)
        after = cast("tuple[int] | None", read_cursor("audit", query.cursor, (int,)))
        with self._database.read() as conn:
            of = None if deletion_id is None else _find(conn, actor, deletion_id)[0]
            namespace_id = grouping.namespace_id(conn, name=actor.namespace) or 0 if of is None else None
            rows = audit.page(
                conn, namespace_id=namespace_id, deletion_id=of, after=after and after[0], limit=query.limit + 1
            )
        return page_of("audit", rows, query.limit)

    def purge_due(self, *, seconds: float = 5.0) -> int:
        """Purge what was asked for and what is past its undo window; returns how many deletions that finished."""
        return self.purging.run(seconds=seconds)

    def _preview(self, actor: Actor, wish: Wish) -> Deletion:
        now = self._clock.now()
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace) or 0  # no row has the id 0
            chosen = wish.choose(conn, namespace_id, now)
            told, _ = report(conn, tallies.fixed(conn, chosen.targets), chosen, now)
        return Deletion(
            id="",
            state="PREVIEW",
            namespace=actor.namespace,
            selector=wish.request.selector,
            counts=told.counts,
            by_scenario=told.by_scenario,
            scenarios_not_found=told.scenarios_not_found,
            running=told.running,
            protected=told.protected,
            rules=told.rules,
            kept=told.kept,
            created_at=to_datetime(now),
            purge_after=to_datetime(self._purge_after(wish.request, now)),
            created_by=actor.name,
        )

    def _delete(self, actor: Actor, wish: Wish) -> Deletion:
        request = wish.request
        with self._database.write() as conn:
            namespace_id = subjects.namespace_id(conn, name=actor.namespace, now=self._clock.now())
            if earlier := _earlier(conn, namespace_id, wish):
                return earlier
            if wish.by_metrics:
                fold_rest(conn, namespace_id)
            chosen = wish.choose(conn, namespace_id, self._clock.now())
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
            if row is None and (earlier := _earlier(conn, namespace_id, wish)):
                return earlier
            assert row is not None
            deletions.tombstone(conn, deletion_id=row, targets=chosen.targets, now=now)
            told, alive = report(conn, tallies.runs_of_deletion(row), chosen, now)
            if not request.force:
                check_alive(told.running, alive)
            check_expectations(request, told.counts)
            deletions.write_report(conn, deletion_id=row, report=told)
            audit.add(conn, deletion_id=row, action="created", by=actor.name, counts=_counts(told.counts), now=now)
            return _find(conn, actor, uid)[1]

    def _purge_after(self, request: CreateDeletion, now: int) -> int:
        return now if request.purge else now + self._undo


def _find(conn: "Connection", actor: Actor, deletion_id: str, *, lock: bool = False) -> tuple[int, Deletion]:
    found = deletions.find(conn, uid=deletion_id, lock=lock) if is_storable(deletion_id) else None
    if found is None or not actor.opens(found[1].namespace):
        raise NotFound("deletion", deletion_id, actor.namespace)
    return found


def _earlier(conn: "Connection", namespace_id: int, wish: Wish) -> Deletion | None:
    key = wish.request.key
    found = None if key is None else deletions.find_by_key(conn, namespace_id=namespace_id, key=key)
    if found is not None and (found.selector, found.rules) != (wish.request.selector, wish.rules):
        raise Conflict(
            f"The key {key!r} was used for deletion {found.id!r}, which takes other runs: give another key.",
            id=found.id,
        )
    return found


def _counts(counts: Counts) -> dict[str, int]:
    return cast("dict[str, int]", msgspec.structs.asdict(counts))
