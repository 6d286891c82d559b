"""Every verb of a run, an experiment and the flat client, written through one and read through another."""

import math
from datetime import UTC, datetime

import numpy
import pytest

import mbox_ops as mbox
from mbox_ops import ArtifactMime, Client, Event, EventSource, MetricValue, tracking
from mbox_ops.errors import InvalidRequest, NotFound, RunDeleted

pytestmark = pytest.mark.usefixtures("namespace")


@pytest.fixture
def run():
    with tracking.start_run(scenario="verbs") as run:
        yield run


def points(run, name):
    """The points of one series."""
    return run.get_metrics_history(name)[0].points


def test_metrics_of_every_kind_come_back_as_they_were(run):
    """float64 bit for bit, text and bytes; steps in any order; the caller's time."""
    odd = [math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1]
    for step, value in enumerate(odd):
        run.log_metric("odd", value, step=step)
    run.log_metric("nan", math.nan)
    run.log_metric("text", "a", step=2)
    run.log_metric("text", "b", step=1)
    run.log_metric("bytes", b"\x00\xff")
    run.log_metric("numpy", numpy.float32(0.5), step=numpy.int64(3), wallclock=datetime(2026, 11, 21, tzinfo=UTC))
    assert [point.value.hex() for point in points(run, "odd")] == [value.hex() for value in odd]
    assert math.isnan(points(run, "nan")[0].value)
    assert [(point.step, point.value) for point in points(run, "text")] == [(1, "b"), (2, "a")]
    assert points(run, "bytes")[0].value == b"\x00\xff"
    assert points(run, "numpy") == [(3, datetime(2026, 11, 21, tzinfo=UTC).timestamp(), 0.5)]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("", 1, "metric name is 0"),
        ("x" * 257, 1, "257 characters"),
        ("a\nb", 1, "printable"),
        ("x", None, "None"),
        ("x", True, "bool"),
        ("x", [1], "list"),
        ("x", "y" * 5001, "5001"),
        ("x", b"y" * 65537, "65537"),
    ],
)
def test_a_metric_that_breaks_a_rule_is_refused_at_the_call(run, name, value, message):
    """By the run's verbs, the module's and the flat client's alike."""
    for call in (
        lambda: run.log_metric(name, value),
        lambda: run.log_metrics({name: value}),
        lambda: tracking.log_metrics([{"name": name, "value": value}]),
        lambda: Client().log_metrics(run.id, name, MetricValue(value=value)),
    ):
        with pytest.raises(InvalidRequest, match=message):
            call()
    assert run.metrics == {}


def test_many_metrics_in_one_call(run):
    """A dict, and a list whose rows may have steps of their own."""
    tracking.log_metrics({"a": 1, "b": 2}, step=7, wallclock=100)
    tracking.log_metrics(
        [{"name": "a", "value": 3}, {"name": "a", "value": 4, "step": 9, "wallclock": "1970-01-01T00:05:00Z"}], step=8,
        wallclock=200,
    )  # fmt: skip
    assert points(run, "a") == [(7, 100, 1), (8, 200, 3), (9, 300, 4)]
    assert points(run, "b") == [(7, 100, 2)]
    with pytest.raises(InvalidRequest, match="takes name and value"):
        tracking.log_metrics([{"name": "a"}])
    with pytest.raises(InvalidRequest, match="takes name and value"):
        tracking.log_metrics([{"name": "a", "value": 1, "stpe": 1}])


def test_a_history_says_what_it_leaves_out(run):
    """The first points by step, the total, and an array for those who want one."""
    for step in range(25):
        run.log_metric("x", step / 2, step=step, wallclock=step)
    (history,) = run.get_metrics_history(metrics=["x"], limit=10)
    assert (history.name, len(history.points), history.total, history.truncated) == ("x", 10, 25, True)
    (whole,) = run.get_metrics_history(limit=None)
    assert (whole.total, whole.truncated) == (25, False)
    array = whole.to_numpy()
    assert array["step"].tolist() == list(range(25))
    assert array["value"].tolist() == [step / 2 for step in range(25)]
    assert array["wallclock"][3] == numpy.datetime64("1970-01-01T00:00:03")
    (unknown,) = run.get_metrics_history("y")
    assert (unknown.name, unknown.points, unknown.total) == ("y", [], 0)
    assert run.get_metrics_history([]) == []


def test_a_summary_is_shown_as_its_last_value(run):
    """And has all that a series comes to."""
    for value in (3.0, math.nan, 1.0, 2.0):
        run.log_metric("x", value)
    summary = run.metrics["x"]
    assert str(summary) == "2.0"
    assert float(summary) == 2.0
    shown = (summary.count, summary.nan_count, summary.first, summary.last, summary.min, summary.max, summary.mean)
    assert shown == (4, 1, 3.0, 2.0, 1.0, 3.0, 2.0)
    assert summary.last_step == 3


def test_parameters_tags_and_labels_are_settings_whose_last_value_stands(run):
    """Parameters keep their type beside their text."""
    tracking.log_parameters("lr", 0.1)
    tracking.log_parameters({"lr": 0.2, "layers": [1, 2], "deep": True, "name": "x", "n": 3})
    tracking.log_parameters([{"name": "n", "value": 4}])
    tracking.set_tags({"team": "a", "Team": "b"})
    tracking.set_tags({"team": "c"})
    tracking.set_labels({"accuracy": {"format_string": "percentage"}})
    tracking.set_labels({"accuracy": None, "other": [1]})
    stored = run.parameters
    start = stored.pop("start")
    assert stored == {"lr": "0.2", "layers": "[1,2]", "deep": "true", "name": "x", "n": "4"}
    types = run.parameter_types
    assert {name: types[name] for name in stored} == {
        "lr": "float", "layers": "json", "deep": "boolean", "name": "string", "n": "integer",
    }  # fmt: skip
    assert datetime.fromisoformat(start).tzinfo is not None
    assert run.tags == {"team": "c", "Team": "b", "runName": run.id}
    assert run.labels == {"accuracy": None, "other": [1]}


def test_metadata_is_merged_replaced_and_cleared(run):
    """One key, a merge patch, the whole."""
    tracking.update_metadata("a", {"b": 1})
    tracking.report_metadata({"a": {"c": 2}, "d": [1, {"e": "2026-11-21"}]})
    assert tracking.get_metadata() == {"a": {"b": 1, "c": 2}, "d": [1, {"e": "2026-11-21"}]}
    tracking.update_metadata("a", None)
    tracking.report_metadata({"d": None})
    assert run.get_metadata() == {"a": None}
    tracking.set_metadata({"x.y": 1})
    assert run.get_metadata() == {"x.y": 1}
    tracking.set_metadata({})
    assert run.get_metadata() == {}


def test_events_are_read_since_by_name_and_by_source(run):
    """Ordered by the caller's time; the same event may be logged again."""
    for second in (30, 10, 20, 20):
        tracking.log_event(Event("tick", EventSource("clock"), second))
    tracking.log_event(Event("tock", "clock", 15))
    assert [event.wallclock_time for event in run.events()] == [10, 15, 20, 20, 30]
    assert [event.wallclock_time for event in run.events(since=20, name="tick", source="clock")] == [20, 20, 30]
    assert run.events(source="nobody") == []
    assert {event.parent_id for event in run.events()} == {run.id}


def test_artifacts_are_read_by_kind_and_prefix(run):
    """What was tracked, ordered by path."""
    tracking.track_artifacts(["s3://b/m.onnx", "s3://b/i.png", "gs://b/notes.txt"])
    tracking.track_artifacts("s3://b/other.bin", mime_type=ArtifactMime.Checkpoint)
    assert [(artifact.path, artifact.mime_type) for artifact in run.artifacts()] == [
        ("gs://b/notes.txt", ArtifactMime.Text),
        ("s3://b/i.png", ArtifactMime.Image),
        ("s3://b/m.onnx", ArtifactMime.Model),
        ("s3://b/other.bin", ArtifactMime.Checkpoint),
    ]
    assert [artifact.path for artifact in run.artifacts(mime_type=ArtifactMime.Image)] == ["s3://b/i.png"]
    assert [artifact.path for artifact in run.artifacts(prefix="gs://")] == ["gs://b/notes.txt"]


def test_a_run_is_renamed_and_moved_before_during_and_after():
    """By the active run, by object, by id."""
    run = tracking.start_run()
    tracking.update_run_info(run_name="one", run_collection_name="rc1", tags={"x": "1"})
    assert (run.name, run.run_collection, run.tags["x"], run.run_collection_is_default) == ("one", "rc1", "1", False)
    tracking.end_run()
    tracking.update_run_info(run=run.id, run_name="two")
    tracking.update_run_info(run=run, run_collection_name="rc2")
    assert (run.name, run.run_collection, run.status) == ("two", "rc2", "FINISHED")
    Client().runs.update(run, run_name="three", tags={"x": "2"})
    assert (run.refresh().name, run.tags["x"]) == ("three", "2")


def test_persisting_says_where_the_data_is(run):
    """With the server there, it is there."""
    run.log_metric("x", 1)
    assert tracking.persist_run().where == "server"
    assert Client().metrics.list(run.id)["x"].count == 1


def test_the_flat_client_raises_what_the_server_says():
    """Each call is answered before it returns."""
    client = Client()
    unknown = "0196f2c8-0000-7000-8000-000000000000"
    for call in (
        lambda: client.update_metadata(unknown, "a", 1),
        lambda: client.log_metrics(unknown, "x", MetricValue(value=1)),
        lambda: client.log_event(unknown, Event("x", "y")),
        lambda: client.runs.get(unknown),
        lambda: client.get_metadata(unknown),
        lambda: client.metrics.list(unknown),
        lambda: client.metrics.history(unknown),
        lambda: list(client.events.list(unknown)),
        lambda: list(client.artifacts.list(unknown)),
        lambda: client.deletions.get(unknown),
        lambda: client.scenarios.get("unknown"),
        lambda: client.deletions.create(run=unknown),
    ):
        with pytest.raises(NotFound):
            call()


def test_lists_fetch_page_after_page(monkeypatch):
    """Walking a list walks all of it; a limit stops it."""
    from mbox_ops.client import reading

    client = Client()
    made = [client.runs.create(key=f"k{number}", scenario="pages").id for number in range(5)]
    monkeypatch.setattr(reading, "PAGE", 2)
    assert [run.id for run in client.runs.list(scenario="pages", sort="started_at")] == made
    assert [run.id for run in client.runs.list(scenario="pages", limit=3)] == made[:1:-1]
    assert [run.id for run in client.runs.list(key="k3")] == [made[3]]
    assert client.runs.get(made[0]).status == "RUNNING"
    client.runs.end(made[0], "FAILED")
    assert [run.id for run in client.runs.list(status="FAILED")] == made[:1]
    assert [(found.name, found.runs) for found in client.scenarios.list()] == [("pages", 5)]
    assert client.scenarios.get("pages").runs == 5


def test_an_experiment_is_a_run_that_is_found_by_its_name():
    """In its own namespace; renaming it does not change its identity."""
    experiment = mbox.new_experiment("yolo", owner="ada", task="detect", framework="pytorch", metadata={"a": 1})
    assert experiment.experiment_exists is False
    experiment.update_run_info(run_name="renamed")
    again = mbox.new_experiment("yolo", metadata={"b": 2})
    assert (again.experiment_exists, again.id, again.name) == (True, experiment.id, "renamed")
    assert again.get_metadata() == {"a": 1, "b": 2}
    assert (again.owner, again.task, again.framework, again.key) == (
        "ada", "detect", mbox.MLFramework.PYTORCH, "experiment:yolo",
    )  # fmt: skip
    assert mbox.new_experiment("yolo", namespace="elsewhere").id != experiment.id
    with pytest.raises(InvalidRequest, match="framework is 'abacus'"):
        mbox.new_experiment("x", framework="abacus")
    assert Client().get_experiment(experiment.id).status == "RUNNING"


def test_a_run_that_came_back_takes_what_is_logged_again(run):
    """In the process that was refused while it was deleted, too."""
    run.end_run()
    client = Client()
    done = client.deletions.create(run=run)
    with pytest.raises(RunDeleted):
        client.set_metadata(run.id, {"a": 1})
    client.deletions.undo(done)
    client.set_metadata(run.id, {"a": 2})
    client.runs.get(run).set_tags({"a": "b"})
    assert (client.get_metadata(run.id), client.runs.get(run).tags["a"]) == ({"a": 2}, "b")


def test_a_deletion_counts_previews_and_leaves_nothing_to_read(run):
    """Dry run first; a run that is alive is taken only with force."""
    from mbox_ops.errors import Conflict

    run.log_metrics({"a": 1, "b": 2})
    run.log_event(Event("x", "y"))
    with pytest.raises(Conflict, match=run.id):
        tracking.delete_runs(scenario="verbs")
    preview = tracking.delete_runs(scenario="verbs", dry_run=True)
    assert (preview.state, preview.counts.runs, preview.counts.points, preview.counts.events) == ("PREVIEW", 1, 2, 1)
    run.end_run()
    deletion = run.delete()
    assert (deletion.state, deletion.counts.runs) == ("TOMBSTONED", 1)
    assert tracking.get_runs(scenario="verbs") == []
    client = Client()
    assert client.deletions.get(deletion.id).counts == deletion.counts
    assert [found.id for found in client.deletions.list()] == [deletion.id]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ({}, "selector is empty"),
        ({"notebook": "abc"}, "needs one scenario or run_id"),
        ({"scenario": ["a", "b"], "pipeline": "p"}, "stand alone"),
        ({"scenario": ""}, "scenario must be"),
    ],
)
def test_a_deletion_that_does_not_say_what_is_refused(selector, message):
    """Nothing is ever deleted by leaving something out."""
    with pytest.raises(InvalidRequest, match=message):
        tracking.delete_runs(**selector)


def test_a_run_survives_pickling(run):
    """It is handed to another process as a reference."""
    import pickle

    run.log_metric("x", 1)
    there = pickle.loads(pickle.dumps(run))  # noqa: S301
    assert there.id == run.id
    assert float(there.metrics["x"]) == 1.0


def test_a_misspelt_attribute_is_an_attribute_error(run):
    """And asks no server."""
    with pytest.raises(AttributeError, match="no attribute 'metrcs'"):
        run.metrcs  # noqa: B018


def test_the_times_that_airflow_gives_are_times():
    """They are of pendulum, whose differences are none of Python's."""
    import pendulum

    with tracking.start_run() as run:
        run.log_metric("loss", 0.5, wallclock=pendulum.datetime(2026, 11, 21, 12, tz="Europe/Berlin"))
    assert run.metrics["loss"].last_wallclock == pendulum.datetime(2026, 11, 21, 11).timestamp()
