"""What Airflow sees of the provider: its entry points, its form, its price at parsing."""

import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from mbox_airflow.provider_info import get_provider_info
from tests.airflow.conftest import ROOT, Airflow

pytestmark = pytest.mark.airflow

NO_NETWORK = """
import socket, sys
def refuse(*_): raise AssertionError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print(sorted(bag.dags), bag.import_errors)
"""

LOADED = """
import sys
from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink
before = set(sys.modules)
import mbox_airflow.operators
print(" ".join(sorted(set(sys.modules) - before)))
"""


def test_the_provider_info_keeps_to_airflows_schemas(airflow: Airflow) -> None:
    """A mistake here would break the discovery of every provider of an Airflow."""
    airflow.call("tests.airflow.inside:check_provider_info")


def test_the_provider_info_imports_nothing_of_airflow() -> None:
    """Every process of Airflow reads it first of all."""
    code = "import sys; import mbox_airflow.provider_info as p; p.get_provider_info(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.partition(".")[0] in ("airflow", "mbox_ops", "msgspec", "requests")] == []


def test_provider_and_plugin_are_found_by_their_entry_points() -> None:
    """Both are ways that Airflow looks for them without any configuration."""
    found = {point.group: point.value for point in distribution("mbox-ops").entry_points}
    assert found["apache_airflow_provider"] == "mbox_airflow.provider_info:get_provider_info"
    assert found["airflow.plugins"] == "mbox_airflow.plugin:MboxPlugin"
    assert get_provider_info()["package-name"] == distribution("mbox-ops").name  # or discovery raises


@pytest.mark.slow
def test_airflow_lists_the_provider(airflow: Airflow) -> None:
    """`airflow providers` and `airflow plugins` know it, the connection type, the link and the listener."""
    code = "tests.airflow.inside:airflow_command"
    assert "mbox-ops" in airflow.call(code, command=["providers", "list"])
    hooks = json.loads(airflow.call(code, command=["providers", "hooks", "--output", "json"]))
    (hook,) = (hook for hook in hooks if hook["connection_type"] == "mbox")
    assert (hook["class"], hook["conn_id_attribute_name"]) == ("mbox_airflow.hooks.MboxHook", "mbox_conn_id")
    assert "mbox_airflow.links.MboxRunLink" in airflow.call(code, command=["providers", "links"])
    plugins = airflow.call(code, command=["plugins", "--output", "json"])
    assert "FlushBeforeTheEnd" in plugins
    assert "DagRunListener" in plugins
    assert "listener_interval" in airflow.call(code, command=["config", "list", "--section", "mbox"])


def test_the_connections_form_has_our_fields(airflow: Airflow) -> None:
    """Drawn from the provider info alone."""
    form = airflow.call("tests.airflow.inside:connection_form")
    assert form["fields"] == ["instance", "namespace", "scenario", "verify"]
    assert form["behaviour"]["relabeling"] == {"host": "URL", "password": "Token"}


def test_importing_the_operators_loads_only_our_own_modules(airflow: Airflow) -> None:
    """Parsing a DAG must not pay for requests, numpy or a server."""
    loaded = airflow.run(sys.executable, "-c", LOADED).stdout.split()
    assert [name for name in loaded if name.partition(".")[0] not in ("mbox_airflow", "mbox_ops")] == []
    assert "mbox_airflow.operators.submit_metrics" in loaded


def test_our_dags_are_parsed_without_the_network(airflow: Airflow) -> None:
    """A tracking service that is away must not take DAGs away."""
    shown = airflow.run(sys.executable, "-c", NO_NETWORK, str(ROOT / "dags")).stdout.splitlines()[-1]
    assert shown.endswith("{}")
    for name in ("operators_tour", "scenario_cleanup", "train_and_track", "use_model"):
        assert repr(name) in shown


def test_the_wheel_and_the_checkout_offer_the_same_example() -> None:
    """`example_dag` finds it in either."""
    from mbox_airflow.local import example_dag

    assert example_dag("train_and_track").is_file()
    with pytest.raises(FileNotFoundError, match="No example DAG 'nothing'"):
        example_dag("nothing")


def test_the_package_imports_without_airflow() -> None:
    """`from mbox_airflow import current_run` stands at the top of modules that are also imported elsewhere."""
    code = (
        "import sys; sys.modules['airflow'] = None\n"
        "from mbox_airflow import current_run, mbox_env\n"
        "from mbox_ops.errors import InvalidRequest\n"
        "try: mbox_env()\n"
        "except InvalidRequest as error: print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.home())
    assert shown.stdout == "This is not inside a task of Airflow, so there is no DAG run to track.\n"
