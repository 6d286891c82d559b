"""`mbox scenarios export` and `mbox import`: whole scenarios to a file and back, where the database is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import bar, out, print_json
from mbox_ops.cli.serving import settings_of
from mbox_ops.errors import InvalidRequest
from mbox_ops.settings import client_settings

if TYPE_CHECKING:
    from mbox_ops.service.access import Actor
    from mbox_ops.service.service import Service

Archive = Annotated[Path, typer.Argument(help="The file that `mbox scenarios export` wrote.", metavar="FILE")]


def export_scenarios(
    to: Annotated[Path, typer.Option("--to", help="The file to write; it must not be there yet.")],
    names: Annotated[list[str] | None, typer.Argument(help="Names or ids of the scenarios.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All scenarios of the namespace.")] = False,
    namespace: options.Namespace = None,
    database_url: options.DatabaseUrl = None,
    artifact_url: options.ArtifactUrl = None,
    as_json: options.Json = False,
) -> None:
    """Export whole scenarios to one file, with the bytes of their artifacts, while the service runs.

    It reads the database and the artifacts themselves, so it is for the machine that has them.
    """
    if bool(names) == every:
        raise typer.BadParameter("name the scenarios, or give --all.")
    if to.exists():
        raise InvalidRequest(f"{str(to)!r} is there already; name a new file.", field="to", value=str(to))
    partial = to.with_name(to.name + ".partial")
    with _service(database_url, artifact_url, new=False) as service, bar("Exporting", quiet=as_json) as progress:
        try:
            with partial.open("wb") as file:
                by = _operator(namespace or client_settings().namespace)
                report = service.exporting.write(by, names or None, file, str(to), progress)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(to)
        finally:
            partial.unlink(missing_ok=True)
    if as_json:
        print_json(report)
        return
    what = f"{report.runs:,} runs, {report.points:,} points, {report.artifacts:,} artifacts"
    of = ", ".join(report.scenarios) or "no scenario"
    out.print(f"Wrote {to} ({report.bytes:,} bytes): {what} of {of}.", markup=False)


def import_scenarios(
    archive: Archive,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it and count what would be written.")] = False,
    key_suffix: Annotated[
        str | None, typer.Option(help="Runs whose keys other live runs have get theirs with this behind it.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Where to; where it came from if not given.")
    ] = None,
    database_url: options.DatabaseUrl = None,
    artifact_url: options.ArtifactUrl = None,
    as_json: options.Json = False,
) -> None:
    """Import what `mbox scenarios export` wrote: ids and times are kept, and what is here already is left alone.

    It writes to the database and the artifacts themselves, also while the service runs. What broke off goes on when it
    is done again.
    """
    if not archive.is_file():
        raise InvalidRequest(f"There is no file {str(archive)!r}.", field="archive", value=str(archive))
    with _service(database_url, artifact_url, new=True) as service, bar("Importing", quiet=as_json) as progress:
        report = service.importing.read(
            _operator("default"), archive, namespace=namespace, dry_run=dry_run, key_suffix=key_suffix,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(report)
        return
    verb = "would be imported" if dry_run else "imported"
    renamed = f" {len(report.renamed)} of them with the key suffix." if report.renamed else ""
    with_them = f" {report.checkpoints:,} checkpoints with them." if report.checkpoints else ""
    out.print(
        f"{report.runs:,} runs {verb} into the namespace {report.namespace!r}, {report.present:,} were there already."
        f"{with_them}{renamed}",
        markup=False,
    )


@contextmanager
def _service(database_url: str | None, artifact_url: str | None, *, new: bool) -> Iterator["Service"]:
    """The service over the database; one that is `new` gets its tables."""
    from mbox_ops.artifacts.blobs import Blobs
    from mbox_ops.service.service import Service
    from mbox_ops.store.database import Database

    settings = settings_of(database_url, artifact_url=artifact_url)
    with Database(settings.database_url) as database:
        if new:
            database.upgrade()
        else:
            database.check_schema()
        yield Service(database, blobs=Blobs(settings.artifact_url))


def _operator(namespace: str) -> "Actor":
    from mbox_ops.service.access import Actor

    return Actor(namespace=namespace, namespaces=None, scopes=frozenset({"admin"}), name="operator")
