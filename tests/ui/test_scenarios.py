"""The tree of scenarios."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mbox_ops import Client
from mbox_ops.testing import LiveServer
from tests.ui.conftest import Watch, loaded

Write = Callable[..., str]


def fill(write: Write) -> None:
    """Three scenarios; the first one with pipelines, a notebook and collections."""
    for number, (scenario, kind, source, collection) in enumerate([
        ("churn", "pipeline", "nightly", None), ("churn", "pipeline", "nightly", "sweep"),
        ("churn", "pipeline", "nightly", "sweep"), ("churn", "notebook", "look's", None),
        ("fraud", "pipeline", "nightly", None), ("vision", None, None, None),
    ]):  # fmt: skip
        opened: dict[str, Any] = {"scenario": scenario, "collection": collection, "name": f"run {number}"}
        if kind:
            opened["source"] = {"kind": kind, "name": source}
        write(open=opened)


def rows(tab: Any) -> list[str]:
    """The names and counts that the tree shows."""
    texts = loaded(tab).locator("table.tree tbody tr").all_inner_texts()
    return [" ".join(text.replace("Delete…", "").replace("just now", "").split()) for text in texts]


def test_the_tree_shows_scenarios_and_opens_them(either_tab: Any, write: Write, namespace: str) -> None:
    """Scenario, then pipelines and notebooks, then collections; default ones say so; the address holds what is open."""
    fill(write)
    either_tab.goto(f"/scenarios?namespace={namespace}")
    closed = ["▸ churn 3 collections 4 ·", "▸ fraud 1 collection 1 ·", "▸ vision 1 collection 1 ·"]
    assert [row.split(" fraud churn vision")[0] for row in rows(either_tab)] == [
        f"{row} {row.split()[1]}" for row in closed
    ]
    either_tab.get_by_role("link", name="Open churn").click()
    either_tab.wait_for_url("**open=churn**")
    assert rows(either_tab)[1:6] == [
        "notebook look's 1 0 B", "look's (Default) 1 0 B",
        "pipeline nightly 3 0 B", "nightly (Default) 1 0 B", "sweep 2 0 B",
    ]  # fmt: skip
    either_tab.get_by_role("link", name="Close churn").click()
    either_tab.wait_for_url(lambda url: "open=" not in url)
    assert len(rows(either_tab)) == 3


def test_scenarios_come_in_pages(either_tab: Any, write: Write, namespace: str) -> None:
    """By name, and back to the first."""
    fill(write)
    either_tab.goto(f"/scenarios?namespace={namespace}&limit=2")
    either_tab.get_by_role("link", name="Next page").click()
    assert "vision" in rows(either_tab)[0]
    either_tab.get_by_role("link", name="First page").click()
    assert "churn" in rows(either_tab)[0]


def test_a_namespace_without_runs_says_how_to_make_one(tab: Any, namespace: str, watch: Watch) -> None:
    """And the menu leads to another namespace."""
    tab.goto(f"/scenarios?namespace={namespace}")
    assert "start_run" in tab.get_by_role("main").inner_text()
    tab.locator("summary", has_text="Namespace").click()
    tab.get_by_label("Show another namespace").fill("somewhere else")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**namespace=somewhere+else")


def test_an_uploaded_artifact_counts_in_the_size(
    tab: Any, server: LiveServer, write: Write, namespace: str, tmp_path: Path
) -> None:
    """Of its collection, its source and its scenario; a reference to a file does not."""
    file = tmp_path / "model.bin"
    file.write_bytes(bytes(4_321))
    run_id = write(open={"scenario": "alone"}, artifacts=[{"path": "a", "uri": "s3://bucket/a", "size": 5_000}])
    Client(url=server.url, namespace=namespace).artifacts.upload(run_id, [file])
    tab.goto(f"/scenarios?namespace={namespace}")
    assert [row.rpartition(" 1 ")[2] for row in rows(tab)] == ["4.32 kB alone", "4.32 kB", "4.32 kB"]
