"""A pipeline whose run is closed with its true state, and steps of one's own that log with the SDK."""

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Unpack

from kfp import dsl
from kfp.dsl import placeholders, structures

from mbox_kfp.configuring import give_address
from mbox_kfp.factories import finish_run
from mbox_kfp.inlined import handing, identity, sending
from mbox_kfp.options import StepOptions, Value
from mbox_kfp.placing import MOST_LOOPS, claims_of, groups_around, identity_of, pipeline_here, set_input

HANDED_BY = (
    identity.mbox_part,
    identity.mbox_fit,
    identity.mbox_key,
    identity.mbox_origin,
    identity.mbox_item,
    identity.mbox_plain,
    identity.mbox_unresolved,
    identity.mbox_who,
    sending.mbox_url,
    sending.mbox_token,
    sending.mbox_epoch,
    sending.mbox_deliver,
    sending.mbox_call,
    sending.mbox_trouble,
    handing.mbox_handed,
    handing.mbox_hand_over,
)
PREFIX = "mbox_"


@contextmanager
def tracked_run(**options: Unpack[StepOptions]) -> Iterator[Any]:
    """The steps inside write to one run, which is closed with its true state whatever happens to them.

    It is a `dsl.ExitHandler` whose exit task is `finish_run()`. Scenario, collection, name, address and the names of
    ConfigMap and Secret that are given here hold for the steps of ours inside, where they are not given their own.

    Args:
        options: see `StepOptions`; `on_error` (here `warn` if it is not given) is that of closing the run.

    Yields:
        The exit task.

    Example:
        with tracked_run(scenario="digits"):
            submit_metrics(metrics={"accuracy": 0.93})
    """
    task = finish_run(**options)
    handler = dsl.ExitHandler(task)
    handler.mbox_claims = {
        name: value for name, value in options.items() if name not in ("on_error", "timeout_seconds", "writer")
    }
    with handler:
        yield task


def with_tracking(
    task: Any,
    *,
    scenario: Value = None,
    pipeline: Value = None,
    writer: Value = "",
    url: Value = None,
    config_map: str | None = None,
    secret: str | None = None,
    timeout_seconds: float = 5.0,
) -> Any:
    """Hand a task of the user's own component what the SDK needs to log to the run of this KFP run.

    In the step, `mbox_ops.tracking.current_run()` is that run, and `tracking.start_run()` a run of the step's own that
    a retry finds again. The component has to install `mbox-ops`, and its image has to have `python3` and a command.

    Three things are done to the task: it gets the address and the token as `give_address` does for our own steps; it
    gets inputs (`mbox_...`) that KFP fills in; and a few lines of Python run before its command, which set
    `MBOX_RUN_KEY`, `MBOX_WRITER` (`MBOX_ORIGIN` when the service is away), `MBOX_PIPELINE` and, where it is given,
    `MBOX_SCENARIO` and `MBOX_URL`. Plain environment variables would not do: KFP resolves no placeholder in them. The
    task is not cached, since a run whose steps were taken from the cache would lack their metrics.

    Args:
        task: a task of a component of the user's own.
        scenario: the scenario; that of the enclosing `tracked_run` if it is not given.
        pipeline: what the run's pipeline is called; the pipeline that is being built if it is not given.
        writer: see `StepOptions`.
        url: the address of the tracking service; without it the environment variable `MBOX_URL` is used.
        config_map: the name of the ConfigMap (default `mbox-ops`).
        secret: the name of the Secret (default `mbox-ops`).
        timeout_seconds: how long the step waits for the service before it starts without its epoch.

    Returns:
        The same task.

    Raises:
        ValueError: the task has no command of its own: it is a pipeline or an importer, or runs its image's entrypoint.

    Example:
        with_tracking(train(rate=0.1))
    """
    if task.container_spec is None or not task.container_spec.command:
        raise ValueError(f"with_tracking() needs a task with a command of its own, and {task.name!r} has none.")
    claims = claims_of(groups_around(task))
    given = identity_of(task) | {
        "run_id": dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        "parent_dag_id": dsl.PIPELINE_TASK_ID_PLACEHOLDER,
        "pipeline": pipeline or claims.get("pipeline") or pipeline_here("with_tracking").name,
        "scenario": scenario or claims.get("scenario") or "",
        "url": url or claims.get("url") or "",
        "writer": writer,
        "timeout_seconds": repr(timeout_seconds),
    }
    _declare(task, given)
    task.container_spec.command = [*_preamble(given), "--", *task.container_spec.command]
    give_address(task, config_map or claims.get("config_map", ""), secret or claims.get("secret", ""))
    task.set_caching_options(enable_caching=False)
    return task


def _declare(task: Any, given: dict[str, Any]) -> None:
    """Add inputs of type text to this one task; its component stays as it is."""
    task.component_spec = copy.copy(task.component_spec)
    task.component_spec.inputs = dict(task.component_spec.inputs or {})
    for name, value in given.items():
        task.component_spec.inputs[PREFIX + name] = structures.InputSpec(type="String")
        set_input(task, PREFIX + name, str(value) if isinstance(value, int) else value)


def _preamble(given: dict[str, Any]) -> list[str]:
    """The command that sets the environment: its source, and each input as an argument of its own."""
    lines = [inspect.getsource(function) for function in HANDED_BY]
    source = "from __future__ import annotations\n\n\n" + "\n\n".join(lines)
    source += "\n\nimport sys\nmbox_hand_over(sys.argv[1:])\n"
    inputs = [f"{name}={placeholders.InputValuePlaceholder(PREFIX + name)}" for name in sorted(given)]
    return ["python3", "-c", source, *inputs]


__all__ = ["MOST_LOOPS", "tracked_run", "with_tracking"]
