"""Bad input of every operator: the documented error, final, before anything is sent."""

from typing import Any

import pytest

from tests.airflow.conftest import NOBODY, Lab

pytestmark = pytest.mark.airflow

LONG = "x" * 257
RULE = {"keep_last": 1}

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("SubmitMetricsOperator", {"metrics": {"auc": "{{ 'much' }}"}}, "metric 'auc' must be a number or text that is"),
    ("SubmitMetricsOperator", {"metrics": "{{ nothing }}"}, "metrics is text that is no dict, no list, and no path"),
    ("SubmitMetricsOperator", {"metrics": "/nowhere/m.csv"}, "metrics: '/nowhere/m.csv' cannot be read: No such file"),
    ("SubmitMetricsOperator", {"metrics": {"a": 1}, "step": "{{ 7.5 }}"}, "step must be an integer, not '7.5'."),
    ("SubmitMetricsOperator", {"parameters": "[1]"}, "parameters must be a dict, not list: [1]"),
    ("SubmitMetricsOperator", {"parameters": {LONG: 1}}, "parameter name is 257 characters long; the limit is"),
    ("SubmitMetricsOperator", {"tags": {"a": 1}}, "must be text, not int: 1"),
    ("SubmitMetricsOperator", {"labels": "{{ '{' }}"}, "labels is text that is neither JSON nor a Python dict"),
    ("SubmitMetricsOperator", {"metadata": {"a": float("nan")}}, "metadata.a is nan, which JSON does not have."),
    ("SubmitMetricsOperator", {"scenario": "a{{ ',' }}b"}, "A scenario's name holds no comma and no outer blanks"),
    ("SubmitMetricsOperator", {"run_collection_name": LONG}, "run_collection_name is 257 characters long"),
    ("SubmitMetricsOperator", {"run_name": LONG}, "run_name is 257 characters long; the limit is 1 to 256"),
    ("SubmitMetricsOperator", {"on_error": "{{ 'ignore' }}"}, "on_error must be 'fail' or 'warn', not 'ignore'."),
    ("SubmitMetricsOperator", {"mbox_conn_id": "{{ 'broken' }}"}, "connection 'broken' has no host"),
    ("LogEventOperator", {"name": "{{ '' }}"}, "event name is 0 characters long; the limit is 1 to 256"),
    ("LogEventOperator", {"name": "e", "source": LONG}, "event source is 257 characters long"),
    ("LogEventOperator", {"name": "e", "wallclock_time": "{{ 'noon' }}"}, "'noon'"),
    ("LogEventOperator", {"name": "e", "metadata": "[1]"}, "metadata must be a dict, not list: [1]"),
    ("TrackArtifactOperator", {"files": []}, "files must be a path, a URI or a list of them: []"),
    ("TrackArtifactOperator", {"files": "{{ '[1]' }}"}, "files must be a path, a URI or a list of them: '[1]'"),
    ("TrackArtifactOperator", {"files": "s3://key:secret@bucket/a"}, "carries credentials"),
    ("TrackArtifactOperator", {"files": "a", "upload": "{{ 'maybe' }}"}, "upload must be True or False, not 'maybe'."),
    ("TrackArtifactOperator", {"files": "a", "mime_type": "Modell"}, "mime_type must be one of Unknown, Model,"),
    ("TrackArtifactOperator", {"files": "a", "under": "b"}, "under needs upload=True"),
    ("TrackArtifactOperator", {"files": ["a"] * 5_001}, "files are 5001 files; one task tracks up to 5000."),
    ("TrackArtifactOperator", {"files": "/nowhere/a", "upload": True}, "'/nowhere/a' cannot be uploaded: No such file"),
    ("TrackArtifactOperator", {"files": "s3://b/a", "upload": True}, "is a URI: only local files are uploaded"),
    ("TrackArtifactOperator", {"files": "/nowhere/a", "checksum": True}, "checksum of '/nowhere/a' cannot be made"),
    ("UpdateMetadataOperator", {"metadata": "{{ '' }}"}, "metadata is empty: there is nothing to merge."),
    ("UpdateMetadataOperator", {"metadata": {"a": ["x" * 5_001]}}, "5001"),
    ("FinishRunOperator", {"state": "{{ 'DONE' }}"}, "state must be one of FINISHED, FAILED, KILLED, not 'DONE'."),
    ("MetricGateOperator", {"metric": "auc"}, "Give at least one of at_least, at_most and baseline."),
    ("MetricGateOperator", {"metric": "{{ '' }}", "at_least": 1}, "metric, at its end: a name is missing after"),
    ("MetricGateOperator", {"metric": "a", "at_least": 1, "otherwise": "stop"}, "otherwise must be one of fail, skip"),
    ("MetricGateOperator", {"metric": "a", "at_least": 1, "otherwise": "branch"}, "needs both follow and"),
    ("MetricGateOperator", {"metric": "a", "baseline": "best"}, "A baseline needs better='higher' or better='lower'"),
    ("MetricGateOperator", {"metric": "a", "at_least": "{{ 'high' }}"}, "at_least must be a number or text that is"),
    ("MetricGateOperator", {"metric": "a", "at_most": True}, "at_most must be a number, not bool"),
    (
        "MetricGateOperator",
        {"metric": "a", "baseline": "last", "better": "lower", "tolerance": "wide"},
        "tolerance must be a number or text that is one, not 'wide'",
    ),
    ("MetricSensor", {"filter": "a", "external_dag_id": "{{ 'd' }}"}, "both external_dag_id and external_run_id."),
    ("MetricSensor", {"filter": "a", "mbox_conn_id": "broken", "deferrable": True}, "connection 'broken' has no host"),
    ("DeleteRunsOperator", {"scenario": "{{ '' }}", "pipeline": "p"}, "scenario is empty now that the task runs."),
    ("DeleteRunsOperator", {"scenario": "a", "filter": "{{ '' }}"}, "filter is empty now that the task runs."),
    ("DeleteRunsOperator", {"scenario": "a,,b"}, "scenario must be one or more names parted by commas, none of them"),
    ("DeleteRunsOperator", {"scenario": "[1]"}, "scenario must be a name or a list of names"),
    ("DeleteRunsOperator", {"run": 7}, "run must be text, not int: 7"),
    ("DeleteRunsOperator", {"scenario": "a", "max_runs": "{{ '' }}"}, "max_runs is empty now that the task runs."),
    ("DeleteRunsOperator", {"scenario": "a", "max_runs": "{{ 'few' }}"}, "max_runs must be an integer, not 'few'."),
    ("DeleteRunsOperator", {"scenario": "a", "dry_run": "{{ '' }}"}, "dry_run must be True or False, not ''."),
    ("DeleteRunsOperator", {"scenario": "a", "force": "yes"}, "force must be True or False, not 'yes'."),
    ("DeleteRunsOperator", {"scenario": "a", "purge": 1}, "purge must be True or False, not 1."),
    ("DeleteRunsOperator", {"scenario": "a", "expected": {"rows": 1}}, "expected must be a report or its counts"),
    ("DeleteRunsOperator", {"scenario": "a", "expected": {}}, "expected names no count"),
    ("DeleteRunsOperator", {"scenario": "a", "on_error": "ignore"}, "on_error must be 'fail' or 'warn'"),
    ("CleanupRunsOperator", {**RULE, "older_than": "soon"}, "older_than must be a timedelta, seconds, or text such"),
    ("CleanupRunsOperator", {"keep_last": "{{ 'all' }}"}, "keep_last must be an integer, not 'all'."),
    ("CleanupRunsOperator", {"keep_best": 1}, "keep_best, metric and direction ('min' or 'max') go together"),
    ("CleanupRunsOperator", {**RULE, "direction": "up"}, "direction must be one of min, max, not 'up'."),
    ("CleanupRunsOperator", {**RULE, "statistic": "median"}, "statistic must be one of last, min, max, first, mean"),
    ("CleanupRunsOperator", {**RULE, "status": ["DONE"]}, "status must be one of RUNNING, FINISHED, FAILED, KILLED"),
    ("CleanupRunsOperator", {**RULE, "scenario": "{{ '' }}"}, "scenario is empty now that the task runs"),
    ("CleanupRunsOperator", {**RULE, "max_runs": "{{ '' }}"}, "max_runs is empty now that the task runs"),
    ("CleanupRunsOperator", {**RULE, "dry_run": "never"}, "dry_run must be True or False, not 'never'."),
]


def test_bad_input_ends_every_operator_for_good_and_sends_nothing(lab: Lab) -> None:
    """The service is away: an operator that asked it would say so, and could be retried."""
    lab.connection["host"] = NOBODY
    variables = {**lab.environment, "AIRFLOW_CONN_BROKEN": '{"conn_type": "mbox"}'}
    cases = [(name, arguments) for name, arguments, _ in CASES]
    ends = lab.airflow.call("tests.airflow.refusing:ends", variables, cases=cases)
    wrong = [
        (name, arguments, end)
        for (name, arguments, reason), end in zip(CASES, ends, strict=True)
        if not end.startswith("AirflowFailException: ") or reason not in end
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_table_knows_every_operator() -> None:
    """Whoever adds one adds what it refuses."""
    import ast

    from tests.airflow.conftest import ROOT

    tree = ast.parse((ROOT / "operators" / "mbox_airflow" / "operators" / "__init__.py").read_text("utf-8"))
    (assigned,) = (node for node in tree.body if isinstance(node, ast.Assign))
    assert {name for name, _, _ in CASES} == {*ast.literal_eval(assigned.value), "MetricSensor"}
