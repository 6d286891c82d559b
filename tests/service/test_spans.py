"""Events that begin and end something are paired."""

from mbox_ops.entities.events import EventRecord
from mbox_ops.service.service import Service
from tests.service.services import ANN, Log, clock, database, postgres_tables, service, sqlite_template

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def spans(service: Service, *told: tuple[str, str, int]) -> list[tuple[str, str, float | None]]:
    """What a run's spans are, as (name, source, seconds), after these events: (name, source, second)."""
    log = Log(service).open(scenario="churn")
    log.write(events=[EventRecord(name=name, source=source, wallclock=at * 1_000_000) for name, source, at in told])
    return [(span.name, span.source, span.seconds) for span in service.events.spans(ANN, log.id)]


def test_a_start_goes_with_the_end_that_follows_it_from_its_source(service: Service) -> None:
    """Whether it is called `x_finish` or `x_finished`; the events may come in any order, time is what counts."""
    assert spans(
        service,
        ("eval_finished", "trainer", 30), ("checkpoint_started", "trainer", 12_000), ("eval_started", "trainer", 25),
        ("checkpoint_finish", "trainer", 12_500), ("checkpoint_finish", "mirror", 12_400),
    ) == [("eval", "trainer", 5.0), ("checkpoint", "trainer", 500.0)]  # fmt: skip


def test_spans_lie_in_one_another_and_some_never_end(service: Service) -> None:
    """An end goes with the latest start that has none; an end before its start, and other events, pair with nothing."""
    assert spans(
        service,
        ("x_finished", "a", 1), ("x_started", "a", 2), ("x_started", "a", 4), ("x_finished", "a", 5), ("note", "a", 6),
        ("x_finished", "a", 9), ("x_started", "a", 10), ("xSTARTED", "a", 11), ("_started", "a", 12),
    ) == [("x", "a", 7.0), ("x", "a", 1.0), ("x", "a", None)]  # fmt: skip
