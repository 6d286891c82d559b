"""One service as one namespace and one token see it: what reads, what writes, and reading one's own writes."""

from collections import OrderedDict
from typing import TypeVar

import msgspec

from mbox_ops.client.http import HttpApi
from mbox_ops.client.recorder import Recorder, recorder_for
from mbox_ops.client.references import Ref, ident
from mbox_ops.client.starting import Address, this_task
from mbox_ops.client.stream import Stream
from mbox_ops.entities.runs import OpenRun
from mbox_ops.errors import InvalidRequest
from mbox_ops.settings import ClientSettings

T = TypeVar("T")

MOST_STREAMS = 256  # to runs that this process did not start; each is a producer that the server remembers


class Connection:
    """What this process has of one (URL, namespace, token); made without talking to anyone."""

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self.api = HttpApi.of(settings)
        self._streams: OrderedDict[tuple[str, str | None, int | None], Stream] = OrderedDict()

    @property
    def recorder(self) -> Recorder:
        """What writes; another one after a fork."""
        return recorder_for(self.settings)

    def get(self, path: str, result: type[T], **query: object) -> T:
        """Read something.

        Raises:
            MboxError: what the service answered, or that it is away.
        """
        return self.api.call("GET", path, result=result, query=query)

    def ask(self, path: str, question: object, result: type[T]) -> T:
        """Read what takes a body to say; asked again while the service is away, as `get` is.

        Raises:
            MboxError: what the service answered, or that it is away.
        """
        return self.api.call("POST", path, body=question, result=result, retry=True)

    def stream(self, address: Address, opening: OpenRun) -> Stream:
        """A stream that opens a run and writes to it."""
        return self.recorder.stream(
            run_id=opening.run_id if address.key is None else None,
            key=address.key,
            origin=address.origin,
            epoch=address.epoch,
            open=opening,
            lease=opening.lease,
        )

    def stream_to(self, run_id: str) -> Stream:
        """The stream to a run that is there, written as the task that this process runs, if it runs one."""
        task = this_task()
        wanted = (run_id, task.origin, task.epoch)
        stream = self._streams.get(wanted)
        if stream is not None and stream.producer.track.over is not None:  # the deletion that ended it may be undone
            self._streams.pop(wanted, None)
            stream.close()
            stream = None
        if stream is None:
            made = self.recorder.stream(run_id=run_id, origin=task.origin, epoch=task.epoch)
            stream = self._streams.setdefault(wanted, made)
            while len(self._streams) > MOST_STREAMS:
                self._streams.popitem(last=False)[1].close()
        return stream

    def ready(self, subject: Ref) -> str:
        """The id of what is about to be read, after what this process has buffered was sent."""
        subject_id = ident("run", subject)
        if not subject_id:
            raise InvalidRequest("Say which run is meant, by its id or as an object.", field="run", value=subject)
        self.flush()
        return subject_id

    def flush(self) -> None:
        """Send all that this process has buffered for this service."""
        self.recorder.flush()


_connections: dict[ClientSettings, Connection] = {}


def connect(settings: ClientSettings) -> Connection:
    """The process's one connection with these settings."""
    found = _connections.get(settings)
    return found if found is not None else _connections.setdefault(settings, Connection(settings))


def with_overrides(
    settings: ClientSettings, *, url: str | None = None, token: str | None = None, namespace: str | None = None
) -> ClientSettings:
    """`settings` with what a caller gave instead. A token belongs to its URL: another URL does not get it."""
    if url is not None and url.rstrip("/") != settings.url:
        settings = msgspec.structs.replace(settings, url=url.rstrip("/"), token=None)
    return msgspec.structs.replace(
        settings,
        token=settings.token if token is None else token,
        namespace=settings.namespace if namespace is None else namespace,
    )
