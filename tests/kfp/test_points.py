"""Files of points, as people write them."""

import csv
import math
import sys

import pytest

pytest.importorskip("kfp")

from mbox_kfp.inlined.points import mbox_points

pytestmark = pytest.mark.kfp


def series(path) -> dict[str, tuple]:
    """Steps and values by metric."""
    return {block["names"][0]: (block["steps"], block["values"]) for block in mbox_points(str(path))}


def test_a_points_file_is_read_line_by_line(tmp_path):
    """Series keep the order of their lines; a missing wallclock is now, empty lines are passed over."""
    file = tmp_path / "points.jsonl"
    file.write_text(
        '{"name":"a","value":1,"step":0,"wallclock":5}\n\n{"name":"b","value":"NaN"}\n{"name":"a","value":2,"step":3}\n'
    )
    a, b = mbox_points(str(file))
    assert (a["names"], a["steps"], a["values"]) == (["a"], [0, 3], [1.0, 2.0])
    assert a["wallclocks"][0] == 5_000_000
    assert a["wallclocks"][1] > 1_700_000_000_000_000
    assert (b["names"], b["steps"], b["values"]) == (["b"], None, ["NaN"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('{"name":"a","value":1}\n{', "Line 2 of the points file is not JSON"),
        ("[1]", "Line 1 of the points file must be like"),
        ('{"value":1}', "Line 1 of the points file must be like"),
        ('{"name":"a","value":1,"epoch":1}', "unknown field 'epoch'; there are name, value, step and wallclock"),
        ('{"name":"a","value":1,"step":1.5}', "has the step 1.5; a step is a whole number"),
        ('{"name":"a","value":"x"}', "The metric 'a' is 'x'"),
        (
            '{"name":"a","value":1,"step":1}\n{"name":"a","value":1}',
            "'a' have a step on some lines only",
        ),
        ('{"name":"a","value":1,"wallclock":"soon"}', "wallclock is 'soon'; give seconds since 1970 or RFC 3339"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, lines, message):
    """With its number and what it should be."""
    file = tmp_path / "points.jsonl"
    file.write_text(lines)
    with pytest.raises(ValueError, match=message):
        mbox_points(str(file))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,value,step\nloss,0.5,0\nloss,nan,1\nf1,.5,7\n", {"loss": ([0, 1], [0.5, "NaN"]), "f1": ([7], [0.5])}),
        ("step,loss,acc\n0,1.0,\n1.0,0.5,0.9\n", {"loss": ([0, 1], [1.0, 0.5]), "acc": ([1], [0.9])}),
        ("loss\r\n1\r\n\r\n2\r\n", {"loss": (None, [1.0, 2.0])}),
        ("\ufeffepoch,väl loss\n0,1e-3\n", {"epoch": (None, [0.0]), "väl loss": (None, [0.001])}),
        ('"a,b",step\n"1",3\n', {"a,b": ([3], [1.0])}),
        ("", {}),
        ("step,loss\n", {}),
    ],
)
def test_a_csv_file_has_a_row_for_each_point_or_a_column_for_each_metric(tmp_path, text, expected):
    """Known by its head; an empty cell is no point, as training frameworks leave them."""
    file = tmp_path / "points"
    file.write_text(text, encoding="utf-8", newline="")
    assert series(file) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,value\nloss\n", "Line 2 of the points file needs both a name and a value"),
        ("name,value,epoch\nloss,1,2\n", "Line 2 of the points file has the unknown field 'epoch'"),
        ("step,loss\n0,1,2\n", "Line 2 of the points file has 3 cells, and the head names 2 columns"),
        ("step,loss\n0,1\n1,low\n", "Line 3 of the points file: The metric 'loss' is 'low', which is no number"),
        ("step,loss\n1.5,1\n", "has the step '1.5'; a step is a whole number"),
        ("loss,loss\n1,2\n", "must name each column once, not 'loss,loss'"),
        ("loss,\n1,2\n", "must name each column once, not 'loss,'"),
        ('loss\n"1\n', "Line 2 of the points file is not CSV"),
        ("step,loss\n0,1\n,1\n", "have a step on some lines only"),
    ],
)
def test_a_wrong_line_of_a_csv_file_is_named(tmp_path, text, message):
    """With its number and what it should be."""
    file = tmp_path / "points.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        mbox_points(str(file))


def test_what_is_no_file_is_no_file_of_points(tmp_path):
    """A folder, or a task that wrote nothing."""
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ValueError, match="points_artifact has to be one file"):
            mbox_points(str(path))


def write_parquet(path, columns: dict[str, list]) -> None:
    """A Parquet file, as pandas and polars write it."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), path)


def test_a_parquet_file_is_read_like_csv(tmp_path):
    """Exact numbers; null is no point, NaN is one; a step that became a float is a whole number again."""
    file = tmp_path / "points"
    write_parquet(file, {"step": [0.0, 1.0, 2.0], "loss": [0.1, math.nan, None], "n": [1, 2, 3]})
    assert series(file) == {"loss": ([0, 1], [0.1, "NaN"]), "n": ([0, 1, 2], [1.0, 2.0, 3.0])}
    write_parquet(file, {"name": ["a", "b"], "value": [0.1, 2.0]})
    assert series(file) == {"a": (None, [0.1]), "b": (None, [2.0])}


def test_without_pyarrow_a_parquet_file_is_refused_with_a_way_out(tmp_path, monkeypatch):
    """The step installs nothing: another format, or another image."""
    file = tmp_path / "points"
    write_parquet(file, {"loss": [0.1]})
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ValueError, match=r"no pyarrow to read it\. Write CSV or JSON lines, or .*set_container_image"):
        mbox_points(str(file))


def test_fifty_thousand_points_survive_as_they_are(tmp_path):
    """Every value bit by bit, whatever the format; the blocks stay small enough for one request each."""
    values = [math.sin(step) / 3 for step in range(50_000)]
    file = tmp_path / "points"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("step", "loss"), *enumerate(values)])
    blocks = mbox_points(str(file))
    assert [value for block in blocks for value in block["values"]] == values
    assert [step for block in blocks for step in block["steps"]] == list(range(50_000))
    assert max(len(block["values"]) for block in blocks) <= 20_000
