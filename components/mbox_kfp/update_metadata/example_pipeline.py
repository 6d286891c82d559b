"""A pipeline that says what its data was."""

from kfp import dsl

from mbox_kfp import update_metadata


@dsl.component(base_image="python:3.11-slim")
def profile(document: dsl.Output[dsl.Artifact]) -> None:
    """Stands for a step that looks at the data; it writes what it found as a JSON object."""
    import json
    from pathlib import Path

    Path(document.path).write_text(json.dumps({"data": {"rows": 442, "missing": None, "columns": ["age", "bmi"]}}))


@dsl.pipeline(name="update-metadata-example")
def pipeline(scenario: str = "examples") -> None:
    """A document that is known beforehand, and one that a step finds out; both end up in one."""
    known = update_metadata({"data": {"name": "diabetes", "missing": "unknown"}}, scenario=scenario)
    update_metadata(metadata_artifact=profile().outputs["document"], scenario=scenario).after(known)
