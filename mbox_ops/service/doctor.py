"""`mbox doctor` on the server's side: the database, the disk, and the store of artifacts' bytes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from mbox_ops.artifacts.blobs import SHARDS, Blobs
from mbox_ops.entities.findings import Finding, failed, ok, warning
from mbox_ops.errors import MboxError, Unavailable
from mbox_ops.store import blobs as rows
from mbox_ops.store.database import Database
from mbox_ops.store.orphans import damages, orphans

_LITTLE, _TOO_LITTLE = 5 << 30, 200 << 20  # bytes


def database_findings(database: Database) -> Iterator[Finding]:
    """Whether it answers, has the right tables, is whole, and holds no rows of what is gone."""
    try:
        broken = damages(database)
        if not broken:
            database.check_schema()
    except Unavailable as error:
        yield failed("database", str(error), "Do as it says; see whether it runs, and look at MBOX_DATABASE_URL.")
        return
    if broken:
        do = "Stop the service, keep a copy of the file, and restore a backup, or let `sqlite3 FILE .recover` save it."
        yield failed("integrity", "; ".join(broken), do)
        return
    yield ok("database", f"{database.dialect}, tables of version {database.version()}, {database.size():,} bytes")
    with database.read() as conn:
        lost = orphans(conn)
    if lost:
        says = ", ".join(f"{count:,} rows of {name}" for name, count in lost.items())
        yield failed(
            "integrity", f"Some rows belong to nothing: {says}.", "Make a backup, and report it with this text."
        )
    else:
        yield ok("integrity", "Nothing is damaged, and every row belongs to something.")


def disk_findings(places: dict[str, Path]) -> Iterator[Finding]:
    """How much room there is, for each thing that is kept on this machine."""
    for what, path in places.items():
        there = next((each for each in (path, *path.parents) if each.exists()), path)
        usage = shutil.disk_usage(there)
        says = f"{usage.free / (1 << 30):.1f} of {usage.total / (1 << 30):.1f} GiB are free for {what} ({there})."
        do = "Make room: delete runs (`mbox cleanup`), then `mbox db compact`; or move it to a larger disk."
        if usage.free < _TOO_LITTLE:
            yield failed("disk", says, do)
        else:
            yield ok("disk", says) if usage.free > _LITTLE else warning("disk", says, do)


def artifact_findings(database: Database, store: Blobs) -> Iterator[Finding]:
    """Whether the store takes bytes, and has what the database says."""
    try:
        store.probe()
        missing, there, strays = 0, 0, 0
        for shard in range(SHARDS):
            with database.read() as conn:
                known = rows.keys_below(conn, folder=f"{shard:02x}")
            found = {each.key for each in store.blobs(shard)}
            with database.read() as conn:  # what was uploaded or collected meanwhile is as it should be
                still = rows.keys_below(conn, folder=f"{shard:02x}")
            missing += len((known & still) - found)
            there, strays = there + len(known), strays + len(found - known - still)
    except MboxError as error:
        yield failed("artifacts", str(error), "Look at MBOX_ARTIFACT_URL, its credentials and its room.")
        return
    if missing:
        says = f"The bytes of {missing:,} of {there:,} contents are not in {store.url}."
        yield failed(
            "artifacts", says, "Restore them from a backup, or look whether MBOX_ARTIFACT_URL is the right one."
        )
        return
    more = f"; {strays:,} that nothing refers to go by themselves within days" if strays else ""
    yield ok("artifacts", f"{store.url} takes bytes and has all {there:,} contents{more}.")
