"""`mbox fields`: what runs can be found by."""

from typing import Annotated

import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import out, print_items, table
from mbox_ops.client.client import Client
from mbox_ops.entities.search import FieldKind

fields = typer.Typer(no_args_is_help=True, help="The fields that runs can be found by, and their values.")

Prefix = Annotated[str, typer.Option("--prefix", help="Only what begins so.")]


@fields.command("list")
def list_fields(
    prefix: Prefix = "",
    kind: Annotated[FieldKind | None, typer.Option(help="Only fields of this kind.")] = None,
    limit: options.Limit = 100,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List the parameters, tags, metrics and metadata paths that runs have, as filters name them."""
    found = list(Client(url, namespace=namespace).fields.list(prefix=prefix, kind=kind, limit=limit))
    if as_json:
        print_items(found)
    else:
        table("Fields", ("field", "types"), [(known.field, ", ".join(known.types)) for known in found])


@fields.command("values")
def list_values(
    field: Annotated[
        str, typer.Argument(help="As filters name it: params.model.", autocompletion=options.complete_fields)
    ],
    prefix: Prefix = "",
    limit: options.Limit = 100,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List the different values that runs have at a field."""
    found = list(Client(url, namespace=namespace).fields.values(field, prefix=prefix, limit=limit))
    if as_json:
        print_items(found)
        return
    for value in found:
        out.print(str(value).lower() if isinstance(value, bool) else value, markup=False, soft_wrap=True)
