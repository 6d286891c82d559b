"""Any float64, any int64 step and any legal name, from the client to the reader, in both encodings, on both databases.

And histories after replaced attempts, in any order of steps, against a naive model, through the same doors.
"""

import math
import os
import secrets
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mbox_ops.client.http import HttpApi
from mbox_ops.client.recorder import Recorder
from mbox_ops.client.transport import HttpTransport
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.metrics import Block, MetricHistory, MetricSummary
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.errors import Fenced
from mbox_ops.settings import ClientSettings
from mbox_ops.testing import LiveServer, live_server
from mbox_ops.wire.encodings import JSON, MSGPACK, decode, encode, pack_floats, pack_ints, to_wire, unpack_floats
from mbox_ops.wire.encodings import unpack_ints as ints

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

T = TypeVar("T")
EXAMPLES = int(os.environ.get("MBOX_PROOF_EXAMPLES", "100"))

INT64 = st.integers(-(2**63), 2**63 - 1)
EDGES = [0, 1 << 63, 0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, 0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF, 1, (1 << 63) + 1]
PATTERNS = st.integers(0, 2**64 - 1) | st.sampled_from(EDGES)
FLOATS = PATTERNS.map(lambda pattern: struct.unpack("<d", struct.pack("<Q", pattern))[0]) | st.floats()
PRINTABLE = st.characters(exclude_categories=["C", "Z"]) | st.just(" ")
NAMES = st.text(PRINTABLE, min_size=1, max_size=256).filter(str.isprintable)
SECONDS = st.integers(-62_135_596_800, 253_402_300_799)
POINTS = st.lists(st.tuples(st.integers(0, 2), FLOATS, INT64 | st.integers(-2, 2), SECONDS), min_size=1, max_size=30)
SETTINGS = settings(
    deadline=None, max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip


@dataclass
class JsonApi:
    """What another language's client does: JSON both ways."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, result: type[T], *, body: object = None, query: Any = None) -> T:
        """Ask the service; raises AssertionError with its answer if it refuses."""
        headers = {"Content-Type": JSON, "Accept": JSON}
        data = None if body is None else encode(body, JSON)
        answer = self.session.request(method, f"{self.url}/api/v1{path}", data=data, params=query, headers=headers)
        if answer.status_code == 409 and b'"fenced"' in answer.content:
            raise Fenced("...")
        assert answer.ok, answer.text
        return decode(answer.content, result, JSON)


@dataclass
class Door:
    """One live server as one encoding sees it."""

    server: LiveServer
    media_type: str

    def __post_init__(self) -> None:
        self._json, self._packed = JsonApi(self.server.url), HttpApi(self.server.url)

    def send(self, body: bytes) -> BatchResult:
        """What the client formed, in this door's encoding: a transport of the client's."""
        if self.media_type == MSGPACK:
            return HttpTransport(self._packed).send(body)
        batch = decode(body, Batch)
        for block in batch.points:
            block.steps = None if block.steps is None else list(ints(block.steps))
            block.wallclocks = None if block.wallclocks is None else list(ints(block.wallclocks))
            block.values = [to_wire(value) for value in unpack_floats(block.values)]
        return self._json.call("POST", "/batches", BatchResult, body=batch)

    def time(self) -> int:
        """The server's time."""
        return HttpTransport(self._packed).time()

    def histories(self, run_id: str) -> dict[str, list[tuple[int, int, float]]]:
        """The points of all series, as (step, wallclock, value)."""
        path = f"/runs/{run_id}/metrics/history"
        found = {}
        for one in self._get(path, list[MetricHistory], {"limit": "all"}):
            rows = zip(ints(one.steps), ints(one.wallclocks), unpack_floats(one.values), strict=True)
            found[one.name] = list(rows)
        return found

    def summaries(self, run_id: str) -> dict[str, MetricSummary]:
        """The summaries by name."""
        return {one.name: one for one in self._get(f"/runs/{run_id}/metrics", list[MetricSummary])}

    def _get(self, path: str, kind: type[T], query: Any = None) -> T:
        api = self._packed if self.media_type == MSGPACK else self._json
        return api.call("GET", path, result=dict[str, kind], query=query)["items"]  # type: ignore[valid-type]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """One live server on each database."""
    create: Callable[[], str | None] = lambda: None  # noqa: E731
    if request.param == "postgresql":
        create = request.getfixturevalue("postgres_url")
    with live_server(database_url=create()) as running:
        yield running


@pytest.fixture(scope="module", params=[MSGPACK, JSON], ids=["msgpack", "json"])
def door(server: LiveServer, request: pytest.FixtureRequest) -> Door:
    """That server in each encoding."""
    return Door(server, request.param)


def bits(value: float) -> int:
    """The pattern; all NaNs are one."""
    pattern: int = struct.unpack("<Q", struct.pack("<d", math.nan if math.isnan(value) else value))[0]
    return pattern


def rows(points: list[tuple[int, int, float]]) -> list[tuple[int, int, int]]:
    """Points that can be compared: values as patterns."""
    return [(step, wallclock, bits(value)) for step, wallclock, value in points]


def check_summary(summary: MetricSummary, points: list[tuple[int, int, float]]) -> None:
    """Counts, ends and extremes are those of the points, bit by bit."""
    values = [value for _, _, value in points]
    numbers = sorted((value for value in values if not math.isnan(value)), key=lambda v: (v, math.copysign(1, v)))
    assert (summary.count, summary.nan_count) == (len(values), len(values) - len(numbers))
    assert (summary.last_step, summary.last_wallclock) == points[-1][:2]
    assert shown(summary.first, summary.last) == [bits(values[0]), bits(values[-1])]
    if numbers:
        assert shown(summary.min, summary.max) == [bits(numbers[0]), bits(numbers[-1])]
    else:
        assert (summary.min, summary.max, summary.mean) == (None, None, None)


def shown(*values: float | str | None) -> list[int]:
    """The patterns of a summary's values."""
    return [bits(float(value)) for value in values if value is not None]


@settings(SETTINGS)
@given(names=st.lists(NAMES, min_size=3, max_size=3, unique=True), points=POINTS)
@example(names=["x" * 256, " ", "\N{GRINNING FACE}" * 256], points=[(2, -0.0, -(2**63), 0), (0, math.nan, 7, 0)])
def test_what_the_client_logs_is_read_bit_by_bit(
    door: Door, tmp_path: Path, names: list[str], points: list[tuple[int, float, int, int]]
) -> None:  # fmt: skip
    """From `log` over the wire and the store to histories and summaries."""
    run_id = uuid7()
    recorder = Recorder(
        ClientSettings(url=door.server.url, spool_dir=tmp_path / "spool"), transport=door, threaded=False
    )  # fmt: skip
    stream = recorder.stream(run_id=run_id, open=OpenRun(run_id=run_id))
    expected: dict[str, list[tuple[int, int, float]]] = {}
    for which, value, step, second in points:
        stream.log(names[which], value, step, second)
        expected.setdefault(names[which], []).append((step, second * 1_000_000, value))
    flushed = stream.flush(30)
    assert (flushed.where, flushed.refused) == ("server", [])
    for series in expected.values():
        series.sort(key=lambda point: point[:2])
    summaries, histories = door.summaries(run_id), door.histories(run_id)
    assert set(histories) == set(summaries) == set(expected)
    for name, series in expected.items():
        assert rows(histories[name]) == rows(series)
        check_summary(summaries[name], series)


# (origin, newer attempt, series, steps or None, seconds, whether the batch is sent twice)
WRITES = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from([0, 0, 0, 1, -1]), st.sampled_from("xy"),
        st.none() | st.lists(st.integers(-3, 6), min_size=1, max_size=4), st.integers(0, 2), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@dataclass
class Model:
    """What a run holds, in the plainest words: the points of each origin's newest attempt, in order of arrival."""

    door: Door
    run_id: str = field(default_factory=uuid7)
    epochs: dict[str, int] = field(default_factory=dict)
    producers: dict[tuple[str, int], list[Any]] = field(default_factory=dict)
    points: list[tuple[str, str, int, int, float]] = field(default_factory=list)
    written: int = 0

    def write(self, origin: str, change: int, name: str, steps: list[int] | None, second: int, twice: bool) -> None:
        """Send one batch and note what must come of it."""
        newest = self.epochs.get(origin, 10)
        epoch = newest + change
        producer = self.producers.setdefault((origin, epoch), [secrets.token_hex(16), 0])
        count = 2 if steps is None else len(steps)
        values = [float(self.written + i) for i in range(count)]
        columns = {"wallclocks": pack_ints([second * 1_000_000] * count), "values": pack_floats(values)}
        block = Block(names=[name], steps=None if steps is None else pack_ints(steps), **columns)
        writer = Writer(origin=origin, epoch=epoch, producer=producer[0], seq=producer[1] + 1)
        batch = Batch(run_id=self.run_id, open=OpenRun(run_id=self.run_id), writer=writer, points=[block])
        if epoch < newest and origin in self.epochs:
            with pytest.raises(Fenced):
                self.door.send(encode(batch))
            return
        results = [self.door.send(encode(batch)).status for _ in range(1 + twice)]
        assert results == ["ok", "duplicate"][: 1 + twice]
        producer[1] += 1
        if self.epochs.get(origin) not in (None, epoch):
            self.points = [point for point in self.points if point[0] != origin]
        self.epochs[origin] = epoch
        highest = max([-1, *(step for _, one, step, _, _ in self.points if one == name)])  # counting begins at 0
        given = steps if steps is not None else [highest + 1, highest + 2]
        at = second * 1_000_000
        self.points += [(origin, name, step, at, value) for step, value in zip(given, values, strict=True)]
        self.written += count

    def series(self, name: str) -> list[tuple[int, int, float]]:
        """The series in history order."""
        return sorted([point[2:] for point in self.points if point[1] == name], key=lambda point: point[:2])


@settings(SETTINGS)
@given(writes=WRITES)
def test_history_after_replacement_and_out_of_order_equals_the_naive_model(door: Door, writes: list[Any]) -> None:
    """Attempts that replace, zombies that are fenced, resent batches, steps in any order and steps that are counted."""
    model = Model(door)
    for write in writes:
        model.write(*write)
    if not model.written:
        return
    histories, summaries = door.histories(model.run_id), door.summaries(model.run_id)
    expected = {name: series for name in "xy" if (series := model.series(name))}
    assert {name: series for name, series in histories.items() if series} == expected
    assert set(summaries) == set(expected)
    for name, series in expected.items():
        check_summary(summaries[name], series)
