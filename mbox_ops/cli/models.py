"""`mbox models` and `mbox checkpoints`: look at models, their versions and checkpoints of runs, and move tags."""

from typing import Annotated, Any

import msgspec
import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import err, out, pairs, print_items, print_json, table
from mbox_ops.client.checkpoints import Checkpoint
from mbox_ops.client.client import Client
from mbox_ops.client.history import MetricSummary
from mbox_ops.client.model_versions import ModelVersion
from mbox_ops.client.stored import Stored
from mbox_ops.entities import metrics
from mbox_ops.entities.model_versions import ModelSource
from mbox_ops.errors import NotFound

models = typer.Typer(no_args_is_help=True, help="Models and their versions.")
versions = typer.Typer(no_args_is_help=True, help="Versions of models.")
checkpoints = typer.Typer(no_args_is_help=True, help="Checkpoints of runs: one of each epoch.")
models.add_typer(versions, name="versions")

ModelName = Annotated[str, typer.Argument(help="The model's name or id.", metavar="MODEL")]
Version = Annotated[str, typer.Argument(help="The version.", metavar="VERSION")]


@models.command("list")
def list_models(
    prefix: Annotated[str | None, typer.Option("--prefix", help="Only those whose name begins so.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only those of this owner.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="Only those for this.")] = None,
    limit: options.Limit = 100,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List models by name."""
    client = Client(url, namespace=namespace)
    found = [model.record for model in client.models.list(prefix=prefix, owner=owner, task=task, limit=limit)]
    if as_json:
        print_items(found)
        return
    rows = [(m.name, m.versions, m.latest_version, m.owner, m.task, m.updated_at, m.id) for m in found]
    headers = ("model", "versions", "latest", "owner", "task", "updated (UTC)", "id")
    table(f"Models: {len(found)}", headers, rows, whole=("model", "id"))


@models.command("show")
def show_model(
    model: ModelName,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Show a model: what it is, its versions, metadata, metrics and artifacts."""
    found = Client(url, namespace=namespace).models.get(model)
    if as_json:
        print_json({**msgspec.to_builtins(found.record), "metadata": found.get_metadata()})
        return
    facts = {
        "name": found.name, "id": found.id, "namespace": found.namespace, "owner": found.owner, "task": found.task,
        "description": found.description, "created": found.created_at,
    }  # fmt: skip
    table("Model", ("", ""), [(name, value) for name, value in facts.items() if value])
    _show_versions(found.versions())
    _show_parts(found)


@versions.command("list")
def list_versions(
    model: Annotated[str | None, typer.Argument(help="The model's name or id; all models if not given.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those that have this unique tag.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only those that came from this run.")] = None,
    limit: options.Limit = 100,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List the versions of a model, or of all models, newest first."""
    client = Client(url, namespace=namespace)
    found = list(client.model_versions.list(model=model, unique_tag=tag, run=run, limit=limit))
    if as_json:
        print_items([version.record for version in found])
    else:
        _show_versions(found)


@versions.command("show")
def show_version(
    model: ModelName,
    version: Version,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Show a version of a model: what it came from, its metadata, metrics and artifacts."""
    found = _version(Client(url, namespace=namespace), model, version)
    if as_json:
        print_json({**msgspec.to_builtins(found.record), "metadata": found.get_metadata()})
        return
    facts = {
        "model": found.model, "version": found.version, "name": found.name, "id": found.id,
        "description": found.description, "framework": found.framework and found.framework.value,
        "unique tags": ", ".join(found.unique_tags), "came from": _origin(found.source), "created": found.created_at,
    }  # fmt: skip
    table("Version", ("", ""), [(name, value) for name, value in facts.items() if value])
    _show_parts(found)


@versions.command("tag")
def tag_version(
    model: ModelName,
    version: Version,
    tags: Annotated[list[str], typer.Argument(help="The tags to give it.", metavar="TAG...")],
    move: Annotated[bool, typer.Option("--move", help="Take them from the versions that have them.")] = False,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Give a version of a model unique tags, beside those it has: of the versions of a model at most one has a tag."""
    found = _version(Client(url, namespace=namespace), model, version)
    done = found.set_unique_tags(tags, change="add", move=move)
    if as_json:
        print_json(done)
        return
    for tag, had in done.moved_from.items():
        err.print(f"{tag!r} was on the version {had!r}.")
    out.print(f"{version} of {model}: {', '.join(done.unique_tags)}")


@versions.command("untag")
def untag_version(
    model: ModelName,
    version: Version,
    tags: Annotated[list[str], typer.Argument(help="The tags to take away.", metavar="TAG...")],
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Take unique tags away from a version of a model."""
    found = _version(Client(url, namespace=namespace), model, version)
    done = found.set_unique_tags(tags, change="remove")
    if as_json:
        print_json(done)
    else:
        out.print(f"{version} of {model}: {', '.join(done.unique_tags) or 'no unique tags'}")


@checkpoints.command("list")
def list_checkpoints(
    run_id: options.RunId,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Begin with the greatest epoch.")] = False,
    limit: options.Limit = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List a run's checkpoints by epoch, with their metrics."""
    client = Client(url, namespace=namespace)
    found = [one.record for one in client.checkpoints.list(run_id, newest_first=newest_first, limit=limit)]
    if as_json:
        print_items(found)
        return
    names = sorted({name for checkpoint in found for name in checkpoint.metrics})
    rows = [
        (c.epoch, *(_last(c.metrics.get(name)) for name in names), c.artifacts, c.created_at, c.id) for c in found
    ]  # fmt: skip
    table(f"Checkpoints: {len(found)}", ("epoch", *names, "files", "created (UTC)", "id"), rows, whole=("id",))


@checkpoints.command("show")
def show_checkpoint(
    checkpoint_id: Annotated[str, typer.Argument(help="The checkpoint's id.")],
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Show a checkpoint: its run and epoch, metadata, metrics and artifacts."""
    found: Checkpoint = Client(url, namespace=namespace).checkpoints.get(checkpoint_id)
    if as_json:
        print_json({**msgspec.to_builtins(found.record), "metadata": found.get_metadata()})
        return
    facts = {"run": found.run_id, "epoch": found.epoch, "id": found.id, "created": found.created_at}
    table("Checkpoint", ("", ""), list(facts.items()))
    _show_parts(found)


def _version(client: Client, model: str, version: str) -> ModelVersion:
    """The version of that name.

    Raises:
        NotFound: there is no such model, or version of it.
    """
    found = next(iter(client.model_versions.list(model=model, version=version)), None)
    if found is None:
        raise NotFound("version", version, model=model)
    return found


def _show_versions(found: list[ModelVersion]) -> None:
    records = [version.record for version in found]
    rows = [
        (v.model, v.version, v.name, ", ".join(v.unique_tags), _origin(v.source), v.artifacts, v.created_at, v.id)
        for v in records
    ]
    headers = ("model", "version", "name", "unique tags", "came from", "files", "created (UTC)", "id")
    table(f"Versions: {len(found)}", headers, rows, whole=("version", "id"))


def _show_parts(found: Stored[Any]) -> None:
    pairs("Metadata", found.get_metadata())
    rows = [(name, str(s), s.min, s.max, s.count) for name, s in sorted(found.metrics.items())]
    if rows:
        table("Metrics", ("metric", "last", "min", "max", "points"), rows, whole=("metric",))
    files = [(a.path, a.kind, a.mime_type.value, a.size, a.uri) for a in found.artifacts()]
    if files:
        table("Artifacts", ("path", "kind", "type", "bytes", "uri"), files)


def _origin(source: ModelSource | None) -> str:
    if source is None:
        return ""
    epoch = "" if source.epoch is None else f", epoch {source.epoch}"
    return f"{source.run_name} ({source.scenario}{epoch}){'' if source.run_exists else ', which is deleted'}"


def _last(summary: metrics.MetricSummary | None) -> object:
    return None if summary is None else MetricSummary(summary).last
