"""The function of a component, called in this process as its step calls it."""

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kfp import dsl

from mbox_kfp.compile import COMPONENTS

SUCCEEDED = SimpleNamespace(state="SUCCEEDED", error_message=None, error_code=None, pipeline_task_name="exit-handler-1")
# What each step is about, where a test does not say.
ABOUT: dict[str, dict[str, Any]] = {
    "submit_metrics": {"metrics": {"a": 1.0}},
    "log_event": {"name": "e"},
    "track_artifact": {"uri": "s3://bucket/model.onnx"},
    "update_metadata": {"metadata": {"a": 1.0}},
    "finish_run": {"status": SUCCEEDED},
    "delete_runs": {"selectors": "scenario"},
    "cleanup_runs": {"keep_last": 0, "dry_run": False},
}


def call(name: str, scenario: str, /, **inputs: Any) -> Any:
    """Run the function of a component, in a KFP run of its own for each scenario; what it returns."""
    component, _ = COMPONENTS[name]
    takes = component.component_spec.inputs
    given = {"run_id": f"run of {scenario}", "task": f"p.{name}", "scenario": scenario, "timeout_seconds": 5.0}
    given |= {"pipeline": "p"} if "pipeline" in takes and name != "delete_runs" else {}
    given |= {"confirm": scenario} if name == "cleanup_runs" else {}
    outputs = {
        "submit_metrics": {"kfp_metrics": dsl.Metrics()},
        "track_artifact": {"receipt": dsl.Artifact()},
        "delete_runs": {"report": dsl.Markdown()},
        "cleanup_runs": {"report": dsl.Markdown()},
    }.get(name, {})
    with tempfile.TemporaryDirectory() as folder:
        for output in outputs.values():
            output.path = str(Path(folder) / "output")
        return component.python_func(**given | ABOUT[name] | outputs | inputs)
