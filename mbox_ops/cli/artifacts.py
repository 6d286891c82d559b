"""`mbox artifacts`: list, upload and download the files of runs, and show their lineage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from mbox_ops.cli import options
from mbox_ops.cli.output import err, out, print_items, table
from mbox_ops.client import uploading
from mbox_ops.client.client import Client
from mbox_ops.client.values import Artifact
from mbox_ops.entities.lineage import LineageEdge
from mbox_ops.errors import NotFound

artifacts = typer.Typer(no_args_is_help=True, help="List, upload and download the files of runs; show their lineage.")

Under = Annotated[str | None, typer.Option("--under", help="List them all under this folder of paths.")]
Prefix = Annotated[str | None, typer.Option("--prefix", help="Only those whose path begins so.")]


@artifacts.command("list")
def list_artifacts(
    run_id: options.RunId,
    prefix: Prefix = None,
    limit: options.Limit = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List a run's artifacts by path: those that were uploaded, and those that are only tracked."""
    found = list(Client(url, namespace=namespace).artifacts.list(run_id, prefix=prefix, limit=limit))
    if as_json:
        print_items([record_of(artifact) for artifact in found])
        return
    rows = [(a.path, a.kind, a.mime_type.value, a.size, a.created_at, a.id) for a in found]
    table(f"Artifacts: {len(found)}", ("path", "kind", "type", "bytes", "created (UTC)", "id"), rows, whole=("id",))


@artifacts.command("upload")
def upload(
    run_id: options.RunId,
    files: Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH")],
    under: Under = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Upload files and folders to a run. What is there already is not sent again; what broke off goes on."""
    client = Client(url, namespace=namespace)
    with bars("Uploading", quiet=as_json) as progress:
        made = client.artifacts.upload(run_id, files, under=under, progress=progress)
    if as_json:
        print_items([record_of(artifact) for artifact in made])
    else:
        out.print(f"Uploaded {len(made)} files ({sum(a.size or 0 for a in made):,} bytes).")


@artifacts.command("download")
def download(
    ident: Annotated[str, typer.Argument(help="The id of a run, or of one artifact.", metavar="RUN|ARTIFACT")],
    to: Annotated[Path, typer.Option("--output", "-o", help="The folder; files keep their paths in it.")] = Path(),
    prefix: Prefix = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Download what was uploaded to a run, or one artifact: verified, and never outside the folder."""
    client = Client(url, namespace=namespace)
    with bars("Downloading", quiet=as_json) as progress:
        try:
            files = client.artifacts.download_all(ident, to, prefix=prefix, progress=progress)
        except NotFound as no_run:
            try:
                artifact = client.artifacts.get(ident)
            except NotFound:
                raise no_run from None
            files = [client.artifacts.download(artifact, to, progress=progress)]
    if as_json:
        print_items([str(file) for file in files])
    else:
        out.print(f"Downloaded {len(files)} files to {to}.", markup=False)


@artifacts.command("lineage")
def lineage(
    ident: Annotated[str, typer.Argument(help="The id of a run, or of one artifact.", metavar="RUN|ARTIFACT")],
    limit: options.Limit = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Show which runs produced and used an artifact, or what a run produced and used."""
    client = Client(url, namespace=namespace)
    try:
        edges = list(client.artifacts.lineage_of_run(ident, limit=limit))
    except NotFound as no_run:
        try:
            edges = list(client.artifacts.lineage(ident, limit=limit))
        except NotFound:
            raise no_run from None
    if as_json:
        print_items(edges)
        return
    rows = [(e.relation, e.run.name, e.run.scenario, *_what(e), e.at, e.run.id) for e in edges]
    headers = ("relation", "run", "scenario", "artifact", "known by", "at (UTC)", "run id")
    table(f"Lineage: {len(edges)}", headers, rows, whole=("relation", "run id"))


def _what(edge: LineageEdge) -> tuple[str, str]:
    """What an edge leads to, and how that is known."""
    return (edge.target if edge.artifact is None else edge.artifact.path), edge.by


@contextmanager
def bars(what: str, *, quiet: bool) -> Iterator[uploading.Progress]:
    """A bar on standard error, of the file that is under way."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
        task = progress.add_task(what, total=None)
        present = ""

        def tell(path: str, done: int, of: int) -> None:
            nonlocal present
            if path != present:
                present = path
                progress.reset(task, description=f"{what} {escape(path)}")
            progress.update(task, completed=done, total=of)

        yield tell


def record_of(artifact: Artifact) -> dict[str, object]:
    """An artifact as JSON has it."""
    return {
        "id": artifact.id, "path": artifact.path, "kind": artifact.kind, "mime_type": artifact.mime_type.value,
        "media_type": artifact.media_type, "checksum": artifact.checksum, "size": artifact.size, "uri": artifact.uri,
    }  # fmt: skip
