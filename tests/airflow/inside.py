"""What the tests ask of the process that holds Airflow; everything here runs in it."""

import contextlib
import io
import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def check_provider_info() -> None:
    """Validate the provider info as Airflow does, and its form as the UI does."""
    import airflow
    import jsonschema

    from mbox_airflow.provider_info import get_provider_info

    schemas = Path(airflow.__file__).parent
    info = get_provider_info()
    # The first is what is checked at run time, the second what the providers of Airflow itself are held to.
    jsonschema.validate(info, json.loads((schemas / "provider_info.schema.json").read_text()))
    of_yaml = json.loads((schemas / "provider.yaml.schema.json").read_text())
    connection_types = {"definitions": of_yaml.get("definitions", {}), **of_yaml["properties"]["connection-types"]}
    jsonschema.validate(info["connection-types"], connection_types)
    assert not set(info) - set(of_yaml["properties"])


def airflow_command(command: list[str]) -> str:
    """What a command of Airflow prints; without a process of its own, which would take seconds to start.

    Raises:
        AssertionError: there was a warning about anything of ours.
    """
    from airflow.cli import cli_parser

    arguments = cli_parser.get_parser().parse_args(command)
    with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        arguments.func(arguments)
    assert [one for one in map(str, warned) if "mbox" in one] == []
    return printed.getvalue()


def connection_form() -> dict[str, Any]:
    """The fields and the behaviour of our connection's form, as the API hands them to the UI."""
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    manager.initialize_providers_hooks()
    widgets = manager.connection_form_widgets
    return {
        "fields": sorted(widgets[name].field_name for name in widgets if name.startswith("extra__mbox__")),
        "behaviour": manager.field_behaviours["mbox"],
    }


def settings(mbox_conn_id: str = "mbox_default") -> dict[str, Any]:
    """What the hook makes of a connection."""
    from mbox_airflow.hooks import MboxHook

    found = MboxHook(mbox_conn_id).settings()
    return {name: getattr(found, name) for name in ("url", "token", "namespace", "instance", "scenario", "verify")}


def refused(mbox_conn_id: str = "mbox_default") -> str:
    """What the hook says of a connection that it cannot use."""
    from mbox_airflow.hooks import MboxHook

    try:
        MboxHook(mbox_conn_id).settings()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def connection_test() -> list[Any]:
    """What the button in Airflow's UI answers."""
    from airflow.sdk import Connection

    return list(Connection.get("mbox_default").test_connection())


def runs_of_scenario(scenario: str) -> list[str]:
    """The ids of a scenario's runs, read through the hook's client."""
    from mbox_airflow.hooks import MboxHook

    return [run.id for run in MboxHook().get_conn().runs.list(scenario=scenario)]


def ends_of_a_wrapped_task() -> list[str]:
    """How a task ends whose recorder breaks at the flush: with what it returned, or with its own error."""
    import sys
    from unittest.mock import patch

    from mbox_airflow import plugin

    class Broken:
        def flush_all(self) -> None:
            raise OSError("the disk is gone")

    def fail(context: object) -> None:
        raise ValueError("of the task")

    ends = []
    with patch.dict(sys.modules, {plugin.CLIENT: Broken()}):
        for execute in (lambda context: "value", fail):
            task = SimpleNamespace(_lock_for_execution=True, execute=execute, resume_execution=execute)
            plugin.FlushBeforeTheEnd().on_task_instance_running(None, SimpleNamespace(task=task))
            try:
                ends.append(task.execute(context={}))
            except ValueError as error:
                ends.append(f"{type(error).__name__}: {error}")
    return ends


def keys_in_threads(dag_ids: list[str]) -> list[str]:
    """The keys of the active runs of tasks of several DAGs that log at the same time in threads of one process."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from mbox_airflow.plugin import FlushBeforeTheEnd
    from mbox_ops import tracking
    from mbox_ops.entities.ids import uuid7

    all_here = Barrier(len(dag_ids))

    def execute(context: dict[str, Any]) -> str:
        all_here.wait(10)
        tracking.log_metric("m", dag_ids.index(context["ti"].dag_id))
        all_here.wait(10)
        return str(tracking.current_run().key)

    def run(dag_id: str) -> Any:
        task = SimpleNamespace(_lock_for_execution=True, execute=execute, resume_execution=execute)
        ti = SimpleNamespace(
            task=task, id=uuid7(), dag_id=dag_id, run_id="r", task_id="t", map_index=-1, try_number=1
        )  # fmt: skip
        FlushBeforeTheEnd().on_task_instance_running(None, ti)
        return task.execute(context={"ti": ti, "dag_run": None, "params": {}})

    with ThreadPoolExecutor(len(dag_ids)) as pool:
        return list(pool.map(run, dag_ids))


def is_in_a_task() -> bool:
    """Whether this process takes itself for a task."""
    from mbox_airflow.context import current

    return current() is not None


def report_of_a_deletion(scenarios: int) -> dict[str, Any]:
    """What goes to XCom of a deletion that took runs of so many scenarios, of the first one least."""
    from mbox_airflow.operators.deleting import receipt
    from mbox_ops.entities.deletions import Counts, Deletion, Selector
    from mbox_ops.entities.instants import to_datetime

    names = [f"s{number}" for number in range(scenarios)]
    return receipt(
        Deletion(
            id="d", state="TOMBSTONED", namespace="default", selector=Selector(filter="runs"), counts=Counts(),
            by_scenario={name: Counts(runs=number) for number, name in enumerate(names)}, scenarios_not_found=[],
            running=[], protected=0, created_at=to_datetime(0), purge_after=to_datetime(0), created_by="test",
            kept={name: {"young": 1} for name in names},
        )
    )  # fmt: skip


def asset_events(run_id: str) -> dict[str, dict[str, Any]]:
    """What the assets that a DAG run updated were told, by their URIs."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(AssetEvent).filter_by(source_run_id=run_id)
        return {event.asset.uri: event.extra for event in found}


def tell_the_listener(dag_id: str, run_ids: list[str], times: int) -> dict[str, Any]:
    """Have Airflow call its listeners for DAG runs that ended, so often, and say what the calls cost in seconds."""
    import time

    from airflow.listeners.listener import get_listener_manager

    hook, wall, own = get_listener_manager().hook, [], []
    for number in range(times):
        dag_run = SimpleNamespace(dag_id=dag_id, run_id=run_ids[number % len(run_ids)])
        began, spent = time.perf_counter(), time.thread_time()
        hook.on_dag_run_success(dag_run=dag_run, msg="success")
        own.append(time.thread_time() - spent)
        wall.append(time.perf_counter() - began)
    return {"own": max(own), "wall": sorted(wall)[times * 9 // 10]}


def start_a_job() -> None:
    """What every component of Airflow does before it begins."""
    from airflow.jobs.job import Job

    Job()


def listener_says() -> dict[str, Any]:
    """How the listener of this process is."""
    import threading

    from mbox_airflow import listener

    watcher = listener._watcher
    threads = sum(thread.name == "mbox-listener" for thread in threading.enumerate())
    return {"threads": threads, "lost": 0 if watcher is None else watcher.lost}


def listener_options() -> Any:
    """What the listener makes of Airflow's configuration."""
    from mbox_airflow import listener

    return listener._configured()


def tabs() -> list[dict[str, Any]]:
    """The external views of our plugin, as Airflow's API hands them to its UI."""
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse
    from airflow.plugins_manager import get_plugin_info

    (ours,) = (plugin for plugin in get_plugin_info() if plugin["name"] == "mbox")
    return [ExternalViewResponse.model_validate(view).model_dump(mode="json") for view in ours["external_views"]]
