"""Finding, comparing and plotting runs from the command line, against a real server."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mbox_ops.cli.app import app
from mbox_ops.cli.axes import Span, numbers, places, powers, span_of
from mbox_ops.cli.canvas import Canvas
from mbox_ops.cli.plotting import Line, Look, plot
from mbox_ops.client.client import Client
from mbox_ops.client.values import MetricValue
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    """The ids of the runs by name."""
    return {}


@pytest.fixture(scope="module")
def server(ids: dict[str, str]) -> Iterator[LiveServer]:
    """A server with three runs, whose learning rates and losses tell them apart."""
    with live_server() as server:
        client = Client(server.url)
        for name, rate in (("low", 0.01), ("middle", 0.1), ("high", 1.0)):
            run = client.runs.create(run_name=name, scenario="churn", pipeline="nightly", tags={"team": "cv"})
            run.log_parameters({"lr": rate, "layers": 3})
            losses = [math.exp(-rate * step / 100) for step in range(300)]
            run.log_metrics([{"name": "loss", "value": loss, "step": step} for step, loss in enumerate(losses)])
            run.log_metric("note", "text")
            run.report_metadata({"model": {"depth": 34 if name == "low" else 18}})
            ids[name] = run.id
        client.log_metrics(ids["low"], "loss", MetricValue(step=300, value=math.nan))
        yield server


@pytest.fixture
def mbox(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `mbox` in this process, as on a terminal of 120 columns without colours."""
    monkeypatch.setenv("MBOX_URL", server.url)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str, status: int = 0) -> Result:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == status, done.output
        return done

    return run


def run_mbox(server: LiveServer, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `mbox` as a process."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    env = {**known, "MBOX_URL": server.url, "COLUMNS": "120", **more}
    return subprocess.run([MBOX, *arguments], env=env, capture_output=True, text=True, timeout=60)


def test_runs_are_listed_by_a_filter_in_an_order_with_columns(mbox: Any) -> None:
    """Fields of the language are the columns; --json prints whole runs."""
    wanted = ("runs", "list", "--filter", "params.lr < 1", "--sort", "-params.lr")
    table = mbox(*wanted, "--columns", "name,params.lr,metrics.loss.min,tags.team,metadata.model.depth").stdout
    assert [line.split() for line in table.splitlines() if "cv" in line] == [
        ["middle", "0.1", "0.741559", "cv", "18"],
        ["low", "0.01", "0.970543", "cv", "34"],
    ]
    assert "metrics.loss.min" in table
    found = json.loads(mbox(*wanted, "--json").stdout)["items"]
    assert [(run["name"], run["parameters"]["lr"]) for run in found] == [("middle", "0.1"), ("low", "0.01")]
    assert "Runs: 0" in mbox("runs", "list", "--filter", "name = 'none'").stdout


def test_a_wrong_filter_is_shown_with_its_place(server: LiveServer) -> None:
    """One sentence, the text, and a caret; with the status of wrong usage, and as JSON for programs."""
    done = run_mbox(server, "runs", "list", "--filter", "params.lr >> 1 AND name = 'x'")
    assert (done.returncode, done.stdout) == (2, "")
    message, text, caret = done.stderr.splitlines()
    assert message.startswith("Error: filter, at character 11: ")
    assert (text, caret) == ("params.lr >> 1 AND name = 'x'", " " * 10 + "^")
    done = run_mbox(server, "runs", "list", "--sort", "params.", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["details"]["field"] == "sort"
    done = run_mbox(server, "runs", "list", "--columns", "name,nmae")
    assert done.returncode == 2
    assert "^" in done.stderr.splitlines()[2]


def test_names_are_shown_as_they_are(mbox: Any) -> None:
    """Whatever they hold: nothing in them is taken for a style."""
    table = mbox("runs", "list", "--columns", 'name,tags."[bold]\\\\",params."[/]"').stdout
    assert 'tags."[bold]\\\\"' in table
    assert 'params."[/]"' in table


def test_a_column_has_no_direction(mbox: Any) -> None:
    """A minus sign among the columns is a mistake."""
    mbox("runs", "list", "--columns", "-name", status=2)


def test_runs_are_compared_side_by_side(mbox: Any, ids: dict[str, str]) -> None:
    """By their ids or by a filter; what is the same is left out unless --all is given."""
    table = mbox("runs", "compare", ids["low"], ids["high"]).stdout
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines() if line.strip()}
    assert rows["field"] == ["low", "high"]
    assert rows["params.lr"] == ["0.01", "1"]
    assert rows["metadata.model.depth"] == ["34", "18"]
    assert "params.layers" not in rows
    assert "params.layers" in mbox("runs", "compare", "--scenario", "churn", "--all").stdout
    found = json.loads(mbox("runs", "compare", "--filter", "params.lr > 0.05", "--json").stdout)
    assert {run["name"] for run in found["runs"]} == {"middle", "high"}
    mbox("runs", "compare", status=2)
    mbox("runs", "compare", ids["low"], "--filter", "name = 'low'", status=2)
    mbox("runs", "compare", "--filter", "name = 'none'", status=2)


def test_metrics_are_set_over_a_parameter(mbox: Any) -> None:
    """A table of points, by the parameter."""
    done = mbox("runs", "compare", "--scenario", "churn", "--x", "params.lr", "--y", "metrics.loss.max")
    table = done.stdout[done.stdout.index("metrics.loss.max over params.lr") :]
    points = [line.split() for line in table.splitlines() if line.split()[-1:] in (["low"], ["middle"], ["high"])]
    assert points == [["0.01", "1", "low"], ["0.1", "1", "middle"], ["1", "1", "high"]]


def test_a_narrow_terminal_gets_several_tables(server: LiveServer, ids: dict[str, str]) -> None:
    """Each with as many runs as it has room for."""
    table = run_mbox(server, "runs", "compare", *ids.values(), COLUMNS="64").stdout
    assert table.count("params.lr") == 2


def test_histories_are_plotted(mbox: Any, ids: dict[str, str]) -> None:
    """Several runs in one plot, as wide as the terminal, with a legend that tells them apart without colours."""
    printed = mbox("history", ids["low"], "loss", "--plot", "--also", ids["high"]).stdout
    assert max(map(len, printed.splitlines())) <= 120
    assert "a loss of low: last 0.970543, min 0.970543, max 1" in printed
    assert "b loss of high: last " in printed
    assert "NaN" in printed
    assert any("⠁" <= character <= "⣿" for character in printed)
    (low, high) = json.loads(mbox("history", ids["low"], "loss", "--plot", "--also", ids["high"], "--json").stdout)[
        "items"
    ]
    assert (low["run_id"], low["total"], low["nan_count"], len(high["xs"])) == (ids["low"], 301, 1, 300)
    assert "loss: last" in mbox("history", ids["low"], "--plot", "--x", "relative", "--log").stdout
    assert "no numbers" in mbox("history", ids["low"], "note", "--plot", status=1).output


def test_histories_of_several_runs_are_printed_together(mbox: Any, ids: dict[str, str]) -> None:
    """Each says whose it is."""
    printed = mbox("history", ids["low"], "loss", "--limit", "2", "--also", ids["high"]).output
    assert "loss of high" in printed


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (Span(0, 1), ["0.0", "0.5", "1.0"]),
        (Span(-3, 12), ["0", "5", "10"]),
        (Span(0, 3e9), ["0", "1e+09", "2e+09", "3e+09"]),
        (Span(1e-9, 4e-9), ["1e-09", "2e-09", "3e-09", "4e-09"]),
    ],
)
def test_numbers_along_an_axis_are_round(span: Span, shown: list[str]) -> None:
    """1, 2, 2.5 or 5 times a power of ten."""
    assert [text for _, text in numbers(span, 3)] == shown


def test_places_along_an_axis_are_round() -> None:
    """Whole steps, round times, powers of ten."""
    assert [text for _, text in places(span_of([0, 1]), 5, "step")] == ["0", "1"]
    assert [text for _, text in places(Span(0, 3_600e6), 3, "relative")] == ["0:00:00", "0:30:00", "1:00:00"]
    at = 1_790_000_000_000_000
    assert [text for _, text in places(Span(at, at + 120e6), 2, "wallclock")] == ["09-21 14:14", "09-21 14:15"]
    assert [text for _, text in powers(Span(-3, 1), 4)] == ["1e-3", "1e-2", "1e-1", "1e0", "1e1"]
    assert [text for _, text in powers(Span(0, 0.5), 2)] == ["1", "1.78", "3.16"]


def test_a_line_is_drawn_from_corner_to_corner() -> None:
    """In dots, eight to a character."""
    canvas = Canvas(4, 2)
    canvas.draw([(0, 0), (7, 7)], 0)
    assert ["".join(cell.character for cell in row) for row in canvas.rows()] == ["  ⡠⠊", "⡠⠊  "]


def test_a_plot_of_one_point_or_of_equal_values_has_an_axis() -> None:
    """And one of nothing is nothing."""
    look = Look(60, 6, colour=False)
    assert list(plot([Line("none", [], [])], look)) == []
    for xs, ys in (([7], [0.0]), ([1, 2], [3.0, 3.0])):
        lines = [text.plain for text in plot([Line("some", xs, ys)], look)]
        assert len(lines) == 6 + 3
        assert lines[-1].strip().startswith("━━ some: last")
    assert list(plot([Line("below", [1, 2], [-1.0, 0.0])], Look(60, 6, logarithmic=True))) == []
