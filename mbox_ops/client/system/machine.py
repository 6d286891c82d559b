"""Readings of the machine and of this process, as metrics: percentages, bytes, and bytes a second.

In a container the limits of its control group are what counts as all of the machine.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import psutil

from mbox_ops.client.system import cgroups


class Machine:
    """Reads the machine and this process; rates are those since the reading before."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cgroup = cgroups.own()
        self._before = self._counts()

    def read(self) -> dict[str, float]:
        """The metrics of this moment. What a system does not tell is left out."""
        before, self._before = self._before, self._counts()
        grown = {name: value - before[name] for name, value in self._before.items() if name in before}
        seconds = max(grown.pop("seconds"), 1e-9)
        found = dict(_loads(grown, seconds, self._processors()))
        for name in ("disk_read_bytes", "disk_write_bytes", "network_received_bytes", "network_sent_bytes"):
            if name in grown:
                found[f"{name}_per_second"] = max(0.0, grown[name]) / seconds
        return found | dict(self._sizes())

    def _processors(self) -> float | None:
        """How many the control group may use at a time; None without a limit."""
        return None if self._cgroup is None else self._cgroup.processors

    def _counts(self) -> dict[str, float]:
        counts = {"seconds": time.monotonic()}
        own = self._process.cpu_times()
        counts["process"] = own.user + own.system
        whole = psutil.cpu_times()
        counts["idle"] = whole.idle + getattr(whole, "iowait", 0.0)
        counts["whole"] = sum(whole) - getattr(whole, "guest", 0.0) - getattr(whole, "guest_nice", 0.0)  # in user too
        if self._cgroup is not None and (used := self._cgroup.cpu_seconds()) is not None:
            counts["group"] = used
        # `nowrap` takes a lock, which a child that is forked meanwhile would never get.
        if (disk := _told(psutil.disk_io_counters, nowrap=False)) is not None:
            counts |= {"disk_read_bytes": disk.read_bytes, "disk_write_bytes": disk.write_bytes}
        if (network := _told(psutil.net_io_counters, nowrap=False)) is not None:
            counts |= {"network_received_bytes": network.bytes_recv, "network_sent_bytes": network.bytes_sent}
        return counts

    def _sizes(self) -> Iterator[tuple[str, float]]:
        memory = psutil.virtual_memory()
        used, limit = memory.total - memory.available, memory.total
        if self._cgroup is not None and (self._cgroup.memory_bytes or limit) < limit:
            used, limit = self._cgroup.memory_used() or 0, self._cgroup.memory_bytes or limit
        yield "memory_bytes", used
        yield "memory_percent", 100 * used / limit
        if (disk := _told(psutil.disk_usage, ".")) is not None:
            yield "disk_percent", disk.percent
        yield "process/memory_bytes", self._process.memory_info().rss
        yield "process/threads", self._process.num_threads()
        if hasattr(self._process, "num_fds"):
            yield "process/file_descriptors", self._process.num_fds()


def _loads(grown: Mapping[str, float], seconds: float, processors: float | None) -> Iterator[tuple[str, float]]:
    if processors is not None and "group" in grown:
        yield "cpu_percent", 100 * grown["group"] / seconds / processors
    elif grown["whole"] > 0:
        yield "cpu_percent", 100 * max(0.0, 1 - grown["idle"] / grown["whole"])
    yield "process/cpu_percent", 100 * grown["process"] / seconds


def _told(ask: Any, *arguments: object, **options: object) -> Any:
    """What psutil tells; None where this system has no such thing."""
    try:
        return ask(*arguments, **options)
    except (OSError, RuntimeError, NotImplementedError, psutil.Error):
        return None
