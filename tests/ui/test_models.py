"""The pages of models and of checkpoints."""

import re
from pathlib import Path
from typing import Any

import pytest

from mbox_ops import Client
from mbox_ops.testing import LiveServer
from tests.server.asking import ask
from tests.ui.conftest import loaded
from tests.ui.test_deletions import main_text
from tests.ui.test_signing_in import HTML


@pytest.fixture
def client(server: LiveServer, namespace: str) -> Client:
    """The test's namespace, from Python."""
    return Client(url=server.url, namespace=namespace)


def rows(tab: Any, label: str) -> list[str]:
    """The rows of a table by its region's label."""
    found = loaded(tab).get_by_role("region", name=label, exact=True).locator("tbody tr").all_inner_texts()
    return [" ".join(text.split()) for text in found]


def test_a_model_shows_its_versions_and_what_they_came_from(
    either_tab: Any, client: Client, namespace: str, tmp_path: Path
) -> None:
    """Tags, run and epoch; a version opens with its metadata and files."""
    run = client.runs.create(scenario="churn", run_name="nightly")
    file = tmp_path / "epoch-3.ckpt"
    file.write_bytes(b"weights")
    checkpoint = client.checkpoints.create(run, 3, {"loss": 0.25}, metadata={"note": "held fast"})
    client.artifacts.upload(checkpoint.id, file)
    client.models.create("churn-classifier", owner="ana", task="tabular", description="Who leaves.\nNext month.")
    client.model_versions.create("churn-classifier", "1", unique_tags=["production"], run=run)
    client.model_versions.create("churn-classifier", "2", metadata={"rows": 569}, checkpoint=checkpoint)
    either_tab.goto(f"/scenarios?namespace={namespace}")
    either_tab.get_by_role("link", name="Models").click()
    assert rows(either_tab, "Models") == ["churn-classifier 2 2 tabular ana just now"]
    either_tab.get_by_role("link", name="churn-classifier").click()
    assert rows(either_tab, "Versions") == [
        "2 nightly of churn, epoch 3 0 just now", "1 ⚑ production nightly of churn 0 just now",
    ]  # fmt: skip
    either_tab.get_by_role("link", name="2", exact=True).first.click()
    assert "569" in either_tab.locator("#version").inner_text()
    either_tab.locator("#version").get_by_role("link", name="3", exact=True).click()
    assert either_tab.get_by_role("heading", level=1).inner_text() == "nightly"
    assert rows(either_tab, "Checkpoints") == ["3 0.25 1 just now"]
    assert "held fast" in main_text(either_tab)
    with either_tab.expect_download() as download:
        either_tab.get_by_role("link", name="epoch-3.ckpt").click()
    assert Path(download.value.path()).read_bytes() == b"weights"


def test_a_version_outlives_its_run(tab: Any, client: Client, namespace: str) -> None:
    """What it came from is told without a link that leads nowhere."""
    run = client.runs.create(scenario="churn", run_name="nightly")
    model = client.models.create("m")
    client.model_versions.create("m", "1", run=run)
    client.deletions.create(run=run.id, force=True)
    tab.goto(f"/models/{model.id}")
    assert rows(tab, "Versions") == ["1 nightly (deleted) of churn 0 just now"]


def test_models_versions_and_checkpoints_come_in_pages(tab: Any, client: Client, namespace: str) -> None:
    """By name, newest first, and by epoch in either direction."""
    run = client.runs.create(scenario="churn")
    for number in range(3):
        model = client.models.create(f"m{number}")
        client.model_versions.create("m0", str(number))
        client.checkpoints.create(run, number)
    tab.goto(f"/models?limit=2&namespace={namespace}")
    tab.get_by_role("link", name="Next page").click()
    assert [row.split()[0] for row in rows(tab, "Models")] == ["m2"]
    tab.goto(f"/models?prefix=m1&namespace={namespace}")
    assert [row.split()[0] for row in rows(tab, "Models")] == ["m1"]
    tab.goto(f"/models/m0?limit=2&namespace={namespace}")
    tab.get_by_role("link", name="Next page").click()
    assert [row.split()[0] for row in rows(tab, "Versions")] == ["0"]
    tab.goto(f"/runs/{run.id}/checkpoints?limit=2")
    tab.get_by_role("link", name="Next page").click()
    assert [row.split()[0] for row in rows(tab, "Checkpoints")] == ["0"]
    tab.get_by_role("link", name="Epoch").click()
    assert [row.split()[0] for row in rows(tab, "Checkpoints")] == ["0", "1"]
    assert model.name == "m2"


def test_what_belongs_elsewhere_is_not_shown(server: LiveServer, client: Client, namespace: str) -> None:
    """A version of another model, a checkpoint of another run, and what is not there: the list is."""
    run, other = client.runs.create(scenario="churn"), client.runs.create(scenario="churn")
    client.models.create("m"), client.models.create("n")
    version = client.model_versions.create("n", "1", description="of the other model")
    checkpoint = client.checkpoints.create(other, 3, metadata={"note": "of the other run"})
    for path in (f"/models/m?version={version.id}&", f"/runs/{run.id}/checkpoints?checkpoint={checkpoint.id}&"):
        for asked in (path, re.sub("=[^=]+&", "=nobody&", path)):
            answer = ask(server.url, "GET", f"{asked}namespace={namespace}", headers=HTML)
            assert (answer.status, b"of the other" in answer.body) == (200, False)


def test_where_there_are_none_it_is_told_how_to_make_one(tab: Any, client: Client, namespace: str) -> None:
    """Models, versions and checkpoints."""
    tab.goto(f"/models?namespace={namespace}")
    assert "client.models.create" in main_text(tab)
    client.models.create("m")
    tab.goto(f"/models/m?namespace={namespace}")
    assert "client.model_versions.create" in main_text(tab)
    run = client.runs.create(scenario="churn")
    tab.goto(f"/runs/{run.id}/checkpoints")
    assert "client.checkpoints.create" in main_text(tab)
