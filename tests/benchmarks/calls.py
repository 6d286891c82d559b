"""What a call of `log_metric` costs its caller while a server takes what is logged."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from mbox_ops.testing import live_server
from mbox_ops.tracking import MLTrackingSDK
from tests.benchmarks.figures import Figure, Scale, at_most_times, medians, seconds

CALLS = 1_000
MANY = 1_000_000
WIDE = {f"metric_{number}": number / 7 for number in range(100)}


def run(scale: Scale) -> Iterator[Figure]:
    """One value a call, and a hundred, while nothing is sent; then so many that sending goes on all the time."""
    with live_server() as server:
        tracking = MLTrackingSDK(url=server.url)
        run = tracking.start_run("calls")
        bare, of_run, of_module = medians(
            scale.times(100), _bare, lambda: _calls(run.log_metric), lambda: _calls(tracking.log_metric)
        )
        bare_wide, wide = medians(scale.times(25), _bare_wide, lambda: _wide(tracking.log_metrics))
        run.persist_run()
        (while_sent,) = medians(scale.times(5), lambda: _calls(tracking.log_metric, scale.size(MANY)))
        tracking.end_run()
    for name, measured in {"run.log_metric": of_run, "tracking.log_metric": of_module}.items():
        yield Figure(
            name=name, unit="us/call", measured=measured, limit=bare, against="3 list appends and a time.time()",
            goals=(at_most_times(4),),
        )  # fmt: skip
    yield Figure(
        name=f"tracking.log_metric, {scale.size(MANY):,} on end", unit="us/call", measured=while_sent, limit=bare,
        against="3 list appends and a time.time()",
    )  # fmt: skip
    yield Figure(
        name="tracking.log_metrics, 100 names", unit="us/call", measured=wide, limit=bare_wide,
        against="a copy of the dict and a time.time()",
    )  # fmt: skip


def _bare() -> float:
    def loop() -> None:
        names: list[str] = []
        values: list[float] = []
        times: list[float] = []
        for _ in range(CALLS):
            names.append("loss")
            values.append(0.25)
            times.append(time.time())

    return seconds(loop) / CALLS * 1e6


def _calls(log_metric: Callable[..., None], calls: int = CALLS) -> float:
    def loop() -> None:
        for step in range(calls):
            log_metric("loss", 0.25, step=step)

    return seconds(loop) / calls * 1e6


def _bare_wide() -> float:
    rows: list[tuple[float, dict[str, float]]] = []

    def loop() -> None:
        for _ in range(CALLS // 10):
            rows.append((time.time(), dict(WIDE)))

    return seconds(loop) / (CALLS // 10) * 1e6


def _wide(log_metrics: Callable[..., Any]) -> float:
    def loop() -> None:
        for step in range(CALLS // 10):
            log_metrics(WIDE, step=step)

    return seconds(loop) / (CALLS // 10) * 1e6
