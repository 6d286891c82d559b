"""Deleting runs: selectors, previews, counts, live runs."""

from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.deletions import Counts, CreateDeletion, Deletion, Selector
from mbox_ops.entities.events import EventRecord
from mbox_ops.errors import Conflict, InvalidRequest, NotFound
from tests.contract.doors import Door
from tests.contract.writing import Stream, block, pipeline

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]


def ended(stream: StreamMaker, **given: Any) -> str:
    """The id of an ended run with two points, an event and an artifact."""
    s = stream()
    s.open(
        **given, points=[block({"a": [1.0], "b": [2.0]})], events=[EventRecord(name="e", source="s")],
        artifacts=[ArtifactRecord(path="p", uri="s3://b/p")], state="FINISHED",
    )  # fmt: skip
    return s.run_id or ""


def delete(door: Door, *, dry_run: bool = False, force: bool = False, **selector: Any) -> Deletion:
    """Ask for a deletion."""
    return door.delete(CreateDeletion(selector=Selector(**selector), dry_run=dry_run, force=force))


def test_a_preview_counts_what_the_deletion_then_takes(door: Door, stream: StreamMaker) -> None:
    """Per scenario; nothing changes before; everything vanishes after."""
    gone = [ended(stream, scenario="a"), ended(stream, scenario="a"), ended(stream, scenario="b")]
    kept = ended(stream, scenario="c")
    preview = delete(door, scenarios=["a", "b", "nobody"], dry_run=True)
    assert (preview.state, preview.id) == ("PREVIEW", "")
    assert len(door.runs().items) == 4
    done = delete(door, scenarios=["a", "b", "nobody"])
    assert done.state == "TOMBSTONED"
    for answer in (preview, done):
        assert answer.counts == Counts(runs=3, points=6, events=3, artifacts=3)
        assert answer.by_scenario == {
            "a": Counts(runs=2, points=4, events=2, artifacts=2), "b": Counts(runs=1, points=2, events=1, artifacts=1),
        }  # fmt: skip
        assert answer.scenarios_not_found == ["nobody"]
    assert [r.id for r in door.runs().items] == [kept]
    assert [s.name for s in door.scenarios()] == ["c"]
    assert [c.scenario for c in door.collections()] == ["c"]
    for run_id in gone:
        for ask in (door.run, door.metadata, door.metrics, door.history, door.events, door.artifacts):
            with pytest.raises(NotFound):
                ask(run_id)
    assert door.deletion(done.id) == done


def test_every_selector_takes_its_runs(door: Door, stream: StreamMaker) -> None:
    """One or more, all of which must hold."""
    run_id = ended(stream, scenario="s", scenario_version="1", source=pipeline("p"), execution="e")
    scenario_id = door.run(run_id).scenario_id
    for selector in (
        {"scenarios": ["s"]}, {"scenarios": [scenario_id]}, {"scenario_version": "1"}, {"pipeline": "p"},
        {"execution": "e"}, {"run_id": run_id}, {"scenarios": ["s"], "pipeline": "p"},
    ):  # fmt: skip
        assert delete(door, **selector, dry_run=True).counts.runs == 1, selector
    for selector in ({"scenarios": ["t"]}, {"pipeline": "q"}, {"scenarios": ["s"], "pipeline": "q"}):
        assert delete(door, **selector).counts.runs == 0, selector
    assert door.run(run_id).id == run_id


def test_a_selector_that_could_mean_everything_is_refused(door: Door, stream: StreamMaker) -> None:
    """None is refused, an empty list deletes nothing, several scenarios stand alone, a notebook needs more."""
    run_id = ended(stream, scenario="s")
    for selector in ({}, {"scenarios": ["s", "t"], "pipeline": "p"}, {"notebook": "n"}, {"scenarios": [""]}):
        with pytest.raises(InvalidRequest):
            delete(door, **selector)
    assert delete(door, scenarios=[]).counts == Counts()
    assert door.run(run_id).id == run_id


def test_running_runs_are_only_taken_by_force(door: Door, stream: StreamMaker) -> None:
    """The refusal names them."""
    s = stream()
    s.open(scenario="s", lease=True)
    preview = delete(door, scenarios=["s"], dry_run=True)
    assert preview.running == [s.run_id]
    with pytest.raises(Conflict) as caught:
        delete(door, scenarios=["s"])
    assert s.run_id in str(caught.value.details)
    assert door.run(s.run_id or "").status == "RUNNING"
    assert delete(door, scenarios=["s"], force=True).counts.runs == 1


def test_a_deleted_scenario_s_name_can_be_used_again(door: Door, stream: StreamMaker) -> None:
    """The new runs are the only ones in it."""
    ended(stream, scenario="s")
    delete(door, scenarios=["s"])
    again = ended(stream, scenario="s")
    assert [r.id for r in door.runs(scenario="s").items] == [again]
