"""The hook: an Airflow connection of type `mbox` as what the client needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from mbox_ops.errors import Forbidden, InvalidRequest, MboxError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from mbox_ops.client.client import Client
    from mbox_ops.settings import ClientSettings

DEFAULT_CONN_ID = "mbox_default"
DELETE_CONN_ID = "mbox_delete"
EXTRAS = ("instance", "namespace", "scenario", "token", "verify")
_TRUTHS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class MboxHook(BaseHook):
    """Reaches the tracking service that an Airflow connection of type `mbox` names.

    The connection's host is a URL (`https://mbox.example.com/prefix`) or a host name with a port, its password the
    token; `instance`, `namespace`, `scenario`, `token` and `verify` may stand in its extra, as text too, because the
    URI form of a connection knows nothing else. Where no connection `mbox_default` is defined, `MBOX_URL`, `MBOX_TOKEN`
    and the other variables of the environment take its place; where `mbox_delete` is not defined, `mbox_default` does.

    Args:
        mbox_conn_id: the connection's id.

    Example:
        >>> MboxHook().get_conn().runs.list(scenario="churn")  # doctest: +SKIP
    """

    conn_name_attr: ClassVar[str] = "mbox_conn_id"
    default_conn_name: ClassVar[str] = DEFAULT_CONN_ID
    conn_type: ClassVar[str] = "mbox"
    hook_name: ClassVar[str] = "mbox-ops tracking service"

    def __init__(self, mbox_conn_id: str = DEFAULT_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mbox_conn_id = mbox_conn_id

    def settings(self) -> ClientSettings:
        """What the client needs to know, from the connection, else from the environment.

        Raises:
            InvalidRequest: the connection is of another type, has no host, or an extra of it cannot be read.
            AirflowNotFoundException: it is not defined, and nothing takes its place.
        """
        from airflow.sdk.exceptions import AirflowNotFoundException

        from mbox_ops.settings import client_settings

        try:
            connection = self.get_connection(self.mbox_conn_id)
        except AirflowNotFoundException:
            if self.mbox_conn_id == DELETE_CONN_ID:
                self.log.info("No connection %r is defined: %r applies.", DELETE_CONN_ID, DEFAULT_CONN_ID)
                return MboxHook(DEFAULT_CONN_ID).settings()
            if self.mbox_conn_id != DEFAULT_CONN_ID:
                raise
            settings = client_settings()
            self.log.info("No connection %r is defined: MBOX_* applies, url %s.", DEFAULT_CONN_ID, settings.url)
            return settings
        return settings_of(connection)

    def get_conn(self) -> Client:
        """A client of the service."""
        from mbox_ops.client.client import Client

        return Client(settings=self.settings())

    def test_connection(self) -> tuple[bool, str]:
        """Whether the service answers, and takes the token; and a sentence for the person who asks."""
        from mbox_ops.client.http import HttpApi

        try:
            settings = self.settings()
            api = HttpApi.of(settings, deadline=0.0)
            api.call("GET", "/time", result=dict)
            api.call("GET", "/runs", query={"limit": 1}, result=dict)
        except Forbidden:
            return True, "The service answers, and the token is known, but may not read."
        except MboxError as error:
            return False, str(error)
        return True, f"The service at {settings.url} answers, and opens the namespace {settings.namespace!r}."


def settings_of(connection: Connection) -> ClientSettings:
    """What the client needs to know from an Airflow connection; only the spool's folder comes from the environment.

    Raises:
        InvalidRequest: the connection is of another type, has no host, or an extra of it cannot be read.
    """
    import msgspec

    from mbox_ops.settings import client_settings

    if connection.conn_type not in (MboxHook.conn_type, "http", "https"):
        raise InvalidRequest(
            f"The connection {connection.conn_id!r} is of type {connection.conn_type!r}; 'mbox' is needed.",
            field="mbox_conn_id", value=connection.conn_id,
        )  # fmt: skip
    extra = _extra(connection)
    environment = client_settings()
    # The token never comes from elsewhere: whoever may edit a connection must not learn the environment's.
    return msgspec.structs.replace(
        environment,
        url=_url(connection),
        token=connection.password or extra.get("token"),
        namespace=extra.get("namespace") or environment.namespace,
        instance=extra.get("instance") or environment.instance,
        scenario=extra.get("scenario") or environment.scenario,
        verify=_verify(connection, extra.get("verify")),
        writer=None,
        origin=None,
        run_key=None,
        pipeline=None,
    )


def _extra(connection: Connection) -> dict[str, str]:
    given: Mapping[str, Any] = connection.extra_dejson
    texts = {}
    for name in EXTRAS:
        value = given.get(name)
        if isinstance(value, bool):
            value = str(value).lower()
        if value is not None and not isinstance(value, str):
            raise InvalidRequest(
                f"The extra {name!r} of connection {connection.conn_id!r} must be text, not {type(value).__name__}.",
                field=name,
            )  # fmt: skip
        texts[name] = (value or "").strip()
    return {name: text for name, text in texts.items() if text}


def _url(connection: Connection) -> str:
    host = (connection.host or "").strip().rstrip("/")
    if not host:
        raise InvalidRequest(
            f"The connection {connection.conn_id!r} has no host; give the URL of the tracking service.", field="host"
        )
    path = connection.schema or ""
    if "://" not in host:
        scheme = path if path in ("http", "https") else "https" if connection.port == 443 else "http"
        host = f"{scheme}://[{host}]" if host.count(":") > 1 and host[0] != "[" else f"{scheme}://{host}"
    parts = urlsplit(host)
    port = f":{connection.port}" if connection.port and parts.port is None else ""
    prefix = "" if path in ("", "http", "https") else f"/{path.strip('/')}"
    return f"{parts.scheme}://{parts.netloc}{port}{parts.path}{prefix}"


def _verify(connection: Connection, text: str | None) -> bool | str:
    if text is None:
        return True
    if (truth := _TRUTHS.get(text.lower())) is not None:
        return truth
    if "/" in text or "\\" in text:
        return text
    raise InvalidRequest(
        f"The extra 'verify' of the connection {connection.conn_id!r} is {text!r}; it takes true, false or the path of "
        "a file of certificate authorities.",
        field="verify", value=text,
    )  # fmt: skip
