"""What a watched process touched (see `watched/sitecustomize.py`), and what it should have left alone."""

import ast
import os
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_WATCHED = Path(__file__).parent / "watched"
# What the interpreter and its libraries read by themselves, such as modules when they are needed first.
_LIBRARIES = [
    str(Path(folder).resolve())
    for folder in (sys.prefix, sys.base_prefix, Path(os.__file__).parent, ROOT, "/usr/share/zoneinfo", "/proc", "/sys")
]
_FILES = {"/dev/null", "/dev/tty", "/etc/mime.types", "/etc/os-release"}


class Touched(NamedTuple):
    """A file or folder that a process touched; `path` is where links lead."""

    event: str
    changes: bool
    path: str


def watched(log: Path) -> dict[str, str]:
    """The environment of a process that notes in `log` what it touches."""
    paths = [str(_WATCHED), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "WATCH_LOG": str(log), "PYTHONDONTWRITEBYTECODE": "1"}


def touched(log: Path) -> list[Touched]:
    """What has been noted."""
    found = []
    for line in log.read_text().splitlines():
        event, how, path = line.split(" ", 2)
        found.append(Touched(event, how == "change", os.fsdecode(ast.literal_eval(path))))
    return found


def strays(found: list[Touched], allowed: list[Path]) -> list[Touched]:
    """What of it lies outside the folders allowed; libraries may be read."""
    inside = [str(folder.resolve()) for folder in allowed]
    return [
        each for each in found
        if not _within(each.path, inside)
        and each.path not in _FILES
        and (each.changes or not _within(each.path, _LIBRARIES))
    ]  # fmt: skip


def _within(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
