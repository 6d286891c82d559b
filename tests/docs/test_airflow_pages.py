"""The pages on Airflow: their DAG runs as it stands, their commands too, and no operator is missing."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mbox_airflow.local import environment, run_dag
from mbox_ops import Client
from mbox_ops.testing import live_server

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "how-to" / "airflow"


def blocks(kind: str, page: str) -> str:
    """All code blocks of a kind on a page as one text."""
    return "\n".join(re.findall(rf"^```{kind}\n(.*?)^```", (PAGES / page).read_text("utf-8"), re.M | re.S))


def test_the_operators_do_what_their_page_says(tmp_path: Path) -> None:
    """One DAG of all snippets, one run."""
    file = tmp_path / "churn.py"
    file.write_text(blocks("python", "operators.md").replace("/tmp/churn-report", str(tmp_path / "churn-report")))
    with live_server() as server:
        known = {"MBOX_URL": server.url, "MBOX_SPOOL_DIR": str(tmp_path / "spool")}
        ended = run_dag(file, "churn", home=tmp_path / "airflow", env=known)
        assert ended.state == "success", ended.log.read_text()[-5_000:]
        (run,) = Client(server.url).runs.list(scenario="churn")
        assert (run.status, run.tags["data"], run.parameters["rate"]) == ("FINISHED", "2026-11", "0.1")
        counts = {name: summary.count for name, summary in run.metrics.items()}
        assert counts == {"loss": 10, "recall": 1, "auc": 1, "accuracy": 1}
        assert sorted(event.name for event in run.events()) == ["metric_gate", "model_ready"]
        assert sorted(one.kind for one in run.artifacts()) == ["tracked", "uploaded"]
        assert run.get_metadata()["data"]["rows"] == 569


def test_every_operator_has_its_part_of_the_page() -> None:
    """And no other class is promised."""
    tree = ast.parse((ROOT / "operators" / "mbox_airflow" / "operators" / "__init__.py").read_text("utf-8"))
    (assigned,) = (node for node in tree.body if isinstance(node, ast.Assign))
    told = re.findall(r"^## (\w+(?:Operator|Sensor))$", (PAGES / "operators.md").read_text("utf-8"), re.M)
    assert set(told) == {*ast.literal_eval(assigned.value), "MetricSensor"}


def test_the_commands_of_the_page_on_deploying_find_the_provider(tmp_path: Path) -> None:
    """With the connections as the page exports them."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = environment(tmp_path, {"PATH": path})
    done = subprocess.run(
        ["bash", "-euc", blocks("sh", "deploy.md") + '\necho "$AIRFLOW_CONN_MBOX_DEFAULT"'],
        env=variables, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mbox-ops" in done.stdout
    assert "listener_tag" in done.stdout
    assert json.loads(done.stdout[done.stdout.rindex('{\n  "conn_type"') :])["host"] == "https://mbox.example.com"
