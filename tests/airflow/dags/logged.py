"""DAGs whose tasks log through `current_run()`."""

import os
import subprocess
import sys
from pathlib import Path

from airflow.sdk import BaseOperator, dag, task
from airflow.triggers.base import BaseTrigger, TriggerEvent

from mbox_airflow import current_run, mbox_env
from mbox_airflow.operators import FinishRunOperator, SubmitMetricsOperator
from mbox_ops import Event


class AtOnce(BaseTrigger):
    def serialize(self):
        return f"{__name__}.AtOnce", {}

    async def run(self):
        yield TriggerEvent("resumed")


class Deferred(BaseOperator):
    def execute(self, context):
        current_run().log_metrics([{"name": "before", "value": i} for i in range(3)])
        current_run().set_tags({"began": "yes"})
        self.defer(trigger=AtOnce(), method_name="resumed")

    def resumed(self, context, event=None):
        current_run().log_metrics([{"name": "before", "value": i} for i in (3, 4)])
        return event


class FailsOnceAfterTheWrite(SubmitMetricsOperator):
    def execute(self, context):
        receipt = super().execute(context)
        if context["ti"].try_number == 1:
            raise ValueError("fails after the write on purpose")
        return receipt


@dag(schedule=None)
def retried():
    @task(retries=1, retry_delay=0)
    def train(ti=None):
        run = current_run()
        first = ti.try_number == 1
        run.log_parameters({"seed": 1 if first else 2, **({"only_first": 1} if first else {})})
        run.set_tags({"try": str(ti.try_number), **({"only_first": "yes"} if first else {})})
        for step in range(10 if first else 4):
            run.log_metric("loss", step + 100 * first, step=step)
        if first:
            raise ValueError("fails after logging on purpose")

    submit = FailsOnceAfterTheWrite(
        task_id="submit", metrics={"final": "{{ ti.try_number }}"}, tags={"by": "{{ ti.try_number }}"},
        retries=1, retry_delay=0,
    )  # fmt: skip
    train() >> submit >> FinishRunOperator(task_id="finish")


@dag(schedule=None)
def mapped_tasks():
    @task
    def fit(number):
        run = current_run()
        run.log_metric("m", number, step=number)
        run.log_metric(f"own/{number}", number)

    fit.expand(number=[10, 20, 30])


@dag(schedule=None)
def deferred():
    Deferred(task_id="deferred") >> FinishRunOperator(task_id="finish")


@dag(schedule=None)
def busy():
    @task
    def log(ti=None):
        run = current_run()
        for step in range(2_000):
            run.log_metric("m", step, step=step)

    @task(trigger_rule="all_done")
    def count():
        run = current_run()
        return {name: summary.count for name, summary in run.metrics.items()}

    @task
    def log_and_fail():
        for step in range(2_000):
            current_run().log_metric("f", step, step=step)
        raise ValueError("fails after logging on purpose")

    [log(), log_and_fail()] >> count()


@dag(schedule=None)
def children():
    @task
    def parent():
        current_run().log_metric("from_parent", 1)
        child = (
            "from mbox_ops import tracking; r = tracking.current_run(); r.log_metric('from_child', 2); r.persist_run()"
        )
        subprocess.run([sys.executable, "-c", child], check=True, env={**os.environ, **mbox_env()})
        return mbox_env()

    parent()


@dag(schedule=None)
def children_retried():
    @task(retries=1, retry_delay=0)
    def parent(**context):
        count = 3 if context["ti"].try_number == 1 else 1
        child = (
            "from mbox_ops import tracking; r = tracking.current_run()\n"
            f"for step in range({count}): r.log_metric('m', {count}, step=step)\n"
            "assert r.persist_run().where == 'server'"
        )
        subprocess.run([sys.executable, "-c", child], check=True, env={**os.environ, **mbox_env(context)})
        if count == 3:
            raise ValueError("fails after its child has logged")

    parent() >> FinishRunOperator(task_id="finish")


@dag(schedule=None)
def scenarios():
    @task
    def log(number, scenario=None):
        current_run(scenario=scenario).log_metric("m", number, step=number)

    log(0) >> log(1, "chosen") >> log(2) >> FinishRunOperator(task_id="finish")


@dag(schedule=None)
def away_at_first():
    @task(retries=1, retry_delay=0)
    def log(ti=None, dag_run=None):
        first = ti.try_number == 1
        if not first:
            Path(dag_run.conf["back"]).touch()
        for step in range(5 if first else 2):
            current_run().log_metric("m", step + 100 * first, step=step)
        if first:
            raise ValueError("fails after logging on purpose")

    log() >> FinishRunOperator(task_id="finish")


def tell(context):
    current_run().log_event(Event(f"callback of {context['ti'].task_id}", "callback"))


@dag(schedule=None)
def calling_back():
    @task(on_success_callback=tell)
    def good():
        pass

    @task(on_failure_callback=tell)
    def bad():
        raise ValueError("fails on purpose")

    good()
    bad()


@dag(schedule=None)
def silent():
    @task
    def nothing():
        pass

    nothing()


retried()
mapped_tasks()
deferred()
busy()
children()
children_retried()
scenarios()
away_at_first()
calling_back()
silent()
