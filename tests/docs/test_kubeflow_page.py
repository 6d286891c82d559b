"""The page about Kubeflow Pipelines: its pipeline runs, and its calls are calls that there are."""

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("kfp")

import yaml

from mbox_ops.client.client import Client
from mbox_ops.testing import live_server
from tests.docs.test_how_to import HOW_TO, ROOT, run

pytestmark = pytest.mark.kfp
PAGE = (HOW_TO / "kubeflow-pipelines.md").read_text("utf-8")


def snippet(kind: str) -> str:
    """The one code block of that kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_pipeline_of_the_page_runs(tmp_path: Path) -> None:
    """Its run has the curve, the score, the document, the model and the event."""
    script = tmp_path / "digits.py"
    script.write_text(snippet("python"), "utf-8")
    with live_server() as server:
        run([sys.executable, str(script)], tmp_path, server.url)
        (found,) = Client(server.url).runs.list(scenario="vision")
        assert (found.status, found.pipeline) == ("FINISHED", "digits")
        assert {name: metric.count for name, metric in found.metrics.items()} == {"accuracy": 1, "loss": 50_000}
        assert found.get_metadata() == {"data": {"name": "digits", "rows": 1797}}
        assert [artifact.path for artifact in found.artifacts()] == ["model.pkl"]
        assert [event.name for event in found.events()] == ["trained"]


def test_the_recurring_run_of_the_page_can_be_made() -> None:
    """KFP's client takes these arguments, and the compiled pipeline these parameters."""
    from kfp import Client as KfpClient

    (call,) = [
        node
        for node in ast.walk(ast.parse(snippet("python recurring")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "create_recurring_run"
    ]
    given = {keyword.arg or "": keyword.value for keyword in call.keywords}
    inspect.signature(KfpClient.create_recurring_run).bind(None, **given)
    package = ROOT / ast.literal_eval(given["pipeline_package_path"])
    pipeline = next(yaml.safe_load_all(package.read_text("utf-8")))
    assert set(ast.literal_eval(given["params"])) <= set(pipeline["root"]["inputDefinitions"]["parameters"])
    assert len(ast.literal_eval(given["cron_expression"]).split()) == 6


def test_a_task_of_the_page_gets_its_image(tmp_path: Path) -> None:
    """One image for all steps of ours, on a cluster without a network."""
    from kfp import compiler, dsl

    from mbox_kfp import log_event

    def body() -> None:
        exec(snippet("python image"), {"log_event": log_event})  # noqa: S102 - the page is ours

    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(dsl.pipeline(body, name="image"), str(path))
    executors = next(yaml.safe_load_all(path.read_text("utf-8")))["deploymentSpec"]["executors"]
    assert executors["exec-log-event"]["container"]["image"] == "registry.example/kfp-steps:2.17.0"


def test_the_pipeline_by_file_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the committed YAML and nothing of ours; its placeholders are whole values."""
    from kfp import compiler

    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(snippet("python file"), names)  # noqa: S102 - the page is ours
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(names["by_file"], str(path))
    pipeline = next(yaml.safe_load_all(path.read_text("utf-8")))
    given = pipeline["root"]["dag"]["tasks"]["submit-metrics"]["inputs"]["parameters"]
    assert given["run_id"]["runtimeValue"]["constant"] == "{{$.pipeline_job_uuid}}"


def test_the_links_of_the_page_lead_somewhere() -> None:
    """Every file that it names is there."""
    for page in (HOW_TO / "kubeflow-pipelines.md", ROOT / "components" / "mbox_kfp" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
