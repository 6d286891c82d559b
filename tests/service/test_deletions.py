"""Deleting runs: what a selector takes, what is counted, and what vanishes."""

from datetime import timedelta
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.deletions import Counts, CreateDeletion, Deletion, Selector
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.runs import RunQuery
from mbox_ops.errors import Conflict, Forbidden, InvalidRequest, NotFound, RunDeleted
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
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

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def delete(service: Service, *, by: Any = ANN, **given: Any) -> Deletion:
    """Delete what a selector takes; what is not a selector's is the request's."""
    request = {name: given.pop(name) for name in ("dry_run", "force", "purge", "key") if name in given}
    return service.deletions.create(by, CreateDeletion(selector=Selector(**given), **request))


def left(service: Service) -> list[str]:
    """The names of the live runs."""
    return sorted(run.name for run in service.runs.list(ANN, RunQuery()).items)


def ended(service: Service, name: str, **given: Any) -> Log:
    """A finished run."""
    return Log(service).open(name=name, state="FINISHED", **given)


def test_a_selector_that_breaks_a_rule_names_the_field(service: Service) -> None:
    """And deletes nothing, not even in a preview."""
    ended(service, "a", scenario="a", notebook="nb")
    expected: list[tuple[dict[str, Any], str]] = [
        ({}, "selector"),
        ({"notebook": "nb"}, "selector.notebook"),
        ({"notebook": "nb", "pipeline": "p"}, "selector.notebook"),
        ({"scenarios": ["a", "b"], "pipeline": "p"}, "selector.scenarios"),
        ({"scenarios": ["a", "b"], "run_id": "r"}, "selector.scenarios"),
        ({"scenarios": ["a,b"]}, "selector.scenarios"),
        ({"scenarios": [" a"]}, "selector.scenarios"),
        ({"scenarios": [""]}, "selector.scenarios"),
        ({"scenarios": ["a\x00"]}, "selector.scenarios"),
        ({"pipeline": ""}, "selector.pipeline"),
        ({"execution": "\ud800"}, "selector.execution"),
        ({"run_id": "x" * 3000}, "selector.run_id"),
        ({"scenarios": ["a"], "key": ""}, "key"),
    ]
    for selector, field in expected:
        for dry_run in (True, False):
            with pytest.raises(InvalidRequest) as error:
                delete(service, dry_run=dry_run, **selector)
            assert error.value.details["field"] == field, selector
    assert left(service) == ["a"]
    assert service.deletions.list(ANN, limit=1, cursor=None).items == []


def test_every_selector_takes_the_runs_that_meet_all_of_it(service: Service) -> None:
    """One field at a time, two together; names that are not there take nothing."""
    both = {"scenario": "churn", "scenario_version": "1", "pipeline": "train", "execution": "e1"}
    one = ended(service, "one", **both)
    ended(service, "two", **{**both, "execution": "e2", "scenario_version": "2"})
    ended(service, "nb", scenario="churn", notebook="train")
    ended(service, "other", scenario="fraud", notebook="train")
    churn = service.scenarios.get(ANN, "churn").id
    expected: list[tuple[dict[str, Any], int]] = [
        ({"scenarios": ["churn"]}, 3),
        ({"scenarios": [churn]}, 3),
        ({"scenarios": [churn, "churn"]}, 3),
        ({"scenarios": ["churn", "fraud"]}, 4),
        ({"scenarios": []}, 0),
        ({"scenarios": ["nobody"]}, 0),
        ({"scenario_version": "1"}, 1),
        ({"pipeline": "train"}, 2),
        ({"pipeline": "nobody"}, 0),
        ({"execution": "e1"}, 1),
        ({"execution": "e1", "scenario_version": "2"}, 0),
        ({"scenarios": ["churn"], "notebook": "train"}, 1),
        ({"scenarios": ["churn", "churn"], "notebook": "train"}, 1),
        ({"run_id": one.id}, 1),
        ({"run_id": one.id, "notebook": "train"}, 0),
        ({"run_id": one.id, "scenarios": ["fraud"]}, 0),
    ]
    counts = [(selector, delete(service, dry_run=True, **selector).counts.runs) for selector, _ in expected]
    assert counts == expected
    assert delete(service, scenarios=["churn"], notebook="train").counts.runs == 1
    assert left(service) == ["one", "other", "two"]


def test_an_id_of_a_scenario_beats_a_name(service: Service) -> None:
    """The scenario that is named as another's id stays."""
    ended(service, "a", scenario="churn")
    churn = service.scenarios.get(ANN, "churn").id
    ended(service, "b", scenario=churn)
    delete(service, scenarios=[churn])
    assert left(service) == ["b"]


def test_a_preview_is_what_the_deletion_then_does(service: Service) -> None:
    """Counts per scenario from what is shown now: a replaced attempt's data count no more."""
    log = Log(service, origin="task").open(name="a", scenario="churn", key="k")
    log.points("loss", 1.0, 2.0, 3.0)
    log.write(events=[EventRecord(name="e", source="s")], artifacts=[ArtifactRecord(path="a", uri="s3://b/a")])
    service.runs.get(ANN, log.id)
    again = Log(service, origin="task", epoch=log.epoch + 1).open(name="a", scenario="churn", key="k")
    again.points("loss", 1.0, 2.0)
    service.runs.get(ANN, log.id)
    again.points("loss", 3.0)
    again.write(events=[EventRecord(name="e", source="s")] * 2, state="FINISHED")
    ended(service, "b", scenario="churn").points("acc", 1.0)
    other = ended(service, "c", scenario="fraud")
    other.write(artifacts=[ArtifactRecord(path="a", uri="s3://b/a", size=10)])
    preview = delete(service, scenarios=["fraud", "nobody", "churn"], dry_run=True)
    assert left(service) == ["a", "b", "c"]
    done = delete(service, scenarios=["fraud", "nobody", "churn"])
    assert done == Deletion(
        id=done.id,
        state="TOMBSTONED",
        namespace="default",
        selector=Selector(scenarios=["fraud", "nobody", "churn"]),
        counts=Counts(runs=3, points=4, events=2, artifacts=1),
        by_scenario={"churn": Counts(runs=2, points=4, events=2), "fraud": Counts(runs=1, artifacts=1)},
        scenarios_not_found=["nobody"],
        running=[],
        protected=0,
        created_at=preview.created_at,
        purge_after=preview.created_at + timedelta(days=7),
        created_by="ann",
    )
    assert (preview.id, preview.state) == ("", "PREVIEW")
    told = ("counts", "by_scenario", "scenarios_not_found", "running", "protected", "created_at", "purge_after")
    assert [getattr(preview, name) for name in told] == [getattr(done, name) for name in told]
    assert delete(service, scenarios=["churn"], dry_run=True).scenarios_not_found == ["churn"]


def test_what_is_deleted_vanishes_from_every_reading(service: Service) -> None:
    """And from the lists of scenarios and collections."""
    log = ended(service, "a", scenario="churn", pipeline="train")
    ended(service, "b", scenario="fraud", pipeline="train")
    done = delete(service, run_id=log.id)
    for read in (service.runs.get, service.metrics.list, service.metadata.get):
        with pytest.raises(NotFound):
            read(ANN, log.id)
    assert left(service) == ["b"]
    assert [scenario.name for scenario in service.scenarios.list(ANN, limit=9, cursor=None).items] == ["fraud"]
    assert [found.scenario for found in service.collections.list(ANN, limit=9, cursor=None).items] == ["fraud"]
    with pytest.raises(NotFound):
        delete(service, run_id=log.id)
    assert service.deletions.get(ANN, done.id) == done


def test_a_writer_to_a_deleted_run_is_told_so(service: Service) -> None:
    """Nothing brings the run back: no late batch, no spooled opening by the same key."""
    log = Log(service).open(key="k", name="a")
    delete(service, run_id=log.id, force=True)
    with pytest.raises(RunDeleted):
        log.points("loss", 1.0)
    with pytest.raises(RunDeleted):
        Log(service, epoch=log.epoch).open(key="k")
    assert left(service) == []


def test_a_run_that_counts_as_alive_goes_only_by_force(service: Service, clock: HandClock) -> None:
    """Running with a lease; running without one for a week after its last write; lost for a day."""
    held = Log(service).open(name="held", scenario="s", lease=True)
    free = Log(service).open(name="free", scenario="s")
    lost = Log(service).open(name="lost", scenario="s", lease=True)
    ended(service, "over", scenario="s")
    clock.forward(seconds=20)
    held.write(lease=True)
    clock.forward(seconds=20)
    service.runs.expire_leases()

    def alive() -> list[str]:
        return delete(service, scenarios=["s"], dry_run=True).running

    assert alive() == [held.id, free.id, lost.id]
    with pytest.raises(Conflict) as error:
        delete(service, scenarios=["s"])
    assert error.value.details["running"] == [held.id, free.id, lost.id]
    assert error.value.details["count"] == 3
    with pytest.raises(Conflict, match=free.id):
        delete(service, run_id=free.id)
    assert left(service) == ["free", "held", "lost", "over"]
    clock.forward(days=1)
    held.write(lease=True)
    assert alive() == [held.id, free.id]
    clock.forward(days=6)
    held.write(lease=True)
    assert alive() == [held.id]
    held.write(state="FINISHED")
    assert alive() == []
    assert delete(service, scenarios=["s"]).counts.runs == 4


def test_a_finished_run_is_deleted_without_ado(service: Service) -> None:
    """Just as one that failed or was killed."""
    for state in ("FINISHED", "FAILED", "KILLED"):
        log = Log(service).open(lease=True)
        log.write(state=state)
        assert delete(service, run_id=log.id).counts.runs == 1
    forced = delete(service, run_id=Log(service).open(lease=True).id, force=True)
    assert (forced.counts.runs, len(forced.running)) == (1, 1)


def test_a_protected_run_goes_only_when_it_or_its_scenario_is_named(service: Service) -> None:
    """A deletion by pipeline leaves it, and says how many it left."""
    kept = ended(service, "kept", scenario="s", pipeline="p")
    kept.write(tags={"mbox.keep": "true"})
    ended(service, "b", scenario="s", pipeline="p").write(tags={"mbox.keep": "false"})
    done = delete(service, pipeline="p")
    assert (done.counts.runs, done.protected, left(service)) == (1, 1, ["kept"])
    preview = delete(service, scenarios=["s"], dry_run=True)
    assert (preview.counts.runs, preview.protected) == (1, 1)
    assert delete(service, run_id=kept.id).protected == 1
    assert left(service) == []


def test_deleting_stays_in_the_namespace(service: Service) -> None:
    """A run of another one is not found, even by a token that opens it."""
    here = Log(service, actor("cv")).open(name="a", scenario="s", state="FINISHED")
    done = delete(service, by=actor("nlp"), scenarios=["s"])
    assert (done.counts.runs, done.scenarios_not_found) == (0, ["s"])
    for dry_run in (True, False):
        with pytest.raises(NotFound):
            delete(service, by=actor("nlp"), run_id=here.id, dry_run=dry_run)
    assert delete(service, by=actor("never-used"), scenarios=["s"], dry_run=True).counts == Counts()
    mine = delete(service, by=actor("cv", opens={"cv"}), scenarios=["s"])
    assert mine.counts.runs == 1
    assert service.deletions.get(actor("nlp"), mine.id) == mine
    with pytest.raises(NotFound):
        service.deletions.get(actor("nlp", opens={"nlp"}), mine.id)
    assert [found.id for found in service.deletions.list(actor("nlp"), limit=9, cursor=None).items] == [done.id]


def test_deleting_needs_the_scope_delete(service: Service) -> None:
    """Even a preview."""
    for dry_run in (True, False):
        with pytest.raises(Forbidden):
            delete(service, by=actor(scopes=frozenset({"read", "write"})), scenarios=["s"], dry_run=dry_run)


def test_deletions_are_listed_newest_first(service: Service) -> None:
    """Page by page."""
    ids = [delete(service, scenarios=[name]).id for name in ("a", "b", "c")]
    first = service.deletions.list(ANN, limit=2, cursor=None)
    rest = service.deletions.list(ANN, limit=2, cursor=first.next)
    assert [found.id for found in first.items + rest.items] == ids[::-1]
    assert rest.next is None


def test_a_repeated_request_with_a_key_deletes_once(service: Service) -> None:
    """It is answered with the deletion of the first time; another wish under that key is a conflict."""
    log = ended(service, "a", scenario="s")
    done = delete(service, run_id=log.id, key="mine")
    ended(service, "b", scenario="s")
    assert delete(service, run_id=log.id, key="mine") == done
    with pytest.raises(Conflict, match=done.id):
        delete(service, scenarios=["s"], key="mine")
    assert left(service) == ["b"]


def test_deleting_costs_the_same_statements_however_much_it_takes(service: Service, database: Database) -> None:
    """Neither runs nor points are gone through one by one."""
    counts = []
    for size in (1, 8):
        for index in range(size):
            log = Log(service).open(name=f"r{index}", scenario=f"s{size}")
            for _ in range(size):
                log.points("loss", *([1.0] * size))
            log.write(state="FINISHED")
        with counted(database) as statements:
            assert delete(service, scenarios=[f"s{size}"]).counts.points == size**3
        counts.append(len(statements))
    assert counts[0] == counts[1]
