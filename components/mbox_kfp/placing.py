"""Where in which pipeline a task stands, as far as the code that builds the pipeline can see.

KFP keeps this in `kfp.dsl.pipeline_context`, which is not public; here is the only place that looks into it.
"""

from typing import Any

from kfp.dsl import for_loop, pipeline_channel, pipeline_context, tasks_group

MOST_LOOPS = 3


def pipeline_here(verb: str) -> Any:
    """The pipeline that is being built.

    Raises:
        RuntimeError: none is.
    """
    pipeline = pipeline_context.Pipeline.get_default_pipeline()
    if pipeline is None:
        raise RuntimeError(
            f"{verb}() makes a task of a pipeline: call it inside a function decorated with @dsl.pipeline. The bare "
            "component is mbox_kfp/<name>/component.yaml."
        )
    return pipeline


def groups_around(task: Any) -> list[Any]:
    """The groups that enclose a task, the outermost first: loops, conditions, exit handlers."""
    groups: list[Any] = []
    group = task.parent_task_group
    while group is not None:
        groups.insert(0, group)
        group = group.parent_task_group
    return groups


def loop_items(groups: list[Any]) -> list[Any]:
    """The item channels of the loops among `groups`, the outermost first.

    A loop over artifacts has no item that can be passed as a parameter; on a cluster the parent DAG's id tells its
    iterations apart, under kfp.local `writer=` must.

    Raises:
        ValueError: there are too many.
    """
    loops = [group.loop_argument for group in groups if isinstance(group, tasks_group.ParallelFor)]
    items = [item for item in loops if isinstance(item, for_loop.LoopParameterArgument)]
    if len(items) > MOST_LOOPS:
        raise ValueError(
            f"The step stands in {len(items)} nested loops; mbox_kfp tells the items of at most {MOST_LOOPS} apart. "
            "Make the inner loops a pipeline of their own."
        )
    return items


def claims_of(groups: list[Any]) -> dict[str, Any]:
    """What the innermost enclosing `tracked_run` was given: scenario, collection, name, address."""
    for group in reversed(groups):
        if (claims := getattr(group, "mbox_claims", None)) is not None:
            found: dict[str, Any] = claims
            return found
    return {}


def set_input(task: Any, name: str, value: Any) -> None:
    """Give a task an input after it was made, without KFP's check of types: any loop item may become text."""
    task.inputs[name] = value
    if isinstance(value, pipeline_channel.PipelineChannel):
        task.channel_inputs.append(value)


def identity_of(task: Any) -> dict[str, Any]:
    """Who the task is: a name that KFP fixed when the pipeline was built, and the items of its loops.

    The placeholder of the task's name will not do: it differs between kfp.local and a cluster. The pipeline's name is
    part of it, since a sub-pipeline has tasks of the same names.

    Returns:
        The values of the inputs `task`, `loops` and `loop_item_1` to `loop_item_3`.
    """
    items = loop_items(groups_around(task))
    identity = {"task": f"{pipeline_here(task.name).name}.{task.name}", "loops": len(items)}
    return identity | {f"loop_item_{number}": item for number, item in enumerate(items, 1)}
