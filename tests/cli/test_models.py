"""`mbox models` and `mbox checkpoints`, as a person and a program use them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


def mbox(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `mbox`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    env = {**known, "MBOX_URL": server.url, "MBOX_HOME": str(server.home), "COLUMNS": "200"}
    return subprocess.run([MBOX, *arguments], env=env, capture_output=True, text=True, timeout=60)


def answer(server: LiveServer, *arguments: str) -> Any:
    """What `mbox ... --json` prints."""
    done = mbox(server, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_models_versions_and_checkpoints_are_shown_and_tags_moved() -> None:
    """Tables for people, JSON for programs, one line for an error."""
    with live_server() as server:
        client = Client(server.url)
        run = client.runs.create(key="k", run_name="nightly", scenario="churn")
        for epoch, loss in enumerate([0.5, 0.25]):
            checkpoint = client.create_checkpoint(run.id, epoch, {"loss": loss}, files="s3://lake/w.ckpt")
        model = client.create_model("classifier", owner="ada@example.com", metadata={"classes": 2})
        model.create_version("1", unique_tags=["production"])
        model.create_version("2", checkpoint=checkpoint)

        (listed,) = answer(server, "models", "list", "--prefix", "class")["items"]
        assert (listed["name"], listed["versions"], listed["latest_version"]) == ("classifier", 2, "2")
        found = answer(server, "checkpoints", "list", run.id)["items"]
        assert [(each["epoch"], each["metrics"]["loss"]["last"]) for each in found] == [(0, 0.5), (1, 0.25)]
        assert answer(server, "checkpoints", "show", checkpoint.id)["epoch"] == 1

        refused = mbox(server, "models", "versions", "tag", "classifier", "2", "production")
        assert (refused.returncode, "'1' of the model has the unique tag" in refused.stderr) == (1, True)
        moved = mbox(server, "models", "versions", "tag", "classifier", "2", "production", "best", "--move")
        assert (moved.stdout.strip(), moved.stderr.strip()) == (
            "2 of classifier: best, production", "'production' was on the version '1'.",
        )  # fmt: skip
        assert answer(server, "models", "versions", "untag", "classifier", "2", "best")["unique_tags"] == ["production"]
        (tagged,) = answer(server, "models", "versions", "list", "classifier", "--tag", "production")["items"]
        assert (tagged["version"], tagged["source"]["epoch"]) == ("2", 1)
        version = answer(server, "models", "versions", "show", "classifier", "2")
        assert (version["unique_tags"], version["metadata"]) == (["production"], {})
        shown = mbox(server, "models", "show", "classifier").stdout
        assert all(text in shown for text in ("ada@example.com", "nightly (churn, epoch 1)", "classes"))
        table = mbox(server, "checkpoints", "list", run.id, "--newest-first").stdout
        assert table.index("0.25") < table.index("0.5")
        nothing = mbox(server, "models", "versions", "show", "classifier", "9")
        assert (nothing.returncode, nothing.stderr.strip()) == (1, "Error: No version '9'.")
