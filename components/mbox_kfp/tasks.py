"""How a task of one of our components is made: every input given, who it is, and what every task of ours gets."""

import json
from typing import Any

from kfp import dsl

from mbox_kfp.configuring import configure
from mbox_kfp.inlined.identity import mbox_unresolved
from mbox_kfp.options import ReachOptions, StepOptions, check_on_error
from mbox_kfp.placing import claims_of, identity_of, pipeline_here, set_input

OF_THE_TASK = ("config_map", "secret")
# What a task that writes to no run takes from the enclosing `tracked_run`.
REACHING = ("url", *OF_THE_TASK)
# An argument may have 128 KiB on Linux; KFP puts the outputs' addresses into the same one.
MOST_BYTES = 120_000


def writing_task(verb: str, component: Any, inputs: dict[str, Any], options: StepOptions) -> Any:
    """A task that writes to the run of the KFP run.

    Args:
        verb: the factory's name.
        component: its component.
        inputs: what it is about; None is not given.
        options: what all such factories take. Those that are missing come from the enclosing `tracked_run`.
    """
    pipeline = pipeline_here(verb)
    wanted: dict[str, Any] = claims_of(pipeline.groups) | dict(options)
    wanted["pipeline"] = wanted.get("pipeline") or pipeline.name
    return _task(verb, component, inputs, wanted)


def deleting_task(verb: str, component: Any, inputs: dict[str, Any], options: ReachOptions) -> Any:
    """A task that writes to no run: the scenario of the enclosing `tracked_run` is not what it is about."""
    claims = claims_of(pipeline_here(verb).groups)
    return _task(verb, component, inputs, {name: claims[name] for name in REACHING if name in claims} | dict(options))


def _task(verb: str, component: Any, inputs: dict[str, Any], wanted: dict[str, Any]) -> Any:
    """A task with all its inputs: KFP's `ignore_upstream_failure` wants every one given."""
    check_on_error(wanted.get("on_error", "fail"))
    spec = component.component_spec.inputs
    given = {name: each.default for name, each in spec.items() if each.default is not None}
    given |= {"task": "", "run_id": dsl.PIPELINE_JOB_ID_PLACEHOLDER, "parent_dag_id": dsl.PIPELINE_TASK_ID_PLACEHOLDER}
    given |= {name: value for name, value in wanted.items() if name not in OF_THE_TASK}
    given |= {name: value for name, value in inputs.items() if value is not None}
    _check_size(verb, given)
    _check_placeholders(verb, given)
    task = component(**given)
    for name, value in identity_of(task).items():
        set_input(task, name, value)
    configure(task, wanted.get("config_map", ""), wanted.get("secret", ""))
    return task


def _check_size(verb: str, given: dict[str, Any]) -> None:
    """Refuse inputs that no step could be started with: all of them together are one argument of its command line."""
    size = len(json.dumps(given, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise ValueError(
            f"The inputs of {verb}() are {size:,} bytes; KFP starts a step with at most about {MOST_BYTES:,}. Give "
            "long series as points_artifact=, and large documents as metadata_artifact= of update_metadata()."
        )


def _check_placeholders(verb: str, given: dict[str, Any]) -> None:
    """Refuse a placeholder inside other text: kfp.local fills it in, and a cluster leaves it as it stands."""
    for name, value in given.items():
        whole = isinstance(value, str) and value.startswith("{{$.") and value.find("}}") == len(value) - 2
        if not whole and mbox_unresolved(value):
            raise ValueError(
                f"The argument {name} of {verb}() holds a placeholder of KFP's inside something else: {value!r:.200}. "
                "A cluster fills in a placeholder only where it is the whole value: pass it on its own."
            )
