"""Deletions that people trust: what was previewed goes, and nothing else; it comes back; and who did what is known."""

from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.audit import AuditEntry
from mbox_ops.entities.deletions import CreateDeletion, Deletion, Expected, Selector, UndoDeletion
from mbox_ops.errors import Conflict, InvalidRequest, MboxError, NotFound, RunDeleted, StaleRequest
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]
LATER = 4_000_000_000_000  # an epoch after any deletion of these tests


def ended(stream: StreamMaker, *, key: str | None = None, **given: Any) -> str:
    """The id of an ended run with two points."""
    s = stream(key=key) if key else stream()
    s.open(**given, points=[block({"a": [1.0, 2.0]})], state="FINISHED")
    return s.run_id or ""


def delete(door: Door, *scenarios: str, **given: Any) -> Deletion:
    """Delete scenarios."""
    return door.delete(CreateDeletion(selector=Selector(scenarios=list(scenarios)), **given))


def test_an_undo_brings_everything_back_identical(door: Door, stream: StreamMaker) -> None:
    """Runs, metrics, scenarios and collections read as before; the deletion says so, and it happens once."""
    run_id = ended(stream, scenario="s")
    before = (door.run(run_id), door.history(run_id), door.scenarios(), door.collections())
    done = delete(door, "s")
    undone = door.undo(done.id, UndoDeletion())
    assert (undone.state, undone.counts) == ("UNDONE", done.counts)
    assert undone.finished_at is not None
    assert (door.run(run_id), door.history(run_id), door.scenarios(), door.collections()) == before
    with pytest.raises(Conflict, match="UNDONE"):
        door.undo(done.id, UndoDeletion())
    with pytest.raises(Conflict, match="UNDONE"):
        door.purge(done.id)
    with pytest.raises(NotFound):
        door.undo("nobody", UndoDeletion())


def test_an_undo_beside_a_newer_run_with_the_key_needs_a_suffix(door: Door, stream: StreamMaker) -> None:
    """The refusal lists the twins; with a suffix the old run comes back under another key."""
    old = ended(stream, key="k", scenario="s")
    done = delete(door, "s")
    new = stream(key="k", epoch=LATER)
    new.open(scenario="s", state="FINISHED")
    with pytest.raises(Conflict) as refused:
        door.undo(done.id, UndoDeletion())
    assert refused.value.details["twins"] == [new.run_id]
    assert refused.value.details["taken"] == [{"key": "k", "run_id": old, "twin": new.run_id}]
    assert door.deletion(done.id).state == "TOMBSTONED"
    for suffix in ("", "x" * 1024, "a\x00"):
        with pytest.raises(InvalidRequest, match="key_suffix"):
            door.undo(done.id, UndoDeletion(key_suffix=suffix))
    assert door.undo(done.id, UndoDeletion(key_suffix=" (old)")).state == "UNDONE"
    assert (door.run(old).key, door.run(new.run_id or "").key) == ("k (old)", "k")
    assert door.runs(key="k (old)").items == [door.run(old)]
    late = stream(key="k")
    with pytest.raises(RunDeleted):  # from before the deletion, for the run that had the key then
        late.open(scenario="s")


def test_a_suffix_that_is_taken_too_is_a_conflict(door: Door, stream: StreamMaker) -> None:
    """And changes nothing."""
    old = ended(stream, key="k", scenario="s")
    done = delete(door, "s")
    for key in ("k", "k2"):
        stream(key=key, epoch=LATER).open(scenario="t", state="FINISHED")
    with pytest.raises(Conflict, match="'2': give another one"):
        door.undo(done.id, UndoDeletion(key_suffix="2"))
    with pytest.raises(Conflict, match="key_suffix"):
        door.undo(done.id, UndoDeletion())
    assert door.undo(done.id, UndoDeletion(key_suffix="3")).state == "UNDONE"
    assert door.run(old).key == "k3"


def test_a_suffix_that_makes_two_runs_one_is_a_conflict(door: Door, stream: StreamMaker) -> None:
    """Two runs of the deletion would have one key."""
    ended(stream, key="k", scenario="s")
    ended(stream, key="k2", scenario="s")
    done = delete(door, "s")
    stream(key="k", epoch=LATER).open(scenario="t", state="FINISHED")
    with pytest.raises(Conflict, match="two of its runs"):
        door.undo(done.id, UndoDeletion(key_suffix="2"))
    assert door.undo(done.id, UndoDeletion(key_suffix="3")).state == "UNDONE"


def test_more_runs_than_the_cap_are_not_deleted(door: Door, stream: StreamMaker) -> None:
    """The refusal says how many there are; the preview counts them all the same."""
    for _ in range(3):
        ended(stream, scenario="s")
    assert delete(door, "s", max_runs=2, dry_run=True).counts.runs == 3
    with pytest.raises(Conflict, match="max_runs is 2") as refused:
        delete(door, "s", max_runs=2)
    assert (refused.value.details["count"], refused.value.details["limit"]) == (3, 2)
    assert len(door.runs().items) == 3
    with pytest.raises(InvalidRequest, match="max_runs"):
        delete(door, "s", max_runs=-1)
    assert delete(door, "s", max_runs=3).counts.runs == 3


def test_a_deletion_that_is_not_what_was_previewed_is_stale(door: Door, stream: StreamMaker) -> None:
    """Whatever count has changed; counts that are not given may be anything."""
    ended(stream, scenario="s")
    counts = delete(door, "s", dry_run=True).counts
    expected = Expected(runs=counts.runs, points=counts.points)
    ended(stream, scenario="s")
    with pytest.raises(StaleRequest, match="2 runs instead of 1") as refused:
        delete(door, "s", expected=expected)
    assert refused.value.details["expected"] == {"runs": 1, "points": 2}
    assert refused.value.details["found"] == {"runs": 2, "points": 4}
    assert len(door.runs().items) == 2
    assert delete(door, "s", expected=Expected(runs=2)).counts.runs == 2


def test_a_deletion_repeated_under_its_key_deletes_once(door: Door, stream: StreamMaker) -> None:
    """Also after more runs have come."""
    ended(stream, scenario="s")
    done = delete(door, "s", key="monday")
    ended(stream, scenario="s")
    assert delete(door, "s", key="monday") == done
    assert len(door.runs().items) == 1
    with pytest.raises(Conflict, match="monday"):
        delete(door, "t", key="monday")


@pytest.mark.no_rpc
def test_the_audit_tells_who_did_what_and_when(door: Door, stream: StreamMaker) -> None:
    """Refused requests and previews did nothing, and are not in it."""
    ended(stream, scenario="s")
    started = door.run(ended(stream, scenario="s")).created_at
    delete(door, "s", dry_run=True)
    done = delete(door, "s")
    door.undo(done.id, UndoDeletion())
    with pytest.raises(MboxError):
        door.undo(done.id, UndoDeletion())
    counts = {"runs": 2, "checkpoints": 0, "points": 4, "events": 0, "artifacts": 0, "bytes": 0}
    told = door.audit(done.id)
    by = done.created_by
    assert told == [
        AuditEntry(at=done.created_at, deletion_id=done.id, action="created", by=by, counts=counts),
        AuditEntry(at=told[1].at, deletion_id=done.id, action="undone", by=by, counts=counts),
    ]
    assert started <= told[0].at <= told[1].at
    with pytest.raises(NotFound):
        door.audit("nobody")


@pytest.mark.no_rpc
def test_a_purge_that_is_asked_for_gives_the_undo_window_up(door: Door, stream: StreamMaker) -> None:
    """It may be asked for again."""
    ended(stream, scenario="s")
    done = delete(door, "s")
    assert door.purge(done.id).state in ("PURGING", "PURGED")
    assert door.purge(done.id).state in ("PURGING", "PURGED")
    with pytest.raises(Conflict, match="PURG"):
        door.undo(done.id, UndoDeletion())
    assert [entry.action for entry in door.audit(done.id)][:2] == ["created", "purge_requested"]
