"""Random batches by random writers, folded and sealed at random moments, against a naive model."""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_ints
from tests.store.metric_recorder import Recorder, RefusedError, RolledBackError

INT64 = st.integers(-(2**63), 2**63 - 1)
STEPS = (st.integers(0, 2), st.integers(-3, 12), st.one_of(st.integers(-3, 12), INT64))
WALLCLOCKS = (st.integers(0, 1), st.one_of(st.integers(0, 3), INT64))
PATTERNS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.floats().map(lambda value: struct.unpack("<Q", struct.pack("<d", value))[0]),
    st.sampled_from([0, 1 << 63, 0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, 0x7FF0000000000001, 1, (0x7FF0 << 48) - 1]),
)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """A block of one to three series."""
    kind = draw(st.sampled_from(["float", "float", "float", "string", "bytes"]))
    likely = {"float": "ab", "string": "c", "bytes": "d"}[kind]
    usual = st.lists(st.sampled_from(likely), min_size=1, max_size=2, unique=True)
    names = draw(usual | usual | usual | usual | st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    rows = draw(st.integers(0, 6))
    size = rows * len(names)
    values: bytes | list
    if kind == "float":
        values = struct.pack(f"<{size}Q", *draw(st.lists(PATTERNS, min_size=size, max_size=size)))
    else:
        values = draw(st.lists(TEXTS if kind == "string" else st.binary(max_size=20), min_size=size, max_size=size))
    steps, wallclocks = (
        draw(st.none() | st.one_of(*(st.lists(some, min_size=rows, max_size=rows).map(pack_ints) for some in kinds)))
        for kinds in (STEPS, WALLCLOCKS)
    )
    return Block(names=names, kind=kind, steps=steps, wallclocks=wallclocks, values=values)


BATCHES = st.tuples(
    st.just("write"),
    st.lists(blocks(), min_size=1, max_size=3),
    st.sampled_from("ab"),
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([False, False, False, True]),
)
OTHERS = st.sampled_from([("fold",), ("seal",), ("touch",), ("check",)])
PLANS = st.lists(st.one_of(BATCHES, BATCHES, BATCHES, OTHERS), max_size=20)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite database."""
    folder: Path = tmp_path_factory.mktemp("metrics")
    with Database(f"sqlite:///{folder / 'a.db'}") as database:
        database.upgrade()
        yield database


@pytest.fixture(scope="module")
def postgresql(postgres_url: Callable[[], str]) -> Iterator[Database]:
    """A PostgreSQL database."""
    with Database(postgres_url()) as database:
        database.upgrade()
        yield database


def play(database: Database, plan: list[tuple], limit: int) -> None:
    """Do what the plan says, and compare; a batch that the store refuses changes nothing."""
    recorder = Recorder(database)
    epochs = {"a": 1, "b": 1}
    for what, *how in plan:
        if what == "write":
            some, origin, newer, fails = how
            epoch = epochs[origin] + newer
            try:
                recorder.after(some, 0, origin, epoch)
            except RefusedError:
                with pytest.raises(InvalidRequest):
                    recorder.write(*some, origin=origin, epoch=epoch)
                continue
            with suppress(RolledBackError):
                recorder.write(*some, origin=origin, epoch=epoch, fails=fails)
                epochs[origin] = epoch
        else:
            getattr(recorder, what)()
    recorder.check()
    for name in "abcd":
        recorder.check_pages(name, limit)
    recorder.seal()
    recorder.check()
    for name in "abcd":
        recorder.check_pages(name, limit)


SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@settings(SETTINGS, max_examples=60)
@given(plan=PLANS, limit=st.integers(1, 5))
def test_what_is_read_is_what_was_written_and_not_replaced(sqlite: Database, plan: list[tuple], limit: int) -> None:
    """History, pages, totals and summaries equal the naive model's, on SQLite."""
    play(sqlite, plan, limit)


@pytest.mark.postgres
@settings(SETTINGS, max_examples=15)
@given(plan=PLANS, limit=st.integers(1, 5))
def test_the_same_holds_on_postgresql(postgresql: Database, plan: list[tuple], limit: int) -> None:
    """History, pages, totals and summaries equal the naive model's, on PostgreSQL."""
    play(postgresql, plan, limit)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three points and moves of five, so that a short history has many of both."""
    monkeypatch.setattr("mbox_ops.store.chunks.CHUNK", 3)
    monkeypatch.setattr("mbox_ops.store.chunks._SLICE", 5)
    monkeypatch.setattr("mbox_ops.store.chunks._GROWTH", 2)
    monkeypatch.setattr("mbox_ops.store.segments.FOLD_SEGMENTS", 3)
    monkeypatch.setattr("mbox_ops.store.series._SLICE", 4)


@settings(SETTINGS, max_examples=60)
@given(plan=PLANS, limit=st.integers(1, 5))
@pytest.mark.usefixtures("small_chunks")
def test_chunks_of_any_size_hold_the_same_history(sqlite: Database, plan: list[tuple], limit: int) -> None:
    """Chunk borders, merged tails and folds in between change nothing that is read."""
    play(sqlite, plan, limit)
