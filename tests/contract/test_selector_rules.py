"""Every rule of what may be deleted together, and every refusal, at the SDK, REST and `mbox`."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from mbox_ops.cli.app import app
from mbox_ops.entities.deletions import Expected
from mbox_ops.errors import MboxError
from mbox_ops.testing import LiveServer, live_server
from mbox_ops.tracking import MLTrackingSDK
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.contract.selector_rules import Row, World, rows
from tests.server.asking import ask

NOT_OF_TRACKING = {"max_runs", "expected"}


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server for these tests."""
    with live_server() as running:
        yield running


@pytest.fixture(scope="module")
def world(server: LiveServer) -> World:
    """The runs of the table; every row leaves them as they were."""
    return World(server.url)


def named(door: str) -> Any:
    """The rows of a door as parameters."""
    return pytest.mark.parametrize("row", rows(door), ids=lambda row: ascii(row.given)[:80])


@named("sdk")
def test_the_client_keeps_the_rules(world: World, row: Row) -> None:
    """`client.deletions.create`."""

    def asked(given: dict[str, Any]) -> str | None:
        expected = given.pop("expected", None)
        more = {"expected": Expected(**expected)} if expected else {}
        return refusal(world.client.deletions.create, **given, **more)

    world.check(row, lambda given: asked(dict(given)))


@named("sdk")
def test_tracking_keeps_the_rules(world: World, row: Row) -> None:
    """`tracking.delete_runs`, which has no cap and no expectation."""
    if NOT_OF_TRACKING & set(row.given):
        row = Row({"scenario": "b"}, {"b1", "b2"})
    sdk = MLTrackingSDK(url=world.url, namespace=world.namespace)
    world.check(row, lambda given: refusal(sdk.delete_runs, **given))


@named("rest")
def test_rest_keeps_the_rules(world: World, row: Row) -> None:
    """`POST /api/v1/deletions`, whose scenarios are a list."""

    def asked(given: dict[str, Any]) -> str | None:
        others = {name: given.pop(name) for name in ("dry_run", "force", "max_runs", "expected") if name in given}
        scenario = given.pop("scenario", None)
        if scenario is not None:
            given["scenarios"] = scenario.split(", ") if isinstance(scenario, str) else scenario
        if "run" in given:
            given["run_id"] = given.pop("run")
        headers = {NAMESPACE_HEADER: world.namespace}
        answer = ask(world.url, "POST", "/api/v1/deletions", {"selector": given, **others}, headers=headers)
        return None if answer.status in {200, 201} else str(answer.error["message"])

    world.check(row, lambda given: asked(dict(given)))


@named("mbox")
def test_the_command_line_keeps_the_rules(world: World, row: Row) -> None:
    """`mbox scenarios delete` where only scenarios are named, else `mbox runs delete`."""

    def asked(given: dict[str, Any]) -> str | None:
        done = CliRunner().invoke(app, [*command(given), "--url", world.url, "--namespace", world.namespace])
        return None if done.exit_code == 0 else f"{done.output} {done.stderr} {done.exception}"

    world.check(row, asked)


def command(given: dict[str, Any]) -> list[str]:
    """The command that says the same."""
    more = dict(given)
    flags = [f"--{name.replace('_', '-')}" for name in ("dry_run", "force") if more.pop(name, False)]
    names, cap = more.pop("scenario", None), more.pop("max_runs", None)
    words = flags + ([] if cap is None else [f"--max-runs={cap}"])
    if names is not None and not more:
        return ["scenarios", "delete", "--yes", "--json", *words, *([names] if isinstance(names, str) else names)]
    words += [] if names is None else ["--scenario", names if isinstance(names, str) else ",".join(names)]
    run = more.pop("run", None)
    words += [f"--{name.replace('_', '-')}={value}" for name, value in more.items()]
    return ["runs", "delete", "--yes", "--json", *words, *([] if run is None else [run])]


def refusal(call: Any, **given: Any) -> str | None:
    """What is said against it; None if it was done."""
    try:
        call(**given)
    except MboxError as error:
        return str(error)
    return None
