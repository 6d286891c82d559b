"""Against a real server: what is logged is there once, whatever happens to the server, the network or the data."""

import logging
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from mbox_ops.client.http import HttpApi
from mbox_ops.client.tuning import Tuning
from mbox_ops.entities.deletions import CreateDeletion, Deletion, Selector
from mbox_ops.errors import Conflict, InvalidRequest, RunDeleted, TooLarge, Unavailable
from mbox_ops.testing import LiveServer, live_server
from tests.client.conftest import RecorderMaker
from tests.client.seen import opened, points, run_of
from tests.proxy import Fate, proxy


def test_what_is_logged_is_on_the_server_after_a_flush(make_recorder: RecorderMaker, server: LiveServer) -> None:
    """Points, parameters, tags and the run itself."""
    stream = opened(make_recorder())
    for step in range(1_000):
        stream.log("loss", 1.0 / (step + 1), step)
    stream.log({"acc": 0.5, "text": "x", "raw": b"\x00\xff"}, step=3)
    stream.put(parameters={"lr": 0.1}, tags={"a": "b"})
    assert stream.flush().where == "server"
    assert points(server.url, stream.run_id) == [(step, 1.0 / (step + 1)) for step in range(1_000)]
    run = run_of(server.url, stream.run_id)
    assert (run.status, run.parameters["lr"], run.tags["a"], run.lost) == ("RUNNING", "0.1", "b", 0)
    assert {name: m.last for name, m in run.metrics.items() if name != "loss"} == {
        "acc": 0.5, "text": "x", "raw": "AP8=",
    }  # fmt: skip
    stream.end("FINISHED")
    assert run_of(server.url, stream.run_id).status == "FINISHED"


def test_what_is_too_large_at_once_is_refused_at_the_call_and_costs_nothing_else(
    make_recorder: RecorderMaker, server: LiveServer
) -> None:
    """Points, text and parts of any size that is taken go in one batch with what was logged just before."""
    stream = opened(make_recorder())
    text = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 5_000
    for step in range(60_000):
        stream.log("loss", 0.5, step)
    for write in (
        partial(stream.put, parameters={f"p{number}": text for number in range(1_500)}),
        partial(stream.log, {f"m{number}": text for number in range(1_500)}),
        partial(stream.log_rows, [("m", text, number, None) for number in range(1_500)]),
        partial(stream.log, {f"{number:06}{'n' * 150}": 0.5 for number in range(90_000)}),
    ):
        with pytest.raises(TooLarge, match=r"at once is 15\d{6} bytes long; the limit is 14752928 bytes"):
            write()
    stream.put(parameters={f"p{number}": text for number in range(1_470)})
    flushed = stream.flush(timeout=60)
    run = run_of(server.url, stream.run_id)
    assert (flushed.refused, run.metrics["loss"].count, "p1469" in run.parameters) == ([], 60_000, True)


def test_a_call_without_a_flush_is_sent_within_a_second_or_so(make_recorder: RecorderMaker, server: LiveServer) -> None:
    """Nobody has to flush."""
    stream = opened(make_recorder())
    stream.log("loss", 1.0, 0)
    assert eventually(lambda: stream.producer.track.settled == 1, 5.0)
    assert points(server.url, stream.run_id) == [(0, 1.0)]


def test_logging_after_the_end_is_durable_before_the_call_returns(
    make_recorder: RecorderMaker, server: LiveServer
) -> None:
    """Also long after: the stream is still there, and the state stays."""
    stream = opened(make_recorder())
    stream.end("FINISHED")
    stream.log("loss", 2.0, 0)
    assert stream.flush().where == "server"
    assert points(server.url, stream.run_id) == [(0, 2.0)]
    assert run_of(server.url, stream.run_id).status == "FINISHED"


def test_the_server_is_killed_in_the_middle_and_nothing_is_lost_or_doubled(make_recorder: RecorderMaker) -> None:
    """SIGKILL, some seconds away, a restart: the training never notices, and every point is there once."""
    with live_server() as server:
        stream = opened(make_recorder(server.url))
        longest = 0.0
        for step in range(400):
            began = time.perf_counter()
            stream.log("loss", float(step), step)
            longest = max(longest, time.perf_counter() - began)
            if step == 100:
                assert stream.flush().where == "server"
                server.kill()
            if step == 250:
                assert stream.flush().where == "spool"
            if step == 300:
                server.start()
                back = time.monotonic()
            time.sleep(0.005)
        assert stream.flush(timeout=20).where == "server"
        assert time.monotonic() - back < 5
        assert longest < 0.5
        assert points(server.url, stream.run_id) == [(step, float(step)) for step in range(400)]
        assert run_of(server.url, stream.run_id).lost == 0


def test_no_server_at_all_delays_nothing(make_recorder: RecorderMaker) -> None:
    """Starting, logging and ending a run take seconds at most, and the data is kept."""
    began = time.monotonic()
    stream = opened(make_recorder("http://127.0.0.1:9"), lease=True)
    for step in range(1_000):
        stream.log("loss", 0.0, step)
    assert stream.end("FINISHED").where == "spool"
    assert time.monotonic() - began < 3


def test_a_silent_server_delays_the_end_by_a_few_seconds_only(make_recorder: RecorderMaker, server: LiveServer) -> None:
    """A server that takes the request and never answers is as good as away."""
    with proxy(server.url) as silent:
        recorder = make_recorder(silent.url, tuning=Tuning(end_patience=1.0))
        stream = opened(recorder)
        silent.fates = ["stay silent"]
        stream.log("loss", 0.0, 0)
        began = time.monotonic()
        assert stream.end("FINISHED").where == "spool"
        assert time.monotonic() - began < 2


FATES: list[list[Fate]] = [
    ["lose the request"], ["lose the reply"], ["lose the reply", "lose the request", "lose the reply"],
    ["pass", "lose the reply", "pass", "lose the request"],
]  # fmt: skip


@pytest.mark.parametrize("fates", FATES)
def test_lost_requests_and_replies_lose_and_double_nothing(
    make_recorder: RecorderMaker, server: LiveServer, fates: list[Fate]
) -> None:
    """A batch is resent under its number until it was answered."""
    with proxy(server.url) as line:
        stream = opened(make_recorder(line.url))
        line.fates = list(fates)
        for step in range(20):
            stream.log("loss", float(step), step)
            assert stream.flush(timeout=10).where == "server"
        assert line.lost == len([fate for fate in fates if fate != "pass"])
    assert points(server.url, stream.run_id) == [(step, float(step)) for step in range(20)]


def test_threads_that_log_one_series_keep_each_value_with_its_step(
    make_recorder: RecorderMaker, server: LiveServer
) -> None:
    """One call is one record, whoever calls."""
    stream = opened(make_recorder(tuning=Tuning(batch_bytes=10_000)))

    def work(first: int) -> None:
        for step in range(first, first + 2_000):
            stream.log("loss", step * 0.5, step)

    threads = [threading.Thread(target=work, args=(n * 2_000,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stream.flush().where == "server"
    assert points(server.url, stream.run_id) == [(step, step * 0.5) for step in range(8_000)]


def test_two_streams_of_one_process_add_up(make_recorder: RecorderMaker, server: LiveServer) -> None:
    """Two clients of one process, writing to one run, lose and double nothing."""
    first = opened(make_recorder())
    second = make_recorder().stream(run_id=first.run_id)
    assert first.flush().where == "server"
    for step in range(100):
        (first if step % 2 else second).log("loss", float(step), step)
    assert first.flush().where == second.flush().where == "server"
    first.put()
    assert first.flush().where == "server"
    assert points(server.url, first.run_id) == [(step, float(step)) for step in range(100)]


def test_two_ranks_of_one_task_add_up(make_recorder: RecorderMaker, server: LiveServer) -> None:
    """Origin and epoch that were handed down make them writers of one attempt."""
    writer = "1700000000000:task"
    streams = [opened(make_recorder(writer=writer), key="two ranks") for _ in range(2)]
    for step in range(10):
        for stream in streams:
            stream.log("loss", float(step), step)
    assert [stream.flush().where for stream in streams] == ["server", "server"]
    assert streams[0].run_id == streams[1].run_id
    assert [stream.epoch for stream in streams] == [1_700_000_000_000] * 2
    assert len(points(server.url, streams[0].run_id)) == 20


def test_a_refused_batch_does_not_block_those_behind_it(
    make_recorder: RecorderMaker, server: LiveServer, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """It is kept with the reason, counted on the run, told once; the good ones behind it are stored."""
    other = opened(make_recorder())
    other.log("kind", "text", 0)
    assert other.flush().where == "server"
    stream = make_recorder().stream(run_id=other.run_id)
    with caplog.at_level(logging.WARNING):
        for step in range(3):
            stream.log("loss", float(step), step)
            if step < 2:
                stream.log("kind", 1.0, step)  # another process has made it a series of text
            flushed = stream.flush()
            assert flushed.where == "server"
            assert [(r.code, r.batches) for r in flushed.refused] == ([("invalid_request", 1)] if step < 2 else [])
    assert points(server.url, other.run_id) == [(2, 2.0)]
    assert run_of(server.url, other.run_id).lost == 2
    assert len(list(tmp_path.glob("spool/*/refused/*.batch"))) == 2
    assert len([r for r in caplog.records if "refused" in r.message]) == 1


def test_an_opening_that_is_refused_does_not_cost_the_run(make_recorder: RecorderMaker, server: LiveServer) -> None:
    """Claims that conflict are refused; all that is logged goes to the run that has the key."""
    first = opened(make_recorder(), key="claimed")
    first.producer.opening.scenario = "first"  # type: ignore[union-attr]
    assert first.flush().refused == []
    first.put()
    first.flush()
    second = opened(make_recorder(), key="claimed")
    second.producer.opening.scenario = "second"  # type: ignore[union-attr]
    second.log("loss", 1.0, 0)
    refused = second.flush().refused
    assert [r.code for r in refused] == ["conflict"]
    second.log("loss", 2.0, 1)
    assert second.flush().where == "server"
    assert second.run_id == first.run_id
    assert points(server.url, first.run_id) == [(0, 1.0), (1, 2.0)]
    run = run_of(server.url, first.run_id)
    assert (run.scenario, run.lost) == ("first", 0)


def test_a_writer_to_a_deleted_run_is_over(
    make_recorder: RecorderMaker, server: LiveServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once, goes on without an error, and nothing comes back."""
    stream = opened(make_recorder(), key="deleted")
    stream.log("loss", 1.0, 0)
    stream.flush()
    api = HttpApi(server.url)
    request = CreateDeletion(selector=Selector(run_id=stream.run_id), force=True)
    api.call("POST", "/deletions", body=request, result=Deletion)
    with caplog.at_level(logging.WARNING):
        for step in range(3):
            stream.log("loss", 1.0, step)
            assert [r.code for r in stream.flush().refused] == ["run_deleted"]
    assert len([r for r in caplog.records if "run_deleted" in r.message]) == 1
    with pytest.raises(RunDeleted):
        stream.write_now(tags={"a": "b"})


def test_a_write_that_must_be_answered_comes_behind_what_is_buffered(
    make_recorder: RecorderMaker, server: LiveServer
) -> None:
    """It has the server's own answer, and raises what the server refuses; the stream goes on."""
    stream = opened(make_recorder(), key="asked")
    stream.put(tags={"a": "first"})
    result = stream.write_now(tags={"a": "second"})
    assert (result.status, result.seq, result.existed) == ("ok", 2, True)
    with pytest.raises(InvalidRequest, match="runName"):
        stream.write_now(tags={"runName": "x"})
    assert stream.write_now(tags={"b": "third"}).seq == 3
    run = run_of(server.url, stream.resolve())
    assert (run.tags["a"], run.tags["b"], run.lost) == ("second", "third", 0)


def test_a_write_that_must_be_answered_raises_when_the_server_is_away(make_recorder: RecorderMaker) -> None:
    """And it is not made later."""
    with live_server() as server:
        stream = opened(make_recorder(server.url))
        stream.log("loss", 1.0, 0)
        stream.flush()
        server.kill()
        with pytest.raises(Unavailable):
            stream.write_now(tags={"never": "made"}, timeout=0.5)
        stream.put(tags={"later": "made"})
        assert stream.flush().where == "spool"
        server.start()
        assert stream.flush(timeout=20).where == "server"
        assert "never" not in run_of(server.url, stream.run_id).tags
        assert run_of(server.url, stream.run_id).tags["later"] == "made"


def test_a_conflict_is_raised_where_the_caller_waits(make_recorder: RecorderMaker) -> None:
    """Operators and `create` want to know."""
    first, second = (opened(make_recorder(), key="raised") for _ in range(2))
    first.producer.opening.scenario, second.producer.opening.scenario = "first", "second"  # type: ignore[union-attr]
    first.write_now()
    with pytest.raises(Conflict):
        second.write_now()
    assert second.run_id is None


def test_without_a_valid_token_data_waits_and_the_cause_is_named(
    make_recorder: RecorderMaker, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept, told once, and sent by a later process that has the token."""
    with live_server(tokens=True) as server:
        with caplog.at_level(logging.WARNING):
            stream = opened(make_recorder(server.url, token="wrong"))
            for step in range(3):
                stream.log("loss", float(step), step)
                assert stream.flush().where == "spool"
        assert len([r for r in caplog.records if "MBOX_TOKEN" in r.getMessage()]) == 1
        stream._recorder.close(timeout=0)
        later = make_recorder(server.url, token=server.token)
        opened(later).put()
        assert eventually(lambda: later._spool.names() == [], 10)
        api = HttpApi(server.url, server.token)
        run = api.call("GET", f"/runs/{stream.run_id}", result=dict)
        assert run["metrics"]["loss"]["count"] == 3


def eventually(holds: object, seconds: float) -> bool:
    """Whether something comes to hold in time."""
    assert callable(holds)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False
