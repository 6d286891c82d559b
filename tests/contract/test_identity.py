"""Who a run is: keys, claims, scenarios, collections, namespaces, experiments."""

import secrets
from collections.abc import Callable

import pytest

from mbox_ops.entities.experiments import CreateExperiment
from mbox_ops.errors import Conflict, InvalidRequest, NotFound
from tests.contract.conftest import DoorMaker
from tests.contract.doors import Door
from tests.contract.writing import Stream, pipeline

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]


def test_a_run_that_names_no_collection_is_in_its_source_s_default_one(door: Door, stream: StreamMaker) -> None:
    """One default collection a source and scenario, beside an explicit one of the same name."""
    stream().open(source=pipeline("abc"), scenario="s")
    stream().open(source=pipeline("abc"), scenario="s")
    stream().open(source=pipeline("abc"), scenario="s", collection="abc")
    shown = [(c.display_name, c.is_default, c.runs) for c in door.collections()]
    assert sorted(shown) == [("abc", False, 1), ("abc (Default)", True, 2)]


def test_the_scenario_falls_back_to_the_source(door: Door, stream: StreamMaker) -> None:
    """A run that is told nothing is found under its pipeline."""
    s = stream()
    s.open(source=pipeline("churn"))
    run = door.run(s.run_id or "")
    assert (run.scenario, run.pipeline, run.run_collection, run.name) == ("churn", "churn", "churn", run.id)
    assert run.run_collection_is_default


def test_an_implied_scenario_gives_way_to_the_first_explicit_one(door: Door, stream: StreamMaker) -> None:
    """One task that says the scenario moves the whole run, its collection by name with it."""
    first = stream(key="k")
    first.open(scenario="implied", scenario_explicit=False, collection="rc")
    teller = stream(key="k")
    teller.open(scenario="told")
    run = door.run(first.run_id or "")
    assert (run.scenario, run.run_collection) == ("told", "rc")
    later = stream(key="k")
    later.open(scenario="implied", scenario_explicit=False)
    assert door.run(first.run_id or "").scenario == "told"
    assert [s.name for s in door.scenarios()] == ["told"]


def test_two_explicit_claims_are_a_conflict(door: Door, stream: StreamMaker) -> None:
    """The first stands, the second is told so, and nothing changes."""
    told = {"scenario": "a", "collection": "rc", "external_id": "x", "scenario_version": "1", "execution": "e1"}
    first = stream(key="k")
    first.open(source=pipeline("p", "argument"), **told)
    before = door.run(first.run_id or "")
    for field, value in told.items():
        with pytest.raises(Conflict) as caught:
            stream(key="k").open(source=pipeline("p", "argument"), **{**told, field: f"{value}2"})
        assert value in str(caught.value)
    with pytest.raises(Conflict):
        stream(key="k").open(source=pipeline("q", "argument"))
    assert door.run(first.run_id or "") == before


def test_a_retry_alone_may_change_what_it_claimed(door: Door, stream: StreamMaker) -> None:
    """What the older attempt claimed is replaced before claims are compared."""
    s = stream(key="k")
    s.open(scenario="a")
    s.next_attempt().open(scenario="b")
    assert door.run(s.run_id or "").scenario == "b"


def test_a_better_known_source_replaces_a_guess(door: Door, stream: StreamMaker) -> None:
    """Argument beats orchestrator beats guess."""
    s = stream(key="k")
    for name, rank in [("script", "guess"), ("dag", "orchestrator"), ("said", "argument"), ("other", "guess")]:
        stream_ = stream(key="k")
        stream_.open(source=pipeline(name, rank))
        s.run_id = stream_.run_id
    assert door.run(s.run_id or "").pipeline == "said"


def test_a_run_may_change_collection_and_name_at_any_time(door: Door, stream: StreamMaker) -> None:
    """Before and after the end."""
    s = stream()
    s.open(collection="RC1", name="one")
    s.write(collection="RC2", name="two")
    s.write(state="FINISHED")
    s.write(collection="RC3", name="three")
    run = door.run(s.run_id or "")
    assert (run.run_collection, run.name, run.tags["runName"], run.status) == ("RC3", "three", "three", "FINISHED")
    assert [c.name for c in door.collections()] == ["RC3"]


def test_an_experiment_is_a_run_with_a_name_for_a_key(door: Door) -> None:
    """Creating it again finds it, also after a rename."""
    request = CreateExperiment(name="yolo-v4", owner="foo@bar.com", external_id="ext1", metadata={"a": {"b": 1}})
    first = door.create_experiment(request)
    again = door.create_experiment(CreateExperiment(name="yolo-v4"))
    assert (first.experiment_exists, again.experiment_exists) == (False, True)
    assert first.experiment_id == again.experiment_id
    run = door.run(first.experiment_id)
    assert (run.key, run.name, run.owner, run.external_id) == (
        "experiment:yolo-v4", "yolo-v4", "foo@bar.com", "ext1"
    )  # fmt: skip
    assert door.metadata(run.id) == {"a": {"b": 1}}
    assert [r.id for r in door.runs(experiments=True).items] == [run.id]
    assert [r.id for r in door.runs(external_id="ext1").items] == [run.id]


def test_runs_of_other_namespaces_are_not_in_lists(door_maker: DoorMaker, door: Door, stream: StreamMaker) -> None:
    """A list is confined to the request's namespace."""
    stream(key="k").open()
    elsewhere = door_maker(f"elsewhere-{secrets.token_hex(4)}")
    assert elsewhere.runs(key="k").items == []
    assert Stream(elsewhere, key="k").open().existed is False


def test_unknown_names_give_nothing_and_unknown_ids_are_not_found(door: Door) -> None:
    """A filter that matches nothing is not an error; an id that is not there is."""
    assert door.runs(scenario="nobody").items == []
    for ask in (door.run, door.metadata, door.metrics, door.history, door.events, door.artifacts):
        with pytest.raises(NotFound):
            ask("00000000-0000-7000-8000-000000000000")


def test_runs_are_found_by_every_part_of_their_hierarchy(door: Door, stream: StreamMaker) -> None:
    """All conditions must hold; `notebook` needs a scenario or a run."""
    s = stream()
    s.open(scenario="s", scenario_version="7", source=pipeline("p"), execution="e")
    s.write(tags={"k": "v", "l": "w"})
    run = door.run(s.run_id or "")
    stream().open(scenario="t", source=pipeline("q"))
    for query in (
        {"scenario": "s"}, {"scenario": run.scenario_id}, {"scenario_version": "7"}, {"pipeline": "p"},
        {"execution": "e"}, {"run_id": run.id}, {"tags": {"k": "v"}}, {"tags": {"k": "v", "l": "w"}, "pipeline": "p"},
    ):  # fmt: skip
        assert [r.id for r in door.runs(**query).items] == [run.id], query
    assert door.runs(scenario="s", pipeline="q").items == []
    assert door.runs(tags={"k": "w"}).items == []
    with pytest.raises(InvalidRequest):
        door.runs(notebook="n")


def test_pages_go_through_all_runs_once(door: Door, stream: StreamMaker) -> None:
    """Newest first, each run on one page."""
    ids = [stream().open(started_at=1_000_000 + i // 2).run_id for i in range(7)]
    seen, cursor = [], None
    while True:
        page = door.runs(limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [r.id for r in page.items]
        if (cursor := page.next) is None:
            break
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 7
