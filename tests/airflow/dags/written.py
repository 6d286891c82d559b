"""DAGs that write with operators."""

from pathlib import Path

from airflow.sdk import Asset, AssetAlias, dag, task

from mbox_airflow.operators import (
    FinishRunOperator,
    LogEventOperator,
    SubmitMetricsOperator,
    TrackArtifactOperator,
)


@task
def scores() -> dict[str, float]:
    return {"auc": 0.75, "loss": 2.5, "count": 3}


@dag(schedule=None)
def every_operator():
    found = scores()
    templated = SubmitMetricsOperator(
        task_id="templated",
        metrics={"t/auc": "{{ ti.xcom_pull('scores')['auc'] }}", "t/nan": "nan"},
        step="{{ 40 + 2 }}",
        parameters={"alpha": 0.5, "run": "{{ run_id }}", "layers": [1, 2]},
        tags={"dag": "{{ dag.dag_id }}"},
        labels={"t/auc": {"format_string": "percentage"}},
        metadata={"data": {"rows": 569}},
        run_name="named {{ ti.task_id }}",
        run_collection_name="nightly",
    )
    handed = SubmitMetricsOperator(task_id="handed", metrics=found)
    printed = SubmitMetricsOperator(task_id="printed", metrics="{{ ti.xcom_pull('handed_on') }}")
    handed_on = scores.override(task_id="handed_on")()
    event = LogEventOperator(
        task_id="event", name="published", wallclock_time="{{ 12000.5 }}", metadata={"by": "{{ dag.dag_id }}"}
    )
    artifact = TrackArtifactOperator(task_id="artifact", files=["s3://models/{{ dag.dag_id }}.joblib", "/data/a.csv"])
    finish = FinishRunOperator(task_id="finish")
    found >> templated
    handed_on >> printed
    [templated, handed, printed, event, artifact] >> finish


@dag(schedule=None)
def mapped_operators():
    SubmitMetricsOperator.partial(task_id="submit", step=7).expand(metrics=[{"m": 1}, {"m": 2}, {"m": 3}])


@dag(schedule=None)
def one_submit():
    SubmitMetricsOperator(
        task_id="submit", metrics={"m": "{{ dag_run.conf.get('value', 1) }}"}, retries=1, retry_delay=0,
        on_error="{{ dag_run.conf['on_error'] }}",
    ) >> FinishRunOperator(task_id="finish", state="{{ dag_run.conf.get('state', '') }}", on_error="warn")  # fmt: skip


def touch(context):
    Path(context["dag_run"].conf["back"]).touch()


@dag(schedule=None)
def submitting():
    SubmitMetricsOperator(
        task_id="submit", metrics={"m": "{{ ti.try_number }}"}, retries=1, retry_delay=0, on_retry_callback=touch
    )


@dag(schedule=None)
def failing():
    @task
    def broken():
        raise ValueError("broken on purpose")

    @task
    def never():
        pass

    broken() >> never() >> FinishRunOperator(task_id="finish")


class UploadsTwice(TrackArtifactOperator):
    def execute(self, context):
        receipt = super().execute(context)
        if context["ti"].try_number == 1:
            raise ValueError("fails after the upload on purpose")
        return receipt


@dag(schedule=None)
def uploading():
    UploadsTwice(
        task_id="artifact", files="{{ dag_run.conf['files'] }}", upload="{{ dag_run.conf['upload'] }}",
        mime_type="{{ dag_run.conf.get('mime_type', '') }}", under="{{ dag_run.conf.get('under', '') }}",
        retries=1, retry_delay=0, outlets=[Asset(name="model", uri="s3://models/a"), AssetAlias("files")],
    )  # fmt: skip


every_operator()
mapped_operators()
one_submit()
submitting()
failing()
uploading()
