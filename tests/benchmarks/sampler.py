"""What sampling of system metrics takes of a core."""

import time
from collections.abc import Iterator

from mbox_ops.client.system.gpus import Gpus
from mbox_ops.client.system.machine import Machine
from tests.benchmarks.figures import Figure, Scale, at_most, medians

EVERY = 5.0  # seconds, as `start_run(system_metrics=True)` reads
READINGS = 20


def run(scale: Scale) -> Iterator[Figure]:
    """Percent of a core, by the processor's time of this process."""
    machine, gpus = Machine(), Gpus()

    def reading() -> float:
        began = time.process_time()
        for _ in range(READINGS):
            machine.read()
            gpus.read()
        return (time.process_time() - began) / READINGS

    (seconds,) = medians(scale.times(25), reading)
    yield Figure(
        name=f"system metrics every {EVERY:.0f} seconds", unit="% of a core", measured=100 * seconds / EVERY,
        goals=(at_most(0.5),),
    )  # fmt: skip
    gpus.close()
