"""Objects of the server that are no runs: models, their versions, checkpoints. What is written to one is durable."""

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from mbox_ops.client.connection import connect, with_overrides
from mbox_ops.client.endings import durable
from mbox_ops.client.history import MetricSummary
from mbox_ops.client.reading import Metrics, segment
from mbox_ops.client.starting import this_task
from mbox_ops.client.subject import Subject
from mbox_ops.client.values import MetadataWritten
from mbox_ops.entities.limits import DEFAULT, check_text
from mbox_ops.entities.writers import MetadataOp, Writer

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection
    from mbox_ops.client.stream import Stream

R = TypeVar("R")


class Stored(Subject, Generic[R]):
    """An object of the server, by its id. What is read of it is fetched once, until `refresh()` or a write.

    Attributes:
        existed: whether it was there before, where that was asked.
    """

    path: ClassVar[str]
    kind: ClassVar[type[Any]]  # of its record
    existed: bool | None = None

    def __init__(self, id: str, *, connection: "Connection | None" = None) -> None:
        self._id = check_text("id", id, most=DEFAULT.name)
        self._connection = connection or connect(this_task().settings)
        self._record: R | None = None

    @classmethod
    def read(cls, connection: "Connection", record: Any) -> Self:
        """What was read from the server."""
        found = cls(record.id, connection=connection)
        found._record = record
        return found

    @property
    def id(self) -> str:
        """Its id."""
        return self._id

    @property
    def record(self) -> R:
        """All that the service tells of it, as one record: for JSON and for tables."""
        if self._record is None:
            path = f"{self.path}/{segment(self._connection.ready(self))}"
            self._record = self._connection.get(path, self.kind)
        return self._record

    @property
    def metrics(self) -> dict[str, MetricSummary]:
        """The summaries of its series, by name."""
        held = getattr(self.record, "metrics", None)  # a model's record has none
        if held is None:
            return Metrics(self._connection).list(self)
        return {name: MetricSummary(summary) for name, summary in held.items()}

    def refresh(self) -> Self:
        """Read it again.

        Raises:
            NotFound: it is not there (any more).
        """
        self._record = None
        _ = self.record
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._id!r}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        settings = self._connection.settings
        return _elsewhere, (type(self), self._id, settings.url, settings.namespace)

    def _stream(self) -> "Stream":
        return self._connection.stream_to(self._id)

    def _written(self) -> None:
        self._record = None
        durable(self._stream().flush())

    def _change(self, change: MetadataOp, keys: int) -> MetadataWritten:
        result = self._stream().write_now(metadata=[change])
        self._record = None
        return MetadataWritten(num_keys_written=result.num_keys_written, updated_at=result.updated_at)


def writer_here() -> Writer:
    """A writer of one request, so that sending it again does nothing: this process's task, or nobody else."""
    task = this_task()
    known = task.origin is not None and task.epoch is not None
    origin, epoch = (task.origin, task.epoch) if known else (secrets.token_hex(16), time.time_ns() // 1_000_000)
    return Writer(origin=origin or "", epoch=epoch or 1, producer=secrets.token_hex(16), seq=1)


def _elsewhere(kind: type[Stored[Any]], id: str, url: str, namespace: str) -> Stored[Any]:
    """The object in another process, which takes its token from its own environment."""
    settings = with_overrides(this_task().settings, url=url, namespace=namespace)
    return kind(id, connection=connect(settings))
