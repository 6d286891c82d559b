"""What our imports cost beyond what has to be imported anyway."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from tests.benchmarks.figures import Figure, Scale, at_most, medians
from tests.benchmarks.processes import python

AIRFLOW = (
    "from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink, BaseSensorOperator; "
    "from airflow.sdk.configuration import conf; from airflow.triggers.base import BaseTrigger"
)
OPERATORS = "import mbox_airflow.operators, mbox_airflow.sensors, mbox_airflow.triggers, mbox_airflow.links"
CLOCKED = "import time; began = time.process_time(); {}; between = time.process_time(); {}; ended = time.process_time()"
SAID = "print(1e3 * (between - began), 1e3 * (ended - between))"


def run(scale: Scale) -> Iterator[Figure]:
    """Milliseconds beyond; the raw limit is the import of what is needed."""
    plain = [("import mbox_ops", 20.0), ("import mbox_ops.tracking", None)]
    for ours, most in plain:
        yield _beyond(scale.times(40), ours, most)
    yield _operators(scale.times(10))


def _beyond(repetitions: int, ours: str, most: float | None) -> Figure:
    needed = "import msgspec"
    limit, whole = medians(repetitions, lambda: python(needed), lambda: python(f"{needed}; {ours}"))
    return Figure(
        name=f"{ours}, beyond what it needs", unit="ms", measured=whole - limit, limit=limit,
        against=f'python -c "{needed}"', goals=() if most is None else (at_most(most),),
    )  # fmt: skip


def _operators(repetitions: int) -> Figure:
    """The least that a fresh process pays, in processor time, with byte code there, as it is after an install."""
    with tempfile.TemporaryDirectory(prefix="mbox-bench-airflow-") as folder:
        own = {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONPYCACHEPREFIX": f"{folder}/pyc"}
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own
        times = [_milliseconds(environment) for _ in range(repetitions + 1)][1:]  # the first one compiles
    needed, ours = (min(column) for column in zip(*times, strict=True))
    return Figure(
        name="all operators, sensors, triggers and links, beyond Airflow (processor time, least)", unit="ms",
        measured=ours, limit=needed, against="importing the modules of Airflow that they need", goals=(at_most(10.0),),
    )  # fmt: skip


def _milliseconds(environment: dict[str, str]) -> tuple[float, float]:
    command = [sys.executable, "-c", f"{CLOCKED.format(AIRFLOW, OPERATORS)}; {SAID}"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    needed, ours = said.split()[-2:]
    return float(needed), float(ours)
