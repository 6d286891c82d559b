"""Short-lived processes, such as steps of a pipeline: all that they pay for being tracked."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

from mbox_ops.testing import live_server
from tests.benchmarks.figures import Figure, Scale, at_most_times, medians

STEP = """
from mbox_ops import tracking
tracking.start_run("short")
tracking.log_parameters({"learning_rate": 0.001, "optimizer": "adam"})
for step in range(5):
    tracking.log_metric("loss", 1 / (step + 1), step=step)
tracking.track_artifacts("s3://models/churn.bin")
tracking.end_run()
"""


def run(scale: Scale) -> Iterator[Figure]:
    """A whole step against an interpreter that imports `requests`; milliseconds of wall clock and of processor."""
    with live_server() as server:
        environment = os.environ | {"MBOX_URL": server.url}
        python(STEP, environment)
        wall, bare = medians(
            scale.times(25), lambda: python(STEP, environment), lambda: python("import requests", environment)
        )
    yield Figure(
        name="a whole short step", unit="ms", measured=wall, limit=bare, against='python -c "import requests"',
        goals=(at_most_times(2),),
    )  # fmt: skip


def python(script: str, environment: dict[str, str] | None = None) -> float:
    """The milliseconds that a fresh interpreter takes for a script."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    return 1e3 * (time.perf_counter() - began)
