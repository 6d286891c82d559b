"""What operators say of bad arguments; everything here runs in the process that holds Airflow."""

from types import SimpleNamespace
from typing import Any


def ends(cases: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """How an operator or sensor with these arguments ends, templates filled in: its error, or what it answered."""
    return [_end(name, arguments) for name, arguments in cases]


def _end(name: str, arguments: dict[str, Any]) -> str:
    from mbox_airflow import operators, sensors

    made = getattr(operators, name, None) or getattr(sensors, name)
    operator = made(task_id="task", **arguments)
    context = _context(operator)
    try:
        operator.render_template_fields(context)
        return repr(operator.execute(context))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _context(operator: Any) -> dict[str, Any]:
    from datetime import UTC, datetime

    from mbox_ops.entities.ids import uuid7

    now = datetime.now(UTC)
    ti = SimpleNamespace(
        id=uuid7(), dag_id="d", run_id="r", task_id="task", map_index=-1, try_number=1, max_tries=0, task=operator,
        xcom_push=lambda **_: None, get_task_states=lambda **_: {},
    )  # fmt: skip
    run = SimpleNamespace(conf={}, start_date=now, run_after=now)
    return {"ti": ti, "dag_run": run, "params": {}, "dag": SimpleNamespace(task_dict={}), "nothing": None}
