"""Every rule of what may be deleted together, and every refusal, of the component `delete_runs`."""

from typing import Any

import pytest

pytest.importorskip("kfp")

from tests.contract.selector_rules import Row, World, rows
from tests.kfp.calling import call

pytestmark = pytest.mark.kfp


@pytest.fixture(scope="module")
def world(server) -> World:
    """The runs of the table; every row leaves them as they were."""
    return World(server.url)


@pytest.mark.parametrize("row", rows("kfp"), ids=lambda row: ascii(row.given)[:80])
def test_the_component_keeps_the_rules(world: World, environment: None, monkeypatch, row: Row) -> None:
    """Its function, as a step runs it; scenarios are a text."""
    monkeypatch.setenv("MBOX_NAMESPACE", world.namespace)
    steps = iter(range(9))

    def asked(given: dict[str, Any]) -> str | None:
        scenario = given.get("scenario", "")
        told = {**given, "scenario": scenario if isinstance(scenario, str) else ",".join(scenario)}
        about = [name for name in given if name not in {"dry_run", "force", "max_runs", "expected"}]
        try:
            call("delete_runs", "", run_id=f"{row.given!a} {next(steps)}", selectors=",".join(about), **told)
        except (RuntimeError, ValueError) as error:
            return str(error)
        return None

    world.check(row, asked)
