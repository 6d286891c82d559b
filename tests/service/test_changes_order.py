"""On PostgreSQL transactions end in another order than they began: the feed has neither gaps nor repeats."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection, text

from mbox_ops.entities.changes import ChangeQuery
from mbox_ops.service.service import Service
from mbox_ops.store import outbox, subjects
from mbox_ops.store.database import Database
from tests.service.services import ANN, NOON, Log, clock, database, postgres_tables, service, sqlite_template

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time


class Reader:
    """Reads on from where it was."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.cursor = service.changes.page(ANN, ChangeQuery()).next
        self.seen: list[tuple[str, str]] = []

    def read(self, limit: int = 3) -> list[tuple[str, str]]:
        """All that can be read now, as (id, what was said)."""
        new: list[tuple[str, str]] = []
        more = True
        while more:
            page = self.service.changes.page(ANN, ChangeQuery(cursor=self.cursor, limit=limit))
            new += [(change.id, change.parts[0]) for change in page.items]
            self.cursor, more = page.next, page.more
        self.seen += new
        return new


class Transaction:
    """A transaction that is open until it is told to end."""

    open_ones: ClassVar[set["Transaction"]] = set()

    def __init__(self, database: Database) -> None:
        self.open_ones.add(self)
        self._stack = ExitStack()
        self.conn: Connection = self._stack.enter_context(database.write())
        self.told: list[tuple[str, str]] = []

    def change(self, run_id: str, word: str, at: int = 1) -> "Transaction":
        """Change a run, which it holds from then on."""
        subject = subjects.find(self.conn, uid=run_id, hold=True)
        assert subject is not None
        outbox.add(self.conn, subject_id=subject.id, action="updated", at=at, parts=[word])
        self.told.append((run_id, word))
        return self

    def commit(self) -> None:
        """End it."""
        self.open_ones.discard(self)
        self._stack.close()

    def roll_back(self) -> None:
        """End it as if it had not been."""
        self.open_ones.discard(self)
        self.conn.get_transaction().rollback()  # type: ignore[union-attr]  # it is in one
        self._stack.pop_all()
        self.conn.close()


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """A test that fails leaves no transaction behind, which the next one would wait for."""
    yield
    for transaction in list(Transaction.open_ones):
        transaction.roll_back()


def test_what_a_long_transaction_wrote_is_not_passed_by(service: Service, database: Database) -> None:
    """What others commit meanwhile waits for it, and comes behind it; from the position before as from any."""
    runs = [Log(service).open(scenario="s").id for _ in range(3)]
    reader = Reader(service)
    long = Transaction(database).change(runs[0], "long")
    Transaction(database).change(runs[1], "short").commit()
    assert reader.read() == []
    assert service.changes.read("default", service.changes.begin(ANN, ChangeQuery()), limit=1).waiting
    long.commit()
    Transaction(database).change(runs[2], "later").commit()
    assert reader.read() == [(runs[0], "long"), (runs[1], "short"), (runs[2], "later")]
    assert reader.read() == []


def test_a_run_s_changes_come_in_the_order_in_which_they_were_made(service: Service, database: Database) -> None:
    """Also where the later one was made by the transaction that had begun first."""
    run_id, other = (Log(service).open(scenario="s").id for _ in range(2))
    reader = Reader(service)
    oldest, old = Transaction(database), Transaction(database)
    for transaction in (oldest, old):
        transaction.conn.execute(text("SELECT pg_current_xact_id()"))
    Transaction(database).change(run_id, "first").commit()
    assert reader.read() == []
    old.change(run_id, "second").change(other, "beside").commit()
    oldest.change(run_id, "third").commit()
    seen = reader.read()
    assert [word for run, word in seen if run == run_id] == ["first", "second", "third"]
    assert (other, "beside") in seen


def test_a_reader_from_an_instant_misses_nothing_of_a_transaction_that_began_before(
    service: Service, database: Database
) -> None:
    """Its number is lower than that of the first change since then, which another transaction made."""
    runs = [Log(service).open(scenario="s").id for _ in range(3)]
    day = 24 * 60 * 60 * 1_000_000
    Transaction(database).change(runs[2], "long before", at=NOON).commit()
    began = Transaction(database)
    began.conn.execute(text("SELECT pg_current_xact_id()"))
    Transaction(database).change(runs[1], "first", at=NOON + day).commit()
    began.change(runs[0], "second", at=NOON + day + 1).commit()
    page = service.changes.page(ANN, ChangeQuery(since=NOON + day))
    assert [(change.id, change.parts) for change in page.items] == [(runs[0], ["second"]), (runs[1], ["first"])]


@pytest.mark.parametrize("seed", range(3))
def test_every_committed_change_is_read_once_in_any_order(service: Service, database: Database, seed: int) -> None:
    """Transactions begin, write, commit and roll back at random; readers read at random, from the start or later."""
    dice = random.Random(seed)
    runs = [Log(service).open(scenario="s").id for _ in range(12)]
    readers, late = [Reader(service)], []
    open_ones: list[Transaction] = []
    committed: list[tuple[str, str]] = []
    free = list(runs)
    for number in range(150):
        step = dice.random()
        if step < 0.35 and len(open_ones) < 5 and free:
            run_id = free.pop(dice.randrange(len(free)))
            open_ones.append(Transaction(database).change(run_id, f"w{number}"))
        elif step < 0.45 and open_ones:
            chosen = dice.choice(open_ones)
            chosen.change(chosen.told[0][0], f"w{number}")
        elif step < 0.7 and open_ones:
            chosen = open_ones.pop(dice.randrange(len(open_ones)))
            free.append(chosen.told[0][0])
            if dice.random() < 0.2:
                chosen.roll_back()
                continue
            chosen.commit()
            committed += chosen.told
        elif step < 0.73:
            late.append((Reader(service), len(committed)))
        else:
            dice.choice([*readers, *(one for one, _ in late)]).read(limit=dice.randint(1, 5))
    for transaction in open_ones:
        transaction.commit()
        committed += transaction.told
    check(readers[0], committed, known_before=0)
    for reader, known_before in late:
        check(reader, committed, known_before)


def check(reader: Reader, committed: list[tuple[str, str]], known_before: int) -> None:
    """What was committed after the reader began was read once, each run's in order; at most some of before, too."""
    reader.read()
    assert len(reader.seen) == len(set(reader.seen))
    assert set(committed[known_before:]) <= set(reader.seen) <= set(committed)
    by_run: dict[str, list[str]] = {}
    for run_id, word in committed:
        by_run.setdefault(run_id, []).append(word)
    for run_id, words in by_run.items():
        seen: list[Any] = [word for run, word in reader.seen if run == run_id]
        assert seen == words[len(words) - len(seen) :]
