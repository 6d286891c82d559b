"""Lets runs go by rules, every night. It only counts and reports until it is told to delete: deploy it as it is.

What it does is said by the Airflow Variable `mbox_cleanup`, a JSON document whose parts may be missing:

    {
      "apply": true,
      "max_runs": 500,
      "rules": [
        {"scenario": "churn", "older_than": "30d", "keep_last": 10},
        {"scenario": "fraud", "older_than": "90d", "keep_best": 3, "metric": "auc", "direction": "max"},
        {"filter": "status = 'FAILED'", "older_than": "7d", "max_runs": 50}
      ]
    }

A rule takes the arguments of `CleanupRunsOperator`. Each is a task of its own: one that is refused, such as by its cap,
fails and deletes nothing, and the others go on. What is given when the DAG is triggered by hand beats the Variable.

The connection `mbox_delete` needs a token that may delete; without that connection `mbox_default` is taken. What was
deleted can be undone for as long as the service keeps it: the report names the deletions.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, Variable, dag, get_current_context, task

from mbox_airflow.operators import CleanupRunsOperator
from mbox_airflow.operators.cleanup_runs import RULES

log = logging.getLogger(__name__)

VARIABLE = "mbox_cleanup"
DEFAULTS: dict[str, Any] = {
    "apply": False,
    "max_runs": 1_000,
    "rules": [{"older_than": "90d", "keep_last": 20}],
}
OF_A_RULE = {*RULES, "statistic", "max_runs", "purge"}
PARAMS = {
    "apply": Param(None, type=["null", "boolean"], description="delete; empty: as the Variable says, else only count"),
    "max_runs": Param(None, type=["null", "integer"], minimum=0, description="the most runs that one rule may delete"),
    "rules": Param(None, type=["null", "array"], description="instead of those of the Variable"),
}


@task
def plan(params: dict[str, Any]) -> list[dict[str, Any]]:
    """The arguments of each rule's task, checked."""
    told = {**DEFAULTS, **Variable.get(VARIABLE, default={}, deserialize_json=True)}
    if unknown := sorted(set(told) - set(DEFAULTS)):
        raise ValueError(f"The Variable {VARIABLE} holds {unknown}; it takes {sorted(DEFAULTS)}.")
    told |= {name: value for name, value in params.items() if name in DEFAULTS and value is not None}
    for rule in told["rules"]:
        if unknown := sorted(set(rule) - OF_A_RULE):
            raise ValueError(f"The rule {rule} holds {unknown}; it takes {sorted(OF_A_RULE)}.")
    return [{"max_runs": told["max_runs"], **rule, "dry_run": not told["apply"]} for rule in told["rules"]]


@task(trigger_rule="all_done")
def report(planned: list[dict[str, Any]]) -> dict[str, Any]:
    """What all rules came to, for the log and for whoever reads this task's XCom; fails if a rule was refused."""
    ti = get_current_context()["ti"]
    found = list(ti.xcom_pull(task_ids="clean_up", map_indexes=range(len(planned))) or []) if planned else []
    rows = [{"rule": rule, "report": one} for rule, one in zip(planned, found, strict=False)]
    done = [row["report"] for row in rows if row["report"]]
    told = {
        "applied": any(not rule["dry_run"] for rule in planned),
        "runs": sum(one["counts"]["runs"] for one in done),
        "deletions": [one["deletion_id"] for one in done if one["deletion_id"]],
        "refused": len(planned) - len(done),
        "rules": rows,
    }
    for row in rows:
        log.info("%s -> %s", row["rule"], row["report"]["counts"] if row["report"] else "refused; see its task")
    ti.xcom_push(key="report", value=told)
    if told["refused"]:
        raise RuntimeError(f"{told['refused']} of {len(planned)} rules were refused: their tasks say why.")
    return told


@dag(
    schedule="0 4 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["mbox-ops"],
    doc_md=__doc__,
)
def scenario_cleanup() -> None:
    """Plan, clean up rule by rule, and report."""
    planned = plan()
    cleaned = CleanupRunsOperator.partial(
        task_id="clean_up", map_index_template="{{ task.scenario or 'all scenarios' }}"
    ).expand_kwargs(planned)
    cleaned >> report.override(retries=0)(planned)


scenario_cleanup()
