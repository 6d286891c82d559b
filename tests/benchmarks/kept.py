"""Databases that are made once, because loading them takes minutes: where they are kept, and under which name."""

import hashlib
import os
from pathlib import Path

from sqlalchemy.schema import CreateTable

from mbox_ops.store.tables import metadata

FOLDER = Path(os.environ.get("MBOX_BENCH_DATA", Path(__file__).parents[2] / ".benchmarks"))


def kept(name: str) -> Path:
    """Where a database of these tables is kept; files of the same name with other tables are of no use, and go."""
    FOLDER.mkdir(exist_ok=True)
    said = "".join(str(CreateTable(table)) for table in metadata.sorted_tables)
    path = FOLDER / f"{name}-{hashlib.sha256(said.encode()).hexdigest()[:8]}.db"
    for stale in FOLDER.glob(f"{name}-????????.db"):
        if stale != path:
            stale.unlink()
    return path
