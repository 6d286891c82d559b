"""`mbox demo`: real pipelines and trainings record their runs, and everything is shown."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

from mbox_ops.cli.demo.looking import Seen, look
from mbox_ops.cli.output import err, out, problem
from mbox_ops.demo.recording import PARTS, TUMOURS
from mbox_ops.testing import LiveServer, free_port

NEEDED = {"airflow": "apache-airflow", "kfp": "kfp", "litestar": "litestar", "sklearn": "scikit-learn", "pip": "pip"}


def run_demo(*, keep: bool, home: Path | None) -> int:
    """Run the demonstration; its exit status is 0 when all parts succeeded and all they recorded was found.

    Args:
        keep: leave the service running at the end.
        home: where everything goes; a new temporary folder if it is not given.
    """
    folder = (home or Path(tempfile.mkdtemp(prefix="mbox-demo-"))).absolute()
    if hindrance := _hindrance(folder):
        problem(hindrance)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    _forget_other_services(folder)
    server = LiveServer(home=folder / "service", port=free_port(), database_url=None, token=None)
    with step("Starting the tracking service on a fresh SQLite file"):
        server.start()
    out.print(f"  {server.url}")
    try:
        seen = look(server.url) if _record(server.url, folder) else None
    finally:
        server.stop()
    if seen is None:
        out.print(f"Everything is in {folder}.")
        return 1
    running = keep and _leave_running(server)
    _say_what_is_next(server, folder, seen, running=running)
    return 0 if running == keep else 1


def _hindrance(folder: Path) -> str | None:
    """Why the demo cannot run; None if it can."""
    if missing := [package for name, package in NEEDED.items() if find_spec(name) is None]:
        return f"The demo needs more: pip install 'mbox-ops[demo]' (missing: {', '.join(missing)})."
    if (folder / "service").exists():
        return f"{folder} holds what an earlier demo recorded; name another folder with --home."
    return None


def _forget_other_services(folder: Path) -> None:
    """What this machine's environment says of a service, a token, a namespace or a run is not meant for the demo's."""
    for name in [name for name in os.environ if name.startswith("MBOX_")]:
        del os.environ[name]
    os.environ["MBOX_SPOOL_DIR"] = str(folder / "spool")


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show that something is going on, and how long it took."""
    started = time.monotonic()
    with err.status(f"{what} ..."):
        yield
    out.print(f"[green]✓[/] {what} ({time.monotonic() - started:.1f} s)")


def _record(url: str, folder: Path) -> bool:
    for part in PARTS:
        try:
            with step(part.title):
                wrong = part.record(url, folder)
        except subprocess.TimeoutExpired as error:
            wrong = f"{part.title}: it has not ended within {error.timeout:.0f} seconds and was stopped."
        if wrong is not None:
            problem(wrong)
            return False
    return True


def _leave_running(server: LiveServer) -> bool:
    command = [sys.executable, "-m", "mbox_ops.server", "--port", str(server.port), "--grpc-port", "0"]
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "MBOX_HOME": str(server.home), "MBOX_DATABASE_URL": server.database_url},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    while process.poll() is None and not _listens(server.port):
        time.sleep(0.05)
    if process.returncode is not None:
        problem(f"The service did not start again; its log is {server.log}.")
        return False
    out.print(f"The service runs on as process {process.pid}; `kill {process.pid}` stops it.")
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _say_what_is_next(server: LiveServer, folder: Path, seen: Seen, *, running: bool) -> None:
    out.rule("Where everything is")
    out.print(f"Everything is in {folder}: the database service/mbox.db, the logs of all parts, the models.")
    program = sys.argv[0] if Path(sys.argv[0]).name == "mbox" else "mbox"
    if not running:
        out.print("Look at it again with")
        out.print(f"  MBOX_HOME={server.home} {program} serve --port {server.port}", soft_wrap=True)
    out.print(f"{'Open' if running else 'and open'} {server.url}/ in a browser. There is something on every page:")
    for path, what in _pages(seen):
        out.print(f"  {server.url}{path}  {what}", soft_wrap=True)
    out.print("The same in a terminal:")
    shown = (f"runs show {seen.dag_run}", f"history {seen.training} test/loss", f"deletions undo {seen.deletion}")
    for command in ("runs list", "scenarios list", *shown):
        out.print(f"  MBOX_URL={server.url} {program} {command}", soft_wrap=True)


def _pages(seen: Seen) -> list[tuple[str, str]]:
    """Addresses that are worth a look, and what is there."""
    best = urlencode({"scenario": TUMOURS, "sort": "metrics.test/loss"})
    return [
        (f"/runs?{best}", "the classifiers, the best one first"),
        (f"/runs/{seen.dag_run}", "the run of the Airflow DAG"),
        (f"/runs/{seen.training}/metrics", "the curves of a training"),
        (f"/models/{seen.model}", "the model that it became"),
        (f"/deletions/{seen.deletion}", "the deletion, which can be undone"),
    ]
