"""Models: made once by name, completed by whoever knows more."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.entities.models import CreatedModel, CreateModel, Model, ModelQuery
from mbox_ops.entities.pages import Page
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.errors import Forbidden, NotFound, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.batches import Batches
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts, is_storable
from mbox_ops.store import grouping, models, subjects
from mbox_ops.store.database import Database
from mbox_ops.store.subjects import Subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TRIES = 8  # of making or finding a name that others make at the same time


class Models:
    """The models of a service."""

    def __init__(
        self, database: Database, *, batches: Batches, limits: Limits, new_id: Callable[[], str]
    ) -> None:  # fmt: skip
        self._database, self._batches, self._limits, self._new_id = database, batches, limits, new_id

    def create(self, actor: Actor, request: CreateModel) -> CreatedModel:
        """The model with that name in the actor's namespace, made if it is not there.

        What is given of one that is there is added to it: metadata is merged; owner, task and description that it has
        already stay.

        Raises:
            InvalidRequest: a field breaks a rule.
            Forbidden: the token does not open the namespace.
        """
        own = self._checked(request)
        if not actor.opens(actor.namespace):
            raise Forbidden(
                f"The token {actor.name!r} does not open the namespace {actor.namespace!r}.", namespace=actor.namespace
            )
        batch = Batch(writer=request.writer, metadata=merging(request.metadata))
        added = self._batches.add(
            actor, batch, lambda conn, now: self._found_or_made(conn, actor, own, now),
            lambda conn, subject: models.complete(conn, subject_id=subject.id, own=own),
        )  # fmt: skip
        return CreatedModel(
            model_id=added.result.run_id, model_exists=added.result.existed, created_at=added.created_at,
            updated_at=added.result.updated_at,
        )  # fmt: skip

    def get(self, actor: Actor, model: str) -> Model:
        """A model by its id, in any namespace that the token opens, or by its name in the request's namespace.

        Raises:
            NotFound: there is none.
        """
        actor.require("read")
        with self._database.read() as conn:
            return named_model(conn, actor, model)

    def list(self, actor: Actor, query: ModelQuery) -> Page[Model]:
        """A page of the namespace's models, by name.

        Raises:
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        check_limit(query.limit, self._limits)
        check_texts(name=query.name, prefix=query.prefix or None, owner=query.owner, task=query.task)
        after = cast("models.Key | None", read_cursor("models", query.cursor, (str,)))
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None:
                return Page(items=[])
            rows = models.page(conn, namespace_id=namespace_id, query=query, after=after, limit=query.limit + 1)
        return page_of("models", rows, query.limit)

    def _checked(self, request: CreateModel) -> models.Own:
        limits = self._limits
        return models.Own(
            name=check_text("name", request.name, most=limits.name),
            owner=check_text("owner", request.owner, most=limits.owner, least=0),
            task=check_text("task", request.task, most=limits.name, least=0),
            description=check_text("description", request.description, most=limits.description, least=0),
        )

    def _found_or_made(self, conn: "Connection", actor: Actor, own: models.Own, now: int) -> tuple[Subject, bool]:
        check_text("namespace", actor.namespace, most=self._limits.name)
        namespace_id = subjects.namespace_id(conn, name=actor.namespace, now=now)
        key = {"namespace_id": namespace_id, "type": models.TYPE, "key": own.name}
        for _ in range(_TRIES):
            found = subjects.hold_live_by_key(conn, **key)  # type: ignore[arg-type]  # of several types
            if found is not None:
                return found, False
            row = subjects.insert(conn, uid=self._new_id(), now=now, **key)  # type: ignore[arg-type]  # the same
            made = None if row is None else subjects.hold(conn, subject_id=row)
            if made is not None:
                models.add(conn, subject_id=made.id, namespace_id=namespace_id, own=own)
                return made, True
        raise Unavailable(f"The model {own.name!r} is being made at this moment; try again.")


def named_model(conn: "Connection", actor: Actor, model: str) -> Model:
    """A live model by its id, where the token opens its namespace, or by its name in the actor's.

    Raises:
        NotFound: there is none.
    """
    found = models.find(conn, uid=model) if is_storable(model) else None
    if found is not None and actor.opens(found.namespace):
        return found
    found = models.find_by_name(conn, namespace=actor.namespace, name=model) if is_storable(model) else None
    if found is None or not actor.opens(found.namespace):
        raise NotFound("model", model, actor.namespace)
    return found


def merging(document: dict[str, object]) -> list[MetadataOp]:
    """The change that merges a document, where there is something in it."""
    return [MetadataOp(op="merge", document=document)] if document else []
