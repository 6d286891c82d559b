"""Every write is there once: duplicates, losses, zombies, attempts, ranks, forks, deletions and twins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import Fenced, InvalidRequest, NotFound, RunDeleted
from mbox_ops.wire.encodings import unpack_floats, unpack_ints
from tests.contract.doors import Door
from tests.contract.writing import EPOCH, Stream, block

StreamMaker = Callable[..., Stream]


def losses(door: Door, run_id: str) -> list[tuple[int, float]]:
    """The points of the series `loss`, in history order."""
    (history,) = door.history(run_id, names=["loss"], limit=None)
    return list(zip(unpack_ints(history.steps), unpack_floats(history.values), strict=True))


def everything(door: Door, run_id: str) -> dict[str, Any]:
    """What a writer can change about a run, as it is shown."""
    run = door.run(run_id)
    return {
        "points": {h.name: (h.steps, h.values) for h in door.history(run_id, limit=None)},
        "metrics": run.metrics,
        "parameters": run.parameters,
        "tags": run.tags,
        "labels": run.labels,
        "metadata": door.metadata(run_id),
        "events": [e.name for e in door.events(run_id).items],
        "artifacts": [a.path for a in door.artifacts(run_id).items],
        "collection": run.run_collection,
        "scenario": run.scenario,
        "status": run.status,
        "name": run.name,
    }


def test_a_resent_batch_changes_nothing_and_names_the_highest(door: Door, stream: StreamMaker) -> None:
    """A resend after a lost reply is free."""
    s = stream()
    s.open(points=[block({"loss": [1.0]}, steps=[0])])
    s.write(points=[block({"loss": [0.5]}, steps=[1])], events=[EventRecord(name="e", source="s")])
    before = everything(door, s.run_id or "")
    for seq in (1, 2):
        again = s.write(seq=seq, points=[block({"loss": [9.0]}, steps=[9])], tags={"late": "yes"})
        assert (again.status, again.seq) == ("duplicate", 2)
    assert everything(door, s.run_id or "") == before
    assert losses(door, s.run_id or "") == [(0, 1.0), (1, 0.5)]


def test_a_batch_that_is_sent_again_is_answered_with_the_ids_of_its_artifacts(stream: StreamMaker) -> None:
    """Who lost the answer needs them as much; an older copy is told nothing, because nobody waits for it."""
    s, files = stream(), [ArtifactRecord(path=f"{name}.pt", uri=f"s3://b/{name}.pt") for name in "abc"]
    first = s.open(artifacts=files[:1]).artifact_ids
    second = s.write(artifacts=files[1:]).artifact_ids
    assert (len(first), len(second)) == (1, 2)
    again, older = s.write(seq=2, artifacts=files[1:]), s.write(seq=1, artifacts=files[:1])
    assert (again.status, again.artifact_ids) == ("duplicate", second)
    assert (older.status, older.artifact_ids) == ("duplicate", [])


def test_a_resent_set_tags_behind_a_newer_one_does_not_win(door: Door, stream: StreamMaker) -> None:
    """A delayed copy of an older setting is a duplicate."""
    s = stream()
    s.open()
    s.write(tags={"phase": "first"})
    s.write(tags={"phase": "second"})
    assert s.write(seq=2, tags={"phase": "first"}).status == "duplicate"
    assert door.run(s.run_id or "").tags["phase"] == "second"


def test_a_jump_in_seq_is_taken_and_counted_as_lost(door: Door, stream: StreamMaker) -> None:
    """Missing batches count as lost on the run, and so do those the client says can never come."""
    s = stream()
    s.open()
    s.seq = 4
    assert s.write(points=[block({"loss": [1.0]})]).seq == 5
    assert door.run(s.run_id or "").lost == 3
    s.write(lost=1)
    assert door.run(s.run_id or "").lost == 4


def test_a_zombie_is_fenced(door: Door, stream: StreamMaker) -> None:
    """An older attempt can change nothing once its successor has written."""
    old = stream()
    old.open(points=[block({"loss": [3.0]}, steps=[0])])
    new = old.next_attempt()
    new.write(points=[block({"loss": [1.0]}, steps=[0])])
    before = everything(door, new.run_id or "")
    for parts in ({"tags": {"z": "1"}}, {"state": "FAILED"}, {"points": [block({"loss": [9.0]})]}, {"lease": True}):
        with pytest.raises(Fenced):
            old.write(**parts)
        with pytest.raises(Fenced):
            old.same_attempt().write(**parts)
    assert everything(door, new.run_id or "") == before


def test_a_newer_attempt_replaces_what_the_older_wrote_and_nothing_else(door: Door, stream: StreamMaker) -> None:
    """Points, settings, metadata, events and artifacts of the older attempt go; what others had set comes back."""
    other = stream(origin="other")
    other.open(name="first name")
    other.write(
        parameters={"lr": 0.1, "kept": "yes"}, tags={"t": "other"}, labels={"l": {"format_string": "percentage"}},
        metadata=[MetadataOp(op="merge", document={"a": {"x": 1}, "b": 1})],
        points=[block({"loss": [5.0]}, steps=[0])], events=[EventRecord(name="other", source="s")],
    )  # fmt: skip
    before = everything(door, other.run_id or "")
    task = stream(run_id=other.run_id, origin="task")
    task.write(
        name="second name", parameters={"lr": 0.5, "more": 1}, tags={"t": "task", "u": "1"}, labels={"l": 1, "m": 2},
        metadata=[MetadataOp(op="merge", document={"a": {"x": 2, "y": 2}}), MetadataOp(op="set", key="b", value=[1])],
        points=[block({"loss": [4.0, 3.0], "acc": [0.1, 0.2]}, steps=[1, 2])],
        events=[EventRecord(name="task", source="s")], state="FAILED",
    )  # fmt: skip
    assert everything(door, other.run_id or "") != before
    retry = task.next_attempt()
    retry.write(lease=False, points=[])
    assert everything(door, other.run_id or "") == before
    retry.write(points=[block({"loss": [0.5]}, steps=[1])], parameters={"lr": 0.7})
    after = everything(door, other.run_id or "")
    assert losses(door, other.run_id or "") == [(0, 5.0), (1, 0.5)]
    assert after["parameters"]["lr"] == "0.7"
    assert "more" not in after["parameters"]
    assert after["metrics"]["loss"].count == 2


def test_a_series_of_a_replaced_attempt_may_come_back_with_another_kind(door: Door, stream: StreamMaker) -> None:
    """What is gone binds nobody."""
    s = stream()
    s.open(points=[block({"loss": [1.0]})])
    retry = s.next_attempt()
    retry.write()
    from mbox_ops.entities.metrics import Block

    retry.write(points=[Block(names=["loss"], kind="string", values=["low"])])
    assert door.run(s.run_id or "").metrics["loss"].last == "low"


def test_processes_of_one_attempt_add_up(door: Door, stream: StreamMaker) -> None:
    """Ranks, subprocesses, and a task that was deferred and resumed elsewhere share an epoch: both stay."""
    rank0 = stream()
    rank0.open(points=[block({"loss": [1.0]}, steps=[0])])
    rank1 = rank0.same_attempt()
    rank1.write(points=[block({"loss": [2.0]}, steps=[0], at=1)])
    rank0.write(points=[block({"loss": [3.0]}, steps=[1])])
    assert losses(door, rank0.run_id or "") == [(0, 1.0), (0, 2.0), (1, 3.0)]


def test_a_spool_resent_after_a_newer_epoch_is_refused_whole(door: Door, stream: StreamMaker) -> None:
    """What an older attempt left in its spool never comes back into the run."""
    old = stream()
    old.open()
    waiting = [old.batch(points=[block({"loss": [float(i)]}, steps=[i])]) for i in range(3)]
    new = old.next_attempt()
    new.write(points=[block({"loss": [0.5]}, steps=[0])])
    for batch in waiting:
        with pytest.raises(Fenced):
            door.write(batch)
    assert losses(door, new.run_id or "") == [(0, 0.5)]


def test_a_producer_is_bound_to_its_run(door: Door, stream: StreamMaker) -> None:
    """A stream that changes its run, origin or epoch is a mistake, not a write."""
    s = stream()
    s.open()
    elsewhere = stream()
    elsewhere.open()
    elsewhere.producer = s.producer
    elsewhere.seq = 10
    with pytest.raises(InvalidRequest):
        elsewhere.write(tags={"a": "b"})
    s.epoch += 1
    with pytest.raises(InvalidRequest):
        s.write(tags={"a": "b"})


def test_a_refused_batch_changes_nothing_and_keeps_its_number_free(door: Door, stream: StreamMaker) -> None:
    """A batch is taken whole or not at all; an empty one that counts the loss takes its place."""
    s = stream()
    s.open()
    before = everything(door, s.run_id or "")
    with pytest.raises(InvalidRequest):
        s.write(points=[block({"loss": [1.0]})], parameters={"good": 1}, tags={"runName": "mine"})
    assert everything(door, s.run_id or "") == before
    assert s.write(seq=2, lost=1).status == "ok"
    assert s.write(points=[block({"loss": [2.0]}, steps=[0])]).status == "ok"
    assert losses(door, s.run_id or "") == [(0, 2.0)]
    assert door.run(s.run_id or "").lost == 1


def test_many_callers_of_one_key_make_one_run(door: Door, stream: StreamMaker) -> None:
    """64 concurrent openings of one key give one run, and exactly one of them made it."""
    streams = [stream(key="the key") for _ in range(64)]
    with ThreadPoolExecutor(max_workers=64) as pool:
        results = list(pool.map(lambda s: s.open(points=[block({"loss": [1.0]})]), streams))
    assert len({r.run_id for r in results}) == 1
    assert [r.existed for r in results].count(False) == 1
    assert len(losses(door, results[0].run_id)) == 64
    assert len(door.runs(key="the key").items) == 1


def test_threads_that_write_one_run_lose_nothing(door: Door, stream: StreamMaker) -> None:
    """Steps given by the server are each given once, whoever writes at the same time."""
    first = stream()
    first.open()
    others = [first.same_attempt() for _ in range(8)]

    def write(s: Stream) -> None:
        for _ in range(10):
            s.write(points=[block({"loss": [1.0, 2.0]})])

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(write, others))
    assert [step for step, _ in losses(door, first.run_id or "")] == list(range(160))


def delete(door: Door, run_id: str) -> None:
    """Delete a run for good."""
    door.delete(CreateDeletion(selector=Selector(run_id=run_id), force=True))


def test_nothing_brings_a_deleted_run_back(door: Door, stream: StreamMaker) -> None:
    """A late write by id, by key, and a spooled create all get `run_deleted`."""
    s = stream(key="k")
    s.open()
    delete(door, s.run_id or "")
    late = [s.batch(tags={"a": "b"}), stream(run_id=s.run_id).batch(tags={"a": "b"})]
    by_key = stream(key="k")
    for batch in [*late, by_key.batch()]:
        with pytest.raises(RunDeleted):
            door.write(batch)
    with pytest.raises(RunDeleted):
        stream(key="k").open()
    with pytest.raises(RunDeleted):
        stream(run_id=s.run_id).open(run_id=s.run_id)
    with pytest.raises(NotFound):
        door.run(s.run_id or "")


def test_a_write_delayed_until_its_run_has_a_twin_stays_out(door: Door, stream: StreamMaker) -> None:
    """A later epoch makes a new run under the key; the old attempt's batches reach neither."""
    old = stream(key="k", epoch=EPOCH)
    old.open(points=[block({"loss": [1.0]})])
    first = old.run_id or ""
    delayed = old.batch(points=[block({"loss": [9.0]})])
    delete(door, first)
    later = door.run(stream().open().run_id).updated_at
    new = stream(key="k", epoch=int(later.timestamp() * 1000) + 60_000)
    new.open(points=[block({"loss": [2.0]}, steps=[0])])
    assert new.run_id != first
    with pytest.raises(RunDeleted):
        door.write(delayed)
    with pytest.raises(RunDeleted):
        stream(key="k", epoch=EPOCH).open(points=[block({"loss": [9.0]})])
    assert losses(door, new.run_id or "") == [(0, 2.0)]


def test_a_task_cleared_after_the_end_replaces_its_own_data_and_leaves_the_end(door: Door, stream: StreamMaker) -> None:
    """FINISHED, set by the finishing task, stands while another task of the run is cleared and runs again."""
    train = stream(key="dag run", origin="train")
    train.open(points=[block({"loss": [3.0]}, steps=[0])])
    finish = stream(key="dag run", origin="finish")
    finish.open(state="FINISHED")
    cleared = train.next_attempt()
    cleared.open(points=[block({"loss": [1.0]}, steps=[0])])
    run = door.run(train.run_id or "")
    assert (run.status, run.metrics["loss"].last, run.metrics["loss"].count) == ("FINISHED", 1.0, 1)


def test_an_end_falls_only_to_its_own_origin(door: Door, stream: StreamMaker) -> None:
    """A newer epoch of the origin that wrote the end reopens the run."""
    finish = stream(key="dag run")
    finish.open(state="FAILED")
    assert door.run(finish.run_id or "").status == "FAILED"
    again = finish.next_attempt()
    again.open()
    assert door.run(finish.run_id or "").status == "RUNNING"
    again.write(state="FINISHED")
    run = door.run(finish.run_id or "")
    assert (run.status, run.ended_at is not None) == ("FINISHED", True)
    assert run.parameters["end"]
