"""The tabs that Airflow shows of our pages: where they are, and where they lead."""

from urllib.parse import quote

import pytest
import requests

from tests.airflow.conftest import Airflow, Lab

pytestmark = pytest.mark.airflow


def test_without_an_address_there_are_no_tabs(airflow: Airflow) -> None:
    """Nobody asked for them."""
    assert airflow.call("tests.airflow.inside:tabs") == []


def test_options_that_are_left_empty_are_not_said(airflow: Airflow) -> None:
    """A namespace without a name is none."""
    given = {"URL": "https://mbox.example.com/", "INSTANCE": "", "NAMESPACE": ""}
    environment = {f"AIRFLOW__MBOX__PAGES_{name}": value for name, value in given.items()}
    tabs = airflow.call("mbox_airflow.views:external_views", environment)
    assert tabs[0]["href"] == "https://mbox.example.com/from/airflow?dag_id={DAG_ID}"


def test_a_dag_a_dag_run_and_a_task_have_a_tab_that_leads_to_their_page(airflow: Airflow, lab: Lab) -> None:
    """As Airflow's UI fills the address in; what it knows nothing of is said on the page."""
    ran = lab.run_dag("every_operator")
    run = lab.find("every_operator", ran)
    assert run is not None
    variables = {"URL": lab.url, "INSTANCE": "lab", "NAMESPACE": lab.namespace}
    with airflow.another(**{f"AIRFLOW__MBOX__PAGES_{name}": value for name, value in variables.items()}) as process:
        tabs = {tab["destination"]: tab["href"] for tab in process.call("tests.airflow.inside:tabs")}
    assert set(tabs) == {"dag", "dag_run", "task_instance"}
    for place in ("dag_run", "task_instance"):
        assert _open(tabs[place], ran["run_id"]).url.partition("?")[0] == f"{lab.url}/runs/{run.id}"
    assert run.id in _open(tabs["dag"], ran["run_id"]).text
    unknown = _open(tabs["dag_run"], "never/ran")
    assert (unknown.status_code, "never%2Fran" in unknown.text) == (404, True)


def _open(href: str, run_id: str) -> requests.Response:
    filled = href.replace("{DAG_ID}", "every_operator").replace("{RUN_ID}", quote(run_id, safe=""))
    return requests.get(filled, timeout=30)
