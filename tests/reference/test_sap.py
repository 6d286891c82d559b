"""The examples of "Using the SDK to Track Metrics" of SAP Data Intelligence.

Source: the page of that name in SAP's documentation. Each example is as printed, but for what a comment beside it
says. In every one of them `from sapdi import tracking` is `from mbox_ops import tracking`.
"""

# ruff: noqa: B007
# fmt: off
# The examples stay as they are printed.

import pytest

from mbox_ops import tracking
from mbox_ops.errors import InvalidRequest


@pytest.fixture(autouse=True)
def nothing_stays_active():
    """An example that ends its run leaves none behind."""
    yield
    with pytest.raises(InvalidRequest, match="No run is active"):
        tracking.end_run()


def test_log_one_metric_at_a_time():
    """'The code below shows you how you can log one metric at a time.'"""
    run = tracking.start_run()
    # tracking.start_run(run_collection_name='rc1') # Use this to group different runs under a collection

    params = {
        'input_size': 784,
        'hidden_size': 500,
        'num_classes': 10,
        'num_epochs': 2,
        'batch_size': 100,
        'learning_rate': 0.001,
        'model_file': 'model.ckpt'
    }

    tracking.log_parameters(params)

    # the experimental code.
    for i in range(params.get('num_epochs')):
        tracking.log_metric(name='metric_name', value=1)

    # more code
    tracking.set_tags({
        "tag_key": "tag_value",
        "tag_key_n": "tag_value_n"
      })
    tracking.set_labels({
        "accuracy": {
          "format_string": "percentage"
        }})

    # more code

    tracking.end_run()

    (stored,) = tracking.get_runs(run=run)
    assert {name: text for name, text in stored.parameters.items() if name not in ("start", "end")} == {
        "input_size": "784",
        "hidden_size": "500",
        "num_classes": "10",
        "num_epochs": "2",
        "batch_size": "100",
        "learning_rate": "0.001",
        "model_file": "model.ckpt",
    }
    assert stored.parameters["start"] <= stored.parameters["end"]
    assert stored.tags == {"tag_key": "tag_value", "tag_key_n": "tag_value_n", "runName": run.id}
    assert stored.labels == {"accuracy": {"format_string": "percentage"}}
    assert (stored.status, stored.name, str(stored.metrics["metric_name"])) == ("FINISHED", run.id, "1.0")
    assert [(point.step, point.value) for point in stored.get_metrics_history()[0].points] == [(0, 1), (1, 1)]


def test_log_fetch_and_delete_multiple_metrics():
    """'How to log multiple metrics, as well as how to fetch and delete metrics.'"""
    run = tracking.start_run()

    metrics = {
        'accuracy': 0.89,
        'cross_entropy': 3.2,
        'avg_loss': 0.59
    }

    tracking.log_metrics(metrics)

    # more code

    # Mark the end of tracking
    tracking.end_run()  # persists the metrics at the end of the run

    # Persisting metrics after the end
    tracking.log_metric('uncertainty', 0.4, run=run)

    # To Fetch payload from API for the current run
    runs = tracking.get_runs(run=run)

    assert {name: float(summary) for name, summary in runs[0].metrics.items()} == {**metrics, "uncertainty": 0.4}
    assert runs[0].status == "FINISHED"

    # To Fetch metrics from API by tags(in addition with other parameters)
    runs = tracking.get_runs(run=run, tags = {'tag_key': 'tag_value'})
    # Changed: the document's line `**Note**: tag parameter is of type python dictionary, ...` is no code.

    assert runs == []

    # To Delete all payload for the current run
    tracking.delete_runs(run=run)

    assert tracking.get_runs(run=run) == []

    # To Delete run for single/current scenario
    scenario_object = tracking.get_current_scenario()  # Changed: `sapdi` is `tracking`.
    with tracking.start_run() as another:  # Added, so that there is something to delete.
        pass
    tracking.delete_runs(scenario=scenario_object)

    assert tracking.get_runs(run=another) == []

    # To Delete runs for multiple scenarios
    for scenario in ("one", "two"):  # Added, likewise.
        with tracking.start_run(scenario=scenario):
            pass
    scenario_list = tracking.list_scenarios()  # Changed: `sapdi` is `tracking`.
    assert [scenario.name for scenario in scenario_list] == ["one", "two"]
    tracking.delete_runs(scenario=scenario_list)

    assert tracking.list_scenarios() == []
    assert tracking.delete_runs(scenario=[]).counts.runs == 0


def test_log_labels():
    """ "How to log labels for a run."""
    value_n = ["any", "JSON"]  # Changed: the document does not define it.
    with tracking.start_run() as run:
        # Changed: the document lacks a comma, has curly quotes and no run.
        tracking.set_labels({
        "accuracy": {
        "format_string": "percentage"
        },
        "Label_n" : value_n
        })

    assert run.labels == {"accuracy": {"format_string": "percentage"}, "Label_n": ["any", "JSON"]}


def test_set_and_update_the_run_information():
    """ "How to set and update the run information."""
    # To set run_name or run_collection while starting run
    run = tracking.start_run(run_collection_name='Logistics Regression', run_name='LR_run_5')

    assert (run.run_collection, run.name) == ("Logistics Regression", "LR_run_5")

    # more code

    # Update run_name or run_collection of current run
    tracking.update_run_info(run_collection_name='Logistics Regression2', run_name='LR_run_6')

    assert (run.run_collection, run.name) == ("Logistics Regression2", "LR_run_6")

    # more code

    tracking.end_run()

    # Update run_name or run_collection after run has ended
    tracking.update_run_info(run=run, run_collection_name='Logistics Regression3', run_name='LR_run_7')

    assert (run.run_collection, run.name, run.tags) == ("Logistics Regression3", "LR_run_7", {"runName": "LR_run_7"})


def test_get_the_metrics_history():
    """ "How to get the metrics history."""
    run = tracking.start_run()
    #logging metrics multiple times
    for i in range(10):
        tracking.log_metrics({
            'accuracy': 0.89,
            'cross_entropy': 3.2,
            'avg_loss': 0.59
        })

    tracking.persist_run()
    # Fetch metrics history(of accuracy & avg_loss) while run is active
    metric_history = tracking.get_metrics_history(metrics=['accuracy','avg_loss'])
    # Fetch history all metrics while run is active
    metric_history_all = tracking.get_metrics_history()

    assert shown(metric_history) == {"accuracy": [0.89] * 10, "avg_loss": [0.59] * 10}
    assert shown(metric_history_all) == {**shown(metric_history), "cross_entropy": [3.2] * 10}

    # more code
    # Mark the end of tracking
    tracking.end_run()  # persists the metrics at the end of the run
    # Persisting metrics after the end
    tracking.log_metric('uncertainty', 0.4, run=run)
    # To Fetch payload from API for the current run
    runs = tracking.get_runs(run=run)
    # Fetch metrics history(of accuracy & avg_loss) after run has ended
    metric_history = tracking.get_metrics_history(run=runs[0], metrics=['accuracy','avg_loss'])
    # Fetch history all metrics while run after run has ended
    metric_history_all = tracking.get_metrics_history(run=runs[0])

    assert shown(metric_history) == {"accuracy": [0.89] * 10, "avg_loss": [0.59] * 10}
    assert shown(metric_history_all) == {**shown(metric_history), "cross_entropy": [3.2] * 10, "uncertainty": [0.4]}
    assert all(not history.truncated and history.total == len(history.points) for history in metric_history_all)


def shown(histories):
    """The values of each series."""
    return {history.name: [point.value for point in history.points] for history in histories}


def test_the_run_collections_of_a_notebook():
    """The page's example in words: runs with the collection RC1 and runs without one make two collections."""
    for _ in range(2):
        with tracking.start_run(notebook="abc", run_collection_name="RC1"):
            pass
    for _ in range(3):
        with tracking.start_run(notebook="abc"):
            pass

    from mbox_ops import Client

    shown_as = {found.display_name: found.runs for found in Client().collections.list(scenario="abc")}
    assert shown_as == {"RC1": 2, "abc (Default)": 3}


def test_delete_the_runs_of_comma_separated_scenarios():
    """'To delete multiple scenarios, pass the IDs of each scenario as comma-separated values.'"""
    for scenario in ("one", "two", "three"):
        with tracking.start_run(scenario=scenario):
            pass
    one, three, two = tracking.list_scenarios()

    deletion = tracking.delete_runs(scenario=f"{one.id},{two.id}")

    assert {name: counts.runs for name, counts in deletion.by_scenario.items()} == {"one": 1, "two": 1}
    assert [scenario.name for scenario in tracking.list_scenarios()] == ["three"] == [three.name]


def test_the_sdk_as_an_object():
    """'You create an instance of `MLTrackingSDK`. Within [it], you can call the following functions.'"""
    sdk = tracking.MLTrackingSDK()
    run = sdk.start_run()
    sdk.log_metric("loss", 0.5)
    sdk.end_run()
    assert run.status == "FINISHED"
    assert float(run.metrics["loss"]) == 0.5
