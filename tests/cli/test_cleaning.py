"""`mbox cleanup`: a report of what goes and what stays, and the deletion only when it is asked for."""

import json
from collections.abc import Iterator

import pytest

from mbox_ops.client.client import Client
from mbox_ops.client.values import MetricValue
from mbox_ops.testing import LiveServer, live_server
from tests.cli.test_cli import answer, mbox


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server with three runs of one pipeline."""
    with live_server() as server:
        client = Client(server.url)
        for number, loss in enumerate([0.1, 0.9, 0.5]):
            run = client.runs.create(scenario="a|b", pipeline="nightly", run_name=f"r{number}")
            client.log_metrics(run.id, "loss", MetricValue(value=loss))
            client.runs.end(run.id)
        yield server


RULES = ("cleanup", "a|b", "--keep-last", "1", "--keep-best", "1", "--metric", "loss", "--direction", "min")


def test_a_report_changes_nothing(server: LiveServer) -> None:
    """For people, for programs, and for a page or a chat."""
    page = mbox(server, *RULES).stdout
    for part in ("nothing has changed", "kept: last", "kept: best"):
        assert part in page
    told = answer(server, *RULES)
    assert (told["state"], told["counts"]["runs"], told["kept"]) == ("PREVIEW", 1, {"a|b": {"best": 1, "last": 1}})
    assert mbox(server, *RULES, "--markdown").stdout.splitlines() == [
        "**1 runs would go.**",
        "",
        "| scenario | go | points | events | artifacts | kept: last | kept: best |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        r"| a\|b | 1 | 1 | 0 | 0 | 1 | 1 |",
    ]
    assert "would be refused" in mbox(server, *RULES, "--max-runs", "0").stderr


def test_mistakes_are_told_before_anything_happens(server: LiveServer) -> None:
    """No rule at all, half a rule, no duration, nobody to ask."""
    for wrong, part in (
        (("cleanup",), "would let every run go"),
        (("cleanup", "--keep-best", "1"), "go together"),
        (("cleanup", "--older-than", "soon"), "older_than"),
        (("cleanup", "--keep-last", "0", "--apply", "--json"), "--yes"),
        (("cleanup", "nobody", "--keep-last", "0"), "no scenario 'nobody'"),
    ):
        done = mbox(server, *wrong)
        assert part in done.stderr + done.stdout, wrong
    assert len(answer(server, "runs", "list")["items"]) == 3


def test_a_cleanup_asks_and_then_does_what_it_showed(server: LiveServer) -> None:
    """A no changes nothing; a yes can be undone; `--yes` is for schedules."""
    assert mbox(server, *RULES, "--apply", text="n\n").returncode == 1
    assert len(answer(server, "runs", "list")["items"]) == 3
    done = mbox(server, *RULES, "--apply", text="y\n")
    assert "Deleted 1 runs" in done.stdout
    assert [run["name"] for run in answer(server, "runs", "list")["items"]] == ["r2", "r0"]
    (deletion,) = answer(server, "deletions", "list")["items"]
    assert deletion["rules"]["keep_best"] == {"metric": "loss", "direction": "min", "runs": 1, "statistic": "last"}
    answer(server, "deletions", "undo", deletion["id"])
    again = json.loads(mbox(server, *RULES, "--apply", "--yes", "--json").stdout)
    assert (again["state"], again["counts"]["runs"]) == ("TOMBSTONED", 1)
    assert "0" in mbox(server, *RULES, "--apply").stdout


def test_runs_are_deleted_by_a_filter_and_under_a_cap(server: LiveServer) -> None:
    """`mbox runs delete --filter`."""
    args = ("runs", "delete", "--filter", "metrics.loss < 0.6")
    assert answer(server, *args, "--dry-run")["counts"]["runs"] == 2
    assert mbox(server, *args, "--max-runs", "1", "--yes").returncode == 1
    assert answer(server, *args, "--max-runs", "2", "--key", "k")["counts"]["runs"] == 2
