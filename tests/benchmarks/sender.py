"""One of several processes that log at once: `python -m tests.benchmarks.sender URL STEPS`."""

import sys
import time

from tests.benchmarks import points
from tests.benchmarks.ingest import send


def main(url: str, steps: str) -> None:
    """Get ready, wait for a line, log, and say when that began and ended."""
    rows = points.noisy(int(steps))
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.time()
    taken = send(url, rows)
    print(began, began + taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
