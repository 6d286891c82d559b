"""Compares what was promised with what the service holds: as multisets of points, of events, of (producer, seq)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from mbox_ops.client.client import Client
from mbox_ops.store.database import Database
from mbox_ops.store.tables import writers as producers_table
from tests.proofs.ledger import Line, lines_of
from tests.proofs.writer import EVENT_EVERY, PARAMETER_EVERY, SPAN, values

SERIES = sorted(values(0))


@dataclass
class Found:
    """What a comparison came to. Only figures of `lost` and `doubled` and sentences of `wrong` are faults.

    Attributes:
        points: how many points were promised.
        batches: how many batches the server acknowledged.
        stored: how many points it holds.
        lost: promised points and events that it does not hold.
        doubled: points and events that it holds more than once.
        wrong: what else is not as it must be.
    """

    points: int = 0
    batches: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, object]:
        """What must be empty."""
        all_faults = {"lost": self.lost, "doubled": self.doubled, "wrong": self.wrong[:20]}
        return {name: fault for name, fault in all_faults.items() if fault}


class Promised:
    """What the ledgers say, by writer."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.key: dict[int, str] = {}
        self.steps: dict[int, int] = {}  # persist_run() returned for so many
        self.total: dict[int, int] = {}  # logged by a writer that ended by itself
        self.acked: set[tuple[str, int]] = set()
        self.acked_steps: dict[int, set[int]] = {}
        for line in lines:
            self._add(line)

    def _add(self, line: Line) -> None:
        if line.what == "ack":
            self.acked.add((line.producer, line.seq))
            for step in line.logged:
                self.acked_steps.setdefault(step // SPAN, set()).add(step)
            return
        self.key[line.writer] = line.key
        if line.where in {"server", "spool"}:
            self.steps[line.writer] = max(self.steps.get(line.writer, 0), line.steps)
        if line.what == "done":
            self.total[line.writer] = line.steps

    def points_of(self, writer: int) -> set[int]:
        """The steps that must be there."""
        first = writer * SPAN
        return set(range(first, first + self.steps.get(writer, 0))) | self.acked_steps.get(writer, set())

    def writers(self) -> set[int]:
        """All that were promised anything."""
        return set(self.steps) | set(self.acked_steps)


def compare(folder: Path, url: str, *, everybody_ended: bool) -> Found:
    """Compare the ledgers of a folder with what the service shows.

    Args:
        folder: where the ledgers are.
        url: the service, empty but for what these writers wrote.
        everybody_ended: no writer was killed, so that all they logged must be there.
    """
    promised, found = Promised(lines_of(folder)), Found()
    found.batches = len(promised.acked)
    client, stored, home = Client(url), Counter[tuple[str, int]](), dict[int, str]()
    events, shown = Counter[str](), dict[str, str]()
    for run in client.runs.list(scenario="proofs"):
        assert run.key is not None
        if run.lost:
            found.wrong.append(f"Run {run.key} says that {run.lost} batches were lost.")
        for history in client.metrics.history(run, limit=None):
            for point in history.points:
                stored[history.name, point.step] += 1
                home.setdefault(point.step, run.key)
                if values(point.step).get(history.name) != point.value or home[point.step] != run.key:
                    found.wrong.append(f"Nobody logged {history.name}={point.value} at {point.step} to {run.key}.")
        events.update(event.name for event in client.events.list(run))
        shown |= run.parameters
    found.stored = stored.total()
    _compare_points(found, promised, stored, home)
    _compare_rest(found, promised, events, shown)
    if everybody_ended and set(promised.total) != set(promised.key):
        found.wrong.append("Not every writer ended by itself.")
    return found


def _compare_points(found: Found, promised: Promised, stored: Counter[tuple[str, int]], home: dict[int, str]) -> None:
    found.doubled += sum(count - 1 for count in stored.values())
    there: dict[int, set[int]] = {}
    for name, step in stored:
        if name == SERIES[0]:
            there.setdefault(step // SPAN, set()).add(step)
    for writer in sorted(promised.writers() | set(there)):
        must = promised.points_of(writer)
        found.points += len(must) * len(SERIES)
        found.lost += sum((name, step) not in stored for name in SERIES for step in must)
        here = there.get(writer, set())
        if here != set(range(writer * SPAN, writer * SPAN + len(here))):
            found.wrong.append(f"Writer {writer}: what is stored is not a beginning of what was logged.")
        if writer in promised.total and len(here) != promised.total[writer]:
            found.wrong.append(f"Writer {writer} logged {promised.total[writer]} steps, stored are {len(here)}.")
        if writer in promised.key and {home[step] for step in here} - {promised.key[writer]}:
            found.wrong.append(f"Writer {writer} wrote to {promised.key[writer]}, and not all is there.")


def _compare_rest(found: Found, promised: Promised, events: Counter[str], shown: dict[str, str]) -> None:
    found.doubled += sum(count - 1 for count in events.values())
    for writer, steps in promised.steps.items():
        first = writer * SPAN
        found.lost += sum(f"step {first + done}" not in events for done in range(0, steps, EVENT_EVERY))
        last = first + (steps - 1) // PARAMETER_EVERY * PARAMETER_EVERY
        value = int(shown.get(f"step of {writer}", "-1"))
        if steps and (value < last or (writer in promised.total and value != last)):
            found.wrong.append(f"Writer {writer} set its parameter to {last} last, shown is {value}.")


def compare_producers(found: Found, folder: Path, database_url: str, *, everybody_ended: bool) -> None:
    """Compare the acknowledged (producer, seq) with the server's own count, and add what is wrong."""
    acked = Promised(lines_of(folder)).acked
    with Database(database_url) as database, database.read() as conn:
        columns = producers_table.c
        rows = conn.execute(select(columns.producer, columns.seq, columns.lost, columns.replaced)).all()
    stored = {(row.producer, seq) for row in rows for seq in range(1, row.seq + 1)}
    found.lost += len(acked - stored)
    if everybody_ended and stored != acked:
        found.wrong.append(f"{len(stored - acked)} batches were stored, and nobody was told so.")
    found.wrong.extend(f"Producer {row.producer}: {row}" for row in rows if row.lost or row.replaced)
