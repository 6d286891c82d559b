"""Deleting a large scenario: marking it, bringing it back, purging it while others write, and the space it leaves."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mbox_ops.client.client import Client
from mbox_ops.entities.deletions import CreateDeletion, Deletion, Selector
from mbox_ops.service.service import Service
from mbox_ops.store import space
from mbox_ops.store.database import Database
from mbox_ops.testing import LiveServer, live_server
from tests.benchmarks.deletions_data import made
from tests.benchmarks.deletions_stores import Store, digests, drop_at_once, files, has_postgres, postgres, used, vacuum
from tests.benchmarks.figures import Figure, Scale, at_least, at_most, at_most_times, seconds
from tests.benchmarks.paced import WRITERS, writers
from tests.benchmarks.search_copy import add
from tests.benchmarks.stored import ACTOR

RUNS = 10_000
POINTS = (100, 1_000)  # of each run
SECONDS_BEFORE = 30  # how long the writers are looked at before the purge begins
LARGE = 5_000  # runs: below, what is kept for rows to come is most of the file
LONGEST = 1_800  # seconds that a purge may take
GONE = Selector(scenarios=["gone"])
MB = 1e6

Times = dict[str, list[float]]


def run(scale: Scale) -> Iterator[Figure]:
    """On SQLite and PostgreSQL: the same runs with few and with many points."""
    runs = scale.size(RUNS)
    few, many = (made(runs, points) for points in POINTS)
    for opened in (files, postgres):
        if opened is postgres and not has_postgres():
            print("PostgreSQL is not installed: its figures are left out", file=sys.stderr)
            return
        with opened() as store:
            said = f"{runs:,} runs, {runs * POINTS[1]:,} points, {store.name}"
            yield from _marking(scale, said, store.put(few, "few"), store.put(many, "many"))
            yield from _purging(scale, said, store, many, large=runs >= LARGE)


def _marking(scale: Scale, said: str, few: str, many: str) -> Iterator[Figure]:
    with Database(few) as smaller, Database(many) as larger:
        before = digests(larger)
        times: dict[str, Times] = {few: {}, many: {}}
        for _ in range(scale.times(7)):
            _cycle(Service(smaller), times[few])
            _cycle(Service(larger), times[many])
        after = digests(larger)
    for step in ("preview", "tombstone", "undo"):
        measured, limit = (statistics.median(times[url][step]) for url in (many, few))
        yield Figure(
            name=f"{step} ({said})", unit="ms", measured=1e3 * measured, limit=1e3 * limit,
            against="with a tenth of the points", goals=(at_most_times(1.5),),
        )  # fmt: skip
    changed = [name for name in before if before[name] != after[name]]
    yield Figure(
        name=f"tables and readings that an undo left changed ({said})", unit="of " + str(len(before)),
        measured=len(changed), goals=(at_most(0),),
    )  # fmt: skip


def _cycle(service: Service, times: Times) -> None:
    """Preview, delete, undo."""
    make, undo = service.deletions.create, service.deletions.undo
    _timed(times, "preview", lambda: make(ACTOR, CreateDeletion(selector=GONE, dry_run=True)))
    done = _timed(times, "tombstone", lambda: make(ACTOR, CreateDeletion(selector=GONE)))
    _timed(times, "undo", lambda: undo(ACTOR, done.id))


def _timed(times: Times, step: str, call: Callable[[], Deletion]) -> Deletion:
    began = time.perf_counter()
    result = call()
    times.setdefault(step, []).append(time.perf_counter() - began)
    return result


def _purging(scale: Scale, said: str, store: Store, data: Path, *, large: bool) -> Iterator[Figure]:
    url, bare = store.put(data, "purged"), store.put(data, "bare")
    full = used(bare)
    at_once = seconds(lambda: drop_at_once(bare, "gone"))
    by_hand = seconds(lambda: vacuum(bare))
    with (
        tempfile.TemporaryDirectory() as home,
        live_server(home=Path(home), database_url=url) as server,
        writers(server.port) as paced,
    ):
        time.sleep(2)
        began = time.time()
        time.sleep(max(5, scale.size(SECONDS_BEFORE)))
        asked = time.time()
        purged = Client(server.url).deletions.create(scenario="gone", purge=True)
        from_then = time.time()
        _wait(server, purged.id)
        until = time.time()
    yield Figure(
        name=f"purge ({said})", unit="s", measured=until - from_then, limit=at_once, against="one DELETE of it all"
    )
    yield Figure(
        name=f"p99 of {WRITERS} writers while it is purged ({said})", unit="ms",
        measured=1e3 * paced.p99(from_then, until), limit=1e3 * paced.p99(began, asked), against="before",
        goals=(at_most_times(3),),
    )  # fmt: skip
    yield from _space(said, store, data, url, full=full, least=used(bare), by_hand=by_hand, large=large)


def _space(
    said: str, store: Store, data: Path, url: str, *, full: int, least: int, by_hand: float, large: bool
) -> Iterator[Figure]:
    drop_at_once(url, "writing")  # what came meanwhile is not what is measured
    with Database(url) as database:
        if store.name == "SQLite":
            given_back = seconds(lambda: _give_back(database))
            left = used(url)
            yield Figure(
                name=f"giving the space back ({said})", unit="s", measured=given_back, limit=by_hand,
                against="VACUUM after one DELETE",
            )  # fmt: skip
            yield Figure(
                name=f"space given back ({said})", unit="%", measured=100 * (full - left) / (full - least),
                goals=(at_least(90),) if large else (),
            )  # fmt: skip
        compaction = seconds(lambda: space.compact(database))
    yield Figure(
        name=f"compaction afterwards ({said})", unit="s", measured=compaction, limit=by_hand,
        against="VACUUM after one DELETE",
    )  # fmt: skip
    if store.name == "PostgreSQL":
        vacuum(url)  # autovacuum comes again, too: a page of an index can be used two passes after its last row went
        add(data, url)
        yield Figure(
            name=f"the same runs again ({said})", unit="MB", measured=used(url) / MB, limit=full / MB,
            against="before the purge", goals=(at_most_times(1.1),) if large else (),
        )  # fmt: skip


def _give_back(database: Database) -> None:
    """What the server does by itself."""
    while Service(database).deletions.purging.give_space_back():
        pass


def _wait(server: LiveServer, deletion_id: str) -> None:
    client, ends = Client(server.url), time.monotonic() + LONGEST
    while client.deletions.get(deletion_id).state != "PURGED":
        assert time.monotonic() < ends, server.log_end()
        time.sleep(0.2)
