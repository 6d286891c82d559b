"""A process that holds an Airflow: it runs DAGs when asked, one JSON line a request, one JSON line an answer.

Airflow reads its environment while it is imported, and leaves handlers, warnings and threads behind: not in pytest.
"""

import contextlib
import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch


def run_dag(dag_id, conf=None, logical_date=None, forked=False, only=None):
    """`dag.test()`; `forked` hands each task to the real supervisor, `only` marks the other tasks as succeeded."""
    import pendulum

    dag = bag().dags[dag_id]
    at = None if logical_date is None else pendulum.parse(logical_date)
    options = {} if at is None else {"logical_date": at, "run_after": at}  # the same DAG run again
    if only is not None:
        options["mark_success_pattern"] = rf"(?!{only}$).*"
    reports = []
    supervised = patch("airflow.sdk.execution_time.supervisor.run_task_in_process", forking(reports))
    with supervised if forked else contextlib.nullcontext():
        run = dag.test(run_conf=conf, **options)
    return {"state": str(run.state), "run_id": run.run_id, "tasks": tasks_of(run), "reports": reports}


def bag():
    from airflow.dag_processing.dagbag import DagBag

    found = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    assert not found.import_errors, found.import_errors
    return found


def tasks_of(run):
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        instances = session.query(TaskInstance).filter_by(dag_id=run.dag_id, run_id=run.run_id).all()
        found = {
            name_of(ti): {
                "state": str(ti.state),
                "try_number": ti.try_number,
                "id": str(ti.id),
                "seconds": ti.duration,
                "xcom": {},
            }
            for ti in instances
        }
        for xcom in session.query(XComModel).filter_by(dag_id=run.dag_id, run_id=run.run_id):
            found[name_of(xcom)]["xcom"][xcom.key] = XComModel.deserialize_value(xcom)
    return found


def name_of(instance):
    return instance.task_id if instance.map_index < 0 else f"{instance.task_id}[{instance.map_index}]"


def forking(reports):
    """What stands in for `run_task_in_process`: Airflow's supervisor, which forks the task as an executor does."""
    from airflow.executors.workloads import BundleInfo
    from airflow.sdk.execution_time import comms, supervisor

    ends = (comms.SucceedTask, comms.TaskState, comms.RetryTask, comms.DeferTask)

    class Supervisor(supervisor.ActivitySubprocess):
        said = None

        def _handle_request(self, msg, log, req_id):
            if isinstance(msg, ends):
                type(self).said = msg
                reports.append([self.ti.task_id, type(msg).__name__, points_on_server(self.ti)])
            super()._handle_request(msg, log, req_id)

    def run(ti, task, client=None):
        Supervisor.said = None
        process = Supervisor.start(
            what=ti,
            dag_rel_path=Path(task.dag.fileloc).name,
            bundle_info=BundleInfo(name="dags-folder"),
            client=supervisor.InProcessTestSupervisor._api_client(task.dag),
        )
        process.wait()
        ended = SimpleNamespace(state=process.final_state, task=task)
        return SimpleNamespace(ti=ended, state=process.final_state, msg=Supervisor.said, error=None)

    return run


def points_on_server(ti):
    """How many points of the DAG run the service has at this moment, by metric."""
    from mbox_airflow.hooks import MboxHook
    from mbox_ops.errors import Unavailable
    from mbox_ops.identity import airflow_key
    from tests.airflow.reading import find

    settings = MboxHook().settings()
    key = airflow_key(settings.instance, ti.dag_id, ti.run_id)
    try:
        run = find(settings.url, settings.namespace, key, deadline=0.0)
    except Unavailable:
        return {}
    return {} if run is None else {name: summary.count for name, summary in run.metrics.items()}


def call(function, arguments):
    module, name = function.split(":")
    return getattr(importlib.import_module(module), name)(**arguments)


def serve():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    log = os.open(Path(os.environ["AIRFLOW_HOME"]) / "process.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            with patch.dict(os.environ, request["environment"]):
                answer = {"result": call(request["function"], request["arguments"])}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer, default=str) + "\n")


if __name__ == "__main__":
    serve()
