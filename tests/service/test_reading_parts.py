"""Reading scenarios, collections, events and artifacts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, ArtifactRecord, StoredArtifact
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.events import EventQuery, EventRecord, StoredEvent
from mbox_ops.entities.grouping import RunCollection, Scenario
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.service.artifacts import guess_mime
from mbox_ops.service.service import Service
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

AT = datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)


def test_scenarios_with_live_runs_are_listed_with_their_counts(service: Service) -> None:
    """By name, page by page; one without live runs is not there."""
    gone = Log(service).open(scenario="gone", state="FINISHED")
    for name, collection in (("churn", "a"), ("churn", "b"), ("churn", "b"), ("Fraud", "a"), ("äther", "a")):
        Log(service).open(scenario=name, collection=collection, started_at=NOON)
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=gone.id)))
    pages = [service.scenarios.list(ANN, limit=2, cursor=None)]
    pages.append(service.scenarios.list(ANN, limit=2, cursor=pages[0].next))
    listed = [scenario for page in pages for scenario in page.items]
    assert (len(pages[0].items), pages[1].next) == (2, None)
    ids = [service.scenarios.get(ANN, name).id for name in ("Fraud", "churn", "äther")]
    assert listed == [
        Scenario(id=ids[0], name="Fraud", namespace="default", runs=1, collections=1, last_run_at=AT),
        Scenario(id=ids[1], name="churn", namespace="default", runs=3, collections=2, last_run_at=AT),
        Scenario(id=ids[2], name="äther", namespace="default", runs=1, collections=1, last_run_at=AT),
    ]
    with pytest.raises(NotFound):
        service.scenarios.get(ANN, "gone")


def test_a_default_collection_stands_beside_an_explicit_one_of_its_name(service: Service) -> None:
    """It is shown with a suffix; names stay as they are."""
    Log(service).open(scenario="churn", pipeline="train", started_at=NOON)
    Log(service).open(scenario="churn", pipeline="train", collection="train", started_at=NOON)
    Log(service).open(scenario="fraud", pipeline="train", started_at=NOON)
    churn = service.scenarios.get(ANN, "churn")
    listed = service.collections.list(ANN, scenario="churn", limit=10, cursor=None).items
    ids = {collection.is_default: collection.id for collection in listed}
    common: dict[str, Any] = {"scenario": "churn", "scenario_id": churn.id, "runs": 1, "last_run_at": AT}
    assert sorted(listed, key=lambda collection: collection.is_default) == [
        RunCollection(id=ids[False], name="train", display_name="train", is_default=False, **common),
        RunCollection(id=ids[True], name="train", display_name="train (Default)", is_default=True, **common),
    ]
    first = service.collections.list(ANN, limit=2, cursor=None)
    rest = service.collections.list(ANN, limit=2, cursor=first.next)
    assert [len(first.items), len(rest.items), rest.next] == [2, 1, None]
    assert len({collection.id for collection in first.items + rest.items}) == 3
    assert service.collections.list(ANN, scenario=churn.id, limit=10, cursor=None).items == listed
    assert service.collections.list(ANN, scenario="nobody", limit=10, cursor=None).items == []


def test_events_are_read_back_in_order_of_their_own_time(service: Service, clock: HandClock) -> None:
    """Equal times keep the order in which they came; a missing time is the server's."""
    log = Log(service).open()
    late = EventRecord(name="late", source="s", wallclock=NOON + 5, metadata={"a": [1, {"b": None}]})
    log.write(events=[late, EventRecord(name="early", source="s", wallclock=-1)])
    clock.forward(seconds=1)
    log.write(events=[EventRecord(name="same", source="t", wallclock=NOON + 5), EventRecord(name="now", source="t")])
    log.write(events=[EventRecord(name="same", source="t", wallclock=NOON + 5)])
    page = service.events.list(ANN, log.id, EventQuery())
    assert [event.name for event in page.items] == ["early", "late", "same", "same", "now"]
    assert page.items[1] == StoredEvent(
        id=page.items[1].id, parent_id=log.id, name="late", source="s", wallclock=NOON + 5, received_at=AT,
        metadata={"a": [1, {"b": None}]},
    )  # fmt: skip
    assert page.items[4].wallclock == NOON + SECOND

    def names(**query: Any) -> list[str]:
        return [event.name for event in service.events.list(ANN, log.id, EventQuery(**query)).items]

    assert names(since=NOON + 5) == ["late", "same", "same", "now"]
    assert names(since=NOON + 6) == ["now"]
    assert names(name="same") == ["same", "same"]
    assert names(source="t", since=0) == ["same", "same", "now"]
    seen, cursor = [], None
    for _ in range(3):
        part = service.events.list(ANN, log.id, EventQuery(limit=2, cursor=cursor))
        seen += part.items
        cursor = part.next
    assert (seen, cursor) == (page.items, None)


def test_a_newer_attempt_takes_the_place_of_events_and_artifacts(service: Service) -> None:
    """What the older one wrote is not read any more."""
    log = Log(service, origin="task").open(key="k")
    log.write(events=[EventRecord(name="a", source="s")], artifacts=[ArtifactRecord(path="a", uri="s3://b/a")])
    again = Log(service, origin="task", epoch=log.epoch + 1).open(key="k")
    again.write(events=[EventRecord(name="b", source="s")], artifacts=[ArtifactRecord(path="b", uri="s3://b/b")])
    assert [event.name for event in service.events.list(ANN, log.id, EventQuery()).items] == ["b"]
    assert [artifact.path for artifact in service.artifacts.list(ANN, log.id, ArtifactQuery()).items] == ["b"]


def test_artifacts_are_listed_by_path(service: Service) -> None:
    """By kind, by prefix, page by page; what a prefix holds is taken literally."""
    log = Log(service).open()
    long = "l" * 300
    paths = ["model.pt", "plots/a.png", "plots/b_.png", "plotsX", f"{long}1", f"{long}2", "data.csv"]
    done = log.write(artifacts=[ArtifactRecord(path=path, uri=f"s3://bucket/{path}") for path in paths])
    page = service.artifacts.list(ANN, log.id, ArtifactQuery())
    assert [artifact.path for artifact in page.items] == sorted(paths)
    assert {artifact.path: artifact.id for artifact in page.items} == dict(zip(paths, done.artifact_ids, strict=True))
    model = next(artifact for artifact in page.items if artifact.path == "model.pt")
    assert model == StoredArtifact(
        id=done.artifact_ids[0], parent=log.id, path="model.pt", uri="s3://bucket/model.pt",
        mime_type=ArtifactMime.Model, media_type="", checksum="", size=None, kind="tracked", created_at=AT,
    )  # fmt: skip

    def found(**query: Any) -> list[str]:
        return [artifact.path for artifact in service.artifacts.list(ANN, log.id, ArtifactQuery(**query)).items]

    assert found(prefix="plots/") == ["plots/a.png", "plots/b_.png"]
    assert found(prefix="Plots") == found(prefix="plots/_") == found(prefix="%") == []
    assert found(prefix=long + "2") == [f"{long}2"]
    assert found(mime_type=ArtifactMime.Image) == ["plots/a.png", "plots/b_.png"]
    seen, cursor = [], None
    for _ in range(4):
        part = service.artifacts.list(ANN, log.id, ArtifactQuery(limit=2, cursor=cursor))
        seen += part.items
        cursor = part.next
    assert (seen, cursor) == (page.items, None)


def test_an_artifact_that_breaks_a_rule_is_refused_whole(service: Service) -> None:
    """The field is named, no secret is repeated, and nothing of the batch is kept."""
    log = Log(service).open()
    expected = [
        (ArtifactRecord(path="", uri="s3://b/a"), "artifact path"),
        (ArtifactRecord(path="a" * 2049, uri="s3://b/a"), "artifact path"),
        (ArtifactRecord(path="a", uri=""), "artifact uri"),
        (ArtifactRecord(path="a", uri="https://ann:hunter2@host/a"), "artifact uri"),
        (ArtifactRecord(path="a", uri="https://hunter2@host/a"), "artifact uri"),
        (ArtifactRecord(path="a", uri="https://host/a?X-Amz-Signature=hunter2"), "artifact uri"),
        (ArtifactRecord(path="a", uri="http://[hunter2"), "artifact uri"),
        (ArtifactRecord(path="a", uri="s3://b/a", checksum="md5:1"), "artifact checksum"),
        (ArtifactRecord(path="a", uri="s3://b/a", size=-1), "artifact size"),
        (ArtifactRecord(path="a", uri="s3://b/a", size=2**63), "artifact size"),
    ]
    for record, field in expected:
        with pytest.raises(InvalidRequest) as error:
            log.write(artifacts=[ArtifactRecord(path="good", uri="s3://b/good"), record])
        assert error.value.details["field"] == field, record
        assert "hunter2" not in f"{error.value} {error.value.details}"
    assert service.artifacts.list(ANN, log.id, ArtifactQuery()).items == []


@pytest.mark.parametrize(
    ("path", "media_type", "kind"),
    [
        ("model.pt", "", "Model"),
        ("s3://bucket/weights.ONNX?versionId=3", "", "Model"),
        ("last.ckpt", "", "Checkpoint"),
        ("checkpoint-500/weights.pt", "", "Model"),
        ("checkpoint-500.pt", "", "Checkpoint"),
        ("notes.md", "", "Text"),
        ("data.csv", "", "Text"),
        ("metrics.json", "", "Text"),
        ("roc.png", "", "Image"),
        ("run.mp4", "", "Video"),
        ("say.wav", "", "Audio"),
        ("plot", "image/svg+xml; charset=utf-8", "Image"),
        ("data.parquet", "", "Unknown"),
        ("", "", "Unknown"),
    ],
)
def test_the_kind_of_an_artifact_is_guessed(path: str, media_type: str, kind: str) -> None:
    """From its name first, from its media type then."""
    assert guess_mime(path, media_type).value == kind


def test_what_a_token_does_not_open_has_no_events_and_artifacts(service: Service) -> None:
    """It looks as if it were not there, as a deleted run does."""
    log = Log(service, actor("cv")).open(state="FINISHED")
    stranger = actor("nlp", opens={"nlp"})
    for read, query in ((service.events.list, EventQuery()), (service.artifacts.list, ArtifactQuery())):
        assert read(actor("nlp"), log.id, query).items == []
        with pytest.raises(NotFound):
            read(stranger, log.id, query)
    service.deletions.create(actor("cv"), CreateDeletion(selector=Selector(run_id=log.id)))
    for read, query in ((service.events.list, EventQuery()), (service.artifacts.list, ArtifactQuery())):
        with pytest.raises(NotFound):
            read(actor("cv"), log.id, query)


def test_a_query_of_events_that_breaks_a_rule_names_the_field(service: Service) -> None:
    """Numbers that no column holds too."""
    log = Log(service).open()
    for query, field in (({"since": 2**63}, "since"), ({"name": ""}, "name"), ({"limit": 0}, "limit")):
        with pytest.raises(InvalidRequest) as error:
            service.events.list(ANN, log.id, EventQuery(**query))
        assert error.value.details["field"] == field
