"""`python -m mbox_ops sync` and `mbox sync`: send what waits in the spool of this machine."""

import argparse
import sys
import time
from collections.abc import Sequence

from mbox_ops.client.orphans import PATIENCE, Report, send_orphans
from mbox_ops.settings import client_settings
from mbox_ops.wire.encodings import JSON, encode


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m mbox_ops sync") -> int:
    """Send what waits in the spool and tell about it: progress on stderr, the outcome on stdout.

    Args:
        arguments: those of the command line: `--url`, `--namespace`, `--patience`, `--json`.
        prog: what the command is called in its help.

    Returns:
        The exit status: 0 if nothing is left, 1 if something is.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Send what processes that are gone left in the spool. MBOX_SPOOL_DIR says where it is and "
        "MBOX_TOKEN who you are. The exit status is 0 if nothing is left.",
    )
    parser.add_argument("--url", help="the service; MBOX_URL if not given")
    parser.add_argument("--namespace", help="only this one; all of the service's if not given")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds to wait for a service that is away")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON, and no progress")
    given = parser.parse_args(arguments)
    return _run(given.url, given.namespace, as_json=given.json, patience=given.patience)


def _run(url: str | None = None, namespace: str | None = None, *, as_json: bool, patience: float) -> int:
    settings = client_settings()
    progress = _Progress()
    reports = send_orphans(
        settings.spool_dir,
        url=url or settings.url,
        namespace=namespace,
        token=settings.token,
        verify=settings.verify,
        patience=patience,
        progress=(lambda report: None) if as_json else progress,
    )
    progress.end()
    left = sum(report.left for report in reports if not (report.skipped and (url or namespace)))
    if as_json:
        print(encode({"items": reports, "left": left}, JSON).decode())  # noqa: T201  this is what it is asked for
    else:
        print(_summary(reports, left))  # noqa: T201
    return 1 if left else 0


class _Progress:
    """What was sent so far, on stderr: one line that is written over on a terminal, else one every five seconds."""

    def __init__(self) -> None:
        self._last = ""
        self._at = time.monotonic()

    def __call__(self, report: Report) -> None:
        line = f"{report.url} {report.namespace}: {report.sent} sent, {report.refused} refused"
        now = time.monotonic()
        if line != self._last and (sys.stderr.isatty() or now - self._at > 5.0):
            sys.stderr.write(f"\r{line}" if sys.stderr.isatty() else f"{line}\n")
            sys.stderr.flush()
            self._last, self._at = line, now

    def end(self) -> None:
        """Let what follows begin on a line of its own."""
        if self._last and sys.stderr.isatty():
            sys.stderr.write("\n")


def _summary(reports: Sequence[Report], left: int) -> str:
    lines = [_line(report) for report in reports]
    if not left:
        lines.append("Nothing is left in the spool.")
    return "\n".join(lines)


def _line(report: Report) -> str:
    where = f"{report.url} (namespace {report.namespace})"
    if report.skipped:
        return f"{where}: {report.left} file(s) wait; send them with --url {report.url}"
    parts = [f"{report.sent} batch(es) sent"]
    if report.refused:
        parts.append(f"{report.refused} refused for good, kept in {report.folder}/refused")
    if report.lost:
        parts.append(f"{report.lost} had lost their points at the spool's limit")
    if report.damaged:
        parts.append(f"{report.damaged} damaged place(s) skipped")
    if report.in_use:
        parts.append(f"{report.in_use} file(s) of living processes left to them")
    if report.left:
        parts.append(f"{report.left} file(s) left: {report.error}")
    return f"{where}: {', '.join(parts)}"
