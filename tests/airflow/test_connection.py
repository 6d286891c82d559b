"""Where a task writes to: the connection, in all its forms, else the environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.testing import live_server
from tests.airflow.conftest import NOBODY, Airflow, Lab

pytestmark = pytest.mark.airflow

NAME = "AIRFLOW_CONN_MBOX_DEFAULT"
PLAIN = {"token": None, "namespace": "default", "instance": "default", "scenario": None, "verify": True}


def settings(airflow: Airflow, connection: str | dict[str, Any] | None, **variables: str) -> dict[str, Any]:
    """What the hook makes of the default connection."""
    if connection is not None:
        variables[NAME] = connection if isinstance(connection, str) else json.dumps(connection)
    return airflow.call("tests.airflow.inside:settings", variables)


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ({"conn_type": "mbox", "host": "https://mbox.example.com/prefix/"}, "https://mbox.example.com/prefix"),
        ({"conn_type": "mbox", "host": "https://mbox.example.com", "port": 8443}, "https://mbox.example.com:8443"),
        ({"conn_type": "mbox", "host": "mbox.internal", "port": 8085}, "http://mbox.internal:8085"),
        ({"conn_type": "mbox", "host": "mbox.internal", "port": 443}, "https://mbox.internal:443"),
        ({"conn_type": "mbox", "host": "mbox.internal", "schema": "https"}, "https://mbox.internal"),
        ({"conn_type": "mbox", "host": "::1", "port": 8085}, "http://[::1]:8085"),
        ({"conn_type": "http", "host": "mbox.internal"}, "http://mbox.internal"),
        ("mbox://mbox.internal:8085", "http://mbox.internal:8085"),
        ("mbox://https%3A%2F%2Fmbox.example.com%2Fprefix", "https://mbox.example.com/prefix"),
        ("mbox://https://mbox.example.com:8443/prefix", "https://mbox.example.com:8443/prefix"),
    ],
)
def test_a_connection_names_the_service_by_url_or_by_host_and_port(
    airflow: Airflow, connection: str | dict[str, Any], url: str
) -> None:
    """As JSON and as a URI."""
    assert settings(airflow, connection) == {**PLAIN, "url": url}


def test_extras_come_as_json_or_as_text_of_a_uri(airflow: Airflow) -> None:
    """A URI has only text: 'false' is not true."""
    extra = {"token": "t0ken!", "namespace": "cv", "instance": "prod", "scenario": "churn", "verify": False}
    expected = {**extra, "url": "http://m:1"}
    assert settings(airflow, {"conn_type": "mbox", "host": "m", "port": 1, "extra": extra}) == expected
    uri = "mbox://m:1/?token=t0ken%21&namespace=cv&instance=prod&scenario=churn&verify=false"
    assert settings(airflow, uri) == expected


def test_the_password_is_the_token_and_verify_may_be_a_file(airflow: Airflow) -> None:
    """Airflow hides a connection's password everywhere."""
    connection = {"conn_type": "mbox", "host": "m", "password": "secret", "extra": {"verify": "/etc/ca.pem"}}
    assert settings(airflow, connection) == {**PLAIN, "url": "http://m", "token": "secret", "verify": "/etc/ca.pem"}


def test_the_connection_wins_over_the_environment_and_never_takes_its_token(airflow: Airflow) -> None:
    """Who may edit a connection must not be sent the worker's own token."""
    variables = {
        "MBOX_URL": "http://elsewhere", "MBOX_TOKEN": "secret", "MBOX_NAMESPACE": "env", "MBOX_SCENARIO": "of-env",
        "MBOX_INSTANCE": "staging",
    }  # fmt: skip
    found = settings(airflow, {"conn_type": "mbox", "host": "m", "extra": {"namespace": "cv"}}, **variables)
    assert found == {
        "url": "http://m", "token": None, "namespace": "cv", "scenario": "of-env", "instance": "staging",
        "verify": True,
    }  # fmt: skip


def test_without_a_connection_the_environment_applies_and_the_log_says_so(airflow: Airflow) -> None:
    """Only for the default connection: one that was named must be there."""
    found = settings(airflow, None, MBOX_URL="http://elsewhere/", MBOX_TOKEN="secret")
    assert found == {**PLAIN, "url": "http://elsewhere", "token": "secret"}
    assert settings(airflow, None, REQUESTS_CA_BUNDLE="/etc/ca.pem")["verify"] == "/etc/ca.pem"
    assert "No connection 'mbox_default' is defined: MBOX_* applies, url http://elsewhere." in airflow.log
    told = airflow.call("tests.airflow.inside:refused", mbox_conn_id="mbox_other")
    assert told == "AirflowNotFoundException: The conn_id `mbox_other` isn't defined"


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ({"conn_type": "postgres", "host": "m"}, "is of type 'postgres'; 'mbox' is needed"),
        ({"conn_type": "mbox"}, "has no host"),
        ({"conn_type": "mbox", "host": "m", "extra": {"verify": "maybe"}}, "takes true, false or the path"),
        ({"conn_type": "mbox", "host": "m", "extra": {"namespace": 3}}, "'namespace'"),
    ],
)
def test_a_connection_that_cannot_be_used_says_why(airflow: Airflow, connection: dict[str, Any], reason: str) -> None:
    """With the connection's id, and the field."""
    told = airflow.call("tests.airflow.inside:refused", {NAME: json.dumps(connection)})
    assert told.startswith("InvalidRequest")
    assert reason in told
    assert "mbox_default" in told


def test_the_button_tests_the_service_and_the_token(lab: Lab, tmp_path: Path) -> None:
    """Away, open, a wrong token, a right one: a sentence each."""

    def pressed() -> list[Any]:
        return lab.airflow.call("tests.airflow.inside:connection_test", lab.environment)

    assert pressed() == [True, f"The service at {lab.url} answers, and opens the namespace {lab.namespace!r}."]
    lab.connection["host"] = NOBODY
    ok, sentence = pressed()
    assert (ok, "cannot be reached" in sentence) == (False, True)
    with live_server(home=tmp_path / "server", tokens=True) as server:
        lab.connection |= {"host": server.url, "password": "wrong"}
        ok, sentence = pressed()
        assert (ok, "token" in sentence.lower()) == (False, True)
        lab.connection["password"] = server.token
        assert pressed()[0] is True


def test_the_hook_gives_a_client(lab: Lab) -> None:
    """With the connection's address and namespace."""
    ran = lab.run_dag("one_submit", conf={"on_error": "fail", "mbox_scenario": "churn"})
    run = lab.tracked("one_submit", ran)
    found = lab.airflow.call("tests.airflow.inside:runs_of_scenario", lab.environment, scenario="churn")
    assert found == [run.id]


def test_the_command_that_tests_a_connection_succeeds_without_a_warning(lab: Lab) -> None:
    """`airflow connections test`, where the administrator allows it."""
    variables = {**lab.environment, "AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    command = ["connections", "test", "mbox_default"]
    assert "Connection success" in lab.airflow.call("tests.airflow.inside:airflow_command", variables, command=command)
