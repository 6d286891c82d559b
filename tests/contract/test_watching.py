"""Watching: what one door has written, every door tells, once, in order, from any cursor."""

from collections.abc import Callable

import pytest

from mbox_ops.entities.changes import Change
from mbox_ops.entities.checkpoints import CreateCheckpoint
from mbox_ops.entities.deletions import CreateDeletion, Selector, UndoDeletion
from mbox_ops.entities.instants import to_microseconds
from mbox_ops.entities.model_versions import CreateModelVersion, SetUniqueTags
from mbox_ops.entities.models import CreateModel
from mbox_ops.errors import CursorExpired, InvalidRequest, MboxError
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]


def short(change: Change) -> tuple[str, str, list[str], str | None, str | None, str | None]:
    """What a test compares of a change."""
    return change.action, change.id, change.parts, change.scenario, change.name, change.status


def test_writes_deletions_and_undos_are_told_in_order(door: Door, stream: StreamMaker) -> None:
    """Each as one change, with what was written and what the run is called."""
    start = door.cursor()
    s = stream()
    run_id = s.open(scenario="s", name="first").run_id
    s.write(points=[block({"a": [1.0, 2.0]})], tags={"x": "y"})
    s.write(state="FINISHED")
    done = door.delete(CreateDeletion(selector=Selector(scenarios=["s"])))
    door.undo(done.id, UndoDeletion())
    changes = door.changes(5, cursor=start)
    assert [short(change) for change in changes] == [
        ("created", run_id, ["name"], "s", "first", "FINISHED"),
        ("updated", run_id, ["metrics", "tags"], "s", "first", "FINISHED"),
        ("updated", run_id, ["state"], "s", "first", "FINISHED"),
        ("deleted", run_id, [], "s", "first", "FINISHED"),
        ("created", run_id, ["undo"], "s", "first", "FINISHED"),
    ]
    assert {change.kind for change in changes} == {"run"}
    assert changes[1].at == door.run(run_id).updated_at or changes[1].at < changes[2].at
    for place, change in enumerate(changes[:-1]):
        assert door.changes(4 - place, cursor=change.cursor) == changes[place + 1 :]


def test_conditions_and_instants_choose_among_changes(door: Door, stream: StreamMaker) -> None:
    """Kind, scenario by name or id, object, and a time to begin at."""
    first, second = stream(), stream()
    first.open(scenario="one")
    second.open(scenario="two")
    first.write(tags={"a": "b"})
    scenario_id = door.run(second.run_id or "").scenario_id
    all_of_them = door.changes(3, since=0)
    assert [change.id for change in all_of_them] == [first.run_id, second.run_id, first.run_id]
    assert door.changes(1, since=to_microseconds(all_of_them[2].at)) == all_of_them[2:]
    for query in ({"scenario": "two"}, {"scenario": scenario_id}, {"subject": second.run_id}):
        assert [change.id for change in door.changes(1, since=0, **query)] == [second.run_id]
    second.write(tags={"c": "d"})
    assert [change.action for change in door.changes(2, since=0, kind=["run"], scenario="two")] == [
        "created", "updated"
    ]  # fmt: skip


def test_models_versions_and_checkpoints_are_told_like_runs(door: Door, stream: StreamMaker) -> None:
    """By their kinds; a checkpoint is in its run's scenario, a model in none."""
    start = door.cursor()
    run_id = stream().open(scenario="s").run_id
    checkpoint = door.create_checkpoint(run_id, CreateCheckpoint(epoch=3)).checkpoint_id
    model = door.create_model(CreateModel(name="m")).model_id
    version = door.create_model_version(CreateModelVersion(model="m", version="1")).model_version_id
    door.set_unique_tags(version, SetUniqueTags(unique_tags=["production"]))
    changes = door.changes(5, cursor=start)
    assert [(change.action, change.kind, change.id, change.scenario) for change in changes] == [
        ("created", "run", run_id, "s"),
        ("created", "checkpoint", checkpoint, "s"),
        ("created", "model", model, None),
        ("created", "model_version", version, None),
        ("updated", "model_version", version, None),
    ]
    assert (changes[2].name, changes[4].parts) == ("m", ["unique_tags"])
    assert [change.id for change in door.changes(3, cursor=start, kind=["model", "model_version"])] == [
        model, version, version
    ]  # fmt: skip
    assert [change.id for change in door.changes(2, cursor=start, scenario="s")] == [run_id, checkpoint]


def refused(call: Callable[[], object]) -> MboxError:
    """How a call fails."""
    with pytest.raises(MboxError) as error:
        call()
    return error.value


def test_what_is_no_cursor_or_of_another_feed_is_refused(door: Door) -> None:
    """With the error that says what to do."""
    assert isinstance(refused(lambda: door.changes(1, cursor="x")), InvalidRequest)
    of_another = "lKdjaGFuZ2VzqGZmZmZmZmZmAAE"
    assert isinstance(refused(lambda: door.changes(1, cursor=of_another)), CursorExpired)
