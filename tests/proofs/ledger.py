"""What was acknowledged, on disk line by line: by the writer that was told so, before it goes on."""

import os
from pathlib import Path

import msgspec

from mbox_ops.client.http import HttpApi
from mbox_ops.client.transport import HttpTransport
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.settings import ClientSettings
from mbox_ops.wire.encodings import decode, unpack_ints


class Line(msgspec.Struct, omit_defaults=True):
    """One thing that a writer process was promised.

    Attributes:
        what: `ack`: the server took a batch; `persisted`: `persist_run()` returned; `done`: the writer ended by itself.
        writer: the writer process's number.
        key: the key of the run that this writer writes to.
        producer, seq, logged, run_id: of `ack`: the batch, the steps of its points, and the run. It may be a batch that
            another writer, who was killed, had left in the spool.
        steps, where: of `persisted` and `done`: how many steps had been logged, and where the data was said to be.
    """

    what: str
    writer: int
    key: str
    producer: str = ""
    seq: int = 0
    run_id: str = ""
    logged: list[int] = []
    steps: int = 0
    where: str = ""


class Ledger:
    """A file that one process appends to; each line is on disk before `note` returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, line: Line) -> None:
        """Write a line and wait for the disk."""
        os.write(self._file, msgspec.json.encode(line) + b"\n")
        os.fsync(self._file)


class NotingTransport(HttpTransport):
    """The way to the server; notes what the server acknowledges before the client hears of it."""

    def __init__(self, settings: ClientSettings, ledger: Ledger, writer: int, key: str) -> None:
        super().__init__(HttpApi(settings.url, settings.token, settings.namespace))
        self._ledger, self._writer, self._key = ledger, writer, key

    def send(self, body: bytes) -> BatchResult:
        """Send an encoded batch."""
        result = super().send(body)
        batch = decode(body, Batch)
        assert batch.writer is not None
        steps = sorted({step for block in batch.points for step in _steps(block.steps)})
        writer, producer, seq = self._writer, batch.writer.producer, batch.writer.seq
        self._ledger.note(
            Line("ack", writer, self._key, producer=producer, seq=seq, run_id=result.run_id, logged=steps)
        )
        return result


def _steps(packed: bytes | list[int] | None) -> list[int]:
    assert packed is not None
    return list(packed) if isinstance(packed, list) else list(unpack_ints(packed))


def lines_of(folder: Path) -> list[Line]:
    """All lines of all ledgers of a folder; a line that was cut off by a kill was never relied upon."""
    decoder = msgspec.json.Decoder(Line)
    return [
        decoder.decode(line)
        for path in sorted(folder.glob("*.ledger"))
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]
