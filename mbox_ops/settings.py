"""Settings: the only reader of the environment (`MBOX_*`). Everything else is given what it needs."""

import math
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

_ORCHESTRATOR = re.compile(r"((?:airflow|kfp)/[^/=\s]+)=(https?://[^\s\"'<>]+)")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)
DEFAULT_URL = "http://127.0.0.1:8085"
DEFAULT_RETRY_SECONDS = 10.0
MOST_RETRY_SECONDS = 3_600


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the client needs to know.

    Attributes:
        url: `MBOX_URL`, the service's address.
        token: `MBOX_TOKEN`.
        namespace: `MBOX_NAMESPACE`.
        scenario: `MBOX_SCENARIO`, implied where no scenario is given.
        instance: `MBOX_INSTANCE`, which deployment of the orchestrator this is.
        spool_dir: `MBOX_SPOOL_DIR`, where batches wait while the service is away.
        writer: `MBOX_WRITER`, origin and epoch handed down by a parent process, as `<epoch>:<origin>`.
        origin: `MBOX_ORIGIN`, the origin alone, from a parent that could not reach the service to find out the epoch.
        run_key: `MBOX_RUN_KEY`, the key of the run that a parent handed down.
        pipeline: `MBOX_PIPELINE`, the pipeline that this process is a step of, where the run's key does not name it.
        verify: whether the service's certificate is checked, or the file of authorities it is checked against:
            `REQUESTS_CA_BUNDLE`, which other programs read, too. An Airflow connection may say otherwise.
        retry_seconds: `MBOX_RETRY_SECONDS`, how long a call that needs an answer is tried again while the service is
            away or busy; 0: it is tried once.
    """

    url: str = DEFAULT_URL
    token: str | None = None
    namespace: str = "default"
    scenario: str | None = None
    instance: str = "default"
    spool_dir: Path
    writer: str | None = None
    origin: str | None = None
    run_key: str | None = None
    pipeline: str | None = None
    verify: bool | str = True
    retry_seconds: float = DEFAULT_RETRY_SECONDS


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the server needs: `MBOX_HOST`, `MBOX_PORT`, `MBOX_GRPC_PORT` (0: no gRPC), `MBOX_DATABASE_URL`,
    `MBOX_ARTIFACT_URL`, `MBOX_BOOTSTRAP_TOKEN`, `MBOX_HOME`, `MBOX_FRAME_ANCESTORS` (origins, with blanks between),
    `MBOX_ORCHESTRATORS` (where deployments of Airflow and KFP are: `airflow/<instance>=<URL>`, with blanks between),
    `MBOX_TLS_CERT` and `MBOX_TLS_KEY` (PEM files; both or neither), `MBOX_LOG_LEVEL`."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8085
    grpc_port: int = 8086
    database_url: str
    artifact_url: str
    bootstrap_token: str | None = None
    frame_ancestors: tuple[str, ...] = ()
    orchestrators: Mapping[str, str] = {}
    tls_cert: Path | None = None
    tls_key: Path | None = None
    log_level: LogLevel = "info"


def _home(env: Mapping[str, str]) -> Path:
    """`MBOX_HOME`, else the user's data folder of this system."""
    if given := env.get("MBOX_HOME"):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mbox-ops"
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mbox-ops"
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mbox-ops"


def client_settings(env: Mapping[str, str] = os.environ) -> ClientSettings:
    """The client's settings from the environment."""
    return ClientSettings(
        url=(env.get("MBOX_URL") or DEFAULT_URL).rstrip("/"),
        token=env.get("MBOX_TOKEN") or None,
        namespace=env.get("MBOX_NAMESPACE") or "default",
        scenario=env.get("MBOX_SCENARIO") or None,
        instance=env.get("MBOX_INSTANCE") or "default",
        spool_dir=Path(env.get("MBOX_SPOOL_DIR") or _home(env) / "spool").expanduser(),
        writer=env.get("MBOX_WRITER") or None,
        origin=env.get("MBOX_ORIGIN") or None,
        run_key=env.get("MBOX_RUN_KEY") or None,
        pipeline=env.get("MBOX_PIPELINE") or None,
        verify=env.get("REQUESTS_CA_BUNDLE") or True,
        retry_seconds=_retry_seconds(env.get("MBOX_RETRY_SECONDS")),
    )


def _retry_seconds(given: str | None) -> float:
    try:
        seconds = float(given) if given else DEFAULT_RETRY_SECONDS
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MOST_RETRY_SECONDS:
        raise ValueError(f"MBOX_RETRY_SECONDS must be a number from 0 to {MOST_RETRY_SECONDS:,}, not {given!r:.80}.")
    return seconds


def inside_airflow(env: Mapping[str, str] = os.environ) -> bool:
    """Whether this process runs an Airflow task, or is a child of one."""
    return bool(env.get("AIRFLOW_CTX_DAG_ID"))


def notebook_path(env: Mapping[str, str] = os.environ) -> str | None:
    """The notebook that Jupyter started this kernel for, if it says so."""
    return env.get("JPY_SESSION_NAME") or None


def server_settings(env: Mapping[str, str] = os.environ) -> ServerSettings:
    """The server's settings from the environment."""
    home = _home(env)
    return ServerSettings(
        home=home,
        host=env.get("MBOX_HOST") or "127.0.0.1",
        port=_port("MBOX_PORT", env, 8085),
        grpc_port=_port("MBOX_GRPC_PORT", env, 8086),
        database_url=env.get("MBOX_DATABASE_URL") or f"sqlite:///{home / 'mbox.db'}",
        artifact_url=env.get("MBOX_ARTIFACT_URL") or str(home / "artifacts"),
        bootstrap_token=env.get("MBOX_BOOTSTRAP_TOKEN") or None,
        frame_ancestors=_origins("MBOX_FRAME_ANCESTORS", env),
        orchestrators=_orchestrators(env),
        tls_cert=_path("MBOX_TLS_CERT", env),
        tls_key=_path("MBOX_TLS_KEY", env),
        log_level=_log_level(env),
    )


def _port(name: str, env: Mapping[str, str], default: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise ValueError(f"{name} is {text[:100]!r}; give a port from 0 to 65535.")
    return int(text)


def _path(name: str, env: Mapping[str, str]) -> Path | None:
    return Path(given).expanduser() if (given := env.get(name)) else None


def _log_level(env: Mapping[str, str]) -> LogLevel:
    given = env.get("MBOX_LOG_LEVEL") or "info"
    for level in LOG_LEVELS:
        if level == given:
            return level
    raise ValueError(f"MBOX_LOG_LEVEL is {given!r}; there are {', '.join(LOG_LEVELS)}.")


def _origins(name: str, env: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple((env.get(name) or "").split())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{name} holds {origin!r}; give origins such as https://airflow.example.com:8080.")
    return origins


def _orchestrators(env: Mapping[str, str]) -> dict[str, str]:
    """Where deployments are, by `airflow/<instance>` and `kfp/<instance>`."""
    found = {}
    for text in (env.get("MBOX_ORCHESTRATORS") or "").split():
        match = _ORCHESTRATOR.fullmatch(text)
        if match is None:
            raise ValueError(
                f"MBOX_ORCHESTRATORS holds {text!r}; give airflow/<instance>=<URL> or kfp/<instance>=<URL>, such as"
                " airflow/default=https://airflow.example.com:8080."
            )
        found[match[1]] = match[2].rstrip("/")
    return found
