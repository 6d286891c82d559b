"""How figures are shown: a table for people, JSON for programs."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import Figure, Goal


def show(figures: list[Figure]) -> None:
    """Print the table."""
    table = Table("figure", "unit", "raw limit", title="mbox-ops, beside raw limits of the same run")
    for name in ("measured", "limit", "ratio", "goal", "ok"):
        table.add_column(name, justify="right")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:,.2f}"
        limit = "" if figure.limit is None else number(figure.limit)
        goals = ", ".join(said(goal) for goal in figure.goals)
        ok = {None: "", True: "[green]yes[/]", False: "[bold red]no[/]"}[figure.ok]
        table.add_row(figure.name, figure.unit, figure.against, number(figure.measured), limit, ratio, goals, ok)
    width = None if Console().is_terminal else 170
    Console(width=width).print(table)


def write(figures: list[Figure], path: Path) -> None:
    """Write the figures as JSON."""
    found = [msgspec.to_builtins(figure) | {"ratio": figure.ratio, "ok": figure.ok} for figure in figures]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


def number(value: float) -> str:
    """A number with three significant digits, or none behind the point where it is large."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def said(goal: Goal) -> str:
    """A goal as the table shows it."""
    sign = "<=" if goal.bound == "at most" else ">="
    return f"{sign} {number(goal.value)}{'x' if goal.of == 'ratio' else ''}"
