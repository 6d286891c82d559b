"""The runs that `docs/reference/search.md` tells of, and what its examples say about them."""

import json
import re
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

from mbox_ops.entities.instants import from_text
from tests.search.naive import Record

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "search.md"
NOW = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z, what now() is in the examples

RUNS: list[dict[str, Any]] = [
    {
        "name": "resnet-a", "status": "FINISHED", "scenario": "vision", "scenario_version": "2", "pipeline": "train",
        "execution": "monday", "collection": "sweep", "owner": "ana", "framework": "PYTORCH",
        "started_at": "2026-11-20T08:00:00Z", "ended_at": "2026-11-20T09:30:00Z",
        "params": {"lr": 0.1, "batch": 64, "optimizer.name": "sgd", "augment": True},
        "tags": {"team": "vision", "reviewed": "2026-11-20"},
        "metadata": {
            "data": {
                "name": "cifar10", "rows": 50000,
                "splits": [{"name": "train", "rows": 45000}, {"name": "test", "rows": 5000}],
            },
            "model": {"layers": [64, 128], "conv.1": {"size": 3}},
            "note": None,
        },
        "metrics": {"train/loss": [2.5, 0.75, 0.5], "accuracy": [0.5, 0.875, 0.75]},
    },
    {
        "name": "resnet-b", "status": "FAILED", "scenario": "vision", "scenario_version": "2", "pipeline": "train",
        "execution": "tuesday", "collection": "sweep", "owner": "ana", "framework": "PYTORCH",
        "started_at": "2026-11-21T08:00:00Z", "ended_at": "2026-11-21T08:05:00Z",
        "params": {"lr": "0.50", "batch": "128", "optimizer.name": "adam", "augment": False},
        "tags": {"team": "vision"},
        "metadata": {
            "data": {"name": "cifar100", "rows": 50000, "splits": [{"name": "train", "rows": 50000}]},
            "model": {"layers": []},
        },
        "metrics": {"train/loss": [2.5, nan]},
    },
    {
        "name": "bert-a", "status": "FINISHED", "scenario": "language", "pipeline": "finetune", "collection": "imdb",
        "external_id": "ticket-7", "framework": "HUGGINGFACE",
        "started_at": "2026-11-14T22:00:00Z", "ended_at": "2026-11-15T04:00:00Z",
        "params": {"lr": "auto", "batch": 32},
        "tags": {"team": "nlp", "reviewed": "2026-11-21T09:00:00+01:00"},
        "metadata": {"data": {"name": "imdb", "rows": "25000"}, "gpu": {"count": 2}},
        "metrics": {"train/loss": [1.5, 0.25], "accuracy": [0.875], "phase": ["warm-up", "training"]},
    },
    {
        "name": "bert-b", "status": "RUNNING", "scenario": "language", "pipeline": "finetune", "collection": "imdb",
        "framework": "HUGGINGFACE", "started_at": "2026-11-21T11:00:00Z",
        "params": {"lr": 2e-05, "batch": 32},
        "tags": {},
        "metadata": {},
        "metrics": {"train/loss": [1.75]},
    },
    {
        "name": "svm", "status": "KILLED", "scenario": "vision", "notebook": "explore", "collection": "explore",
        "owner": "bob", "started_at": "2026-11-19T10:00:00Z", "ended_at": "2026-11-19T10:00:30Z",
        "params": {"C": 10, "odd name": "it's"},
        "tags": {"team": "Vision"},
        "metadata": {"data": {"name": ["cifar10", "imdb"]}, "note": "50% off [1]"},
        "metrics": {},
    },
]  # fmt: skip
_NO_COLUMNS = ("params", "tags", "metadata", "metrics")
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "float"}


class Example(NamedTuple):
    """A text of the page, and the names of the runs that it finds, or the order that it puts them in."""

    text: str
    names: list[str]


def records() -> list[Record]:
    """The runs, as the naive evaluator takes them."""
    return [_record(run) for run in RUNS]


def examples(language: str) -> list[Example]:
    """The examples in the page's blocks of a language, `filter` or `sort`."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    pairs = re.findall(r"(.+?)\n-> (.+?)\n", "\n".join(blocks), re.DOTALL)
    return [Example(text.strip(), [name for name in names.split(", ") if name != "none"]) for text, names in pairs]


def runs_of_the_page() -> Any:
    """The runs as the page shows them."""
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return json.loads(block)


def _record(run: dict[str, Any]) -> Record:
    columns = {name: value for name, value in run.items() if name not in _NO_COLUMNS}
    instants = {name: from_text(columns[name]) for name in ("started_at", "ended_at") if name in columns}
    started, ended = instants["started_at"], instants.get("ended_at")
    duration = None if started is None or ended is None else (ended - started) / 1e6
    return Record(
        columns={**columns, **instants, "duration_seconds": duration},
        parameters={name: _parameter(value) for name, value in run["params"].items()},
        tags=run["tags"],
        metadata=run["metadata"],
        metrics=run["metrics"],
    )


def _parameter(value: Any) -> tuple[str, str]:
    return value if isinstance(value, str) else json.dumps(value), _TYPES[type(value)]
