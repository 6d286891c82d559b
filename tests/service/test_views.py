"""Saved views, runs in groups, and the parts of scenarios: what the pages ask of the service."""

from math import inf

import pytest

from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun, RunQuery, Source
from mbox_ops.entities.search import RunGroup
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.errors import Conflict, Forbidden, InvalidRequest, NotFound
from mbox_ops.service import views
from mbox_ops.service.service import Service
from mbox_ops.wire.encodings import pack_floats
from tests.service.services import ANN, HandClock, actor, clock, database, postgres_tables, service, sqlite_template

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]

READER = actor(scopes=frozenset({"read"}))


def test_a_view_is_a_name_for_a_query(service: Service, clock: HandClock) -> None:
    """Whoever sees the namespace sees it; saving under the same name replaces it."""
    service.views.save(ANN, "worst", "sort=-metrics.loss")
    service.views.save(ANN, "best", "sort=metrics.loss")
    clock.forward(seconds=5)
    service.views.save(actor(), "worst", "sort=-metrics.loss.max")
    assert [(view.name, view.query, view.saved_by) for view in service.views.list(READER)] == [
        ("best", "sort=metrics.loss", "ann"), ("worst", "sort=-metrics.loss.max", "bob"),
    ]  # fmt: skip
    assert service.views.get(READER, "worst").saved_at > service.views.get(READER, "best").saved_at
    assert service.views.list(actor("other")) == []


def test_a_deleted_view_is_gone(service: Service) -> None:
    """Deleting it twice says so."""
    service.views.save(ANN, "mine", "")
    service.views.delete(ANN, "mine")
    for name in ("mine", "never", "\x00"):
        with pytest.raises(NotFound):
            service.views.delete(ANN, name)
        with pytest.raises(NotFound):
            service.views.get(ANN, name)
    with pytest.raises(NotFound):
        service.views.delete(actor("other"), "mine")


def test_reading_is_not_enough_to_change_views(service: Service) -> None:
    """It takes the scope to write."""
    with pytest.raises(Forbidden):
        service.views.save(READER, "mine", "")
    with pytest.raises(Forbidden):
        service.views.delete(READER, "mine")


@pytest.mark.parametrize("name", ["", "x" * (DEFAULT.name + 1), "a\x00b", "\ud800"])
def test_a_view_has_a_name_that_can_be_one(service: Service, name: str) -> None:
    """1 to 256 characters."""
    with pytest.raises(InvalidRequest, match="view name"):
        service.views.save(ANN, name, "")


def test_views_have_a_limit(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace is full at some time; what is there can still be replaced."""
    monkeypatch.setattr(views, "MOST", 2)
    service.views.save(ANN, "one", "")
    service.views.save(ANN, "two", "")
    with pytest.raises(Conflict, match="2 views"):
        service.views.save(ANN, "three", "")
    service.views.save(ANN, "two", "sort=name")


@pytest.fixture
def grouped(service: Service) -> Service:
    """Six runs: `kind` is a number, a text or not there; `loss` is their number, and NaN for the last."""
    for number, kind in enumerate([1, 1.0, "x", "x", "x", None]):
        service.batches.write(
            ANN,
            Batch(
                open=OpenRun(scenario="vision", name=f"run-{number}", collection="ab"[number % 2]),
                parameters={} if kind is None else {"kind": kind},
                metadata=[MetadataOp(op="merge", document={"data": {"rows": number // 3}})],
                points=[Block(names=["loss"], values=pack_floats([float("nan") if number == 5 else number]))],
            ),
        )
    return service


def groups(service: Service, by: str, metric: str | None = None, filter: str | None = None) -> list[RunGroup]:
    """The groups of the runs that meet a filter."""
    return list(service.runs.groups(ANN, RunQuery(filter=filter), by=by, metric=metric, limit=10))


def test_runs_with_the_same_value_are_a_group(grouped: Service) -> None:
    """The largest first; those without are one, too; NaN does not count in mean and best."""
    assert groups(grouped, "params.kind", "metrics.loss") == [
        RunGroup(value="x", runs=3, mean=3.0, min=2.0, max=4.0),
        RunGroup(value=1.0, runs=2, mean=0.5, min=0.0, max=1.0),
        RunGroup(value=None, runs=1),
    ]
    assert groups(grouped, "collection") == [RunGroup(value="a", runs=3), RunGroup(value="b", runs=3)]
    assert groups(grouped, "metadata.data.rows", "metrics.loss.count", "params.kind = 'x'") == [
        RunGroup(value=1.0, runs=2, mean=1.0, min=1.0, max=1.0),
        RunGroup(value=0.0, runs=1, mean=1.0, min=1.0, max=1.0),
    ]


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([1.7e308, 1.7e308], 1.7e308),
        ([1.7e308, -1.7e308], 0.0),
        ([1e200, -3e200], -1e200),
        ([inf, 1.0], inf),
        ([inf, -inf], None),
    ],
)
def test_groups_of_huge_numbers_have_a_mean(service: Service, values: list[float], mean: float | None) -> None:
    """Or infinity, where one is; nothing where both are. No sum overflows on the way."""
    for value in values:
        points = [Block(names=["loss"], values=pack_floats([value]))]
        service.batches.write(ANN, Batch(open=OpenRun(scenario="vision"), points=points))
    assert [group.mean for group in groups(service, "status", "metrics.loss")] == [mean]


def test_groups_are_of_one_scenario_where_it_is_asked_for(grouped: Service) -> None:
    """A scenario that is not there has none."""
    found = [
        grouped.runs.groups(ANN, RunQuery(scenario=name), by="status", metric=None, limit=10)
        for name in ("vision", "no")
    ]
    assert [[group.runs for group in some] for some in found] == [[6], []]
    assert grouped.runs.groups(actor("other"), RunQuery(), by="status", metric=None, limit=10) == []


def test_what_cannot_be_grouped_by_is_told(grouped: Service) -> None:
    """With the name of what is wrong."""
    with pytest.raises(InvalidRequest, match="group, at character 1"):
        groups(grouped, "staus")
    with pytest.raises(InvalidRequest, match="metric, at"):
        groups(grouped, "status", "los")
    with pytest.raises(InvalidRequest, match="limit is 0"):
        grouped.runs.groups(ANN, RunQuery(), by="status", metric=None, limit=0)


def test_the_parts_of_a_scenario_are_its_sources_and_their_collections(service: Service) -> None:
    """In the order of their names; deleted runs do not count, and neither do other scenarios."""
    gone = ""
    for name, kind, source, collection in [
        ("vision", "pipeline", "nightly", None), ("vision", "pipeline", "nightly", "sweep"),
        ("vision", "pipeline", "nightly", "sweep"), ("vision", "notebook", "look", None),
        ("vision", None, None, "sweep"), ("other", "pipeline", "nightly", None), ("vision", "pipeline", "weekly", None),
    ]:  # fmt: skip
        from_where = None if source is None else Source(kind=kind, name=source)
        opened = OpenRun(scenario=name, source=from_where, collection=collection)
        gone = service.batches.write(ANN, Batch(open=opened, state="FINISHED")).run_id
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=gone)))
    parts = service.scenarios.parts(READER, "vision")
    assert [(part.source, part.collection, part.is_default, part.runs) for part in parts] == [
        ("look", "look", True, 1), ("nightly", "nightly", True, 1), ("nightly", "sweep", False, 2),
        (None, "sweep", False, 1),
    ]  # fmt: skip
    listed = service.scenarios.list(READER).items
    assert [(one.name, one.runs, one.collections) for one in listed] == [("other", 1, 1), ("vision", 5, 3)]
    assert len(service.scenarios.parts(READER, "vision", limit=2)) == 2
    assert service.scenarios.parts(READER, "nothing") == service.scenarios.parts(actor("nowhere"), "vision") == []


def test_a_scenario_whose_runs_are_all_deleted_is_not_listed(service: Service) -> None:
    """And neither are its collections, until the deletion is undone."""
    service.batches.write(ANN, Batch(open=OpenRun(scenario="vision", collection="sweep"), state="FINISHED"))
    deletion = service.deletions.create(ANN, CreateDeletion(selector=Selector(scenarios=["vision"])))
    assert service.scenarios.list(ANN).items == []
    assert service.collections.list(ANN).items == []
    assert service.scenarios.parts(ANN, "vision") == []
    service.deletions.undo(ANN, deletion.id)
    assert [one.runs for one in service.scenarios.list(ANN).items] == [1]
    assert [one.runs for one in service.collections.list(ANN).items] == [1]
