"""DAGs whose tasks are killed, cleared, deferred and many, for a real scheduler."""

import os
import signal
import time
from datetime import timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, dag, get_current_context, task

from mbox_airflow import current_run
from mbox_airflow.operators import FinishRunOperator


@task
def write_first(number: int) -> None:
    """One of many that all write first and at once."""
    current_run().log_metric("m", number, step=number)


@dag(schedule=None)
def twenty():
    write_first.expand(number=list(range(20))) >> FinishRunOperator(task_id="finish")


@task(retries=1, retry_delay=timedelta(seconds=0))
def die_once() -> None:
    """Logs, is killed, and logs other values in the next try."""
    first = get_current_context()["ti"].try_number == 1
    run = current_run()
    for step in range(5 if first else 2):
        run.log_metric("m", 100 + step if first else step, step=step)
    run.persist_run()
    if first:
        os.kill(os.getpid(), signal.SIGKILL)


@dag(schedule=None)
def killed():
    die_once() >> FinishRunOperator(task_id="finish")


@task
def write_the_time() -> float:
    """Another value each time."""
    now = time.time()
    current_run().log_metric("m", now, step=0)
    return now


@dag(schedule=None)
def cleared():
    write_the_time() >> FinishRunOperator(task_id="finish")


class DeferringOperator(BaseOperator):
    """Logs before it is deferred, and after, as one attempt."""

    def execute(self, context):
        current_run().log_metric("m", 1, step=1)
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=1)), method_name="resumed")

    def resumed(self, context, event):
        current_run().log_metric("m", 2, step=2)


@dag(schedule=None)
def deferring():
    DeferringOperator(task_id="defer") >> FinishRunOperator(task_id="finish")


twenty()
killed()
cleared()
deferring()
