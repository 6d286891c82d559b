"""Models, their versions and checkpoints of runs, at all doors: made once, found again, with all that goes on them."""

import math
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.checkpoints import CreateCheckpoint
from mbox_ops.entities.deletions import CreateDeletion, Selector, UndoDeletion
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.model_versions import CreateModelVersion, ModelSource, SetUniqueTags
from mbox_ops.entities.models import CreateModel
from mbox_ops.entities.runs import MLFramework, OpenRun
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import Conflict, Fenced, InvalidRequest, NotFound, RunDeleted
from mbox_ops.wire.encodings import pack_floats, pack_ints
from tests.contract.conftest import DoorMaker
from tests.contract.doors import Door
from tests.contract.writing import EPOCH, Stream

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]


def writer(*, origin: str = "trainer", epoch: int = EPOCH) -> Writer:
    """A process of its own."""
    return Writer(origin=origin, epoch=epoch, producer=secrets.token_hex(16), seq=1)


def opened(stream: StreamMaker) -> str:
    """The id of a run."""
    return stream().open(scenario="churn", name="nightly").run_id


def version(door: Door, name: str = "1", **given: Any) -> str:
    """The id of a version of the model `m`, which is made if it is not there."""
    door.create_model(CreateModel(name="m"))
    return door.create_model_version(CreateModelVersion(model="m", version=name, **given)).model_version_id


def test_a_model_is_made_once_and_completed_by_who_knows_more(door: Door) -> None:
    """The name is its identity; what it says of itself stays, what it lacks is added, and metadata is merged."""
    made = door.create_model(CreateModel(name="größe/✓", owner="ada", metadata={"a": 1, "b": {"c": 2}}))
    again = door.create_model(
        CreateModel(name="größe/✓", owner="bob", task="t", description="d", metadata={"b": {"d": 3}})
    )
    assert (made.model_exists, again.model_exists) == (False, True)
    assert (again.model_id, again.created_at) == (made.model_id, made.created_at)
    model = door.model(made.model_id)
    assert (model.name, model.owner, model.task, model.description) == ("größe/✓", "ada", "t", "d")
    assert (model.versions, model.latest_version) == (0, None)
    assert door.model("größe/✓") == model
    assert door.metadata(made.model_id) == {"a": 1, "b": {"c": 2, "d": 3}}


def test_models_are_listed_by_name_in_pages(door: Door) -> None:
    """With how many versions each has and which came last; by name, beginning, owner and task."""
    for name in ("b", "a", "ab"):
        door.create_model(CreateModel(name=name, owner=f"{name}@x", task="t" if name == "b" else ""))
    for number in ("1", "2"):
        latest = door.create_model_version(CreateModelVersion(model="a", version=number))
    first = door.models(limit=2)
    assert [model.name for model in first.items] == ["a", "ab"]
    assert [model.name for model in door.models(limit=2, cursor=first.next).items] == ["b"]
    shown = first.items[0]
    assert (shown.versions, shown.latest_version, shown.latest_version_id) == (2, "2", latest.model_version_id)
    for query, names in (({"name": "a"}, ["a"]), ({"prefix": "a"}, ["a", "ab"]), ({"owner": "b@x"}, ["b"]),
                         ({"task": "t"}, ["b"]), ({"name": "a", "owner": "b@x"}, [])):  # fmt: skip
        assert [model.name for model in door.models(**query).items] == names


def test_a_version_is_made_once_and_says_what_it_came_from(door: Door, stream: StreamMaker) -> None:
    """Its name in its model is its identity; what it came from stays."""
    run_id = opened(stream)
    checkpoint = door.create_checkpoint(run_id, CreateCheckpoint(epoch=3))
    door.create_model(CreateModel(name="m"))
    wish = CreateModelVersion(
        model="m", version="1.0", name="first", framework=MLFramework.PYTORCH, unique_tags=["prod", "best"],
        metadata={"a": 1}, checkpoint_id=checkpoint.checkpoint_id,
    )  # fmt: skip
    made, again = door.create_model_version(wish), door.create_model_version(wish)
    assert (made.model_version_exists, again.model_version_exists) == (False, True)
    assert (again.model_version_id, again.created_at) == (made.model_version_id, made.created_at)
    found = door.model_version(made.model_version_id)
    assert (found.model, found.model_id, found.version) == ("m", door.model("m").id, "1.0")
    assert (found.name, found.framework, found.unique_tags) == ("first", MLFramework.PYTORCH, ["best", "prod"])
    assert found.source == ModelSource(
        run_id=run_id, run_name="nightly", scenario="churn", run_exists=True,
        checkpoint_id=checkpoint.checkpoint_id, epoch=3,
    )  # fmt: skip
    assert door.metadata(made.model_version_id) == {"a": 1}
    with pytest.raises(Conflict) as refused:
        door.create_model_version(CreateModelVersion(model="m", version="1.0", run_id=opened(stream)))
    assert refused.value.details["field"] == "run_id"


def test_versions_are_listed_newest_first_in_pages(door: Door, stream: StreamMaker) -> None:
    """Of a model, by name, by tag, and of a run over all models."""
    run_id = opened(stream)
    version(door, "1", unique_tags=["prod"])
    version(door, "2", run_id=run_id)
    door.create_model(CreateModel(name="other"))
    door.create_model_version(CreateModelVersion(model="other", version="1", run_id=run_id, unique_tags=["prod"]))
    first = door.model_versions(model="m", limit=1)
    assert [each.version for each in first.items] == ["2"]
    assert [each.version for each in door.model_versions(model="m", limit=1, cursor=first.next).items] == ["1"]
    assert [each.model for each in door.model_versions(run_id=run_id).items] == ["other", "m"]
    assert [each.version for each in door.model_versions(model="m", version="2").items] == ["2"]
    assert [each.model for each in door.model_versions(unique_tag="prod").items] == ["other", "m"]
    with pytest.raises(NotFound, match="No model 'none'"):
        door.model_versions(model="none")


def test_a_unique_tag_is_on_one_version_of_its_model(door: Door) -> None:
    """Another version is refused it, and changes nothing by asking; to move it has to be said."""
    one = version(door, "1", unique_tags=["prod"])
    with pytest.raises(Conflict, match="version '1' of the model has the unique tag 'prod'"):
        version(door, "2", unique_tags=["new", "prod"])
    with pytest.raises(NotFound):
        door.model_version(version(door, "none") and "0" * 36)
    two = version(door, "2")
    with pytest.raises(Conflict) as refused:
        door.set_unique_tags(two, SetUniqueTags(unique_tags=["new", "prod"]))
    assert refused.value.details["tag"] == "prod"
    assert door.model_version(two).unique_tags == []
    moved = door.set_unique_tags(two, SetUniqueTags(unique_tags=["prod", "new"], move=True))
    assert (moved.unique_tags, moved.moved_from) == (["new", "prod"], {"prod": "1"})
    assert (door.model_version(one).unique_tags, door.model_version(two).unique_tags) == ([], ["new", "prod"])
    added = door.set_unique_tags(two, SetUniqueTags(unique_tags=["best", "new"], change="add"))
    removed = door.set_unique_tags(two, SetUniqueTags(unique_tags=["new", "gone"], change="remove"))
    assert (added.unique_tags, removed.unique_tags) == (["best", "new", "prod"], ["best", "prod"])
    assert door.set_unique_tags(two, SetUniqueTags(unique_tags=[])).unique_tags == []
    assert door.set_unique_tags(one, SetUniqueTags(unique_tags=["prod"])).moved_from == {}
    door.create_model(CreateModel(name="other"))
    door.create_model_version(CreateModelVersion(model="other", version="1", unique_tags=["prod"]))


@pytest.mark.parametrize("how", ["made", "moved"])
def test_of_many_who_want_a_tag_at_once_one_gets_it(door: Door, how: str) -> None:
    """However they race; and of many who make one model, or one version, each is told the same one."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: door.create_model(CreateModel(name="m")), range(8)))
        assert len({each.model_id for each in made}) == 1
        assert [each.model_exists for each in made].count(False) == 1
        names = ["same"] * 4 + [f"v{number}" for number in range(4)]
        ids = list(pool.map(lambda name: version(door, name), names))
        assert len(set(ids)) == 5

        def want(place: int) -> str:
            try:
                if how == "moved":
                    wish = SetUniqueTags(unique_tags=["prod"], move=True)
                    return door.set_unique_tags(ids[place % 5 + 3], wish).unique_tags[0]
                return version(door, f"new {place}", unique_tags=["prod"])
            except Conflict:
                return "refused"

        got = list(pool.map(want, range(8)))
    listed = door.model_versions(model="m").items
    assert [each.unique_tags for each in listed if each.unique_tags] == [["prod"]]
    assert got.count("refused") == (7 if how == "made" else 0)
    assert len(listed) == (6 if how == "made" else 5), "who was refused has made nothing"


def test_a_run_has_one_checkpoint_of_an_epoch(door: Door, stream: StreamMaker) -> None:
    """It is made with its metrics, metadata and files in one write; whoever comes later adds to it."""
    run_id = opened(stream)
    file = ArtifactRecord(path="3.ckpt", uri="s3://lake/3.ckpt")
    wish = CreateCheckpoint(epoch=3, metrics={"loss": 0.5, "bad": "NaN"}, metadata={"a": 1}, artifacts=[file])
    made = door.create_checkpoint(run_id, wish)
    again = door.create_checkpoint(run_id, CreateCheckpoint(epoch=3, metadata={"b": 2}))
    assert (made.checkpoint_exists, again.checkpoint_exists) == (False, True)
    assert (again.checkpoint_id, again.created_at) == (made.checkpoint_id, made.created_at)
    found = door.checkpoint(made.checkpoint_id)
    assert (found.run_id, found.epoch, found.artifacts) == (run_id, 3, 1)
    loss = found.metrics["loss"]
    assert (loss.last, loss.last_step, loss.count, found.metrics["bad"].nan_count) == (0.5, 3, 1, 1)
    assert door.metadata(made.checkpoint_id) == {"a": 1, "b": 2}
    (artifact,) = door.artifacts(made.checkpoint_id).items
    assert (artifact.id, artifact.parent) == (made.artifact_ids[0], made.checkpoint_id)
    assert door.run(run_id).metrics == {}, "what is logged on a checkpoint is the checkpoint's"


def test_checkpoints_are_listed_by_epoch_in_pages(door: Door, stream: StreamMaker) -> None:
    """From either end, and a range of them."""
    run_id = opened(stream)
    for epoch in (5, 0, 2, 2**62):
        door.create_checkpoint(run_id, CreateCheckpoint(epoch=epoch, metrics={"loss": epoch / 2}))
    first = door.checkpoints(run_id, limit=3)
    assert [(each.epoch, each.metrics["loss"].last) for each in first.items] == [(0, 0.0), (2, 1.0), (5, 2.5)]
    assert [each.epoch for each in door.checkpoints(run_id, cursor=first.next).items] == [2**62]
    newest = door.checkpoints(run_id, newest_first=True, limit=2)
    assert [each.epoch for each in newest.items] == [2**62, 5]
    rest = door.checkpoints(run_id, newest_first=True, cursor=newest.next)
    assert [each.epoch for each in rest.items] == [2, 0]
    assert [each.epoch for each in door.checkpoints(run_id, first_epoch=1, last_epoch=5).items] == [2, 5]


@pytest.mark.parametrize("kind", ["model", "version", "checkpoint"])
def test_everything_goes_on_it_by_its_id(door: Door, stream: StreamMaker, kind: str) -> None:
    """Points of all kinds, events, files and metadata, exactly once; a resend is free, a newer attempt replaces."""
    subject_id = {
        "model": lambda: door.create_model(CreateModel(name="m")).model_id,
        "version": lambda: version(door),
        "checkpoint": lambda: door.create_checkpoint(opened(stream), CreateCheckpoint(epoch=0)).checkpoint_id,
    }[kind]()
    blocks = [
        Block(names=["loss"], steps=pack_ints([1, 2]), values=pack_floats([0.5, math.inf])),
        Block(names=["note"], kind="string", values=["fine"]),
    ]
    parts: dict[str, Any] = {
        "points": blocks, "events": [EventRecord(name="e", source="s", wallclock=7, metadata={"a": 1})],
        "artifacts": [ArtifactRecord(path="p", uri="s3://lake/p")],
        "metadata": [MetadataOp(op="merge", document={"x": {"y": 1}})],
    }  # fmt: skip
    first = stream(run_id=subject_id, origin="task")
    assert first.write(**parts).num_keys_written == 1
    assert first.write(seq=1, **parts).status == "duplicate"
    (history,) = door.history(subject_id, names=["loss"])
    assert (history.total, history.values) == (2, pack_floats([0.5, math.inf]))
    assert [summary.name for summary in door.metrics(subject_id)] == ["loss", "note"]
    (event,) = door.events(subject_id).items
    assert (event.name, event.parent_id, event.wallclock, event.metadata) == ("e", subject_id, 7, {"a": 1})
    assert [(each.path, each.parent) for each in door.artifacts(subject_id).items] == [("p", subject_id)]
    assert door.metadata(subject_id) == {"x": {"y": 1}}
    stream(run_id=subject_id, origin="task", epoch=EPOCH + 1).write(points=blocks[:1])
    assert [(summary.name, summary.count) for summary in door.metrics(subject_id)] == [("loss", 2)]
    assert (door.events(subject_id).items, door.artifacts(subject_id).items, door.metadata(subject_id)) == ([], [], {})
    with pytest.raises(Fenced, match="A newer attempt of 'task'"):
        first.write(points=blocks[:1])


OF_RUNS: dict[str, Any] = {
    "tags": {"a": "b"}, "parameters": {"a": 1}, "labels": {"a": 1}, "name": "n", "collection": "c", "state": "FINISHED",
    "lease": True,
}  # fmt: skip


def test_what_only_runs_take_is_refused_by_name(door: Door, stream: StreamMaker) -> None:
    """And all of the batch with it."""
    checkpoint_id = door.create_checkpoint(opened(stream), CreateCheckpoint(epoch=0)).checkpoint_id
    for field, value in OF_RUNS.items():
        with pytest.raises(InvalidRequest, match=r"goes on runs only, and '[^']+' is a checkpoint") as refused:
            door.write(Batch(run_id=checkpoint_id, events=[EventRecord(name="e", source="s")], **{field: value}))
        assert refused.value.details["field"] == field
    assert door.events(checkpoint_id).items == []


def test_a_batch_may_name_a_checkpoint_by_its_run_and_epoch(door: Door) -> None:
    """Also by the run's key, so that nobody has to be asked; whoever writes first makes it."""
    stream = Stream(door, key="nightly")
    run_id = stream.open(scenario="churn").run_id
    first = Batch(
        key="nightly", checkpoint=4, writer=writer(), points=[Block(names=["loss"], values=pack_floats([1.0]))]
    )
    made, again = door.write(first), door.write(first)
    assert (made.existed, made.status, again.existed, again.status) == (False, "ok", False, "duplicate")
    assert made.run_id == again.run_id != run_id
    other = door.write(Batch(run_id=run_id, checkpoint=4, writer=writer(origin="other")))
    assert (other.run_id, other.existed) == (made.run_id, True)
    assert [(each.epoch, each.metrics["loss"].count) for each in door.checkpoints(run_id).items] == [(4, 1)]
    assert first.writer is not None
    with pytest.raises(InvalidRequest, match="a stream goes to one run"):
        door.write(Batch(run_id=run_id, checkpoint=5, writer=first.writer))
    with pytest.raises(InvalidRequest, match="opens a run or writes to a checkpoint"):
        door.write(Batch(key="nightly", checkpoint=5, open=OpenRun()))
    with pytest.raises(NotFound):
        door.write(Batch(key="another", checkpoint=5))


def test_an_attempt_that_was_replaced_makes_no_checkpoint(door: Door) -> None:
    """A zombie is fenced off its run's checkpoints as it is off the run."""
    key = f"k{secrets.token_hex(4)}"
    old, new = Stream(door, key=key, origin="task"), Stream(door, key=key, origin="task", epoch=EPOCH + 1)
    run_id = old.open(scenario="churn").run_id
    new.open(scenario="churn")
    wish = CreateCheckpoint(epoch=1, writer=writer(origin="task"))
    with pytest.raises(Fenced, match=f"has written to the run '{run_id}'"):
        door.create_checkpoint(run_id, wish)
    assert door.checkpoints(run_id).items == []


def test_checkpoints_go_and_come_back_with_their_run(door: Door, stream: StreamMaker) -> None:
    """Counted in the preview, gone from every reading, and back; versions stay and say what they came from."""
    run_id = opened(stream)
    file = ArtifactRecord(path="1.ckpt", uri="s3://lake/1.ckpt")
    wish = CreateCheckpoint(epoch=1, metrics={"loss": 0.5, "acc": 1.0}, artifacts=[file])
    made = door.create_checkpoint(run_id, wish)
    door.write(Batch(run_id=made.checkpoint_id, events=[EventRecord(name="e", source="s")]))
    version_id = version(door, checkpoint_id=made.checkpoint_id)
    before = door.checkpoint(made.checkpoint_id)
    selector = Selector(run_id=run_id)
    preview = door.delete(CreateDeletion(selector=selector, dry_run=True))
    done = door.delete(CreateDeletion(selector=selector, force=True))
    assert preview.counts == done.counts == done.by_scenario["churn"]
    counts = done.counts
    assert (counts.runs, counts.checkpoints, counts.points, counts.events, counts.artifacts) == (1, 1, 2, 1, 1)
    for gone in (
        lambda: door.checkpoint(made.checkpoint_id), lambda: door.checkpoints(run_id),
        lambda: door.metrics(made.checkpoint_id), lambda: door.artifacts(made.checkpoint_id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            gone()
    for late in (
        lambda: door.create_checkpoint(run_id, wish), lambda: door.create_checkpoint(run_id, CreateCheckpoint(epoch=2)),
        lambda: door.write(Batch(run_id=made.checkpoint_id)),
    ):  # fmt: skip
        with pytest.raises(RunDeleted):
            late()
    source = door.model_version(version_id).source
    assert source is not None
    assert (source.run_name, source.scenario, source.epoch, source.run_exists) == ("nightly", "churn", 1, False)
    door.undo(done.id, UndoDeletion())
    assert door.checkpoint(made.checkpoint_id) == before
    assert door.model_version(version_id).source == ModelSource(
        run_id=run_id, run_name="nightly", scenario="churn", run_exists=True, checkpoint_id=made.checkpoint_id, epoch=1
    )


def test_names_are_confined_to_their_namespace(door: Door, door_maker: DoorMaker) -> None:
    """Another one may have the same, and sees nothing of the first."""
    other = door_maker(f"ns-{secrets.token_hex(4)}")
    version(door, unique_tags=["prod"])
    with pytest.raises(NotFound):
        other.model("m")
    with pytest.raises(NotFound):
        other.create_model_version(CreateModelVersion(model="m", version="1"))
    assert (other.models().items, other.model_versions().items) == ([], [])
    assert not other.create_model(CreateModel(name="m")).model_exists


def test_a_version_comes_from_a_run_of_its_namespace(door: Door, door_maker: DoorMaker, stream: StreamMaker) -> None:
    """That is there; and from a checkpoint of that run."""
    run_id, other_run = opened(stream), opened(stream)
    elsewhere = Stream(door_maker(f"ns-{secrets.token_hex(4)}")).open(scenario="x").run_id
    checkpoint_id = door.create_checkpoint(run_id, CreateCheckpoint(epoch=0)).checkpoint_id
    door.create_model(CreateModel(name="m"))
    for given in ({"run_id": elsewhere}, {"run_id": "none"}, {"checkpoint_id": run_id}, {"run_id": checkpoint_id}):
        with pytest.raises(NotFound):
            door.create_model_version(CreateModelVersion(model="m", version="1", **given))
    with pytest.raises(InvalidRequest) as refused:
        door.create_model_version(
            CreateModelVersion(model="m", version="1", run_id=other_run, checkpoint_id=checkpoint_id)
        )
    assert refused.value.details["field"] == "checkpoint_id"
    assert door.model_versions(model="m").items == []


LONG = "x" * 257
BAD_MODELS: dict[str, dict[str, Any]] = {
    "name": {"name": ""}, "owner": {"name": "n", "owner": LONG}, "task": {"name": "n", "task": LONG},
    "description": {"name": "n", "description": "x" * 5_001}, "metadata": {"name": "n", "metadata": {LONG: 1}},
}  # fmt: skip
BAD_VERSIONS: dict[str, dict[str, Any]] = {
    "version": {"version": LONG}, "name": {"version": "2", "name": LONG},
    "unique_tags": {"version": "2", "unique_tags": [f"t{n}" for n in range(101)]},
    "unique_tags ": {"version": "2", "unique_tags": [LONG]},
    "description": {"version": "2", "description": "x" * 5_001},
}  # fmt: skip


def test_a_bad_model_is_refused_by_the_field(door: Door) -> None:
    """With the limit and the value; nothing is made."""
    for field, given in BAD_MODELS.items():
        with pytest.raises(InvalidRequest) as refused:
            door.create_model(CreateModel(**given))
        assert str(refused.value.details["field"]).startswith(field)
    assert door.models().items == []


def test_a_bad_version_is_refused_by_the_field(door: Door) -> None:
    """With the limit and the value; nothing is made."""
    version(door)
    for field, given in BAD_VERSIONS.items():
        with pytest.raises(InvalidRequest) as refused:
            door.create_model_version(CreateModelVersion(model="m", **given))
        assert refused.value.details["field"] == field.strip()
        assert "limit" in refused.value.details
    assert len(door.model_versions().items) == 1


def test_a_bad_checkpoint_is_refused_whole(door: Door, stream: StreamMaker) -> None:
    """An epoch below 0, a metric's name, a file: the error names it, and there is no checkpoint."""
    run_id = opened(stream)
    file = ArtifactRecord(path="p", uri="s3://key:secret@lake/p")
    for field, given in (("epoch", {"epoch": -1}), ("metric name", {"epoch": 0, "metrics": {LONG: 1.0}}),
                         ("artifact uri", {"epoch": 0, "metrics": {"a": 1.0}, "artifacts": [file]})):  # fmt: skip
        with pytest.raises(InvalidRequest) as refused:
            door.create_checkpoint(run_id, CreateCheckpoint(**given))
        assert refused.value.details["field"] == field
    assert door.checkpoints(run_id).items == []
