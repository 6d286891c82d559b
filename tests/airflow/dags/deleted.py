"""DAGs that delete runs; what their operators are given stands in the DAG run's configuration."""

from airflow.sdk import dag, get_current_context, task

from mbox_airflow.operators import CleanupRunsOperator, DeleteRunsOperator, SubmitMetricsOperator


class FailsOnceAfterwards(DeleteRunsOperator):
    def execute(self, context):
        receipt = super().execute(context)
        if context["ti"].try_number == 1:
            raise ValueError("fails after the deletion on purpose")
        return receipt


@task
def given():
    return get_current_context()["dag_run"].conf["given"]


@dag(schedule=None)
def deleting():
    DeleteRunsOperator.partial(task_id="delete", retries=1, retry_delay=0).expand_kwargs(given())


@dag(schedule=None)
def cleaning():
    CleanupRunsOperator.partial(task_id="clean", retries=1, retry_delay=0).expand_kwargs(given())


@dag(schedule=None)
def previewed():
    preview = DeleteRunsOperator(
        task_id="preview", scenario="{{ dag_run.conf['scenario'] }}", dry_run="{{ not false }}", max_runs="{{ 9 }}"
    )
    # What comes between the preview and the deletion is a run of the scenario, if the configuration says so.
    write = SubmitMetricsOperator(
        task_id="write", metrics={"m": 1}, scenario="{{ dag_run.conf.get('write_to', 'previewed') }}"
    )
    delete = DeleteRunsOperator(
        task_id="delete", scenario=["{{ dag_run.conf['scenario'] }}"], dry_run="False", force="{{ true }}",
        expected=preview.output,
    )  # fmt: skip
    preview >> write >> delete


@dag(schedule=None)
def deleting_twice():
    FailsOnceAfterwards(task_id="delete", scenario="churn", retries=1, retry_delay=0)


deleting()
cleaning()
previewed()
deleting_twice()
