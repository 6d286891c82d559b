"""Runs are found by filters, in any order, page by page, and the same ones at every door."""

from collections.abc import Callable

import pytest

from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.errors import InvalidRequest
from tests.contract.conftest import DoorMaker
from tests.contract.doors import Door, HttpDoor
from tests.contract.writing import Stream, block
from tests.search.examples import examples, records
from tests.service.records import batch_of

StreamMaker = Callable[..., Stream]
NAMESPACE = "examples"


@pytest.fixture(scope="module")
def reference(door_maker: DoorMaker) -> Door:
    """The door to a namespace with the runs of the reference."""
    door = door_maker(NAMESPACE)
    for record in records():
        door.write(batch_of(record))
    return door


def names(page: Page[Run]) -> list[str]:
    """The names of the runs on a page."""
    return [run.name for run in page.items]


def test_every_filter_of_the_reference_finds_what_the_reference_says(reference: Door) -> None:
    """In the runs that it shows; what `now()` means is told elsewhere."""
    for example in examples("filter"):
        if "now()" not in example.text:
            found = names(reference.runs(filter=example.text, sort="created_at"))
            assert sorted(found) == sorted(example.names), example.text


def test_every_order_of_the_reference_is_as_the_reference_says(reference: Door) -> None:
    """On pages of two."""
    for example in examples("sort"):
        found, cursor = list[str](), None
        while cursor or not found:
            page = reference.runs(sort=example.text, limit=2, **({"cursor": cursor} if cursor else {}))
            found, cursor = found + names(page), page.next
        assert found == example.names, example.text


def test_a_query_may_come_in_a_body(reference: Door) -> None:
    """`POST /runs/search` answers what `GET /runs` does, to filters that no address could hold."""
    many = ", ".join(f"'{number:0>12}'" for number in range(900))
    query = RunQuery(filter=f"tags.team IN ({many}, 'nlp')", total=True)
    if isinstance(reference, HttpDoor):
        page = reference.api.call("POST", "/runs/search", body=query, result=Page[Run])
    else:
        page = reference.runs(filter=query.filter, total=True)
    assert (names(page), page.total) == (["bert-a"], 1)


def test_a_filter_and_all_other_conditions_hold_together(reference: Door) -> None:
    """A scenario, a pipeline, a status, tags and a filter."""
    assert names(reference.runs(scenario="vision", filter="params.lr > 0.2")) == ["resnet-b"]
    assert names(reference.runs(scenario="language", filter="params.lr > 0.2")) == []
    assert names(reference.runs(pipeline="train", status="FINISHED", filter="EXISTS params.lr")) == ["resnet-a"]
    assert names(reference.runs(tags={"team": "vision"}, filter="status = 'FAILED'")) == ["resnet-b"]
    assert names(reference.runs(collection="imdb", sort="params.lr")) == ["bert-b", "bert-a"]


def test_the_total_is_counted_only_when_it_is_asked_for(reference: Door) -> None:
    """Of all pages, whatever the limit."""
    assert reference.runs(filter="status = 'FINISHED'", limit=1).total is None
    assert reference.runs(filter="status = 'FINISHED'", limit=1, total=True).total == 2
    assert reference.runs(total=True).total == 5
    assert reference.runs(filter="params.unknown = 1", total=True).total == 0


def test_a_wrong_filter_is_answered_with_the_place(reference: Door) -> None:
    """At every door, with the field that holds it."""
    for given, field in (({"filter": "params.lr >"}, "filter"), ({"sort": "nonsense"}, "sort")):
        with pytest.raises(InvalidRequest) as caught:
            reference.runs(**given)
        assert caught.value.details["field"] == field
        assert "position" in caught.value.details


def test_a_cursor_goes_on_with_its_own_query_only(reference: Door) -> None:
    """Another filter or another order would lose runs without a word."""
    cursor = reference.runs(filter="EXISTS params.lr", sort="params.lr", limit=1).next
    for other in ({"sort": "params.lr"}, {"filter": "EXISTS params.lr", "sort": "-params.lr"}):
        with pytest.raises(InvalidRequest) as caught:
            reference.runs(cursor=cursor, limit=1, **other)
        assert caught.value.details["field"] == "cursor"


def test_points_count_as_soon_as_they_are_acknowledged(door: Door, stream: StreamMaker) -> None:
    """A filter and an order by a metric see what was just written."""
    logged = {}
    for value in (3.0, 1.0, 2.0):
        s = stream()
        s.open()
        s.write(points=[block({"loss": [9.0, value]}, steps=[1, 2])])
        logged[s.run_id] = value
    found = [logged[run.id] for run in door.runs(filter="metrics.loss < 2.5", sort="metrics.loss").items]
    assert found == [1.0, 2.0]
