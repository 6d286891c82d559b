"""Retention: what rules let go, and what stays whatever they say."""

from typing import Any

import pytest

from mbox_ops.entities.audit import AuditQuery
from mbox_ops.entities.cleanup import KeepBest, Rules
from mbox_ops.entities.deletions import Counts, CreateCleanup, CreateDeletion, Deletion, Expected, Selector
from mbox_ops.entities.runs import RunQuery
from mbox_ops.errors import Conflict, Forbidden, InvalidRequest, StaleRequest
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


def clean(service: Service, *, by: Any = ANN, **given: Any) -> Deletion:
    """Clean up by rules; what is no rule is the request's."""
    request = {name: given.pop(name) for name in ("dry_run", "max_runs", "expected", "key", "purge") if name in given}
    return service.deletions.clean_up(by, CreateCleanup(rules=Rules(**given), **request))


def left(service: Service) -> list[str]:
    """The names of the live runs."""
    return sorted(run.name for run in service.runs.list(ANN, RunQuery()).items)


def ended(service: Service, name: str, *, loss: float | None = None, state: str = "FINISHED", **given: Any) -> Log:
    """A run that has ended, in the scenario `s` unless told otherwise."""
    log = Log(service).open(name=name, **{"scenario": "s", **given})
    if loss is not None:
        log.points("loss", 9.0, loss)
    log.write(state=state)
    return log


def test_a_cleanup_is_a_dry_run_unless_it_says_otherwise(service: Service, clock: HandClock) -> None:
    """The preview is what then happens, per scenario, with the reasons why runs stay."""
    ended(service, "old", loss=1.0)
    ended(service, "other", scenario="t")
    clock.forward(days=31)
    ended(service, "new")
    preview = clean(service, older_than_seconds=30 * 86_400)
    assert left(service) == ["new", "old", "other"]
    assert (preview.state, preview.id) == ("PREVIEW", "")
    assert preview.counts == Counts(runs=2, points=2)
    assert preview.by_scenario == {"s": Counts(runs=1, points=2), "t": Counts(runs=1)}
    assert preview.kept == {"s": {"young": 1}}
    done = clean(service, older_than_seconds=30 * 86_400, dry_run=False)
    assert left(service) == ["new"]
    assert (done.state, done.selector) == ("TOMBSTONED", Selector())
    told = ("counts", "by_scenario", "kept", "rules", "protected", "running", "scenarios_not_found", "purge_after")
    assert [getattr(done, name) for name in told] == [getattr(preview, name) for name in told]
    assert service.deletions.get(ANN, done.id) == done
    assert service.deletions.undo(ANN, done.id).state == "UNDONE"
    assert left(service) == ["new", "old", "other"]


def test_an_age_is_counted_from_the_last_write(service: Service, clock: HandClock) -> None:
    """By the server's clock: what the run says of its start does not count."""
    log = ended(service, "written", started_at=1)
    ended(service, "quiet")
    clock.forward(days=10)
    log.write(tags={"a": "b"})
    assert clean(service, older_than_seconds=86_400, dry_run=False).counts.runs == 1
    assert left(service) == ["written"]
    clock.forward(days=1)
    assert clean(service, older_than_seconds=86_400).counts.runs == 1


def test_the_last_runs_of_each_collection_stay(service: Service, clock: HandClock) -> None:
    """Those that were made last, collection by collection."""
    for collection in ("a", "b"):
        for index in range(3):
            ended(service, f"{collection}{index}", collection=collection)
            clock.forward(seconds=1)
    done = clean(service, keep_last=1, dry_run=False)
    assert (done.counts.runs, done.kept) == (4, {"s": {"last": 2}})
    assert left(service) == ["a2", "b2"]
    assert clean(service, keep_last=0, collections=["a", "nobody"], dry_run=False).counts.runs == 1
    assert left(service) == ["b2"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"direction": "min", "runs": 1}, ["best"]),
        ({"direction": "min", "runs": 2}, ["best", "good"]),
        ({"direction": "max", "runs": 1}, ["bad"]),
        ({"direction": "max", "runs": 9}, ["bad", "best", "good"]),
        ({"direction": "max", "runs": 1, "statistic": "count"}, ["nan"]),
    ],
)
def test_the_best_runs_of_each_collection_stay(service: Service, given: dict[str, Any], kept: list[str]) -> None:
    """By a statistic of a metric, the newest points included; runs without it, or with NaN, are never among them."""
    for name, loss in (("good", 0.2), ("best", 0.1), ("bad", 0.9)):
        ended(service, name, loss=loss)
    ended(service, "nan", loss=float("nan")).points("loss", float("nan"))
    ended(service, "none")
    clean(service, keep_best=KeepBest(metric="loss", **given), dry_run=False)
    assert left(service) == kept


def test_a_metric_that_nobody_has_lets_nothing_go(service: Service) -> None:
    """A misspelt name keeps all runs, collection by collection."""
    ended(service, "a", loss=1.0, collection="a")
    ended(service, "b", collection="b")
    kept = clean(service, keep_best=KeepBest(metric="los", direction="min", runs=1)).kept
    assert kept == {"s": {"unranked": 2}}
    done = clean(service, keep_best=KeepBest(metric="loss", direction="min", runs=1))
    assert (done.counts.runs, done.kept) == (0, {"s": {"best": 1, "unranked": 1}})


def test_what_is_kept_for_any_reason_stays(service: Service, clock: HandClock) -> None:
    """Young, or among the last, or among the best; status, scenario and filter say whom the rules speak of."""
    for name, loss in (("best", 0.1), ("bad", 0.9), ("last", 0.5)):
        ended(service, name, loss=loss)
    ended(service, "failed", state="FAILED")
    ended(service, "elsewhere", scenario="t")
    clock.forward(days=2)
    ended(service, "young", loss=0.7)
    rules = {
        "scenarios": ["s", "nobody"], "status": ["FINISHED"], "older_than_seconds": 86_400, "keep_last": 2,
        "keep_best": KeepBest(metric="loss", direction="min", runs=1),
    }  # fmt: skip
    preview = clean(service, **rules)
    assert preview.scenarios_not_found == ["nobody"]
    assert preview.kept == {"s": {"young": 1, "last": 1, "best": 1}}
    clean(service, **rules, dry_run=False)
    assert left(service) == ["best", "elsewhere", "failed", "last", "young"]
    assert clean(service, filter="metrics.loss.min < 0.2 OR name = 'failed'", dry_run=False).counts.runs == 2
    assert left(service) == ["elsewhere", "last", "young"]
    assert clean(service, scenarios=[], keep_last=0, dry_run=False).counts == Counts()


def test_protected_and_living_runs_stay(service: Service, clock: HandClock) -> None:
    """Also when the rules name their scenario; they are counted among the last."""
    ended(service, "kept").write(tags={"mbox.keep": "true"})
    Log(service).open(name="held", scenario="s", lease=True)
    Log(service).open(name="free", scenario="s")
    ended(service, "over")
    done = clean(service, scenarios=["s"], keep_last=0, dry_run=False)
    assert (done.counts.runs, done.kept, done.protected) == (1, {"s": {"alive": 2, "protected": 1}}, 1)
    assert left(service) == ["free", "held", "kept"]
    clock.forward(days=8)
    assert clean(service, keep_last=0, dry_run=False).counts.runs == 1
    assert left(service) == ["held", "kept"]


def test_a_filter_spares_protected_runs_and_refuses_living_ones(service: Service) -> None:
    """In a deletion by selector, with the scenario named or not."""
    ended(service, "kept").write(tags={"mbox.keep": "true"}, parameters={"lr": 0.1})
    ended(service, "b").write(parameters={"lr": 0.1})
    ended(service, "c").write(parameters={"lr": 0.2})
    alive = Log(service).open(name="alive", scenario="s")
    alive.write(parameters={"lr": 0.1})
    for named in ({}, {"scenarios": ["s"]}):
        selector = Selector(filter="params.lr < 0.15", **named)
        preview = service.deletions.create(ANN, CreateDeletion(selector=selector, dry_run=True))
        assert (preview.counts.runs, preview.running, preview.protected) == (2, [alive.id], 1)
        with pytest.raises(Conflict, match=alive.id):
            service.deletions.create(ANN, CreateDeletion(selector=selector))
    alive.write(state="FINISHED")
    assert service.deletions.create(ANN, CreateDeletion(selector=selector)).counts.runs == 2
    assert left(service) == ["c", "kept"]
    with pytest.raises(InvalidRequest) as refused:
        service.deletions.create(ANN, CreateDeletion(selector=Selector(filter="params.lr <"), dry_run=True))
    assert refused.value.details["field"] == "selector.filter"


def test_rules_that_break_a_rule_name_the_field(service: Service) -> None:
    """Above all those that would let every run go."""
    ended(service, "a")
    best = {"metric": "m", "direction": "min", "runs": 1}
    expected: list[tuple[dict[str, Any], str]] = [
        ({}, "rules"),
        ({"scenarios": ["s"]}, "rules"),
        ({"keep_last": -1}, "rules.keep_last"),
        ({"older_than_seconds": -1}, "rules.older_than_seconds"),
        ({"older_than_seconds": 2**63}, "rules.older_than_seconds"),
        ({"status": []}, "rules.status"),
        ({"keep_last": 1, "scenarios": ["a,b"]}, "rules.scenarios"),
        ({"keep_last": 1, "collections": [""]}, "rules.collections"),
        ({"filter": "nonsense ="}, "rules.filter"),
        ({"keep_best": KeepBest(**{**best, "runs": 0})}, "rules.keep_best.runs"),
        ({"keep_best": KeepBest(**{**best, "metric": ""})}, "metric name"),
        ({"keep_last": 1, "max_runs": -1}, "max_runs"),
        ({"keep_last": 1, "key": ""}, "key"),
    ]
    for given, field in expected:
        for dry_run in (True, False):
            with pytest.raises(InvalidRequest) as error:
                clean(service, dry_run=dry_run, **given)
            assert error.value.details["field"] == field, given
    with pytest.raises(Forbidden):
        clean(service, by=actor(scopes=frozenset({"read", "write"})), keep_last=0)
    assert left(service) == ["a"]


def test_a_cleanup_is_capped_expected_and_repeated_like_a_deletion(service: Service) -> None:
    """A rule that lets too much go does nothing at all."""
    for name in ("a", "b"):
        ended(service, name)
    with pytest.raises(Conflict, match="max_runs is 1"):
        clean(service, keep_last=0, max_runs=1, dry_run=False)
    with pytest.raises(StaleRequest):
        clean(service, keep_last=0, expected=Expected(runs=1), dry_run=False)
    assert left(service) == ["a", "b"]
    done = clean(service, keep_last=1, key="daily", dry_run=False)
    assert clean(service, keep_last=1, key="daily", dry_run=False) == done
    with pytest.raises(Conflict, match="daily"):
        clean(service, keep_last=0, key="daily", dry_run=False)
    assert left(service) == ["b"]
    assert [entry.action for entry in service.deletions.audit(ANN, done.id, AuditQuery()).items] == ["created"]


def test_a_cleanup_stays_in_its_namespace(service: Service) -> None:
    """The same scenario elsewhere is another one."""
    ended(service, "here")
    there = Log(service, actor("cv")).open(name="there", scenario="s", state="FINISHED")
    assert clean(service, by=actor("cv"), keep_last=0, dry_run=False).counts.runs == 1
    assert left(service) == ["here"]
    assert there.id


def test_a_cleanup_costs_the_same_statements_however_many_runs_there_are(service: Service, database: Database) -> None:
    """Runs are ranked by the database."""
    counts = []
    for size in (2, 12):
        for index in range(size):
            ended(service, f"r{index}", loss=1.0, scenario=f"s{size}")
        rules = {
            "scenarios": [f"s{size}"],
            "keep_last": 1,
            "keep_best": KeepBest(metric="loss", direction="min", runs=1),
        }
        clean(service, **rules)
        with counted(database) as statements:
            assert clean(service, **rules, dry_run=False).counts.runs == size - 1
        counts.append(len(statements))
    assert counts[0] == counts[1]
