"""What pages load: stylesheets, scripts and pictures, read once, under addresses that change with what they hold."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from mbox_ops.errors import NotFound
from mbox_ops.server.answers import takes_gzip
from mbox_ops.server.ui.linking import link

FOLDER = Path(__file__).parent / "static"
MODULES = "js/"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_COMPRESSED = (".css", ".js", ".svg")


class StaticFile(NamedTuple):
    """A file as it is sent."""

    media_type: str
    content: bytes
    gzipped: bytes | None


@cache
def static_files() -> Mapping[str, StaticFile]:
    """All of them by their path below `/static/<version>/`."""
    paths = [path for path in sorted(FOLDER.rglob("*")) if path.suffix in MEDIA_TYPES and path.is_file()]
    found = {path.relative_to(FOLDER).as_posix(): path for path in paths}
    modules = {name: path.read_text("utf-8") for name, path in found.items() if name.startswith(MODULES)}
    return {name: _file(path, link(name, modules) if name in modules else None) for name, path in found.items()}


@cache
def version() -> str:
    """What all of them together are: it is in their addresses, so that a browser may keep them for ever."""
    whole = hashlib.sha256()
    for name, file in static_files().items():
        whole.update(name.encode() + hashlib.sha256(file.content).digest())
    return whole.hexdigest()[:12]


def static(path: str) -> str:
    """The address of a static file, such as `css/base.css`.

    Raises:
        KeyError: there is none.
    """
    if path not in static_files():
        raise KeyError(f"There is no static file {path!r}.")
    return f"/static/{version()}/{path}"


def is_there(path: str) -> bool:
    """Whether a static file is there: third-party ones may not be."""
    return path in static_files()


async def send(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A static file."""
    asked = request.scope["path"].removeprefix("/static/")
    of_version, _, path = asked.partition("/")
    file = static_files().get(path)
    if file is None:
        raise NotFound("static file", asked[:200])
    current = of_version == version()
    headers = {
        "content-type": file.media_type,
        "cache-control": "public, max-age=31536000, immutable" if current else "no-cache",
        "vary": "accept-encoding",
    }
    body = file.content
    if file.gzipped is not None and takes_gzip(request.headers):
        body, headers["content-encoding"] = file.gzipped, "gzip"
    return Response(body, headers=headers, media_type=file.media_type)


def static_handler() -> HTTPRouteHandler:
    """The route of all static files; they hold nothing that is not published."""
    return HTTPRouteHandler(
        "/static/{version:str}/{path:path}",
        http_method="GET",
        name="static",
        opt={"scope": "open", "path": "/static"},
        status_code=200,
        sync_to_thread=None,
    )(send)


def _file(path: Path, linked: str | None) -> StaticFile:
    """A file as it is, or a module with those that it imports."""
    content = path.read_bytes() if linked is None else linked.encode()
    gzipped = gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None
    return StaticFile(MEDIA_TYPES[path.suffix], content, gzipped)
