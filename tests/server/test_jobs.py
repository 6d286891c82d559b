"""The server's own jobs run at their periods, and one that fails stops nothing."""

import threading

from structlog.testing import capture_logs

from mbox_ops.server.jobs import Job, Jobs
from mbox_ops.server.metrics import Metrics


class Hands:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_each_job_runs_at_its_period() -> None:
    """At once, and then when it is due."""
    ran: list[str] = []
    now = Hands()

    def note(name: str) -> int:
        ran.append(name)
        return 0

    jobs = Jobs([Job("often", 1.0, lambda: note("often")), Job("seldom", 3.0, lambda: note("seldom"))], now=now)
    for _ in range(7):
        jobs.tick()
        now.seconds += 0.5
    assert ran == ["often", "seldom", "often", "often", "often", "seldom"]


def test_a_job_that_fails_is_logged_and_tried_again() -> None:
    """And the others run all the same."""
    ran: list[str] = []
    now = Hands()

    def fail() -> int:
        raise RuntimeError("no luck")

    def note() -> int:
        ran.append("good")
        return 2

    jobs = Jobs([Job("bad", 1.0, fail), Job("good", 1.0, note)], now=now)
    with capture_logs() as logs:
        jobs.tick()
        now.seconds += 1
        jobs.tick()
    assert ran == ["good", "good"]
    assert [(line["event"], line["job"]) for line in logs] == [("job failed", "bad"), ("job done", "good")] * 2


def test_runs_of_jobs_are_counted() -> None:
    """How often, how long, how much, and when one last ended well."""
    metrics = Metrics()
    outcomes: list[int | Exception] = [2, 0, RuntimeError("no luck")]
    now = Hands()

    def run() -> int:
        now.seconds += 0.3
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    jobs = Jobs([Job("one", 1.0, run)], metrics=metrics, now=now)
    for _ in range(3):
        jobs.tick()
        now.seconds += 1

    def read(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"job": "one", **labels})

    assert read("mbox_job_runs_total", outcome="ok") == 2
    assert read("mbox_job_runs_total", outcome="failed") == 1
    assert read("mbox_job_items_total") == 2
    assert read("mbox_job_seconds_count") == 3
    assert round(read("mbox_job_seconds_sum") or 0, 3) == 0.9


def test_the_thread_ends_when_it_is_stopped() -> None:
    """After the job that runs, and before the next."""
    began = threading.Event()

    def run() -> int:
        began.set()
        return 0

    jobs = Jobs([Job("one", 0.01, run)])
    jobs.start()
    assert began.wait(5)
    jobs.stop()
    assert not any(thread.name == "mbox-jobs" for thread in threading.enumerate())
