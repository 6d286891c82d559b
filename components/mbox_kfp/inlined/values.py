"""Metrics and instants as KFP hands them over, as the service takes them."""

from typing import Any


def mbox_number(name: str, value: Any) -> Any:
    """A metric's value for JSON. Text counts where it is a number, since KFP turns channels in a dict into text."""
    import math
    import re

    number = r"[+-]?(nan|inf|infinity|(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)"
    if isinstance(value, str) and re.fullmatch(number, value, re.ASCII | re.IGNORECASE):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"The metric {name!r} is {value!r:.80}, which is no number. Give a number, or its text.")
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def mbox_numbers(metadata: dict[str, Any]) -> dict[str, Any]:
    """The numbers among an artifact's metadata: KFP's backend keeps texts of its own beside them."""
    return {name: value for name, value in metadata.items() if type(value) in (int, float)}


def mbox_block(metrics: dict[str, Any], step: int, now: int) -> dict[str, Any]:
    """The metrics of one step as a block of points, one point each."""
    names = sorted(metrics)
    return {
        "names": names,
        "steps": None if step < 0 else [int(step)],
        "wallclocks": [now],
        "values": [mbox_number(name, metrics[name]) for name in names],
    }


def mbox_classification(document: dict[str, Any]) -> list[dict[str, Any]]:
    """KFP's ClassificationMetrics as blocks: `confusion/<actual>/<predicted>`, and the ROC curve over its points."""
    import time

    now = time.time_ns() // 1_000
    cells: dict[str, Any] = {}
    matrix = mbox_unwrapped(document.get("confusionMatrix")) or {}
    labels = [entry["displayName"] for entry in matrix.get("annotationSpecs", [])]
    for actual, row in zip(labels, matrix.get("rows", []), strict=True):
        cells.update({f"confusion/{actual}/{seen}": n for seen, n in zip(labels, row["row"], strict=True)})
    blocks = [mbox_block(cells, -1, now)] if cells else []
    curve = mbox_unwrapped(document.get("confidenceMetrics")) or []
    fields = {"roc/threshold": "confidenceThreshold", "roc/fpr": "falsePositiveRate", "roc/tpr": "recall"}
    if curve:
        blocks.append(
            {
                "names": list(fields),
                "steps": list(range(len(curve))),
                "wallclocks": [now] * len(curve),
                "values": [mbox_number(name, point.get(fields[name], "nan")) for point in curve for name in fields],
            }
        )
    return blocks


def mbox_unwrapped(value: Any) -> Any:
    """A part of an artifact's metadata; a cluster hands lists and objects over inside an object of their own."""
    if isinstance(value, dict) and len(value) == 1:
        return value.get("struct", value.get("list", value))
    return value


def mbox_batches(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks in batches of at most about 20,000 points, each one request."""
    batches: list[dict[str, Any]] = [{"points": []}]
    count = 0
    for block in blocks:
        if count and count + len(block["values"]) > 20_000:
            batches.append({"points": []})
            count = 0
        batches[-1]["points"].append(block)
        count += len(block["values"])
    return batches


def mbox_instant(name: str, value: Any) -> int:
    """Microseconds since 1970 UTC from seconds (a number or its text) or RFC 3339 text."""
    from datetime import UTC, datetime

    try:
        seconds = float(value)
        return round(seconds * 1_000_000)
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(
            f"{name} is {value!r:.60}; give seconds since 1970 or RFC 3339 text such as '2026-11-21T05:00:00Z'."
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{name} is {value!r:.60}, without a zone; add one, such as 'Z' or '+01:00'.")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
