"""`mbox export`: what comes out is what was logged, whatever it was."""

import csv
import io
import json
import math
import struct
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from click.testing import Result
from pyarrow import parquet
from typer.testing import CliRunner

from mbox_ops.cli.app import app
from mbox_ops.cli.files import written
from mbox_ops.client.client import Client
from mbox_ops.client.values import Event
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")
FLOATS = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf, 1 / 3]
TEXTS = ["", ' "quoted", with\r\nlines ', "naïve 😀", "nan", "=1+1"]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server with two runs: one with everything in it, one with next to nothing."""
    with live_server() as server:
        client = Client(server.url)
        run = client.runs.create(
            key="k", run_name="first", scenario="churn", pipeline="nightly", tags={"t, 1": 'a "b"'}
        )
        run.log_parameters({"lr": 0.1, "layers": 2**53 + 1, "big": 10**18, "on": True, "shape": [1, 2], "mixed": "x"})
        run.log_parameters({"empty": "", "ratio": 2})
        times = [datetime.fromtimestamp(0, UTC).replace(year=2026, microsecond=i + 1) for i in range(8)]
        rows = zip(FLOATS, times, strict=True)
        run.log_metrics([{"name": "loss", "value": v, "step": i, "wallclock": t} for i, (v, t) in enumerate(rows)])
        run.log_metrics([{"name": "note", "value": text, "step": i, "wallclock": 0} for i, text in enumerate(TEXTS)])
        run.log_metric("blob", bytes(range(256)), step=-5, wallclock=0)
        run.log_event(Event("saved", "trainer", "2026-11-21T10:00:00.000001Z", {"size": 1, "deep": ["ä", None]}))
        client.runs.end(run.id)
        other = client.runs.create(run_name="second", scenario="churn", pipeline="nightly")
        other.log_parameters({"mixed": 1, "ratio": 0.5})
        other.log_metric("loss", 2.5, step=0, wallclock=1)
        yield server


@pytest.fixture
def export(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `mbox export` in this process."""
    monkeypatch.setenv("MBOX_URL", server.url)

    def run(*arguments: str, status: int = 0) -> Result:
        done = CliRunner().invoke(app, ["export", *arguments])
        assert done.exit_code == status, done.output
        return done

    return run


def rows(text: str) -> list[dict[str, str]]:
    """A CSV as dicts."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def bits(values: list[float]) -> list[bytes]:
    """Floats as bytes: NaN is NaN, and -0.0 is not 0.0."""
    return [struct.pack("<d", value) for value in values]


def test_points_come_back_from_parquet_bit_by_bit(export: Any, tmp_path: Path) -> None:
    """Floats with their bits, texts and bytes as they are, steps and wallclocks to the microsecond."""
    export("--histories", "--filter", "name = 'first'", "-o", str(tmp_path / "points.parquet"))
    table = parquet.read_table(tmp_path / "points.parquet")
    assert [str(kind) for kind in table.schema.types] == [
        "string", "string", "int64", "timestamp[us, tz=UTC]", "double", "string", "binary",
    ]  # fmt: skip
    found = table.to_pylist()
    losses = [row for row in found if row["metric"] == "loss"]
    assert bits([row["value"] for row in losses]) == bits(FLOATS)
    assert [(row["step"], row["wallclock"].microsecond) for row in losses] == [(i, i + 1) for i in range(8)]
    assert [row["text"] for row in found if row["metric"] == "note"] == TEXTS
    (blob,) = (row for row in found if row["metric"] == "blob")
    assert (blob["bytes"], blob["step"], blob["value"]) == (bytes(range(256)), -5, None)


def test_points_come_back_from_csv_exactly(export: Any) -> None:
    """Each float is the shortest text that reads back to it; a missing text is nothing, an empty one is quoted."""
    text = export("--histories").stdout_bytes.decode()
    found = rows(text)
    assert bits([float(row["value"]) for row in found if row["metric"] == "loss"][1:]) == bits(FLOATS)
    assert [row["text"] for row in found if row["metric"] == "note"] == TEXTS
    assert ',note,0,1970-01-01T00:00:00.000000Z,,"",\n' in text
    assert found[0]["value"] == "2.5"


def test_only_the_metrics_that_were_named_are_exported(export: Any) -> None:
    """Of all runs that are found."""
    assert {row["metric"] for row in rows(export("--histories", "--metric", "blob").stdout)} == {"blob"}


def test_columns_of_runs_have_the_type_that_all_values_have(export: Any, tmp_path: Path) -> None:
    """Integers stay exact, integers and floats are floats, all else that is mixed is text."""
    export("--runs", "--sort", "started_at", "-o", str(tmp_path / "runs.parquet"))
    table = parquet.read_table(tmp_path / "runs.parquet")
    first, second = table.to_pylist()
    wanted = {
        "params.lr": (pyarrow.float64(), 0.1, None),
        "params.layers": (pyarrow.int64(), 2**53 + 1, None),
        "params.big": (pyarrow.int64(), 10**18, None),
        "params.on": (pyarrow.bool_(), True, None),
        "params.shape": (pyarrow.string(), "[1,2]", None),
        "params.mixed": (pyarrow.string(), "x", "1"),
        "params.empty": (pyarrow.string(), "", None),
        "params.ratio": (pyarrow.float64(), 2.0, 0.5),
        'tags."t, 1"': (pyarrow.string(), 'a "b"', None),
        "metrics.loss": (pyarrow.float64(), 1 / 3, 2.5),
        "metrics.note": (pyarrow.string(), TEXTS[-1], None),
        "metrics.blob": (pyarrow.binary(), bytes(range(256)), None),
        "name": (pyarrow.string(), "first", "second"),
        "notebook": (pyarrow.string(), None, None),
    }
    assert {name: (table.schema.field(name).type, first[name], second[name]) for name in wanted} == wanted
    assert first["ended_at"] > first["started_at"]
    assert (second["ended_at"], second["duration_seconds"]) == (None, None)


def test_chosen_columns_are_exported_in_their_order(export: Any) -> None:
    """Any field of the language, statistics and metadata among them."""
    printed = export("--sort", "started_at", "--columns", "metrics.loss.min,name,params.layers,metadata.none").stdout
    assert printed.splitlines() == [
        "metrics.loss.min,name,params.layers,metadata.none", "-inf,first,9007199254740993,", "2.5,second,,",
    ]  # fmt: skip


def test_events_are_exported(export: Any) -> None:
    """With their metadata as JSON."""
    (row,) = rows(export("--events").stdout)
    assert (row["name"], row["source"], row["wallclock"]) == ("saved", "trainer", "2026-11-21T10:00:00.000001Z")
    assert json.loads(row["metadata"]) == {"size": 1, "deep": ["ä", None]}


def test_nothing_found_is_a_table_without_rows(export: Any, tmp_path: Path) -> None:
    """Its columns are there all the same."""
    assert export("--scenario", "nobody").stdout.startswith("id,key,name,status,")
    for what in ("--runs", "--histories", "--events"):
        file = tmp_path / f"{what}.parquet"
        done = export(what, "--scenario", "nobody", "-o", str(file), "--json")
        assert json.loads(done.stdout)["rows"] == parquet.read_table(file).num_rows == 0


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """An export that breaks off leaves what was there, and nothing beside it."""
    target = tmp_path / "out.csv"
    target.write_text("before")

    def interrupted() -> None:
        with written(target) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.csv", "before")]
    with written(target) as file:
        file.write(b"after")
    assert target.read_bytes() == b"after"


def test_parquet_goes_through_a_pipe(server: LiveServer) -> None:
    """Standard output needs no seeking."""
    command = [MBOX, "export", "--histories", "--format", "parquet", "--url", server.url]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    table = parquet.read_table(pyarrow.BufferReader(done.stdout))
    assert table.num_rows == len(FLOATS) + len(TEXTS) + 2
    assert done.stderr == b""


def test_options_that_do_not_fit_are_refused(export: Any, tmp_path: Path) -> None:
    """With status 2, before anything is read or written."""
    for wrong in (
        ("--runs", "--events"), ("--events", "--columns", "name"), ("--runs", "--metric", "loss"), ("--json",),
        ("-o", str(tmp_path)), ("-o", str(tmp_path / "no" / "file.csv")),
    ):  # fmt: skip
        export(*wrong, status=2)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_pyarrow_is_told_by_the_extra_that_brings_it(server: LiveServer, tmp_path: Path) -> None:
    """Before anything is written."""
    script = (
        "import sys; sys.modules['pyarrow'] = None; from mbox_ops.cli import main;"
        "sys.argv = ['mbox', 'export', '-o', 'x.parquet']; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "pip install 'mbox-ops[parquet]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
