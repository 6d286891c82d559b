"""The control group that this process is in: what a container may use, which the machine's own figures do not tell.

Source: the kernel's documentation, admin-guide/cgroup-v2 and admin-guide/cgroup-v1.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/sys/fs/cgroup")
_OF = Path("/proc/self/cgroup")
_NO_LIMIT = 1 << 60  # version 1 says some number near 2**63 for none
_INACTIVE = ("inactive_file", "total_inactive_file")  # version 1 counts the groups below only in the second


class _Files(NamedTuple):
    """Where a version keeps things, below a group's folder."""

    memory_limit: str
    memory: str
    cpu_time: str


_V2 = _Files("memory.max", "memory.current", "cpu.stat")
_V1 = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "cpuacct.usage")


class Cgroup(NamedTuple):
    """What a group may use: the narrowest limits of its own and of the groups that it is in.

    Attributes:
        memory_bytes: that it may use; None: as much as there is.
        processors: that it may use at a time, such as 1.5; None: all.
        memory_folder, cpu_folder: of the groups that have these limits; what they use is what counts.
    """

    memory_bytes: int | None
    processors: float | None
    memory_folder: Path
    cpu_folder: Path
    files: _Files

    def memory_used(self) -> int | None:
        """Bytes in use, but for the pages of files that can be dropped, as Kubernetes counts them."""
        used = _number(self.memory_folder / self.files.memory)
        if used is None:
            return None
        told = _pairs(self.memory_folder / "memory.stat")
        return max(0, used - next((told[name] for name in reversed(_INACTIVE) if name in told), 0))

    def cpu_seconds(self) -> float | None:
        """Seconds that processors have worked for the group."""
        path = self.cpu_folder / self.files.cpu_time
        if self.files is _V2:
            used = _pairs(path).get("usage_usec")
            return None if used is None else used / 1e6
        used = _number(path)
        return None if used is None else used / 1e9


def own(root: Path = _ROOT, of: Path = _OF) -> Cgroup | None:
    """The group of this process; None where there is none, as on other systems than Linux."""
    groups = {name: path for names, path in _memberships(of) for name in names.split(",")}
    if (root / "cgroup.controllers").exists():
        folders = list(_upwards(root, groups.get("", "/")))
        return _found(folders, folders, _V2)
    memory, cpu = ([*_upwards(root / name, groups.get(name, "/"))] for name in ("memory", "cpu"))
    if not memory and not cpu:
        return None
    return _found(memory, cpu, _V1, accounts=[*_upwards(root / "cpuacct", groups.get("cpuacct", "/"))])


def _found(memory: list[Path], cpu: list[Path], files: _Files, accounts: list[Path] | None = None) -> Cgroup | None:
    limits = [(limit, folder) for folder in memory if (limit := _limit(folder / files.memory_limit)) is not None]
    shares = [(share, folder) for folder in cpu if (share := _share(folder)) is not None]
    bytes_, memory_folder = min(limits, default=(None, memory[0] if memory else Path()))
    processors, cpu_folder = min(shares, default=(None, cpu[0] if cpu else Path()))
    if accounts:  # its times lie in a tree of their own, of the same shape
        cpu_folder = accounts[min(cpu.index(cpu_folder), len(accounts) - 1)] if cpu else accounts[0]
    return Cgroup(bytes_, processors, memory_folder, cpu_folder, files)


def _memberships(of: Path) -> Iterator[tuple[str, str]]:
    for line in _text(of).splitlines():
        _, names, path = (*line.split(":", 2), "", "")[:3]
        yield names, path


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """The folder of a group and of all above it; inside a container the path may be one of the host's."""
    here = root / path.lstrip("/")
    if not here.is_dir():
        here = root
    while here.is_dir():
        yield here
        if here == root:
            return
        here = here.parent


def _limit(path: Path) -> int | None:
    limit = _number(path)
    return None if limit is None or limit >= _NO_LIMIT else limit


def _share(folder: Path) -> float | None:
    quota, period = (*_text(folder / "cpu.max").split(), "", "")[:2]
    if not quota:
        quota, period = (_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    if not (quota.isdecimal() and period.isdecimal()):  # `max`, or -1
        return None
    return int(quota) / int(period)


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _pairs(path: Path) -> dict[str, int]:
    pairs = (line.partition(" ") for line in _text(path).splitlines())
    return {name: int(value) for name, _, value in pairs if value.isdecimal()}


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):
        return ""
