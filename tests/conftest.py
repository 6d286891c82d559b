"""What all tests share: a PostgreSQL server, and the rule that CI skips nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import postgres_server, postgres_url, server_folder, stop_server_in

__all__ = ["postgres_server", "postgres_url"]

IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
POSTGRES_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep a list of skips, and name one folder for PostgreSQL that all workers of pytest-xdist know."""
    config.pluginmanager.register(SkipsFailInCI(config), "skips-fail-in-ci")
    if hasattr(config, "workerinput"):
        config.stash[POSTGRES_FOLDER] = Path(config.workerinput["postgres_folder"])
    else:
        config.stash[POSTGRES_FOLDER] = server_folder()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker of pytest-xdist where the shared PostgreSQL lives."""
    node.workerinput["postgres_folder"] = str(node.config.stash[POSTGRES_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop PostgreSQL: the process that runs last owns it, whichever worker started it."""
    if not hasattr(config, "workerinput") and POSTGRES_FOLDER in config.stash:
        stop_server_in(config.stash[POSTGRES_FOLDER])


@pytest.fixture(scope="session")
def postgres_folder(pytestconfig: pytest.Config) -> Path:
    """The folder in which this test session keeps its PostgreSQL."""
    return pytestconfig.stash[POSTGRES_FOLDER]


class SkipsFailInCI:
    """On a laptop a test may be skipped because Airflow, KFP or PostgreSQL is missing; CI has them all."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.skips: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a skipped test; an expected failure counts as run."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skips.append(f"{report.nodeid}: {reason_of(report)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skipped itself while it was imported."""
        if report.skipped:
            self.skips.append(f"{report.nodeid}: {reason_of(report)}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error) -> None:
        """Take over the skips of a worker: only the worker sees a module that skipped itself."""
        self.skips.extend(getattr(node, "workeroutput", {}).get("skips", []))

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Fail a session that would have passed."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["skips"] = self.skips
        elif IN_CI and self.skips and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which tests failed the session."""
        if IN_CI and self.skips:
            skips = sorted(set(self.skips))
            terminalreporter.section("skipped in CI", red=True, bold=True)
            terminalreporter.line(f"CI is set, and {len(skips)} skipped: CI must run every test, so this run fails.")
            for skip in skips:
                terminalreporter.line(f"  {skip}")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason that a test gave for being skipped."""
    longrepr = report.longrepr
    return str(longrepr[2] if isinstance(longrepr, tuple) else longrepr).removeprefix("Skipped: ")
