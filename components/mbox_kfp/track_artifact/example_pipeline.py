"""A pipeline that records where its model lies, and where its data came from."""

from kfp import dsl

from mbox_kfp import track_artifact


@dsl.component(base_image="python:3.11-slim")
def train(model: dsl.Output[dsl.Model]) -> None:
    """Stands for a step that trains."""
    from pathlib import Path

    Path(model.path).write_text("weights")


@dsl.pipeline(name="track-artifact-example")
def pipeline(scenario: str = "examples", data: str = "s3://warehouse/diabetes.parquet") -> None:
    """The model by its artifact, with a checksum; the data, which may be large, by its address alone."""
    track_artifact(uri=data, used=True, scenario=scenario)
    track_artifact(train().outputs["model"], path="model.pkl", checksum=True, scenario=scenario)
