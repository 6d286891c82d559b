"""Files of metric points: JSON lines, CSV, and Parquet where the step's image can read it."""

from collections.abc import Iterator
from typing import Any

from mbox_kfp.inlined.values import mbox_instant, mbox_number


def mbox_points(path: str) -> list[dict[str, Any]]:
    """The blocks of a file of points, a series each, in the order of its rows."""
    import time

    now = time.time_ns() // 1_000
    series: dict[str, list[tuple[Any, int, Any]]] = {}
    for where, row in mbox_rows(path):
        for point in mbox_cells(where, row):
            series.setdefault(point["name"], []).append(mbox_point(where, point, now))
    blocks = []
    for name, points in series.items():
        steps = [step for step, _, _ in points]
        if None in steps and set(steps) != {None}:
            raise ValueError(f"The points of the metric {name!r} have a step on some lines only: give all one or none.")
        for start in range(0, len(points), 20_000):
            part = points[start : start + 20_000]
            blocks.append(
                {
                    "names": [name],
                    "steps": None if None in steps else [step for step, _, _ in part],
                    "wallclocks": [wallclock for _, wallclock, _ in part],
                    "values": [value for _, _, value in part],
                }
            )
    return blocks


def mbox_rows(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file, and what to call each in an error. KFP's files have no suffix: how one begins tells them."""
    from pathlib import Path

    try:
        with Path(path).open("rb") as file:
            head = file.read(4_096)
    except OSError as error:
        raise ValueError(f"points_artifact has to be one file: {error}.") from None
    if head.startswith(b"PAR1"):
        yield from mbox_parquet_rows(path)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        yield from mbox_json_rows(path)
    else:
        yield from mbox_csv_rows(path)


def mbox_json_rows(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """One JSON object a line."""
    import json
    from pathlib import Path

    with Path(path).open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"Line {number} of the points file"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{where} is not JSON: {error}.") from None
            if not isinstance(row, dict) or not isinstance(row.get("name"), str) or "value" not in row:
                raise ValueError(
                    f'{where} must be like {{"name": "loss", "value": 0.5, "step": 3}}, not {line.strip()[:70]!r}.'
                )
            yield where, row


def mbox_csv_rows(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines below a head of names; an empty cell is none."""
    import csv
    from pathlib import Path

    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            head = next(lines, [])
            if len(set(head)) != len(head) or not all(head):
                raise ValueError(
                    f"The head of the points file must name each column once, not {','.join(head)[:70]!r}."
                )
            for cells in lines:
                where = f"Line {lines.line_num} of the points file"
                if len(cells) > len(head):
                    raise ValueError(f"{where} has {len(cells)} cells, and the head names {len(head)} columns.")
                yield where, {name: cell for name, cell in zip(head, cells, strict=False) if cell}
        except csv.Error as error:
            raise ValueError(f"Line {lines.line_num} of the points file is not CSV: {error}.") from None


def mbox_parquet_rows(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a Parquet file; null is no cell. Needs pyarrow, which none of our steps installs."""
    import importlib

    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError(
            "The points file is Parquet, and the image of this step has no pyarrow to read it. Write CSV or JSON "
            "lines, or give the task an image that has it: task.set_container_image(...)."
        ) from None
    number = 0
    for batch in parquet.ParquetFile(path).iter_batches():
        for row in batch.to_pylist():
            number += 1
            yield f"Row {number} of the points file", {name: cell for name, cell in row.items() if cell is not None}


def mbox_cells(where: str, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The points of a row: itself where it has a name and a value, else one for each column but step and wallclock."""
    if "name" in row or "value" in row:
        if unknown := sorted(set(row) - {"name", "value", "step", "wallclock"}):
            raise ValueError(
                f"{where} has the unknown field {unknown[0]!r}; there are name, value, step and wallclock."
            )
        if "name" not in row or "value" not in row:
            raise ValueError(f"{where} needs both a name and a value.")
        yield row
        return
    place: dict[str, Any] = {name: row[name] for name in ("step", "wallclock") if name in row}
    for name, value in row.items():
        if name not in place:
            yield {"name": name, "value": value, **place}


def mbox_point(where: str, point: dict[str, Any], now: int) -> tuple[Any, int, Any]:
    """Step, wallclock and value of a point."""
    import re

    step = point.get("step")
    if isinstance(step, str) and re.fullmatch(r"[+-]?\d+(\.0*)?", step, re.ASCII):
        step = int(step.partition(".")[0])
    elif isinstance(step, float) and step.is_integer():
        step = int(step)
    if step is not None and type(step) is not int:
        raise ValueError(f"{where} has the step {step!r}; a step is a whole number.")
    instant = point.get("wallclock")
    try:
        wallclock = now if instant is None else mbox_instant("wallclock", instant)
        return step, wallclock, mbox_number(point["name"], point["value"])
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
