"""Every component through kfp.local where the service is away, refuses, or loses its answers."""

import itertools
import re
from typing import Any

import pytest

pytest.importorskip("kfp")

from kfp import dsl

from mbox_kfp import (
    cleanup_runs,
    delete_runs,
    log_event,
    submit_metrics,
    track_artifact,
    tracked_run,
    update_metadata,
)
from mbox_kfp.compile import COMPONENTS
from mbox_ops.testing import free_port, live_server
from tests.kfp.calling import call
from tests.kfp.conftest import environment, play, server, written
from tests.proxy import proxy

__all__ = ["environment", "play", "server", "written"]

pytestmark = [
    pytest.mark.proof,
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]

NOTHING = "WARNING: mbox-ops may have recorded nothing for this step (on_error='warn')."


def every_component(scenario: str, *, deleted: str, url: str = "", **options: Any) -> Any:
    """A pipeline with one step of each component, one after the other; it deletes the scenario `deleted`."""

    @dsl.pipeline(name="every-component")
    def pipeline():
        with tracked_run(scenario=scenario, **({"url": url} if url else {}), **options):
            steps = [
                submit_metrics(metrics={"a": 1}, parameters={"p": 1}, **options),
                log_event("e", **options),
                track_artifact(uri="s3://bucket/model.onnx", **options),
                update_metadata({"a": 1}, **options),
                delete_runs(scenario=deleted, **options),
                cleanup_runs(scenario=f"{deleted}-2", keep_last=0, dry_run=False, confirm=f"{deleted}-2", **options),
            ]
            for before, step in itertools.pairwise(steps):
                step.after(before)

    return pipeline


def make_runs(*scenarios: str) -> None:
    """A run of each scenario that has ended."""
    for scenario in scenarios:
        call("submit_metrics", scenario)
        call("finish_run", scenario)


class LosesEveryAnswer:
    """Answers a first write with 503, stores the second and loses its reply, and lets the third pass."""

    def __init__(self) -> None:
        self.writes = 0

    def __call__(self, line: str, number: int) -> Any:
        """Decide about one request."""
        if not line.startswith("POST"):
            return "pass"
        self.writes += 1
        busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}"
        return [busy, "lose the reply", "pass"][(self.writes - 1) % 3]


def test_every_component_comes_through_a_busy_service_that_loses_answers(play, written):
    """503, then stored without a reply, then recognised: everything is there once, and what is deleted once."""
    make_runs("kfp-busy-gone", "kfp-busy-gone-2")
    with proxy(written.url, LosesEveryAnswer(), methods=(b"GET", b"POST")) as between:
        pipeline = every_component("kfp-busy", deleted="kfp-busy-gone", url=between.url, on_error="fail")
        log = play(pipeline)
    assert sum(line.startswith("POST") for line in between.requests) == 3 * len(COMPONENTS)
    assert NOTHING not in log
    run = written.run("kfp-busy")
    assert (run["status"], written.points(run), written.metadata(run)) == ("FINISHED", {"a": [(0, 1.0)]}, {"a": 1})
    assert (len(written.events(run)), len(written.artifacts(run))) == (1, 1)
    for scenario in ("kfp-busy-gone", "kfp-busy-gone-2"):
        assert written.runs(scenario=scenario) == []
    for deletion in written.get("/deletions")["items"][:2]:
        assert deletion["counts"]["runs"] == 1
        assert f"**1 runs are deleted** (`{deletion['id']}`" in log


def test_every_component_only_warns_where_the_service_is_away(play, environment):
    """With on_error='warn'; each says where it looked and for how long."""
    url = f"http://127.0.0.1:{free_port()}"
    log = play(every_component("kfp-away", deleted="gone", url=url, on_error="warn", timeout_seconds=0.2))
    assert log.count(NOTHING) == len(COMPONENTS)
    assert log.count(f"The tracking service at {url} is away: ConnectionRefusedError") == len(COMPONENTS)


def test_every_component_says_what_a_missing_token_needs(play, environment):
    """401, with the variable, the Secret and the key."""
    with live_server(tokens=True) as guarded:
        log = play(every_component("kfp-401", deleted="gone", url=guarded.url, on_error="warn"))
    assert log.count(NOTHING) == log.count("401 unauthenticated") == len(COMPONENTS)
    assert log.count("The token is read from MBOX_TOKEN") == len(COMPONENTS)


def test_every_component_passes_on_what_is_wrong_with_its_input(play, written):
    """422: the service's own sentence, with the field, the limit and the value."""
    scenario = "x" * 257
    log = play(every_component(scenario, deleted=scenario, on_error="warn"))
    assert log.count(NOTHING) == log.count("422 invalid_request") == len(COMPONENTS)
    assert len(re.findall("25[79] characters", log)) == len(COMPONENTS)


def test_every_component_is_told_of_a_conflict(play, written):
    """409: another explicit scenario, and more runs than max_runs; nothing changes."""
    make_runs("kfp-409-kept", "kfp-409-kept-2")

    @dsl.pipeline(name="conflicts")
    def conflicts():
        with tracked_run(scenario="kfp-409-other", on_error="warn"):
            first = log_event("first", scenario="kfp-409")
            steps = [
                submit_metrics(metrics={"a": 1}, on_error="warn"),
                log_event("e", on_error="warn"),
                track_artifact(uri="s3://bucket/model.onnx", on_error="warn"),
                update_metadata({"a": 1}, on_error="warn"),
                delete_runs(scenario="kfp-409-kept", max_runs=0, on_error="warn"),
                cleanup_runs(
                    scenario="kfp-409-kept-2", keep_last=0, max_runs=0, dry_run=False, confirm="kfp-409-kept-2",
                    on_error="warn",
                ),
            ]  # fmt: skip
            for step in steps:
                step.after(first)

    log = play(conflicts)
    assert log.count(NOTHING) == log.count("409 conflict") == len(COMPONENTS)
    run = written.run("kfp-409")
    assert (run["status"], [event["name"] for event in written.events(run)]) == ("RUNNING", ["first"])
    assert len(written.runs(scenario="kfp-409-kept")) == len(written.runs(scenario="kfp-409-kept-2")) == 1


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_fails_its_step_unless_it_is_told_to_warn(environment, monkeypatch, name):
    """The exit task warns by itself, so that it never hides the pipeline's own failure."""
    monkeypatch.setenv("MBOX_URL", f"http://127.0.0.1:{free_port()}")
    if name == "finish_run":
        assert call(name, "kfp-away", timeout_seconds=0.1) == ("", "", "")
        return
    with pytest.raises(RuntimeError, match=r"is away: .*timeout_seconds=0\.1"):
        call(name, "kfp-away", timeout_seconds=0.1)


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_refuses_an_unresolved_placeholder(environment, name):
    """Whichever input holds it, before anything is sent."""
    with pytest.raises(ValueError, match=r"'run_id' holds an unresolved placeholder.*pass it on its own"):
        call(name, "kfp-nowhere", run_id="{{$.pipeline_job_uuid}}", on_error="fail")


@pytest.mark.parametrize("name", ["submit_metrics", "log_event", "track_artifact", "update_metadata"])
def test_every_component_that_runs_again_replaces_what_it_wrote(written, name):
    """The same identity, as a retried pod has it: one set of everything; another loop item adds its own."""
    scenario = f"kfp-again-{name}"
    for _ in range(2):
        call(name, scenario)
    run = written.run(scenario)
    found = [written.points(run), written.events(run), written.artifacts(run), written.metadata(run)]
    assert sum(map(len, found)) == 1
    assert written.points(run).get("a") in (None, [(0, 1.0)])
    call(name, scenario, loops=1, loop_item_1="x")
    assert len(written.points(run).get("a", [])) in (0, 2)
    assert len(written.events(run)) in (0, 2)
