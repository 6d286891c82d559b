"""What a run is and who writes to it, as far as this process knows: arguments, a parent, an orchestrator, a guess."""

import itertools
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.limits import DEFAULT, check_text
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.errors import InvalidRequest
from mbox_ops.identity import ordinal_key, parse_writer, source_of_key
from mbox_ops.settings import ClientSettings, client_settings, inside_airflow, notebook_path


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the task this process runs; all empty outside an orchestrator.

    Attributes:
        settings: where to write; in Airflow the connection's.
        key: of the orchestrator's run's run.
        origin: of what this task writes.
        epoch: when its attempt began, in milliseconds.
        joins: `start_run()` without a key joins the run of `key`, as ranks do that were told its key and nothing else.
        scenario: the scenario of the orchestrator's run.
        scenario_explicit: somebody gave it for this run (`dag_run.conf`, params), it is not merely implied.
    """

    settings: ClientSettings
    key: str | None = None
    origin: str | None = None
    epoch: int | None = None
    joins: bool = False
    scenario: str | None = None
    scenario_explicit: bool = False
    pipeline: str | None = None
    execution: str | None = None


class _AirflowTask(Protocol):
    """`mbox_airflow.context.TaskIdentity`."""

    settings: ClientSettings | None
    key: str
    origin: str | None
    epoch: int | None
    scenario: str
    scenario_explicit: bool
    pipeline: str
    execution: str


class Address(NamedTuple):
    """Which run a stream writes to, and as whom; without origin and epoch the process is a writer of its own."""

    key: str | None = None
    origin: str | None = None
    epoch: int | None = None


def this_task() -> Task:
    """What this process knows of its task: from its parent's environment, else from Airflow.

    Raises:
        InvalidRequest: `MBOX_WRITER` is damaged.
    """
    settings = client_settings()
    if settings.writer or settings.run_key:
        return _handed_down(settings)
    if inside_airflow() and (found := _airflow_task()) is not None:
        return Task(
            settings=found.settings or settings,
            key=found.key,
            origin=found.origin,
            epoch=found.epoch,
            scenario=found.scenario,
            scenario_explicit=found.scenario_explicit,
            pipeline=found.pipeline,
            execution=found.execution,
        )
    return Task(settings=settings, scenario=settings.scenario)


def _handed_down(settings: ClientSettings) -> Task:
    origin = settings.origin
    epoch: int | None = None
    if settings.writer:
        try:
            origin, epoch = parse_writer(settings.writer)
        except ValueError as error:
            raise InvalidRequest(str(error), field="MBOX_WRITER", value=settings.writer) from None
    pipeline, execution = source_of_key(settings.run_key or "")
    return Task(
        settings=settings,
        key=settings.run_key,
        origin=origin,
        epoch=epoch,
        joins=origin is None,
        scenario=settings.scenario,
        pipeline=settings.pipeline or pipeline,
        execution=execution,
    )


def _airflow_task() -> _AirflowTask | None:
    # By name: the client must not depend on Airflow, and Airflow's package is only there inside Airflow.
    found: _AirflowTask | None = import_module("mbox_airflow.context").current()
    return found


def orchestrated_run(task: Task) -> tuple[Address, OpenRun] | None:
    """The run of the orchestrator's run, as this task addresses and opens it; None outside an orchestrator."""
    if task.key is None:
        return None
    return Address(task.key, task.origin, task.epoch), opening(task)


def address(task: Task, key: str | None) -> Address:
    """Where `start_run(key=...)` of this task writes to.

    Without a key, a task with an origin gets one that a retry finds again.
    """
    if key is not None:
        check_text("key", key, most=DEFAULT.key)
    elif task.origin is not None:
        key = ordinal_key(task.origin, _next_ordinal(task.origin, task.epoch))
    elif task.joins:
        key = task.key
    return Address(key, task.origin, task.epoch)


_ordinals: dict[tuple[str, int | None], Iterator[int]] = {}


def _next_ordinal(origin: str, epoch: int | None) -> int:
    return next(_ordinals.setdefault((origin, epoch), itertools.count()))  # both steps are atomic


def opening(
    task: Task,
    *,
    name: str | None = None,
    collection: str | None = None,
    scenario: str | None = None,
    scenario_version: str | None = None,
    pipeline: str | None = None,
    notebook: str | None = None,
    execution: str | None = None,
    lease: bool = False,
) -> OpenRun:
    """What a run is: the arguments, and what the task or this process knows beside them.

    Raises:
        InvalidRequest: a name breaks a rule, or both a pipeline and a notebook are named.
    """
    check_names(
        {
            "run name": name, "run collection name": collection, "scenario": scenario, "execution": execution,
            "scenario_version": scenario_version, "pipeline": pipeline, "notebook": notebook,
        }
    )  # fmt: skip
    if pipeline is not None and notebook is not None:
        raise InvalidRequest("A run comes from a pipeline or from a notebook: give one of the two.", field="notebook")
    return OpenRun(
        run_id=uuid7(),
        name=name,
        scenario=scenario if scenario is not None else task.scenario,
        scenario_explicit=scenario is not None or task.scenario_explicit,
        scenario_version=scenario_version,
        source=_source(task, pipeline, notebook),
        execution=execution if execution is not None else task.execution,
        collection=collection,
        started_at=time.time_ns() // 1000,
        lease=lease,
    )


def check_names(given: dict[str, str | None]) -> None:
    """Check the names that a run is opened with; `scenario` is one of them.

    Raises:
        InvalidRequest: one is empty, too long, or no name that a scenario can have.
    """
    for field, name in given.items():
        if name is not None:
            check_text(field, name, most=DEFAULT.name)
    scenario = given["scenario"]
    if scenario is not None and ("," in scenario or scenario != scenario.strip()):
        raise InvalidRequest(
            f"A scenario's name holds no comma and no outer blanks: {scenario!r}", field="scenario", value=scenario
        )


def _source(task: Task, pipeline: str | None, notebook: str | None) -> Source | None:
    if pipeline is not None:
        return Source(kind="pipeline", name=pipeline, rank="argument")
    if notebook is not None:
        return Source(kind="notebook", name=notebook, rank="argument")
    if task.pipeline is not None:
        return Source(kind="pipeline", name=task.pipeline, rank="orchestrator")
    return guessed_source()


def guessed_source() -> Source | None:
    """The notebook's name, else the script's; None in a bare interpreter."""
    if name := _notebook():
        return Source(kind="notebook", name=name, rank="guess")
    if name := _script():
        return Source(kind="pipeline", name=name, rank="guess")
    return None


def _notebook() -> str | None:
    if "ipykernel" not in sys.modules:  # a script that a notebook starts inherits its environment
        return None
    shell = sys.modules["IPython"].get_ipython()
    path = notebook_path() or (shell.user_ns.get("__vsc_ipynb_file__") if shell is not None else None)
    return Path(path).stem[:256] if path else None


def _script() -> str | None:
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:  # python -m package.module, python -m package
        module: str = spec.name
        return module.removesuffix(".__main__").rpartition(".")[2][:256]
    path = getattr(main, "__file__", None)
    return Path(path).stem[:256] if path else None


def current_scenario(task: Task) -> str:
    """The scenario that a run started now, without arguments, would be in."""
    if task.scenario is not None:
        return task.scenario
    source = _source(task, None, None)
    return source.name if source is not None else "default"
