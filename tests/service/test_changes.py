"""The change feed: every committed write, once, in order, from a cursor, for seven days."""

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mbox_ops.entities.changes import ChangePage, ChangeQuery
from mbox_ops.entities.deletions import CreateDeletion, Selector, UndoDeletion
from mbox_ops.entities.events import EventRecord
from mbox_ops.errors import CursorExpired, Forbidden, InvalidRequest
from mbox_ops.service.service import Service
from mbox_ops.store.backup import backup
from mbox_ops.store.database import Database
from tests.service.services import (
    ANN,
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

DAY = 24 * 60 * 60
Told = list[tuple[str, str, list[str]]]


def read(service: Service, cursor: str | None = None, **query: Any) -> ChangePage:
    """A page of changes, once all that was written can be read."""
    while not _is_settled(service.database):
        time.sleep(0.01)
    return service.changes.page(ANN, ChangeQuery(cursor=cursor, **query))


def _is_settled(database: Database) -> bool:
    """Whether the feed holds nothing back: tests beside this one use the same PostgreSQL, and write, too."""
    if database.dialect == "sqlite":
        return True
    with database.read() as conn:
        horizon = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        return bool(conn.execute(text(f"SELECT coalesce(max(xid), 0) < {horizon} FROM outbox")).scalar_one())


def told(page: ChangePage) -> Told:
    """The changes of a page as (action, id, parts)."""
    return [(change.action, change.id, change.parts) for change in page.items]


def test_every_write_is_one_change_and_says_what_it_wrote(service: Service) -> None:
    """Created, updated, deleted, and created again by an undo; leases that are only renewed are no news."""
    start = read(service).next
    log = Log(service).open(scenario="churn", lease=True)
    log.points("loss", 0.5, 0.4)
    log.write(lease=True)
    log.write(tags={"a": "b"}, parameters={"lr": 1}, events=[EventRecord(name="e", source="s")], name="new")
    log.write(state="FINISHED")
    again = Log(service, origin=log.origin, epoch=log.epoch + 1)
    again.run_id = log.id
    again.write(labels={"a": 1})
    gone = service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), force=True))
    service.deletions.undo(ANN, gone.id, UndoDeletion())
    page = read(service, start)
    assert told(page) == [
        ("created", log.id, []),
        ("updated", log.id, ["metrics"]),
        ("updated", log.id, ["events", "name", "parameters", "tags"]),
        ("updated", log.id, ["state"]),
        ("updated", log.id, ["attempt", "labels"]),
        ("deleted", log.id, []),
        ("created", log.id, ["undo"]),
    ]
    scenarios = [change.scenario for change in page.items]  # the newer attempt did not name it
    assert (scenarios, {change.kind for change in page.items}) == (["churn"] * 4 + ["default"] * 3, {"run"})
    assert (page.more, read(service, page.next).items) == (False, [])


def test_pages_join_without_a_gap_or_a_repeat(service: Service) -> None:
    """Whichever cursor is gone on from, that of a page or that of a change."""
    start = read(service).next
    ids = [Log(service).open(scenario="churn").id for _ in range(7)]
    first = read(service, start, limit=3)
    rest = read(service, first.next, limit=10)
    assert (first.more, rest.more) == (True, False)
    assert [change.id for change in [*first.items, *rest.items]] == ids
    assert [change.id for change in read(service, first.items[0].cursor).items] == ids[1:]


def test_conditions_leave_out_what_is_not_wanted(service: Service) -> None:
    """By kind, scenario (name or id) and object; the cursor moves on all the same."""
    start = read(service).next
    churn, fraud = (Log(service).open(scenario=name) for name in ("churn", "fraud"))
    scenario_id = service.scenarios.get(ANN, "fraud").id
    for query in ({"scenario": "fraud"}, {"scenario": scenario_id}, {"subject": fraud.id}):
        assert [change.id for change in read(service, start, **query).items] == [fraud.id]
    none = read(service, start, kind=["model"])
    assert (none.items, read(service, none.next).items) == ([], [])
    both = read(service, start, kind=["model", "run"])
    assert [change.id for change in both.items] == [churn.id, fraud.id]


def test_since_begins_at_an_instant(service: Service, clock: HandClock) -> None:
    """What changed before is left out; without a cursor and without it, all is."""
    instants = []
    ids = []
    for _ in range(5):
        clock.forward(seconds=100)
        instants.append(clock.now())
        ids.append(Log(service).open(scenario="churn").id)
    for place, instant in enumerate(instants):
        assert [change.id for change in read(service, since=instant).items] == ids[place:]
    assert [change.id for change in read(service, since=0).items] == ids
    assert read(service, since=clock.now() + 1).items == []
    assert read(service).items == []


def test_changes_are_kept_for_seven_days(service: Service, clock: HandClock) -> None:
    """Then a reader that has not seen them is told so; one that has seen all of its namespace's is not."""
    quiet = actor("quiet")
    Log(service, quiet).open(scenario="churn")
    all_seen = service.changes.page(quiet, ChangeQuery(since=0)).next
    start = read(service).next
    old = Log(service).open(scenario="churn")
    clock.forward(seconds=7 * DAY - 60)
    Log(service).open(scenario="new")
    assert service.changes.sweep() == 0
    assert len(read(service, start).items) == 2
    clock.forward(seconds=120)
    assert service.changes.sweep() == 2
    with pytest.raises(CursorExpired, match="7 days"):
        read(service, start)
    later = read(service, since=0)
    assert ([change.scenario for change in later.items], old.id in [c.id for c in later.items]) == (["new"], False)
    assert service.changes.page(quiet, ChangeQuery(cursor=all_seen)).items == []


def test_what_is_purged_stays_in_the_feed(service: Service) -> None:
    """With its scenario; its name and status are gone with it."""
    start = read(service).next
    log = Log(service).open(scenario="churn", name="first", state="FINISHED")
    (made,) = read(service, start).items
    assert (made.name, made.status) == ("first", "FINISHED")
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), purge=True))
    while service.deletions.purge_due():
        pass
    page = read(service, start, scenario="churn")
    assert told(page) == [("created", log.id, ["state"]), ("deleted", log.id, [])]
    assert {(change.name, change.status) for change in page.items} == {(None, None)}


def test_namespaces_are_sealed_and_reading_takes_its_scope(service: Service) -> None:
    """Nothing of another namespace is told, whatever cursor is given."""
    start = read(service).next
    Log(service, actor("elsewhere")).open(scenario="secret")
    assert read(service, start).items == []
    with pytest.raises(Forbidden):
        service.changes.page(actor("default", scopes=frozenset({"write"})), ChangeQuery())


@pytest.mark.parametrize(
    "query",
    [{"cursor": "x"}, {"cursor": ""}, {"limit": 0}, {"limit": 1_001}, {"wait": -1}, {"wait": 61}, {"scenario": ""},
     {"subject": "\x00"}, {"since": 2**63}],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_by_name(service: Service, query: dict[str, Any]) -> None:
    """The field is named."""
    with pytest.raises(InvalidRequest) as refused:
        service.changes.page(ANN, ChangeQuery(**query))
    assert refused.value.details["field"] == next(iter(query))


def test_a_cursor_of_a_copy_means_nothing_elsewhere(service: Service, database: Database, tmp_path: Path) -> None:
    """A backup that is served goes another way than what it was taken from."""
    if database.dialect == "postgresql":
        before = read(service).next
        Log(service).open(scenario="churn")
        with database.write() as conn:
            conn.execute(text("UPDATE feed SET place = 'elsewhere'"))
        restored = Service(database)
        with pytest.raises(CursorExpired, match="another state of the database"):
            read(restored, before)
        start = read(restored).next
        log = Log(restored).open(scenario="churn")
        assert told(read(restored, start)) == [("created", log.id, [])]
        return
    start = read(service).next
    Log(service).open(scenario="churn")
    copy = backup(f"sqlite:///{tmp_path}/mbox.db", tmp_path / "copy.db")
    with Database(f"sqlite:///{copy}") as copied, pytest.raises(CursorExpired, match="another state of the database"):
        read(Service(copied), start)
    with database.write() as conn:
        conn.execute(text("DELETE FROM outbox"))
        conn.execute(text("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'outbox'"))
    with pytest.raises(CursorExpired, match="another state of the database"):
        read(service, read_on(service, start))


def read_on(service: Service, cursor: str) -> str:
    """A cursor far behind another one."""
    position = service.changes.begin(ANN, ChangeQuery(cursor=cursor))
    return service.changes.cursor(position._replace(id=position.id + 1_000))
