"""The fields that runs can be found by, and their values, with the SDK."""

from mbox_ops.client.client import Client


def test_fields_and_values_are_listed(namespace):
    """As filters name them."""
    client = Client()
    for rate in (0.01, 0.1):
        run = client.runs.create(scenario="churn", tags={"team": "cv"})
        run.log_parameters({"lr": rate, "layers": 3, "odd name": "x"})
        run.log_metric("loss", 0.5)
        run.report_metadata({"model": {"depth": 34}})
    known = {known.field: (known.kind, known.types) for known in client.fields.list()}
    assert known["params.lr"] == ("parameter", ["number"])
    assert known['params."odd name"'] == ("parameter", ["string"])
    assert known["metadata.model.depth"] == ("metadata", ["number"])
    assert known["metrics.loss"] == ("metric", ["float"])
    assert [known.name for known in client.fields.list(prefix="l", kind="parameter")] == ["layers", "lr"]
    assert list(client.fields.values("params.lr")) == [0.01, 0.1]
    assert list(client.fields.values("tags.team", prefix="c")) == ["cv"]
