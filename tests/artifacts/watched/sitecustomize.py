"""Put on the path of a process, this notes every file and folder that it opens, lists or changes, where links lead."""

import os
import sys
from typing import Any

_LOG = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_READS = {"os.listdir", "os.scandir", "os.getxattr", "os.listxattr"}
_CHANGES = {"os.truncate", "os.utime", "os.chmod", "os.chown", "os.setxattr"}
# What is done to entries of folders, wherever those lead, and where the event says which open folder they start from.
_ENTRIES = {
    "os.mkdir": {0: 2}, "os.remove": {0: 1}, "os.rmdir": {0: 1}, "os.rename": {0: 2, 1: 3}, "os.link": {0: 2, 1: 3},
    "os.symlink": {1: 2},
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _ENTRIES:
        for place, of in _ENTRIES[event].items():
            _write(event, "change", _entry(os.fsencode(arguments[place]), arguments[of]))
    elif event == "open" or event in _READS or event in _CHANGES:
        path = arguments[0]
        changes = event in _CHANGES or (event == "open" and (arguments[2] or 0) & _WRITING)
        if isinstance(path, (str, bytes)):  # others are open already
            _write(event, "change" if changes else "read", os.path.realpath(path))


def _entry(path: bytes, folder: int) -> bytes:
    if folder >= 0:
        path = os.readlink(b"/proc/self/fd/%d" % folder) + b"/" + path  # noqa: PTH115  bytes
    parent, name = os.path.split(path.rstrip(b"/"))
    return os.path.realpath(parent or b".") + b"/" + name


def _write(event: str, how: str, path: str | bytes) -> None:
    os.write(_LOG, f"{event} {how} {os.fsencode(path)!r}\n".encode())


sys.addaudithook(_note)
