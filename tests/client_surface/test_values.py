"""What people hand in, before anything is sent."""

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy
import pytest

from mbox_ops.client import parts
from mbox_ops.client.files import records
from mbox_ops.client.plain import plain
from mbox_ops.client.references import Notebook, Scenario, ident, idents_of_scenarios
from mbox_ops.client.values import Event, EventSource, MetricValue
from mbox_ops.entities.artifacts import ArtifactMime, ArtifactRecord
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import pack_floats, pack_ints


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Layer:
    width: int
    activation: str


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (numpy.float32(0.5), 0.5),
        (numpy.int64(7), 7),
        (numpy.bool_(True), True),
        (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (Path("a/b"), "a/b"),
        (datetime(2026, 11, 21, 5, tzinfo=UTC), "2026-11-21T05:00:00+00:00"),
        (date(2026, 11, 21), "2026-11-21"),
        (timedelta(minutes=1), 60.0),
        (Colour.RED, "red"),
        (Decimal("0.1"), "0.1"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Layer(3, "relu"), {"width": 3, "activation": "relu"}),
        ((1, {"x": (None,)}), [1, {"x": [None]}]),
    ],
)
def test_values_become_what_json_can_hold(value, expected):
    """What people have at hand is taken as it is meant, with its type."""
    held = plain("field", value)
    assert held == expected
    assert type(held) is type(expected)


@pytest.mark.parametrize("value", [object(), {1: "x"}, {"x": {1, 2}}, b"bytes", 1j])
def test_what_json_cannot_hold_is_refused(value):
    """Nothing is turned into its repr in silence."""
    with pytest.raises(InvalidRequest, match="field"):
        plain("field", value)


def test_what_holds_itself_is_refused():
    """A circle is an error and not a crash."""
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidRequest, match="deep"):
        plain("field", circle)


@pytest.mark.parametrize(
    ("name", "value"),
    [("lr", 0.1), ({"lr": 0.1}, None), ([{"name": "lr", "value": 0.1}], None)],
)
def test_parameters_come_in_three_forms(name, value):
    """A name and a value, a dict, or a list of names and values."""
    assert parts.parameters(name, value) == {"lr": 0.1}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("start", 1, "'start' is kept by the system"),
        ("end", 1, "'end' is kept by the system"),
        ("", 1, "0 characters long"),
        ("x" * 257, 1, "257 characters long"),
        ("x", None, "must have a value"),
        ("x", "y" * 5001, "5001 characters long; the limit is 0 to 5000"),
        ("x", ["y" * 5000], "5004 characters long"),
        ("x", {1, 2}, "not set"),
        ([{"name": "x"}], None, "takes name and value"),
        (7, "x", "must be text, not int"),
    ],
)
def test_a_parameter_that_breaks_a_rule_is_named(name, value, message):
    """The error says which parameter, which limit, which value."""
    with pytest.raises(InvalidRequest, match=message):
        parts.parameters(name, value)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"runName": "x"}, "use update_run_info"),
        ({"x": 1}, "must be text, not int"),
        ({"x": ""}, "0 characters long"),
        ({"x" * 257: "y"}, "257 characters long"),
        (["x"], "must be a dict"),
    ],
)
def test_a_tag_that_breaks_a_rule_is_named(tags, message):
    """Tags are text to text, and the run's name is no tag of yours."""
    with pytest.raises(InvalidRequest, match=message):
        parts.tags(tags)


def test_an_event_keeps_the_callers_time():
    """Seconds, datetimes and RFC 3339 text are the same instant; the source may be plain text."""
    expected = EventRecord(name="x", source="trainer", wallclock=12_000_000_000, metadata={"chk_size": 2345})
    for wallclock in (12000, 12000.0, datetime(1970, 1, 1, 3, 20, tzinfo=UTC), "1970-01-01T03:20:00Z"):
        for source in (EventSource("trainer"), EventSource(name="trainer"), "trainer"):
            assert parts.event_record(Event("x", source, wallclock, {"chk_size": 2345})) == expected


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("started", "takes an Event"),
        (Event("", "trainer"), "event name is 0"),
        (Event("x", ""), "event source is 0"),
        (Event("x", "y", "yesterday"), "RFC 3339"),
        (Event("x", "y", True), "wallclock_time"),
        (Event("x", "y", 1, {"loss": float("nan")}), "event metadata.loss is nan"),
    ],
)
def test_an_event_that_breaks_a_rule_is_named(event, message):
    """The error says which part of the event."""
    with pytest.raises(InvalidRequest, match=message):
        parts.event_record(event)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"x": float("nan")}, "metadata.x is nan"),
        ({"x": "y" * 5001}, "5001"),
        ({"x": [0] * 101}, "array of 101"),
        ([], "must be a dict"),
    ],
)
def test_metadata_is_checked_at_the_call(document, message):
    """The mistake shows where it was made, not in a log line of the sender."""
    for check in (parts.merge, parts.replace):
        with pytest.raises(InvalidRequest, match=message):
            check(document)


def test_a_metric_value_becomes_a_block():
    """The flat client writes one point."""
    assert parts.point("val_accu", MetricValue(step=1, wallclock_time=12325, value=97.6)) == Block(
        names=["val_accu"],
        steps=pack_ints([1]),
        wallclocks=pack_ints([12_325_000_000]),
        values=pack_floats([97.6]),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("churn", ["churn"]),
        ("churn, fraud ,s-1", ["churn", "fraud", "s-1"]),
        (Scenario(id="s-1", name="churn"), ["s-1"]),
        (["churn,fraud", Scenario(id="s-1")], ["churn", "fraud", "s-1"]),
        ([], []),
    ],
)
def test_scenarios_are_named_in_any_form(given, expected):
    """A name, several parted by commas, an object, or a list of either."""
    assert idents_of_scenarios(given) == expected


@pytest.mark.parametrize("given", ["", "churn,,fraud", " ", 7, [7], [""]])
def test_a_scenario_without_a_name_is_refused(given):
    """An empty name never means all."""
    with pytest.raises(InvalidRequest, match="scenario must be"):
        idents_of_scenarios(given)


def test_a_reference_and_its_plain_id_are_the_same():
    """Wherever a reference is taken, its id is, too."""
    assert ident("notebook", Notebook(id="abc")) == ident("notebook", "abc") == "abc"
    with pytest.raises(InvalidRequest, match="notebook must be an id"):
        ident("notebook", 7)  # type: ignore[arg-type]


def test_tracked_files_are_listed_as_given_and_kept_as_uris(tmp_path, monkeypatch):
    """A path becomes an absolute URI; a URI stays; the bytes are read only when asked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"abc")
    assert records(["model.bin", "s3://bucket/x.png"]) == [
        ArtifactRecord(path="model.bin", uri=(tmp_path / "model.bin").as_uri(), size=3),
        ArtifactRecord(path="s3://bucket/x.png", uri="s3://bucket/x.png"),
    ]
    assert records(Path("model.bin"), checksum=True, mime_type=ArtifactMime.Model) == [
        ArtifactRecord(
            path="model.bin",
            uri=(tmp_path / "model.bin").as_uri(),
            size=3,
            mime_type=ArtifactMime.Model,
            checksum="sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        )
    ]


@pytest.mark.parametrize(
    ("files", "checksum", "message"),
    [
        (["https://user:secret@host/x"], False, "credentials"),
        (["s3://bucket/x?X-Amz-Signature=1"], False, "credential"),
        (["x" * 2049], False, "2049 characters long"),
        ([""], False, "0 characters long"),
        ([7], False, "must hold paths"),
        (["s3://bucket/x"], True, "is a URI"),
        (["no/such/file"], True, "No such file"),
    ],
)
def test_a_file_that_cannot_be_tracked_is_named(files, checksum, message):
    """The error never repeats a secret, and nothing is tracked."""
    with pytest.raises(InvalidRequest, match=message) as caught:
        records(files, checksum=checksum)
    assert "secret" not in str(caught.value)
