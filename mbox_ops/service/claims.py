"""What writers claim of a run, and what the run is shown as.

A claim has a rank: 2 is explicit (the user said so), 1 implied (the orchestrator, the environment), 0 a guess. Shown is
the highest rank, and of equal ones the first to arrive; two different explicit values exclude each other. A rename and
a move to another collection are no claims: the last one to arrive wins. A run that names no scenario is in its
source's; one that names no collection is in its source's default one.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from mbox_ops.entities.runs import OpenRun, Source, Status
from mbox_ops.errors import Conflict
from mbox_ops.store.settings import Claim, Given, State

EXPLICIT, IMPLIED, GUESSED = 2, 1, 0
NOWHERE = "default"  # the scenario and the collection of a run without a source

_RANKS = {"argument": EXPLICIT, "orchestrator": IMPLIED, "guess": GUESSED}
_ENDS = ("FINISHED", "FAILED", "KILLED")


class Shown(NamedTuple):
    """What a run is shown as; its fields are columns of `runs`, but for the names of scenario and collection."""

    name: str
    scenario: str
    collection: str
    collection_is_default: bool
    scenario_version: str | None
    source_kind: str | None
    source: str | None
    execution: str | None
    external_id: str | None
    owner: str
    framework: str | None
    task: str
    started_at: int


class ShownState(NamedTuple):
    """The state that a run is shown in; instants in microseconds."""

    status: Status
    ended_at: int | None = None
    lost_at: int | None = None


def claims_of(opened: OpenRun) -> list[Given]:
    """What the one who opens a run claims of it."""
    scenario = EXPLICIT if opened.scenario_explicit else IMPLIED
    # An execution is known from where its pipeline is known.
    execution = _RANKS[opened.source.rank] if opened.source else EXPLICIT
    framework = None if opened.framework is None else opened.framework.value
    given = [
        Given("opened_as", opened.name or "", rank=IMPLIED),
        Given("scenario", opened.scenario or "", rank=scenario),
        Given("scenario_version", opened.scenario_version or "", rank=scenario),
        Given("source", _source_text(opened.source), rank=_RANKS[opened.source.rank] if opened.source else GUESSED),
        Given("execution", opened.execution or "", rank=execution),
        Given("collection", opened.collection or "", rank=EXPLICIT),
        Given("external_id", opened.external_id or "", rank=EXPLICIT),
        Given("owner", opened.owner, rank=IMPLIED),
        Given("framework", framework or "", rank=IMPLIED),
        Given("task", opened.task, rank=IMPLIED),
        Given("started_at", "" if opened.started_at is None else str(opened.started_at), rank=IMPLIED),
    ]
    return [claim for claim in given if claim.value]


_EXCLUSIVE = frozenset({"scenario", "scenario_version", "source", "execution", "collection", "external_id"})


def check_conflicts(present: Iterable[Claim], given: Iterable[Given]) -> None:
    """Refuse an explicit claim that another explicit one excludes.

    Args:
        present: what writers claim that are not replaced; the batch's own replacement is done.
        given: what the batch claims.

    Raises:
        Conflict: it names both.
    """
    stands = {claim.name: claim.value for claim in present if claim.rank == EXPLICIT and claim.name in _EXCLUSIVE}
    for claim in given:
        first = stands.get(claim.name)
        if claim.rank == EXPLICIT and first is not None and first != claim.value:
            shown, asked = _readable(claim.name, first), _readable(claim.name, claim.value)
            raise Conflict(
                f"The run's {claim.name} is {shown!r} already, so it cannot be {asked!r} too; give the same one, or"
                " open another run.",
                field=claim.name, present=shown, given=asked,
            )  # fmt: skip


def shown(claims: Iterable[Claim], *, uid: str, first_at: int) -> Shown:
    """What a run is shown as.

    Args:
        claims: those of writers that are not replaced.
        uid: the run's id, its name as long as it has no other.
        first_at: when the first of its writers began, in microseconds, if none says when the run started.
    """
    best: dict[str, Claim] = {}
    last: dict[str, Claim] = {}
    for claim in claims:
        if claim.name not in best or (-claim.rank, claim.first) < (-best[claim.name].rank, best[claim.name].first):
            best[claim.name] = claim
        if claim.name not in last or claim.last > last[claim.name].last:
            last[claim.name] = claim
    value = {name: claim.value for name, claim in best.items()}
    kind, source = _source(value.get("source"))
    named = last["moved_to"].value if "moved_to" in last else value.get("collection")
    return Shown(
        name=last["name"].value if "name" in last else value.get("opened_as", uid),
        scenario=value.get("scenario") or _scenario_of(source),
        collection=named or source or NOWHERE,
        collection_is_default=named is None,
        scenario_version=value.get("scenario_version"),
        source_kind=kind,
        source=source,
        execution=value.get("execution"),
        external_id=value.get("external_id"),
        owner=value.get("owner", ""),
        framework=value.get("framework"),
        task=value.get("task", ""),
        started_at=int(value.get("started_at", first_at)),
    )


def shown_state(states: Iterable[State], *, before: ShownState, renewed: bool) -> ShownState:
    """The state a run is shown in: the last explicit end, else LOST, else RUNNING.

    Args:
        states: those that present writers gave, and the leases they hold, in order of arrival.
        before: what it is shown in so far: the job that gives up runs writes there only.
        renewed: a lease is being renewed, which brings back a run that was given up.
    """
    end: State | None = None
    given_up: State | None = None
    lease: State | None = None
    for state in states:
        if state.name == "lease":
            lease = state
        elif state.value in _ENDS:
            end = state
        else:
            given_up = state
    if end is not None:
        return ShownState(msgspec.convert(end.value, Status), ended_at=end.at)
    if given_up is not None and (lease is None or given_up.arrival > lease.arrival):
        return ShownState("LOST", lost_at=given_up.at)
    if before.status == "LOST" and lease is not None and not renewed:
        return ShownState("LOST", lost_at=before.lost_at)
    return ShownState("RUNNING")


def _scenario_of(source: str | None) -> str:
    """The scenario that is named as a source; a scenario's name holds no comma and no outer blanks."""
    return (source or NOWHERE).replace(",", ";").strip() or NOWHERE


def _source_text(source: Source | None) -> str:
    return "" if source is None else msgspec.json.encode([source.kind, source.name]).decode()


def _source(text: str | None) -> tuple[str, str] | tuple[None, None]:
    if text is None:
        return None, None
    kind, name = msgspec.json.decode(text, type=tuple[str, str])
    return kind, name


def _readable(name: str, value: str) -> str:
    return " ".join(msgspec.json.decode(value, type=tuple[str, str])) if name == "source" else value
