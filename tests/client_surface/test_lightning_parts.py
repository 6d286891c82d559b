"""The parts of the Lightning logger that need no Lightning: checkpoints that are given once, and hyperparameters."""

import argparse
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbox_ops import tracking
from mbox_ops.lightning.checkpoints import Checkpoints
from mbox_ops.lightning.hyperparameters import flat
from mbox_ops.testing import LiveServer, live_server


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """A server that a test may stop."""
    with live_server(home=tmp_path / "home") as server:
        monkeypatch.setenv("MBOX_URL", server.url)
        monkeypatch.setenv("MBOX_SPOOL_DIR", str(tmp_path / "spool"))
        yield server


@pytest.fixture
def run(own: LiveServer) -> Iterator[tracking.Run]:
    """A run of that server."""
    with tracking.MLTrackingSDK().start_run() as run:
        yield run


def callback(*kept: Path, last: Path | None = None) -> SimpleNamespace:
    """What Lightning's checkpoint callback tells."""
    best = str(kept[0]) if kept else ""
    return SimpleNamespace(
        state_key="k",
        best_model_path=best,
        last_model_path=str(last or ""),
        best_k_models=dict.fromkeys(map(str, kept)),
    )


def written(path: Path, text: str, at: int) -> Path:
    """A file that was written then."""
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def given(run: tracking.Run) -> list[tuple[str, str]]:
    """Name and kind of what the run was given."""
    return sorted((Path(each.path).name, each.kind) for each in run.refresh().artifacts())


def test_what_waits_for_the_service_is_uploaded_when_it_is_back(run, own, tmp_path) -> None:
    """Saving returns at once; a file that was removed meanwhile is passed over."""
    run.persist_run()
    checkpoints = Checkpoints("upload", lambda: run)
    one, two = (written(tmp_path / f"{n}.ckpt", f"weights {n}", 100 + n) for n in (1, 2))
    own.stop()
    checkpoints.saved(callback(one))
    checkpoints.saved(callback(two, one))
    three = written(tmp_path / "3.ckpt", "weights 3", 103)
    checkpoints.saved(callback(three, two))
    two.unlink()
    own.start()
    checkpoints.finish()
    assert given(run) == [("1.ckpt", "uploaded"), ("3.ckpt", "uploaded")]


def test_the_end_waits_for_a_service_that_is_away_only_so_long(run, own, tmp_path) -> None:
    """Then what is left is tracked: all of it after the first that was given up."""
    run.persist_run()
    checkpoints = Checkpoints("upload", lambda: run, patience=0.2)
    own.stop()
    files = [written(tmp_path / f"{n}.ckpt", f"weights {n}", 100 + n) for n in range(5)]
    checkpoints.saved(callback())
    checkpoints.saved(callback(*files))
    checkpoints.finish()
    own.start()
    run.persist_run(30)
    assert given(run) == [(f"{n}.ckpt", "tracked") for n in range(5)]


def test_each_file_is_given_once(run, tmp_path) -> None:
    """A file that was written anew is uploaded again, and what a resumed callback knew before is not."""
    old, first = written(tmp_path / "old.ckpt", "old", 50), written(tmp_path / "1.ckpt", "one", 100)
    last = written(tmp_path / "last.ckpt", "one", 100)
    checkpoints = Checkpoints("upload", lambda: run)
    for _ in range(3):
        checkpoints.saved(callback(first, old, last=last))
    checkpoints.finish()
    written(last, "two", 200)
    for _ in range(2):
        checkpoints.saved(callback(first, old, last=last))
        checkpoints.finish()
    assert given(run) == [("1.ckpt", "uploaded"), ("last.ckpt", "uploaded"), ("last.ckpt", "uploaded")]


def test_tracked_files_are_known_by_their_path(run, tmp_path) -> None:
    """One that is elsewhere is tracked, too; a link is not: what it leads to is."""
    first = written(tmp_path / "1.ckpt", "one", 100)
    link = tmp_path / "last.ckpt"
    link.symlink_to(first)
    checkpoints = Checkpoints("track", lambda: run)
    for at in (100, 200):
        written(first, "one", at)
        checkpoints.saved(callback(first, last=link))
    remote = SimpleNamespace(state_key="r", best_model_path="s3://bucket/x.ckpt", last_model_path="", best_k_models={})
    checkpoints.saved(remote)
    checkpoints.finish()
    assert given(run) == [("1.ckpt", "tracked"), ("x.ckpt", "tracked")]


@pytest.mark.parametrize("giving", ["track", "upload"])
def test_a_file_that_tells_its_epoch_is_noted_at_that_checkpoint(run, tmp_path, giving) -> None:
    """With the metric that was watched, by the run's name of it; `last.ckpt` tells none."""
    files = [written(tmp_path / f"epoch={epoch}-step={8 * epoch + 8}.ckpt", "w", 100 + epoch) for epoch in (0, 1)]
    last = written(tmp_path / "last.ckpt", "w", 102)
    checkpoints = Checkpoints(giving, lambda: run, named=lambda name: f"fold-1/{name}")
    for kept in (1, 2, 2):
        found = callback(*files[:kept], last=last if kept == 2 else None)
        found.monitor, found.best_k_models = "val/loss", dict(zip(map(str, files[:kept]), (0.5, 0.25), strict=False))
        checkpoints.saved(found)
    checkpoints.finish()
    run.persist_run()
    noted = run.checkpoints()
    losses = [one.metrics["fold-1/val/loss"] for one in noted]
    assert [(one.epoch, loss.last, loss.count) for one, loss in zip(noted, losses, strict=True)] == [
        (0, 0.5, 1), (1, 0.25, 1)
    ]  # fmt: skip
    names = {"track": [Path(each.path).name for one in noted for each in one.artifacts()],
             "upload": [Path(one.get_metadata().get("artifact", "")).name for one in noted]}  # fmt: skip
    assert names[giving] == [file.name for file in files]


@dataclass
class Part:
    """A part of hyperparameters."""

    rate: float = 0.1
    kind: type = int


def test_hyperparameters_of_any_shape_are_parameters() -> None:
    """Nested ones by their path; what JSON cannot hold is text; nothing is too long."""
    assert flat(argparse.Namespace(a=1, part=Part(), empty={}, deep={"x": {"y": [1, {"z": 2}]}})) == {
        "a": 1, "part.rate": 0.1, "part.kind": "int", "empty": {}, "deep.x.y": [1, {"z": 2}],
    }  # fmt: skip
    assert flat({1: None, "inf": math.inf, "nested": [math.nan], "path": Path("a/b"), "flag": True}) == {
        "1": "None", "inf": "inf", "nested": "[nan]", "path": "a/b", "flag": True,
    }  # fmt: skip
    assert len(flat({"long": "x" * 9_000, "list": list(range(9_000))})["list"]) == 5_000
    endless: dict[str, object] = {}
    endless["again"] = endless
    assert len(flat(endless)) == 1
