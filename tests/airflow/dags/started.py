"""A DAG whose task starts runs of its own with `tracking`."""

from airflow.sdk import dag, task

from mbox_ops import tracking


@dag(schedule=None)
def started():
    @task(retries=1, retry_delay=0)
    def search(ti=None):
        first = ti.try_number == 1
        keys = []
        for width in (8, 16):
            with tracking.start_run(run_name=f"width {width}") as run:
                tracking.log_parameters("width", width)
                for step in range(3 if first else 2):
                    tracking.log_metric("loss", width + 100 * first, step=step)
                keys.append(run.key)
            if first and width == 16:
                raise ValueError("fails after both runs on purpose")
        tracking.log_metric("widths", 2)
        return keys

    search()


started()
