"""`python -m tests.artifacts.path_taker URL FOLDER RUN`: gives every path of the corpus to the SDK and the CLI.

It prints, for each way in, how often it was taken and how often refused.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import typer

from mbox_ops.cli.app import app
from mbox_ops.client.client import Client
from mbox_ops.errors import MboxError
from mbox_ops.tracking import MLTrackingSDK
from tests.artifacts.path_corpus import labels


def main(url: str, folder: str, run_id: str) -> None:
    """Download, upload, track and spool."""
    root = Path(folder)
    os.chdir(root / "chosen")
    told: Counter[str] = Counter()

    def tried(way: str, call: Callable[..., object], *given: object, **more: object) -> None:
        try:
            call(*given, **more)
        except MboxError:
            told[f"{way}: refused"] += 1
        else:
            told[f"{way}: taken"] += 1

    client = Client(url)
    for artifact in client.artifacts.list(run_id, kind="uploaded"):
        tried("download", client.artifacts.download, artifact, root / "to")
        output = str(root / "to-by-cli")
        tried("mbox download", command, "artifacts", "download", artifact.id, "--json", "-o", output, url=url)
    run = client.runs.create(scenario="taken")
    for path in sorted((root / "chosen").iterdir()):
        tried("upload", client.artifacts.upload, run, path)
        tried("mbox upload", command, "artifacts", "upload", run.id, path.name, "--json", url=url)
    for label in labels(root / "outside" / "precious"):
        tried("under", client.artifacts.upload, run, root / "chosen" / "plain.txt", under=label)
        tried("track", run.track_artifacts, label)
        tried("spool", spooled, label)
    run.end_run()
    print(json.dumps(told))  # noqa: T201  the test reads it


def command(*arguments: str, url: str) -> None:
    """Run `mbox` in this process."""
    typer.main.get_command(app).main([*arguments, "--url", url], standalone_mode=False)


def spooled(namespace: str) -> None:
    """Log something that must wait: nobody listens there."""
    tracking = MLTrackingSDK(url="http://127.0.0.1:9", namespace=namespace)
    tracking.start_run("a run")
    tracking.log_metric("loss", 1.0)
    assert tracking.persist_run().where == "spool"
    tracking.end_run()


if __name__ == "__main__":
    main(*sys.argv[1:])
