"""What tests read back from the service."""

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.artifacts import StoredArtifact
from mbox_ops.entities.events import StoredEvent
from mbox_ops.entities.metrics import MetricHistory
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run
from mbox_ops.wire.encodings import unpack_floats, unpack_ints


def find(url: str, namespace: str, key: str, deadline: float = 10.0) -> Run | None:
    """The live run with that key."""
    page = HttpApi(url, namespace=namespace, deadline=deadline).call(
        "GET", "/runs", query={"key": key}, result=Page[Run]
    )
    return page.items[0] if page.items else None


def points(url: str, namespace: str, run_id: str, name: str) -> list[tuple[int, float]]:
    """The (step, value) of a series."""
    query = {"name": name, "limit": "all"}
    answer = HttpApi(url, namespace=namespace).call(
        "GET", f"/runs/{run_id}/metrics/history", query=query, result=dict[str, list[MetricHistory]]
    )
    return [
        (step, value)
        for part in answer["items"]
        for step, value in zip(unpack_ints(part.steps), unpack_floats(part.values), strict=True)
    ]


def events(url: str, namespace: str, run_id: str) -> list[StoredEvent]:
    """The events of a run."""
    return HttpApi(url, namespace=namespace).call("GET", f"/runs/{run_id}/events", result=Page[StoredEvent]).items


def artifacts(url: str, namespace: str, run_id: str) -> list[StoredArtifact]:
    """The artifacts of a run."""
    api = HttpApi(url, namespace=namespace)
    return api.call("GET", f"/runs/{run_id}/artifacts", result=Page[StoredArtifact]).items


def metadata(url: str, namespace: str, run_id: str) -> dict:
    """The metadata document of a run."""
    return HttpApi(url, namespace=namespace).call("GET", f"/runs/{run_id}/metadata", result=dict)
