"""Giving a run the checkpoints that Lightning writes, each one once, beside the training."""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

from mbox_ops.client.run import Run
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.errors import InternalError, InvalidRequest, MboxError, Unavailable

Giving = Literal["track", "upload"]
FOLDER = "checkpoints"  # that uploaded ones are listed in
_EPOCH = re.compile(r"(?<![A-Za-z0-9_])epoch=(\d{1,18})(?!\d)")  # in the names that Lightning gives files by default
_TRY = 5.0  # seconds that one try to upload goes on while nothing gets through
_PAUSE = 0.5

logger = logging.getLogger(__name__)


class Written(Protocol):
    """What a checkpoint callback tells of the files it keeps, as far as it has these documented attributes."""

    best_model_path: str
    last_model_path: str
    best_k_models: dict[str, Any]


class Checkpoints:
    """Gives a run's checkpoints to the service.

    A file is given once. A tracked one is known by its path, and an uploaded one by path and time, so that a
    `last.ckpt` that was written again is uploaded again. Uploading is done by a thread. A file that Lightning has
    removed, or written anew, before its turn came is passed over: it is outranked.

    A file whose name tells the epoch, as Lightning's own names do, is noted at the run's checkpoint of that epoch, too,
    with the metric that was watched.

    Args:
        giving: `track` keeps references, `upload` has the service keep the bytes.
        run: gives the run, from whatever thread.
        named: what the run calls a metric.
        patience: seconds that `finish` waits for uploads while nothing gets through.
    """

    def __init__(
        self, giving: Giving, run: Callable[[], Run], *, named: Callable[[str], str] = str, patience: float = 30.0
    ) -> None:
        self._giving, self._run, self._named, self._patience = giving, run, named, patience
        self._given: dict[str, float] = {}  # paths, and when the file was written that was given
        self._callbacks: dict[str, Written] = {}
        self._waiting: dict[str, None] = {}  # paths in order
        self._changed = threading.Condition()
        self._busy = False
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def saved(self, callback: Any) -> None:
        """A checkpoint callback has written a checkpoint."""
        name = str(getattr(callback, "state_key", id(callback)))
        first = name not in self._callbacks
        self._callbacks[name] = callback
        found = dict(_files(callback))
        if first:  # what it knew before came with the state of an earlier process, which has given it
            newest = max(found.values(), default=0.0)
            self._given |= {path: at for path, at in found.items() if at < newest and path not in self._given}
        self._give(callback, found)

    def finish(self) -> None:
        """Give what is not given yet, and wait for it; what could not be uploaded in time is tracked."""
        for callback in self._callbacks.values():
            self._give(callback, dict(_files(callback)))
        if self._thread is None:
            return
        with self._changed:
            self._ending.set()  # one last try for each
            self._changed.notify_all()
        self._thread.join()
        self._thread = None
        self._ending.clear()

    def _give(self, callback: Written, found: dict[str, float]) -> None:
        for path, at in found.items():
            if path in self._given and (self._giving == "track" or self._given[path] >= at):
                continue
            self._given[path] = at
            self._note(callback, path)
            if self._giving == "track" or not Path(path).exists():
                self._run().track_artifacts(path, mime_type=ArtifactMime.Checkpoint)
            else:
                self._queue(path)

    def _note(self, callback: Written, path: str) -> None:
        """Log the checkpoint of the epoch that a file is of, if its name tells."""
        name = Path(path).name
        if (epoch := _EPOCH.search(name)) is None:
            return
        watched, score = getattr(callback, "monitor", None), getattr(callback, "best_k_models", {}).get(path)
        metrics = {self._named(watched): float(score)} if watched and score is not None else {}
        if self._giving == "track":
            self._run().log_checkpoint(int(epoch[1]), metrics, files=path, mime_type=ArtifactMime.Checkpoint)
        else:
            self._run().log_checkpoint(int(epoch[1]), metrics, metadata={"artifact": f"{FOLDER}/{name}"})

    def _queue(self, path: str) -> None:
        with self._changed:
            self._waiting[path] = None
            self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="mbox-checkpoints", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        while (path := self._next()) is not None:
            try:
                self._upload(path)
            except MboxError as error:
                logger.warning("The checkpoint %s was not uploaded: %s", path, error)
                self._run().track_artifacts(path, mime_type=ArtifactMime.Checkpoint)
            except Exception:  # the outermost edge of the thread
                logger.exception("The checkpoint %s was not uploaded.", path)

    def _next(self) -> str | None:
        with self._changed:
            while not self._waiting and not self._ending.is_set():
                self._changed.wait()
            path = next(iter(self._waiting), None)
            if path is not None:
                del self._waiting[path]
            return path

    def _upload(self, path: str) -> None:
        """Upload until it is there, or outranked, or the run ends and patience with it.

        Raises:
            MboxError: it cannot be uploaded.
        """
        while Path(path).exists():
            ending = self._ending.is_set()
            timeout = self._patience if ending else _TRY
            try:
                self._run().upload_artifact(path, under=FOLDER, mime_type=ArtifactMime.Checkpoint, timeout=timeout)
                return
            except InvalidRequest:
                if Path(path).exists() and path not in self._waiting:
                    raise
                return
            except (Unavailable, InternalError):
                if ending:
                    self._patience = 0.0  # for those behind it, too
                    raise
                self._ending.wait(_PAUSE)


def _files(callback: object) -> Iterator[tuple[str, float]]:
    """The checkpoints that a callback keeps, and when each was last written; those elsewhere have no time."""
    named = [getattr(callback, "last_model_path", ""), getattr(callback, "best_model_path", "")]
    named += getattr(callback, "best_k_models", {})
    for path in dict.fromkeys(os.fspath(path) for path in named if path):
        if "://" in path:
            yield path, 0.0
        elif Path(path).exists() and not Path(path).is_symlink():  # a link's file is among the others
            yield path, _written_at(Path(path))


def _written_at(path: Path) -> float:
    inside = path.rglob("*") if path.is_dir() else ()
    times: list[float] = [each.stat().st_mtime for each in (path, *inside)]
    return max(times)
