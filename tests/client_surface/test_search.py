"""Finding, comparing and tabulating runs with the SDK, against a real server."""

import math
import subprocess
import sys
from datetime import UTC, datetime
from typing import get_args

import pandas
import pytest

from mbox_ops import tracking
from mbox_ops.client.client import Client
from mbox_ops.client.rows import COLUMNS
from mbox_ops.client.values import Event
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.tree import Column

DAY = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def client(namespace) -> Client:
    """A client of this test's namespace."""
    return Client()


@pytest.fixture
def runs(client) -> dict[str, str]:
    """The ids of three runs by name: their learning rates and losses tell them apart."""
    made = {}
    for name, rate, losses in (("low", 0.01, [3, 2]), ("middle", 0.1, [3, 1, 2]), ("high", 1.0, [3, math.nan])):
        run = client.runs.create(run_name=name, scenario="churn", pipeline="nightly", tags={"team": "cv"})
        run.log_parameters({"lr": rate, "layers": 3, "on": True, "shape": [1, 2], "odd name": "x"})
        run.log_metrics([{"name": "loss", "value": loss, "step": step} for step, loss in enumerate(losses)])
        run.log_metric("note", name)
        run.report_metadata({"model": {"depth": 18 if name == "high" else 34}})
        made[name] = run.id
    client.runs.end(made["low"])
    return made


def names(found) -> list[str]:
    """The names of runs."""
    return [run.name for run in found]


def test_runs_are_found_by_a_filter_in_the_order_that_is_asked_for(client, runs):
    """`search` is the short form of `list`, and both take what else selects."""
    assert names(client.runs.search("params.lr < 1", sort="-params.lr")) == ["middle", "low"]
    assert names(client.runs.search("params.lr < 1", sort="params.lr", limit=1)) == ["low"]
    assert names(client.runs.list(filter="metrics.loss.min <= 1", status="RUNNING")) == ["middle"]
    assert names(client.runs.search("params.lr >= 0.1", status="FINISHED")) == []
    assert names(client.runs.search(sort="metrics.loss,-name")) == ["middle", "low", "high"]
    assert names(client.runs.search()) == ["high", "middle", "low"]


def test_a_long_filter_is_no_trouble(client, runs):
    """It travels as a body, not in an address."""
    text = "name IN (" + ", ".join(f"'{'é' * 100} {i}'" for i in range(150)) + ", 'low')"
    assert len(text) > 15_000
    assert names(client.runs.search(text)) == ["low"]


def test_a_list_counts_when_it_is_asked_to(client, runs):
    """However many of them are walked."""
    assert client.runs.search("params.lr < 1", limit=1).total() == 2
    assert client.runs.list(scenario="nobody").total() == 0


def test_a_wrong_filter_says_where(client):
    """With the first page, as the server's own error."""
    with pytest.raises(InvalidRequest, match="filter") as caught:
        list(client.runs.search("params.lr >"))
    assert caught.value.details["position"] == len("params.lr >")
    with pytest.raises(InvalidRequest, match="sort"):
        list(client.runs.search(sort="nothing.at.all"))


def test_get_runs_takes_a_filter_as_its_condition(runs):
    """Beside the others, or alone; the list becomes a table."""
    found = tracking.get_runs(filter="tags.team = 'cv'", sort="params.lr", limit=2)
    assert names(found) == ["low", "middle"]
    assert list(found.to_pandas()["name"]) == ["low", "middle"]
    assert names(tracking.get_runs(scenario="churn", filter="name = 'high'")) == ["high"]
    with pytest.raises(InvalidRequest, match="filter"):
        tracking.get_runs(sort="name")


def test_what_was_just_logged_is_found(client):
    """A search sends what this process has buffered."""
    with tracking.start_run(scenario="fresh"):
        tracking.log_metric("loss", 0.5)
        assert client.runs.search("scenario = 'fresh' AND metrics.loss = 0.5").total() == 1


def test_runs_become_a_table_with_the_types_they_were_logged_with(client, runs):
    """Columns are named as filters name them; what one run lacks is missing."""
    client.runs.create(run_name="bare", scenario="churn", pipeline="nightly")
    frame = client.runs.search(sort="params.lr").to_pandas().set_index("name")
    assert list(frame.index) == ["low", "middle", "high", "bare"]
    assert frame.loc["low", "id"] == runs["low"]
    assert list(frame.pop('params."odd name"'))[:3] == ["x"] * 3
    assert {name: str(frame[name].dtype) for name in frame if name.startswith(("params", "metrics.loss", "start"))} == {
        "started_at": "datetime64[us, UTC]", "params.layers": "Int64", "params.lr": "float64",
        "params.on": "boolean", "params.shape": "object", "metrics.loss": "float64",
    }  # fmt: skip
    assert frame.loc["low", "params.shape"] == [1, 2]
    assert frame.loc["middle", "metrics.loss"] == 2
    assert frame.loc["bare"].isna()[["params.lr", "params.layers", "metrics.loss", "ended_at"]].all()
    assert [*frame][-5:] == ["params.on", "params.shape", "tags.team", "metrics.loss", "metrics.note"]


def test_a_table_has_every_column_of_the_language():
    """None that can be filtered by is missing."""
    assert set(COLUMNS) == set(get_args(Column))


def test_no_runs_are_an_empty_table(client, namespace):
    """With the columns of a run."""
    frame = client.runs.list().to_pandas()
    assert len(frame) == 0
    assert {"id", "name", "started_at"} <= set(frame)


def test_points_and_events_become_tables(client, runs):
    """With steps, instants in UTC and values."""
    (history,) = client.runs.get(runs["middle"]).get_metrics_history("loss")
    frame = history.to_pandas()
    assert list(frame["value"]) == [3, 1, 2]
    assert [str(kind) for kind in frame.dtypes] == ["int64", "datetime64[us, UTC]", "float64"]
    client.log_event(runs["low"], Event("saved", "trainer", DAY))
    (event,) = client.events.list(runs["low"]).to_pandas().to_dict("records")
    assert (event["name"], event["source"], event["wallclock_time"]) == ("saved", "trainer", pandas.Timestamp(DAY))


def test_a_history_is_read_in_parts(client, monkeypatch, runs):
    """So that a series of any length needs little memory."""
    monkeypatch.setattr("mbox_ops.client.reading.PART", 2)
    assert [part.columns()[2].tolist() for part in client.metrics.parts(runs["middle"], "loss")] == [[3, 1], [2]]


def test_curves_are_thinned_out_by_the_server(client):
    """And keep the point that sticks out, and the number of NaN."""
    run = client.runs.create(run_name="long")
    values = [math.sin(step / 50) for step in range(5_000)]
    values[1_234] = 99.0
    values[77] = math.nan
    run.log_metrics([{"name": "loss", "value": value, "step": step} for step, value in enumerate(values)])
    (curve,) = client.metrics.curves(run, "loss", max_points=100)
    assert (curve.run_id, curve.name, curve.total, curve.thinned, curve.nan_count) == (run.id, "loss", 5_000, True, 1)
    assert len(curve) <= 100
    assert (1_234, 99.0) in curve.finite()
    assert list(curve.to_pandas().columns) == ["step", "wallclock", "value"]
    both = client.metrics.curves([run, run.id], ["loss", "none"], x="relative", first_step=10, last_step=12)
    assert [(curve.name, len(curve)) for curve in both] == [("loss", 3), ("none", 0)] * 2
    assert both[0].xs[0] >= 0


def test_runs_are_compared_as_a_table(client, runs):
    """What is the same is left out unless all is asked for."""
    found = client.runs.compare([runs["low"], runs["high"]])
    rows = dict(found.rows())
    assert rows["params.lr"] == [0.01, 1.0]
    assert rows["metadata.model.depth"] == [34, 18]
    assert rows["metrics.loss.min"] == [2, 3]
    assert "params.layers" not in rows
    assert "params.layers" in dict(client.runs.compare([*runs.values()], all=True).rows())
    head, *lines = str(found).splitlines()
    assert head.split() == ["low", "high"]
    assert any(line.split() == ["metadata.model.depth", "34", "18"] for line in lines)
    frame = found.to_pandas()
    assert list(frame["id"]) == [runs["low"], runs["high"]]
    assert list(frame["metadata.model.depth"]) == [34, 18]


def test_differences_are_named_as_filters_name_them(client):
    """Whatever the names and keys are made of."""
    odd = ['a.b "c"', "x y", "[*]", "é=\\'`"]
    made = []
    for number in range(2):
        run = client.runs.create(tags={name: str(number) for name in odd})
        run.log_parameters(dict.fromkeys(odd, number))
        run.report_metadata({name: {name: [number]} for name in odd})
        made.append(run.id)
    fields = [
        field for field, _ in client.runs.compare(made).rows() if field.startswith(("params", "tags", "metadata"))
    ]
    assert len(fields) == 3 * len(odd)
    for field in fields:
        value = "'1'" if field.startswith("tags") else "1"
        assert [run.id for run in client.runs.search(f"{field} = {value}")] == made[1:], field


def test_metrics_are_set_over_a_parameter(client, runs):
    """Points in the order of x."""
    (scatter,) = client.runs.compare(client.runs.search(), x="params.lr", y="metrics.loss.min").scatters
    assert [(point.x, point.y) for point in scatter.points] == [(0.01, 2), (0.1, 1), (1, 3)]


def test_without_pandas_the_error_names_it():
    """And everything else works: pandas is imported where a table is asked for, and nowhere else."""
    script = (
        "import sys; from mbox_ops.client.tables import RunList; assert 'pandas' not in sys.modules;"
        "sys.modules['pandas'] = None; RunList().to_pandas()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: to_pandas() needs pandas: pip install pandas"


def test_integers_beyond_a_float_stay_what_they_are():
    """A column is as narrow as exactness allows."""
    from mbox_ops.client.tables import column

    assert list(column([2**53 + 1, 0.5])) == [2**53 + 1, 0.5]
    assert str(column([1, 0.5]).dtype) == "float64"
    assert list(column([2**80, 1])) == [2**80, 1]
    assert str(column([None, None]).dtype) == "object"
    assert pandas.isna(column([True, None])[1])
