"""Finding runs: pages of filtered and sorted listings, beside SQL that was written by hand for the same question.

The data are made once and kept in `.benchmarks/` (`MBOX_BENCH_DATA`): loading 100,000 runs takes about ten minutes.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from mbox_ops.entities.runs import RunQuery
from mbox_ops.server import memory
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.benchmarks.by_hand import ByHand, Question, postgresql_by_hand, sqlite_by_hand
from tests.benchmarks.figures import Figure, Scale, at_most_times, medians, seconds
from tests.benchmarks.kept import kept
from tests.benchmarks.search_copy import copy
from tests.benchmarks.search_data import load
from tests.benchmarks.stored import ACTOR
from tests.postgres import running_server_in, server_folder, server_programs, stop_server_in

SIZES = (1_000, 10_000, 100_000)
QUICK = (100, 1_000)
PAGE = 50
DEEP = 1_000  # pages

SORTED = Question(
    name="parameter and metric, by a metric",
    filter="params.model = 'model-{0}' AND metrics.loss < 0.{1}", sort="-metrics.accuracy",
)  # fmt: skip
NESTED = Question(
    name="three nested metadata clauses with OR, newest first",
    filter="(metadata.data.source = 'source-{0}' OR metadata.train.device.count > {1}) "
    "AND metadata.train.precision = 'bf16'",
    sort="-started_at",
)  # fmt: skip
DIFFERENT = 30
DICE = [(number % 10, 4 + number % 3) for number in range(1_000)]  # so many different ones


def run(scale: Scale) -> Iterator[Figure]:
    """First pages and deep ones on growing data, on SQLite and, at the largest size, on PostgreSQL; milliseconds."""
    sizes = QUICK if scale.quick else SIZES
    memory.settle()  # as a server does: what is measured here is its time
    times = scale.times(40)
    largest: dict[str, float] = {}
    for path, size in zip(made(sizes), sizes, strict=True):
        with Database(f"sqlite:///{path}") as database, closing(sqlite_by_hand(path)) as hand:
            for figure in _figures(database, hand, f"{size:,} runs", times, full=size == SIZES[-1]):
                largest[figure.name.partition(" (")[0]] = figure.measured
                yield figure
    if server_programs() is None:
        print("PostgreSQL is not installed: its figures are left out", file=sys.stderr)
        return
    folder = server_folder()
    try:
        url = running_server_in(folder).create_database()
        copy(path, url)
        with Database(url) as database, closing(postgresql_by_hand(url)) as hand:
            for figure in _figures(database, hand, f"{size:,} runs, PostgreSQL", times, full=size == SIZES[-1]):
                yield figure
                yield Figure(
                    name=f"{figure.name}, beside SQLite", unit="ms", measured=figure.measured,
                    limit=largest[figure.name.partition(" (")[0]], against="the same on SQLite", goals=figure.goals,
                )  # fmt: skip
    finally:
        stop_server_in(folder)


def made(sizes: tuple[int, ...]) -> list[Path]:
    """SQLite files with so many runs each; those that are not there yet are loaded through the service."""
    paths = [kept(f"search-{size}") for size in sizes]
    for place, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        if path.exists():
            continue
        fresh = path.with_suffix(".part")
        fresh.unlink(missing_ok=True)
        if place:
            shutil.copy(paths[place - 1], fresh)
        with Database(f"sqlite:///{fresh}") as database:
            database.upgrade()
            print(f"loading {size:,} runs ...", file=sys.stderr, flush=True)
            load(database, sizes[place - 1] if place else 0, size)
            Service(database).runs.list(ACTOR, RunQuery(sort="metrics.loss", limit=1))  # folds all of them
        with closing(sqlite_by_hand(fresh)) as hand:
            hand.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        fresh.rename(path)
    return paths


def _figures(database: Database, hand: ByHand, said: str, times: int, *, full: bool) -> Iterator[Figure]:
    """The goals are for the full size; what is smaller shows how the times grow."""
    service, goals = Service(database), (at_most_times(2),) if full else ()
    for question in (SORTED, NESTED):
        measured, limit = _first_pages(service, hand, question, times)
        yield Figure(
            name=f"{question.name} ({said})", unit="ms", measured=measured, limit=limit,
            against="SQL by hand, its rows put together", goals=goals,
        )  # fmt: skip
    if full:
        first, later = _listing(service, times)
        yield Figure(
            name=f"page {DEEP:,} of a listing ({said})", unit="ms", measured=later, limit=first, against="page 1",
            goals=goals,
        )  # fmt: skip


def _first_pages(service: Service, hand: ByHand, question: Question, times: int) -> list[float]:
    dice, theirs = iter(DICE), iter(DICE)

    def ours() -> list[str]:
        page = service.runs.list(ACTOR, question.query(next(dice), PAGE))
        return [run.id for run in page.items]

    def by_hand() -> list[str]:
        return hand.page(question, next(theirs), PAGE)

    for _ in range(DIFFERENT):  # each question once, so that neither is the one who reads from the disk
        assert ours() == by_hand(), f"the answers to {question} differ"
    return medians(times, lambda: 1e3 * seconds(ours), lambda: 1e3 * seconds(by_hand))


def _listing(service: Service, times: int) -> list[float]:
    """The first page, and one so deep."""
    cursor, seen = None, 0
    while seen < DEEP * PAGE:
        page = service.runs.list(ACTOR, RunQuery(limit=1_000, cursor=cursor))
        cursor, seen = page.next, seen + len(page.items)

    def read(at: str | None) -> Callable[[], Any]:
        return lambda: 1e3 * seconds(lambda: service.runs.list(ACTOR, RunQuery(limit=PAGE, cursor=at)))

    return medians(times, read(None), read(cursor))
