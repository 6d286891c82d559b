"""A run's artifacts: the list, a preview of text and pictures, the way to the bytes, and who else made or used them."""

from typing import Literal, NamedTuple

import msgspec

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, StoredArtifact
from mbox_ops.entities.lineage import LineageEdge, LineageQuery
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.streams import Streamed, streamed
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import render_run, run_of
from mbox_ops.server.ui.run_pages.previews import Preview, preview_of, read_picture
from mbox_ops.server.ui.visits import Answer, Visit

_EDGES = 50


class ArtifactsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which artifacts, and which one is looked at.

    Attributes:
        prefix: what their paths begin with.
        artifact: the id of the one that is shown beside the list.
    """

    prefix: str = ""
    mime: str = ""
    kind: Literal["", "tracked", "uploaded"] = ""
    artifact: str | None = None
    limit: int = 100
    cursor: str | None = None


class Shown(NamedTuple):
    """The artifact that is looked at, and who made and used it."""

    artifact: StoredArtifact
    preview: Preview | None
    edges: list[LineageEdge]


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
    used = visit.service.lineage.of_run(visit.actor, run_id, LineageQuery(relation="used", limit=_EDGES))
    kept = {"prefix": query.prefix or None, "mime": query.mime or None, "kind": query.kind or None}
    kept |= {"cursor": query.cursor}
    return render_run(
        visit, run, "run/artifacts.html", "artifacts",
        page=found, query=query, kept=kept, mimes=[mime.value for mime in ArtifactMime],
        shown=None if query.artifact is None else _shown(visit, query.artifact),
        used=used.items, more_used=used.next is not None,
        first=visit.link("/runs", run.id, "artifacts", **{**kept, "cursor": None}) if query.cursor else None,
        next=visit.link("/runs", run.id, "artifacts", **{**kept, "cursor": found.next}) if found.next else None,
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


def _shown(visit: Visit, artifact_id: str) -> Shown:
    artifact = visit.service.artifacts.get(visit.actor, artifact_id)
    edges = visit.service.lineage.of_artifact(visit.actor, artifact_id, LineageQuery(limit=_EDGES))
    preview = None
    if artifact.kind == "uploaded":
        preview = preview_of(visit.service.artifacts.content(visit.actor, artifact_id))
    return Shown(artifact, preview, edges.items)


def _mime(text: str) -> ArtifactMime | None:
    known = {mime.value: mime for mime in ArtifactMime}
    if text and text not in known:
        raise InvalidRequest(f"mime takes {', '.join(known)}, not {text[:60]!r}.", field="mime", value=text)
    return known.get(text)
