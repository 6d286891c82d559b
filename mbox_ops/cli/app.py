"""The commands of `mbox`, put together; errors become one line and an exit status."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mbox_ops.cli import (
    archiving,
    artifacts,
    cleaning,
    comparing,
    doctor,
    exporting,
    fields,
    grouping,
    history,
    models,
    options,
    runs,
    serving,
    watching,
)
from mbox_ops.cli.output import err, problem
from mbox_ops.errors import InvalidRequest, MboxError

EXTRAS = {"pyarrow": "parquet"}  # which extra brings a package; all others come with `server`

app = typer.Typer(
    name="mbox",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Track what machine-learning pipelines do.",
)
app.add_typer(runs.runs, name="runs")
app.add_typer(runs.experiments, name="experiments")
runs.runs.command("compare")(comparing.compare)
app.add_typer(grouping.collections, name="collections")
app.add_typer(grouping.scenarios, name="scenarios")
grouping.scenarios.command("export")(archiving.export_scenarios)
app.add_typer(grouping.deletions, name="deletions")
app.add_typer(artifacts.artifacts, name="artifacts")
app.add_typer(models.models, name="models")
app.add_typer(models.checkpoints, name="checkpoints")
app.add_typer(fields.fields, name="fields")
app.add_typer(serving.token, name="token")
app.add_typer(serving.db, name="db")
app.command("history")(history.history)
app.command("events")(watching.events)
app.command("watch")(watching.watch)
app.command("cleanup")(cleaning.cleanup)
app.command("export")(exporting.export)
app.command("import")(archiving.import_scenarios)
app.command("serve")(serving.serve)
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version("mbox-ops"))
        raise typer.Exit


@app.callback()
def main(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Track what machine-learning pipelines do."""


@app.command("sync")
def sync(url: options.Url = None, namespace: options.Namespace = None, as_json: options.Json = False) -> None:
    """Send what waits in the spool of this machine to the service."""
    from mbox_ops.client.sync import main as send_all

    given = [*(["--url", url] if url else []), *(["--namespace", namespace] if namespace else [])]
    raise typer.Exit(send_all([*given, *(["--json"] if as_json else [])]))


@app.command("demo")
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the service running at the end.")] = False,
    home: Annotated[Path | None, typer.Option(help="Put everything in this folder.")] = None,
) -> None:
    """Run a real Airflow DAG, a Kubeflow pipeline and trainings with a service of its own; show what was tracked."""
    from mbox_ops.cli.demo.running import run_demo

    raise typer.Exit(run_demo(keep=keep, home=home))


def run() -> None:
    """Run the command that `sys.argv` names."""
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith(("mbox_ops", "mbox_airflow", "mbox_kfp")):
            raise
        extra = EXTRAS.get(error.name or "", "server")
        problem(f"This command needs the package {error.name!r}: pip install 'mbox-ops[{extra}]'.")
        sys.exit(1)
    except MboxError as error:
        _end(error)
    except (OSError, ValueError, ImportError) as error:  # a setting, a file or an address that is of no use
        _end(InvalidRequest(str(error)))


def _end(error: MboxError) -> NoReturn:
    if "--json" in sys.argv:
        told = {"code": error.code, "message": str(error), "details": error.details}
        print(json.dumps({"error": told}, default=str))
    else:
        problem(str(error))
        if excerpt := error.details.get("excerpt"):
            err.print(str(excerpt), markup=False, soft_wrap=True)
    sys.exit(2 if "position" in error.details else 1)
