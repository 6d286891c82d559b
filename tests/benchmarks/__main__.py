"""`python -m tests.benchmarks`: measure, print a table, write JSON."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import (
    batches,
    calls,
    curves,
    deletions,
    history,
    imports,
    ingest,
    pages,
    processes,
    requesting,
    sampler,
    search,
    serving,
    sizes,
    table,
)
from tests.benchmarks.figures import Benchmark, Figure, Scale

BENCHMARKS: dict[str, Benchmark] = {
    "calls": calls.run,
    "ingest": ingest.run,
    "batches": batches.run,
    "sizes": sizes.run,
    "history": history.run,
    "curves": curves.run,
    "search": search.run,
    "pages": pages.run,
    "deletions": deletions.run,
    "processes": processes.run,
    "imports": imports.run,
    "serving": serving.run,
    "requesting": requesting.run,
    "sampler": sampler.run,
}


def main() -> int:
    """Measure what is asked for; 1 with `--check` if a goal is missed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME", help=f"of {list(BENCHMARKS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--quick", action="store_true", help="few repetitions and small sizes: do they still run?")
    parser.add_argument("--check", action="store_true", help="fail if a goal is missed")
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="mbox-bench-") as folder:
        for name in [name for name in os.environ if name.startswith("MBOX_")]:
            del os.environ[name]
        os.environ["MBOX_SPOOL_DIR"] = folder
        for name in options.only or BENCHMARKS:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            figures += BENCHMARKS[name](Scale(options.quick))
    table.show(figures)
    if options.json is not None:
        table.write(figures, options.json)
    return 1 if options.check and any(figure.ok is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
