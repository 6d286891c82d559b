"""DAGs that wait for metrics, and go on only if they are good enough."""

from airflow.sdk import dag, task

from mbox_airflow.operators import FinishRunOperator, MetricGateOperator, SubmitMetricsOperator, UpdateMetadataOperator
from mbox_airflow.sensors import MetricSensor


@task(trigger_rule="none_failed_min_one_success")
def after():
    pass


@dag(schedule=None)
def gated():
    submit = SubmitMetricsOperator(task_id="submit", metrics={"auc": "{{ dag_run.conf['auc'] }}"})
    gate = MetricGateOperator(
        task_id="gate", metric="auc.max", at_least="{{ dag_run.conf.get('at_least', '') }}",
        at_most="{{ dag_run.conf.get('at_most', '') }}", baseline="{{ dag_run.conf.get('baseline', '') }}",
        better="{{ dag_run.conf.get('better', '') }}", tolerance="{{ dag_run.conf.get('tolerance', 0) }}",
        otherwise="{{ dag_run.conf.get('otherwise', 'fail') }}",
    )  # fmt: skip
    submit >> gate >> after() >> FinishRunOperator(task_id="finish", trigger_rule="all_done")


@dag(schedule=None)
def counting():
    submit = SubmitMetricsOperator(task_id="submit", metrics=[{"name": "auc", "value": value} for value in (0.5, 0.9)])
    submit >> MetricGateOperator(task_id="gate", metric="auc.count", at_least=2, at_most=2)


@dag(schedule=None)
def branching():
    submit = SubmitMetricsOperator(task_id="submit", metrics={"auc": "{{ dag_run.conf['auc'] }}"})
    gate = MetricGateOperator(
        task_id="gate", metric="auc", at_least=0.5, otherwise="branch", follow="publish", follow_otherwise="again"
    )
    submit >> gate >> [after.override(task_id="publish")(), after.override(task_id="again")()]


@dag(schedule=None)
def waiting():
    submit = SubmitMetricsOperator(task_id="submit", metrics={"auc": 0.5})
    other = SubmitMetricsOperator(task_id="other", metrics={"auc": 0.9})
    poked = MetricSensor(task_id="poked", filter="metrics.auc.max > 0.4", poke_interval=1, timeout=20)
    deferred = MetricSensor(
        task_id="deferred", filter="metrics.auc.max > {{ dag_run.conf.get('above', 0.4) }}", poke_interval=1,
        timeout=20, deferrable=True,
    )  # fmt: skip
    submit >> [poked, deferred] >> other
    wrong = MetricSensor(task_id="wrong", filter="metric.auc > 1", poke_interval=1, timeout=20, retries=3)
    submit >> wrong


@dag(schedule=None)
def described():
    first = UpdateMetadataOperator(task_id="first", metadata={"data": {"rows": "{{ 1 + 2 }}", "name": "a"}})
    second = UpdateMetadataOperator(task_id="second", metadata='{"data": {"name": null}, "more": [1, 2]}')
    empty = UpdateMetadataOperator(task_id="empty", metadata="{{ '' }}")
    first >> second >> empty


@dag(schedule=None)
def decorated():
    @task.mbox(log_returned=True)
    def train(alpha: float, run=None) -> dict[str, float]:
        from mbox_ops import tracking

        run.log_parameters({"alpha": alpha})
        tracking.log_metric("loss", 0.25, step=1)
        return {"auc": 0.75, "n": 3}

    @task.mbox(run_collection_name="nightly", log_returned=True)
    def nothing() -> None:
        pass

    train(0.1) >> nothing()


@dag(schedule=None)
def sampled():
    @task.mbox(system_metrics=True)
    def train(run=None) -> None:
        import time

        while not run.metrics:  # the first reading comes after one second, on a quiet machine
            time.sleep(0.1)
            run.persist_run()

    train()


gated()
counting()
sampled()
branching()
waiting()
described()
decorated()
