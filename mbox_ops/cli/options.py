"""Options that many commands take, and the connection they lead to."""

from typing import Annotated

import typer

from mbox_ops.cli.completing import complete_fields
from mbox_ops.entities import runs

Json = Annotated[bool, typer.Option("--json", help="Print JSON and never prompt.")]
Url = Annotated[str | None, typer.Option("--url", help="The service's address (MBOX_URL).")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="The namespace (MBOX_NAMESPACE).")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="sqlite:///file.db or postgresql://... (MBOX_DATABASE_URL).")
]
ArtifactUrl = Annotated[
    str | None, typer.Option("--artifact-url", help="A folder, s3://bucket/prefix, ... (MBOX_ARTIFACT_URL).")
]
Scenario = Annotated[str | None, typer.Option("--scenario", help="Only runs of this scenario (name or id).")]
ScenarioVersion = Annotated[str | None, typer.Option("--scenario-version", help="Only runs of this version.")]
Pipeline = Annotated[str | None, typer.Option("--pipeline", help="Only runs of this pipeline.")]
Notebook = Annotated[str | None, typer.Option("--notebook", help="Only runs of this notebook; needs --scenario.")]
Execution = Annotated[str | None, typer.Option("--execution", help="Only runs of this execution of a pipeline.")]
Collection = Annotated[str | None, typer.Option("--collection", help="Only runs in this collection.")]
Status = Annotated[runs.Status | None, typer.Option("--status", help="Only runs of this status.")]
Tag = Annotated[list[str] | None, typer.Option("--tag", help="Only runs with this tag, as key=value; repeatable.")]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter", help="Only runs that this holds for: 'params.lr > 0.1 AND metrics.loss.min < 2'.",
        autocompletion=complete_fields,
    ),
]  # fmt: skip
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort", help="Fields to sort by, parted by commas, - for descending: '-metrics.accuracy.max,name'.",
        autocompletion=complete_fields,
    ),
]  # fmt: skip
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", help="Fields to show, parted by commas: 'name,params.lr,metrics.loss.min'.",
        autocompletion=complete_fields,
    ),
]  # fmt: skip
RunId = Annotated[str, typer.Argument(help="The run's id.")]
Force = Annotated[bool, typer.Option("--force", help="Take runs that are still alive too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def tags_of(given: list[str] | None) -> dict[str, str] | None:
    """`key=value` pairs as tags.

    Raises:
        typer.BadParameter: one has no `=`.
    """
    for pair in given or ():
        if "=" not in pair:
            raise typer.BadParameter(f"{pair!r} is no tag; write key=value.")
    return dict(pair.split("=", 1) for pair in given) if given else None


def parse_duration(text: str) -> int:
    """`90s`, `15m`, `12h`, `30d` as seconds.

    Raises:
        typer.BadParameter: it is none of these.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if text[-1:] in units and text[:-1].isdigit() and int(text[:-1]) > 0:
        return int(text[:-1]) * units[text[-1]]
    raise typer.BadParameter(f"{text!r} is no duration; write 90s, 15m, 12h or 30d.")
