"""The run that people hold: it writes, it reads, it ends."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mbox_ops.client import parts
from mbox_ops.client.artifacts import Artifacts
from mbox_ops.client.checkpointing import checkpoint_parts
from mbox_ops.client.connection import Connection, connect, with_overrides
from mbox_ops.client.endings import durable, state_after
from mbox_ops.client.fields import Field
from mbox_ops.client.files import Files
from mbox_ops.client.history import MetricSummary
from mbox_ops.client.outcome import Flushed
from mbox_ops.client.reading import segment
from mbox_ops.client.starting import Address, this_task
from mbox_ops.client.stream import Stream
from mbox_ops.client.subject import Subject
from mbox_ops.client.values import MetricScalar
from mbox_ops.client.writing import Writes
from mbox_ops.entities import runs
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.entities.limits import DEFAULT, check_text
from mbox_ops.entities.lineage import LineageEdge
from mbox_ops.entities.runs import MLFramework, OpenRun, Status
from mbox_ops.entities.writers import EndState
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from mbox_ops.client.checkpoints import Checkpoint
    from mbox_ops.client.system.sampling import Sampling
    from mbox_ops.entities.deletions import Deletion


class Run(Subject, Writes):
    """A run: what was started here, what was read from the server, or a reference by id.

    What a run that was started here logs is buffered and sent within a second; what is written to any other run is
    durable when the call returns. What is read of a run that is open here is fetched each time; of any other run once,
    until `refresh()`.

    Args:
        id: the run's id. Nothing is asked of the server before it is needed.

    Example:
        >>> Run(id="0196f2c8-...").metrics["loss"].last  # doctest: +SKIP
        0.25
    """

    namespace = Field[str]()
    name = Field[str]()
    status = Field[Status]()
    scenario = Field[str]()
    scenario_id = Field[str]()
    scenario_version = Field[str | None]()
    pipeline = Field[str | None]()
    notebook = Field[str | None]()
    execution = Field[str | None]()
    run_collection = Field[str]()
    run_collection_id = Field[str]()
    run_collection_is_default = Field[bool]()
    external_id = Field[str | None]()
    owner = Field[str]()
    framework = Field[MLFramework | None]()
    task = Field[str]()
    parameters = Field[dict[str, str]]()
    parameter_types = Field[dict[str, str]]()
    tags = Field[dict[str, str]]()
    labels = Field[dict[str, Any]]()
    started_at = Field[datetime]()
    ended_at = Field[datetime | None]()
    created_at = Field[datetime]()
    updated_at = Field[datetime]()
    lost = Field[int]()
    number_of_writers = Field[int]()

    existed: bool | None = None  # whether it was there before, where that was asked

    def __init__(self, id: str, *, connection: Connection | None = None) -> None:
        self._id: str | None = check_text("run id", id, most=DEFAULT.name)
        self._connection = connection or connect(this_task().settings)
        self._record: runs.Run | None = None
        self.own = None
        self._closes = False
        self._pid = os.getpid()
        self._scenario = ""

    @classmethod
    def opened(cls, connection: Connection, address: Address, opening: OpenRun, *, closes: bool = False) -> Self:
        """The run that this process opens and writes to; nothing is asked of the server.

        Args:
            closes: it is this process that is to end it.
        """
        run = cls.__new__(cls)
        run._id = opening.run_id if address.key is None else None
        run._connection = connection
        run._record = None
        run.own = connection.stream(address, opening)
        run._closes = closes
        run._pid = os.getpid()
        run._scenario = opening.scenario or (opening.source.name if opening.source else "default")
        return run

    @classmethod
    def read(cls, connection: Connection, record: runs.Run) -> Self:
        """The run that was read from the server."""
        run = cls(record.id, connection=connection)
        run._record = record
        return run

    @property
    def writes_here(self) -> bool:
        """Whether this process opened it, so that it has a stream of its own."""
        return self.own is not None

    @property
    def started_scenario(self) -> str:
        """The scenario that it was started with; it moves if somebody names another one explicitly."""
        return self._scenario

    @property
    def is_of_this_process(self) -> bool:
        """Whether this very process opened it, and not one that this one was forked from."""
        return self.own is not None and self._pid == os.getpid()

    def is_run(self, run_id: str) -> bool:
        """Whether this is the run with that id, as far as it is known without asking the server."""
        return run_id == (self._id or (self.own.run_id if self.own is not None else None))

    @property
    def is_open(self) -> bool:
        """Whether it was started here and has not been ended."""
        return self._closes and self.own is not None and not self.own.ended

    @property
    def id(self) -> str:
        """The run's id. For a run that was started with a key the server is asked once.

        Raises:
            Unavailable: the server is away, and nobody knows the id of the run with this key yet.
        """
        if self._id is None:
            assert self.own is not None
            self._id = self.own.run_id or self.own.resolve()
        return self._id

    @property
    def key(self) -> str | None:
        """The key that the run was started with, if it has one."""
        if self.own is not None:
            return self.own.key
        return self._read().key

    @property
    def label(self) -> str:
        """What to call the run in a message; never asks the server."""
        return f"Run {self._id or (self.own.key if self.own is not None else None)!r}"

    def __repr__(self) -> str:
        return f"<{self.label}>"

    def _repr_html_(self) -> str:
        from mbox_ops.client.html.views import run_page

        return run_page(self, self._connection)

    @property
    def metrics(self) -> dict[str, MetricSummary]:
        """The summaries of its series, by name."""
        return {name: MetricSummary(summary) for name, summary in self._read().metrics.items()}

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        settings = self._connection.settings
        return _elsewhere, (self.id, settings.url, settings.namespace)

    def refresh(self) -> Self:
        """Read the run again.

        Raises:
            NotFound: it is not there (any more).
        """
        self._record = None
        self._read()
        return self

    @property
    def record(self) -> runs.Run:
        """All that the service tells of the run, as one record: for JSON and for tables."""
        return self._read()

    def _read(self) -> runs.Run:
        if self._record is not None:
            return self._record
        record = self._connection.get(f"/runs/{segment(self._connection.ready(self))}", runs.Run)
        if self.own is None:
            self._record = record
        return record

    def _stream(self) -> Stream:
        return self.own if self.own is not None else self._connection.stream_to(self.id)

    def _written(self) -> None:
        self._record = None
        if not self._buffers:
            durable(self._stream().flush())

    @property
    def _buffers(self) -> bool:
        return self.own is not None and not self.own.ended

    def update_run_info(
        self,
        run_name: str | None = None,
        run_collection_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Rename the run, move it to another collection of its scenario, set tags; before, during or after it runs.

        Raises:
            InvalidRequest: a name or a tag breaks a rule; nothing was changed.
        """
        self._stream().put(**parts.info(run_name, run_collection_name, tags))
        self._written()

    def persist_run(self, timeout: float | None = None) -> Flushed:
        """Return when all that was logged is durable.

        Args:
            timeout: seconds to wait for the server; by default one that is away is not waited for.

        Returns:
            Where it is: `.where` is `server`, or `spool` when the server is away.
        """
        return self._stream().flush(timeout)

    def end_run(self, status: EndState = "FINISHED") -> Flushed:
        """End the run and make all that was logged durable.

        Args:
            status: `FINISHED`, `FAILED` or `KILLED`.

        Returns:
            Where the data is, as from `persist_run`.
        """
        stream = self._stream()
        buffers = self._buffers
        flushed = stream.end(status)
        self._record = None
        return flushed if buffers else durable(flushed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_open and self.is_of_this_process:
            self.end_run(state_after(error))
        else:
            self.persist_run()

    def log_system_metrics(self, every: float = 5.0) -> "Sampling":
        """Log what the machine and this process do, from now on, in a thread of its own.

        The metrics are under `system/`: of the machine, or of the container if it has limits, `cpu_percent`,
        `memory_bytes`, `memory_percent`, `disk_percent` (of the working folder's file system) and, in bytes a second,
        `disk_read_...`, `disk_write_...`, `network_received_...`, `network_sent_...`; of the process
        `process/cpu_percent` (100 is one core), `process/memory_bytes`, `process/threads` and
        `process/file_descriptors`; of NVIDIA's GPUs, with `pip install 'mbox-ops[gpu]'`, `gpu/0/utilization_percent`,
        `memory_bytes`, `memory_percent`, `power_watts` and `temperature_celsius`. In a task of an orchestrator, whose
        run has more tasks, they are under `system/<task>/`.

        Args:
            every: seconds between two readings, 0.1 or more; the first comes after one second at the latest.

        Returns:
            What stops it: `stop()`, or the end of its `with` block. The end of the run and of the process do, too.

        Raises:
            InvalidRequest: `every` is too small, or the run was not opened by this process.

        Example:
            >>> with current_run().log_system_metrics():  # doctest: +SKIP
            ...     train()
        """
        from mbox_ops.client.system.sampling import Sampling

        if self.own is None:
            raise InvalidRequest(f"{self.label} was not opened here: only what this process writes to can be sampled.")
        _, _, task = self.own.origin.partition(f"{self.own.key}/") if self.own.key else ("", "", "")
        return Sampling(self.own, f"system/{task}/" if task else "system/", every)

    def log_checkpoint(
        self,
        epoch: int,
        metrics: Mapping[str, MetricScalar] | None = None,
        *,
        files: Files | None = None,
        checksum: bool = False,
        mime_type: ArtifactMime | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Log the checkpoint of an epoch. There is one of each: whoever logs it first makes it, all others add to it.

        Args:
            epoch: of the training, 0 or more.
            metrics: name to value; each becomes a point of the checkpoint whose step is the epoch.
            files: paths or URIs of its files, as in `track_artifacts`; nothing is copied.
            checksum: read local files and keep their sha256.
            mime_type: what kind of thing they are; guessed from their names if it is not given.
            metadata: merged into the checkpoint's.

        Raises:
            InvalidRequest: one of them breaks a rule; nothing is logged.

        Example:
            >>> run.log_checkpoint(3, {"val_loss": 0.25}, files="epoch-3.ckpt")  # doctest: +SKIP
        """
        number, given = checkpoint_parts(epoch, metrics, files, checksum, mime_type, metadata)
        if self.own is not None and self._buffers:
            self.own.put_checkpoint(number, **given)
        else:
            self._connection.ready(self)
            self._stream().write_checkpoint(number, **given)

    def checkpoints(self) -> "list[Checkpoint]":
        """The run's checkpoints, by epoch; see `Client.checkpoints.list`."""
        from mbox_ops.client.checkpoints import Checkpoints

        return list(Checkpoints(self._connection).list(self))

    def lineage(self) -> list[LineageEdge]:
        """What the run produced, and then what it used; see `Client.artifacts.lineage`."""
        return list(Artifacts(self._connection).lineage_of_run(self))

    def delete(self, *, dry_run: bool = False, purge: bool = False, force: bool = False) -> "Deletion":
        """Delete the run; see `tracking.delete_runs`."""
        from mbox_ops.client.deleting import Deletions

        return Deletions(self._connection).create(run=self, dry_run=dry_run, purge=purge, force=force)


def _elsewhere(run_id: str, url: str, namespace: str) -> Run:
    """The run in another process, which takes its token from its own environment."""
    settings = with_overrides(this_task().settings, url=url, namespace=namespace)
    return Run(run_id, connection=connect(settings))
