"""What was logged, call by call, turned into columns: blocks of points, and batches of about equal size.

A record is what one call appended, a tuple: `(name, value, step, wallclock)` for one float, `(names, values, step,
wallclock)` for a row of metrics of one kind, `(ROWS, records)` for several rows that belong together, `(PARTS, batch)`
for everything that is no point. The wallclock is a float of seconds when the client's clock gave it and an int of
microseconds when the user did.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mbox_ops.client.points import kind_of
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.metrics import Block, Kind
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import TooLarge
from mbox_ops.wire.encodings import encode, pack_floats, pack_ints

Record = tuple[Any, ...]

ROWS = 0
PARTS = 1
FULL = 1_500_000  # bytes of a batch
ENVELOPE = 1 << 19  # bytes that a batch's address, writer and opening have room for
MOST = DEFAULT.body_bytes - FULL - ENVELOPE  # bytes of one call's write: it goes with what was gathered before it


def check_size(size: int) -> None:
    """Refuse to write so many bytes at once: the service would refuse them, and what is in the same batch.

    Raises:
        TooLarge: there are too many.
    """
    if size > MOST:
        raise TooLarge(
            f"What is written at once is {size} bytes long; the limit is {MOST} bytes. Write it in parts.",
            limit=MOST, value=size,
        )  # fmt: skip


def size_of_row(names: Sequence[str], values: Sequence[Any]) -> int:
    """About how many bytes a row of values takes in a batch, with its series' names."""
    return _size_of_names(names) + _size_of_values(values)


def _size_of_names(names: Sequence[str]) -> int:
    return 60 + sum(map(_length, names)) + 3 * len(names)


def _size_of_values(values: Sequence[Any]) -> int:
    return 16 + sum(8 if isinstance(value, float) else _length(value) + 5 for value in values)


def _length(value: str | bytes) -> int:
    return len(value) if isinstance(value, bytes) or value.isascii() else len(value.encode())


class _Rows:
    """Rows of the same series, kind, and presence of steps, on their way to a block."""

    __slots__ = ("kind", "names", "steps", "values", "walls")

    def __init__(self, names: tuple[str, ...], kind: Kind, *, stepped: bool) -> None:
        self.names = names
        self.kind = kind
        self.steps: array[int] | None = array("q") if stepped else None
        self.walls: array[int] = array("q")
        self.values: Any = array("d") if kind == "float" else []

    def block(self) -> Block:
        """The rows as they are sent."""
        return Block(
            names=list(self.names),
            kind=self.kind,
            steps=None if self.steps is None else pack_ints(self.steps),
            wallclocks=pack_ints(self.walls),
            values=pack_floats(self.values) if self.kind == "float" else self.values,
        )


class Batches:
    """Gathers records into batches, each of which keeps what one call wrote together.

    The points of one series stay in the order in which they were logged: a row joins an earlier block only if none of
    its series has a later one.
    """

    def __init__(self, full: int = FULL) -> None:
        self._full = full
        self._reset()

    def _reset(self) -> None:
        self._batch = Batch()
        self._rows: list[_Rows] = []
        self._latest: dict[str, _Rows] = {}
        self._last: _Rows | None = None
        self._size = 0
        self._holds = False

    def add(self, records: Iterable[Record]) -> Iterator[Batch]:
        """The batches that these records fill; what remains is for `rest`. They have no address and no writer yet."""
        for record in records:
            tag = record[0]
            if type(tag) is str:
                self._add_float(record)
            elif tag is ROWS:
                for row in record[1]:
                    self._add_row(row)
            elif tag is PARTS:
                self._add_parts(record[1])
            else:
                self._add_row(record)
            if self._size >= self._full or self._batch.state is not None:
                yield self._take()

    def rest(self) -> Batch | None:
        """What is left, as one batch."""
        return self._take() if self._holds else None

    def _take(self) -> Batch:
        batch = self._batch
        batch.points = [rows.block() for rows in self._rows]
        self._reset()
        return batch

    def _add_float(self, record: Record) -> None:
        name, value, step, wall = record
        rows = self._latest.get(name)
        if rows is None or len(rows.names) > 1 or (rows.steps is None) != (step is None):
            rows = self._rows_for((name,), (value,), stepped=step is not None)
            self._last = None  # it may not be the latest of this series any more
        if rows.steps is not None:
            rows.steps.append(step)
        rows.walls.append(wall if type(wall) is int else int(wall * 1_000_000))
        rows.values.append(value)
        self._size += 24
        self._holds = True

    def _add_row(self, record: Record) -> None:
        names, values, step, wall = record
        rows = self._last
        if rows is None or (rows.names is not names and rows.names != names) or (rows.steps is None) != (step is None):
            rows = self._last = self._rows_for(names, values, stepped=step is not None)
        if rows.steps is not None:
            rows.steps.append(step)
        rows.walls.append(wall if type(wall) is int else int(wall * 1_000_000))
        rows.values.extend(values)
        self._size += 16 + 8 * len(values) if rows.kind == "float" else _size_of_values(values)
        self._holds = True

    def _rows_for(self, names: tuple[str, ...], values: Any, *, stepped: bool) -> _Rows:
        rows = self._latest.get(names[0])
        if (
            rows is not None
            and rows.names == names
            and (rows.steps is not None) == stepped
            and all(self._latest[name] is rows for name in names)
        ):
            return rows
        rows = _Rows(names, kind_of(values[0]), stepped=stepped)
        self._rows.append(rows)
        self._latest.update(dict.fromkeys(names, rows))
        self._size += _size_of_names(names)
        return rows

    def _add_parts(self, parts: Batch) -> None:
        batch = self._batch
        for name in ("parameters", "tags", "labels"):
            setattr(batch, name, {**getattr(batch, name), **getattr(parts, name)})
        for name in ("metadata", "events", "artifacts", "uses"):
            setattr(batch, name, getattr(batch, name) + getattr(parts, name))
        for name in ("name", "collection", "state", "at"):
            if (value := getattr(parts, name)) is not None:
                setattr(batch, name, value)
        self._size += len(encode(parts))
        self._holds = True
