"""Every rule of what may be deleted together, and every refusal, of `DeleteRunsOperator`."""

import pytest

from tests.airflow.conftest import Lab
from tests.contract.selector_rules import World, rows

pytestmark = pytest.mark.airflow


def test_the_operator_keeps_the_rules(lab: Lab) -> None:
    """A mapped task for each row: those that are refused are final, the others are previewed, and one deletes."""
    world = World(lab.url, lab.namespace)
    before = world.names()
    told = rows("airflow")
    given = [world.filled(row.given) | ({} if isinstance(row.gone, str) else {"dry_run": True}) for row in told]
    tasks = lab.run_dag("deleting", conf={"given": given})["tasks"]
    assert world.names() == before
    for number, row in enumerate(told):
        task = tasks[f"delete[{number}]"]
        if isinstance(row.gone, str):
            assert (task["state"], task["try_number"]) == ("failed", 1), row
            assert world.filled(row.gone) in lab.airflow.log, row
            continue
        assert task["state"] == "success", row
        report = task["xcom"]["return_value"]
        assert (report["counts"]["runs"], report["protected"]) == (len(row.gone), row.spared), row
        assert tuple(report["scenarios_not_found"]) == row.not_found, row
