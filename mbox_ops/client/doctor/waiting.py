"""The spool: can it be written, and what waits or was refused?"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mbox_ops.client.spool import Spool, spools
from mbox_ops.entities.findings import Finding, failed, ok, warning
from mbox_ops.settings import ClientSettings

_LITTLE = 1 << 30  # bytes: what one service's spool may come to


class _Reason(msgspec.Struct):
    message: str
    refused_at: float = 0.0


def spool_findings(settings: ClientSettings) -> Iterator[Finding]:
    """The folder, then what lies in it for each service and namespace."""
    yield _folder(settings.spool_dir)
    for spool in spools(settings.spool_dir):
        yield from _contents(spool, settings)


def _folder(root: Path) -> Finding:
    there = root if root.exists() else next((parent for parent in root.parents if parent.exists()), root)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return failed(
            "spool", f"{str(root)!r} cannot be written: what is logged while the service is away would be lost.",
            "Set MBOX_SPOOL_DIR to a folder that this user may write.",
        )  # fmt: skip
    free = shutil.disk_usage(there).free
    says = f"{root}, {free / (1 << 30):.1f} GiB free"
    if free < _LITTLE:
        return warning("spool", says, "Make room, or set MBOX_SPOOL_DIR to a larger file system.")
    readable = [folder for folder in root.glob("*/") if stat.S_IMODE(folder.stat().st_mode) & 0o077]
    if readable and os.name != "nt":
        return warning("spool", f"Others may read {str(readable[0])!r}.", f"chmod 700 {str(readable[0])!r}")
    return ok("spool", says)


def _contents(spool: Spool, settings: ClientSettings) -> Iterator[Finding]:
    where = f"{spool.address.url} (namespace {spool.address.namespace})"
    if waiting := len(spool.names()):
        says = (
            f"For {where}: {waiting} file(s), {spool.used():,} bytes, that running processes send or nobody does yet."
        )
        other = "" if spool.address.url == settings.url else f" --url {spool.address.url}"
        yield warning("waiting", says, f"When the processes have ended: `python -m mbox_ops sync{other}`.")
    reasons = sorted((spool.folder / "refused").glob("*.json"), key=lambda path: path.stat().st_mtime)
    if reasons:
        says = (
            f"For {where}: {len(reasons)} batch(es) that the service will never take; the last: {_reason(reasons[-1])}"
        )
        yield warning("refused", says, f"Mend the cause; what was refused lies in {spool.folder / 'refused'}.")


def _reason(path: Path) -> str:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Reason).message
    except (OSError, msgspec.DecodeError):
        return "its reason cannot be read."
