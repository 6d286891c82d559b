"""A logger for PyTorch Lightning that records each training as a run."""

import contextlib
import logging
import os
import re
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

import msgspec

from mbox_ops.client import parts
from mbox_ops.client.connection import Connection, connect, with_overrides
from mbox_ops.client.run import Run
from mbox_ops.client.starting import Address, address, opening, this_task
from mbox_ops.entities.writers import EndState
from mbox_ops.errors import InvalidRequest, MboxError
from mbox_ops.lightning.checkpoints import Checkpoints, Giving
from mbox_ops.lightning.hyperparameters import flat

log = logging.getLogger(__name__)

DEFAULT_NAME = "lightning_logs"  # what Lightning's own loggers call it
_FOLDER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_STATES: dict[str, EndState] = {
    "success": "FINISHED", "finished": "FINISHED", "aborted": "KILLED", "interrupted": "KILLED",
}  # fmt: skip


def _lightning() -> ModuleType:
    """The package that the program uses: the one it has imported, else the one that is installed."""
    if "pytorch_lightning" in sys.modules and "lightning" not in sys.modules:
        import pytorch_lightning

        return pytorch_lightning  # type: ignore[no-any-return]  # it comes without types
    try:
        import lightning.pytorch
    except ModuleNotFoundError as error:
        if error.name != "lightning":
            raise
        import pytorch_lightning

        return pytorch_lightning  # type: ignore[no-any-return]  # it comes without types
    return lightning.pytorch  # type: ignore[no-any-return]  # it comes without types


if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from lightning.pytorch.loggers.logger import rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
else:
    _package = _lightning()
    Logger = _package.loggers.Logger
    rank_zero_experiment = _package.loggers.logger.rank_zero_experiment
    rank_zero_only = _package.utilities.rank_zero_only

P = ParamSpec("P")
T = TypeVar("T")


def _harmless(method: Callable[Concatenate[Any, P], None]) -> Callable[Concatenate[Any, P], None]:
    """Have a method log what goes wrong with tracking, and not end the training."""

    @wraps(method)
    def called(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except (MboxError, OSError) as error:
            log.warning("%s of the logger failed, training goes on: %s", method.__name__, error)

    return called


class MboxLogger(Logger):  # type: ignore[misc]  # Lightning comes without types
    """Records a training as a run; only the process with rank zero writes.

    Logging is buffered: it neither waits for the service nor fails when the service is away. The run ends `FINISHED`,
    `FAILED` after an exception, `KILLED` after Ctrl-C or SIGTERM. A later `fit` or `test` with the same logger, or in
    another process a logger with the same `key` or `run_id`, goes on with the same run. The graph is not logged.

    Args:
        run_collection_name: the source's default collection if it is not given.
        run_name: the run's id if it is not given.
        scenario: `MBOX_SCENARIO`, or else the source's name, if it is not given.
        scenario_version: by the caller's own name for it.
        pipeline: the source; in an orchestrator its pipeline, else the script's name, if none is given.
        notebook: the source, instead of a pipeline.
        execution: of the pipeline, by the caller's own name for it.
        key: 1-1,024 characters; the live run that has it is joined. In an orchestrator's task a retry finds its run
            again without one.
        run_id: a run to go on with, by its id, instead of a key.
        namespace: `MBOX_NAMESPACE` if it is not given.
        url: `MBOX_URL` if it is not given.
        token: `MBOX_TOKEN` if it is not given.
        tags: text to text.
        save_dir: the folder in which Lightning makes `<name>/<version>/checkpoints`.
        prefix: what metrics' names begin with, parted by `/`.
        checkpoints: `track` keeps references to the checkpoints that Lightning keeps, `upload` has the service keep
            them too, None does neither. Those whose file names tell the epoch are `run.checkpoints()` as well.
        upload_patience: seconds that the end of the training waits for uploads while nothing gets through; what is
            left is tracked.
        system_metrics: log what the machine and the process do; see `Run.log_system_metrics`.

    Raises:
        InvalidRequest: an argument breaks a rule.

    Example:
        >>> trainer = Trainer(logger=MboxLogger("digits", checkpoints="upload"))  # doctest: +SKIP
    """

    def __init__(
        self,
        run_collection_name: str | None = None,
        run_name: str | None = None,
        *,
        scenario: str | None = None,
        scenario_version: str | None = None,
        pipeline: str | None = None,
        notebook: str | None = None,
        execution: str | None = None,
        key: str | None = None,
        run_id: str | None = None,
        namespace: str | None = None,
        url: str | None = None,
        token: str | None = None,
        tags: Mapping[str, str] | None = None,
        save_dir: str | os.PathLike[str] = ".",
        prefix: str = "",
        checkpoints: Giving | None = "track",
        upload_patience: float = 30.0,
        system_metrics: bool = False,
    ) -> None:
        super().__init__()
        if key is not None and run_id is not None:
            raise InvalidRequest("A run is found by its key or by its id: give one of the two.", field="run_id")
        if checkpoints not in ("track", "upload", None):
            raise InvalidRequest(
                f"checkpoints is 'track', 'upload' or None, not {checkpoints!r:.80}.", field="checkpoints"
            )
        task = this_task()
        self._where = Address(None, task.origin, task.epoch) if run_id is not None else address(task, key)
        wanted = opening(
            task, name=run_name, collection=run_collection_name, scenario=scenario, scenario_version=scenario_version,
            pipeline=pipeline, notebook=notebook, execution=execution,
            lease=self._where.key is None or self._where.key != task.key,
        )  # fmt: skip
        # The id is chosen here, so that processes that are started later, with a copy of this, mean the same run.
        self._opening = wanted if run_id is None else msgspec.structs.replace(wanted, run_id=run_id)
        self._service = {"url": url, "token": token, "namespace": namespace}
        self._tags = parts.tags(tags or {})
        self._name, self._save_dir, self._prefix = run_collection_name, os.fspath(save_dir), prefix
        self._giving, self._patience = checkpoints, upload_patience
        self._system_metrics = system_metrics
        self._unloggable: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._checkpoints: Checkpoints | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the open run: the process that gets this opens it by its id or key."""
        return self.__dict__ | {"_lock": None, "_run": None, "_checkpoints": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._begin()

    @property
    @rank_zero_experiment  # type: ignore[untyped-decorator]  # Lightning comes without types
    def experiment(self) -> Run:
        """The run, for whatever else is to be logged or read; in processes of another rank a dummy.

        Example:
            >>> self.logger.experiment.log_event(Event("unfrozen", "trainer"))  # doctest: +SKIP
        """
        return self._run or self._recorded()

    def _recorded(self) -> Run:
        """The run as it takes logs without waiting for the service: opened again, if it has ended."""
        with self._lock:
            if self._run is None or _has_ended(self._run):
                self._run = self._open()
            return self._run

    def _open(self) -> Run:
        with _sigterm_as_it_was():
            run = Run.opened(self._connection(), self._where, self._opening, closes=True)
        run.set_tags(self._tags)  # also sends the opening, when there are no tags
        if self._system_metrics:
            run.log_system_metrics()
        return run

    def _connection(self) -> Connection:
        return connect(with_overrides(this_task().settings, **self._service))

    @property
    def name(self) -> str:
        """The run collection's name if one was given, else `lightning_logs`; the service is not asked."""
        return self._name or DEFAULT_NAME

    @property
    def version(self) -> str:
        """The run's id, or for a run with a key the key, as a name that a folder can have; the same after a resume."""
        key = self._where.key or self._opening.run_id or ""
        return key if _FOLDER.fullmatch(key) else sha256(key.encode()).hexdigest()[:32]

    @property
    def save_dir(self) -> str:
        """The folder that was given; Lightning keeps checkpoints in `<save_dir>/<name>/<version>/checkpoints`."""
        return self._save_dir

    @property
    def root_dir(self) -> str:
        """The folder of all versions: `<save_dir>/<name>`."""
        return os.path.join(self._save_dir, self.name)  # noqa: PTH118 - save_dir may be a URL

    @property
    def log_dir(self) -> str:
        """The folder of this version: `<save_dir>/<name>/<version>`; nothing is written there by the logger."""
        return os.path.join(self.root_dir, self.version)  # noqa: PTH118 - save_dir may be a URL

    @rank_zero_only  # type: ignore[untyped-decorator]  # Lightning comes without types
    @_harmless
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Log hyperparameters as parameters; nested ones by their path: `optimizer.lr`."""
        for name, value in flat(params).items():
            with self._telling("hyperparameter", name):
                self._recorded().log_parameters(name, value)

    @rank_zero_only  # type: ignore[untyped-decorator]  # Lightning comes without types
    @_harmless
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log metrics of a step, at once; one that is no metric is told of once and left out."""
        named = {self._named(name): value for name, value in metrics.items()}
        try:
            self._recorded().log_metrics(named, step=step)
        except InvalidRequest:
            for name, value in named.items():
                with self._telling("metric", name):
                    self._recorded().log_metrics({name: value}, step=step)

    def _named(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextlib.contextmanager
    def _telling(self, what: str, name: str) -> Iterator[None]:
        try:
            yield
        except InvalidRequest as error:
            if name not in self._unloggable:
                self._unloggable.add(name)
                log.warning("The %s %r is not logged: %s", what, name, error)

    @_harmless
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Give the run the checkpoints that are new; Lightning calls it in the process with rank zero."""
        if self._giving is None or rank_zero_only.rank != 0:
            return
        if self._checkpoints is None:
            self._checkpoints = Checkpoints(self._giving, self._recorded, named=self._named, patience=self._patience)
        self._checkpoints.saved(checkpoint_callback)

    @rank_zero_only  # type: ignore[untyped-decorator]  # Lightning comes without types
    @_harmless
    def finalize(self, status: str) -> None:
        """End the run and make what was logged durable, in the spool if the service is away.

        Args:
            status: `success` or `finished`; `aborted` or `interrupted`; anything else is a failure, unless it is
                Ctrl-C or SIGTERM that is being handled.
        """
        state = _STATES.get(status) or _state_of_failure()
        if state == "FINISHED" and (self._run is None or _has_ended(self._run)):  # maybe by another process
            return
        if self._checkpoints is not None:
            self._checkpoints.finish()
        self._recorded().end_run(state)


def _has_ended(run: Run) -> bool:
    return run.own is None or run.own.ended


def _state_of_failure() -> Literal["KILLED", "FAILED"]:
    # Lightning says `failed` of an interrupt too, from within the handler of its exception.
    return "KILLED" if isinstance(sys.exception(), (KeyboardInterrupt, SystemExit)) else "FAILED"


@contextlib.contextmanager
def _sigterm_as_it_was() -> Iterator[None]:
    """Leave SIGTERM to Lightning, which ends the training in good order, and calls `finalize`."""
    here = threading.current_thread() is threading.main_thread()
    free = here and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    yield
    if free:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
