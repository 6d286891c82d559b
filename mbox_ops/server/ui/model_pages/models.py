"""Models, and the versions of one: what they came from, and the tags that point at one of them."""

from dataclasses import replace

import msgspec

from mbox_ops.entities.model_versions import ModelVersionQuery
from mbox_ops.entities.models import ModelQuery
from mbox_ops.server.ui.model_pages.looking import looked_at
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.visits import Answer, Visit


class ModelsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which models: those whose names begin so."""

    prefix: str = ""
    limit: int = 50
    cursor: str | None = None


class VersionsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which versions of a model, and the id of the one that is looked at."""

    version: str = ""
    limit: int = 50
    cursor: str | None = None


@page("GET", "/models", scope="read")
def models(visit: Visit, query: ModelsQuery) -> Answer:
    """The models of the namespace, by name."""
    asked = ModelQuery(prefix=query.prefix or None, limit=query.limit, cursor=query.cursor)
    found = visit.service.models.list(visit.actor, asked)
    kept = {"prefix": query.prefix or None, "limit": None if query.limit == ModelsQuery().limit else query.limit}
    return render(
        visit, "models/list.html", section="models", models=found.items, prefix=query.prefix,
        first=visit.link("/models", **kept) if query.cursor else None,
        next=found.next and visit.link("/models", **kept, cursor=found.next),
    )  # fmt: skip


@page("GET", "/models/{model}", scope="read")
def model(visit: Visit, model: str, query: VersionsQuery) -> Answer:
    """A model with its versions, newest first."""
    found = visit.service.models.get(visit.actor, model)
    visit = replace(visit, namespace=found.namespace)
    asked = ModelVersionQuery(model=found.id, limit=query.limit, cursor=query.cursor)
    versions = visit.service.model_versions.list(visit.actor, asked)
    kept = {"limit": None if query.limit == VersionsQuery().limit else query.limit}
    return render(
        visit, "models/one.html", section="models", model=found, versions=versions.items,
        metadata=visit.service.metadata.get(visit.actor, found.id),
        shown=looked_at(visit, visit.service.model_versions.get, query.version, lambda one: one.model_id == found.id),
        here=lambda version: visit.link("/models", found.id, version=version, cursor=query.cursor, **kept),
        first=visit.link("/models", found.id, **kept) if query.cursor else None,
        next=versions.next and visit.link("/models", found.id, cursor=versions.next, **kept),
    )  # fmt: skip
