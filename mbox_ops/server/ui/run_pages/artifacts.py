"""A run's artifacts: the list, a preview of text and pictures, the way to the bytes, and who else made or used them."""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import msgspec

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, StoredArtifact
from mbox_ops.entities.lineage import LineageEdge, LineageQuery, Relation
from mbox_ops.entities.pages import Page
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.streams import Streamed, streamed
from mbox_ops.server.ui.formats import count
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import render_run, run_of, runs_of
from mbox_ops.server.ui.run_pages.previews import Preview, preview_of, read_picture
from mbox_ops.server.ui.visits import Answer, Visit

_EDGES = 50  # on a page, and so many behind those are
_COUNTED = 950
_Lineage = Callable[[LineageQuery], Page[LineageEdge]]


class ArtifactsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which artifacts, and which one is looked at.

    Attributes:
        prefix: what their paths begin with.
        artifact: the id of the one that is shown beside the list.
        edges, used: the places in the lists of who made and used that one, and of what the run used.
    """

    prefix: str = ""
    mime: str = ""
    kind: Literal["", "tracked", "uploaded"] = ""
    artifact: str | None = None
    limit: int = 100
    cursor: str | None = None
    edges: str | None = None
    used: str | None = None


class Edges(NamedTuple):
    """A page of lineage; `total` says how many edges there are, on the first page where there are more."""

    items: list[LineageEdge]
    total: str
    first: str | None
    next: str | None


class Shown(NamedTuple):
    """The artifact that is looked at, and who made and used it."""

    artifact: StoredArtifact
    preview: Preview | None
    edges: Edges


@page("GET", "/runs/{run_id}/artifacts", scope="read")
def run_artifacts(visit: Visit, run_id: str, query: ArtifactsQuery) -> Answer:
    """The files that belong to the run, by path, and what it used."""
    visit, run = run_of(visit, run_id)
    asked = ArtifactQuery(
        mime_type=_mime(query.mime),
        kind=query.kind or None,
        prefix=query.prefix or None,
        limit=query.limit,
        cursor=query.cursor,
    )
    found = visit.service.artifacts.list(visit.actor, run_id, asked)
    kept = {"prefix": query.prefix or None, "mime": query.mime or None, "kind": query.kind or None}
    kept |= {"limit": None if query.limit == ArtifactsQuery().limit else str(query.limit), "cursor": query.cursor}

    def here(**changes: str | None) -> str:
        return visit.link("/runs", run.id, "artifacts", **{**kept, **changes})

    used = partial(visit.service.lineage.of_run, visit.actor, run_id)
    places = {"artifact": query.artifact, "edges": query.edges, "used": query.used}
    edges = _edges(used, "used", query.used, lambda cursor: f"{here(**places | {'used': cursor})}#used")
    makers = {edge.artifact.parent for edge in edges.items if edge.artifact}
    return render_run(
        visit, run, "run/artifacts.html", "artifacts",
        page=found, query=query, here=here, mimes=[mime.value for mime in ArtifactMime],
        shown=_shown(visit, query, lambda cursor: f"{here(**places | {'edges': cursor})}#artifact"),
        used=edges, makers={run.id: run for run in runs_of(visit, makers)},
        first=here(cursor=None) if query.cursor else None,
        next=here(cursor=found.next) if found.next else None,
    )  # fmt: skip


@page("GET", "/artifacts/{artifact_id}/content", scope="read")
def artifact_content(visit: Visit, artifact_id: str) -> Streamed:
    """The bytes of an uploaded artifact, to be saved."""
    found = visit.service.artifacts.content(visit.actor, artifact_id)
    artifact = found.artifact
    return streamed(found.read, size=found.size, etag=artifact.checksum, name=artifact.path, headers=visit.headers)


@page("GET", "/artifacts/{artifact_id}/picture", scope="read")
def artifact_picture(visit: Visit, artifact_id: str) -> Answer:
    """A picture of an uploaded artifact, as nothing but a picture: whatever it holds, it cannot run here."""
    picture = read_picture(visit.service.artifacts.content(visit.actor, artifact_id))
    if picture is None:
        raise InvalidRequest(f"The artifact {artifact_id!r} is no picture that is shown here.", field="artifact_id")
    headers = {
        "content-type": picture.media_type,
        "content-disposition": "inline",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
        "cache-control": "private, no-cache",
        "cross-origin-resource-policy": "same-origin",
    }
    return Answer(picture.content, headers=headers)


def _shown(visit: Visit, query: ArtifactsQuery, to: Callable[[str | None], str]) -> Shown | None:
    """The artifact that is looked at, with a page of its lineage."""
    if query.artifact is None:
        return None
    artifact = visit.service.artifacts.get(visit.actor, query.artifact)
    edges = _edges(partial(visit.service.lineage.of_artifact, visit.actor, artifact.id), None, query.edges, to)
    preview = None
    if artifact.kind == "uploaded":
        preview = preview_of(visit.service.artifacts.content(visit.actor, artifact.id))
    return Shown(artifact, preview, edges)


def _edges(lineage: _Lineage, relation: Relation | None, cursor: str | None, to: Callable[[str | None], str]) -> Edges:
    """A page of lineage, with the addresses of the first page and of the next one."""
    found = lineage(LineageQuery(relation=relation, limit=_EDGES, cursor=cursor))
    total = ""
    if found.next and not cursor:
        rest = lineage(LineageQuery(relation=relation, limit=_COUNTED, cursor=found.next))
        total = f"{'more than ' if rest.next else ''}{count(len(found.items) + len(rest.items))}"
    return Edges(found.items, total, to(None) if cursor else None, to(found.next) if found.next else None)


def _mime(text: str) -> ArtifactMime | None:
    known = {mime.value: mime for mime in ArtifactMime}
    if text and text not in known:
        raise InvalidRequest(f"mime takes {', '.join(known)}, not {text[:60]!r}.", field="mime", value=text)
    return known.get(text)
