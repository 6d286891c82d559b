"""Compiled pipelines, read back."""

from pathlib import Path

import yaml
from kfp import compiler

# Those that kfp.local and a cluster both fill in.
PLACEHOLDERS = {"{{$.pipeline_job_uuid}}", "{{$.pipeline_task_uuid}}"}


def compiled(pipeline, folder: Path) -> list[dict]:
    """The documents of a compiled pipeline: the pipeline, and what Kubernetes is told."""
    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return list(yaml.safe_load_all(path.read_text()))


def tasks_in(node: object) -> dict[str, dict]:
    """All tasks of a compiled pipeline, by name."""
    found = {}
    if isinstance(node, dict):
        for name, value in node.items():
            found |= value if name == "tasks" else tasks_in(value)
            if name == "tasks":
                found |= tasks_in(list(value.values()))
    elif isinstance(node, list):
        for value in node:
            found |= tasks_in(value)
    return found


def values_of(node: object, key: str) -> list:
    """Everything that stands under a key, at any depth."""
    if isinstance(node, list):
        return [found for each in node for found in values_of(each, key)]
    if not isinstance(node, dict):
        return []
    here = [node[key]] if key in node else []
    return here + [found for each in node.values() for found in values_of(each, key)]
