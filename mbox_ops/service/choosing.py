"""Which runs a deletion takes, and what is told of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mbox_ops.entities.cleanup import Reason, Rules
from mbox_ops.entities.deletions import Counts, Selector
from mbox_ops.errors import Conflict, NotFound
from mbox_ops.search.tree import Filter
from mbox_ops.service.access import Actor
from mbox_ops.store import deletions, grouping, runs, tallies
from mbox_ops.store.deletions import Report
from mbox_ops.store.filters import trees

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
QUIET_DAYS = 7  # a run without a lease counts as alive for so long after its last write
LOST_DAYS = 1  # and a lost one for so long after it was given up
LISTED = 100  # ids in a report or an error


class Named(NamedTuple):
    """Scenarios that were named.

    Attributes:
        ids: the rows of those that there are; None: none were asked for.
        live: names of those that have live runs.
        not_found: the entries for which there is none that has.
    """

    ids: list[int] | None
    live: list[str]
    not_found: list[str]


class Chosen(NamedTuple):
    """What is to go.

    Attributes:
        spared: protected runs that would have gone too.
        scenarios: names of the scenarios that were named and have live runs.
        not_found: those that have none.
    """

    targets: tallies.Targets
    spared: int
    scenarios: list[str]
    not_found: list[str]
    rules: Rules | None = None
    kept: dict[str, dict[Reason, int]] = {}  # noqa: RUF012 - nobody changes it


def choose(
    conn: "Connection", actor: Actor, namespace_id: int, selector: Selector, tree: Filter | None = None
) -> Chosen:
    """The runs that a selector takes, whose filter is `tree`.

    Raises:
        NotFound: `run_id` names no live run of the namespace.
    """
    if selector.run_id is not None:
        run = runs.find(conn, uid=selector.run_id)
        if run is None or run.namespace != actor.namespace:
            raise NotFound("run", selector.run_id, actor.namespace)
    named = named_scenarios(conn, namespace_id, selector.scenarios)
    meets = [] if tree is None else [trees.condition_of(conn, tree, namespace_id=namespace_id).holds]

    def where(*, spare_protected: bool) -> tallies.Targets:
        conditions = deletions.conditions(
            selector, namespace_id=namespace_id, scenario_ids=named.ids, spare_protected=spare_protected
        )
        return tallies.live_runs([*conditions, *meets])

    is_named = (bool(selector.scenarios) or selector.run_id is not None) and tree is None
    everything = where(spare_protected=False)
    spared = 0 if is_named else tallies.notable(conn, everything, deletions.is_protected(), limit=0).total
    return Chosen(
        targets=everything if is_named else where(spare_protected=True),
        spared=spared,
        scenarios=named.live,
        not_found=named.not_found,
    )


def named_scenarios(conn: "Connection", namespace_id: int, entries: Sequence[str] | None) -> Named:
    """What became of a list of scenarios; None: no list was given."""
    if entries is None:
        return Named(None, [], [])
    found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=entries)
    live = grouping.with_live_runs(conn, ids=[row.id for row in found.values()])
    return Named(
        ids=[row.id for row in found.values()],
        live=[row.name for row in found.values() if row.id in live],
        not_found=[entry for entry in dict.fromkeys(entries) if entry not in found or found[entry].id not in live],
    )


def report(conn: "Connection", targets: tallies.Targets, chosen: Chosen, now: int) -> tuple[Report, int]:
    """What is told of a deletion of these runs, and how many of them count as alive."""
    running = tallies.notable(conn, targets, is_alive(now), limit=LISTED)
    by_scenario = {name: Counts() for name in chosen.scenarios} | tallies.by_scenario(conn, targets)
    protected = chosen.spared or tallies.notable(conn, targets, deletions.is_protected(), limit=0).total
    told = Report(
        counts=tallies.total(by_scenario),
        by_scenario=by_scenario,
        scenarios_not_found=chosen.not_found,
        running=running.ids,
        protected=protected,
        rules=chosen.rules,
        kept=chosen.kept,
    )
    return told, running.total


def check_alive(running: list[str], total: int) -> None:
    """Refuse to take runs that count as alive.

    Raises:
        Conflict: there are some; it names them.
    """
    if total:
        raise Conflict(
            f"{total} of the runs still count as alive: {', '.join(running[:5])}{', ...' if total > 5 else ''}. "
            "End them first, or give force=True to delete them too.",
            running=running, count=total,
        )  # fmt: skip


def is_alive(now: int) -> "ColumnElement[bool]":
    """Whether a run counts as alive, over `runs` joined with `subjects`."""
    return runs.is_alive(now, quiet=QUIET_DAYS * DAY, lost=LOST_DAYS * DAY)
