"""Metrics as people hand them to an operator, as blocks of points."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mbox_airflow import templated
from mbox_ops.client import parts
from mbox_ops.client.clock import microseconds
from mbox_ops.entities.limits import check_metric_name
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import pack_floats, pack_ints

_INT64 = range(-(2**63), 2**63)


def blocks(given: object, step: int | None) -> list[Block]:
    """The points of `metrics`.

    Args:
        given: name to number, a list of rows, text that holds either, or the path of a file that does.
        step: of all that have none of their own.

    Raises:
        InvalidRequest: a name, a value, a step or a time breaks a rule.
    """
    now = time.time_ns() // 1_000
    found: list[Block] = []
    columns: dict[tuple[str, bool], tuple[list[int], list[int], list[float]]] = {}
    for row in rows(given, step):
        name = check_metric_name(row.name)
        own = _step(name, row.step)
        steps, wallclocks, values = columns.setdefault((name, own is None), ([], [], []))
        if own is not None:
            steps.append(own)
        wallclocks.append(_wallclock(name, row.wallclock, now))
        values.append(templated.number(f"metric {name!r}", row.value))
    for (name, _), (steps, wallclocks, values) in columns.items():
        found.append(
            Block(
                names=[name],
                steps=pack_ints(steps) if steps else None,
                wallclocks=pack_ints(wallclocks),
                values=pack_floats(values),
            )
        )
    return found


def rows(given: object, step: int | None) -> list[parts.Row]:
    """`metrics` as rows, in order.

    Raises:
        InvalidRequest: it is no dict, list, text or file of such.
    """
    value = _held(given) if isinstance(given, str) else given
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [parts.Row(name, item, step, None) for name, item in value.items()]
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return parts.rows(value, step, None)
    raise InvalidRequest(
        f"metrics must be a dict, a list of rows or a file of either, not {type(value).__name__}: {value!r:.80}",
        field="metrics", value=value,
    )  # fmt: skip


def _held(text: str) -> Any:
    if not text.strip():
        return None
    if text.strip()[0] in "{[":
        return templated.parsed("metrics", text)
    path = Path(text.strip())
    try:
        if path.suffix == ".csv":
            return _of_table(path)
        if path.suffix in (".jsonl", ".ndjson"):
            return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        if path.suffix == ".json":
            return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidRequest(f"metrics: {text!r} cannot be read: {error.strerror}.", field="metrics") from error
    except ValueError as error:
        raise InvalidRequest(f"metrics: {text!r} is not what its name says: {error}.", field="metrics") from error
    raise InvalidRequest(
        f"metrics is text that is no dict, no list, and no path of a .json, .jsonl or .csv file: {text[:80]!r}",
        field="metrics", value=text,
    )  # fmt: skip


def _of_table(path: Path) -> list[dict[str, Any]]:
    """A column for each metric, and perhaps the columns `step` and `wallclock`; an empty cell is no point."""
    found = []
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file, strict=True):
            step, wallclock = line.pop("step", None), line.pop("wallclock", None)
            if None in line or None in line.values():
                raise ValueError("a line has more or fewer cells than the first")
            found += [
                {"name": name, "value": cell, "step": step or None, "wallclock": wallclock or None}
                for name, cell in line.items()
                if cell
            ]
    return found


def _step(name: str, given: object) -> int | None:
    step = templated.integer(f"step of metric {name!r}", given)
    if step is not None and step not in _INT64:
        raise InvalidRequest(f"step of metric {name!r} is {step}, beyond int64.", field="step", value=str(step))
    return step


def _wallclock(name: str, given: object, now: int) -> int:
    instant = templated.instant(given)
    return now if instant is None else microseconds(instant, f"wallclock of metric {name!r}")
