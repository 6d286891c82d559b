"""What operators make of their arguments once templates are filled in. Nothing here needs Airflow."""

import math
from pathlib import Path

import pytest

from mbox_airflow import metrics, templated
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import unpack_floats, unpack_ints

INT64_MAX = 2**63 - 1


def shown(block: Block) -> tuple[str, list[int] | None, list[float]]:
    """A block without its wallclocks."""
    steps = None if block.steps is None else list(unpack_ints(block.steps))
    return block.names[0], steps, list(unpack_floats(block.values))


def blocks(given: object, step: int | None = None) -> list[tuple[str, list[int] | None, list[float]]]:
    """The blocks of `metrics`, without their wallclocks."""
    return [shown(block) for block in metrics.blocks(given, step)]


@pytest.mark.parametrize(
    "given",
    [
        {"auc": 0.75, "loss": 2},
        {"auc": "0.75", "loss": " 2e0 "},
        '{"auc": 0.75, "loss": "2"}',
        "{'auc': 0.75, 'loss': 2.0}",
        [{"name": "auc", "value": 0.75, "step": 7}, {"name": "loss", "value": "2", "step": "7"}],
    ],
)
def test_a_dict_a_list_and_the_text_a_template_makes_of_them_mean_the_same(given: object) -> None:
    """Numbers may come as text, as templates give them."""
    assert blocks(given, 7) == [("auc", [7], [0.75]), ("loss", [7], [2.0])]


def test_nan_and_infinity_survive_as_python_and_json_print_them() -> None:
    """A loss that diverged is what people most want to see."""
    for text in ("{'a': nan, 'b': -inf}", '{"a": NaN, "b": -Infinity}', {"a": "NaN", "b": "-inf"}):
        first, second = blocks(text)
        assert math.isnan(first[2][0])
        assert second[2] == [-math.inf]


def test_rows_of_one_series_stay_in_order_and_those_without_a_step_stay_without() -> None:
    """The service counts the steps that are missing."""
    rows = [{"name": "a", "value": i, **({"step": i} if i < 2 else {})} for i in range(4)]
    assert blocks(rows) == [("a", [0, 1], [0.0, 1.0]), ("a", None, [2.0, 3.0])]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", '{"auc": 0.75, "loss": 2}'),
        ("m.jsonl", '{"name": "auc", "value": 0.75}\n\n{"name": "loss", "value": 2}\n'),
        ("m.csv", "auc,loss\n0.75,2\n"),
    ],
)
def test_metrics_may_lie_in_a_file(tmp_path: Path, name: str, text: str) -> None:
    """JSON, JSON Lines and CSV, told apart by the file's name."""
    (tmp_path / name).write_text(text)
    assert blocks(str(tmp_path / name)) == [("auc", None, [0.75]), ("loss", None, [2.0])]


def test_a_table_gives_each_row_its_step_and_an_empty_cell_no_point(tmp_path: Path) -> None:
    """As people export training curves."""
    (tmp_path / "m.csv").write_text("step,auc,loss,wallclock\n0,0.5,,10\n1,0.75,2,20\n")
    first, second = metrics.blocks(str(tmp_path / "m.csv"), None)
    assert (shown(first), shown(second)) == (("auc", [0, 1], [0.5, 0.75]), ("loss", [1], [2.0]))
    assert list(unpack_ints(first.wallclocks or b"")) == [10_000_000, 20_000_000]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"auc": "0.75%"}, "metric 'auc' must be a number or text that is one, not '0.75%'"),
        ({"auc": "1_000"}, "metric 'auc'"),
        ({"auc": "٣"}, "metric 'auc'"),
        ({"auc": ""}, "metric 'auc'"),
        ({"auc": True}, "metric 'auc' must be a number, not bool"),
        ({"auc": None}, "metric 'auc' must be a number, not NoneType"),
        ({"auc": [1]}, "metric 'auc'"),
        ({"auc": 10**400}, "beyond float64"),
        ({"": 1}, "metric name"),
        ({1: 1}, "metric name must be text"),
        ("{'auc': 1", "neither JSON nor a Python dict or list"),
        ("{'auc': open('x')}", "neither JSON nor a Python dict or list"),
        ("None", "no dict, no list, and no path"),
        ("/nowhere/m.json", "No such file"),
        (3, "metrics must be a dict"),
        ([{"name": "a"}], "takes name and value"),
        ([{"name": "a", "value": 1, "step": 1.5}], "step of metric 'a' must be an integer"),
        ([{"name": "a", "value": 1, "step": INT64_MAX + 1}], "beyond int64"),
        ([{"name": "a", "value": 1, "wallclock": "noon"}], "wallclock of metric 'a'"),
    ],
)
def test_bad_metrics_are_refused_with_their_name(given: object, reason: str) -> None:
    """Nothing is guessed, and nothing of a bad argument is written."""
    with pytest.raises(InvalidRequest) as refused:
        metrics.blocks(given, None)
    assert reason in str(refused.value)


@pytest.mark.parametrize("given", [None, "", " ", {}, []])
def test_no_metrics_are_no_points(given: object) -> None:
    """An operator may also only set tags."""
    assert blocks(given) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [("a.csv", ["a.csv"]), (["a", "b"], ["a", "b"]), ("['a', 'b']", ["a", "b"]), ('["a"]', ["a"]), (("a",), ["a"])],
)
def test_files_are_one_or_several(given: object, expected: list[str]) -> None:
    """A template gives a list as text."""
    assert templated.texts("files", given) == expected


@pytest.mark.parametrize("given", [None, 3, [], [3], [None]])
def test_files_that_are_none_are_refused(given: object) -> None:
    """An upstream task that returned nothing is not tracked as 'None'."""
    with pytest.raises(InvalidRequest, match="files must be"):
        templated.texts("files", given)


@pytest.mark.parametrize(("given", "expected"), [("7", 7), (" -7 ", -7), (7, 7), (None, None), ("", None)])
def test_a_step_is_an_integer_or_its_text(given: object, expected: int | None) -> None:
    """Templates give text."""
    assert templated.integer("step", given) == expected


@pytest.mark.parametrize("given", ["7.0", "None", True, 7.0, "seven"])
def test_other_steps_are_refused(given: object) -> None:
    """No digit is dropped in silence."""
    with pytest.raises(InvalidRequest, match="step must be an integer"):
        templated.integer("step", given)


@pytest.mark.parametrize(("given", "expected"), [(True, True), ("False", False), ("true", True), (False, False)])
def test_a_truth_is_itself_or_its_text(given: object, expected: bool) -> None:
    """'False' from a template is not true."""
    assert templated.truth("upload", given) is expected


@pytest.mark.parametrize("given", [None, 1, "yes", ""])
def test_other_truths_are_refused(given: object) -> None:
    """A template that found nothing does not decide."""
    with pytest.raises(InvalidRequest, match="upload must be True or False"):
        templated.truth("upload", given)


def test_documents_may_come_as_text() -> None:
    """Parameters, tags, labels and metadata alike."""
    assert templated.document("tags", "{'a': 'b'}") == templated.document("tags", {"a": "b"}) == {"a": "b"}
    assert templated.document("tags", None) == templated.document("tags", "") == {}
    with pytest.raises(InvalidRequest, match="tags must be a dict, not list"):
        templated.document("tags", "[1]")
