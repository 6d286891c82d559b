"""Judgements and limits, one at a time, with a clock that the test sets."""

import logging
import os
from pathlib import Path

import pytest

from mbox_ops.client.recorder import Recorder
from mbox_ops.client.tuning import Tuning
from mbox_ops.client.verdicts import Backoff, judge
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import BY_CODE, InvalidRequest, Unavailable, from_code
from mbox_ops.settings import ClientSettings
from tests.client.rules import Rules, SetClock


def recorder_on(rules: Rules, folder: Path, **tuning: int) -> Recorder:
    """A recorder without a thread, whose server follows these rules."""
    assert rules.clock is not None
    return Recorder(
        ClientSettings(url="http://x", spool_dir=folder), tuning=Tuning(**tuning), clock=rules.clock,
        transport=rules, threaded=False, backoff=Backoff(lambda: 1.0),
    )  # fmt: skip


@pytest.fixture
def rules() -> Rules:
    """A server whose trouble the test chooses."""
    return Rules(SetClock())


def test_every_error_has_a_verdict() -> None:
    """Only what can never be taken is refused, and only what is over ends a producer."""
    verdicts: dict[str, list[str]] = {}
    for code in BY_CODE:
        verdicts.setdefault(judge(from_code(code, "...", {})).name, []).append(code)
    assert {name: sorted(codes) for name, codes in verdicts.items()} == {
        "WAIT": ["internal", "method_not_allowed", "storage_full", "unavailable"],
        "DENIED": ["forbidden", "unauthenticated"],
        "REFUSED": [
            "conflict", "cursor_expired", "invalid_request", "malformed_request", "not_found", "out_of_range", "stale",
            "too_large", "unsupported_media_type",
        ],
        "OVER": ["fenced", "run_deleted"],
    }  # fmt: skip


def test_pauses_grow_to_a_second_and_a_half_and_keep_to_what_the_server_asks() -> None:
    """So that a server that comes back is found within a second or two."""
    backoff = Backoff(lambda: 1.0)
    assert [backoff.fail(Unavailable("...")) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.5, 1.5]
    assert backoff.fail(Unavailable("...", retry_after=7)) == pytest.approx(7.7)
    assert backoff.fail(Unavailable("...", retry_after=4_000)) == pytest.approx(66)
    backoff.succeed()
    assert Backoff(lambda: 0.0).fail(Unavailable("...")) == 0.05


def test_a_resent_batch_has_the_same_bytes(rules: Rules, tmp_path: Path) -> None:
    """From memory, from the spool, and by whoever adopts it."""
    stream = recorder_on(rules, tmp_path).stream(run_id="r")
    stream.log("loss", 1.0, 0)
    lost = iter([Unavailable("lost"), Unavailable("lost")])
    rules.after = lambda batch: next(lost, None)
    assert stream.flush(timeout=5).where == "server"
    assert len(rules.received) == 3
    assert len(set(rules.received)) == 1
    assert rules.values("loss") == [1.0]


def test_at_its_limit_the_spool_drops_the_newest_points_and_says_so(
    rules: Rules, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Settings and the end of the run are kept; every batch that lost its points is counted."""
    stream = recorder_on(rules, tmp_path, spool_bytes=20_000).stream(run_id="r")
    rules.away = True
    flushed = []
    with caplog.at_level(logging.WARNING):
        for step in range(100):
            stream.log("loss", float(step), step)
            stream.log("text", "x" * 500, step)
            flushed.append(stream.flush())
    assert {f.where for f in flushed} == {"spool"}
    assert len([f for f in flushed if f.refused]) > 50
    assert {r.code for f in flushed for r in f.refused} == {"spool_full"}
    assert len([r for r in caplog.records if "limit" in r.getMessage()]) == 1
    stream.put(tags={"late": "yes"})
    stream.end("FINISHED")
    rules.away = False
    assert stream.flush(timeout=5).where == "server"
    stored = rules.values("loss")
    assert stored == [float(step) for step in range(len(stored))]
    assert rules.lost == 100 - len(stored)
    assert (rules.batches[-1].tags, rules.batches[-1].state) == ({"late": "yes"}, "FINISHED")


def test_a_spool_that_cannot_be_written_leaves_the_data_in_memory(rules: Rules, tmp_path: Path) -> None:
    """A flush says so, and the data is sent when the server is back."""
    (tmp_path / "file").write_text("not a folder")
    stream = recorder_on(rules, tmp_path / "file").stream(run_id="r")
    rules.away = True
    for step in range(10):
        stream.log("loss", float(step), step)
        assert stream.flush().where == "memory"
    rules.away = False
    assert stream.flush(timeout=5).where == "server"
    assert rules.values("loss") == [float(step) for step in range(10)]


def test_a_spool_that_cannot_be_read_is_tried_again(
    rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What waits there comes first when it can be read, so that order holds; one line tells of it."""
    recorder = recorder_on(rules, tmp_path)
    stream = recorder.stream(run_id="r")
    rules.away = True
    for step in range(3):
        stream.log("loss", float(step), step)
        assert stream.flush().where == "spool"
    rules.away = False

    def fails(fd: int, length: int, at: int) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):  # a disk that fails cannot be had otherwise
        patch.setattr(os, "pread", fails)
        stream.log("loss", 3.0, 3)
        assert stream.flush(timeout=5).where == "spool"
    assert len([r for r in caplog.records if "cannot be read" in r.getMessage()]) == 1
    assert stream.flush(timeout=5).where == "server"
    assert rules.values("loss") == [0.0, 1.0, 2.0, 3.0]


def test_what_is_refused_is_replaced_by_less_and_less(rules: Rules, tmp_path: Path) -> None:
    """First the opening and the end alone, then without claims, then nothing but the count, under one number."""
    tried: list[Batch] = []

    def refuse(batch: Batch) -> InvalidRequest | None:
        tried.append(batch)
        return InvalidRequest("no") if len(tried) < 4 else None

    rules.before = refuse
    opening = OpenRun(run_id="r", scenario="s", source=Source(kind="pipeline", name="p"), started_at=5)
    stream = recorder_on(rules, tmp_path).stream(run_id="r", open=opening)
    stream.log("loss", 1.0, 0)
    stream.end("FINISHED", at=9)
    shown = [(len(b.points), b.open, b.state, b.lost) for b in tried]
    bare = OpenRun(run_id="r", started_at=5)
    assert shown == [
        (1, opening, "FINISHED", 0),
        (0, opening, "FINISHED", 1),
        (0, bare, "FINISHED", 1),
        (0, None, None, 1),
    ]
    assert {b.writer.seq for b in tried if b.writer} == {1}
    assert rules.lost == 1


@pytest.mark.parametrize(("wrong", "left"), [("tags", ([1.0], {})), ("points", ([], {"a": "b"}))])
def test_what_is_wrong_with_a_part_does_not_cost_the_points_beside_it(
    rules: Rules, tmp_path: Path, wrong: str, left: tuple[list[float], dict[str, str]]
) -> None:
    """Nor do points that are refused cost what was set beside them; the batch counts as lost all the same."""
    taken: list[Batch] = []

    def look(batch: Batch) -> InvalidRequest | None:
        if getattr(batch, wrong):
            return InvalidRequest("no")
        taken.append(batch)
        return None

    rules.before = look
    stream = recorder_on(rules, tmp_path).stream(run_id="r")
    stream.log("loss", 1.0, 0)
    stream.put(tags={"a": "b"})
    assert len(stream.flush().refused) == 1
    (batch,) = taken
    assert ((rules.values("loss"), batch.tags), rules.lost) == (left, 1)


def test_a_slow_answer_to_what_time_it_is_does_not_make_an_epoch(rules: Rules, tmp_path: Path) -> None:
    """It is asked again until the answer comes within a second."""
    clock = rules.clock
    assert clock is not None
    delays = [3.0, 1.5, 0.2]
    real = rules.time

    class Slow(Rules):
        def time(self) -> int:
            clock.pass_time(delays.pop(0))
            return real()

    slow = Slow(clock)
    stream = recorder_on(slow, tmp_path).stream(run_id="r")
    began = clock.age()
    stream.log("loss", 1.0, 0)
    assert stream.flush(timeout=60).where == "server"
    assert delays == []
    assert stream.epoch is not None
    assert abs(stream.epoch * 1000 - 1_800_000_000_000_000 - began) < 200_000


def test_memory_is_bounded_while_the_server_is_away(rules: Rules, tmp_path: Path) -> None:
    """What is formed goes to disk, and a caller who logs faster than the thread forms has to help."""
    recorder = recorder_on(rules, tmp_path, batch_bytes=1_000, memory_bytes=10_000)
    stream = recorder.stream(run_id="r")
    rules.away = True
    for step in range(10_000):
        stream.log("loss", float(step), step)
    assert stream.weight <= recorder.tuning.batch_weight * recorder.tuning.crowd + 3
    assert recorder.backlog._memory_bytes < 20_000
    rules.away = False
    assert stream.flush(timeout=5).where == "server"
    assert rules.values("loss") == [float(step) for step in range(10_000)]
