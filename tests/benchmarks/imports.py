"""What our imports cost beyond what has to be imported anyway."""

import os
from collections.abc import Iterator

from tests.benchmarks.figures import Figure, Scale, at_most, medians
from tests.benchmarks.processes import python

AIRFLOW = "from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink"


def run(scale: Scale) -> Iterator[Figure]:
    """Milliseconds beyond; the raw limit is the import of what is needed."""
    plain = [("import mbox_ops", "import msgspec", 20.0), ("import mbox_ops.tracking", "import msgspec", None)]
    for ours, needed, most in plain:
        yield _beyond(scale.times(40), ours, needed, None, most)
    environment = os.environ | {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    yield _beyond(scale.times(3), "import mbox_airflow.operators", AIRFLOW, environment, None)


def _beyond(repetitions: int, ours: str, needed: str, environment: dict[str, str] | None, most: float | None) -> Figure:
    limit, whole = medians(
        repetitions, lambda: python(needed, environment), lambda: python(f"{needed}; {ours}", environment)
    )
    return Figure(
        name=f"{ours}, beyond what it needs", unit="ms", measured=whole - limit, limit=limit,
        against=f'python -c "{needed[:40]}{"..." if len(needed) > 40 else ""}"',
        goals=() if most is None else (at_most(most),),
    )  # fmt: skip
