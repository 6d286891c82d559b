"""Options that many commands take, and the connection they lead to."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and never prompt.")]
Url = Annotated[str | None, typer.Option("--url", help="The service's address (MBOX_URL).")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="The namespace (MBOX_NAMESPACE).")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="sqlite:///file.db or postgresql://... (MBOX_DATABASE_URL).")
]
Scenario = Annotated[str | None, typer.Option("--scenario", help="Only runs of this scenario (name or id).")]
ScenarioVersion = Annotated[str | None, typer.Option("--scenario-version", help="Only runs of this version.")]
Pipeline = Annotated[str | None, typer.Option("--pipeline", help="Only runs of this pipeline.")]
Notebook = Annotated[str | None, typer.Option("--notebook", help="Only runs of this notebook; needs --scenario.")]
Execution = Annotated[str | None, typer.Option("--execution", help="Only runs of this execution of a pipeline.")]
Force = Annotated[bool, typer.Option("--force", help="Take runs that are still alive too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def parse_duration(text: str) -> int:
    """`90s`, `15m`, `12h`, `30d` as seconds.

    Raises:
        typer.BadParameter: it is none of these.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if text[-1:] in units and text[:-1].isdigit() and int(text[:-1]) > 0:
        return int(text[:-1]) * units[text[-1]]
    raise typer.BadParameter(f"{text!r} is no duration; write 90s, 15m, 12h or 30d.")

