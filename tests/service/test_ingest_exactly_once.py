"""Every batch counts once: duplicates, losses, fencing, replacement; what is not at the doors' own contract."""

import secrets

import pytest

from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.metrics import Block, HistoryQuery
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import Fenced, InvalidRequest, NotFound
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats, unpack_floats
from tests.service.services import (
    ANN,
    NOON,
    HandClock,
    Log,
    actor,
    clock,
    counted,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def shown(service: Service, run_id: str) -> tuple[object, ...]:
    """All that can be read of a run."""
    history = service.metrics.history(ANN, run_id, HistoryQuery(limit=None))
    return (service.runs.get(ANN, run_id), service.metadata.get(ANN, run_id), history)


def test_a_first_batch_whose_reply_was_lost_still_made_the_run(service: Service) -> None:
    """The resend says what the reply had said: the run did not exist before; who joins is told that it did."""
    log = Log(service).open(key="k")
    joined = Log(service).open(key="k")
    for each, existed in ((log, False), (joined, True)):
        each.seq = 0
        again = each.write(open=OpenRun())
        assert (again.status, again.existed, again.run_id) == ("duplicate", existed, log.id)


def test_a_resend_behind_newer_batches_names_the_highest(service: Service) -> None:
    """Whatever it holds, it changes nothing."""
    log = Log(service).open()
    for tag in ("one", "two", "three"):
        log.write(tags={"phase": tag})
    before = shown(service, log.id)
    log.seq = 1
    answer = log.write(tags={"phase": "one"}, state="FAILED", lost=7, name="other")
    assert (answer.status, answer.seq) == ("duplicate", 4)
    assert shown(service, log.id) == before


def test_losses_count_once(service: Service) -> None:
    """Of a jump the numbers between; of a batch that says so what it says; never both for one batch."""
    log = Log(service).open()
    log.seq = 3
    log.write()
    assert service.runs.get(ANN, log.id).lost == 2
    log.write(lost=1)
    assert service.runs.get(ANN, log.id).lost == 3
    late = Log(service, origin=log.origin, epoch=log.epoch)
    late.run_id, late.seq = log.id, 5
    late.write()
    run = service.runs.get(ANN, log.id)
    assert (run.lost, run.number_of_writers) == (8, 2)
    retry = Log(service, origin=log.origin, epoch=log.epoch + 1)
    retry.run_id = log.id
    retry.write()
    run = service.runs.get(ANN, log.id)
    assert (run.lost, run.number_of_writers) == (0, 1)


def test_a_zombie_that_never_wrote_before_is_fenced_too(service: Service) -> None:
    """Its epoch is what counts; and a newer epoch that has itself been replaced still fences."""
    logs = [Log(service, origin="task", epoch=NOON // 1000 + attempt) for attempt in range(3)]
    logs[1].open()
    for log in (logs[0], logs[2]):
        log.run_id = logs[1].id
    with pytest.raises(Fenced) as caught:
        logs[0].write(tags={"a": "b"})
    assert caught.value.details["newest"] == logs[1].epoch
    logs[2].write()
    for log in logs[:2]:
        with pytest.raises(Fenced):
            log.write(tags={"a": "b"})


def test_epochs_of_one_origin_count_per_run(service: Service) -> None:
    """A new attempt replaces what it opens; what it does not open stays."""
    first = Log(service, origin="task")
    one = first.open(key="one").id
    second = Log(service, origin="task")
    two = second.open(key="two").id
    for log in (first, second):
        log.points("loss", 1.0)
    retry = Log(service, origin="task", epoch=first.epoch + 1).open(key="one")
    assert retry.id == one
    assert service.metrics.list(ANN, one) == []
    assert service.runs.get(ANN, two).metrics["loss"].count == 1
    second.points("loss", 2.0)


def test_replacement_brings_back_what_others_had_set(service: Service) -> None:
    """Everything: settings, metadata, name, collection, state, points, events."""
    other = Log(service).open(scenario="s", collection="rc", name="other")
    other.write(
        parameters={"lr": 1}, tags={"t": "other"}, labels={"l": 1}, name="renamed",
        metadata=[MetadataOp(op="merge", document={"a": {"x": 1}, "gone": 1})],
    )  # fmt: skip
    other.points("loss", 3.0)
    before = shown(service, other.id)
    task = Log(service, origin="task")
    task.run_id = other.id
    task.write(
        parameters={"lr": 2, "new": 1}, tags={"t": "task", "n": "1"}, labels={"l": 2}, name="mine", collection="moved",
        metadata=[MetadataOp(op="merge", document={"a": {"x": None, "y": 2}, "gone": None, "z": [1]})],
        events=[EventRecord(name="e", source="s")], state="FAILED",
    )  # fmt: skip
    task.points("loss", 9.0, 8.0)
    changed = service.runs.get(ANN, other.id)
    assert (changed.name, changed.run_collection, changed.status) == ("mine", "moved", "FAILED")
    assert service.metadata.get(ANN, other.id) == {"a": {"y": 2}, "z": [1]}
    retry = Log(service, origin="task", epoch=task.epoch + 1)
    retry.run_id = other.id
    retry.write()
    after = shown(service, other.id)
    run_before, run_after = before[0], after[0]
    assert (after[1], after[2]) == (before[1], before[2])
    for field in ("name", "status", "ended_at", "run_collection", "parameters", "tags", "labels", "metrics"):
        assert getattr(run_after, field) == getattr(run_before, field), field


def test_steps_that_the_server_gives_begin_anew_after_a_replacement(service: Service) -> None:
    """The largest step of what is not replaced, + 1."""
    log = Log(service, origin="task").open()
    point = Block(names=["loss"], values=pack_floats([1.0]))
    for _ in range(3):
        log.write(points=[point])
    retry = Log(service, origin="task", epoch=log.epoch + 1)
    retry.run_id = log.id
    retry.write(points=[point])
    (history,) = service.metrics.history(ANN, log.id, HistoryQuery())
    assert (history.total, list(unpack_floats(history.values))) == (1, [1.0])
    assert service.runs.get(ANN, log.id).metrics["loss"].last_step == 0


@pytest.mark.parametrize("changed", ["origin", "epoch", "run"])
def test_a_producer_is_one_stream_of_one_attempt_to_one_run(service: Service, changed: str) -> None:
    """Anything else is a mistake that is named, by id and by key, and changes nothing."""
    log, elsewhere = Log(service).open(key="k"), Log(service).open(key="other")
    before = shown(service, log.id), shown(service, elsewhere.id)
    for by_key in (True, False):
        stray = Log(service, origin=log.origin, epoch=log.epoch)
        stray.producer, stray.seq = log.producer, 5
        stray.key, stray.run_id = ("k", None) if by_key else (None, log.id)
        if changed == "run":
            stray.key, stray.run_id = ("other", None) if by_key else (None, elsewhere.id)
        elif changed == "origin":
            stray.origin = "another"
        else:
            stray.epoch += 1
        with pytest.raises(InvalidRequest, match="producer"):
            stray.write(tags={"a": "b"})
    assert (shown(service, log.id), shown(service, elsewhere.id)) == before


def test_a_known_producer_cannot_open_another_run_by_a_new_id(service: Service) -> None:
    """And the run it asked for is not made."""
    log = Log(service).open()
    new_id = "0194a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    writer = Writer(origin=log.origin, epoch=log.epoch, producer=log.producer, seq=9)
    with pytest.raises(InvalidRequest):
        service.batches.write(ANN, Batch(run_id=new_id, writer=writer, open=OpenRun()))
    with pytest.raises(NotFound):
        service.runs.get(ANN, new_id)


def test_without_a_writer_every_call_is_a_write_of_its_own(service: Service) -> None:
    """The server makes one up; nothing is replaced."""
    run_id = service.batches.write(ANN, Batch(open=OpenRun(), tags={"a": "1"})).run_id
    for tag in ("b", "c"):
        answer = service.batches.write(ANN, Batch(run_id=run_id, tags={tag: "1"}))
        assert (answer.status, answer.seq, answer.existed) == ("ok", 1, True)
    assert service.runs.get(ANN, run_id).tags.keys() == {"a", "b", "c", "runName"}


def test_a_run_of_another_namespace_is_written_by_id_where_the_token_opens_it(service: Service) -> None:
    """Whatever namespace the request names; otherwise it does not exist."""
    log = Log(service, actor("cv")).open()
    batch = Batch(run_id=log.id, tags={"a": "b"})
    assert service.batches.write(actor("default", opens={"default", "cv"}), batch).status == "ok"
    assert service.runs.get(actor("cv"), log.id).namespace == "cv"
    with pytest.raises(NotFound) as hidden:
        service.batches.write(actor("default", opens={"default"}), batch)
    with pytest.raises(NotFound) as missing:
        service.batches.write(actor("default", opens={"default"}), Batch(run_id="none", tags={"a": "b"}))
    assert str(hidden.value).replace(log.id, "none") == str(missing.value)


def test_a_steady_batch_costs_six_statements(service: Service, database: Database) -> None:
    """Find the run and the writer; count both on; the points; the outbox. Names and series are remembered."""
    log = Log(service).open()
    log.points("loss", 1.0)
    log.points("loss", 1.0)
    with counted(database) as statements:
        log.points("loss", 1.0)
    assert len([one for one in statements if not one.startswith("BEGIN")]) == 6, statements


def test_a_clock_goes_on_where_it_was(database: Database) -> None:
    """A restarted server whose system's clock was set back does not give earlier instants."""
    before = HandClock(NOON)
    before.beat(database)
    after = HandClock(NOON - 60_000_000)
    after.beat(database)
    assert after.now() == NOON
    after.forward(seconds=61)
    assert after.now() == NOON + 1_000_000


def test_many_writers_of_one_run_are_not_lost(service: Service) -> None:
    """A hundred ranks of one task: each has its row, and the run counts them."""
    first = Log(service, origin="task").open()
    for _ in range(99):
        rank = Log(service, origin="task", epoch=first.epoch)
        rank.run_id, rank.producer = first.id, secrets.token_hex(16)
        rank.points("loss", 1.0)
    run = service.runs.get(ANN, first.id)
    assert (run.number_of_writers, run.metrics["loss"].count) == (100, 99)
