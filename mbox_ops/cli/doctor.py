"""`mbox doctor`: looks at everything that has to be right, and says what to do where it is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mbox_ops.cli import options
from mbox_ops.cli.output import out, print_json
from mbox_ops.cli.serving import settings_of
from mbox_ops.client.connection import with_overrides
from mbox_ops.client.starting import this_task
from mbox_ops.entities.findings import Finding, FindingState, failed
from mbox_ops.settings import ClientSettings

_MARKS: dict[FindingState, str] = {
    "ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]", "skipped": "[dim]-[/]",
}  # fmt: skip


def doctor(
    server: Annotated[
        bool, typer.Option("--server", help="Look at the database and the store, where they are.")
    ] = False,
    url: options.Url = None,
    namespace: options.Namespace = None,
    database_url: options.DatabaseUrl = None,
    artifact_url: options.ArtifactUrl = None,
    as_json: options.Json = False,
) -> None:
    """Check that everything works, and say what to do where it does not.

    The way to the service, its certificate, the token, clocks, versions and the spool; with --server the database, the
    disk and the store of artifacts. The exit status is 1 if a check has failed.
    """
    if server or database_url or artifact_url:
        checks = _server(database_url, artifact_url)
    else:
        checks = _client(with_overrides(this_task().settings, url=url, namespace=namespace))
    found: list[Finding] = []
    for finding in checks:
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json({"items": found, "next": None, "ok": not _has_failed(found)})
    raise typer.Exit(int(_has_failed(found)))


def _has_failed(found: list[Finding]) -> bool:
    return any(finding.state == "failed" for finding in found)


def _show(finding: Finding) -> None:
    out.print(f"{_MARKS[finding.state]} {finding.check}: {escape(finding.says)}", soft_wrap=True)
    if finding.do:
        out.print(f"    {escape(finding.do)}", soft_wrap=True)


def _client(settings: ClientSettings) -> Iterator[Finding]:
    from mbox_ops.client.doctor.asking import answers
    from mbox_ops.client.doctor.reaching import way
    from mbox_ops.client.doctor.waiting import spool_findings

    reached = []
    for finding in way(settings):
        reached.append(finding)
        yield finding
    if not _has_failed(reached):
        yield from answers(settings)
    yield from spool_findings(settings)


def _server(database_url: str | None, artifact_url: str | None) -> Iterator[Finding]:
    from mbox_ops.artifacts.blobs import Blobs
    from mbox_ops.service.doctor import artifact_findings, database_findings, disk_findings
    from mbox_ops.store.database import Database

    settings = settings_of(database_url, artifact_url=artifact_url)
    file = (
        Path(settings.database_url.removeprefix("sqlite:///")) if settings.database_url.startswith("sqlite") else None
    )
    if file is not None and not file.exists():
        yield failed(
            "database", f"There is no {str(file)!r}.", "Look at MBOX_DATABASE_URL; `mbox serve` makes a new one."
        )
        return
    try:
        store = Blobs(settings.artifact_url)
    except (ValueError, ImportError) as error:
        yield failed("artifacts", str(error), "Look at MBOX_ARTIFACT_URL; for S3: pip install 'mbox-ops[s3]'.")
        return
    with Database(settings.database_url) as database:
        found = list(database_findings(database))
        yield from found
        yield from disk_findings(_places(file, settings.artifact_url))
        if not _has_failed(found):
            yield from artifact_findings(database, store)


def _places(file: Path | None, artifact_url: str) -> dict[str, Path]:
    places = {} if file is None else {"the database": file.absolute()}
    if "://" not in artifact_url or artifact_url.startswith("file://"):
        places["artifacts"] = Path(artifact_url.removeprefix("file://")).absolute()
    return places
