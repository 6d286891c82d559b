"""The arguments that all task factories share."""

from typing import Any, TypeAlias, TypedDict

Value: TypeAlias = Any
"""A constant, a parameter of the pipeline, a loop's item or an output of another task."""


class ReachOptions(TypedDict, total=False):
    """The arguments of every task factory; all may be left out.

    Attributes:
        writer: tells steps apart that are otherwise the same to us: those of a sub-pipeline that is used twice, or in
            a loop, under kfp.local; and those of a loop over artifacts.
        url: the address of the tracking service; without it the environment variable `MBOX_URL` is used.
        on_error: `fail` (the default but of `finish_run`) or `warn`: what to do when nothing could be done.
        timeout_seconds: how long one attempt tries while the service is away (default 60).
        config_map: the name of the ConfigMap with `url`, `namespace`, `scenario` and `instance` (default `mbox-ops`).
        secret: the name of the Secret with `token` (default `mbox-ops`).
    """

    writer: Value
    url: Value
    on_error: str
    timeout_seconds: float
    config_map: str
    secret: str


class StepOptions(ReachOptions, total=False):
    """The arguments of the task factories that write to the run of the KFP run; all may be left out.

    Attributes:
        scenario: the scenario of the run; that of the enclosing `tracked_run`, else the pipeline's name.
        run_collection_name: the collection of the run; the pipeline's default collection if it is not given.
        run_name: names the run.
        pipeline: what the run's pipeline is called; by default the pipeline that is being built. Inside a pipeline
            that is itself used as a step of another one, give the outer one's name.
    """

    scenario: Value
    run_collection_name: Value
    run_name: Value
    pipeline: Value


def check_on_error(on_error: str) -> None:
    """Refuse another `on_error` than the two there are, where the pipeline is built."""
    if on_error not in ("fail", "warn"):
        raise ValueError(f"on_error must be 'fail' or 'warn', not {on_error!r}.")
