"""Deletions and cleanups as the service takes them, and the report of one."""

from typing import Any

from mbox_kfp.inlined.identity import mbox_plain
from mbox_kfp.inlined.sending import mbox_deliver


def mbox_names(text: str) -> list[str]:
    """Names that are parted by commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def mbox_selector(given: dict[str, Any]) -> dict[str, Any]:
    """What to delete, from the step's inputs.

    A selector that the pipeline names and that turns out empty is refused: without it more would go than was meant.
    """
    fields = {"scenario": "scenarios", "run": "run_id"}
    fields |= {name: name for name in ("scenario_version", "pipeline", "execution", "notebook", "filter")}
    for name in mbox_names(given["selectors"]):
        if name not in fields:
            raise ValueError(f"The input 'selectors' names {name!r}; there are {', '.join(sorted(fields))}.")
        if not given[name].strip(" ,"):
            raise ValueError(
                f"The step selects by {name!r}, and that input is empty: without it more would go than was meant. "
                f"Nothing was deleted. Give a {name}, or leave it out where the pipeline is built."
            )
    selector = {field: given[name] for name, field in fields.items() if given[name].strip(" ,")}
    if not selector:
        raise ValueError(f"There is nothing to select runs by: give at least one of {', '.join(sorted(fields))}.")
    if "scenarios" in selector:
        selector["scenarios"] = mbox_names(selector["scenarios"])
    return selector


def mbox_rules(given: dict[str, Any]) -> dict[str, Any]:
    """The rules of a cleanup, from the step's inputs; what is empty or -1 is no rule."""
    lists = {"scenarios": "scenario", "collections": "run_collection", "status": "status"}
    for name in lists.values():
        if given[name] and not mbox_names(given[name]):
            raise ValueError(f"{name} is {given[name]!r:.80}, which names none. Leave it empty for all.")
    rules: dict[str, Any] = {field: names for field, name in lists.items() if (names := mbox_names(given[name]))}
    if given["filter"]:
        rules["filter"] = given["filter"]
    if given["older_than"]:
        rules["older_than_seconds"] = mbox_seconds(given["older_than"])
    if given["keep_last"] != -1:
        rules["keep_last"] = given["keep_last"]
    best = (given["keep_best"] != -1, bool(given["metric"]), given["direction"] in ("min", "max"))
    if any((*best, given["direction"])) and not all(best):
        raise ValueError(
            "keep_best, metric and direction ('min' or 'max') go together: how many runs to keep, by which metric, and "
            "which is best."
        )
    if all(best):
        rules["keep_best"] = {name: given[name] for name in ("metric", "direction", "statistic")}
        rules["keep_best"]["runs"] = given["keep_best"]
    return rules


def mbox_seconds(text: str) -> int:
    """Seconds from text such as 90s, 15m, 12h, 30d, 4w, or from a number of them."""
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    if not (number.isascii() and number.isdecimal()):
        raise ValueError(f"older_than must be seconds, or text such as 90s, 15m, 12h, 30d, 4w, not {text!r:.80}.")
    return int(number) * units[unit]


def mbox_confirmed(given: dict[str, Any]) -> None:
    """Refuse a cleanup that would delete and was not confirmed by the name of what it is about."""
    wanted = given["scenario"] or "all scenarios"
    if not given["dry_run"] and given["confirm"] != wanted:
        raise ValueError(
            f"Nothing was deleted: dry_run is false, and confirm is {given['confirm']!r:.300}. To delete, look at the "
            f"report of a dry run and give confirm={wanted!r:.300}, the scenario itself."
        )


def mbox_delete(step: dict[str, Any], path: str, given: dict[str, Any], what: dict[str, Any]) -> dict[str, Any]:
    """Ask for a deletion, or for the preview of one.

    Its key is the step's origin: a request that is sent again, and a step that KFP retries, deletes once and is
    answered with that deletion.
    """
    import json

    wish = {**what, "dry_run": given["dry_run"], "purge": given["purge"]}
    if not given["dry_run"]:
        wish["key"] = step["origin"]
    if given["max_runs"] != -1:
        wish["max_runs"] = given["max_runs"]
    if given["expected"]:
        wish["expected"] = given["expected"]
    body = json.dumps(mbox_plain(wish), allow_nan=False).encode()  # a count may come as 3.0
    # Choosing among many runs may take long, so one try waits as long as the step has.
    answer, _ = mbox_deliver(step, "POST", path, body, patience=step["seconds"])
    if not isinstance(answer.get("counts"), dict):
        raise RuntimeError(f"What answers at {step['url']} is not the mbox-ops service: it does not say what it did.")
    return answer


def mbox_told(deletion: dict[str, Any], max_runs: int, report: Any) -> tuple[str, str, int, dict[str, int]]:
    """Log and file what went, or would go; the step's outputs."""
    import sys
    from pathlib import Path

    text = mbox_report(deletion, max_runs)
    sys.stdout.write(f"mbox-ops: {text}")
    Path(report.path).parent.mkdir(parents=True, exist_ok=True)
    Path(report.path).write_text(text, encoding="utf-8")
    return deletion["id"], deletion["state"], deletion["counts"]["runs"], deletion["counts"]


def mbox_report(deletion: dict[str, Any], max_runs: int) -> str:
    """What goes and what stays, as Markdown."""
    runs = deletion["counts"]["runs"]
    if deletion["state"] == "PREVIEW":
        lines = [f"**{runs} runs would go.** Nothing has changed."]
        if 0 <= max_runs < runs:
            lines.append(f"A deletion would be refused: `max_runs` is {max_runs}.")
    else:
        lines = [f"**{runs} runs are deleted** (`{deletion['id']}`, {deletion['state']})."]
        if deletion["state"] == "TOMBSTONED" and runs:
            lines.append(f"Until {deletion['purge_after']}, `mbox deletions undo {deletion['id']}` brings them back.")
    lines += [f"There is no scenario `{name}` with live runs." for name in deletion["scenarios_not_found"]]
    if deletion["running"]:
        names = ", ".join(f"`{run}`" for run in deletion["running"][:5])
        lines.append(f"Runs that count as alive are among them, such as {names}; they go only with `force`.")
    if deletion["protected"]:
        lines.append(
            f"Runs with the tag `mbox.keep=true`: {deletion['protected']}. They go only where they or their scenario "
            "are named."
        )
    return "\n\n".join(lines) + "\n\n" + mbox_table(deletion)


def mbox_table(deletion: dict[str, Any]) -> str:
    """The counts of each scenario, and for each reason that occurs how many of its runs stay."""
    counted = ("runs", "points", "events", "artifacts", "bytes")
    kept = deletion["kept"]
    reasons = sorted({reason for each in kept.values() for reason in each})
    rows = [["scenario", *counted, *(f"kept: {reason}" for reason in reasons)]]
    rows.append(["---"] + ["---:"] * (len(rows[0]) - 1))
    scenarios = {name: deletion["by_scenario"].get(name, {}) for name in sorted({*deletion["by_scenario"], *kept})}
    for name, counts in scenarios.items():
        stay = [kept.get(name, {}).get(reason, 0) for reason in reasons]
        rows.append([name.replace("|", "\\|"), *(str(n) for n in (*(counts.get(c, 0) for c in counted), *stay))])
    if len(scenarios) != 1:
        stay = [sum(each.get(reason, 0) for each in kept.values()) for reason in reasons]
        rows.append(["total", *(str(n) for n in (*(deletion["counts"][c] for c in counted), *stay))])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
