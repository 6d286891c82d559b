"""DAGs whose runs the listener records, or does not."""

import os
import signal
import time
from datetime import timedelta

from airflow.sdk import Variable, dag, task

from mbox_airflow import current_run
from mbox_airflow.operators import FinishRunOperator, SubmitMetricsOperator


@task(retries=1, retry_delay=timedelta(seconds=0))
def fail_once(ti=None) -> None:
    current_run().log_metric("m", 100 * ti.try_number, step=0)
    if ti.try_number == 1:
        raise ValueError("fails after logging on purpose")


@task
def die() -> None:
    """Is killed, and has no other try: no task hook fires."""
    run = current_run()
    run.log_metric("m", 1, step=1)
    run.persist_run()
    os.kill(os.getpid(), signal.SIGKILL)


@task
def sleep(seconds: float) -> None:
    time.sleep(seconds)


@dag(schedule=None, tags=["mbox"])
def listened():
    fail_once() >> sleep.partial().expand(seconds=[0.0, 0.1, 0.2])


@dag(schedule=None, tags=["mbox"])
def listened_killed():
    die() >> sleep(0.0)


@dag(schedule=None, tags=["other"])
def not_listened():
    sleep(0.0)


@task
def widths() -> list[int]:
    return list(range(int(Variable.get("mbox_width", 3))))


@task
def write(number: int) -> None:
    current_run().log_metric("m", number, step=number)


@dag(schedule=None, tags=["mbox"])
def listened_shrinking():
    write.expand(number=widths())


@dag(schedule=None)
def shrinking():
    write.expand(number=widths()) >> FinishRunOperator(task_id="finish")


@dag(schedule=None, tags=["mbox"])
def listened_finished():
    """Airflow calls it a success, because its last task is one; the finish operator knows better."""

    @task
    def fail() -> None:
        raise ValueError("fails on purpose")

    SubmitMetricsOperator(task_id="submit", metrics={"m": 1}) >> fail() >> FinishRunOperator(task_id="finish")


listened()
listened_killed()
not_listened()
listened_shrinking()
shrinking()
listened_finished()
