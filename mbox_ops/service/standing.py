"""How a run stands: its claims, name, state and lease are stored, and what it is shown as follows."""

from typing import Any

from mbox_ops.entities.writers import Batch
from mbox_ops.service.claims import Shown, ShownState, check_conflicts, claims_of, shown, shown_state
from mbox_ops.store import grouping, runs, settings, writers
from mbox_ops.store.database import Connection
from mbox_ops.store.settings import Given
from mbox_ops.store.subjects import Subject

_HELD_LEASE = Given("lease", "held")


def update(
    conn: Connection, subject: Subject, batch: Batch, *,
    writer_id: int, arrival: int, now: int, made: bool, replaced: bool,
) -> bool:  # fmt: skip
    """Store what a batch says of the run itself, and change what the run is shown as.

    Args:
        made: the subject was just made and has no row in `runs`.
        replaced: writers were marked as replaced in this transaction.

    Returns:
        Whether a run that was LOST is back.

    Raises:
        Conflict: two explicit claims exclude each other.
    """
    place = {"subject_id": subject.id, "writer_id": writer_id, "arrival": arrival}
    if batch.open is not None:
        claims = claims_of(batch.open)
        check_conflicts(settings.claims(conn, subject_id=subject.id), claims)
        settings.claim(conn, at=now, given=claims, **place)
    told = [("name", batch.name), ("moved_to", batch.collection)]
    given = [Given(name, value) for name, value in told if value is not None]
    renews = batch.state is None and (batch.lease or (batch.open is not None and batch.open.lease))
    settings.put(conn, at=now, kind="run", given=[*given, _HELD_LEASE] if renews else given, **place)
    if batch.state is not None:
        at = now if batch.at is None or batch.state == "LOST" else batch.at
        settings.put_state(conn, at=at, state=batch.state, **place)
    if made or replaced or given or batch.open is not None or batch.state is not None:
        return _show(conn, subject, now=now, made=made, renewed=renews, replaced=replaced)
    if renews and runs.renew_lease(conn, subject_id=subject.id, now=now) == "LOST":
        return _show(conn, subject, now=now, made=False, renewed=True, replaced=False)
    return False


def _show(conn: Connection, subject: Subject, *, now: int, made: bool, renewed: bool, replaced: bool) -> bool:
    """Make the run's row in `runs` what the rows behind it say."""
    claims = settings.claims(conn, subject_id=subject.id)
    states = settings.states(conn, subject_id=subject.id)
    started = any(claim.name == "started_at" for claim in claims)
    first_at = None if started else writers.first_at(conn, subject_id=subject.id)
    wanted = shown(claims, uid=subject.uid, first_at=subject.created_at if first_at is None else first_at)
    row = None if made else runs.shown(conn, subject_id=subject.id)
    before = ShownState("RUNNING") if row is None else ShownState(row["status"], row["ended_at"], row["lost_at"])
    if replaced and before.lost_at is not None and settings.took_back(conn, subject_id=subject.id, at=before.lost_at):
        before = ShownState("RUNNING")  # it was not given up: somebody said so who is replaced now
    state = shown_state(states, before=before, renewed=renewed)
    holds = any(each.name == "lease" for each in states)
    lease_at = now if renewed else row["lease_at"] if row is not None and holds else None
    columns = _columns(conn, subject, wanted, row, now) | state._asdict() | {"lease_at": lease_at}
    if row is None:
        runs.insert(conn, subject_id=subject.id, namespace_id=subject.namespace_id, **columns)
        return False
    changed = {name: value for name, value in columns.items() if row[name] != value}
    runs.update(conn, subject_id=subject.id, **changed)
    return before.status == "LOST" and state.status != "LOST"


def _columns(
    conn: Connection, subject: Subject, wanted: Shown, row: dict[str, Any] | None, now: int
) -> dict[str, Any]:  # fmt: skip
    """What is shown as columns: names of scenario and collection become rows, made where they are new."""
    columns = wanted._asdict()
    group = [columns.pop(name) for name in ("scenario", "collection", "collection_is_default")]
    if row is not None and group == [row["scenario"], row["collection"], row["collection_is_default"]]:
        return columns
    scenario_id = grouping.scenario_id(conn, namespace_id=subject.namespace_id, name=wanted.scenario, now=now)
    collection_id = grouping.collection_id(
        conn, scenario_id=scenario_id, name=wanted.collection, is_default=wanted.collection_is_default, now=now
    )
    return {**columns, "scenario_id": scenario_id, "collection_id": collection_id}
