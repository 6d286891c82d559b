"""What writes of this process to one service: its streams, the thread that sends them, its spool."""

from __future__ import annotations

from mbox_ops.client.outcome import Flushed
from mbox_ops.client.stream import Stream
from mbox_ops.entities.runs import OpenRun
from mbox_ops.settings import ClientSettings


class Recorder:
    """All that this process writes to one service as one namespace and one token. Starts its thread at the first write.

    Args:
        settings: `url`, `token`, `namespace`, `spool_dir`, `writer` are used.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings

    def stream(
        self,
        *,
        run_id: str | None = None,
        key: str | None = None,
        origin: str | None = None,
        epoch: int | None = None,
        open: OpenRun | None = None,
        lease: bool = False,
    ) -> Stream:
        """A new stream to one run. Needs no server, never blocks, opens nothing before the first write or flush.

        Args:
            run_id: the run, if it is addressed by id.
            key: the run, if it is addressed by key. Exactly one of the two is given.
            origin: the logical writer; None: that of `MBOX_WRITER`, or else a random one of this stream's own.
            epoch: the attempt's beginning in milliseconds; None: that of `MBOX_WRITER` if the origin is its, or else
                computed from the server's time before the first send.
            open: what the run is, if this stream is to make or join it.
            lease: renew a lease until the stream ends; at the process's end a run that was not ended becomes LOST,
                FAILED (an exception) or KILLED (SIGTERM, Ctrl-C).
        """
        raise NotImplementedError

    def flush(self, timeout: float | None = None) -> Flushed:
        """Flush every stream of this recorder; see `Stream.flush`."""
        raise NotImplementedError

    def close(self, timeout: float | None = None) -> Flushed:
        """End what was not ended (as at the process's end), flush, and let the spool go. It may be used again."""
        raise NotImplementedError


def recorder_for(settings: ClientSettings) -> Recorder:
    """The process's one recorder for this URL, namespace, token and spool folder."""
    raise NotImplementedError


def flush_all(timeout: float | None = None) -> Flushed:
    """Flush every recorder of this process, such as before an Airflow task's state is reported."""
    raise NotImplementedError
