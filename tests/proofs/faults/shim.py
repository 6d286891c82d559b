"""Builds `faults.c`, and tells it which call is to fail: through memory that the test and the process share."""

import errno
import mmap
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")
KINDS = {"write": 1, "sync": 2, "open": 4, "rename": 8, "truncate": 16, "unlink": 32, "read": 64}
ANY_WRITING = "write+sync+open+rename+truncate+unlink"
_CONTROL = struct.Struct("<7i")
MISSING = "There is no C compiler; `apt-get install gcc libc6-dev` brings one."


@dataclass(frozen=True)
class Fault:
    """What is to go wrong.

    Attributes:
        kinds: which calls count, by the names of `KINDS`, joined by `+`.
        error: the name of an errno; `short` for a write or a read that does only half.
        lasts: every call from the chosen one on fails until the fault is lifted.
    """

    kinds: str
    error: str
    lasts: bool = False

    def __str__(self) -> str:
        return f"{self.kinds} {self.error}{' and on' if self.lasts else ''}"


class Shim:
    """The library, and what it shares with this process.

    Args:
        folder: for the library, the shared memory and the trace.
        below: the folder whose files are on the disk that fails.
    """

    def __init__(self, folder: Path, below: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.trace = folder / "trace"
        library, control = folder / "faults.so", folder / "control"
        compiler = shutil.which("cc") or shutil.which("gcc")
        assert compiler is not None, MISSING
        command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", library, SOURCE]
        subprocess.run([*command, "-ldl", "-lpthread"], check=True)
        control.write_bytes(bytes(4096))
        with control.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 4096)
        self.environment = {
            "LD_PRELOAD": str(library), "MBOX_FAULTS_BELOW": str(below.resolve()),
            "MBOX_FAULTS_CONTROL": str(control), "MBOX_FAULTS_TRACE": str(self.trace),
        }  # fmt: skip

    def arm(self, fault: Fault, nth: int) -> None:
        """Have the n-th of these calls fail, counted from now, and note what comes to the disk."""
        number = 0 if fault.error == "short" else getattr(errno, fault.error)
        kinds = sum(KINDS[kind] for kind in fault.kinds.split("+"))
        self.trace.write_bytes(b"")
        self._shared[: _CONTROL.size] = _CONTROL.pack(kinds, nth, number, fault.lasts, 0, 0, 1)

    def lift(self) -> None:
        """Let every call through from now on; what comes to the disk is still noted."""
        self._shared[:4] = bytes(4)

    def rest(self) -> None:
        """Let every call through, and note nothing."""
        self.lift()
        self._shared[24:28] = bytes(4)

    @property
    def seen(self) -> int:
        """How many calls were counted since `arm`."""
        return int(_CONTROL.unpack(self._shared[: _CONTROL.size])[4])

    @property
    def failed(self) -> int:
        """How many calls were made to fail since `arm`; 0: the chosen one was never made."""
        return int(_CONTROL.unpack(self._shared[: _CONTROL.size])[5])


def is_there() -> bool:
    """Whether this machine can build it."""
    return os.name == "posix" and (shutil.which("cc") or shutil.which("gcc")) is not None
