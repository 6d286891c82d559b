"""Processes under the shim, quickly: one process has imported everything, and becomes a new one by a fork each time.

`python -m tests.proofs.faults.hatchery MODULE ...` imports these modules, then reads commands from standard input, one
JSON line each, and answers each with one line.
"""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[3]


class Hatchery:
    """Starts processes that have `modules` imported, each calling one function of one argument.

    Args:
        environment: of all of them.
    """

    def __init__(self, modules: list[str], environment: dict[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.proofs.faults.hatchery", *modules],
            env={**kept, "PYTHONPATH": str(ROOT), **environment}, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def start(self, call: str, argument: Any, log: Path, **environment: str) -> int:
        """Start a process that calls `module:function` with the argument; its id."""
        return int(self._ask({"call": call, "argument": argument, "log": str(log), "environment": environment}))

    def wait(self, pid: int, seconds: float = 60) -> int:
        """Wait for its end; the exit status, or minus the signal."""
        return int(self._ask({"wait": pid, "seconds": seconds}))

    def is_over(self, pid: int) -> bool:
        """Whether it has ended."""
        return bool(self._ask({"over": pid}))

    def run(self, call: str, argument: Any, log: Path, **environment: str) -> int:
        """Start one and wait for its end."""
        return self.wait(self.start(call, argument, log, **environment))

    def kill(self, pid: int) -> None:
        """SIGKILL, and wait."""
        os.kill(pid, signal.SIGKILL)
        self.wait(pid)

    def close(self) -> None:
        """End it, and whatever of it still runs."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(command).decode() + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline())


def main() -> None:
    """Obey, until standard input ends."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    statuses: dict[int, int] = {}
    for line in sys.stdin:
        command = msgspec.json.decode(line)
        if "call" in command:
            pid = os.fork()
            if pid == 0:
                become(command)
                return
            answer: Any = pid
        elif "wait" in command:
            answer = waited(command["wait"], command["seconds"], statuses)
        else:
            note_ends(statuses)
            answer = command["over"] in statuses
        print(msgspec.json.encode(answer).decode(), flush=True)  # noqa: T201  it is what is read


def become(command: dict[str, Any]) -> None:
    """Be the new process: its output goes to its log."""
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(fd, target)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115  what was read ahead is the parent's
    os.environ |= command["environment"]
    module, name = command["call"].split(":")
    sys.exit(getattr(importlib.import_module(module), name)(command["argument"]))


def waited(pid: int, seconds: float, statuses: dict[int, int]) -> int:
    """The status of a child that ends in time; one that does not is killed."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    if pid not in statuses:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        statuses[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        signal.setitimer(signal.ITIMER_REAL, 0)
    return statuses.pop(pid)


def note_ends(statuses: dict[int, int]) -> None:
    """Collect the children that have ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        statuses[pid] = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
