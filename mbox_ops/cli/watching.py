"""`mbox watch` and `mbox events`: what happens, as it happens or afterwards."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast

import msgspec
import typer
from rich.markup import escape

from mbox_ops.cli import options
from mbox_ops.cli.output import err, out, print_items, shown
from mbox_ops.cli.showing import instant_of, seconds_of, show_events, source_of
from mbox_ops.client.client import Client
from mbox_ops.client.values import Event, Wallclock
from mbox_ops.entities.changes import Action, Change, SubjectKind

STYLES: dict[Action, str] = {"created": "green", "updated": "cyan", "deleted": "red"}

Timeout = Annotated[
    float | None, typer.Option(min=0, help="End when nothing has come for so many seconds; 0: with what is there.")
]


def watch(
    cursor: Annotated[str | None, typer.Option("--from", help="Go on behind this cursor.")] = None,
    since: Annotated[str | None, typer.Option(help="From then on: 15m, 12h, 7d ago, or an RFC 3339 time.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only run, model, model_version or checkpoint; repeatable.")
    ] = None,
    scenario: options.Scenario = None,
    subject: Annotated[str | None, typer.Option(help="Only the object with this id.")] = None,
    timeout: Timeout = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each change.")] = False,
) -> None:
    """Print what changes in the namespace, from now on, until Ctrl-C."""
    kinds = cast("list[SubjectKind] | None", kind or None)  # the service refuses others
    found = Client(url, namespace=namespace).watch(
        cursor, since=None if since is None else _instant(since), kind=kinds, scenario=scenario, subject=subject,
        timeout=timeout,
    )  # fmt: skip
    try:
        with suppress(KeyboardInterrupt):
            for change in found:
                if as_json:
                    print(msgspec.json.encode(change).decode(), flush=True)
                else:
                    _show(change)
    finally:
        if found.cursor is not None and not as_json:
            err.print(f"To go on: mbox watch --from {found.cursor}", markup=False, soft_wrap=True)


def events(
    run_id: options.RunId,
    limit: options.Limit = 1_000,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with those that come, a line each.")] = False,
    timeout: Timeout = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Print a run's events in order of time; `x_finished` says how long it took from `x_started` of its source."""
    client = Client(url, namespace=namespace)
    if follow:
        _follow(client, run_id, timeout, as_json=as_json)
        return
    found = list(client.events.list(run_id, limit=limit))
    if as_json:
        took = seconds_of(found)
        print_items([_plain(event, took) for event in found])
    else:
        show_events(found)


def _follow(client: Client, run_id: str, timeout: float | None, *, as_json: bool) -> None:
    """Print the events that are there, then those that come; a run that is deleted has no more."""
    known: set[str] = set()
    changes = client.watch(subject=run_id, timeout=timeout)
    with suppress(KeyboardInterrupt):
        _print_new(client, run_id, known, as_json=as_json)
        for change in changes:
            if change.action == "deleted":
                break
            if "events" in change.parts:
                _print_new(client, run_id, known, as_json=as_json)


def _print_new(client: Client, run_id: str, known: set[str], *, as_json: bool) -> None:
    listed = list(client.events.list(run_id))
    took = seconds_of(listed)
    for event in listed:
        if event.id in known:
            continue
        known.add(event.id)
        if as_json:
            print(json.dumps(_plain(event, took), ensure_ascii=False), flush=True)
        else:
            seconds = f" {took[event.id]:.6g} s" if event.id in took else ""
            told = escape(f"{source_of(event)}: {event.name}{seconds} {json.dumps(event.metadata)}")
            out.print(f"{shown(instant_of(event))} {told}", soft_wrap=True)


def _plain(event: Event, took: dict[str, float]) -> dict[str, Any]:
    return {
        "name": event.name, "source": source_of(event), "wallclock_time": event.wallclock_time,
        "metadata": event.metadata, "duration_seconds": took.get(event.id),
    }  # fmt: skip


def _show(change: Change) -> None:
    what = " ".join(filter(None, (change.kind, change.id, _named(change))))
    where = f" in {change.scenario}" if change.scenario else ""
    status = f" {shown(change.status)}" if change.status else ""
    parts = f" ({', '.join(change.parts)})" if change.parts else ""
    action = f"[{STYLES[change.action]}]{change.action}[/]"
    out.print(f"{shown(change.at)} {action} {escape(what + where)}{status}{escape(parts)}", soft_wrap=True)


def _named(change: Change) -> str:
    return "" if change.name in (None, change.id) else repr(change.name)


def _instant(text: str) -> Wallclock:
    """An RFC 3339 time as it is, or a duration as so long ago."""
    if text[:4].isdigit() and text[4:5] == "-":
        return text
    return datetime.now(UTC) - timedelta(seconds=options.parse_duration(text))
