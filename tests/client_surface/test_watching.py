"""`client.watch`: changes as they come, whatever happens to the line."""

import threading
import time

import pytest

from mbox_ops.client.client import Client
from mbox_ops.errors import InvalidRequest, Unavailable
from mbox_ops.testing import live_server


def test_a_watch_gives_what_changes_from_its_beginning_on() -> None:
    """Also before the first `next`; and its cursor, or a change's, goes on behind what was given."""
    with live_server() as server:
        client = Client(server.url)
        client.runs.create(scenario="old")
        watch = client.watch(timeout=0)
        runs = [client.runs.create(scenario="new", run_name=f"r{number}") for number in range(3)]
        first = next(watch)
        cursor = watch.cursor
        rest = list(watch)
        assert [change.id for change in (first, *rest)] == [run.id for run in runs]
        assert (first.action, first.kind, first.scenario, first.name) == ("created", "run", "new", "r0")
        assert cursor == first.cursor
        assert [change.id for change in client.watch(cursor, timeout=0)] == [run.id for run in runs[1:]]
        assert [change.id for change in client.watch(watch.cursor, timeout=0)] == []
        assert [change.id for change in client.watch(since=0, scenario="old", timeout=0)] == [
            change.id for change in client.watch(since=0, timeout=0) if change.scenario == "old"
        ]
        assert [change.name for change in client.watch(since=0, subject=runs[1], kind="run", timeout=0)] == ["r1"]
        with pytest.raises(InvalidRequest):
            client.watch("no cursor")
        with client.watch(since=0) as closed:
            given = next(closed)
        assert (list(closed), closed.cursor) == ([], given.cursor)


def test_a_watch_outlives_restarts_and_broken_lines() -> None:
    """What changed meanwhile is given once, in order."""
    with live_server() as server:
        client = Client(server.url)
        written: list[str] = []
        watch = client.watch(timeout=20)

        def write() -> None:
            for number in range(12):
                if number in (4, 8):
                    server.kill()
                    server.start()
                written.append(client.runs.create(scenario="s").id)

        writing = threading.Thread(target=write)
        writing.start()
        seen = [next(watch).id for _ in range(12)]
        writing.join()
        assert seen == written


def test_a_watch_says_when_nobody_is_there() -> None:
    """When patience is over, which begins when the service has gone; and when the time to wait for a change is."""
    with live_server() as server:
        client = Client(server.url)
        watch, short = client.watch(patience=0.5), client.watch(timeout=0.1)
        gone: list[float] = []

        def leave() -> None:
            time.sleep(0.6)  # longer than patience: it has waited for a change so far
            gone.append(time.monotonic())
            server.kill()

        leaving = threading.Thread(target=leave)
        leaving.start()
        with pytest.raises(Unavailable):
            next(watch)
        assert time.monotonic() - gone[0] >= 0.5
        leaving.join()
        with pytest.raises(Unavailable):
            next(short)
