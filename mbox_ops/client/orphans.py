"""Sending what processes that are gone left in their spools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from mbox_ops.client.clock import Clock
from mbox_ops.client.epochs import Epochs
from mbox_ops.client.http import HttpApi
from mbox_ops.client.journal import Journal
from mbox_ops.client.lanes import JournalLane
from mbox_ops.client.sender import Sender, Transport
from mbox_ops.client.spool import Spool, spools
from mbox_ops.client.tracks import Item, Tracks
from mbox_ops.client.transport import HttpTransport
from mbox_ops.client.verdicts import Backoff, Verdict, judge
from mbox_ops.entities.writers import Batch
from mbox_ops.wire.encodings import decode

PATIENCE = 10.0  # seconds of failures after which a service is left alone


class Report(msgspec.Struct, kw_only=True):
    """What became of the spool of one service and namespace.

    Attributes:
        sent: batches that the service has now, or had already.
        refused: batches that it will never take; they are kept under `refused/`.
        lost: batches that lost their points, or all, at the spool's limit; their runs count them, too.
        damaged: places in the files that could not be read.
        left: files that still wait.
        in_use: files of processes that are alive and send them themselves.
        skipped: another URL was asked for.
        error: why something is left.
    """

    url: str
    namespace: str
    folder: str
    sent: int = 0
    refused: int = 0
    lost: int = 0
    damaged: int = 0
    left: int = 0
    in_use: int = 0
    skipped: bool = False
    error: str | None = None


def send_orphans(
    root: Path,
    *,
    url: str,
    namespace: str | None = None,
    token: str | None = None,
    verify: bool | str = True,
    progress: Callable[[Report], None] = lambda report: None,
    patience: float = PATIENCE,
) -> list[Report]:
    """Send every orphaned spool file of a service.

    Args:
        root: the folder of all spools, `MBOX_SPOOL_DIR`.
        url: the service; what waits for another one is only reported, since the token is not for it.
        namespace: only this one; all if None.
        token: for the service.
        verify: as in `HttpApi`.
        progress: called now and then with the report so far.
        patience: seconds of failures after which a service is left alone.

    Returns:
        A report for each folder. Nothing is left if each one's `left` is 0.
    """
    reports = []
    for spool in spools(root):
        address = spool.address
        report = Report(url=address.url, namespace=address.namespace, folder=str(spool.folder))
        if address.url != url.rstrip("/") or namespace not in (None, address.namespace):
            report.skipped, report.left = True, len(spool.names())
        else:
            transport = HttpTransport(HttpApi(address.url, token, address.namespace, verify=verify))
            _send_all(spool, transport, report, progress, patience)
            spool.forget_old_clocks()
        reports.append(report)
        progress(report)
    return reports


def _send_all(
    spool: Spool, transport: Transport, report: Report, progress: Callable[[Report], None], patience: float
) -> None:
    clock = Clock()
    epochs = Epochs(clock, transport.time, spool.clock_path)
    report.in_use = len(spool.names())
    for journal in spool.orphans():
        report.in_use -= 1
        if report.error is None:
            lane = _CountingLane(journal, Tracks())
            sender = Sender(lane, transport, epochs, spool.refused, clock=clock, backoff=Backoff())
            _send(sender, clock, report, progress, patience)
            report.damaged += journal.damaged
            report.lost += lane.lost
        report.left += not _is_done(journal)
        journal.close()


def _is_done(journal: Journal) -> bool:
    try:
        return journal.is_empty()
    except OSError:
        return False


class _CountingLane(JournalLane):
    """An orphan's batches, and how many of what it wrote was lost before it came to the journal."""

    def __init__(self, journal: Journal, tracks: Tracks) -> None:
        super().__init__(journal, tracks)
        self.lost = 0
        self._lost_with_item = 0
        self._highest: dict[str, int] = {}

    def take(self) -> Item | None:
        """As any lane; a jump in sequence numbers says the same as a batch that counts lost ones."""
        is_new = self._item is None
        item = super().take()
        if is_new and item is not None:
            jump = item.seq - self._highest.get(item.track.producer, item.seq - 1) - 1
            self._lost_with_item = decode(item.body, Batch).lost + max(0, jump)
            self._highest[item.track.producer] = item.seq
        return item

    def settle(self, item: Item) -> None:
        """As any lane; the losses are counted once the batch that tells of them is settled."""
        super().settle(item)
        self.lost += self._lost_with_item
        self._lost_with_item = 0


def _send(sender: Sender, clock: Clock, report: Report, progress: Callable[[Report], None], patience: float) -> None:
    """Send until nothing is left, the service has been away for too long, or it does not let us."""
    sent, refused, trouble_at = report.sent, report.refused, clock.monotonic()
    while (delay := sender.step()) is not None:
        report.sent, report.refused = sent + sender.sent, refused + sender.refused
        progress(report)
        if sender.trouble is None:
            trouble_at = clock.monotonic()
        elif judge(sender.trouble) is Verdict.DENIED or clock.monotonic() - trouble_at > patience:
            report.error = str(sender.trouble)
            break
        clock.sleep(delay)
