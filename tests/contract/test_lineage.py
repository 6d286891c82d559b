"""Lineage: which run produced an artifact and which used it, by id, by content and by place."""

from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.deletions import CreateDeletion, Selector, UndoDeletion
from mbox_ops.entities.lineage import ArtifactUse, LineageEdge
from mbox_ops.errors import InvalidRequest, NotFound
from tests.contract.conftest import DoorMaker
from tests.contract.doors import Door
from tests.contract.writing import Stream

pytestmark = pytest.mark.no_rpc

SUM = f"sha256:{'ab' * 32}"
URI = "s3://lake/churn.parquet"
MakeStream = Callable[..., Stream]


def tracked(uri: str = URI, checksum: str = "") -> ArtifactRecord:
    """A reference to a file elsewhere."""
    return ArtifactRecord(path=uri, uri=uri, checksum=checksum)


def told(edges: list[LineageEdge]) -> list[tuple[str, str, str]]:
    """Relation, how it is known, and the run."""
    return [(edge.relation, edge.by, edge.run.id) for edge in edges]


def of(door: Door, artifact_id: str, **query: Any) -> list[tuple[str, str, str]]:
    """The edges of an artifact."""
    return told(door.artifact_lineage(artifact_id, **query).items)


def test_an_artifact_tells_who_produced_and_who_used_it(door: Door, stream: MakeStream) -> None:
    """By its id, by its checksum and by its URI; and a run tells what it produced and used."""
    producer, twin, user = stream(), stream(), stream()
    (made,) = producer.open(artifacts=[tracked(checksum=SUM)]).artifact_ids
    twin.open(artifacts=[tracked("s3://copy/of.parquet", SUM)])
    user.open(uses=[ArtifactUse(artifact_id=made), ArtifactUse(checksum=SUM), ArtifactUse(uri=URI)])
    expected = [
        ("produced", "id", producer.run_id), ("produced", "checksum", twin.run_id),
        ("used", "id", user.run_id), ("used", "checksum", user.run_id), ("used", "uri", user.run_id),
    ]  # fmt: skip
    assert of(door, made) == expected
    assert of(door, made, relation="used") == expected[2:]
    assert of(door, made, relation="produced") == expected[:2]
    edge = door.artifact_lineage(made).items[0]
    assert (edge.run.scenario, edge.run.name, edge.run.status) == ("churn", producer.run_id, "RUNNING")
    assert edge.artifact is not None
    assert edge.artifact.uri == edge.artifact.path == URI
    by_id, by_sum, by_uri = door.run_lineage(str(user.run_id)).items
    assert [edge.artifact and edge.artifact.parent for edge in (by_id, by_sum, by_uri)] == [
        producer.run_id, twin.run_id, producer.run_id
    ]  # fmt: skip
    assert [edge.target for edge in (by_id, by_sum, by_uri)] == [made, SUM, URI]
    assert told(door.run_lineage(str(producer.run_id)).items) == [("produced", "id", producer.run_id)]


def test_lineage_comes_in_pages(door: Door, stream: MakeStream) -> None:
    """Whatever their size, each edge is on exactly one of them."""
    made = stream().open(artifacts=[tracked()]).artifact_ids[0]
    runs = []
    for _ in range(3):
        user = stream()
        user.open(artifacts=[tracked()], uses=[ArtifactUse(uri=URI)])
        runs.append(user.run_id)
    whole = of(door, made)
    assert [run for relation, _, run in whole if relation == "used"] == runs
    for limit in range(1, 8):
        walked: list[tuple[str, str, str]] = []
        cursor = None
        while True:
            page = door.artifact_lineage(made, limit=limit, cursor=cursor)
            walked += told(page.items)
            cursor = page.next
            if cursor is None:
                break
        assert walked == whole


def test_a_use_may_come_before_the_artifact_and_outlive_it(door: Door, stream: MakeStream) -> None:
    """Batches wait in spools, and runs are deleted: what a run used is never refused for that."""
    user, producer = stream(), stream()
    user.open(uses=[ArtifactUse(uri=URI), ArtifactUse(artifact_id="0196f2c8-0000-7000-8000-000000000000")])
    assert [edge.artifact for edge in door.run_lineage(str(user.run_id)).items] == [None, None]
    (made,) = producer.open(artifacts=[tracked()]).artifact_ids
    assert of(door, made) == [("produced", "id", producer.run_id), ("used", "uri", user.run_id)]
    door.delete(CreateDeletion(selector=Selector(run_id=producer.run_id), force=True))
    assert [edge.artifact for edge in door.run_lineage(str(user.run_id)).items] == [None, None]


def test_edges_of_deleted_runs_vanish_and_come_back(door: Door, stream: MakeStream) -> None:
    """With the deletion and its undo."""
    producer, user = stream(), stream()
    (made,) = producer.open(artifacts=[tracked()]).artifact_ids
    user.open(uses=[ArtifactUse(artifact_id=made)])
    before = door.artifact_lineage(made).items
    gone = door.delete(CreateDeletion(selector=Selector(run_id=user.run_id), force=True))
    assert of(door, made) == [("produced", "id", producer.run_id)]
    door.undo(gone.id, UndoDeletion())
    assert door.artifact_lineage(made).items == before
    door.delete(CreateDeletion(selector=Selector(run_id=producer.run_id), force=True))
    with pytest.raises(NotFound):
        door.artifact_lineage(made)


def test_uses_are_written_once_and_replaced_with_their_attempt(door: Door, stream: MakeStream) -> None:
    """Like everything that is written: a resend changes nothing, a retry takes the place of what was there."""
    first = stream()
    first.open(uses=[ArtifactUse(uri=URI)])
    first.write(seq=1, uses=[ArtifactUse(uri="s3://resent")])
    first.write(uses=[ArtifactUse(uri=URI), ArtifactUse(uri=URI)])
    assert [edge.target for edge in door.run_lineage(str(first.run_id)).items] == [URI]
    retry = first.next_attempt()
    retry.write(uses=[ArtifactUse(checksum=SUM)])
    assert [edge.target for edge in door.run_lineage(str(first.run_id)).items] == [SUM]


def test_other_namespaces_are_no_part_of_it(door: Door, stream: MakeStream, door_maker: DoorMaker) -> None:
    """Whatever they have the same content of."""
    (made,) = stream().open(artifacts=[tracked(checksum=SUM)]).artifact_ids
    other = Stream(door_maker("elsewhere"))
    other.open(artifacts=[tracked(checksum=SUM)], uses=[ArtifactUse(artifact_id=made), ArtifactUse(uri=URI)])
    assert len(of(door, made)) == 1
    seen = Stream(door_maker("elsewhere")).door.run_lineage(str(other.run_id)).items
    assert [edge.artifact and edge.artifact.parent for edge in seen] == [other.run_id, None, other.run_id]


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (ArtifactUse(), "names none"),
        (ArtifactUse(uri=URI, checksum=SUM), "names checksum and uri"),
        (ArtifactUse(checksum="sha256:abc"), "64 lower-case hex digits"),
        (ArtifactUse(uri="s3://me:secret@lake/x"), "credentials"),
        (ArtifactUse(artifact_id=""), "artifact_id"),
    ],
)
def test_a_use_that_breaks_a_rule_is_refused(stream: MakeStream, use: ArtifactUse, said: str) -> None:
    """And the batch with it."""
    with pytest.raises(InvalidRequest, match=said):
        stream().open(uses=[use])
