"""Which files are uploaded, and under which labels: folders are walked, and nothing outside of them is read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mbox_ops.client.files import File, Files, expanded
from mbox_ops.entities.limits import DEFAULT, check_text
from mbox_ops.errors import InvalidRequest


class Source(NamedTuple):
    """A file to upload and the label it gets."""

    label: str
    path: Path


def sources(files: Files, under: str | None = None) -> list[Source]:
    """The files that are meant, folders walked.

    Args:
        files: paths, one or a list. A file gets its name as its label; a folder's files get the folder's name and
            their path in it. In a folder, links to files of the same folder are files too; links to folders are not
            followed.
        under: a folder of labels to put them all in.

    Raises:
        InvalidRequest: one is not there, is no file, is a link out of its folder, or has the label of another one.
    """
    several = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    found: dict[str, Source] = {}
    for source in (source for file in several for source in _sources_of(file)):
        label = f"{under.strip('/')}/{source.label}" if under else source.label
        check_text("artifact path", label, most=DEFAULT.uri)
        if label in found:
            raise InvalidRequest(
                f"{str(found[label].path)!r} and {str(source.path)!r} would both be listed as {label!r}.",
                field="files", value=label,
            )  # fmt: skip
        found[label] = Source(label, source.path)
    if not found:
        raise InvalidRequest(f"There is no file in {files!r:.200}.", field="files", value=files)
    return list(found.values())


def _sources_of(file: File) -> Iterator[Source]:
    if not isinstance(file, (str, os.PathLike)):
        raise InvalidRequest(
            f"files must hold paths, not {type(file).__name__}: {file!r:.80}", field="files", value=file
        )
    text = os.fspath(file)
    if isinstance(file, str) and "://" in file:
        raise InvalidRequest(
            f"{text[:200]!r} is a URI: only local files are uploaded; track_artifacts keeps URIs.",
            field="files", value=text,
        )  # fmt: skip
    path = expanded(text)
    if stat.S_ISDIR(_mode(path)):
        name = path.name if path.name != ".." else ""
        yield from (Source(f"{name}/{source.label}" if name else source.label, source.path) for source in _walk(path))
    else:
        _check_regular(path)
        yield Source(path.name, path)


def _walk(root: Path) -> Iterator[Source]:
    def fail(error: OSError) -> None:
        raise _unreadable(Path(str(error.filename)), error.strerror or str(error))

    inside = root.resolve()
    for folder, folders, names in os.walk(root, onerror=fail):
        folders.sort()
        for name in folders:
            _check_inside(Path(folder, name), inside)
        for name in sorted(names):
            path = Path(folder, name)
            _check_regular(path)
            _check_inside(path, inside)
            yield Source(path.relative_to(root).as_posix(), path)


def _check_inside(path: Path, inside: Path) -> None:
    if path.is_symlink() and not path.resolve().is_relative_to(inside):
        raise InvalidRequest(
            f"{str(path)!r} is a link that leads out of the folder; name the file itself to upload it.",
            field="files", value=str(path),
        )  # fmt: skip


def _check_regular(path: Path) -> None:
    if not stat.S_ISREG(_mode(path)):
        raise _unreadable(path, "It is neither a file nor a folder")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from None


def _unreadable(path: Path, why: str) -> InvalidRequest:
    return InvalidRequest(f"{str(path)!r} cannot be uploaded: {why}.", field="files", value=str(path))
