"""What a run is shown as when several claim it: ranks, first and last, conflicts that change nothing."""

from typing import Any

import pytest

from mbox_ops.entities.experiments import CreateExperiment
from mbox_ops.entities.runs import MLFramework, OpenRun, Source
from mbox_ops.entities.writers import Writer
from mbox_ops.errors import Conflict
from mbox_ops.service.service import Service
from tests.service.services import (
    ANN,
    NOON,
    Log,
    clock,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def joined(service: Service, origin: str = "", *, epoch: int = NOON // 1000, **given: Any) -> Log:
    """A writer that has opened the key `k`."""
    return Log(service, origin=origin or None, epoch=epoch).open(key="k", **given)


def source(name: str, rank: Any, kind: Any = "pipeline") -> Source:
    """A pipeline or notebook as a source."""
    return Source(kind=kind, name=name, rank=rank)


def test_a_higher_rank_replaces_a_lower_one_and_takes_scenario_and_collection_along(service: Service) -> None:
    """They are named as the source as long as nobody names them."""
    log = joined(service, source=source("script", "guess", "notebook"))
    run = service.runs.get(ANN, log.id)
    assert (run.notebook, run.pipeline, run.scenario, run.run_collection) == ("script", None, "script", "script")
    joined(service, source=source("dag", "orchestrator"))
    run = service.runs.get(ANN, log.id)
    assert (run.notebook, run.pipeline, run.scenario, run.run_collection) == (None, "dag", "dag", "dag")
    assert run.run_collection_is_default
    joined(service, scenario="implied", scenario_explicit=False)
    joined(service, scenario="told")
    joined(service, scenario="later", scenario_explicit=False, source=source("other", "orchestrator"))
    run = service.runs.get(ANN, log.id)
    assert (run.pipeline, run.scenario, run.run_collection) == ("dag", "told", "dag")


def test_an_explicit_claim_stands_against_another_until_its_attempt_is_replaced(service: Service) -> None:
    """Then the next claim is the first."""
    joined(service, "one", scenario="a")
    with pytest.raises(Conflict, match=r"scenario is 'a' already, so it cannot be 'b'"):
        joined(service, "two", scenario="b")
    joined(service, "three", scenario="a")
    joined(service, "one", epoch=NOON // 1000 + 1)
    with pytest.raises(Conflict):
        joined(service, "two", scenario="b")
    joined(service, "three", epoch=NOON // 1000 + 1)
    log = joined(service, "two", scenario="b")
    assert service.runs.get(ANN, log.id).scenario == "b"


def test_a_retry_alone_may_change_its_own_claim(service: Service) -> None:
    """Not the same attempt, and not what another origin claims too."""
    log = joined(service, "task", scenario="a", collection="rc")
    with pytest.raises(Conflict):
        log.write(open=OpenRun(scenario="b"))
    joined(service, "task", epoch=NOON // 1000 + 1, scenario="b", collection="other")
    run = service.runs.get(ANN, log.id)
    assert (run.scenario, run.run_collection) == ("b", "other")
    joined(service, "else", collection="other")
    with pytest.raises(Conflict):
        joined(service, "task", epoch=NOON // 1000 + 2, collection="third")
    assert service.runs.get(ANN, log.id).run_collection == "other"


def test_a_refused_retry_replaces_nothing(service: Service) -> None:
    """The conflict is found before anything is taken out, and the older attempt goes on."""
    old = joined(service, "task")
    old.points("loss", 1.0)
    joined(service, "else", scenario="a")
    with pytest.raises(Conflict):
        joined(service, "task", epoch=NOON // 1000 + 1, scenario="b")
    old.points("loss", 2.0)
    assert service.runs.get(ANN, old.id).metrics["loss"].count == 2


def test_a_move_wins_over_claims_and_the_last_move_over_others(service: Service) -> None:
    """It follows the run into another scenario, and falls with who moved it."""
    log = joined(service, collection="claimed")
    mover = joined(service, "mover")
    mover.write(collection="moved")
    run = service.runs.get(ANN, log.id)
    assert (run.run_collection, run.run_collection_is_default) == ("moved", False)
    joined(service, scenario="told")
    run = service.runs.get(ANN, log.id)
    assert (run.scenario, run.run_collection) == ("told", "moved")
    log.write(collection="again")
    mover.write(collection="moved")
    assert service.runs.get(ANN, log.id).run_collection == "moved"
    joined(service, "mover", epoch=NOON // 1000 + 1)
    assert service.runs.get(ANN, log.id).run_collection == "again"


def test_the_name_it_was_opened_with_gives_way_to_a_rename(service: Service) -> None:
    """Also when the run is opened again; of two openings the first one's name stays."""
    log = joined(service, name="first")
    joined(service, name="second")
    assert service.runs.get(ANN, log.id).name == "first"
    log.write(name="renamed")
    joined(service, name="third")
    assert service.runs.get(ANN, log.id).name == "renamed"


def test_a_source_whose_name_no_scenario_can_have_still_gives_one(service: Service) -> None:
    """Commas part scenarios in lists."""
    log = joined(service, source=source(" a, b ", "orchestrator"))
    run = service.runs.get(ANN, log.id)
    assert (run.pipeline, run.scenario, run.run_collection) == (" a, b ", "a; b", " a, b ")
    bare = Log(service).open()
    run = service.runs.get(ANN, bare.id)
    assert (run.scenario, run.run_collection, run.run_collection_is_default) == ("default", "default", True)


def test_what_describes_a_run_never_conflicts(service: Service) -> None:
    """Owner, framework and task: the first one stays."""
    log = joined(service, owner="ann", framework=MLFramework.PYTORCH, task="detection")
    joined(service, owner="bob", framework=MLFramework.JAX, task="other")
    run = service.runs.get(ANN, log.id)
    assert (run.owner, run.framework, run.task) == ("ann", MLFramework.PYTORCH, "detection")


def test_an_experiment_created_by_a_writer_is_created_once(service: Service) -> None:
    """A resend answers as the first time; another external id is a conflict."""
    writer = Writer(origin="o", epoch=NOON // 1000, producer="0" * 32, seq=1)
    request = CreateExperiment(name="e", external_id="x", metadata={"a": 1})
    first = service.experiments.create(ANN, request, writer)
    again = service.experiments.create(ANN, request, writer)
    assert (first, first.experiment_exists) == (again, False)
    assert service.experiments.create(ANN, CreateExperiment(name="e", metadata={"b": 2})).experiment_exists
    assert service.metadata.get(ANN, first.experiment_id) == {"a": 1, "b": 2}
    with pytest.raises(Conflict):
        service.experiments.create(ANN, CreateExperiment(name="e", external_id="y"))
