"""`mbox serve`, `mbox db` and `mbox token`: what is done where the database is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import msgspec
import typer
from rich.progress import Progress

from mbox_ops.cli import options
from mbox_ops.cli.output import bar, err, out, print_items, print_json, table
from mbox_ops.entities.tokens import CreateToken, Scope, Token
from mbox_ops.settings import LogLevel, ServerSettings, server_settings

if TYPE_CHECKING:
    from mbox_ops.store.upgrading import Piece

db = typer.Typer(no_args_is_help=True, help="Look after the database.")
token = typer.Typer(no_args_is_help=True, help="Make, list and revoke tokens, on the machine that has the database.")


def serve(
    host: Annotated[str | None, typer.Option(help="The address to bind (MBOX_HOST).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port, 0 for a free one (MBOX_PORT).")] = None,
    grpc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port for gRPC, 0 for none (MBOX_GRPC_PORT).")
    ] = None,
    database_url: options.DatabaseUrl = None,
    artifact_url: options.ArtifactUrl = None,
    tls_cert: Annotated[Path | None, typer.Option(help="A certificate with its chain, in PEM (MBOX_TLS_CERT).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key, in PEM (MBOX_TLS_KEY).")] = None,
    log_level: Annotated[
        LogLevel | None, typer.Option(help="What is logged; debug: every request (MBOX_LOG_LEVEL).")
    ] = None,
) -> None:
    """Start the tracking service.

    Without tokens it is open, to this machine only; `mbox token create` closes it and lets it bind other addresses.
    """
    from mbox_ops.server.serve import serve as run_server

    given = {"host": host, "port": port, "grpc_port": grpc_port, "artifact_url": artifact_url}
    run_server(settings_of(database_url, tls_cert=tls_cert, tls_key=tls_key, log_level=log_level, **given))


@db.command("upgrade")
def upgrade(
    backup_to: Annotated[
        Path | None, typer.Option("--backup", help="Copy the database to this new file first, as `mbox db backup`.")
    ] = None,
    database_url: options.DatabaseUrl = None,
    as_json: options.Json = False,
) -> None:
    """Bring the database's tables to this version. Broken off, it goes on from there when it is run again.

    Stop the servers of the database first, and make a backup: there is no way back to older tables.
    """
    from mbox_ops.store.backup import backup as copy
    from mbox_ops.store.database import Database
    from mbox_ops.store.schema import newest

    settings = settings_of(database_url)
    with Database(settings.database_url) as database, Progress(console=err, transient=True, disable=as_json) as shown:
        before = database.version()
        if before not in (None, newest()):
            database.lock_file()  # of SQLite: no server may run
            if backup_to is not None:
                copy(settings.database_url, backup_to)
            else:
                err.print("No backup is made; `--backup FILE` would make one.")
        task = shown.add_task("Upgrading", total=None)
        rows = 0

        def tell(piece: "Piece") -> None:
            nonlocal rows
            rows += piece.rows
            where = f"Version {piece.version}, step {piece.step} of {piece.steps}: {rows:,} rows"
            shown.update(task, description=where)

        database.upgrade(tell)
    if as_json:
        print_json({"upgraded": True, "from": before, "to": newest()})
    else:
        out.print("The database is up to date.")


@db.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    database_url: options.DatabaseUrl = None,
    as_json: options.Json = False,
) -> None:
    """Copy the database while the service runs: SQLite to a database file, PostgreSQL to an archive for pg_restore."""
    from mbox_ops.store.backup import backup as copy

    settings = settings_of(database_url)
    with bar("Copying", quiet=as_json) as progress:
        copy(settings.database_url, target, progress=progress)
    size = target.stat().st_size
    if as_json:
        print_json({"target": str(target), "bytes": size})
    else:
        out.print(f"Wrote {target} ({size:,} bytes).")


@db.command("compact")
def compact(database_url: options.DatabaseUrl = None, as_json: options.Json = False) -> None:
    """Give space that deleted runs left back to the disk, in small steps, while the service runs.

    The service does so by itself, but keeps 10 MiB of an SQLite file for what is written next.
    """
    from mbox_ops.store.database import Database
    from mbox_ops.store.space import compact as give_back

    settings = settings_of(database_url)
    with Database(settings.database_url) as database, bar("Giving space back", quiet=as_json) as progress:
        before = database.size()
        give_back(database, progress=progress)
        after = database.size()
    if as_json:
        print_json({"bytes_before": before, "bytes": after})
    else:
        out.print(f"The database takes {after:,} bytes; it took {before:,}.")


@token.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="read, write, delete or admin (all); may be repeated.")],
    namespace: Annotated[list[str] | None, typer.Option(help="It opens these; '*' for all. Default: default.")] = None,
    expires_in: Annotated[str | None, typer.Option(help="90s, 15m, 12h, 30d; never if not given.")] = None,
    database_url: options.DatabaseUrl = None,
    as_json: options.Json = False,
) -> None:
    """Make a token and show it, this once. The first token closes the service to everyone who has none."""
    request = CreateToken(
        name=name, scopes=_scopes(scope), namespaces=namespace or ["default"],
        expires_in_seconds=None if expires_in is None else options.parse_duration(expires_in),
    )  # fmt: skip
    with _tokens(database_url) as tokens:
        made: Token = tokens.create(None, request)
    if as_json:
        print_json(made)
        return
    print(made.token)
    err.print(f"Token {made.id} for {name!r}. It is shown only now: set MBOX_TOKEN to it where you write or read.")


@token.command("list")
def list_tokens(database_url: options.DatabaseUrl = None, as_json: options.Json = False) -> None:
    """List the tokens, never their secrets."""
    with _tokens(database_url) as tokens:
        listed: list[Token] = tokens.list(None)
    if as_json:
        print_items(listed)
        return
    rows = [
        (t.id, t.name, " ".join(t.scopes), " ".join(t.namespaces), t.created_at, t.expires_at, t.revoked_at)
        for t in listed
    ]
    table("Tokens", ("id", "name", "scopes", "namespaces", "created", "expires", "revoked"), rows)


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(help="The token's id, from `mbox token list`.")],
    database_url: options.DatabaseUrl = None,
    as_json: options.Json = False,
) -> None:
    """Revoke a token; it is refused from now on."""
    with _tokens(database_url) as tokens:
        revoked: Token = tokens.revoke(None, token_id)
    if as_json:
        print_json(revoked)
    else:
        out.print(f"Token {revoked.id} ({revoked.name}) is revoked.")


def settings_of(database_url: str | None, **given: Any) -> ServerSettings:
    """The server's settings, with what was given instead."""
    changes = {name: value for name, value in {"database_url": database_url, **given}.items() if value is not None}
    return msgspec.structs.replace(server_settings(), **changes)


def _scopes(given: list[str]) -> list[Scope]:
    if unknown := set(given) - {*get_args(Scope)}:
        raise typer.BadParameter(f"{min(unknown)!r} is no scope; there are {', '.join(get_args(Scope))}.")
    return [scope for scope in get_args(Scope) if scope in given]


@contextmanager
def _tokens(database_url: str | None) -> Iterator[Any]:
    from mbox_ops.service.service import Service
    from mbox_ops.store.database import Database

    with Database(settings_of(database_url).database_url) as database:
        database.upgrade()
        yield Service(database).tokens
