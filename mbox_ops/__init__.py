"""mbox-ops records what machine-learning pipelines do.

Example:
    import mbox_ops as mbox

    experiment = mbox.new_experiment(name="yolo-v4", namespace="cv", framework=mbox.MLFramework.PYTORCH)
    experiment.log_metrics(metrics={"loss": 2.4, "accu": 97.6}, step=10)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mbox_ops import tracking
    from mbox_ops.client.checkpoints import Checkpoint
    from mbox_ops.client.client import Client, new_experiment
    from mbox_ops.client.experiment import Experiment
    from mbox_ops.client.model_versions import ModelVersion
    from mbox_ops.client.models import Model
    from mbox_ops.client.run import Run
    from mbox_ops.client.values import Artifact, Event, EventSource, MetricValue
    from mbox_ops.entities.artifacts import ArtifactMime
    from mbox_ops.entities.runs import MLFramework
    from mbox_ops.errors import MboxError

__all__ = [
    "Artifact",
    "ArtifactMime",
    "Checkpoint",
    "Client",
    "Event",
    "EventSource",
    "Experiment",
    "MLFramework",
    "MboxError",
    "MetricValue",
    "Model",
    "ModelVersion",
    "Run",
    "new_experiment",
    "tracking",
]

# Where each name is; imported when it is first used, so that `import mbox_ops` costs next to nothing.
_HOMES = {
    "Artifact": "mbox_ops.client.values",
    "ArtifactMime": "mbox_ops.entities.artifacts",
    "Checkpoint": "mbox_ops.client.checkpoints",
    "Client": "mbox_ops.client.client",
    "Event": "mbox_ops.client.values",
    "EventSource": "mbox_ops.client.values",
    "Experiment": "mbox_ops.client.experiment",
    "MLFramework": "mbox_ops.entities.runs",
    "MboxError": "mbox_ops.errors",
    "MetricValue": "mbox_ops.client.values",
    "Model": "mbox_ops.client.models",
    "ModelVersion": "mbox_ops.client.model_versions",
    "Run": "mbox_ops.client.run",
    "new_experiment": "mbox_ops.client.client",
}


def __getattr__(name: str) -> Any:
    if name == "tracking":
        return import_module("mbox_ops.tracking")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
