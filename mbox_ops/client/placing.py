"""Where a downloaded artifact goes: inside the folder that was asked for, whatever its label says."""

import os
import re
from pathlib import Path

from mbox_ops.errors import InvalidRequest

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DRIVE = re.compile(r".?:")
_WINDOWS = os.name == "nt"
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\..*)?", re.IGNORECASE)


def steps(label: str) -> list[str]:
    """The folders, and last the name, that a label stands for; `/` parts them.

    A label is what somebody wrote, so whatever could lead elsewhere on any system is refused, and nothing is decoded.

    Raises:
        InvalidRequest: it is absolute, has a drive or a backslash, an empty step, `.`, `..`, or unprintable characters.

    >>> steps("checkpoints/epoch 7.pt")
    ['checkpoints', 'epoch 7.pt']
    """
    parts = label.split("/")
    # What Windows takes for `..`, with blanks and dots behind it, is no name anywhere.
    bad = any(not part.rstrip(" .") or part != part.strip() for part in parts)
    if _WINDOWS:
        bad = bad or any(":" in part or part != part.rstrip(" .") or _DEVICES.fullmatch(part) for part in parts)
    if bad or "\\" in label or _CONTROL.search(label) or _DRIVE.match(label):
        raise InvalidRequest(
            f"The artifact's path {label[:200]!r} is no path inside a folder, so it is not written to one.",
            field="artifact path", value=ascii(label),
        )  # fmt: skip
    return parts


def place(folder: Path, label: str) -> Path:
    """The file that a label stands for in a folder; the folders up to it are made.

    Raises:
        InvalidRequest: the label is none of a file inside, or a link in the folder leads out of it, or a file stands
            where a folder is needed, or the other way round, or the system takes no such name there.
    """
    *between, name = steps(label)
    try:
        return _placed(folder, between, name)
    except OSError as error:
        raise _refused(folder / label, f"cannot be a file here ({error.strerror})") from None


def _placed(folder: Path, between: list[str], name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    inside = at = folder.resolve()
    for step in between:
        at = at / step
        if at.is_symlink() and not at.resolve().is_relative_to(inside):
            raise _refused(at, "is a link that leads out of the folder")
        try:
            at.mkdir(exist_ok=True)
        except FileExistsError:
            raise _refused(at, "is there already, and no folder") from None
    target = at / name
    if target.is_dir() and not target.is_symlink():
        raise _refused(target, "is there already, and a folder")
    return target


def _refused(path: Path, why: str) -> InvalidRequest:
    return InvalidRequest(f"{str(path)!r} {why}: nothing was written.", field="to", value=str(path))
