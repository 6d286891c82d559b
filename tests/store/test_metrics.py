"""What the metric store promises, one sentence at a time; `test_metrics_model` searches the space between."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, event, func, select

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.metrics import Block, MetricSummary
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.store import chunks
from mbox_ops.store.database import Database
from mbox_ops.store.tables import axes, metadata, series_writers, subjects
from mbox_ops.store.tables import chunks as chunks_table
from mbox_ops.store.tables import segments as segments_table
from mbox_ops.wire.encodings import pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.store.metric_recorder import READER, Recorder, RolledBackError


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of either kind."""
    url = f"sqlite:///{tmp_path / 'a.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")()
    with Database(url) as made:
        with made.write() as conn:
            metadata.create_all(conn)  # what the migrations make, sooner
        yield made


@pytest.fixture
def recorder(database: Database) -> Recorder:
    """A subject to write to."""
    return Recorder(database)


def floats(
    *values: float, names: str = "a", steps: list[int] | None = None, wallclocks: list[int] | None = None
) -> Block:
    """A block of float series, each named by one letter."""
    return Block(
        names=list(names), steps=None if steps is None else pack_ints(steps), values=pack_floats(values),
        wallclocks=None if wallclocks is None else pack_ints(wallclocks),
    )  # fmt: skip


def steps_of(recorder: Recorder, name: str) -> list[int]:
    """The steps of a series in history order."""
    return list(unpack_ints(recorder.history(names=[name], limit=None)[0].steps))


def count(database: Database, table: object) -> int:
    """How many rows a table has."""
    with database.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_missing_steps_go_on_behind_the_largest(recorder: Recorder) -> None:
    """Each series of a block gets its own next step, from 0."""
    recorder.write(floats(1.0, 2.0, names="ab"))
    recorder.write(floats(3.0, steps=[7]))
    recorder.write(floats(1.0, 2.0, 3.0, 4.0, names="ab"))
    recorder.seal()
    recorder.write(floats(9.0, 9.0, names="ba"))
    assert steps_of(recorder, "a") == [0, 7, 8, 9, 10]
    assert steps_of(recorder, "b") == [0, 1, 2, 3]
    recorder.check()


def test_missing_steps_start_again_when_the_attempt_is_replaced(recorder: Recorder) -> None:
    """Only what is not replaced counts for the largest step."""
    recorder.write(floats(1.0, steps=[100]))
    recorder.write(floats(2.0), epoch=2)
    assert steps_of(recorder, "a") == [0]


def test_a_negative_step_does_not_make_missing_ones_negative(recorder: Recorder) -> None:
    """Steps that the server gives begin at 0, whatever the database was asked in between."""
    for _ in range(2):
        recorder.write(floats(1.0, steps=[-5]))
        recorder.touch()
    recorder.write(floats(2.0))
    assert steps_of(recorder, "a") == [-5, -5, 0]


def test_a_step_beyond_int64_is_refused(recorder: Recorder) -> None:
    """The largest step has no successor; the error names the metric and the step."""
    recorder.write(floats(1.0, steps=[2**63 - 1]))
    with pytest.raises(InvalidRequest, match=r"'a' has a step of 9223372036854775807"):
        recorder.write(floats(2.0))
    assert steps_of(recorder, "a") == [2**63 - 1]


def test_a_series_keeps_its_kind_until_nothing_is_left_of_it(recorder: Recorder) -> None:
    """Another kind is refused by name; a later attempt may give the name another kind."""
    recorder.write(floats(1.0))
    text = Block(names=["a"], kind="string", values=["x"])
    with pytest.raises(InvalidRequest, match="'a' is a series of float values and takes no string values"):
        recorder.write(text)
    with pytest.raises(InvalidRequest, match="takes no string values"):
        recorder.write(floats(1.0, names="b"), Block(names=["b"], kind="string", values=["x"]))
    recorder.write(text, epoch=2)
    recorder.check()
    assert [summary.last for summary in recorder.summaries()] == ["x"]


def test_too_many_series_are_refused_and_replaced_ones_do_not_count(database: Database) -> None:
    """The limit counts what is shown."""
    recorder = Recorder(database, limits=Limits(series=2))
    recorder.write(floats(1.0, 2.0, names="ab"))
    with pytest.raises(InvalidRequest, match="3 series; the limit is 2"):
        recorder.write(floats(1.0, names="c"))
    recorder.write(floats(1.0, 2.0, names="cd"), epoch=2)
    recorder.check()


def test_a_summary_says_what_the_points_come_to(recorder: Recorder) -> None:
    """`last` is the greatest by (step, wallclock, arrival); NaN is counted and skipped."""
    recorder.write(floats(1.0, math.nan, -4.0, 2.0, steps=[5, 9, 9, 1], wallclocks=[1, 2, 2, 1]))
    recorder.write(floats(-0.0, 0.0, names="zy", steps=[1]))
    found = {summary.name: summary for summary in recorder.summaries()}
    assert found["a"] == MetricSummary(
        name="a", kind="float", count=4, nan_count=1, last=-4.0, first=2.0, min=-4.0, max=2.0, mean=-1 / 3,
        last_step=9, last_wallclock=2,
    )  # fmt: skip
    recorder.check()


def test_of_two_zeros_the_negative_one_is_the_lesser(recorder: Recorder) -> None:
    """Whatever their order, within a batch or over several summaries."""
    for name, first, second in (("a", 0.0, -0.0), ("b", -0.0, 0.0)):
        recorder.write(floats(first, names=name))
        recorder.fold()
        recorder.write(floats(second, names=name))
        recorder.fold()
    for summary in recorder.summaries():
        assert (math.copysign(1, float(summary.min)), math.copysign(1, float(summary.max))) == (-1, 1)


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([1.7e308] * 10, 1.7e308),
        ([1.7e308, -1.7e308, 3.0], 1.0),
        ([1e16, 1.0, -1e16] * 100, 1 / 3),
        ([math.inf, 1.0], math.inf),
        ([math.inf, -math.inf], math.nan),
        ([5e-324] * 3, 5e-324),
    ],
)
def test_a_mean_neither_overflows_nor_cancels(recorder: Recorder, values: list[float], mean: float) -> None:
    """It is as good when every value is folded alone."""
    recorder.write(floats(*values))
    for value in values:
        recorder.write(floats(value, names="b"))
        recorder.fold()
    assert [float(summary.mean) for summary in recorder.summaries()] == [
        pytest.approx(mean, rel=1e-12, nan_ok=True)
    ] * 2


def test_replacing_an_attempt_reads_no_points(recorder: Recorder, database: Database) -> None:
    """The summaries are made again from those of the writers, and what others wrote stays."""
    recorder.write(floats(*range(100), steps=list(range(100))), origin="a")
    recorder.write(floats(5.0, steps=[3]), origin="b")
    recorder.seal()
    seen: list[str] = []
    engine = database._engine
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    recorder.write(floats(1.0, names="b"), origin="a", epoch=2)
    assert [text for text in seen if "body" in text and not text.startswith("INSERT")] == []
    recorder.check()
    assert count(database, series_writers) == 2


def test_what_replaced_writers_left_is_dropped_when_the_run_is_sealed(recorder: Recorder, database: Database) -> None:
    """Neither their segments become chunks nor do their chunks stay."""
    recorder.write(floats(1.0, 2.0))
    recorder.seal()
    recorder.write(floats(1.0, 2.0))
    recorder.write(floats(3.0), epoch=2)
    recorder.seal()
    assert (count(database, axes), count(database, chunks_table), count(database, segments_table)) == (1, 1, 0)
    recorder.check()


def test_series_that_are_logged_together_share_their_axis(recorder: Recorder, database: Database) -> None:
    """Their steps and wallclocks are kept once, also after more of them came."""
    for _ in range(3):
        recorder.write(floats(1.0, 2.0, names="ab", steps=[1]))
        recorder.seal()
    assert (count(database, axes), count(database, chunks_table)) == (1, 2)
    recorder.write(floats(1.0, steps=[1]))
    recorder.seal()
    assert (count(database, axes), count(database, chunks_table)) == (2, 2)
    recorder.check()


def test_pages_part_points_that_differ_in_nothing_but_their_place(recorder: Recorder, monkeypatch) -> None:
    """Equal step, wallclock and batch, split over several chunks: each page goes on where the last one ended."""
    monkeypatch.setattr(chunks, "CHUNK", 3)
    recorder.write(floats(*range(10), steps=[4] * 10, wallclocks=[1] * 10))
    for limit in (1, 2, 4):
        recorder.check_pages("a", limit)
    for _ in range(2):
        recorder.seal()
        for limit in (1, 2, 4):
            recorder.check_pages("a", limit)
        recorder.write(floats(*range(4), steps=[4] * 4, wallclocks=[1] * 4))  # joins the last chunk, half a batch


def test_a_page_looks_into_every_chunk_of_its_last_step(recorder: Recorder, monkeypatch) -> None:
    """What arrived later may come first by its wallclock."""
    monkeypatch.setattr(chunks, "CHUNK", 3)
    recorder.write(floats(*range(12), steps=[4] * 12, wallclocks=list(range(12, 0, -1))))
    recorder.seal()
    for limit in (1, 2, 5):
        recorder.check_pages("a", limit)


def test_a_cursor_stays_good_while_points_are_sealed(recorder: Recorder) -> None:
    """Where a point lies does not matter to its place."""
    recorder.write(floats(*range(10), steps=[4] * 10, wallclocks=[1] * 10))
    (first,) = recorder.history(names=["a"], limit=4)
    recorder.seal()
    (rest,) = recorder.history(names=["a"], limit=None, after=first.next)
    assert list(unpack_floats(rest.values)) == [4, 5, 6, 7, 8, 9]
    assert (first.total, rest.total, first.truncated, rest.truncated, rest.next) == (10, 10, True, False, None)


def test_the_first_points_of_a_long_series_are_read_without_the_rest(recorder: Recorder, monkeypatch) -> None:
    """Only chunks that can hold one of them are decoded."""
    monkeypatch.setattr(chunks, "CHUNK", 100)
    recorder.write(floats(*range(5_000), steps=list(range(5_000))))
    recorder.seal()
    decoded = []
    decode = chunks.decode_values
    monkeypatch.setattr("mbox_ops.store.history.decode_values", lambda *given: decoded.append(1) or decode(*given))
    (page,) = recorder.history(names=["a"], limit=250)
    assert (len(unpack_ints(page.steps)), page.truncated, len(decoded)) == (250, True, 3)
    (page,) = recorder.history(names=["a"], limit=250, after=page.next)
    assert (list(unpack_ints(page.steps)), len(decoded)) == ([*range(250, 500)], 7)


def test_unknown_names_have_an_empty_history(recorder: Recorder) -> None:
    """Answers stand in the order of the names that were asked for."""
    recorder.write(floats(1.0, 2.0, names="ab"))
    found = recorder.history(names=["nope", "b", "a\x00"])
    assert [(one.name, one.total, one.truncated) for one in found] == [
        ("nope", 0, False),
        ("b", 1, False),
        ("a\x00", 0, False),
    ]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"after": "x"}, {"after": "x", "names": ["a"]}, {"after": "", "names": ["a"]}]
)
def test_a_history_that_cannot_be_meant_is_refused(recorder: Recorder, query: dict) -> None:
    """A limit below one, a cursor beside several names, a cursor that nobody gave."""
    with pytest.raises(InvalidRequest):
        recorder.history(**query)


def test_a_subject_that_is_not_there_is_not_found(recorder: Recorder) -> None:
    """Its metrics are no empty list."""
    recorder.uid = "no such run"
    with pytest.raises(NotFound):
        recorder.summaries()
    with pytest.raises(NotFound):
        recorder.history()
    assert recorder.metrics.seal("no such run") == 0


def test_a_steady_batch_asks_the_database_nothing(recorder: Recorder, database: Database) -> None:
    """One insert, beside what the recorder itself does; neither given nor missing steps cost more."""
    names = "abcdefgh"
    for _ in range(2):
        recorder.write(floats(*range(8), names=names, steps=[1]), floats(*range(8), names=names))
    seen: list[str] = []
    event.listen(database._engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    recorder.write(floats(*range(8), names=names, steps=[1]), floats(*range(8), names=names))
    assert [text.split()[0] for text in seen if "subjects" not in text] == [
        *(["BEGIN"] if database.dialect == "sqlite" else []), "INSERT",
    ]  # fmt: skip


def test_what_was_rolled_back_is_not_remembered(recorder: Recorder) -> None:
    """A later batch under the same arrival number finds the truth again."""
    for fails in (True, False, True, False):
        try:
            recorder.write(floats(1.0, 2.0, names="ab"), fails=fails)
        except RolledBackError:
            recorder.touch()
    recorder.check()


def test_many_small_batches_are_folded_and_sealed_as_they_come(recorder: Recorder, monkeypatch) -> None:
    """The job takes a subject once it has gathered much, and tails grow into full chunks."""
    monkeypatch.setattr("mbox_ops.store.segments.SEAL_SEGMENTS", 10)
    monkeypatch.setattr("mbox_ops.store.segments.FOLD_SEGMENTS", 4)
    monkeypatch.setattr(chunks, "CHUNK", 8)
    sealed = 0
    for index in range(45):
        recorder.write(floats(index, -index, names="ab"))
        sealed += recorder.metrics.seal_due()
    assert sealed == 4
    assert count(recorder.database, segments_table) == 5
    assert count(recorder.database, axes) == 5
    recorder.check()


def test_two_that_seal_the_same_run_move_every_point_once(recorder: Recorder, monkeypatch) -> None:
    """Who comes second gives way, and nothing is there twice."""
    monkeypatch.setattr(chunks, "_SLICE", 10)
    for index in range(100):
        recorder.write(floats(index))
    threads = [threading.Thread(target=recorder.seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.check()
    recorder.seal()
    assert count(recorder.database, segments_table) == 0
    recorder.check()


def test_readers_see_every_point_once_while_the_run_is_sealed(recorder: Recorder, monkeypatch) -> None:
    """A history read during a move has neither a gap nor a double."""
    monkeypatch.setattr(chunks, "_SLICE", 5)
    for index in range(60):
        recorder.write(floats(index))
    sealing = threading.Thread(target=recorder.seal)
    sealing.start()
    while sealing.is_alive():
        recorder.check_pages("a", 1_000)
    sealing.join()
    recorder.check()


def test_any_bits_come_back_from_full_chunks(recorder: Recorder) -> None:
    """All float64 patterns but NaN payloads, through sealing."""
    random = np.random.default_rng(7)
    values = random.integers(0, 2**64, 9_000, dtype=np.uint64).view(np.float64)
    values[::5] = np.round(random.normal(size=1_800), 4)
    values[::7] = -0.0
    values[::11] = np.inf
    recorder.write(Block(names=["a", "b", "c"], values=values.tobytes()))
    recorder.seal()
    recorder.check()


def test_a_purged_subject_is_no_obstacle_to_the_job(recorder: Recorder) -> None:
    """Sealing a subject that has gone meanwhile does nothing."""
    assert recorder.metrics._seal(10**9) == 0
    with pytest.raises(NotFound):
        recorder.metrics.list(READER, "gone")


def test_nothing_is_remembered_of_a_purged_subject(database: Database) -> None:
    """A later subject gets an id of its own, so it cannot be taken for the one that is gone."""
    first = Recorder(database)
    for _ in range(3):
        first.write(floats(1.0))
    with database.write() as conn:
        conn.execute(delete(subjects).where(subjects.c.id == first.id))
    second = Recorder(database)
    assert second.id != first.id
    for _ in range(5):
        second.write(floats(1.0))
    second.check()
