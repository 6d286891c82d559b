"""The Airflow provider of mbox-ops: operators, a hook, and the DAG run's run inside any task.

    from mbox_airflow import current_run
    from mbox_airflow.operators import SubmitMetricsOperator

Importing this package imports neither Airflow nor the client.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mbox_airflow.hooks import MboxHook
    from mbox_airflow.taskflow import current_run, mbox_env

__all__ = ["MboxHook", "current_run", "mbox_env"]

_HOMES = {"MboxHook": "mbox_airflow.hooks", "current_run": "mbox_airflow.taskflow", "mbox_env": "mbox_airflow.taskflow"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
