"""What a step makes of the values that KFP hands over."""

import hashlib
import math
from types import SimpleNamespace

import pytest

pytest.importorskip("kfp")

from mbox_kfp.finish_run.component import mbox_ending, mbox_state
from mbox_kfp.inlined.files import mbox_file, mbox_producer
from mbox_kfp.inlined.identity import mbox_plain
from mbox_kfp.inlined.values import (
    mbox_batches,
    mbox_classification,
    mbox_instant,
    mbox_number,
)

pytestmark = pytest.mark.kfp


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (1, 1.0), (0.1, 0.1), ("0.1", 0.1), ("9.0", 9.0), ("9", 9.0), ("-1e-5", -1e-5), (".5", 0.5), ("5.", 5.0),
        ("nan", "NaN"), ("NaN", "NaN"), ("-Infinity", "-Infinity"), ("inf", "Infinity"), (math.nan, "NaN"),
        (-math.inf, "-Infinity"), ("1e400", "Infinity"),
    ],
)  # fmt: skip
def test_a_number_may_come_as_text(value, wire):
    """KFP turns a channel inside a dict into text."""
    assert mbox_number("m", value) == wire


@pytest.mark.parametrize("value", ["", " 1", "1 ", "1_000", "0x10", "true", "abc", "1,5", "१", True, None, [1], {}])
def test_what_is_no_number_is_refused_by_name(value):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"The metric 'm' is .* which is no number"):
        mbox_number("m", value)


def test_whole_numbers_are_integers_again():
    """kfp.local hands 3 over as 3.0; a cluster as 3."""
    plain = mbox_plain({"a": 3.0, "b": [1.0, 2.5, {"c": -0.0}], "d": "3.0", "e": True, "f": 1e300, "g": math.inf})
    assert plain == {"a": 3, "b": [1, 2.5, {"c": 0}], "d": "3.0", "e": True, "f": 1e300, "g": math.inf}
    assert type(plain["a"]) is int
    assert type(plain["f"]) is float


def test_classification_metrics_become_series():
    """The confusion matrix a series for each cell, the ROC curve a step for each point."""
    document = {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "cat"}, {"displayName": "dog"}],
            "rows": [{"row": [8, 2]}, {"row": [1, 9]}],
        },
        "confidenceMetrics": [
            {"confidenceThreshold": 1.0, "recall": 0.0, "falsePositiveRate": 0.0},
            {"confidenceThreshold": 0.0, "recall": 1.0, "falsePositiveRate": 1.0},
        ],
    }
    matrix, curve = mbox_classification(document)
    assert dict(zip(matrix["names"], matrix["values"], strict=True)) == {
        "confusion/cat/cat": 8.0, "confusion/cat/dog": 2.0, "confusion/dog/cat": 1.0, "confusion/dog/dog": 9.0,
    }  # fmt: skip
    assert (curve["names"], curve["steps"]) == (["roc/threshold", "roc/fpr", "roc/tpr"], [0, 1])
    assert curve["values"] == [1.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    assert mbox_classification({}) == []
    # What a cluster makes of lists and objects in metadata when the artifact is handed on.
    wrapped = {name: {"list" if isinstance(part, list) else "struct": part} for name, part in document.items()}
    assert [block["values"] for block in mbox_classification(wrapped)] == [matrix["values"], curve["values"]]


def test_many_points_go_in_several_batches():
    """So that no request is too large; every point goes once."""
    blocks = [{"names": ["a"], "steps": [0], "wallclocks": [0], "values": [0.0] * 20_000} for _ in range(3)]
    assert [len(batch["points"]) for batch in mbox_batches(blocks)] == [1, 1, 1]
    assert mbox_batches([]) == [{"points": []}]


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [("12345", 12_345_000_000), (1.5, 1_500_000), ("2026-11-21T05:00:00Z", 1_795_237_200_000_000),
     ("2026-11-21T06:00:00.000001+01:00", 1_795_237_200_000_001)],
)  # fmt: skip
def test_an_instant_is_seconds_or_rfc_3339(value, microseconds):
    """Text of either, since a channel may become text."""
    assert mbox_instant("wallclock_time", value) == microseconds


@pytest.mark.parametrize("value", ["2026-11-21T05:00:00", "yesterday", "nan", ""])
def test_an_unclear_instant_is_refused(value):
    """A pod's zone is nobody's, so a time without a zone means nothing."""
    with pytest.raises(ValueError, match="wallclock_time is"):
        mbox_instant("wallclock_time", value)


@pytest.mark.parametrize(
    ("state", "spellings"),
    [
        (
            "FINISHED",
            ["SUCCEEDED", "Succeeded", "COMPLETE", "CACHED", "SKIPPED", "PIPELINE_STATE_SUCCEEDED", "State.COMPLETE"],
        ),
        ("FAILED", ["FAILED", "Failed", "ERROR", "SYSTEM_ERROR"]),
        ("KILLED", ["CANCELED", "CANCELLED", "CANCELING", "Cancelling"]),
        ("", ["RUNNING", "UNKNOWN", "", "PENDING", "None"]),
    ],
)
def test_every_spelling_of_a_final_state_is_known(state, spellings):
    """kfp.local, clusters and Vertex AI spell differently; RUNNING and what nobody knows is never a success."""
    assert {mbox_state(spelling) for spelling in spellings} == {state}


def test_an_end_that_is_none_leaves_an_event():
    """The run stays as it is, and says why."""
    status = SimpleNamespace(state="RUNNING", error_message=None, error_code=None, pipeline_task_name="exit-handler-1")
    batch = mbox_ending(status, "p", 7)
    assert "state" not in batch
    (event,) = batch["events"]
    assert (event["name"], event["metadata"]["state"]) == ("pipeline_state_unknown", "RUNNING")


def test_a_file_is_described_as_far_as_it_is_at_hand(tmp_path):
    """A size where there is a file, a checksum where one is asked for."""
    file = tmp_path / "model.pkl"
    file.write_text("weights")
    assert mbox_file("s3://b/x/model.pkl", "", "", False) == {"path": "model.pkl", "uri": "s3://b/x/model.pkl"}
    assert mbox_file("s3://b/x/", str(tmp_path), "", False) == {"path": "x", "uri": "s3://b/x/"}
    described = mbox_file("s3://b/m", str(file), "best", True)
    digest = hashlib.sha256(b"weights").hexdigest()
    assert described == {"path": "best", "uri": "s3://b/m", "size": 7, "checksum": f"sha256:{digest}"}
    with pytest.raises(ValueError, match="checksum=True needs the bytes of one file"):
        mbox_file("s3://b/m", "", "", True)


RUN, SALT, OTHER = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "0f7")


@pytest.mark.parametrize(
    ("uri", "made_by"),
    [
        (f"minio://mlpipeline/v2/artifacts/digits/{RUN}/train/{SALT}/model", (RUN, "train")),
        (f"s3://bucket/digits/{RUN}/train-2/model", (RUN, "train-2")),
        (f"s3://bucket/{OTHER}/digits/{RUN}/train/{SALT}/model", (RUN, "train")),
        (f"s3://bucket/{OTHER}/digits/{RUN}/train/model", (RUN, "train")),
        (f"s3://bucket/{RUN}", None),
        (f"s3://bucket/{RUN}/model", None),
        ("/tmp/local_outputs/digits-2026-11-21-05-00-00-000000/train/model", None),
        ("s3://models/model.onnx", None),
    ],
)
def test_an_artifacts_address_tells_who_made_it(uri, made_by):
    """On a cluster it holds the KFP run and the task; elsewhere nothing is guessed."""
    assert mbox_producer(uri) == (dict(zip(("kfp_run_id", "kfp_task"), made_by, strict=True)) if made_by else {})
