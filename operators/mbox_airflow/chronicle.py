"""What is written of a DAG run: its tasks' states, durations and failures, and its end. Pure; nothing is asked."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from mbox_airflow import batches
from mbox_airflow.context import TaskIdentity, chosen_scenario
from mbox_airflow.retiring import retirement
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.identity import airflow_key, airflow_origin, epoch_of_uuid7
from mbox_ops.wire.encodings import pack_floats, pack_ints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mbox_airflow.facts import Attempt, DagRunFacts
    from mbox_ops.settings import ClientSettings

WRITER = "#listener"  # no task's id can hold a '#'
SOURCE = "airflow"
TASKS = 100  # a run's metadata has room for the states of so many tasks, and for other things
ATTEMPTS = 400  # in one batch
NAME = 256
_WORST = (
    "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued",
    "scheduled", "None", "success", "skipped", "removed",
)  # fmt: skip


def identity(facts: DagRunFacts, settings: ClientSettings) -> TaskIdentity:
    """The listener as a writer to the DAG run's run, from now on: what it wrote before is replaced."""
    key = airflow_key(settings.instance, facts.key.dag_id, facts.key.run_id)
    try:
        chosen = chosen_scenario({"dag_run": facts})
    except InvalidRequest:  # the tasks that log will say so
        chosen = None
    return TaskIdentity(
        settings=settings,
        key=key,
        origin=airflow_origin(key, WRITER),
        epoch=time.time_ns() // 1_000_000,
        scenario=chosen or settings.scenario or facts.key.dag_id,
        scenario_explicit=chosen is not None,
        pipeline=facts.key.dag_id,
        execution=facts.key.run_id,
        task="the listener",
    )


def opening(facts: DagRunFacts, writer: TaskIdentity) -> Batch:
    """The first batch: the run, with what is known of the DAG run from the beginning."""
    context: Any = {"dag_run": facts}
    batch = batches.opened(writer, context, collection=None, name=None)
    times = {"airflow_run_after": facts.run_after, "airflow_logical_date": facts.logical_date}
    texts = {"airflow_run_type": facts.run_type, "airflow_user": facts.user}
    batch.tags = {name: text[:NAME] for name, text in texts.items() if text}
    batch.tags |= {name: instant.isoformat() for name, instant in times.items() if instant is not None}
    batch.events = [_event("dag_run_started", SOURCE, facts.start_date)]
    return batch


def news(facts: DagRunFacts, told: set[tuple[str, str]]) -> Iterator[tuple[Batch, set[tuple[str, str]]]]:
    """What tries came to since; each batch with what has been told once it is stored.

    Args:
        facts: the DAG run now.
        told: (id of a try, `began` or `ended`) that have been stored before.
    """
    batch, now = Batch(), set[tuple[str, str]]()
    for count, attempt in enumerate(facts.attempts(), 1):
        if attempt.tried and (attempt.id, "began") not in told:
            batch.events.append(_event("task_started", attempt.name, attempt.began_at, try_number=attempt.number))
            now.add((attempt.id, "began"))
        if attempt.over and (attempt.id, "ended") not in told:
            _add_end(batch, attempt)
            now.add((attempt.id, "ended"))
        if count % ATTEMPTS == 0 and now:
            yield batch, now
            batch, now = Batch(), set()
    if now:
        yield batch, now


def _add_end(batch: Batch, attempt: Attempt) -> None:
    told = {"state": attempt.state, "try_number": attempt.number, "operator": attempt.operator}
    if attempt.tried and attempt.seconds is not None:
        told["duration_seconds"] = attempt.seconds
        step = attempt.number if attempt.map_index < 0 else attempt.map_index
        name = f"airflow/duration_seconds/{attempt.task_id}"[:NAME]
        batch.points.append(_point(name, step, attempt.ended_at, attempt.seconds))
    batch.events.append(_event("task_finished", attempt.name, attempt.ended_at, **told))


def states(facts: DagRunFacts) -> dict[str, Any]:
    """The state of the DAG run and of each task, as metadata; a mapped task is in the worst state of its instances."""
    by_task: dict[str, str] = {}
    for attempt in facts.present:
        known = by_task.get(attempt.task_id, "removed")
        by_task[attempt.task_id] = min(known, attempt.state, key=_badness)
    counted = Counter(attempt.state for attempt in facts.present)
    counts = {state: count for state, count in sorted(counted.items()) if state != "None"}
    tasks = {"tasks": by_task} if len(by_task) <= TASKS else {}
    return {"state": facts.state, "task_instances": counts, **tasks}


def shown(document: dict[str, Any]) -> list[MetadataOp]:
    """The change that makes `metadata.airflow` this document, and nothing else."""
    return [MetadataOp(op="set", key="airflow", value=document)]


def ending(facts: DagRunFacts, *, close: bool) -> Batch:
    """The last batch: what it came to; `close` ends the run as well."""
    failures = sum(attempt.state == "failed" for attempt in [*facts.earlier, *facts.present])
    batch = Batch(events=[_event("dag_run_finished", SOURCE, facts.end_date, state=facts.state)])
    batch.points = [_point("airflow/failures", 0, facts.end_date, failures)]
    if facts.start_date is not None and facts.end_date is not None:
        seconds = (facts.end_date - facts.start_date).total_seconds()
        batch.points.append(_point("airflow/duration_seconds", 0, facts.end_date, seconds))
    if close:
        batch.state = "FAILED" if facts.state == "failed" else "FINISHED"
        batch.at = _microseconds(facts.end_date)
    return batch


def retirements(facts: DagRunFacts, key: str) -> Iterator[Batch]:
    """Batches that take out what task instances wrote that are gone, or that have run again since and wrote nothing."""
    again = {(attempt.task_id, attempt.map_index) for attempt in facts.earlier}
    now = time.time_ns() // 1_000_000
    for attempt in facts.present:
        origin, epoch = airflow_origin(key, attempt.task_id, attempt.map_index), epoch_of_uuid7(attempt.id)
        if attempt.state == "removed":
            yield retirement(key, origin, max(now, epoch))
        elif (attempt.task_id, attempt.map_index) in again:
            yield retirement(key, origin, epoch)


def closed_by_a_task(facts: DagRunFacts) -> bool:
    """Whether a task was there to end the run, and did its work: then the state that it gave stands."""
    return any(one.operator == "FinishRunOperator" and one.state == "success" for one in facts.present)


def _badness(state: str) -> int:
    return _WORST.index(state) if state in _WORST else len(_WORST)


def _event(name: str, source: str, at: datetime | None, **metadata: Any) -> EventRecord:
    return EventRecord(name=name, source=source[:NAME], wallclock=_microseconds(at), metadata=metadata)


def _point(name: str, step: int, at: datetime | None, value: float) -> Block:
    instant = _microseconds(at)
    wallclocks = None if instant is None else pack_ints([instant])
    return Block(names=[name], steps=pack_ints([step]), wallclocks=wallclocks, values=pack_floats([value]))


def _microseconds(instant: datetime | None) -> int | None:
    return None if instant is None else round(instant.timestamp() * 1_000_000)
