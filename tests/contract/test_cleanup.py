"""Cleaning up by rules, at every door."""

from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.cleanup import KeepBest, Rules
from mbox_ops.entities.deletions import CreateCleanup, CreateDeletion, Selector, UndoDeletion
from mbox_ops.errors import Conflict, InvalidRequest
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.no_rpc

StreamMaker = Callable[..., Stream]


def ended(stream: StreamMaker, *losses: float, tags: dict[str, str] | None = None, **given: Any) -> str:
    """The id of an ended run with these losses."""
    s = stream()
    points = [block({"loss": list(losses)})] if losses else []
    s.open(**{"scenario": "s", **given}, points=points, tags=tags or {}, state="FINISHED")
    return s.run_id or ""


def test_what_is_previewed_goes_and_the_rest_stays_for_a_reason(door: Door, stream: StreamMaker) -> None:
    """The last and the best of the collection, what is protected, what is alive."""
    best, _, kept = ended(stream, 0.1), ended(stream, 0.9), ended(stream, 0.8, tags={"mbox.keep": "true"})
    last, alive = ended(stream, 0.5), stream()
    alive.open(scenario="s", lease=True)
    rules = Rules(scenarios=["s", "t"], keep_last=2, keep_best=KeepBest(metric="loss", direction="min", runs=1))
    preview = door.clean_up(CreateCleanup(rules=rules))
    assert (preview.state, preview.rules, preview.scenarios_not_found) == ("PREVIEW", rules, ["t"])
    assert preview.kept == {"s": {"alive": 1, "best": 1, "last": 1, "protected": 1}}
    assert len(door.runs().items) == 5
    done = door.clean_up(CreateCleanup(rules=rules, dry_run=False))
    assert (done.state, done.counts, done.kept, done.protected) == ("TOMBSTONED", preview.counts, preview.kept, 1)
    assert {run.id for run in door.runs().items} == {best, kept, last, alive.run_id}
    assert door.deletion(done.id) == done


def test_a_rule_that_would_take_too_much_takes_nothing(door: Door, stream: StreamMaker) -> None:
    """More than the cap, or everything."""
    for _ in range(2):
        ended(stream)
    with pytest.raises(Conflict, match="max_runs is 1"):
        door.clean_up(CreateCleanup(rules=Rules(keep_last=0), dry_run=False, max_runs=1))
    for rules in (Rules(), Rules(scenarios=["s"])):
        with pytest.raises(InvalidRequest, match="every run"):
            door.clean_up(CreateCleanup(rules=rules, dry_run=False))
    assert len(door.runs().items) == 2


def test_a_filter_chooses_what_is_deleted(door: Door, stream: StreamMaker) -> None:
    """In a rule and in a selector, by the newest points."""
    low, high = ended(stream, 0.1), ended(stream, 0.2, 0.9)
    gone = door.clean_up(CreateCleanup(rules=Rules(filter="metrics.loss > 0.5"), dry_run=False))
    assert (gone.counts.runs, [run.id for run in door.runs().items]) == (1, [low])
    assert door.undo(gone.id, UndoDeletion()).state == "UNDONE"
    selector = Selector(scenarios=["s"], filter="metrics.loss.count = 1")
    assert door.delete(CreateDeletion(selector=selector)).counts.runs == 1
    assert [run.id for run in door.runs().items] == [high]
    with pytest.raises(InvalidRequest) as refused:
        door.delete(CreateDeletion(selector=Selector(filter="loss <")))
    assert refused.value.details["field"] == "selector.filter"
