"""Models, versions and checkpoints within the service: what they must not touch, and what a purge leaves of them."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.changes import ChangeQuery
from mbox_ops.entities.checkpoints import CheckpointQuery, CreateCheckpoint
from mbox_ops.entities.cleanup import Rules
from mbox_ops.entities.deletions import CreateCleanup, CreateDeletion, Selector
from mbox_ops.entities.lineage import ArtifactUse, LineageQuery
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.model_versions import CreateModelVersion, SetUniqueTags
from mbox_ops.entities.models import CreateModel
from mbox_ops.entities.runs import RunQuery
from mbox_ops.entities.search import FieldQuery, ValueQuery
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import Conflict, Fenced, InvalidRequest, MboxError, NotFound, RunDeleted
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats
from tests.service.services import (
    ANN,
    HandClock,
    Log,
    actor,
    clock,
    counted,
    database,
    postgres_tables,
    service,
    sqlite_template,
)
from tests.store.orphans import orphans

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]

S3 = "s3://lake/w.ckpt"


def version(service: Service, **given: str) -> str:
    """The id of a version of a model."""
    service.models.create(ANN, CreateModel(name="m"))
    return service.model_versions.create(ANN, CreateModelVersion(model="m", version="1", **given)).model_version_id


def test_nothing_of_them_is_found_among_runs(service: Service) -> None:
    """Neither by a search, nor among the fields and their values, nor by their ids."""
    log = Log(service).open(scenario="churn")
    log.points("loss", 0.5)
    log.write(metadata=[MetadataOp(op="merge", document={"mine": 1})])
    checkpoint = service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=1)).checkpoint_id
    model = service.models.create(ANN, CreateModel(name="m")).model_id
    for subject_id in (checkpoint, model, version(service)):
        points = [Block(names=["theirs", "loss"], values=pack_floats([9.0, 9.0]))]
        change = [MetadataOp(op="merge", document={"mine": 2, "other": 3})]
        service.batches.write(ANN, Batch(run_id=subject_id, points=points, metadata=change))
        with pytest.raises(NotFound):
            service.runs.get(ANN, subject_id)
        assert service.runs.list(ANN, RunQuery(run_id=subject_id)).items == []
    assert [field.field for field in service.fields.list(ANN, FieldQuery()).items] == ["metadata.mine", "metrics.loss"]
    assert [each.value for each in service.fields.values(ANN, ValueQuery(field="metadata.mine")).items] == [1]
    for text in ("metrics.theirs > 0", "metadata.other = 3", "metrics.loss > 1", "metadata.mine = 2"):
        assert service.runs.list(ANN, RunQuery(filter=text)).items == []
    for sort in ("-metrics.loss", "metadata.mine"):
        assert [run.id for run in service.runs.list(ANN, RunQuery(sort=sort, total=True)).items] == [log.id]


def test_a_purge_takes_the_checkpoints_and_leaves_the_version(
    service: Service, clock: HandClock, database: Database
) -> None:
    """Their rows, to the last one; who writes to them later is told, and the version says where it came from."""
    log = Log(service).open(scenario="churn", name="nightly")
    made = [
        service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=epoch, metrics={"loss": 0.5})).checkpoint_id
        for epoch in range(70)  # more than one transaction of a purge takes
    ]
    version_id = version(service, checkpoint_id=made[3])
    wish = CreateDeletion(selector=Selector(scenarios=["churn"]), force=True, purge=True)
    assert service.deletions.create(ANN, wish).counts.checkpoints == 70
    assert service.deletions.purge_due() == 1
    assert orphans(database) == {}
    for checkpoint_id in (made[0], made[-1]):
        with pytest.raises(RunDeleted):
            service.batches.write(ANN, Batch(run_id=checkpoint_id))
    with pytest.raises(RunDeleted):
        service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=0))
    source = service.model_versions.get(ANN, version_id).source
    assert source is not None
    assert (source.run_id, source.run_name, source.run_exists, source.epoch) == (log.id, "nightly", False, 3)


def test_a_run_that_makes_checkpoints_is_not_old(service: Service, clock: HandClock) -> None:
    """A rule over the age of runs counts from the last one."""
    log = Log(service).open(scenario="churn")
    log.write(state="FINISHED")
    rules = CreateCleanup(rules=Rules(older_than_seconds=86_400))
    clock.forward(days=2)
    assert service.deletions.clean_up(ANN, rules).counts.runs == 1
    service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=1))
    assert service.deletions.clean_up(ANN, rules).counts.runs == 0


def test_many_who_make_one_checkpoint_make_one(service: Service) -> None:
    """Each is told the same; of all that is logged nothing is lost."""
    log = Log(service).open(scenario="churn")

    def make(_: int) -> tuple[str, bool]:
        made = service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=1, metrics={"loss": 1.0}))
        return made.checkpoint_id, made.checkpoint_exists

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(8)))
    assert len({checkpoint_id for checkpoint_id, _ in made}) == 1
    assert [existed for _, existed in made].count(False) == 1
    (checkpoint,) = service.checkpoints.list(ANN, log.id, CheckpointQuery()).items
    assert checkpoint.metrics["loss"].count == 8


def test_a_resent_request_is_recognised_whatever_has_changed_since(service: Service) -> None:
    """The tag has moved, the run is gone: the answer is that of the first time, and nothing is written."""
    log = Log(service).open(scenario="churn")
    service.models.create(ANN, CreateModel(name="m"))
    writer = Writer(origin="o", epoch=1, producer="0f" * 16, seq=1)
    wish = CreateModelVersion(model="m", version="1", run_id=log.id, unique_tags=["prod"], writer=writer)
    first = service.model_versions.create(ANN, wish)
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), force=True))
    again = service.model_versions.create(ANN, wish)
    assert (again.model_version_id, again.model_version_exists) == (first.model_version_id, False)
    again = service.model_versions.create(
        ANN, CreateModelVersion(model="m", version="1", run_id=log.id, unique_tags=["prod"])
    )
    assert (again.model_version_id, again.model_version_exists) == (first.model_version_id, True)


def test_a_version_never_comes_from_a_run_and_another_one_s_checkpoint(service: Service) -> None:
    """Whichever was said first; what it came from stays, and the checkpoint of its own run is added."""
    one, other = (Log(service).open(scenario="churn", name=name) for name in ("one", "other"))
    service.models.create(ANN, CreateModel(name="m"))
    made = [service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=3)).checkpoint_id for log in (one, other)]
    first = service.model_versions.create(ANN, CreateModelVersion(model="m", version="1", run_id=one.id))
    with pytest.raises(Conflict) as refused:
        service.model_versions.create(ANN, CreateModelVersion(model="m", version="1", checkpoint_id=made[1]))
    assert (refused.value.details["field"], refused.value.details["present"]) == ("run_id", one.id)
    service.model_versions.create(ANN, CreateModelVersion(model="m", version="1", checkpoint_id=made[0]))
    source = service.model_versions.get(ANN, first.model_version_id).source
    assert source is not None
    assert (source.run_id, source.run_name, source.checkpoint_id) == (one.id, "one", made[0])


def test_a_zombie_writes_to_no_checkpoint_of_a_run_that_a_newer_attempt_has(service: Service) -> None:
    """Not to one that it has made before, either; what it sends again is recognised."""
    old = Log(service).open(scenario="churn")
    writer = Writer(origin=old.origin, epoch=old.epoch, producer="0f" * 16, seq=1)
    wish = CreateCheckpoint(epoch=1, metrics={"loss": 0.5}, writer=writer)
    service.checkpoints.create(ANN, old.id, wish)
    new = Log(service, origin=old.origin, epoch=old.epoch + 1)
    new.run_id = old.id
    new.write(tags={"a": "b"})
    assert service.checkpoints.create(ANN, old.id, wish).checkpoint_exists is False
    with pytest.raises(Fenced):
        service.checkpoints.create(ANN, old.id, replace(wish, writer=replace(writer, seq=2)))


def test_a_producer_of_one_run_s_checkpoint_writes_to_no_other_run_s(service: Service) -> None:
    """By key as by id: it is told, and nothing goes where it was not meant."""
    logs = [Log(service).open(key=key, scenario="churn") for key in ("one", "other")]
    writer = Writer(origin="o", epoch=1, producer="0f" * 16, seq=1)
    made = service.batches.write(ANN, Batch(key="one", checkpoint=1, writer=writer))
    again = replace(writer, seq=2)
    for address in ({"key": "other"}, {"run_id": logs[1].id}, {"key": "none"}):
        with pytest.raises(InvalidRequest, match="belongs to"):
            service.batches.write(ANN, Batch(checkpoint=1, writer=again, **address))
    with pytest.raises(InvalidRequest, match="belongs to"):
        service.batches.write(actor("elsewhere"), Batch(key="one", checkpoint=1, writer=again))
    assert service.batches.write(ANN, Batch(key="one", checkpoint=1, writer=again)).run_id == made.run_id


def test_lineage_leads_from_what_was_used_to_the_run_of_the_checkpoint(service: Service) -> None:
    """A file of a version has no run by itself; the same content, or URI, at a checkpoint has its run."""
    log, user = Log(service).open(scenario="churn"), Log(service).open(scenario="churn")
    record = ArtifactRecord(path="w.ckpt", uri=S3)
    service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=1, artifacts=[record]))
    result = service.batches.write(ANN, Batch(run_id=version(service), artifacts=[record]))
    (artifact_id,) = result.artifact_ids
    user.write(uses=[ArtifactUse(artifact_id=artifact_id)])
    edges = service.lineage.of_artifact(ANN, artifact_id, LineageQuery()).items
    assert [(edge.relation, edge.by, edge.run.id) for edge in edges] == [
        ("produced", "uri", log.id), ("used", "id", user.id),
    ]  # fmt: skip
    (used,) = service.lineage.of_run(ANN, user.id, LineageQuery()).items
    assert used.artifact is not None
    assert used.artifact.id == artifact_id
    (produced,) = service.lineage.of_run(ANN, log.id, LineageQuery()).items
    assert (produced.relation, produced.artifact and produced.artifact.path) == ("produced", "w.ckpt")


def test_a_token_acts_in_the_object_s_own_namespace_if_it_opens_it(service: Service) -> None:
    """By id from any namespace; a name means that of the request's own."""
    version_id = version(service)
    model_id = service.models.get(ANN, "m").id
    both = actor("other", opens={"default", "other"})
    made = service.model_versions.create(both, CreateModelVersion(model=model_id, version="2"))
    assert service.model_versions.get(both, made.model_version_id).namespace == "default"
    assert service.model_versions.get(both, version_id).model_id == model_id
    with pytest.raises(NotFound):
        service.models.get(both, "m")
    for one in (service.models.get, service.model_versions.get):
        with pytest.raises(NotFound):
            one(actor("other", opens={"other"}), model_id)


def test_nobody_waits_in_a_circle(service: Service) -> None:
    """Who makes checkpoints, writes to them and to runs, reads, deletes and undoes, all at once."""
    logs = [Log(service).open(scenario="churn") for _ in range(3)]
    points = [Block(names=["loss"], values=pack_floats([1.0]))]
    made: list[str] = []

    def make(run_id: str, turn: int) -> None:
        wish = CreateCheckpoint(epoch=turn % 4, metrics={"loss": 1.0})
        made.append(service.checkpoints.create(ANN, run_id, wish).checkpoint_id)

    def delete_and_undo(run_id: str, turn: int) -> None:
        selector = Selector(scenarios=["churn"])
        service.deletions.undo(
            ANN, service.deletions.create(ANN, CreateDeletion(selector=selector, force=True)).id
        )  # fmt: skip

    actions = [
        make, make, delete_and_undo,
        lambda run_id, _: service.batches.write(ANN, Batch(run_id=run_id, points=points)),
        lambda _, turn: service.batches.write(ANN, Batch(run_id=made[turn % len(made)], points=points)),
        lambda run_id, _: service.checkpoints.list(ANN, run_id, CheckpointQuery()),
    ]  # fmt: skip
    make(logs[0].id, 0)

    def work(seed: int) -> set[str]:
        rng, refused = random.Random(seed), set()
        for turn in range(15):
            try:
                rng.choice(actions)(rng.choice(logs).id, turn)
            except MboxError as error:
                refused.add(error.code)
        return refused

    with ThreadPoolExecutor(6) as pool:
        refused = set().union(*pool.map(work, range(6)))
    assert refused <= {"run_deleted", "not_found"}
    for log in logs:
        found = service.checkpoints.list(ANN, log.id, CheckpointQuery()).items
        assert len({checkpoint.epoch for checkpoint in found}) == len(found)


def test_the_feed_of_changes_tells_of_them(service: Service) -> None:
    """By their kinds; a checkpoint is in its run's scenario, goes with it and comes back."""
    log = Log(service).open(scenario="churn")
    checkpoint_id = service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=1)).checkpoint_id
    service.models.create(ANN, CreateModel(name="m"))
    for name in ("1", "2"):
        wish = CreateModelVersion(model="m", version=name, unique_tags=["prod"] if name == "1" else [])
        latest = service.model_versions.create(ANN, wish).model_version_id
    service.model_versions.set_unique_tags(ANN, latest, SetUniqueTags(unique_tags=["prod"], move=True))
    writer = Writer(origin="o", epoch=1, producer="0f" * 16, seq=1)
    for seq, owner in ((1, ""), (2, "ann")):
        service.models.create(ANN, CreateModel(name="m", owner=owner, writer=replace(writer, seq=seq)))
    done = service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), force=True))
    service.deletions.undo(ANN, done.id)
    told = service.changes.page(ANN, ChangeQuery(since=0)).items
    assert [(change.kind, change.action, change.parts) for change in told[1:]] == [
        ("checkpoint", "created", []), ("model", "created", []), ("model_version", "created", []),
        ("model_version", "created", []), ("model_version", "updated", ["unique_tags"]),
        ("model_version", "updated", ["unique_tags"]), ("model", "updated", []), ("model", "updated", []),
        ("run", "deleted", []), ("checkpoint", "deleted", []),
        ("run", "created", ["undo"]), ("checkpoint", "created", ["undo"]),
    ]  # fmt: skip
    assert {(change.id, change.scenario) for change in told if change.kind == "checkpoint"} == {
        (checkpoint_id, "churn")
    }


def test_a_page_of_checkpoints_takes_as_many_statements_however_long_it_is(
    service: Service, database: Database
) -> None:
    """Summaries and files are read for all at once."""
    log = Log(service).open(scenario="churn")
    for epoch in range(20):
        service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=epoch, metrics={"loss": 0.5}))
    service.checkpoints.list(ANN, log.id, CheckpointQuery())  # brings the summaries up to date

    def statements(limit: int) -> int:
        with counted(database) as noted:
            service.checkpoints.list(ANN, log.id, CheckpointQuery(limit=limit))
        return len(noted)

    assert statements(20) == statements(2)
