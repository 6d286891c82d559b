"""What the machine and the process do, logged beside a run."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from mbox_ops import tracking
from mbox_ops.client.system import cgroups
from mbox_ops.client.system.gpus import Gpus
from mbox_ops.errors import InvalidRequest

pytestmark = pytest.mark.usefixtures("namespace")

THREAD = "mbox-system-metrics"
OF_LINUX = {
    "cpu_percent", "memory_bytes", "memory_percent", "disk_percent",
    "disk_read_bytes_per_second", "disk_write_bytes_per_second",
    "network_received_bytes_per_second", "network_sent_bytes_per_second",
    "process/cpu_percent", "process/memory_bytes", "process/threads", "process/file_descriptors",
}  # fmt: skip

WORK = """
import json, os, time
from mbox_ops import tracking

with tracking.start_run(system_metrics=True) as run:
    held = bytearray(200_000_000)
    held[::4096] = b"x" * len(held[::4096])  # every page is really there
    began, used = time.monotonic(), time.process_time()
    seen = False
    while not seen:  # the first reading comes after one second, on a quiet machine
        until = time.monotonic() + 1
        while time.monotonic() < until:
            pass
        run.persist_run()
        seen = bool(run.metrics)
    share = (time.process_time() - used) / (time.monotonic() - began)
    status = open("/proc/self/status").read()
    told = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.split()[1:]}
    files = len(os.listdir("/proc/self/fd"))
    print(json.dumps([run.id, share, 1024 * int(told["VmRSS"]), int(told["Threads"]), files]))
"""


def running():
    """How many threads sample here."""
    return sum(thread.name == THREAD for thread in threading.enumerate())


def wait_for(run, name):
    """The summary of a metric, as soon as it has a point."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        run.persist_run()
        if name in run.metrics:
            return run.metrics[name]
        time.sleep(0.05)
    raise AssertionError(f"{name} has no point")


def test_the_figures_are_those_of_the_kernel():
    """Of a process that works, holds memory and files; a short run has them too."""
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, timeout=60, check=True)
    run_id, share, memory, threads, files = json.loads(done.stdout)
    (run,) = tracking.get_runs(run=run_id)
    told = {name.removeprefix("system/"): float(summary) for name, summary in run.metrics.items()}
    assert set(told) == OF_LINUX, told
    assert told["process/cpu_percent"] == pytest.approx(100 * share, rel=0.75)  # the machine has other work
    assert told["process/memory_bytes"] == pytest.approx(memory, rel=0.1)
    assert abs(told["process/threads"] - threads) <= 1
    assert abs(told["process/file_descriptors"] - files) <= 2
    assert 0 < told["memory_percent"] <= 100
    assert 0 < told["cpu_percent"] <= 101
    assert told["disk_percent"] == pytest.approx(psutil.disk_usage(".").percent, abs=5)


def test_sampling_ends_with_its_run():
    """No thread stays behind, and nothing is logged later."""
    with tracking.start_run() as run:
        run.log_system_metrics(every=0.1)
        wait_for(run, "system/cpu_percent")
        assert running() == 1
    until = time.monotonic() + 10
    while running() and time.monotonic() < until:
        time.sleep(0.02)
    assert running() == 0
    count = run.refresh().metrics["system/cpu_percent"].count
    time.sleep(0.3)
    assert run.refresh().metrics["system/cpu_percent"].count == count


def test_sampling_can_be_stopped_before():
    """By its `with` block: for what only a part of a run does."""
    with tracking.start_run() as run:
        with run.log_system_metrics(every=0.1):
            wait_for(run, "system/process/memory_bytes")
        until = time.monotonic() + 10
        while running() and time.monotonic() < until:
            time.sleep(0.02)
        assert running() == 0


def test_a_fork_does_not_sample_twice():
    """The child logs what it logs, and the machine is read by the parent alone."""
    code = f"""
import os, threading, time
from mbox_ops import tracking
with tracking.start_run() as run:
    with run.log_system_metrics(every=0.1) as sampling:
        time.sleep(0.3)
        if os.fork() == 0:
            sampling.stop()  # does nothing here
            tracking.log_metric("of the child", 1.0)
            time.sleep(0.5)
            print(sum(thread.name == {THREAD!r} for thread in threading.enumerate()), flush=True)
            run.persist_run()
            os._exit(0)
        os.wait()
        print(sum(thread.name == {THREAD!r} for thread in threading.enumerate()), flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["0", "1"], done.stderr


def test_a_pipelines_run_has_each_tasks_metrics_apart(monkeypatch):
    """Tasks on different machines share the run, and their figures must not be one series."""
    monkeypatch.setenv("MBOX_RUN_KEY", "airflow/lab/train/r1")
    monkeypatch.setenv("MBOX_WRITER", "1763700075520:airflow/lab/train/r1/fit")
    run = tracking.current_run()
    with run.log_system_metrics(every=0.1):
        wait_for(run, "system/fit/cpu_percent")
    assert all(name.startswith("system/fit/") for name in run.metrics)


@pytest.mark.parametrize("every", [0, 0.05, -1, float("nan")])
def test_too_many_readings_are_refused(every):
    """At the call, with the limit."""
    with tracking.start_run() as run, pytest.raises(InvalidRequest, match=r"it must be 0\.1 at least"):
        run.log_system_metrics(every=every)


def test_a_run_that_others_write_is_not_sampled():
    """Where a machine's figures go to is where its work goes to."""
    with tracking.start_run() as run:
        pass
    with pytest.raises(InvalidRequest, match="was not opened here"):
        tracking.Run(run.id).log_system_metrics()


def test_a_machine_without_a_driver_has_no_gpus():
    """NVML is there only where the driver is."""
    gpus = Gpus()
    if not Path("/proc/driver/nvidia").exists():
        assert gpus.read() == {}
    gpus.close()


def written(root, files):
    """A tree of files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_containers_limits_are_all_of_the_machine(tmp_path):
    """Version 2 of control groups: the narrowest limit on the way up counts, with what is used of it."""
    root = written(
        tmp_path,
        {
            "cgroup.controllers": "cpu memory\n",
            "pod/memory.max": "1000000\n", "pod/memory.current": "400000\n", "pod/memory.stat": "inactive_file 50000\n",
            "pod/cpu.max": "max 100000\n", "pod/cpu.stat": "usage_usec 9\n",
            "pod/box/memory.max": "max\n", "pod/box/memory.current": "1\n",
            "pod/box/cpu.max": "150000 100000\n", "pod/box/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
            "own": "0::/pod/box\n",
        },
    )  # fmt: skip
    found = cgroups.own(root, root / "own")
    assert (found.memory_bytes, found.memory_used()) == (1_000_000, 350_000)
    assert (found.processors, found.cpu_seconds()) == (1.5, 2.5)


def test_a_container_of_the_first_version_has_its_limits_too(tmp_path):
    """Its path is often one of the host's, which is not there inside; then the root is the container's own."""
    root = written(
        tmp_path,
        {
            "memory/memory.limit_in_bytes": "1000000\n", "memory/memory.usage_in_bytes": "400000\n",
            "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100000\n",
            "cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n",
            "cpuacct/cpuacct.usage": "2500000000\n",
            "own": "4:memory:/docker/4711\n2:cpuacct,cpu:/docker/4711\n",
        },
    )  # fmt: skip
    found = cgroups.own(root, root / "own")
    assert (found.memory_bytes, found.memory_used()) == (1_000_000, 300_000)
    assert (found.processors, found.cpu_seconds()) == (0.5, 2.5)


def test_no_limit_is_no_limit(tmp_path):
    """The first version writes a number near 2**63, the second `max`; other systems have no such files."""
    root = written(tmp_path / "1", {"memory/memory.limit_in_bytes": "9223372036854771712\n", "own": "4:memory:/\n"})
    assert cgroups.own(root, root / "own").memory_bytes is None
    root = written(tmp_path / "2", {"cgroup.controllers": "", "memory.max": "max\n", "own": "0::/\n"})
    assert cgroups.own(root, root / "own").memory_bytes is None
    assert cgroups.own(tmp_path / "3", tmp_path / "3" / "own") is None
