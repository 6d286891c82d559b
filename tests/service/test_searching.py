"""Searching runs: every filter and every order means what the naive reading of it means, on both databases."""

import base64
import math
import secrets
import threading
from collections.abc import Iterator
from typing import get_args

import msgspec
import pytest

from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.runs import RunQuery
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import InvalidRequest, StorageFull
from mbox_ops.search.parser import show
from mbox_ops.search.tree import Between, Compare, Filter, In, Like, Order, Parameter, RunColumn, SortKey
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service
from mbox_ops.store import grouping, names, series
from mbox_ops.store.database import Database
from mbox_ops.store.filters import candidates
from mbox_ops.store.tables import INDEXED_TEXT
from tests.search.naive import Record
from tests.service.records import Runs, batch_of, check, filled, sort_text
from tests.service.services import (
    ANN,
    NOON,
    SECOND,
    HandClock,
    Log,
    actor,
    clock,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]

EXAMPLES = 75


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def searched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for many namespaces."""
    folder = tmp_path_factory.mktemp("search")
    url = f"sqlite:///{folder / 'mbox.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")()
    with Database(url) as database:
        database.upgrade()
        yield Service(database)


@pytest.fixture(scope="module")
def few_records(searched: Service) -> list[Runs]:
    """One namespace with records."""
    return filled(searched, 1)


# Read and sorted, walked, and now one, now the other: with few runs all would go the first way.
@pytest.mark.parametrize("few", [candidates.FEW, 0, 6])
def test_a_search_finds_what_the_naive_reading_finds(
    few_records: list[Runs], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same order, on however many pages."""
    monkeypatch.setattr(candidates, "FEW", few)
    check(few_records, EXAMPLES // 3)


@pytest.mark.parametrize("few", [candidates.FEW, 0])
def test_texts_longer_than_their_index_are_told_apart(
    searched: Service, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every comparison, and in an order's pages."""
    monkeypatch.setattr(candidates, "FEW", few)
    long = "é" * (INDEXED_TEXT - 1)
    texts = ["", "e", "é", long, long + "a", long + "ab", long + "b", long + "ba", long + "bb", long + "é", "f" * 230]
    given = [Record(parameters={"p": (text, "string")}, metadata={}) for text in texts[::-1] if text]
    runs = Runs(searched, actor(f"ns-{secrets.token_hex(4)}"), [*given, Record(metadata={}), *given[:4]])
    field = Parameter("p")
    for text in (long, long + "ab", long + "b", "f" * 230):
        for op in get_args(Order):
            check_one(runs, Compare(field, op, text), (SortKey(field),))
        check_one(runs, In(field, (text, long + "b")), (SortKey(field, True),))
        check_one(runs, Between(field, long + "ab", text), (SortKey(field, True), SortKey(RunColumn("name"))))
        check_one(runs, Like(field, "startswith", text), (SortKey(RunColumn("name")), SortKey(field)))
        check_one(runs, Like(field, "matches", text + "*"), (SortKey(field, True),))


def check_one(runs: Runs, tree: Filter, keys: tuple[SortKey, ...]) -> None:
    """Ask one query on pages of four, and compare with the naive reading."""
    query = RunQuery(filter=show(tree), sort=sort_text(keys), limit=4)
    assert runs.walked(query) == runs.expected(tree, keys)


@pytest.mark.parametrize(
    ("sort", "few"), [("-started_at", 0), ("metrics.loss", 0), ("-params.lr,name", candidates.FEW)]
)
def test_pages_lose_no_run_and_repeat_none_while_others_come_and_go(
    searched: Service, sort: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that are there from the first page to the last."""
    monkeypatch.setattr(candidates, "FEW", few)
    by = actor(f"ns-{secrets.token_hex(4)}")
    steady = {opened(searched, by, number) for number in range(24)}
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            for number in range(24):
                run_id = opened(searched, by, number)
                selector = Selector(run_id=run_id)
                searched.deletions.create(by, CreateDeletion(selector=selector, force=True))

    others = [threading.Thread(target=come_and_go) for _ in range(2)]
    for thread in others:
        thread.start()
    try:
        for limit in (3, 7):
            seen = [run_id for run_id in walked(searched, by, sort, limit) if run_id in steady]
            assert sorted(seen) == sorted(steady)
    finally:
        over.set()
        for thread in others:
            thread.join()


def opened(service: Service, by: Actor, number: int) -> str:
    """A run whose values many others have, too."""
    given = Record(
        columns={"name": f"run {number % 5}", "started_at": NOON + number % 7},
        parameters={} if number % 4 == 0 else {"lr": (str(number % 3), "integer" if number % 2 else "string")},
        metadata={},
        metrics={} if number % 6 == 0 else {"loss": [float(number % 4)]},
    )
    return service.batches.write(by, batch_of(given)).run_id


def walked(service: Service, by: Actor, sort: str, limit: int) -> list[str]:
    """The ids of the runs on all pages."""
    return Runs(service, by, []).walked(RunQuery(sort=sort, limit=limit))


def test_now_is_the_same_on_all_pages(service: Service, clock: HandClock) -> None:
    """A window that moved while somebody pages would lose runs at its end."""
    for minute in range(6):
        Log(service).open(pipeline="p", started_at=NOON - minute * 60 * SECOND)
    query = RunQuery(filter="started_at > now() - 210s", limit=2)
    first = service.runs.list(ANN, query)
    clock.forward(days=1)
    second = service.runs.list(ANN, msgspec.structs.replace(query, cursor=first.next))
    assert (len(first.items), len(second.items), second.next) == (2, 2, None)
    assert service.runs.list(ANN, query).items == []


def test_a_search_that_takes_too_long_is_stopped_and_told_how_to_ask_for_less(database: Database) -> None:
    """Not half answered."""
    service = Service(database, limits=Limits(search_seconds=0))
    for number in range(20):
        Log(service).open(pipeline="p").write(parameters={"a": "x" * 100, "b": number})
    dear = " OR ".join(f"params.a MATCHES '*{number}*y*' AND NOT params.b < {number}" for number in range(90))
    with pytest.raises(InvalidRequest) as caught:
        service.runs.list(ANN, RunQuery(filter=dear))
    assert caught.value.details == {"field": "filter", "limit": 0}
    assert "started_at > now() - 7d" in caught.value.message


def test_a_place_with_more_names_below_it_than_a_statement_takes_is_asked_for(
    service: Service, database: Database
) -> None:
    """As where documents are keyed by ids: whether a run has anything there is told for any number of names."""
    log, other = (Log(service).open(scenario="s") for _ in range(2))
    log.write(metadata=[MetadataOp(op="merge", document={"by": {"id7": 1}})])
    with database.write() as conn:
        namespace_id = grouping.namespace_id(conn, name="default")
        assert namespace_id is not None
        if database.dialect == "sqlite":
            names.number(conn, database, namespace_id, (f"by.id{number}" for number in range(1_000)))
        else:  # which takes 65,535 parameters
            named = "SELECT 'by.id' || number AS name FROM generate_series(100, 70000) AS number"
            made = f"SELECT {namespace_id}, name, sha256(name::bytea), name, sha256(name::bytea) FROM ({named}) AS n"
            columns = "namespace_id, name, name_hash, name_start, plain_hash"
            conn.exec_driver_sql(f"INSERT INTO names ({columns}) {made}")
    for text, found in (("EXISTS metadata.by", [log.id]), ("metadata.by IS NULL", [other.id])):
        assert [run.id for run in service.runs.list(ANN, RunQuery(filter=text)).items] == found
        sort = RunQuery(filter=text, sort="metadata.by.id7", total=True)
        assert [run.id for run in service.runs.list(ANN, sort).items] == found


def test_what_cannot_be_folded_is_searched_as_it_was(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops writes, not reading."""
    old, new = Log(service).open(pipeline="p"), Log(service).open(pipeline="p")
    old.points("loss", 1.0)
    assert [run.id for run in service.runs.list(ANN, RunQuery(filter="metrics.loss = 1")).items] == [old.id]
    new.points("loss", 1.0)

    def full(conn: object, *, subject_id: int) -> int:
        raise StorageFull("The server's disk is full; it takes writes again when there is room.")

    with monkeypatch.context() as patch:
        patch.setattr(series, "fold", full)
        assert [run.id for run in service.runs.list(ANN, RunQuery(filter="metrics.loss = 1")).items] == [old.id]
    assert len(service.runs.list(ANN, RunQuery(filter="metrics.loss = 1")).items) == 2


def test_a_forged_cursor_is_refused(service: Service) -> None:
    """Whatever is in it."""
    for number in range(3):
        Log(service).open(pipeline="p").write(parameters={"lr": number})
    query = RunQuery(sort="params.lr", limit=1)
    cursor = service.runs.list(ANN, query).next
    assert cursor is not None
    name, now, value, subject = msgspec.msgpack.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for wrong in ([name, now, value], [name, now, math.nan, subject], [name, now, True, subject],
                  [name, "x", value, subject], [name, now, value, 2**63], [name, now, "a\x00", subject],
                  [name, now, [value], subject]):  # fmt: skip
        packed = base64.urlsafe_b64encode(msgspec.msgpack.encode(wrong)).decode()
        with pytest.raises(InvalidRequest):
            service.runs.list(ANN, msgspec.structs.replace(query, cursor=packed))
