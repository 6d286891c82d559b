"""What a deletion takes and leaves, as a table: the same rows on every screen and in every log."""

from collections.abc import Sequence

from mbox_ops.entities.cleanup import Reason
from mbox_ops.entities.deletions import Counts, Deletion

REASONS: tuple[Reason, ...] = ("young", "last", "best", "unranked", "protected", "alive")


def report(found: Deletion) -> list[Sequence[object]]:
    """Head and rows: what goes of each scenario, and for each reason that occurs how many runs stay."""
    reasons = [reason for reason in REASONS if any(reason in kept for kept in found.kept.values())]
    rows: list[Sequence[object]] = [
        ("scenario", "go", "points", "events", "artifacts", *(f"kept: {reason}" for reason in reasons))
    ]
    names = sorted({*found.by_scenario, *found.kept})
    for name in names:
        kept = found.kept.get(name, {})
        rows.append((name, *_counts(found.by_scenario.get(name, Counts())), *(kept.get(each, 0) for each in reasons)))
    if len(names) != 1:
        totals = (sum(kept.get(each, 0) for kept in found.kept.values()) for each in reasons)
        rows.append(("total", *_counts(found.counts), *totals))
    return rows


def lines(rows: Sequence[Sequence[object]]) -> list[str]:
    """Rows as lines of text in columns, for a log: the first column to the left, the others to the right.

    >>> lines([("scenario", "go"), ("churn", 12)])
    ['scenario  go', 'churn     12']
    """
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        "  ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))])
        for first, *rest in texts
    ]


def _counts(counts: Counts) -> tuple[int, ...]:
    return counts.runs, counts.points, counts.events, counts.artifacts
