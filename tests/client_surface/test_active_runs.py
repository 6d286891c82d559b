"""Which run a call without `run=` means."""

import asyncio
import threading

import pytest

from mbox_ops import tracking
from mbox_ops.errors import InvalidRequest

pytestmark = pytest.mark.usefixtures("namespace")


def in_thread(work):
    """What `work` returns or raises in a new thread."""
    outcome = []

    def body():
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def test_a_second_start_in_the_same_context_is_refused():
    """The message names the run that is active; end it first."""
    with tracking.start_run() as run, pytest.raises(InvalidRequest, match=f"Run '{run.id}' is active here"):
        tracking.start_run()
    with tracking.start_run():
        pass


def test_threads_do_not_share_an_active_run():
    """Each thread starts and ends its own."""
    with tracking.start_run() as mine:

        def work():
            with tracking.start_run() as run:
                tracking.log_metric("where", 2)
            return run

        other = in_thread(work)
        tracking.log_metric("where", 1)
    assert (float(mine.metrics["where"]), float(other.metrics["where"])) == (1.0, 2.0)


def test_tasks_do_not_share_an_active_run():
    """Each asyncio task starts and ends its own."""

    async def work(value):
        with tracking.start_run() as run:
            await asyncio.sleep(0.01)
            tracking.log_metric("where", value)
        return run

    async def both():
        return await asyncio.gather(work(1), work(2))

    assert [float(run.metrics["where"]) for run in asyncio.run(both())] == [1.0, 2.0]


def test_a_thread_without_a_run_takes_the_only_open_one():
    """A data loader's thread logs to the script's run."""
    with tracking.start_run() as run:
        in_thread(lambda: tracking.log_metric("loaded", 1))
    assert float(run.metrics["loaded"]) == 1.0


def test_with_several_open_runs_a_thread_must_say_which():
    """Nothing is guessed; the error names the open runs."""
    opened = threading.Event()
    done = threading.Event()

    def work():
        with tracking.start_run():
            opened.set()
            done.wait(30)

    thread = threading.Thread(target=work)
    with tracking.start_run() as run:
        thread.start()
        opened.wait(30)
        with pytest.raises(InvalidRequest, match=f"2 are open in the process: .*{run.id}"):
            in_thread(lambda: tracking.log_metric("x", 1))
        in_thread(lambda: tracking.log_metric("x", 1, run=run))
        done.set()
        thread.join()
    assert float(run.metrics["x"]) == 1.0


def test_without_any_run_the_error_says_what_to_do():
    """Logging to nothing is an error at the call."""
    for call in (lambda: tracking.log_metric("x", 1), tracking.end_run, tracking.current_run, tracking.persist_run):
        with pytest.raises(InvalidRequest, match="No run is active: start one with"):
            call()


def test_an_sdk_object_has_an_active_run_of_its_own():
    """Two SDKs in one context do not meet."""
    sdk = tracking.MLTrackingSDK()
    with tracking.start_run() as one, sdk.start_run() as other:
        tracking.log_metric("where", 1)
        sdk.log_metric("where", 2)
    assert (float(one.metrics["where"]), float(other.metrics["where"])) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("error", "status"),
    [(None, "FINISHED"), (ValueError, "FAILED"), (KeyboardInterrupt, "KILLED"), (SystemExit, "FINISHED")],
)
def test_a_block_ends_its_run_with_the_state_it_was_left_with(error, status):
    """FAILED on an exception, KILLED on Ctrl-C; the error goes on its way."""

    def block():
        with tracking.start_run() as run:
            runs.append(run)
            if error is not None:
                raise error

    runs = []
    if error is None:
        block()
    else:
        with pytest.raises(error):
            block()
    assert runs[0].status == status


def test_a_run_that_was_ended_through_its_object_is_not_active():
    """The module and the object are two names of one thing."""
    run = tracking.start_run()
    run.end_run()
    with pytest.raises(InvalidRequest, match="No run is active"):
        tracking.log_metric("x", 1)


def test_logging_after_the_end_is_durable_before_the_call_returns():
    """A run object, a reference and a plain id all do."""
    with tracking.start_run() as run:
        pass
    tracking.log_metric("a", 1, run=run)
    tracking.log_metric("b", 2, run=run.id)
    tracking.log_metric("c", 3, run=tracking.Run(id=run.id))
    tracking.log_metric("d", 4, run=tracking.get_runs(run=run)[0])
    (stored,) = tracking.get_runs(run=run.id)
    assert {name: float(summary) for name, summary in stored.metrics.items()} == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert stored.status == "FINISHED"


def test_logging_to_a_run_that_does_not_exist_is_an_error():
    """An id that names nothing is not accepted in silence."""
    from mbox_ops.errors import NotFound

    with pytest.raises(NotFound):
        tracking.log_metric("x", 1, run="0196f2c8-0000-7000-8000-000000000000")


def test_an_id_of_an_open_run_is_that_run():
    """A plain id of the active run is buffered with the rest, in order."""
    with tracking.start_run() as run:
        for value in range(3):
            tracking.log_metric("x", value, run=run.id if value % 2 else None)
    assert [point.value for point in run.get_metrics_history("x")[0].points] == [0, 1, 2]
