"""Steps whose service is away, slow, guarded, or loses its answers."""

import subprocess
import sys
import time

import pytest

pytest.importorskip("kfp")

from kfp import dsl

from mbox_kfp import log_event, submit_metrics, tracked_run, with_tracking
from mbox_kfp.log_event.component import log_event as log_event_step
from mbox_ops.testing import free_port, live_server
from tests.kfp import parts
from tests.kfp.conftest import Written
from tests.proxy import proxy

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]


def step(scenario: str, **inputs: object) -> object:
    """Run the function of a log_event step in this process, in a KFP run of its own for each scenario."""
    given = {
        "run_id": f"run of {scenario}",
        "pipeline": "p",
        "task": "p.log-event",
        "name": "e",
        "timeout_seconds": 5.0,
    }
    return log_event_step(**given | {"scenario": scenario} | inputs)


def test_a_lost_reply_stores_once(written):
    """The very same body goes again, with the same producer and seq, and the service knows it."""

    def fate(line, number):
        return "lose the reply" if line.startswith("POST") and number == 2 else "pass"

    with proxy(written.url, fate, methods=(b"GET", b"POST")) as between:
        run_id, _ = step("kfp-lost-reply", url=between.url)
    assert [line.split()[0] for line in between.requests] == ["GET", "POST", "POST"]
    run = written.run("kfp-lost-reply")
    assert run["id"] == run_id
    assert len(written.events(run)) == 1


class LosesReplies:
    """Stores the first write, loses its reply, and is away for some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.back_at = 0.0

    def __call__(self, line, number):
        """Decide about one request."""
        if line.startswith("POST") and not self.back_at:
            self.back_at = time.monotonic() + self.seconds
            return "lose the reply"
        return "lose the request" if time.monotonic() < self.back_at else "pass"


def test_a_step_whose_reply_never_came_replaces_it_when_it_is_retried(play, written):
    """The first attempt is stored, but cannot know it and fails; the second one leaves a single set of points."""

    @dsl.pipeline(name="never-came")
    def never_came(url: str):
        task = submit_metrics(metrics={"a": 1}, scenario="kfp-never-came", url=url, timeout_seconds=2.0)
        task.set_retry(3, "0s")

    with proxy(written.url, LosesReplies(seconds=2.5), methods=(b"GET", b"POST")) as between:
        log = play(never_came, url=between.url)
    assert "This step tried" in log
    assert sum(line.startswith("POST") for line in between.requests) > 2
    assert written.points(written.run("kfp-never-came")) == {"a": [(0, 1.0)]}


def test_a_step_waits_for_a_service_that_is_coming_back(written):
    """503 and refused connections are tried again within the time that is given."""

    def fate(line, number):
        return "lose the request" if number <= 2 else "pass"

    with proxy(written.url, fate, methods=(b"GET", b"POST")) as between:
        step("kfp-coming-back", url=between.url)
    assert len(between.requests) == 4
    assert len(written.events(written.run("kfp-coming-back"))) == 1


def test_a_service_that_is_away_fails_the_step_and_not_the_exit_task(play, environment):
    """An explicit step fails and says where it looked; with on_error='warn', and in the exit task, it only warns."""
    url = f"http://127.0.0.1:{free_port()}"

    @dsl.pipeline(name="away")
    def away():
        with tracked_run(url=url, timeout_seconds=0.5):
            warned = log_event("a", on_error="warn", timeout_seconds=0.5)
            submit_metrics(metrics={"a": 1}, timeout_seconds=0.5).after(warned).set_retry(0)

    log = play(away, fails=True)
    assert f"RuntimeError: The tracking service at {url} is away: ConnectionRefusedError" in log
    assert "(timeout_seconds=0.5) and gave up. Check that the service runs, and the address" in log
    assert log.count("WARNING: mbox-ops may have recorded nothing for this step (on_error='warn')") == 2


def test_training_goes_on_while_the_service_is_away(play, environment):
    """A user's own step starts without its epoch, which the SDK asks for later."""
    url = f"http://127.0.0.1:{free_port()}"

    @dsl.pipeline(name="goes-on")
    def goes_on():
        with_tracking(parts.show_environment(), url=url, timeout_seconds=0.5)

    log = play(goes_on)
    assert "WARNING: mbox-ops: this step starts without its epoch. The tracking service" in log
    assert '"MBOX_ORIGIN": "kfp/default/' in log
    assert "MBOX_WRITER" not in log.partition("handed over:")[2].partition("\n")[0]


def test_a_users_step_that_started_without_its_epoch_logs_when_the_service_is_back(play, written):
    """It knows its origin, and the SDK finds out the epoch; what the step had to leave behind is delivered later."""

    @dsl.pipeline(name="late")
    def late(url: str):
        with_tracking(parts.train(rate=1.0), url=url, scenario="kfp-late", timeout_seconds=0.2)

    back_at = time.monotonic() + 3600

    def fate(line, number):
        nonlocal back_at
        back_at = min(back_at, time.monotonic() + 1.0)
        return "lose the request" if time.monotonic() < back_at else "pass"

    with proxy(written.url, fate, methods=(b"GET", b"POST")) as between:
        log = play(late, url=between.url)
        time.sleep(max(0.0, back_at - time.monotonic()))
        subprocess.run([sys.executable, "-m", "mbox_ops", "sync", "--url", between.url], check=True)
    assert "this step starts without its epoch" in log
    run = written.run("kfp-late")
    assert (run["pipeline"], run["parameters"]["rate"]) == ("late", "1.0")
    assert written.points(run) == {"curve": [(0, 0.0), (1, 1.0), (2, 2.0)]}


def test_a_step_without_an_address_says_where_to_put_one(environment, monkeypatch):
    """Both ways are named."""
    monkeypatch.delenv("MBOX_URL")
    with pytest.raises(
        ValueError, match=r"Set the environment variable MBOX_URL .* ConfigMap 'mbox-ops'.* or give .*url="
    ):
        step("kfp-nowhere")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8085", "must be like 'http://host:port'"),
        ("ftp://x", "must be like 'http://host:port'"),
        ("http://user:secret@host", "carries credentials"),
    ],
)
def test_a_wrong_address_is_refused(environment, url, message):
    """Before anything is sent, and without repeating a secret."""
    with pytest.raises(ValueError, match=message) as caught:
        step("kfp-nowhere", url=url)
    assert "secret" not in str(caught.value)


def test_a_mistake_of_the_user_is_final(written):
    """The service's own sentence comes through, at once and without another try."""
    began = time.monotonic()
    with pytest.raises(RuntimeError, match=r"refused this step: .*256.*422 invalid_request"):
        step("kfp-mistake", name="x" * 257)
    assert time.monotonic() - began < 3
    assert written.get("/runs", scenario="kfp-mistake")["items"] == []


def test_what_is_no_tracking_service_is_found_out(environment):
    """Some other web server at that address."""
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with (
        proxy("http://127.0.0.1:9", lambda line, number: page, methods=(b"GET", b"POST")) as other,
        pytest.raises(RuntimeError, match="is not the mbox-ops service"),
    ):
        step("kfp-nowhere", url=other.url)


def test_the_token_comes_from_the_environment_and_is_never_shown(environment, monkeypatch, capfd):
    """Without it the error names variable, Secret and key; with it the step writes."""
    with live_server(tokens=True) as guarded:
        with pytest.raises(
            RuntimeError, match=r"401 unauthenticated.* MBOX_TOKEN: .*key 'token' of the Secret 'mbox-ops'"
        ):
            step("kfp-nowhere", url=guarded.url)
        assert guarded.token
        monkeypatch.setenv("MBOX_TOKEN", guarded.token)
        step("guarded", url=guarded.url)
        assert Written(guarded.url, guarded.token).run("guarded")["execution"] == "run of guarded"
    assert guarded.token not in "".join(capfd.readouterr())


def test_a_token_that_is_none_is_not_repeated(environment, monkeypatch, capfd):
    """A line break at its end, as in Secrets made from files, is no part of it; one inside is refused unseen."""
    with live_server(tokens=True) as guarded:
        monkeypatch.setenv("MBOX_TOKEN", f"{guarded.token}\n")
        step("guarded", url=guarded.url)
        monkeypatch.setenv("MBOX_TOKEN", "mbox_canary\nline")
        with pytest.raises(ValueError, match="MBOX_TOKEN holds characters that no token has") as caught:
            step("guarded", url=guarded.url)
    assert "canary" not in str(caught.value) + "".join(capfd.readouterr())


def test_a_namespace_comes_from_the_environment(written, monkeypatch):
    """The ConfigMap's key `namespace`, as MBOX_NAMESPACE."""
    monkeypatch.setenv("MBOX_NAMESPACE", "team-b")
    step("kfp-namespace")
    assert written.runs(scenario="kfp-namespace") == []
    written.headers = {"Mbox-Namespace": "team-b"}
    assert written.run("kfp-namespace")["namespace"] == "team-b"


def test_in_a_pod_the_parent_dag_tells_iterations_apart(written, monkeypatch):
    """A loop that the factory cannot see, around a sub-pipeline: on a cluster its iterations add up."""
    monkeypatch.setenv("KFP_POD_UID", "4c5b")
    for parent in ("17", "18", "17"):
        step("kfp-parents", parent_dag_id=parent)
    assert len(written.events(written.run("kfp-parents"))) == 2
